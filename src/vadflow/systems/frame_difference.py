"""Baseline: how much the picture changes from frame to frame."""

from __future__ import annotations

import numpy as np

from vadflow.clip import ClipView
from vadflow.systems.cells import CellParams, CellSystem


class Params(CellParams):
    """Only the aggregate."""


class System(CellSystem):
    """Scores the largest patch of frame difference."""

    needs = frozenset({"differences"})
    what = "difference"

    def cells(self, clip: ClipView, frame: int) -> np.ndarray:
        """Square of the mean absolute difference per cell, in [0, 1]."""
        return np.square(np.asarray(clip.differences[frame], dtype=np.float32))
