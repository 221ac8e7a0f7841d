"""Reads label files, which strangers wrote: never unpickles, and says what a wrong file really is."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vadflow.errors import VadflowError
from vadflow.types import ClipSource


def read_npy(path: Path, *, mapped: bool = False) -> np.ndarray:
    """Read one plain array.

    Args:
        path: `.npy` file.
        mapped: memory-map it instead of reading it.

    Raises:
        VadflowError: a pickle by content whatever its name, an archive, or not an array.
    """
    with path.open("rb") as file:
        head = file.read(6)
    if head[:1] == b"\x80":
        raise _refused(path, "this is a Python pickle, which can run code when read")
    if head != b"\x93NUMPY":
        raise _refused(path, "this is no .npy array")
    try:
        return np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
    except (ValueError, EOFError, OSError) as fault:
        pickled = "allow_pickle" in str(fault)
        what = "the array holds pickled objects, which can run code when read" if pickled else f"not readable: {fault}"
        raise _refused(path, what) from fault


def read_flags(path: Path) -> np.ndarray:
    """Read per-frame labels: `.npy`, or text with one 0/1 per line.

    Of several columns the first is the frame, counting from 0, and the last the label; a header line is allowed.

    Returns:
        (T,) uint8 of 0 and 1.

    Raises:
        VadflowError: anything but 0 and 1, or frames out of order.
    """
    values = read_npy(path) if path.suffix.lower() == ".npy" else _read_lines(path)
    if values.ndim != 1 or values.dtype.kind not in "biuf" or not np.isin(values, (0, 1)).all():
        raise VadflowError(
            f"expected one 0 or 1 per frame, found {values.dtype} of shape {values.shape}" if values.ndim != 1
            else "expected 0 or 1 for every frame, found other values",
            where=f"labels {path}",
            fix="Write one 0 (normal) or 1 (anomalous) per frame.",
        )  # fmt: skip
    return values.astype(np.uint8)


def require_length(found: int, n_frames: int, source: ClipSource, *, what: str = "labels") -> None:
    """Stop where labels and decoded frames differ in number.

    Raises:
        VadflowError: they differ.
    """
    if found != n_frames:
        raise VadflowError(
            f"{found} {what} for {n_frames} frames",
            where=f"clip {source.split}/{source.name} ({source.labels})",
            fix="Copy the clip and its labels again, or fix the label file.",
        )


def _read_lines(path: Path) -> np.ndarray:
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    rows = [line.replace(";", ",").replace("\t", ",").split(",") for line in text.splitlines() if line.strip()]
    if rows and not _is_number(rows[0][-1]):
        rows = rows[1:]
    for number, row in enumerate(rows):
        if not all(_is_number(field) for field in (row[0], row[-1])):
            raise VadflowError(
                f"expected a number, found {','.join(row)[:40]!r}",
                where=f"labels {path}, frame {number}",
                fix="Write one 0 or 1 per line.",
            )
        if len(row) > 1 and float(row[0]) != number:
            raise VadflowError(
                f"expected frame {number}, found {row[0].strip()}",
                where=f"labels {path}",
                fix="List every frame once, counting from 0.",
            )
    return np.array([float(row[-1]) for row in rows])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _refused(path: Path, what: str) -> VadflowError:
    return VadflowError(
        what, where=f"labels {path}", fix="Get the label file in its official form, or save it as a plain .npy array."
    )
