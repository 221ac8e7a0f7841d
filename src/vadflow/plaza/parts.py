"""The one shape everything is made of: a convex solid around a few points (ball, rod, slab, hull), or a hollow ring."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

Colour = tuple[int, int, int]
"""RGB, 0 to 255."""
Point = Sequence[float] | np.ndarray
"""Three metres."""


class Part(NamedTuple):
    """A convex hull of points, grown by a radius.

    Attributes:
        points: (N, 3) metres; body axes (forward, left, up) until placed, world axes afterwards.
        radius: metres.
        colour: RGB.
        hollow: draw only the closed outline, `radius` thick.
        order: added to the part's depth in metres when a figure's parts are sorted; negative comes to the front.
    """

    points: np.ndarray
    radius: float
    colour: Colour
    hollow: bool = False
    order: float = 0.0


def turned(points: np.ndarray, heading: float) -> np.ndarray:
    """(N, 3) body axes to world axes of somebody who stands at the origin and faces `heading` radians."""
    cos, sin = math.cos(heading), math.sin(heading)
    return points @ np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])


def place(parts: Sequence[Part], x: float, y: float, heading: float, up: float = 0.0) -> list[Part]:
    """Move parts from body axes to the world: to ground point (x, y), facing `heading` radians (0 looks along +X)."""
    if not parts:
        return []
    moved = turned(np.concatenate([part.points for part in parts]), heading) + np.array([x, y, up])
    placed, start = [], 0
    for part in parts:
        end = start + len(part.points)
        placed.append(Part(moved[start:end], part.radius, part.colour, part.hollow, part.order))
        start = end
    return placed


@lru_cache(maxsize=4096)
def shade(colour: Colour, gain: float) -> Colour:
    """Make a colour lighter (gain above 1) or darker."""
    red, green, blue = (min(255, max(0, round(channel * gain))) for channel in colour)
    return red, green, blue


def rod(start: Point, end: Point, radius: float, colour: Colour, order: float = 0.0) -> Part:
    """A rod with round ends."""
    return Part(np.array([start, end], float), radius, colour, order=order)


def ball(centre: Point, radius: float, colour: Colour, order: float = 0.0) -> Part:
    """A ball."""
    return Part(np.array([centre], float), radius, colour, order=order)


def ring(centre: Point, size: float, width: float, colour: Colour, hollow: bool = True) -> Part:
    """A wheel of radius `size` in the plane forward-up; a full disc when not hollow."""
    turns = np.linspace(0, 2 * math.pi, 18, endpoint=False)
    rim = np.column_stack([np.cos(turns), np.zeros(18), np.sin(turns)]) * size
    return Part(rim + np.array(centre, float), width, colour, hollow)


_FACES = {
    "top": ([4, 5, 7, 6], 1.12),
    "front": ([1, 3, 7, 5], 0.86),
    "back": ([0, 2, 6, 4], 0.86),
    "left": ([2, 3, 7, 6], 0.70),
    "right": ([0, 1, 5, 4], 0.98),
}


def box(centre: Point, size: Point, colour: Colour, radius: float = 0.01) -> list[Part]:
    """A box in five shaded faces (nobody looks from below); `size` along forward, left, up."""
    signs = np.array([[f, s, u] for u in (-1, 1) for s in (-1, 1) for f in (-1, 1)], float)
    corners = np.array(centre, float) + signs * np.array(size, float) / 2
    return [Part(corners[index], radius, shade(colour, gain)) for index, gain in _FACES.values()]
