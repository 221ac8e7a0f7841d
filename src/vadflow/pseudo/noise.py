"""Gaussian noise: normal motion that looks wrong. New noise in every frame, clipped to what a pixel can hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import Field

from vadflow.clip import ClipView
from vadflow.params import Section
from vadflow.pseudo.base import Row, steps


class Params(Section):
    """Gaussian noise."""

    sigma: float = Field(
        gt=0,
        le=1,
        description="standard deviation on the [0, 1] scale; 0.05 there is 0.1 on the [-1, 1] scale of the papers",
    )


def draw(
    rng: np.random.Generator, clip: ClipView, *, start: int, window: int, params: Params, donors: Sequence[ClipView]
) -> Row:
    """Note the strength; the noise itself comes from the recipe's seed."""
    return {"sigma": params.sigma}


def replay(row: Any, frames: np.ndarray, window: int, donor: np.ndarray | None) -> np.ndarray:
    """Add the noise of the recipe's seed; a shorter window sees the same noise in its frames as a longer one."""
    clean = frames[steps(row.start, 1, window, len(frames))]
    rng = np.random.default_rng(int(row.seed))
    noisy = np.empty_like(clean)
    for i, frame in enumerate(clean):
        noise = rng.standard_normal(frame.shape, dtype=np.float32) * np.float32(row.sigma * 255)
        noisy[i] = np.clip(np.rint(frame + noise), 0, 255).astype(np.uint8)
    return noisy
