"""Reversed sequence: everything moves backwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vadflow.clip import ClipView
from vadflow.params import Section
from vadflow.pseudo.base import Row, steps


class Params(Section):
    """Reversed sequence: nothing to choose."""


def draw(
    rng: np.random.Generator, clip: ClipView, *, start: int, window: int, params: Params, donors: Sequence[ClipView]
) -> Row:
    """Nothing to choose."""
    return {}


def replay(row: Any, frames: np.ndarray, window: int, donor: np.ndarray | None) -> np.ndarray:
    """Read the window's frames, last first."""
    return np.asarray(frames[steps(row.start, 1, window, len(frames))[::-1]])
