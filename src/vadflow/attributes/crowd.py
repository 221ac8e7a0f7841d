"""many: more people and things close together than normal video shows: a gathering, a queue that grows, a fight and who watches it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from vadflow.attributes.observations import Observations
from vadflow.attributes.tails import Tail

_MIN_OBJECTS = 500


@dataclass(frozen=True)
class Many:
    """How many keep an object company, itself among them."""

    name: ClassVar[str] = "many"
    floor: ClassVar[float] = 0.1

    @classmethod
    def fit(cls, normal: Observations) -> Self | None:
        """Supported by some hundred normal objects, of which some are not alone: else a second person would be a crowd."""
        enough = len(normal) >= _MIN_OBJECTS and bool((normal.company > 0).mean() > 0.1)
        return cls() if enough else None

    def statistic(self, seen: Observations) -> np.ndarray:
        """(N,) logarithm to base 2 of the objects within two heights, this one included."""
        return np.log2(1 + seen.company.astype(np.float64))

    def reason(self, seen: Observations, row: int, value: float, tail: Tail) -> str:
        """How many, on average along the tracklet, and how many are normal."""
        return f"many: {2**value:.0f} within two heights of each other; 99.9 % of normal objects are among fewer than {2**tail.limit:.0f}"

    def state(self) -> dict[str, np.ndarray]:
        """Nothing is learned but the tail; the mark says that normal video supports it."""
        return {"supported": np.ones(1)}

    @classmethod
    def load(cls, state: Mapping[str, np.ndarray]) -> Self:
        """Take back what `state` gave."""
        return cls()
