"""One clip as the stages see it: arrays memory-mapped, tables read on first use, nothing decoded twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vadflow.io import open_array, read_table
from vadflow.layout import CLIP_KINDS

_FIELDS = {"source": "source"} | {kind: f"{kind}_path" for kind in CLIP_KINDS}


@dataclass(frozen=True)
class ClipView:
    """A clip's artefacts. A path is None where the workflow did not declare it as an input of the job, and then it cannot be read.

    Attributes:
        name: clip name.
        fps: frames a second of the source.
        source: video file or image folder, for what needs source resolution.
        size: (height, width) of the source in pixels; boxes and flow vectors are in this scale.
    """

    name: str
    fps: float
    size: tuple[int, int]
    source: Path | None = None
    frames_path: Path | None = None
    differences_path: Path | None = None
    flow_path: Path | None = None
    objects_path: Path | None = None
    poses_path: Path | None = None

    @cached_property
    def frames(self) -> np.ndarray:
        """(T, h, w, C) uint8 at working size, C = 1 gray or 3 RGB."""
        return open_array(_declared(self.frames_path, "frames", self.name))

    @cached_property
    def differences(self) -> np.ndarray:
        """(T, gh, gw) float16: mean |x_t - x_(t-1)| per cell of the working-size frame, in [0, 1]; row 0 repeats row 1."""
        return open_array(_declared(self.differences_path, "differences", self.name))

    @cached_property
    def flow(self) -> np.ndarray:
        """(T, gh, gw, 2) float16: mean optical flow (dx, dy) from t-1 to t per cell of the source frame, px/frame; row 0 repeats row 1."""
        return open_array(_declared(self.flow_path, "flow", self.name))

    @cached_property
    def objects(self) -> pd.DataFrame:
        """One row an object, by frame; columns in `objects.schema`."""
        return read_table(_declared(self.objects_path, "objects", self.name))

    @cached_property
    def poses(self) -> pd.DataFrame:
        """One row a body, by frame; columns in `objects.poses`. Only every so many-th frame has rows."""
        return read_table(_declared(self.poses_path, "poses", self.name))

    def __len__(self) -> int:
        """Number of decoded frames."""
        for path in (self.frames_path, self.flow_path, self.differences_path):
            if path is not None:
                return int(open_array(path).shape[0])
        raise KeyError(f"clip {self.name}: no array was declared, so its length is unknown")


@dataclass(frozen=True)
class Segment:
    """Frames [start, stop) of a clip: what a system fits on or is calibrated on."""

    clip: ClipView
    start: int
    stop: int


def _declared(path: Path | None, what: str, clip: str) -> Path:
    if path is None:
        raise KeyError(
            f"clip {clip}: {what} were not declared as an input of this job; add {what!r} to the system's `needs`"
        )
    return path


def frame_rates(index: str | Path) -> dict[str, float]:
    """Frames a second of every clip of `clips_<split>.parquet`."""
    rows = read_table(index)
    return dict(zip(map(str, rows["clip"]), map(float, rows["fps"]), strict=True))


def views(index: pd.DataFrame, clips: Sequence[str], files: Mapping[str, Sequence[str]]) -> list[ClipView]:
    """Build views of some clips from what a job was given.

    Args:
        index: rows of `clips_<split>.parquet`.
        clips: clip names, in the order of the files.
        files: kind (source, frames, differences, flow, objects, poses) -> one path per clip; a kind that is not given cannot be read.

    Returns:
        one view per clip, in the order of `clips`.
    """
    rows = index.set_index("clip")
    found = []
    for number, name in enumerate(clips):
        row: Any = rows.loc[name]
        given = {_FIELDS[kind]: Path(paths[number]) for kind, paths in files.items()}
        found.append(ClipView(name, float(row["fps"]), (int(row["height"]), int(row["width"])), **given))
    return found
