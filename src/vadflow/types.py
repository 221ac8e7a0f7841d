"""The values that pass between stages. Boxes are xyxy, pixels, half-open; frames are uint8 RGB or gray; t counts from 0."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import StringConstraints

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
"""Names of datasets, clips and systems become path segments: nothing that could leave `results/`."""

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
Split = Literal["train", "test"]
SPLITS: tuple[Split, Split] = ("train", "test")


def is_name(text: str) -> bool:
    """Tell whether `text` may name a dataset, a clip or a system.

    >>> is_name("ped2"), is_name("../ped2"), is_name("a..b")
    (True, False, True)
    """
    return re.fullmatch(NAME_PATTERN, text) is not None


@dataclass(frozen=True)
class ClipSource:
    """One clip as a dataset lists it, before anything is decoded.

    Attributes:
        split: train (normal video to learn from) or test (video to score).
        name: unique within dataset and split; matches NAME_PATTERN.
        path: a video file, or a folder of frame images.
        labels: where the clip's truth lies, in the dataset's own form; None when it has none.
        expected_frames: the official count where the dataset publishes one per clip, else None.
        fps: frames a second of an image folder, which cannot say it itself; None for video files.
    """

    split: Split
    name: str
    path: Path
    labels: Path | None = None
    expected_frames: int | None = None
    fps: float | None = None


@dataclass(frozen=True)
class ClipTruth:
    """What is known about a test clip.

    Attributes:
        labels: (T,) uint8, 1 = anomalous; None where the dataset has no frame labels.
        regions: list of (track, frame, x1, y1, x2, y2) in source pixels, half-open.
        has_masks: whether `Dataset.masks` yields pixel masks for this clip.
    """

    labels: object | None = None
    regions: list[tuple[int, int, float, float, float, float]] = field(default_factory=list)
    has_masks: bool = False
