"""what: evidence of a class that normal video never shows here. One-sided: something hard to see is not something odd.

1 - p(person) works on Ped2 and fails elsewhere, because it measures visibility: dim people and handbags score high and a clear
rider scores low. Here a class speaks only above the most it was ever given in normal video, whatever p(person) is.

People carry bags everywhere, and a few clips of normal video need not show one: a bag that goes along with somebody is no news. One that
stands alone, or flies, is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from vadflow.attributes.observations import ACCESSORIES, Observations
from vadflow.attributes.tails import Tail
from vadflow.attributes.tracklets import speaking

_MIN_OBJECTS = 200
_LEAST = 0.02  # probabilities below this are the detector's background noise
_SILENT = -10.0  # log-odds, below every limit
_NORMAL = 0.999  # quantile of a class's probability over normal objects that is still normal


@dataclass(frozen=True)
class What:
    """A class that is not seen here.

    Attributes:
        limit: (C,) log-odds that normal objects stay under, per class.
    """

    name: ClassVar[str] = "what"
    floor: ClassVar[float] = 0.1
    limit: np.ndarray

    @classmethod
    def fit(cls, normal: Observations) -> Self | None:
        """Supported by some hundred normal objects: a class unseen among few objects may be normal all the same."""
        if len(normal) < _MIN_OBJECTS:
            return None
        limit = _log_odds(np.quantile(normal.probability, _NORMAL, axis=0))
        people = normal.person
        if people.any():  # a person is never odd for being one
            limit[np.argmax(normal.probability[people].sum(axis=0))] = np.inf
        return cls(limit)

    def statistic(self, seen: Observations) -> np.ndarray:
        """(N,) how far the most unusual class stands above its limit, in log-odds; negative = below."""
        return self._excess(seen).max(axis=1, initial=_SILENT)

    def _excess(self, seen: Observations) -> np.ndarray:
        """(N, C) log-odds above the limit; of a bag that somebody carries nothing is said for being a bag."""
        excess = np.asarray(_log_odds(seen.probability) - self.limit)
        bags = np.array([name in ACCESSORIES for name in seen.classes], bool)
        excess[np.ix_(seen.carried, bags)] = _SILENT
        return excess

    def reason(self, seen: Observations, row: int, value: float, tail: Tail) -> str:
        """The class and its probability against the most that normal objects get, in a frame in which the detector saw it."""
        mine = seen.tracklet(row)
        at = speaking(row, mine, self.statistic(seen.pick(mine)) > 0)
        index = int(self._excess(seen.pick(np.array([at])))[0].argmax())
        name = seen.classes[index] or f"class {index}"
        most = 1 / (1 + np.exp(-self.limit[index]))
        return f"what: {name} {seen.probability[at, index]:.2f}; 99.9 % of normal objects stay under {most:.2f}"

    def state(self) -> dict[str, np.ndarray]:
        """The limits."""
        return {"limit": self.limit}

    @classmethod
    def load(cls, state: Mapping[str, np.ndarray]) -> Self:
        """Take back what `state` gave."""
        return cls(state["limit"])


def _log_odds(probability: np.ndarray) -> np.ndarray:
    p = np.clip(probability, _LEAST, 1 - _LEAST)
    return np.log(p / (1 - p))
