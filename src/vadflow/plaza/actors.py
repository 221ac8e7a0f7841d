"""Actors: what moves through a clip, with its class, its truth and its parts per frame. Here the normal ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vadflow.plaza.body import Pose, dress, keypoints, walking
from vadflow.plaza.cast import Look, draw_look
from vadflow.plaza.motion import Line, Motion, Shot, cross, stay
from vadflow.plaza.parts import Part

CLASSES = ("person", "bicycle", "car", "skateboard", "handbag")
"""Object classes, named as in COCO; a position here is the class id in truth files and in the detector."""

Figure = Callable[[int], list[Part]]
"""Parts in body axes of the actor at a frame."""


@dataclass
class Actor:
    """One object of a clip.

    Attributes:
        kind: its class, one of CLASSES.
        motion: where it is.
        figure: what it looks like.
        anomalous: (T,) bool, whether it is anomalous then if it is seen.
        event: objects of one event that form one region share its number; -1 for normal ones.
        order: metres added to its distance when actors are painted, to settle who is in front at one place.
        joints: (17, 3) COCO keypoints in body axes at a frame, for people; None where nobody knows them.
    """

    kind: str
    motion: Motion
    figure: Figure
    anomalous: np.ndarray
    event: int = -1
    order: float = 0.0
    joints: Callable[[int], np.ndarray] | None = None


def never(shot: Shot) -> np.ndarray:
    """(T,) False."""
    return np.zeros(shot.n_frames, bool)


def always(shot: Shot) -> np.ndarray:
    """(T,) True."""
    return np.ones(shot.n_frames, bool)


def any_way(
    shot: Shot, rng: np.random.Generator, side: tuple[float, float] = (0.0, 0.45), against: bool = False
) -> Line:
    """Draw one of the camera's routes and a lane on it; the wrong way round with `against`, where there is a wrong way."""
    camera = shot.camera
    return Line(camera.routes[int(rng.integers(len(camera.routes)))], rng, side, usual_way(shot, against))


def usual_way(shot: Shot, against: bool = False) -> bool | None:
    """What `Line` is told of the direction: None where both are normal."""
    return not against if shot.camera.one_way else None


def gait(look: Look, motion: Motion, offset: float) -> Callable[[int], Pose]:
    """Walk by the covered distance: the legs swing with speed and stand when it is nil."""
    stride = 0.80 * look.height
    step = np.abs(np.gradient(motion.travel)) if len(motion.travel) > 1 else np.ones(1)
    usual = max(float(step.max()), 1e-6)
    swing = 0.42 * np.clip(step / usual, 0, 1)

    def pose(t: int) -> Pose:
        return walking(2 * math.pi * motion.travel[t] / stride + offset, float(swing[t]))

    return pose


def person(shot: Shot, look: Look, motion: Motion, pose: Callable[[int], Pose]) -> Actor:
    """A normal person in given poses."""
    return Actor(
        "person", motion, lambda t: dress(pose(t), look), never(shot), joints=lambda t: keypoints(pose(t), look)
    )


def pace_with_pause(shot: Shot, pace: float, rng: np.random.Generator) -> np.ndarray:
    """(T,) speed in metres per second; one walker in six stops for a while, softly."""
    speed = np.full(shot.n_frames, pace)
    if rng.random() < 1 / 6:
        start, long = rng.uniform(0, shot.n_frames / shot.fps), rng.uniform(1.5, 4.0)
        inside = np.minimum(shot.seconds() - start, start + long - shot.seconds())
        speed = pace * np.clip(-inside / 0.35, 0.0, 1.0)
    return speed


def walkers(shot: Shot, rng: np.random.Generator) -> list[Actor]:
    """One passer-by, or two side by side."""
    camera, look = shot.camera, draw_look(rng)
    way = camera.routes[int(rng.integers(len(camera.routes)))]
    line = Line(way, rng, forward=usual_way(shot))
    first, last = line.visible(camera)
    half = (last - first) / look.pace / 2
    when = float(rng.uniform(-half, shot.n_frames / shot.fps + half))
    motion = cross(shot, line, pace_with_pause(shot, look.pace, rng), when)
    cast = [person(shot, look, motion, gait(look, motion, float(rng.uniform(0, 6.28))))]
    if rng.random() < 0.28:
        other = draw_look(rng)
        left = np.column_stack([-np.sin(motion.heading), np.cos(motion.heading)])
        beside = Motion(motion.at + 0.62 * left, motion.heading, motion.travel)
        cast.append(person(shot, other, beside, gait(other, beside, float(rng.uniform(0, 6.28)))))
    return cast


def standers(shot: Shot, rng: np.random.Generator) -> list[Actor]:
    """One to three people who stand and talk, or wait."""
    spots = shot.camera.spots
    x, y = np.array(spots[int(rng.integers(len(spots)))]) + rng.uniform(-0.3, 0.3, 2)
    count, turn = int(rng.choice([1, 2, 2, 3])), float(rng.uniform(0, 6.28))
    cast = []
    for index in range(count):
        angle = turn + 2 * math.pi * index / count
        at = (x + 0.45 * math.cos(angle) * (count > 1), y + 0.45 * math.sin(angle) * (count > 1))
        motion = stay(shot, at, angle + math.pi)
        cast.append(person(shot, draw_look(rng), motion, idling(shot, rng)))
    return cast


def idling(shot: Shot, rng: np.random.Generator) -> Callable[[int], Pose]:
    """Stand, shift a little, move an arm now and then."""
    beat, offset, lively = rng.uniform(0.8, 1.6), rng.uniform(0, 6.28, 2), float(rng.uniform(0, 0.5))

    def pose(t: int) -> Pose:
        wave = math.sin(beat * t / shot.fps + offset[0])
        talk = lively * max(0.0, math.sin(0.7 * beat * t / shot.fps + offset[1]))
        return Pose((0.03 * wave, -0.03 * wave), (0.05, 0.05), (talk, 0.0), (0.3 + 2.2 * talk, 0.3), lean=0.03 * wave)

    return pose


def passers_by(shot: Shot, rng: np.random.Generator) -> list[Actor]:
    """The normal life of a clip: a number of walkers that grows with its length, and some who stand."""
    low, high = shot.camera.walkers
    seconds = shot.n_frames / shot.fps + 8.0  # those who are half-way at either end count too
    crowd = round(float(rng.uniform(low, high)) * seconds / 10.0)
    cast = [actor for _ in range(crowd) for actor in walkers(shot, rng)]
    groups = int(rng.integers(shot.camera.standers[0], shot.camera.standers[1] + 1))
    return cast + [actor for _ in range(groups) for actor in standers(shot, rng)]
