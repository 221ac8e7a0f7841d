"""What an attribute offers. Adding one is adding a file here and its name to `ATTRIBUTES` in `model.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol

import numpy as np

from vadflow.attributes.observations import Observations
from vadflow.attributes.tails import Tail


class Attribute(Protocol):
    """One thing to know about an object. It is built by `fit`, which gives None where normal video does not support it."""

    name: ClassVar[str]
    """Column of the ablation table and of `term_<name>`."""
    floor: ClassVar[float]
    """Least tail scale, in the unit of the statistic."""

    def statistic(self, seen: Observations) -> np.ndarray:
        """(N,) float, higher = rarer; NaN where the attribute cannot speak of this object."""

    def reason(self, seen: Observations, row: int, value: float, tail: Tail) -> str:
        """Say for a person what was seen (the statistic's `value`, smoothed) and what normal looks like."""

    def state(self) -> dict[str, np.ndarray]:
        """Arrays to save."""

    @classmethod
    def load(cls, state: Mapping[str, np.ndarray]) -> Attribute:
        """Take back what `state` gave."""
