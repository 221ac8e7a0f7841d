"""low and wide: people whose boxes are not those of people who stand and walk there.

Who lies or kneels is low; who lies, rides, or spreads his arms is wide. Neither needs keypoints, so both speak where people are too small
for any. (Taller than people are there is `near`.)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from vadflow.attributes import scale as scales
from vadflow.attributes.observations import Observations
from vadflow.attributes.scale import Scale
from vadflow.attributes.tails import Tail


@dataclass(frozen=True)
class _Extent(ABC):
    """A side of a person's box against the height expected at the foot; silent for things and for whoever the border cuts.

    Attributes:
        scale: of people's heights.
    """

    floor: ClassVar[float] = 0.05
    scale: Scale

    @classmethod
    def fit(cls, normal: Observations, scale: Scale) -> Self | None:
        """Supported where people's heights are known, and so some hundred whole ones."""
        return cls(scale) if scale.supported else None

    @abstractmethod
    def of(self, seen: Observations) -> np.ndarray:
        """(N,) of every box, higher = odder."""

    def expected(self, seen: Observations) -> np.ndarray:
        """(N,) height of a person who stands there, px."""
        return self.scale.height(seen.foot[:, 1])

    def statistic(self, seen: Observations) -> np.ndarray:
        """(N,) logarithm of a ratio of two lengths; NaN where it cannot speak."""
        return np.where(seen.person & seen.whole, self.of(seen), np.nan)

    def state(self) -> dict[str, np.ndarray]:
        """The perspective."""
        return {"scale": self.scale.as_array()}

    @classmethod
    def load(cls, state: Mapping[str, np.ndarray]) -> Self:
        """Take back what `state` gave."""
        return cls(scales.from_array(state["scale"]))


class Low(_Extent):
    """Lower than people stand at this place."""

    name: ClassVar[str] = "low"

    def of(self, seen: Observations) -> np.ndarray:
        """(N,) log of the height expected over the height."""
        return np.log(self.expected(seen) / seen.height)

    def reason(self, seen: Observations, row: int, value: float, tail: Tail) -> str:
        """Height here against the height that only one normal person in a thousand is under here."""
        low, limit = float(self.expected(seen)[row]) * np.exp([-value, -tail.limit])
        return f"low: {low:.0f} px tall; 99.9 % of normal people here are over {limit:.0f}"


class Wide(_Extent):
    """Wider than people are at this place."""

    name: ClassVar[str] = "wide"

    def of(self, seen: Observations) -> np.ndarray:
        """(N,) log of the width over the height expected."""
        return np.log(np.maximum(seen.box[:, 2] - seen.box[:, 0], 1.0) / self.expected(seen))

    def reason(self, seen: Observations, row: int, value: float, tail: Tail) -> str:
        """Width here against the width that one normal person in a thousand has here."""
        wide, limit = float(self.expected(seen)[row]) * np.exp([value, tail.limit])
        return f"wide: {wide:.0f} px wide; 99.9 % of normal people here stay under {limit:.0f}"
