"""posture: how the body is held, and gesture: how that changes; limb by limb. Silent where people are too small for keypoints.

Keypoints are taken relative to their middle and divided by the longer side of the box, so that only the body counts; see
`attributes.limbs` for the distance and its source. The gesture is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from vadflow.attributes.limbs import LIMBS, Limbs, body, visible
from vadflow.attributes.observations import Observations
from vadflow.attributes.tails import Tail
from vadflow.attributes.tracklets import speaking

MIN_HEIGHT = 48.0  # px; on smaller people keypoints are guesses
_MIN_KEYPOINTS = 10  # of 17, so that a body cut by the frame or by somebody else is left out
_MIN_POSES = 300
_LEAST_HELD = 0.005  # body heights; a limb is never held more evenly than keypoints are found
_LEAST_MOVED = 0.05  # body heights/s


def readable(seen: Observations) -> np.ndarray:
    """(N,) bool: long enough, not cut by the border, and enough keypoints."""
    return (seen.length >= MIN_HEIGHT) & seen.whole & (visible(seen.pose).sum(axis=1) >= _MIN_KEYPOINTS)


@dataclass(frozen=True)
class Posture:
    """A limb held as no normal body holds it.

    Attributes:
        normal: bodies of normal video.
    """

    name: ClassVar[str] = "posture"
    floor: ClassVar[float] = 0.15
    normal: Limbs

    @classmethod
    def fit(cls, normal: Observations) -> Self | None:
        """Supported by some hundred readable poses."""
        people = normal.pick(readable(normal))
        return cls(Limbs.collect(*body(people.pose, people.box), _LEAST_HELD)) if len(people) >= _MIN_POSES else None

    def statistic(self, seen: Observations) -> np.ndarray:
        """(N,) how many times farther than usual the third nearest normal limb is, of the limb that is farthest."""
        return np.asarray(np.fmax.reduce(self._apart(seen), axis=1))

    def _apart(self, seen: Observations) -> np.ndarray:
        """(N, P) of `attributes.limbs`, NaN where nothing is readable."""
        rows = readable(seen)
        found = np.full((len(seen), len(LIMBS)), np.nan, np.float32)
        found[rows] = self.normal.apart(*body(seen.pose[rows], seen.box[rows]))
        return found

    def reason(self, seen: Observations, row: int, value: float, tail: Tail) -> str:
        """Which limb, and how many times farther than usual the nearest normal one is."""
        mine = seen.tracklet(row)
        at = speaking(row, mine, readable(seen.pick(mine)))
        limb = _farthest(self._apart(seen.pick(np.array([at])))[0])
        times = value / max(tail.level(0.5), 1e-6)
        return f"posture: {limb}, nearest normal one {times:.1f} times farther than usual{_raised(seen.pose[at])}"

    def state(self) -> dict[str, np.ndarray]:
        """The bodies."""
        return self.normal.state()

    @classmethod
    def load(cls, state: Mapping[str, np.ndarray]) -> Self:
        """Take back what `state` gave."""
        return cls(Limbs.load(state))


@dataclass(frozen=True)
class Gesture:
    """A limb that moves as in no normal walk.

    Attributes:
        normal: changes of bodies of normal video, box heights per second.
    """

    name: ClassVar[str] = "gesture"
    floor: ClassVar[float] = 0.15
    normal: Limbs

    @classmethod
    def fit(cls, normal: Observations) -> Self | None:
        """Supported by some hundred bodies seen twice."""
        changes = normal.change[np.isfinite(normal.change).all(axis=1) & (normal.length >= MIN_HEIGHT)]
        if len(changes) < _MIN_POSES:
            return None
        return cls(Limbs.collect(changes, np.ones_like(changes), _LEAST_MOVED))

    def statistic(self, seen: Observations) -> np.ndarray:
        """(N,) how many times farther than usual the third nearest normal movement is, of the limb that is farthest."""
        return np.asarray(np.fmax.reduce(self._apart(seen), axis=1))

    def _apart(self, seen: Observations) -> np.ndarray:
        """(N, P) of `attributes.limbs`, NaN where the change is not known."""
        rows = np.isfinite(seen.change).all(axis=1) & (seen.length >= MIN_HEIGHT) & seen.whole
        found = np.full((len(seen), len(LIMBS)), np.nan, np.float32)
        found[rows] = self.normal.apart(seen.change[rows], np.ones_like(seen.change[rows]))
        return found

    def reason(self, seen: Observations, row: int, value: float, tail: Tail) -> str:
        """Which limb, how fast it moves, and how far that is from normal."""
        mine = seen.tracklet(row)
        at = speaking(row, mine, np.isfinite(seen.change[mine]).all(axis=1))
        limb = _farthest(self._apart(seen.pick(np.array([at])))[0])
        moved = np.nan_to_num(seen.change[at]).reshape(-1, 2)[list(LIMBS[limb])]
        times = value / max(tail.level(0.5), 1e-6)
        return f"gesture: {limb} moves {np.abs(moved).max():.1f} body heights/s; nearest normal one {times:.1f} times farther than usual"

    def state(self) -> dict[str, np.ndarray]:
        """The changes."""
        return self.normal.state()

    @classmethod
    def load(cls, state: Mapping[str, np.ndarray]) -> Self:
        """Take back what `state` gave."""
        return cls(Limbs.load(state))


def _farthest(apart: np.ndarray) -> str:
    """(P,) -> the limb that is farthest; the whole body where none is seen."""
    names = list(LIMBS)
    return names[int(np.nanargmax(apart))] if np.isfinite(apart).any() else names[-1]


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
