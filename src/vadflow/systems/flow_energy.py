"""Baseline: the energy of dense optical flow."""

from __future__ import annotations

import numpy as np

from vadflow.clip import ClipView
from vadflow.systems.cells import CellParams, CellSystem, flow_energy


class Params(CellParams):
    """Only the aggregate."""


class System(CellSystem):
    """Scores the largest patch of flow."""

    needs = frozenset({"flow"})
    what = "flow energy"

    def cells(self, clip: ClipView, frame: int) -> np.ndarray:
        """Squared length of the mean flow per cell, source px^2 per frame^2."""
        return flow_energy(clip, frame)
