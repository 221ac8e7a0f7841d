"""Frame skipping in one part of the frame: whoever passes there moves s times as fast, while the rest goes on as it was.

`skip` makes everybody fast at once, which no scene ever shows and which a mean over the whole frame sees best. One runner or one cyclist
among walkers is local: so is this. The part is a box with soft edges, drawn where something moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from vadflow.clip import ClipView
from vadflow.pseudo.base import PartParams, Row, feather, moving_box, steps


class Params(PartParams):
    """Frame skipping in a box."""

    skips: list[Annotated[int, Field(ge=2, le=16)]] = Field(min_length=1, description="distances drawn from, frames")


def draw(
    rng: np.random.Generator, clip: ClipView, *, start: int, window: int, params: Params, donors: Sequence[ClipView]
) -> Row:
    """Choose size, distance and a place where something moves."""
    size, skip = params.sides(rng, clip), int(rng.choice(params.skips))
    box = moving_box(rng, clip, size, start=start, span=skip * window)
    return {"skip": skip, **box, "sigma": params.feather_px}


def replay(row: Any, frames: np.ndarray, window: int, donor: np.ndarray | None) -> np.ndarray:
    """Read every `skip`-th frame inside the box, every frame outside."""
    clip = np.array(frames[steps(row.start, 1, window, len(frames))])  # a copy: memory-mapped frames are read-only
    fast = frames[steps(row.start, row.skip, window, len(frames))]
    box = (slice(None), slice(int(row.y1), int(row.y2)), slice(int(row.x1), int(row.x2)))
    alpha = feather((int(row.y2 - row.y1), int(row.x2 - row.x1)), float(row.sigma))[..., None]
    clip[box] = np.rint(alpha * fast[box] + (1 - alpha) * clip[box]).astype(np.uint8)
    return clip
