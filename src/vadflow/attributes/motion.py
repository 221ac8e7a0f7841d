"""motion: faster than people are here, or stiller than they ever are. Two attributes, because their support differs.

A person's speed in the picture grows with the person's size there: pace = speed / height ** exponent, where the height
is the one expected at the foot position. In a clean world the exponent is 1; optical flow of small people is diluted by the
background in their boxes and the fit of the height has errors, so the exponent is fitted, between 0 and 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from vadflow.attributes import scale as scales
from vadflow.attributes.observations import HEADINGS, NOISE, Observations
from vadflow.attributes.scale import Scale
from vadflow.attributes.tails import Tail

MIN_PEOPLE = 200
_PRIOR_EXPONENT = 0.5
MOVING = 0.3  # of the median pace; who is slower stands, and goes no way
_AXES = HEADINGS // 2  # there and back is one
_WAY_TRACKS = 10  # tracklets along an axis that weigh as much as the prior, that it makes no difference
_MOST_STILL = 0.02  # share of normal people that may stand: where more do, standing is no news


@dataclass(frozen=True)
class Pace:
    """Speed made comparable over the picture."""

    scale: Scale
    exponent: float

    def unit(self, y: np.ndarray) -> np.ndarray:
        """Foot y (px) -> what speeds there are divided by: (height / 50 px) ** exponent."""
        return (self.scale.height(y) / 50) ** self.exponent

    def as_array(self) -> np.ndarray:
        """(6,) to save."""
        return np.append(self.scale.as_array(), self.exponent)


def pace_from_array(saved: np.ndarray) -> Pace:
    """Take back what `Pace.as_array` gave."""
    return Pace(scales.from_array(saved[:-1]), float(saved[-1]))


def fit_pace(normal: Observations, scale: Scale) -> Pace:
    """Fit the exponent: the slope of the fast speeds (90 % quantile) over the heights, both logarithmic, in five bands.

    Bounded to [0, 1]; the prior 0.5 where heights differ by less than half, because then the slope is noise.
    """
    people = normal.pick(normal.person & (normal.speed > NOISE))
    heights = scale.height(people.foot[:, 1])
    if len(people) < MIN_PEOPLE or scale.high < 1.5 * scale.low or np.ptp(heights) <= 0:
        return Pace(scale, _PRIOR_EXPONENT)
    edges = np.quantile(heights, np.linspace(0, 1, 6))
    band = np.clip(np.searchsorted(edges, heights, side="right") - 1, 0, 4)
    points = [(np.median(heights[band == k]), np.quantile(people.speed[band == k], 0.9)) for k in np.unique(band)]
    x, y = np.log(np.array(points)).T
    if np.ptp(x) < np.log(1.5):
        return Pace(scale, _PRIOR_EXPONENT)
    return Pace(scale, float(np.clip(np.polyfit(x, y, 1)[0], 0, 1)))


@dataclass(frozen=True)
class Fast:
    """Faster than normal people and things that go this way at this depth.

    Who walks towards a camera covers fewer pixels than who walks past it, so a runner who comes nearer would be a walker.

    Attributes:
        pace: perspective.
        ways: (4,) what normal people's pace is multiplied by along each axis: past, down right, towards and down left.
    """

    name: ClassVar[str] = "fast"
    floor: ClassVar[float] = 0.05
    pace: Pace
    ways: np.ndarray

    @classmethod
    def fit(cls, normal: Observations, pace: Pace) -> Self | None:
        """Every scene with objects supports speed; how it depends on the way, only tracklets that went there say."""
        return cls(pace, fit_ways(normal, pace)) if len(normal) else None

    def unit(self, seen: Observations) -> np.ndarray:
        """(N,) px/frame of pace 1 for each object."""
        return self.pace.unit(seen.foot[:, 1]) * self.ways[seen.heading % _AXES]

    def statistic(self, seen: Observations) -> np.ndarray:
        """(N,) pace, px/frame of a person 50 px tall."""
        return seen.speed / self.unit(seen)

    def reason(self, seen: Observations, row: int, value: float, tail: Tail) -> str:
        """Speed here against the speed that one normal object in a thousand reaches here on this way."""
        unit = float(self.unit(seen.pick(np.array([row])))[0])
        limit = tail.limit * unit
        return f"fast: {value * unit:.1f} px/frame; 99.9 % of normal objects that move this way here stay under {limit:.1f}"

    def state(self) -> dict[str, np.ndarray]:
        """The perspective and the ways."""
        return {"pace": self.pace.as_array(), "ways": self.ways}

    @classmethod
    def load(cls, state: Mapping[str, np.ndarray]) -> Self:
        """Take back what `state` gave."""
        return cls(pace_from_array(state["pace"]), state["ways"])


def fit_ways(normal: Observations, pace: Pace) -> np.ndarray:
    """(4,) median pace of walking people along each axis over that of all, drawn towards 1 where few tracklets went that way."""
    people = normal.pick(normal.person & (normal.speed > NOISE))
    paces = people.speed / pace.unit(people.foot[:, 1])
    walks = paces > MOVING * np.median(paces) if len(people) else np.zeros(0, bool)
    people, paces = people.pick(walks), np.log(paces[walks])
    axis, ways = people.heading % _AXES, np.zeros(_AXES)
    for k in np.unique(axis):
        tracks = len(np.unique(people.track[axis == k]))
        ways[k] = tracks / (tracks + _WAY_TRACKS) * (np.median(paces[axis == k]) - np.median(paces))
    return np.exp(ways)


@dataclass(frozen=True)
class Still:
    """Stiller than normal people ever are; silent for things, and in scenes where people stand about."""

    name: ClassVar[str] = "still"
    floor: ClassVar[float] = 0.1
    pace: Pace

    @classmethod
    def fit(cls, normal: Observations, pace: Pace) -> Self | None:
        """Supported where hardly anybody stands: standing is then news."""
        people = normal.pick(normal.person)
        if len(people) < MIN_PEOPLE:
            return None
        still = people.speed < 0.25 * np.median(people.speed) + NOISE / 2
        return cls(pace) if still.mean() < _MOST_STILL else None

    def statistic(self, seen: Observations) -> np.ndarray:
        """(N,) minus the logarithm of the pace, flow noise taken as the slowest there is."""
        pace = np.maximum(seen.speed, NOISE) / self.pace.unit(seen.foot[:, 1])
        return np.where(seen.person & seen.whole, -np.log(pace), np.nan)

    def reason(self, seen: Observations, row: int, value: float, tail: Tail) -> str:
        """Speed here against the speed that only one normal person in a thousand stays under."""
        unit = float(self.pace.unit(seen.foot[[row], 1])[0])
        limit = np.exp(-tail.limit) * unit
        return f"still: {np.exp(-value) * unit:.1f} px/frame; 99.9 % of normal people here move faster than {limit:.1f}"

    def state(self) -> dict[str, np.ndarray]:
        """The perspective."""
        return {"pace": self.pace.as_array()}

    @classmethod
    def load(cls, state: Mapping[str, np.ndarray]) -> Self:
        """Take back what `state` gave."""
        return cls(pace_from_array(state["pace"]))
