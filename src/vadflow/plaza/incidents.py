"""Anomalous events of people who otherwise look like all others: over the lawn, a fall, a bag left or thrown.

Each takes the clip, a generator and the second around which it happens, and gives its actors.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from vadflow.plaza import things
from vadflow.plaza.actors import Actor, any_way, gait, idling, person
from vadflow.plaza.body import Pose
from vadflow.plaza.cast import draw_colour, draw_look
from vadflow.plaza.motion import Line, Motion, Shot, cross, off_paths, stay
from vadflow.plaza.parts import Part

BESIDE_M = 0.34
"""How far beside its owner a bag is."""


def lawn(shot: Shot, rng: np.random.Generator, when: float) -> list[Actor]:
    """Somebody leaves the paths and crosses the grass; anomalous while on it."""
    look, ways = draw_look(rng), shot.camera.lawn_crossings
    line = Line(ways[int(rng.integers(len(ways)))], rng)
    probe = np.arange(0.0, line.length[-1], 0.1)
    at = line.follow(probe).at
    grass = probe[off_paths(shot.camera, at) & shot.camera.inside(at)]
    first, last = line.visible(shot.camera)
    middle = float(rng.uniform(0.3, 0.7)) * (grass[-1] - grass[0]) + grass[0]
    motion = cross(shot, line, look.pace * 1.2, when, (middle - first) / (last - first))
    return [replace(person(shot, look, motion, gait(look, motion, 0.0)), anomalous=off_paths(shot.camera, motion.at))]


def fall(shot: Shot, rng: np.random.Generator, when: float) -> list[Actor]:
    """A walker stumbles, lies for a while, gets up and goes on."""
    look, seconds = draw_look(rng), shot.seconds()
    down, lie, rise = float(rng.uniform(0.5, 0.8)), float(rng.uniform(0.8, 2.2)), float(rng.uniform(1.3, 1.9))
    since = seconds - when
    tilt = 1.5 * np.clip(since / down, 0, 1) ** 2 * (1 - np.clip((since - down - lie) / rise, 0, 1) ** 1.5)
    upright = np.clip(np.maximum(-since / 0.3, (since - down - lie - rise) / 0.5), 0, 1)
    drift = np.where((since >= 0) & (since < down), 0.5, 0.0)
    motion = cross(
        shot, any_way(shot, rng), look.pace * np.maximum(upright, drift), when, float(rng.uniform(0.25, 0.75))
    )
    walk = gait(look, motion, float(rng.uniform(0, 6.28)))

    def pose(t: int) -> Pose:
        low = float(tilt[t]) / 1.5
        if low == 0.0:
            return walk(t)
        bend = math.sin(math.pi * low)
        arm = (0.9 * bend + 1.6 * low, 1.9 * low)  # they reach for the ground
        knee = (1.1 * bend + 0.2, 0.5)
        return Pose((0.7 * bend, 0.3), knee, arm, (0.6, 0.4), 0.3, lean=0.4 * bend, tilt=float(tilt[t]))

    return [replace(person(shot, look, motion, pose), anomalous=tilt > 0.12)]


def abandon(shot: Shot, rng: np.random.Generator, when: float) -> list[Actor]:
    """Somebody puts a bag down and leaves it; or, the other way round, fetches one that has stood there alone."""
    look, colour, fetch = draw_look(rng), draw_colour(rng, "luggage"), bool(rng.random() < 0.5)
    away = np.abs(shot.seconds() - when)
    pace = look.pace * np.clip((away - 0.7) / 0.3, 0, 1)
    motion = cross(shot, any_way(shot, rng), pace, when, float(rng.uniform(0.35, 0.65)))
    alone = (shot.seconds() < when) if fetch else (shot.seconds() >= when)
    walk, stoop = gait(look, motion, 0.0), np.clip(1 - away / 0.7, 0, 1)

    def pose(t: int) -> Pose:
        low = float(stoop[t])
        if low == 0:
            return walk(t)
        return Pose((0.9 * low, 0.7 * low), (1.3 * low, 1.2 * low), (0.9 * low, 0.4 * low), lean=0.8 * low)

    up = 0.33 * (1 - stoop) * ~alone
    where = _carried(shot, motion, alone, when)
    luggage = Actor("handbag", where, lambda t: things.bag(colour, float(up[t])), alone, order=0.03)
    return [person(shot, look, motion, pose), luggage]


def _carried(shot: Shot, owner: Motion, alone: np.ndarray, when: float) -> Motion:
    """Where a bag is: at its owner's right hand, or, while `alone` (T,) bool, where it stands at second `when`."""
    right = BESIDE_M * np.column_stack([np.sin(owner.heading), -np.cos(owner.heading)])
    here = int(np.clip(round(when * shot.fps), 0, shot.n_frames - 1))
    at = np.where(alone[:, None], (owner.at + right)[here], owner.at + right)
    return Motion(at, np.where(alone, owner.heading[here], owner.heading), owner.travel)


def throw(shot: Shot, rng: np.random.Generator, when: float) -> list[Actor]:
    """Somebody hurls a bag; anomalous are the gesture and, from then on, the bag."""
    look, colour, since = draw_look(rng), draw_colour(rng, "luggage"), shot.seconds() - when
    x, y, angle, reach = _aim(shot, rng)
    path, up, flown = _flight(shot, (x, y), angle, reach, since)
    effort, raised = np.clip(1 - np.abs(since) / 0.6, 0, 1), 2.2 * np.clip(1 + since / 0.5, 0, 1)
    idle = idling(shot, rng)

    def pose(t: int) -> Pose:
        force = float(effort[t])
        if force == 0:
            return idle(t)
        arm = (-0.5 * force, float(raised[t]))
        return Pose((0.35 * force, -0.4 * force), (0.2, 0.2), arm, (0.3, 0.3), lean=0.25 * force)

    def bag(t: int) -> list[Part]:
        return things.bag(colour, float(up[t]), turn=-4.0 * float(flown[t]))

    thrower = replace(person(shot, look, stay(shot, (x, y), angle), pose), anomalous=effort > 0)
    return [thrower, Actor("handbag", path, bag, since > -0.5, order=-0.02)]


def _flight(
    shot: Shot, start: tuple[float, float], angle: float, reach: float, since: np.ndarray
) -> tuple[Motion, np.ndarray, np.ndarray]:
    """A thrown bag's way: raised for half a second, in the air for nearly one, then sliding.

    Args:
        shot: the clip.
        start: the thrower's ground point, metres.
        angle: direction, radians.
        reach: length of the flight, metres.
        since: (T,) seconds since it left the hand.

    Returns:
        motion, height (T,) metres above the ground, and (T,) share of the flight done.
    """
    lasts = 0.95
    flown = np.clip(since / lasts, 0, 1)
    slide = reach * flown + 0.8 * (1 - np.exp(-3 * np.clip(since - lasts, 0, None)))
    raised = 0.35 + 0.9 * np.clip(1 + since / 0.5, 0, 1) ** 2
    up = np.where(since < 0, raised, 1.25 * (1 - flown) + 4.0 * flown * (1 - flown))
    way, right = np.array([math.cos(angle), math.sin(angle)]), np.array([math.sin(angle), -math.cos(angle)])
    at = np.array(start) + (BESIDE_M - 0.02) * right + way * (0.25 + slide)[:, None]
    return Motion(at, np.full(shot.n_frames, angle), slide), up, flown


def _aim(shot: Shot, rng: np.random.Generator) -> tuple[float, float, float, float]:
    """Where to throw from, in which direction (radians) and how far (metres), so that the bag lands in the picture."""
    spots = np.array(shot.camera.spots)
    for _ in range(40):
        x, y = spots[int(rng.integers(len(spots)))] + rng.uniform(-0.4, 0.4, 2)
        angle, reach = float(rng.uniform(0, 6.28)), float(rng.uniform(2.6, 4.2))
        end = np.array([[x + (reach + 1.1) * math.cos(angle), y + (reach + 1.1) * math.sin(angle)]])
        if shot.camera.inside(end, margin=shot.camera.width / 16)[0] and shot.camera.inside(np.array([[x, y]]))[0]:
            break
    return float(x), float(y), angle, reach
