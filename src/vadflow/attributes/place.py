"""where: how often normal video had something at this place, moving that way; near: taller than anybody stands there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import cv2
import numpy as np

from vadflow.attributes import scale as scales
from vadflow.attributes.motion import MOVING, Pace, pace_from_array
from vadflow.attributes.observations import HEADINGS, Observations
from vadflow.attributes.scale import Scale
from vadflow.attributes.tails import Tail

_MIN_TRACKS = 20
_MIN_OBJECTS = 500
_GRID = 48  # cells along the longer side of the frame
_HERE, _AROUND = 0.25, 1.25  # heights of a person that places and ways are blurred by
_NAMES = ("right", "down right", "down", "down left", "left", "up left", "up", "up right")


@dataclass(frozen=True)
class Where:
    """Somewhere, or some way, that normal video hardly ever shows: how rare the place is, times how rare the way is around there.

    A tracklet counts once in a cell and way: who stands is no crowd. Places differ from step to step, ways from path to path, so the map of
    places is sharp, and that of ways, which has a ninth of the walks for each, wide.

    Attributes:
        rate: (9, gh, gw) share of normal visits per cell and way; the last plane is objects without a heading.
        pace: perspective of speeds.
        moving: pace from which an object has a heading.
        size: (height, width), px.
    """

    name: ClassVar[str] = "where"
    floor: ClassVar[float] = 0.05
    rate: np.ndarray
    pace: Pace
    moving: float
    size: tuple[int, int]

    @classmethod
    def fit(cls, normal: Observations, pace: Pace) -> Self | None:
        """Supported by some dozens of tracklets: a map of a few walks would call every other walk odd."""
        if len(normal) < _MIN_OBJECTS or len(np.unique(normal.track)) < _MIN_TRACKS:
            return None
        moving = MOVING * float(np.median(normal.speed / pace.unit(normal.foot[:, 1])))
        height, width = normal.size
        shape = (
            HEADINGS + 1,
            max(1, round(_GRID * height / max(height, width))),
            max(1, round(_GRID * width / max(height, width))),
        )
        empty = cls(np.zeros(shape, np.float32), pace, moving, normal.size)
        visits = np.unique(np.stack([normal.track, *empty._cells(normal)], axis=1), axis=0)
        counts = np.zeros(shape, np.float32)
        np.add.at(counts, tuple(visits[:, 1:].T), 1.0)
        place = _blurred(counts.sum(axis=0), empty._sigma(_HERE)) / len(visits)
        way = _blur(counts, empty._sigma(_AROUND)) + 1e-9
        return cls(place * way / way.sum(axis=0), pace, moving, normal.size)

    def statistic(self, seen: Observations) -> np.ndarray:
        """(N,) minus log10 of the rate, against an even spread over the frame; at most 4."""
        even = 1 / self.rate.size
        rate = self.rate[self._cells(seen)]
        return np.where(seen.sunk, np.nan, -np.log10(np.maximum(rate / even, 1e-4)))

    def reason(self, seen: Observations, row: int, value: float, tail: Tail) -> str:
        """The place, the heading, and how rare both are."""
        one = seen.pick(np.array([row]))
        heading = int(self._cells(one)[0][0])
        way = f"moving {_NAMES[heading]}" if heading < HEADINGS else "standing"
        x, y = one.foot[0]
        often, usual = 10.0**-value, 10.0**-tail.limit
        return (
            f"where: {way} at ({x:.0f}, {y:.0f}), {often:.2f} times as often in normal video as an average place and way; "
            f"99.9 % of normal objects are seen where it is over {usual:.2f}"
        )

    def _cells(self, seen: Observations) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(N,) heading, row and column of each object."""
        _, rows, columns = self.rate.shape
        foot = seen.foot
        row = np.clip(foot[:, 1] / self.size[0] * rows, 0, rows - 1).astype(int)
        column = np.clip(foot[:, 0] / self.size[1] * columns, 0, columns - 1).astype(int)
        speed = np.hypot(*seen.velocity.T) / self.pace.unit(foot[:, 1])
        return np.where(speed >= self.moving, seen.heading, HEADINGS), row, column

    def _sigma(self, heights: float) -> float:
        """Blur in cells: so many heights of a middling person."""
        middle = self.pace.scale.height(np.array([self.size[0] / 2]))[0]
        return float(np.clip(heights * middle / self.size[0] * self.rate.shape[1], 0.7, 10.0))

    def state(self) -> dict[str, np.ndarray]:
        """The map and the perspective."""
        return {"rate": self.rate, "pace": self.pace.as_array(), "other": np.array([self.moving, *self.size])}

    @classmethod
    def load(cls, state: Mapping[str, np.ndarray]) -> Self:
        """Take back what `state` gave."""
        moving, height, width = state["other"]
        return cls(state["rate"], pace_from_array(state["pace"]), float(moving), (int(height), int(width)))


def _blur(counts: np.ndarray, sigma: float) -> np.ndarray:
    """Spread counts over neighbouring cells and neighbouring headings (a circle); standing stays apart."""
    spread = np.stack([_blurred(plane, sigma) for plane in counts])
    ring = spread[:HEADINGS]
    spread[:HEADINGS] = 0.5 * ring + 0.25 * (np.roll(ring, 1, axis=0) + np.roll(ring, -1, axis=0))
    return spread


def _blurred(plane: np.ndarray, sigma: float) -> np.ndarray:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REFLECT))


@dataclass(frozen=True)
class Near:
    """Taller than people stand at this place: somebody too close, on something, or something larger than a person.

    Whoever is so close that the lower edge of the frame cuts him is short, and wide: there the larger of two heights counts, the one that
    is seen and the one that his width would have.

    Attributes:
        scale: of people's heights.
        width: of people, as a share of their height.
    """

    name: ClassVar[str] = "near"
    floor: ClassVar[float] = 0.05
    scale: Scale
    width: float

    @classmethod
    def fit(cls, normal: Observations, scale: Scale) -> Self | None:
        """Supported where people's heights are known, and so some hundred whole ones."""
        if not scale.supported:
            return None
        people = normal.pick(normal.person & normal.whole)
        return cls(scale, float(np.median(_width(people) / people.height)))

    def statistic(self, seen: Observations) -> np.ndarray:
        """(N,) log of height over the height expected at the foot."""
        height = np.where(seen.sunk, np.maximum(seen.height, _width(seen) / self.width), seen.height)
        return np.log(height / self.scale.height(seen.foot[:, 1]))

    def reason(self, seen: Observations, row: int, value: float, tail: Tail) -> str:
        """Height here against the height that one normal object in a thousand has here."""
        expected = self.scale.height(seen.foot[[row], 1])[0]
        tall, limit = expected * np.exp(value), expected * np.exp(tail.limit)
        wide = seen.sunk[row] and tall > seen.height[row] + 1
        is_tall = f"as wide as somebody who is {tall:.0f} px tall" if wide else f"{tall:.0f} px tall"
        return f"near: {is_tall}; 99.9 % of normal objects here stay under {limit:.0f}"

    def state(self) -> dict[str, np.ndarray]:
        """The perspective."""
        return {"scale": self.scale.as_array(), "width": np.array(self.width)}

    @classmethod
    def load(cls, state: Mapping[str, np.ndarray]) -> Self:
        """Take back what `state` gave."""
        return cls(scales.from_array(state["scale"]), float(state["width"]))


def _width(seen: Observations) -> np.ndarray:
    """(N,) px, at least 1."""
    return np.maximum(seen.box[:, 2] - seen.box[:, 0], 1.0)
