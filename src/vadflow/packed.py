"""Truth of rendered clips: labels and pixel masks in one compressed `.npz`, eight pixels a byte."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from vadflow.errors import VadflowError
from vadflow.io import atomic
from vadflow.types import ClipSource


def write_masks(path: Path, labels: Sequence[int], masks: Sequence[np.ndarray], shape: tuple[int, int]) -> None:
    """Write what `read_arrays` and `read_masks` give back.

    Args:
        path: `.npz` file.
        labels: 0 or 1 a frame.
        masks: (H, W) bool a frame.
        shape: (H, W).
    """
    packed = np.array([np.packbits(mask) for mask in masks], np.uint8)
    with atomic(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, labels=np.array(labels, np.uint8), masks=packed, shape=np.array(shape, np.int32))


def truth_file(source: ClipSource) -> Path:
    """Where the truth of a rendered clip lies: beside its video, unless the dataset says otherwise."""
    return source.labels or source.path.with_suffix(".npz")


def read_arrays(path: Path, *names: str) -> dict[str, np.ndarray]:
    """Read some of a truth file's arrays, among them `labels`, (T,) uint8.

    Raises:
        VadflowError: the file is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as content:
            return {name: content[name] for name in names}
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as fault:
        fix = "Delete the file: the workflow renders the clip again."
        raise VadflowError(f"the truth cannot be read ({fault})", where=str(path), fix=fix) from fault


def read_masks(path: Path) -> Iterator[np.ndarray]:
    """Yield (H, W) bool per frame.

    Raises:
        VadflowError: the file is missing or damaged.
    """
    packed, shape = read_arrays(path, "masks", "shape").values()
    H, W = shape.tolist()
    for row in packed:
        yield np.unpackbits(row, count=H * W).reshape(H, W).astype(bool)
