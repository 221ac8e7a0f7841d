"""Baseline: the energy of dense optical flow."""

from __future__ import annotations

import numpy as np

from vadflow.clip import ClipView
from vadflow.systems.cells import CellParams, CellSystem


class Params(CellParams):
    """Only the aggregate."""


class System(CellSystem):
    """Scores the largest patch of squared flow."""

    needs = frozenset({"flow"})
    what = "flow energy"

    def cells(self, clip: ClipView, frame: int) -> np.ndarray:
        """Squared length of the mean flow per cell, source px^2 per frame^2."""
        return np.square(np.asarray(clip.flow[frame], dtype=np.float32)).sum(axis=-1)
