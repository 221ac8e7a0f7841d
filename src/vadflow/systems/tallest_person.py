"""Control of object-level systems: the height of the largest person, which is how near the nearest one is."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vadflow.systems.base import NoParams
from vadflow.systems.controls import Control, largest


class Params(NoParams):
    """Nothing to choose."""


class System(Control):
    """The tallest person."""

    def values(self, objects: pd.DataFrame, length: int) -> np.ndarray:
        """(T,) largest height of a person, source px; 0 without people."""
        people = objects[objects.class_name == "person"]
        return largest(people.y2 - people.y1, people.frame, length)
