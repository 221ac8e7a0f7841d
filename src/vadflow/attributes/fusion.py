"""From what single attributes say of an object to one number.

Two rules, both on surprises -log10 p: the *sum* of what is left of each after truncation, Fisher's test over independent ones cut as in
Zaykin et al. (2002), so that many unremarkable attributes do not add up to an alarm; and the *largest*, Tippett's test, for whom one attribute
is enough. A cyclist is fast and no person and somewhere else: a sum hears all three. Who falls is strange in one thing only, and a sum
lets the others speak against him. Which of them a scene's normal video asks for is `attributes.choice`'s to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np


@dataclass(frozen=True)
class Fusion:
    """How surprises become evidence, and evidence one number.

    Attributes:
        weights: per attribute, 0 to 1; 1 for one that is not named.
        truncate: surprise up to which an attribute says nothing.
        largest: the strongest evidence instead of the sum.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    truncate: float = 1.0
    largest: bool = False

    def weight(self, name: str) -> float:
        """Of an attribute."""
        return self.weights.get(name, 1.0)

    def evidence(self, name: str, surprise: np.ndarray) -> np.ndarray:
        """(N,) surprise of an attribute -> (N,) weight * max(0, surprise - truncate)."""
        return self.weight(name) * np.clip(surprise - self.truncate, 0, None)

    def total(self, evidence: Sequence[np.ndarray], count: int) -> np.ndarray:
        """(N,) evidence of every attribute -> (count,) of the objects; zeros where no attribute speaks."""
        if not evidence:
            return np.zeros(count)
        return np.max(evidence, axis=0) if self.largest else np.sum(evidence, axis=0)

    def weighing(self, name: str, weight: float) -> Fusion:
        """The same with another weight of one attribute."""
        return replace(self, weights={**self.weights, name: weight})
