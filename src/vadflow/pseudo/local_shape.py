"""Another shape in one part of the frame: whoever passes there is twice as wide, larger, or upside down, and moves accordingly.

`local_skip` and `patch` leave a walker a walker, whom a detector finds as surely and as steadily as any other. Something foreign is found
less surely, flickers, and gets other classes: so do these. A cyclist is wide and fast: `wide` is both. The part is a box with
soft edges, drawn where something moves; the shape is drawn from the recipe's seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from vadflow.clip import ClipView
from vadflow.pseudo.base import PartParams, Row, feather, moving_box, steps

SHAPES = {"wide": (2.0, 1.0), "large": (1.6, 1.6), "upside_down": (1.0, -1.0)}
"""Shape -> enlargement along x and y about the middle of the box; a negative one is mirrored."""


class Params(PartParams):
    """A box of another shape."""


def draw(
    rng: np.random.Generator, clip: ClipView, *, start: int, window: int, params: Params, donors: Sequence[ClipView]
) -> Row:
    """Choose size and a place where something moves, now or soon: twice the window is looked at."""
    box = moving_box(rng, clip, params.sides(rng, clip), start=start, span=2 * window)
    return {**box, "sigma": params.feather_px}


def replay(row: Any, frames: np.ndarray, window: int, donor: np.ndarray | None) -> np.ndarray:
    """Show the middle of the box enlarged or mirrored in the whole box."""
    clip = np.array(frames[steps(row.start, 1, window, len(frames))])  # a copy: memory-mapped frames are read-only
    across, along = list(SHAPES.values())[np.random.default_rng(int(row.seed)).integers(len(SHAPES))]
    x, y, w, h = int(row.x1), int(row.y1), int(row.x2 - row.x1), int(row.y2 - row.y1)
    middle = np.array([(w - 1) / 2, (h - 1) / 2])
    linear = np.diag([across, along])
    affine = np.column_stack([linear, middle - linear @ middle])
    alpha = feather((h, w), float(row.sigma))[..., None]
    for frame in clip:
        below = frame[y : y + h, x : x + w]
        shaped = cv2.warpAffine(below, affine, (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        mixed = alpha * shaped.reshape(below.shape) + (1 - alpha) * below
        frame[y : y + h, x : x + w] = np.rint(mixed).astype(np.uint8)
    return clip
