"""Two tasks of SSMTL++ (Barbalau et al. 2023), as options of `ssmtl`: a jigsaw of the middle crop, and a hole in it.

Letters: N tubes, L frames, C channels, S px.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

PIECES = 4
"""The jigsaw is PIECES x PIECES (methods.md 3.4)."""
SHUFFLES = 100
"""Jigsaw classes: fixed orders of the pieces, the first the identity."""
HOLE = 4
"""A hole has 1 / HOLE of the view's side."""
PLACES = (0.1, 0.375, 0.65)
"""Corners of the three holes that a score is the mean over, as shares of the side along the diagonal."""


def _orders() -> np.ndarray:
    generator = np.random.default_rng(0)
    return np.stack([np.arange(PIECES**2)] + [generator.permutation(PIECES**2) for _ in range(SHUFFLES - 1)])


ORDERS = _orders()
"""(SHUFFLES, PIECES^2): the same for every fit, or saved weights would mean something else."""


def shuffled(view: Tensor, label: Tensor) -> Tensor:
    """Cut (N, L, C, S, S) into pieces and lay them as shuffle `label` (N,) says; label 0 changes nothing."""
    n, frames, channels, side, _ = view.shape
    piece = side // PIECES
    tiles = view.reshape(n, frames, channels, PIECES, piece, PIECES, piece).permute(0, 3, 5, 1, 2, 4, 6)
    tiles = tiles.reshape(n, PIECES**2, frames, channels, piece, piece)
    order = torch.from_numpy(ORDERS).to(view.device)[label]
    tiles = tiles[torch.arange(n, device=view.device)[:, None], order]
    tiles = tiles.reshape(n, PIECES, PIECES, frames, channels, piece, piece).permute(0, 3, 4, 1, 5, 2, 6)
    return tiles.reshape(n, frames, channels, side, side)


def holed(view: Tensor, hole: Tensor) -> Tensor:
    """Blank a square of (N, L, C, S, S) whose upper left corner is `hole` (N, 2), row and column in [0, 1)."""
    return view * ~_mask(hole, view.shape[-1])[:, None, None]


def in_hole(error: Tensor, hole: Tensor) -> Tensor:
    """(N, C, S, S) error to its mean within the hole (N,)."""
    mask = _mask(hole, error.shape[-1])[:, None].float()
    return (error * mask).sum((1, 2, 3)) / (mask.sum((1, 2, 3)) * error.shape[1]).clamp_min(1)


def _mask(hole: Tensor, side: int) -> Tensor:
    """(N, S, S) bool, true in the hole."""
    place = torch.arange(side, device=hole.device) / side
    rows, columns = ((place >= hole[:, i : i + 1]) & (place < hole[:, i : i + 1] + 1 / HOLE) for i in (0, 1))
    return rows[:, :, None] & columns[:, None, :]
