"""What the controls of object-level systems share: a number per frame from the table of objects alone. They learn nothing."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator

import numpy as np
import pandas as pd

from vadflow.clip import ClipView
from vadflow.systems.base import FrameScore
from vadflow.systems.base import System as Base


class Control(Base):
    """A floor: an object-level system that does not beat it has learned nothing from its objects."""

    needs = frozenset({"flow", "objects"})  # flow only tells how long the clip is
    kind = "floor"
    stochastic = False

    @abstractmethod
    def values(self, objects: pd.DataFrame, length: int) -> np.ndarray:
        """(T,) score of every frame."""

    def score(self, clip: ClipView) -> Iterator[FrameScore]:
        """One score a frame."""
        for frame, value in enumerate(self.values(clip.objects, len(clip))):
            yield FrameScore(frame, float(value))


def largest(values: pd.Series, frame: pd.Series, length: int) -> np.ndarray:
    """(T,) the largest value of each frame; 0 where there is none."""
    found = np.zeros(length)
    np.maximum.at(found, frame.to_numpy(), values.to_numpy(np.float64))
    return found
