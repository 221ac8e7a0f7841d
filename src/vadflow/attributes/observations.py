"""The objects of one clip as arrays: what every attribute reads. N objects, C classes, K = 17 COCO keypoints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from vadflow.objects.base import whole
from vadflow.objects.decode import shared_area

KEYPOINTS = 17
NOISE = 0.1  # px/frame; below this DIS flow is noise and nothing is slower than something else
HEADINGS = 8
_EDGE = 2  # px; a box that ends so near the lower edge of the frame is cut by it
_CLOSE = 2.0  # heights between two feet that still keep company
ACCESSORIES = frozenset({"backpack", "handbag", "suitcase", "tie", "umbrella"})
"""What people have about them: COCO's supercategory `accessory`."""
_REACH = 0.2  # of a person's height: how far beside his box his hands are
_ALONG = 0.5  # of a person's speed: what differs by less goes along with him


@dataclass(frozen=True)
class Observations:
    """Objects of one clip, sorted by frame.

    Attributes:
        frame: (N,) int.
        box: (N, 4) xyxy, source px, half-open.
        probability: (N, C) class probabilities; one-hot times confidence where the detector gives none.
        person: (N,) bool, the detector's first guess is a person.
        speed: (N,) mean flow magnitude in the box, px/frame.
        velocity: (N, 2) mean flow (dx, dy), px/frame.
        pose: (N, 17, 3) keypoints x, y (source px) and confidence; NaN where no pose was computed or found.
        change: (N, 34) how the pose changed along its tracklet, box heights per second; NaN where unknown.
        travel: (N, 2) how far the middle of the box gets along its tracklet (dx, dy), px/frame; NaN where unknown.
        look: (N, P) features of the cut-out; NaN where nobody looked, P = 0 where no network looks.
        track: (N,) int tracklet, unique within the clip.
        company: (N,) others of the same frame whose feet are within two of its heights.
        carried: (N,) bool, an accessory that somebody has about him: within his reach, and moving as he does.
        size: (height, width) of the source, px.
        fps: frames a second.
        classes: names by class index, "" where neither the detector's list nor this clip tells one.
    """

    frame: np.ndarray
    box: np.ndarray
    probability: np.ndarray
    person: np.ndarray
    speed: np.ndarray
    velocity: np.ndarray
    pose: np.ndarray
    change: np.ndarray
    travel: np.ndarray
    look: np.ndarray
    track: np.ndarray
    company: np.ndarray
    carried: np.ndarray
    size: tuple[int, int]
    fps: float
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def foot(self) -> np.ndarray:
        """(N, 2) middle of the lower edge: where the object stands, px."""
        return np.stack([(self.box[:, 0] + self.box[:, 2]) / 2, self.box[:, 3]], axis=1)

    @property
    def height(self) -> np.ndarray:
        """(N,) box height, px; at least 1."""
        return np.maximum(self.box[:, 3] - self.box[:, 1], 1.0)

    @property
    def length(self) -> np.ndarray:
        """(N,) longer side of the box, px: a person's size also when he lies."""
        return np.maximum((self.box[:, 2:] - self.box[:, :2]).max(axis=1), 1.0)

    def tracklet(self, row: int) -> np.ndarray:
        """(M,) rows of the object's tracklet, by frame."""
        return np.flatnonzero(self.track == self.track[row])

    @property
    def heading(self) -> np.ndarray:
        """(N,) int of 8: which way the object moves; 0 is to the right, 2 down, towards the camera. What stands has one by chance."""
        angle = np.arctan2(self.velocity[:, 1], self.velocity[:, 0])
        return np.round(angle / (2 * np.pi) * HEADINGS).astype(int) % HEADINGS

    @property
    def whole(self) -> np.ndarray:
        """(N,) bool: the box does not touch the border of the frame, so its height and foot are the object's own."""
        return whole(self.box, self.size)

    @property
    def sunk(self) -> np.ndarray:
        """(N,) bool: the lower edge of the frame ends the box, so the foot lies below it."""
        return self.box[:, 3] >= self.size[0] - _EDGE

    def pick(self, rows: np.ndarray) -> Observations:
        """The rows of an index or a mask."""
        arrays = {name: getattr(self, name)[rows] for name in _ARRAYS}
        return replace(self, **arrays)

    def between(self, start: int, stop: int) -> Observations:
        """Objects of frames [start, stop)."""
        return self.pick((self.frame >= start) & (self.frame < stop))


_ARRAYS = (
    "frame",
    "box",
    "probability",
    "person",
    "speed",
    "velocity",
    "pose",
    "change",
    "travel",
    "look",
    "track",
    "company",
    "carried",
)


_UNKNOWN = ("pose", "change", "travel", "look")
"""What is NaN where it is not known."""


def join(parts: Sequence[Observations]) -> Observations:
    """All rows of several clips of one camera; tracklets stay apart, frame numbers do not."""
    arrays: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS}
    offsets = np.cumsum([0] + [int(part.track.max(initial=-1)) + 1 for part in parts[:-1]])
    arrays["track"] = np.concatenate([part.track + offset for part, offset in zip(parts, offsets, strict=True)])
    return replace(parts[0], **arrays, classes=_names([part.classes for part in parts]))


def beside(seen: Observations, frame: np.ndarray, box: np.ndarray) -> Observations:
    """The objects, and after them boxes (M, 4) in frames (M,) of which nothing else is known: no class, no speed, no body."""
    blank: dict[str, Any] = {}
    for name in _ARRAYS:
        known = getattr(seen, name)
        blank[name] = np.full((len(frame), *known.shape[1:]), np.nan if name in _UNKNOWN else 0, known.dtype)
    blank |= {"frame": frame, "box": box.astype(seen.box.dtype)}
    return join([seen, replace(seen, **blank)])


def _names(several: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(next((name for name in names if name), "") for names in zip(*several, strict=True))


def from_table(table: pd.DataFrame, *, size: tuple[int, int], fps: float, classes: int) -> Observations:
    """Read an objects table (see ARCHITECTURE.md), without tracklets and poses yet.

    Args:
        table: one clip's objects, sorted by frame.
        size: (height, width) of the source, px.
        fps: frames a second.
        classes: C; rows are cut or filled with zeros to it, so that clips of one camera agree.
    """
    n = len(table)
    named = {int(index): name for index, name in table.attrs.get("names", {}).items()}
    named |= dict(
        zip(table.class_id, table.class_name, strict=True)
    )  # detections somebody brought along list no classes
    frame, box = table.frame.to_numpy(np.int64), table[["x1", "y1", "x2", "y2"]].to_numpy(np.float32)
    velocity, person = table[["dx", "dy"]].to_numpy(np.float32), (table.class_name == "person").to_numpy(bool)
    return Observations(
        frame=frame,
        box=box,
        probability=_probability(table, classes),
        person=person,
        speed=table.speed.to_numpy(np.float32),
        velocity=velocity,
        pose=np.full((n, KEYPOINTS, 3), np.nan, np.float32),
        change=np.full((n, 2 * KEYPOINTS), np.nan, np.float32),
        travel=np.full((n, 2), np.nan, np.float32),
        look=np.zeros((n, 0), np.float32),
        track=np.arange(n),
        company=_company(frame, box),
        carried=_carried(frame, box, velocity, person, table.class_name.isin(ACCESSORIES).to_numpy(bool)),
        size=size,
        fps=fps,
        classes=tuple(str(named.get(index, "")) for index in range(classes)),
    )


def _company(frame: np.ndarray, box: np.ndarray) -> np.ndarray:
    """(N,) float32, by frames in order. An object's own height is the measure: it needs no perspective."""
    foot = np.stack([(box[:, 0] + box[:, 2]) / 2, box[:, 3]], axis=1)
    found = np.zeros(len(frame), np.float32)
    for rows in np.split(np.arange(len(frame)), np.flatnonzero(np.diff(frame)) + 1):
        apart = np.linalg.norm(foot[rows, None] - foot[None, rows], axis=2)  # n n
        height = np.maximum(box[rows, 3] - box[rows, 1], 1.0)
        found[rows] = (apart <= _CLOSE * height[:, None]).sum(axis=1) - 1
    return found


def _carried(
    frame: np.ndarray, box: np.ndarray, velocity: np.ndarray, person: np.ndarray, accessory: np.ndarray
) -> np.ndarray:
    """(N,) bool: half or more of the accessory's box lies where some person of its frame can hold it, and it goes along with him."""
    found = np.zeros(len(frame), bool)
    aside = _REACH * (box[:, 3] - box[:, 1])
    reach = box + np.outer(aside, np.array([-1, 0, 1, 0], np.float32))
    for t in np.unique(frame[accessory]):
        things, people = (np.flatnonzero((frame == t) & kind) for kind in (accessory, person))
        apart = np.linalg.norm(velocity[things, None] - velocity[None, people], axis=2)  # things, people
        along = apart <= _ALONG * np.linalg.norm(velocity[people], axis=1) + NOISE
        area = (box[things, 2:] - box[things, :2]).prod(axis=1)
        held = shared_area(box[things], reach[people]) >= 0.5 * area[:, None]
        found[things] = (held & along).any(axis=1)
    return found


def count_classes(table: pd.DataFrame) -> int:
    """Classes that a detector tells apart, as far as this table shows; at least 1."""
    listed = max((len(values) for values in table.probabilities), default=0)
    return max(listed, int(table.class_id.max()) + 1 if len(table) else 1)


def _probability(table: pd.DataFrame, classes: int) -> np.ndarray:
    """(N, C) float32; a detector without class probabilities gives its confidence in its first guess."""
    found = np.zeros((len(table), classes), np.float32)
    for row, (values, index, confidence) in enumerate(
        zip(table.probabilities, table.class_id, table.confidence, strict=True)
    ):
        if len(values):
            found[row, : len(values)] = np.asarray(values, np.float32)[:classes]
        elif 0 <= index < classes:
            found[row, index] = confidence
    return found
