"""How things get from place to place: positions along a line on the ground, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vadflow.plaza.camera import Camera, Path2D


@dataclass(frozen=True)
class Shot:
    """The clip that is being told: its camera, length in frames and frames per second."""

    camera: Camera
    n_frames: int
    fps: float

    def seconds(self) -> np.ndarray:
        """(T,) time of each frame."""
        return np.arange(self.n_frames) / self.fps


@dataclass(frozen=True)
class Motion:
    """Where something is, per frame.

    Attributes:
        at: (T, 2) ground points, metres.
        heading: (T,) radians, 0 looks along +X.
        travel: (T,) metres covered; legs and wheels turn by it.
    """

    at: np.ndarray
    heading: np.ndarray
    travel: np.ndarray


def stay(shot: Shot, at: tuple[float, float] | np.ndarray, heading: float) -> Motion:
    """Stand still at a ground point (X, Y)."""
    T = shot.n_frames
    return Motion(np.tile(at, (T, 1)).astype(float), np.full(T, heading), np.zeros(T))


class Line:
    """A walkable line with rounded corners, followed by arc length and straight on beyond its ends."""

    def __init__(
        self,
        way: Path2D,
        rng: np.random.Generator,
        side: tuple[float, float] = (0.15, 0.5),
        forward: bool | None = None,
    ) -> None:
        """Draw a direction, unless `forward` says it, and a lane: people keep to their right, `side` says how far (share of the width)."""
        points, turned = np.array(way.points, float), bool(rng.random() < 0.5)
        if turned if forward is None else not forward:
            points = points[::-1]
        for _ in range(3):  # Chaikin's corner cutting
            cut = [np.array([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b]) for a, b in pairwise(points)]
            points = np.concatenate([points[:1], *cut, points[-1:]])
        far = 40.0
        first, last = points[0] - points[1], points[-1] - points[-2]
        head = points[0] + far * first / np.linalg.norm(first)
        tail = points[-1] + far * last / np.linalg.norm(last)
        self.points = np.vstack([head, points, tail])
        self.length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(self.points, axis=0), axis=1))])
        self.lane = -way.width * float(rng.uniform(*side))

    def follow(self, travel: np.ndarray) -> Motion:
        """Be `travel` (T,) metres along the line."""
        centre, ahead = self._point(travel), self._point(travel + 0.3) - self._point(travel - 0.3)
        heading = np.unwrap(np.arctan2(ahead[:, 1], ahead[:, 0]))
        left = np.column_stack([-np.sin(heading), np.cos(heading)])
        return Motion(centre + self.lane * left, heading, travel)

    def visible(self, camera: Camera) -> tuple[float, float]:
        """First and last arc length, metres, that the camera sees."""
        travel = np.arange(0.0, self.length[-1], 0.25)
        seen = travel[camera.inside(self._point(travel))]
        return (float(seen[0]), float(seen[-1])) if len(seen) else (0.0, float(self.length[-1]))

    def _point(self, travel: np.ndarray) -> np.ndarray:
        x = np.interp(travel, self.length, self.points[:, 0])
        return np.column_stack([x, np.interp(travel, self.length, self.points[:, 1])])


def cross(shot: Shot, line: Line, speed: np.ndarray | float, when: float, where: float = 0.5) -> Motion:
    """Move along a line so that at second `when` the share `where` of the visible stretch is reached.

    Args:
        shot: the clip.
        line: the way.
        speed: metres per second, one number or (T,).
        when: seconds from the clip's start, may lie outside the clip.
        where: 0 enters the picture, 1 leaves it.
    """
    first, last = line.visible(shot.camera)
    pace = np.broadcast_to(np.asarray(speed, float), (shot.n_frames,))
    travel = np.concatenate([[0.0], np.cumsum(pace[:-1])]) / shot.fps
    now = float(np.interp(when, shot.seconds(), travel)) + pace[0] * min(0.0, when)
    now += pace[-1] * max(0.0, when - (shot.n_frames - 1) / shot.fps)
    return line.follow(travel - now + first + where * (last - first))


def off_paths(camera: Camera, points: np.ndarray) -> np.ndarray:
    """Tell which (T, 2) ground points lie on the grass.

    Returns:
        (T,) bool.
    """
    grass = np.ones(len(points), bool)
    for way in camera.paths:
        corner = np.array(way.points, float)
        for start, end in pairwise(corner):
            along = np.clip((points - start) @ (end - start) / ((end - start) @ (end - start)), 0, 1)[:, None]
            grass &= np.linalg.norm(points - start - along * (end - start), axis=1) > way.width / 2
    return grass
