"""CUHK Avenue: 640x360 colour, 25 frames/s, 16 training and 21 test videos; labels come from the official pixel masks.

Source: Lu et al., Abnormal Event Detection at 150 FPS in Matlab, ICCV 2013. The widely copied MNAD label file
differs from the masks in 441 of 15,324 frames; the masks give 3,712 anomalous frames and are the truth here.

    Avenue Dataset/
    ├── training_videos/01.avi ... 16.avi
    ├── testing_videos/01.avi ... 21.avi
    └── testing_label_mask/1_label.mat ... 21_label.mat      (also below ground_truth_demo/)

A `.mat` holds one key, `volLabel`: a cell array 1xT of HxW uint8 masks.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from scipy.io import loadmat

from vadflow.datasets import labels, tracks, tree
from vadflow.datasets.base import Published
from vadflow.errors import VadflowError
from vadflow.types import SPLITS, ClipSource, ClipTruth

OFFICIAL = {"train": {"clips": 16, "frames": 15328}, "test": {"clips": 21, "frames": 15324}}
_LAYOUT = ("training_videos", "testing_videos")
_MASK_FOLDERS = ("testing_label_mask", "ground_truth_demo/testing_label_mask")


class Params(Published):
    """Where Avenue lies."""

    adapter: Literal["avenue"]


def benchmark(params: Params) -> str | None:
    """`avenue`, unless it is only a part of it."""
    return "avenue" if params.official else None


def clips(params: Params, root: str) -> list[ClipSource]:
    """List the videos of both splits.

    Raises:
        VadflowError: a folder is missing or empty, or a test video is not called by its number.
    """
    base, layout = tree.find(params.path, _LAYOUT, inside=("Avenue Dataset", "Avenue_Dataset", "avenue"))
    found = []
    for split, folder in zip(SPLITS, layout, strict=True):
        for path in tree.media(base / folder):
            mask = _mask_file(base, path) if split == "test" else None
            found.append(ClipSource(split, path.stem, path, labels=mask))
    return found


def truth(params: Params, source: ClipSource, n_frames: int) -> ClipTruth:
    """Frame labels and region tracks, both from the mask volume.

    Raises:
        VadflowError: the volume is missing, unreadable or not `n_frames` long.
    """
    volume = _volume(source)
    labels.require_length(len(volume), n_frames, source, what="masks")
    flags, regions = tracks.link(mask > 0 for mask in volume)
    return ClipTruth(flags, regions, has_masks=True)


def masks(params: Params, source: ClipSource) -> Iterator[np.ndarray]:
    """Yield (H, W) bool per frame.

    Raises:
        VadflowError: the volume is missing or unreadable.
    """
    yield from (mask > 0 for mask in _volume(source))


def _mask_file(base: Path, video: Path) -> Path | None:
    if not video.stem.isascii() or not video.stem.isdigit():
        raise VadflowError(
            "expected a video called by its number, such as 01.avi", where=str(video), fix="Give it its official name."
        )
    found = (tree.under(base / folder, f"{int(video.stem)}_label.mat") for folder in _MASK_FOLDERS)
    return next(filter(None, found), None)


def _volume(source: ClipSource) -> list[np.ndarray]:
    """The masks of one clip: T arrays (H, W)."""
    where = f"clip test/{source.name} ({source.labels or source.path})"
    if source.labels is None:
        fix = f"Copy testing_label_mask/{int(source.name)}_label.mat from the official archive."
        raise VadflowError("expected a mask volume, found none", where=where, fix=fix)
    try:
        cells = loadmat(source.labels, variable_names=["volLabel"])["volLabel"]
    except KeyError as fault:
        raise VadflowError(
            "expected the key volLabel, found none", where=where, fix="Copy the official file again."
        ) from fault
    except Exception as fault:  # scipy raises what it likes on foreign bytes
        raise VadflowError(
            f"not a readable .mat file: {fault}", where=where, fix="Copy the official file again."
        ) from fault
    volume = (
        [np.asarray(cell) for cell in cells.ravel()]
        if cells.dtype == object
        else list(np.moveaxis(np.atleast_3d(cells), 2, 0))
    )
    if any(mask.ndim != 2 or mask.dtype.kind not in "bui" for mask in volume):
        raise VadflowError(
            "expected volLabel to hold HxW integer masks", where=where, fix="Copy the official file again."
        )
    return volume
