"""Control of object-level systems: minus the number of people. It reached 73 micro on a real scene where a system with 99.5 on Ped2 got 44."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vadflow.systems.base import NoParams
from vadflow.systems.controls import Control


class Params(NoParams):
    """Nothing to choose."""


class System(Control):
    """Fewer people, higher score."""

    def values(self, objects: pd.DataFrame, length: int) -> np.ndarray:
        """(T,) minus the number of people."""
        people = objects.frame[objects.class_name == "person"].to_numpy()
        return -np.bincount(people, minlength=length).astype(np.float64)
