"""What goes into a report (`DatasetInput`) and what a page holds (`DatasetReport`): plain values, no file names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from vadflow.metrics.inputs import Labels, Scores


@dataclass(frozen=True)
class Options:
    """What the reader of `params.yaml` may choose.

    Attributes:
        thumbnails: most pictures a dataset, 0 to 500; bounds the size of the page.
        thumbnail_width: px, 80 to 640.
        points: most points a curve, 60 to 2000.
        worst_clips: clips shown with frames, 0 to 50.
        blur_people: make people unrecognisable in every picture.
    """

    thumbnails: int
    thumbnail_width: int
    points: int
    worst_clips: int
    blur_people: bool


@dataclass(frozen=True)
class ClipInput:
    """A test clip: name, frames a second, frames, and source (height, width), the scale of boxes."""

    name: str
    fps: float
    n_frames: int
    size: tuple[int, int]


def nothing(clip: str) -> None:
    """Give nothing: the getter of what a dataset or system does not have."""


@dataclass(frozen=True)
class SystemInput:
    """One system's scores on a dataset, one seed.

    Attributes:
        name: system.
        kind: floor, baseline or system.
        scores: clip -> frame, raw, calibrated, smoothed.
        events: clip, start, end, peak (frames, [start, end)), score, threshold; None where no threshold was set.
        threshold: on the smoothed score.
        maps: clip -> (T, h, w) anomaly map or None.
        regions: clip -> frame, x1, y1, x2, y2 (source px), score, reason; or None.
    """

    name: str
    kind: str
    scores: Scores
    events: pd.DataFrame | None = None
    threshold: float | None = None
    maps: Callable[[str], np.ndarray | None] = nothing
    regions: Callable[[str], pd.DataFrame | None] = nothing


@dataclass(frozen=True)
class DatasetInput:
    """Everything known about one dataset.

    Attributes:
        name: dataset.
        clips: test clips.
        labels: clip -> (T,) uint8; empty without labels.
        systems: scored systems, floors too.
        frames: clip -> (T, h, w, C) uint8 packed frames, or None.
        objects: clip -> object boxes (source px, class_name), or None.
        events_csv: name of the event list beside the page, or "".
    """

    name: str
    clips: Sequence[ClipInput]
    labels: Labels
    systems: Sequence[SystemInput]
    frames: Callable[[str], np.ndarray | None] = nothing
    objects: Callable[[str], pd.DataFrame | None] = nothing
    events_csv: str = ""


@dataclass(frozen=True)
class Line:
    """A curve in a drawing of 1000 x 200 units, as an SVG path; `strong` is the system looked at."""

    system: str
    path: str
    strong: bool


@dataclass(frozen=True)
class Span:
    """Frames [start, stop) of a clip; `left` and `width` in 1000ths of the clip."""

    start: int
    stop: int
    left: float
    width: float
    text: str


@dataclass(frozen=True)
class ClipReport:
    """One curve: truth shaded, events marked, `threshold` as height 0 to 200 from the top."""

    name: str
    n_frames: int
    seconds: float
    lines: Sequence[Line]
    truth: Sequence[Span]
    events: Sequence[Span]
    threshold: float | None
    auc: float | None
    lost: float


@dataclass(frozen=True)
class Picture:
    """A frame worth looking at; `uri` is a JPEG as a data URI, or "" when the budget is used up."""

    clip: str
    frame: int
    seconds: float
    title: str
    text: str
    score: float
    uri: str
    reasons: Sequence[str] = ()


@dataclass(frozen=True)
class EventReport:
    """An alarm: frames [start, end), its times in seconds, and the frame of its peak."""

    clip: str
    start: int
    end: int
    start_seconds: float
    end_seconds: float
    picture: Picture


@dataclass(frozen=True)
class Roc:
    """A ROC curve in a drawing of 300 x 300 units."""

    system: str
    kind: str
    path: str
    auc: float
    strong: bool


@dataclass(frozen=True)
class DatasetReport:
    """One dataset's part of the page; `labelled` = it has an AUC, else `no_auc` says why not."""

    name: str
    labelled: bool
    system: str
    n_frames: int
    n_anomalous: int
    hours: float
    threshold: float | None
    bent: bool
    roc: Sequence[Roc] = field(default_factory=tuple)
    clips: Sequence[ClipReport] = field(default_factory=tuple)
    worst: Sequence[Picture] = field(default_factory=tuple)
    events: Sequence[EventReport] = field(default_factory=tuple)
    more_events: int = 0
    events_csv: str = ""
    heat_by: str = ""
    no_auc: str = ""
    blurred: bool = False
