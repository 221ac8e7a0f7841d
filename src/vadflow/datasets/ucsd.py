"""UCSD Pedestrian 2: 360x240 gray, 10 frames/s, 16 training and 12 test clips.

Source: Mahadevan et al., Anomaly Detection in Crowded Scenes, CVPR 2010. A frame is anomalous where its mask is not
empty. Either layout is found by itself, also one folder higher:

    UCSDped2/                      official          ped2/                        community
    ├── Train/                                       ├── training/
    │   └── Train001/001.tif ...                     │   └── frames/01/000.jpg ...
    └── Test/                                        └── testing/
        ├── Test001/001.tif ...                          ├── frames/01/000.jpg ...
        └── Test001_gt/001.bmp ...                       └── masks/01/000.png ...

Clips are called 01, 02, ... in both. `._*` junk of some copies is skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from vadflow.datasets import labels, tracks, tree
from vadflow.datasets.base import PublishedImages
from vadflow.errors import VadflowError
from vadflow.media import list_images, read_mask
from vadflow.types import SPLITS, ClipSource, ClipTruth, Split

OFFICIAL = {"train": {"clips": 16, "frames": 2550}, "test": {"clips": 12, "frames": 2010}}
_FRAMES = {
    "train": (120, 150, 150, 180, 180, 150, 150, 120, 180, 180, 180, 180, 180, 150, 150, 150),
    "test": (180, 180, 150, 180, 150, 180, 180, 180, 120, 150, 180, 180),
}
_LAYOUTS = (("Train", "Test"), ("training/frames", "testing/frames"))
_INSIDE = ("UCSDped2", "ped2", "UCSD_Anomaly_Dataset.v1p2/UCSDped2")


class Params(PublishedImages):
    """Where Ped2 lies."""

    adapter: Literal["ucsd"]


def benchmark(params: Params) -> str | None:
    """`ped2`, unless it is only a part of it."""
    return "ped2" if params.official else None


def clips(params: Params, root: str) -> list[ClipSource]:
    """List the image folders of both splits.

    Raises:
        VadflowError: neither layout is there, a split is empty, or a clip has no images.
    """
    base, layout = tree.find(params.path, *_LAYOUTS, inside=_INSIDE)
    return [
        _clip(params, base, split, path)
        for split, folder in zip(SPLITS, layout, strict=True)
        for path in _folders(base / folder)
    ]


def truth(params: Params, source: ClipSource, n_frames: int) -> ClipTruth:
    """Frame labels and region tracks, both from the pixel masks.

    Raises:
        VadflowError: the masks are missing, unreadable or not `n_frames` many.
    """
    labels.require_length(len(_mask_files(source)), n_frames, source, what="masks")
    flags, regions = tracks.link(masks(params, source))
    return ClipTruth(flags, regions, has_masks=True)


def masks(params: Params, source: ClipSource) -> Iterator[np.ndarray]:
    """Yield (H, W) bool per frame.

    Raises:
        VadflowError: a mask does not decode.
    """
    for path in _mask_files(source):
        mask = read_mask(path)
        if mask is None:
            raise VadflowError(
                "the mask does not decode", where=f"clip test/{source.name} ({path})", fix="Copy it again."
            )
        yield mask


def _mask_files(source: ClipSource) -> list[Path]:
    if source.labels is None:
        raise VadflowError(
            "expected a folder of masks, found none",
            where=f"clip test/{source.name} ({source.path})",
            fix="Copy the masks beside the frames.",
        )
    return list_images(source.labels)


def _folders(folder: Path) -> list[Path]:
    """Clip folders (`Test001` or `01`, not `Test001_gt`) in order."""
    return [path for path in tree.media(folder) if re.fullmatch(r"(Train|Test)?[0-9]+", path.name)]


def _clip(params: Params, base: Path, split: Split, path: Path) -> ClipSource:
    number = int(path.name.removeprefix("Train").removeprefix("Test"))
    gt = path.with_name(f"{path.name}_gt")
    masks_path = gt if gt.is_dir() else tree.under(base / "testing" / "masks", path.name)
    known = params.official and 1 <= number <= len(_FRAMES[split])
    return ClipSource(
        split=split,
        name=f"{number:02d}",
        path=path,
        labels=masks_path if split == "test" else None,
        expected_frames=_FRAMES[split][number - 1] if known else None,
        fps=params.fps,
    )
