"""What a pseudo-anomaly file offers, and the one place that loads it by its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from pydantic import Field, model_validator

from vadflow import plugins
from vadflow.clip import ClipView
from vadflow.params import Section

Row = dict[str, Any]
"""Columns of pseudo.parquet; see `recipes.COLUMNS`. A kind fills in only those it uses."""


class PartParams(Section):
    """Of a pseudo-anomaly in a part of the frame; sizes as shares of the frame."""

    in_part: ClassVar[bool] = True
    """Says so to whoever loads a kind by its name: there is a place that is wrong."""

    min_size: float = Field(gt=0, le=1, description="smallest side, share of the frame's side")
    max_size: float = Field(gt=0, le=1, description="largest side, share of the frame's side")
    feather_px: float = Field(ge=0, le=50, description="width of the soft edge, working px")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_size > self.max_size:
            raise ValueError("expected min_size <= max_size")
        return self

    def sides(self, rng: np.random.Generator, clip: ClipView) -> tuple[int, int]:
        """Draw (height, width), px."""
        height, width = (
            max(1, round(side * rng.uniform(self.min_size, self.max_size))) for side in clip.frames.shape[1:3]
        )
        return height, width


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


def moving_box(
    rng: np.random.Generator, clip: ClipView, size: tuple[int, int], *, start: int, span: int
) -> dict[str, int]:
    """A box where something moves: a pixel drawn by how much changes there lies in it.

    Args:
        rng: source of all randomness.
        clip: its frames are read.
        size: (height, width) of the box, px.
        start: first frame looked at.
        span: frames in which the change is measured, at four of them.

    Returns:
        x1, y1, x2, y2, px, inside the frame.
    """
    (h, w), (H, W) = size, clip.frames.shape[1:3]
    first, *later = (
        np.asarray(clip.frames[at], np.float32).sum(axis=2)
        for at in steps(start, max(span // 4, 1), 4, len(clip.frames))
    )
    change = np.square(np.mean([np.abs(frame - first) for frame in later], axis=0)).ravel()
    total = float(change.sum())
    y, x = np.unravel_index(int(rng.choice(change.size, p=change / total if total > 0 else None)), (H, W))
    x1, y1 = (int(np.clip(c - s // 2, 0, side - s)) for c, s, side in ((x, w, W), (y, h, H)))
    return {"x1": x1, "y1": y1, "x2": x1 + w, "y2": y1 + h}


def steps(start: int, skip: int, window: int, n_frames: int) -> np.ndarray:
    """Frame numbers start + skip * i, held at the clip's last frame.

    Returns:
        (window,) int.

    >>> steps(4, 3, 4, 12).tolist()
    [4, 7, 10, 11]
    """
    return np.minimum(start + skip * np.arange(window), n_frames - 1)


def paste(frame: np.ndarray, picture: np.ndarray, opacity: np.ndarray, y: int, x: int) -> None:
    """Lay a picture over a frame, in place; what lies beyond the frame is cut off.

    Args:
        frame: (H, W, C) uint8.
        picture: (h, w, C) in [0, 255], already multiplied by its opacity.
        opacity: (h, w, 1) in [0, 1].
        y, x: where the picture's corner lies, px; may be outside.
    """
    h, w = picture.shape[:2]
    top, left = max(y, 0), max(x, 0)
    bottom, right = min(y + h, frame.shape[0]), min(x + w, frame.shape[1])
    if top >= bottom or left >= right:
        return
    inner = (slice(top - y, bottom - y), slice(left - x, right - x))
    mixed = picture[inner] + (1 - opacity[inner]) * frame[top:bottom, left:right]
    frame[top:bottom, left:right] = np.rint(np.minimum(mixed, 255)).astype(np.uint8)


def feather(size: tuple[int, int], width: float) -> np.ndarray:
    """Opacity of a patch: 1 inside, falling towards its edges.

    Args:
        size: (height, width), px.
        width: of the soft edge, px; 0 for a hard one.

    Returns:
        (h, w) float32 in (0, 1].
    """

    def ramp(n: int) -> np.ndarray:
        edge = np.minimum(np.arange(n), np.arange(n)[::-1]) + 1.0
        return np.minimum(edge / (width + 1), 1.0)

    return np.outer(ramp(size[0]), ramp(size[1])).astype(np.float32)
