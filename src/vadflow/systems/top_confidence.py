"""Control of object-level systems: the detector's largest confidence."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vadflow.systems.base import NoParams
from vadflow.systems.controls import Control, largest


class Params(NoParams):
    """Nothing to choose."""


class System(Control):
    """The surest object."""

    def values(self, objects: pd.DataFrame, length: int) -> np.ndarray:
        """(T,) largest confidence, 0 without objects."""
        return largest(objects.confidence, objects.frame, length)
