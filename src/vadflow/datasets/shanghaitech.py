"""ShanghaiTech Campus: 856x480 colour, 24 frames/s, 13 cameras, 330 training videos and 107 test clips.

Source: Luo et al., A Revisit of Sparse Coding Based Anomaly Detection in Stacked RNN Framework, ICCV 2017.

    shanghaitech/
    ├── training/videos/01_001.avi ...                (or training/frames/01_001/000.jpg ...)
    └── testing/
        ├── frames/01_0014/000.jpg ...
        ├── test_frame_mask/01_0014.npy ...           (T,) 0/1
        └── test_pixel_mask/01_0014.npy ...           (T, H, W) 0/1

Frame labels come from `test_frame_mask`; pixel masks, and the tracks linked from them, where they are there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from vadflow.datasets import labels, tracks, tree
from vadflow.datasets.base import PublishedImages
from vadflow.errors import VadflowError
from vadflow.types import SPLITS, ClipSource, ClipTruth

OFFICIAL = {"train": {"clips": 330, "frames": 274515}, "test": {"clips": 107, "frames": 40791}}
_LAYOUTS = (("training/videos", "testing/frames"), ("training/frames", "testing/frames"))


class Params(PublishedImages):
    """Where ShanghaiTech lies."""

    adapter: Literal["shanghaitech"]


def benchmark(params: Params) -> str | None:
    """`shanghaitech`, unless it is only a part of it."""
    return "shanghaitech" if params.official else None


def clips(params: Params, root: str) -> list[ClipSource]:
    """List training videos and test image folders.

    Raises:
        VadflowError: a folder is missing or empty, or a clip has no images.
    """
    base, layout = tree.find(params.path, *_LAYOUTS, inside=("shanghaitech", "ShanghaiTech"))
    found = []
    for split, folder in zip(SPLITS, layout, strict=True):
        for path in tree.media(base / folder):
            flags = tree.under(base / "testing" / "test_frame_mask", f"{path.stem}.npy") if split == "test" else None
            found.append(ClipSource(split, path.stem, path, labels=flags, fps=params.fps if path.is_dir() else None))
    return found


def truth(params: Params, source: ClipSource, n_frames: int) -> ClipTruth:
    """Frame labels from `test_frame_mask`; region tracks from the pixel masks where they are there.

    Raises:
        VadflowError: labels are missing, are a pickle, or are not `n_frames` long.
    """
    if source.labels is None:
        fix = f"Copy testing/test_frame_mask/{source.name}.npy from the official archive."
        raise VadflowError(
            "expected frame labels, found none", where=f"clip test/{source.name} ({source.path})", fix=fix
        )
    flags = labels.read_flags(source.labels)
    labels.require_length(len(flags), n_frames, source)
    volume = _volume(source)
    if volume is None:
        return ClipTruth(flags)
    labels.require_length(len(volume), n_frames, source, what="pixel masks")
    _, regions = tracks.link(mask > 0 for mask in volume)
    return ClipTruth(flags, regions, has_masks=True)


def masks(params: Params, source: ClipSource) -> Iterator[np.ndarray]:
    """Yield (H, W) bool per frame; nothing where there are no pixel masks.

    Raises:
        VadflowError: the file is a pickle or not (T, H, W).
    """
    volume = _volume(source)
    yield from (mask > 0 for mask in ([] if volume is None else volume))


def _volume(source: ClipSource) -> np.ndarray | None:
    """Pixel masks of one clip, (T, H, W), memory-mapped."""
    path = _pixel_file(source)
    if path is None:
        return None
    volume = labels.read_npy(path, mapped=True)
    if volume.ndim != 3 or volume.dtype.kind not in "bui":
        raise VadflowError(
            f"expected (T, H, W) integers, found {volume.dtype} {volume.shape}",
            where=str(path),
            fix="Copy the official file again.",
        )
    return volume


def _pixel_file(source: ClipSource) -> Path | None:
    return (
        None
        if source.labels is None
        else tree.under(source.labels.parent.parent / "test_pixel_mask", source.labels.name)
    )
