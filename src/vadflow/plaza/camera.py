"""A camera: where it hangs, what it looks at and what may happen there; all of it data in `cameras/<name>.yaml`.

World axes in metres: X right, Y away from the camera along the ground, Z up. The camera hangs at (0, 0, height_m).
"""

from __future__ import annotations

import math
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import Field

from vadflow.errors import VadflowError
from vadflow.params import Section

_FOLDER = Path(__file__).parent / "cameras"


class Path2D(Section):
    """A paved way on the ground."""

    points: list[tuple[float, float]] = Field(min_length=2, description="centre line, (X, Y) metres")
    width: float = Field(gt=0, description="metres")


class Prop(Section):
    """One thing that stands in the scene for good and may hide what passes behind it."""

    kind: str = Field(description="a prop of things.py: tree, lamp, kiosk, bench, bollard")
    at: tuple[float, float] = Field(description="foot point (X, Y), metres")
    size: float = Field(gt=0, description="height, metres")


class Camera(Section):
    """What `cameras/<name>.yaml` holds."""

    width: int = Field(ge=64, le=1920, description="image width, pixels")
    height: int = Field(ge=64, le=1080, description="image height, pixels")
    focal_px: float = Field(gt=0, description="focal length, pixels")
    height_m: float = Field(gt=0, description="height above the ground, metres")
    pitch_deg: float = Field(ge=0, lt=90, description="how far the view points below the horizon, degrees")
    shadow: tuple[float, float] = Field(description="ground shift (X, Y) of a shadow per metre of height")
    wall_y: float = Field(gt=0, description="distance of the building front, metres")
    paths: list[Path2D] = Field(min_length=1, description="paved ways")
    routes: list[Path2D] = Field(min_length=1, description="ways people walk; they go on straight beyond")
    one_way: bool = Field(description="whether everybody follows the routes from their first point to their last")
    spots: list[tuple[float, float]] = Field(description="where people stand, (X, Y) metres")
    lawn_crossings: list[Path2D] = Field(description="ways that lead over the grass; may be none")
    props: list[Prop] = Field(description="standing things")
    walkers: tuple[int, int] = Field(description="fewest and most walkers or pairs that cross per ten seconds")
    standers: tuple[int, int] = Field(description="fewest and most groups that stand about")
    events: list[str] = Field(min_length=1, description="event kinds of events.py that may happen here")

    @cached_property
    def axes(self) -> np.ndarray:
        """(3, 3) rows right, down, forward of the view in world axes."""
        sin, cos = math.sin(math.radians(self.pitch_deg)), math.cos(math.radians(self.pitch_deg))
        return np.array([[1.0, 0.0, 0.0], [0.0, -sin, -cos], [0.0, cos, -sin]])

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Project world points.

        Args:
            points: (N, 3) metres.

        Returns:
            (N, 2) pixels (x, y) and (N,) depth along the view, metres; depth is kept above 0.1 so nothing flips over.
        """
        view = (points - np.array([0.0, 0.0, self.height_m])) @ self.axes.T  # (N, 3)
        depth = np.maximum(view[:, 2], 0.1)
        centre = np.array([(self.width - 1) / 2, (self.height - 1) / 2])
        return centre + self.focal_px * view[:, :2] / depth[:, None], depth

    def inside(self, points: np.ndarray, margin: float = 0.0) -> np.ndarray:
        """Tell which (N, 2) ground points are in the picture; a positive `margin` (pixels) asks for more room.

        Returns:
            (N,) bool.
        """
        pixels, depth = self.project(np.column_stack([points, np.full(len(points), 0.8)]))
        low, high = margin, np.array([self.width, self.height]) - margin
        return ((pixels > low) & (pixels < high)).all(axis=1) & (depth > 0.5) & (points[:, 1] < self.wall_y)


def names() -> list[str]:
    """Names of the cameras there are."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


@lru_cache(maxsize=8)
def load(name: str) -> Camera:
    """Read a camera by name.

    Raises:
        VadflowError: there is no such camera.
    """
    if name not in names():
        raise VadflowError(f"no camera {name!r}", where="camera", fix=f"Choose one of {', '.join(names())}.")
    content: Any = yaml.safe_load((_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return Camera.model_validate(content)
