"""Frame skipping: everything moves s times as fast. Frames start + s * i, held at the clip's end (methods.md 1.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from vadflow.clip import ClipView
from vadflow.params import Section
from vadflow.pseudo.base import Row, steps


class Params(Section):
    """Frame skipping."""

    skips: list[Annotated[int, Field(ge=2, le=16)]] = Field(min_length=1, description="distances drawn from, frames")


def draw(
    rng: np.random.Generator, clip: ClipView, *, start: int, window: int, params: Params, donors: Sequence[ClipView]
) -> Row:
    """Choose the distance; where it does not fit, `recipes` draws another start first."""
    return {"skip": int(rng.choice(params.skips))}


def replay(row: Any, frames: np.ndarray, window: int, donor: np.ndarray | None) -> np.ndarray:
    """Read every `skip`-th frame."""
    return np.asarray(frames[steps(row.start, row.skip, window, len(frames))])
