"""Frame differences: stored as motion energy per cell, computed on load as the signed RGB difference of a window.

The signed difference is not stored: two memory-mapped uint8 frames are as many bytes as one stored float16 difference,
they serve every span, and they are on disk anyway.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from vadflow.frames.cells import average, grid
from vadflow.io import ArrayWriter, open_array


def cell_differences(frames: np.ndarray, cell: int) -> Iterator[np.ndarray]:
    """Yield the mean |x_t - x_(t-1)| per cell; row 0 repeats row 1 (zero for a single frame).

    Args:
        frames: (T, h, w, C) uint8.
        cell: side of a cell, working px.

    Yields:
        (gh, gw) float16 in [0, 1], T of them.
    """
    shape = grid(frames.shape[1], frames.shape[2], cell)
    for t in range(len(frames)):
        now = min(max(t, 1), len(frames) - 1)
        change = cv2.absdiff(frames[now], frames[max(now - 1, 0)]).reshape(frames.shape[1:])  # h w C
        # channel by channel: numpy's mean over so short an axis takes three times as long
        total = sum((change[..., channel] for channel in range(1, change.shape[2])), change[..., 0].astype(np.float32))
        yield average(total / np.float32(change.shape[2]) / 255, shape).astype(np.float16)


def write_differences(frames_path: Path, path: Path, *, cell: int) -> None:
    """Packed frames -> float16 (T, gh, gw) in `path`; memory stays at two frames."""
    frames = open_array(frames_path)
    with ArrayWriter(path, dtype="float16", item_shape=grid(frames.shape[1], frames.shape[2], cell)) as packed:
        for change in cell_differences(frames, cell):
            packed.append(change)


def rgb_difference(frames: np.ndarray, start: int, span: int) -> np.ndarray:
    """The signed difference over a window: x[start + span] - x[start].

    Args:
        frames: (T, h, w, C) uint8, memory-mapped.
        start: first frame of the window.
        span: frames between the two, at least 1.

    Returns:
        (h, w, C) float32 in [-1, 1].

    Raises:
        IndexError: the window leaves the clip.
    """
    if not 0 <= start < start + span < len(frames):
        raise IndexError(f"frames {start} and {start + span} of a clip of {len(frames)}")
    return (frames[start + span].astype(np.float32) - frames[start]) / 255
