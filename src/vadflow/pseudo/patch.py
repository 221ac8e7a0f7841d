"""A moving patch: a crop of another clip, or of another time and place of the same one, glides through the window.

Source: Astrid et al., Learning not to reconstruct anomalies, BMVC 2021 (patches of CIFAR images there; ours come from the scene, so
that texture alone does not give them away). Edges are feathered for the same reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import Field

from vadflow.clip import ClipView
from vadflow.pseudo.base import PartParams, Row, feather, paste, steps

_PLACES = 8
"""Crops looked at; the one with most texture is taken, because a patch of bare ground on bare ground is no anomaly."""


class Params(PartParams):
    """A moving patch."""

    max_move_px: int = Field(ge=1, le=100, description="fastest motion along x and y, working px a frame")


def draw(
    rng: np.random.Generator, clip: ClipView, *, start: int, window: int, params: Params, donors: Sequence[ClipView]
) -> Row:
    """Choose size, path and donor. `sigma` holds the width of the soft edge; x1..y2 is the patch in the window's first frame."""
    H, W = clip.frames.shape[1:3]
    h, w = params.sides(rng, clip)
    y1, dy = _path(rng, H - h, window, params.max_move_px)
    x1, dx = _path(rng, W - w, window, params.max_move_px)
    if dx == dy == 0:
        dx = int(rng.choice([-1, 1]))  # no room to glide in: it slides over the frame's edge, but it moves
    donor = donors[int(rng.integers(len(donors)))]
    return {
        "x1": x1,
        "y1": y1,
        "x2": x1 + w,
        "y2": y1 + h,
        "dx": dx,
        "dy": dy,
        "sigma": params.feather_px,
        "donor_clip": donor.name,
        "donor_start": int(rng.integers(len(donor.frames))),
    }


def _path(rng: np.random.Generator, room: int, window: int, max_move: int) -> tuple[int, int]:
    """First position and px a frame along one axis, such that the patch stays inside the frame."""
    fastest = min(max_move, room // max(window - 1, 1))
    move = int(rng.integers(-fastest, fastest + 1))
    travel = move * (window - 1)
    return int(rng.integers(max(0, -travel), room - max(0, travel) + 1)), move


def replay(row: Any, frames: np.ndarray, window: int, donor: np.ndarray | None) -> np.ndarray:
    """Paste the donor's crop along its path."""
    if donor is None:
        raise ValueError(f"a patch needs the frames of its donor {row.donor_clip}")
    clip = np.array(frames[steps(row.start, 1, window, len(frames))])  # a copy: memory-mapped frames are read-only
    size = (int(row.y2 - row.y1), int(row.x2 - row.x1))
    crop = _crop(np.asarray(donor[int(row.donor_start)]), size, int(row.seed)).astype(np.float32)
    alpha = feather(size, float(row.sigma))[..., None]
    for i, frame in enumerate(clip):
        paste(frame, alpha * crop, alpha, int(row.y1 + i * row.dy), int(row.x1 + i * row.dx))
    return clip


def _crop(frame: np.ndarray, size: tuple[int, int], seed: int) -> np.ndarray:
    """The most textured of a few places, drawn from the recipe's seed."""
    rng = np.random.default_rng(seed)
    h, w = min(size[0], frame.shape[0]), min(size[1], frame.shape[1])
    tops = rng.integers(0, frame.shape[0] - h + 1, _PLACES)
    lefts = rng.integers(0, frame.shape[1] - w + 1, _PLACES)
    crops = [frame[y : y + h, x : x + w] for y, x in zip(tops, lefts, strict=True)]
    return crops[int(np.argmax([crop.std() for crop in crops]))]
