"""The built-in scene, drawn by the workflow itself; nothing to download and nothing to license.

Layout (all of it made by `render`, one clip at a time):

    results/<dataset>/source/
    ├── train/
    │   ├── 01.avi        320 x 240 colour, motion JPEG, normal
    │   ├── 01.npz        its truth: labels, packed masks, boxes of all objects, regions of the anomalous ones
    │   └── 02.avi ...
    └── test/
        ├── 01.avi        the first `normal_test_clips` are wholly normal
        ├── 01.npz
        └── 02.avi ...    the others hold one or two events

Names have two digits, or as many as the larger split needs (`0001` for thousands of clips).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from vadflow.errors import VadflowError
from vadflow.packed import read_masks, truth_file
from vadflow.params import Section
from vadflow.plaza import camera as cameras
from vadflow.plaza.story import Plan, deal
from vadflow.plaza.write import read_truth, write_clip
from vadflow.types import SPLITS, ClipSource, ClipTruth, Split

OFFICIAL: dict[str, dict[str, int]] = {}


class Params(Section):
    """The scene: who looks, how much is drawn, and from which seed."""

    adapter: Literal["plaza"] = Field(description="the built-in scene")
    camera: str = Field(
        description="a file of src/vadflow/plaza/cameras: where one looks from and what may happen there"
    )
    seed: int = Field(ge=0, le=2**31 - 1, description="of the scene; another seed is another day on the same place")
    train_clips: int = Field(ge=1, le=100_000, description="normal clips to learn from")
    test_clips: int = Field(ge=1, le=100_000, description="clips to score")
    normal_test_clips: int = Field(ge=0, description="test clips without any event, the first ones; at most test_clips")
    min_frames: int = Field(ge=1, le=5_000, description="shortest clip, frames")
    max_frames: int = Field(
        ge=1, le=100_000, description="longest clip, frames; each clip's length is drawn in between"
    )
    fps: float = Field(gt=0, le=240, description="frames per second; people walk at the same pace at any")

    @field_validator("camera")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in cameras.names():
            raise ValueError(f"must be one of {', '.join(cameras.names())}")
        return value

    @model_validator(mode="after")
    def _in_order(self) -> Params:
        if self.min_frames > self.max_frames:
            raise ValueError(f"min_frames ({self.min_frames}) must be at most max_frames ({self.max_frames})")
        if self.normal_test_clips > self.test_clips:
            raise ValueError(
                f"normal_test_clips ({self.normal_test_clips}) must be at most test_clips ({self.test_clips})"
            )
        return self


def benchmark(params: Params) -> str | None:
    """None: nobody published a number on it."""
    return None


def clips(params: Params, root: str) -> list[ClipSource]:
    """List the clips of both splits in name order; they need not be rendered yet."""
    counts = {"train": params.train_clips, "test": params.test_clips}
    digits = max(2, len(str(max(counts.values()))))
    return [_source(Path(root), split, f"{index + 1:0{digits}d}") for split in SPLITS for index in range(counts[split])]


def _source(root: Path, split: Split, name: str) -> ClipSource:
    folder = root / split
    return ClipSource(split, name, folder / f"{name}.avi", folder / f"{name}.npz")


def plan(params: Params, source: ClipSource) -> Plan:
    """Say how one clip is to be drawn."""
    index = int(source.name) - 1
    turn = index - params.normal_test_clips
    kinds = deal(params.camera, params.seed, turn) if source.split == "test" and turn >= 0 else ()
    frames = (params.min_frames, params.max_frames)
    return Plan(params.camera, params.seed, source.split, index, frames, params.fps, kinds)


def render(params: Params, source: ClipSource) -> None:
    """Draw one clip and write its video and its truth."""
    write_clip(plan(params, source), source.path, truth_file(source))


def truth(params: Params, source: ClipSource, n_frames: int) -> ClipTruth:
    """Read the labels and region tracks of one clip of `n_frames` decoded frames.

    Raises:
        VadflowError: the truth is missing, damaged or not `n_frames` long.
    """
    content = read_truth(truth_file(source))
    labels = content["labels"]
    if len(labels) != n_frames:
        what = f"{len(labels)} labels for {n_frames} frames"
        fix = "Delete the clip's two files: the workflow renders them again."
        raise VadflowError(what, where=f"clip {source.split}/{source.name} ({source.labels})", fix=fix)
    regions = [
        (int(k), int(t), float(x1), float(y1), float(x2), float(y2)) for k, t, x1, y1, x2, y2 in content["regions"]
    ]
    return ClipTruth(labels=labels, regions=regions, has_masks=True)


def masks(params: Params, source: ClipSource) -> Iterator[np.ndarray]:
    """Yield (H, W) bool per frame: the visible pixels of anomalous things."""
    return read_masks(truth_file(source))
