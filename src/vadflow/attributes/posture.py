"""posture: how the body is held, and gesture: how that changes. Silent where people are too small for keypoints.

Keypoints are taken relative to their middle and divided by the longer side of the box, so that only the body counts. The
statistic is the distance to the third nearest normal body. Source: density of normalised poses by kNN, as in Reiss & Hoshen,
Attribute-based Representations for Accurate and Interpretable Video Anomaly Detection, 2022; the weighting by keypoint
confidence and the gesture are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from vadflow.attributes.observations import KEYPOINTS, Observations
from vadflow.attributes.tails import Tail
from vadflow.attributes.tracklets import speaking

MIN_HEIGHT = 48.0  # px; on smaller people keypoints are guesses
_MIN_SEEN = 0.5  # keypoint confidence from which a keypoint counts
_MIN_KEYPOINTS = 10  # of 17, so that a body cut by the frame or by somebody else is left out
_MIN_POSES = 300
_BANK = 1500  # normal bodies kept
_NEAREST = 3
_BLOCK = 512


def visible(pose: np.ndarray) -> np.ndarray:
    """(N, 17, 3) -> (N, 17) bool, keypoints that count; all False where no pose was found."""
    return np.nan_to_num(pose[..., 2]) >= _MIN_SEEN


def body(pose: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints relative to their middle, in lengths of the box's longer side.

    Args:
        pose: (N, 17, 3) x, y (px), confidence.
        box: (N, 4) xyxy, px.

    Returns:
        (N, 34) float32 and its weights (N, 34) in {0, 1}; left-out keypoints are 0 with weight 0.
    """
    seen = visible(pose)
    length = np.maximum(
        (box[:, 2:] - box[:, :2]).max(axis=1), 1.0
    )  # somebody who lies is as long as somebody who stands
    weight = seen[..., None].astype(np.float32)
    points = np.nan_to_num(pose[..., :2])
    centre = (points * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1)  # N 2
    relative = (points - centre[:, None]) / length[:, None, None] * weight
    return _flat(relative), _flat(np.broadcast_to(weight, relative.shape))


def _flat(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values, dtype=np.float32).reshape(len(values), 2 * KEYPOINTS)


def readable(seen: Observations) -> np.ndarray:
    """(N,) bool: long enough, not cut by the border, and enough keypoints."""
    return (seen.length >= MIN_HEIGHT) & seen.whole & (visible(seen.pose).sum(axis=1) >= _MIN_KEYPOINTS)


def nearest(
    query: np.ndarray, weight: np.ndarray, bank: np.ndarray, bank_weight: np.ndarray, *, least: int = _MIN_KEYPOINTS
) -> np.ndarray:
    """Distance to the third nearest of a bank, over the coordinates both have.

    Args:
        query: (N, D).
        weight: (N, D) 0 or 1.
        bank: (B, D).
        bank_weight: (B, D) 0 or 1.
        least: with fewer coordinates in common two are not compared.

    Returns:
        (N,) root mean square difference per coordinate.
    """
    found = np.zeros(len(query), np.float32)
    for start in range(0, len(query), _BLOCK):
        rows = slice(start, start + _BLOCK)
        q, w = query[rows], weight[rows]
        shared = w @ bank_weight.T  # n B
        square = (q * q * w) @ bank_weight.T - 2 * (q * w) @ (bank * bank_weight).T + w @ (bank * bank * bank_weight).T
        distance = np.where(shared >= least, square / np.maximum(shared, 1), np.inf)
        k = min(_NEAREST, distance.shape[1]) - 1
        found[rows] = np.sqrt(np.maximum(np.partition(distance, k, axis=1)[:, k], 0))
    return found


@dataclass(frozen=True)
class Posture:
    """A body held as no normal body is.

    Attributes:
        bank: (B, 34) normal bodies.
        weight: (B, 34) 0 or 1, keypoints they show.
        middle: median normal distance, for the reason.
    """

    name: ClassVar[str] = "posture"
    floor: ClassVar[float] = 0.003
    bank: np.ndarray
    weight: np.ndarray

    @classmethod
    def fit(cls, normal: Observations) -> Self | None:
        """Supported by some hundred readable poses."""
        people = normal.pick(readable(normal))
        if len(people) < _MIN_POSES:
            return None
        rows = np.linspace(0, len(people) - 1, min(len(people), _BANK)).astype(int)
        return cls(*body(people.pose[rows], people.box[rows]))

    def statistic(self, seen: Observations) -> np.ndarray:
        """(N,) distance to the third nearest normal body, box heights per coordinate."""
        rows = readable(seen)
        found = np.full(len(seen), np.nan, np.float32)
        found[rows] = nearest(*body(seen.pose[rows], seen.box[rows]), self.bank, self.weight)
        return np.where(np.isfinite(found), found, np.nan)

    def reason(self, seen: Observations, row: int, value: float, tail: Tail) -> str:
        """How many times farther than usual the nearest normal pose is."""
        times = value / max(tail.level(0.5), 1e-6)
        mine = seen.tracklet(row)
        at = speaking(row, mine, readable(seen.pick(mine)))
        return f"posture: nearest normal pose {times:.1f} times farther than usual{_raised(seen.pose[at])}"

    def state(self) -> dict[str, np.ndarray]:
        """The bank."""
        return {"bank": self.bank, "weight": self.weight}

    @classmethod
    def load(cls, state: Mapping[str, np.ndarray]) -> Self:
        """Take back what `state` gave."""
        return cls(state["bank"], state["weight"])


@dataclass(frozen=True)
class Gesture:
    """Limbs that move as in no normal walk.

    Attributes:
        bank: (B, 34) normal changes of the body, box heights per second.
    """

    name: ClassVar[str] = "gesture"
    floor: ClassVar[float] = 0.02
    bank: np.ndarray

    @classmethod
    def fit(cls, normal: Observations) -> Self | None:
        """Supported by some hundred bodies seen twice."""
        changes = normal.change[np.isfinite(normal.change).all(axis=1) & (normal.length >= MIN_HEIGHT)]
        if len(changes) < _MIN_POSES:
            return None
        return cls(changes[np.linspace(0, len(changes) - 1, min(len(changes), _BANK)).astype(int)])

    def statistic(self, seen: Observations) -> np.ndarray:
        """(N,) distance to the third nearest normal change, box heights per second and coordinate."""
        rows = np.isfinite(seen.change).all(axis=1) & (seen.length >= MIN_HEIGHT) & seen.whole
        found = np.full(len(seen), np.nan, np.float32)
        ones = np.ones_like(seen.change[rows])
        found[rows] = nearest(seen.change[rows], ones, self.bank, np.ones_like(self.bank))
        return found

    def reason(self, seen: Observations, row: int, value: float, tail: Tail) -> str:
        """How fast the limbs move, and how far that is from normal."""
        mine = seen.tracklet(row)
        at = speaking(row, mine, np.isfinite(seen.change[mine]).all(axis=1))
        pace = np.nan_to_num(np.abs(seen.change[at])).max()
        times = value / max(tail.level(0.5), 1e-6)
        return f"gesture: limbs move {pace:.1f} body heights/s; nearest normal movement {times:.1f} times farther than usual"

    def state(self) -> dict[str, np.ndarray]:
        """The bank."""
        return {"bank": self.bank}

    @classmethod
    def load(cls, state: Mapping[str, np.ndarray]) -> Self:
        """Take back what `state` gave."""
        return cls(state["bank"])


def _raised(pose: np.ndarray) -> str:
    """Name what a person would name: hands above the head, or a body that lies."""
    seen = visible(pose[None])[0]
    nose, wrists, shoulders, ankles = 0, (9, 10), (5, 6), (15, 16)
    if seen[nose] and any(seen[wrist] and pose[wrist, 1] < pose[nose, 1] for wrist in wrists):
        return "; a hand above the head"
    trunk = [(a, b) for a, b in zip(shoulders, ankles, strict=True) if seen[a] and seen[b]]
    if any(abs(pose[a, 0] - pose[b, 0]) > abs(pose[a, 1] - pose[b, 1]) for a, b in trunk):
        return "; lying or bent over"
    return ""
