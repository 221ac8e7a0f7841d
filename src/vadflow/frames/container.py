"""What a video file says about its own length in bytes: enough to tell a cut file from one damaged inside."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

_RIFF = frozenset({".avi"})
_BOXES = frozenset({".m4v", ".mov", ".mp4"})


def counts_exactly(path: Path) -> bool:
    """Tell whether this container stores a frame count; others let FFmpeg estimate it from duration and rate."""
    return path.suffix.lower() in _RIFF | _BOXES


def is_cut(path: Path) -> bool:
    """Tell whether a file ends before its outermost chunk (AVI) or box (MP4, MOV) does; false for other containers."""
    suffix = path.suffix.lower()
    if suffix not in _RIFF | _BOXES:
        return False
    end = path.stat().st_size
    with path.open("rb") as file:
        at = 0
        while at + 8 <= end:
            file.seek(at)
            length = _riff_length(file) if suffix in _RIFF else _box_length(file, end - at)
            if length < 8:
                return False  # not a chunk at all: damage, not a cut
            at += length
    return at > end + 1  # the last RIFF chunk may lack its padding byte


def _riff_length(file: BinaryIO) -> int:
    """Bytes of a chunk: id (4), little-endian length (4), body padded to an even length."""
    length = int.from_bytes(file.read(8)[4:], "little")
    return 8 + length + length % 2


def _box_length(file: BinaryIO, rest: int) -> int:
    """Bytes of a box: big-endian length (4), type (4); length 1 = a 64-bit length follows, 0 = to the end of the file."""
    length = int.from_bytes(file.read(8)[:4], "big")
    if length == 1:
        return int.from_bytes(file.read(8), "big")
    return length or rest
