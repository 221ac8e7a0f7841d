"""What a pseudo-anomaly file offers, and the one place that loads it by its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from vadflow import plugins
from vadflow.clip import ClipView
from vadflow.params import Section

Row = dict[str, Any]
"""Columns of pseudo.parquet; see `recipes.COLUMNS`. A kind fills in only those it uses."""


class Kind(Protocol):
    """A pseudo-anomaly. Adding `pseudo/<key>.py` with these names is all it takes to add one."""

    Params: type[Section]

    def draw(
        self,
        rng: np.random.Generator,
        clip: ClipView,
        *,
        start: int,
        window: int,
        params: Any,
        donors: Sequence[ClipView],
    ) -> Row:
        """Choose what is done to the window that begins at `start`.

        Args:
            rng: source of all randomness.
            clip: training clip; its frames and differences may be read.
            start: first frame of the window, inside the clip.
            window: frames.
            params: the kind's own `Params`.
            donors: all training clips, `clip` among them.

        Returns:
            the columns this kind uses.
        """

    def replay(self, row: Any, frames: np.ndarray, window: int, donor: np.ndarray | None) -> np.ndarray:
        """Make the anomalous window, always the same for the same recipe.

        Args:
            row: a recipe; columns as attributes.
            frames: (T, h, w, C) uint8 of the clip.
            window: frames wanted; may differ from the recipe's `length`.
            donor: (T', h, w, C) uint8 of `donor_clip`, or None where the recipe names none.

        Returns:
            (window, h, w, C) uint8.
        """


def load(kind: str) -> Any:
    """Import the pseudo-anomaly file `vadflow/pseudo/<kind>.py`.

    Raises:
        VadflowError: there is no such file, or it lacks `Params`, `draw` or `replay`.
    """
    return plugins.load("pseudo", kind, ("Params", "draw", "replay"), "pseudo.kinds")


def steps(start: int, skip: int, window: int, n_frames: int) -> np.ndarray:
    """Frame numbers start + skip * i, held at the clip's last frame.

    Returns:
        (window,) int.

    >>> steps(4, 3, 4, 12).tolist()
    [4, 7, 10, 11]
    """
    return np.minimum(start + skip * np.arange(window), n_frames - 1)
