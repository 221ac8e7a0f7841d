"""What should not happen here: one function per event kind. A camera's `events` list says which of them it knows.

Each takes the clip, a generator and the second around which it happens, and gives its actors.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from vadflow.plaza import things
from vadflow.plaza.actors import Actor, gait, idling, person
from vadflow.plaza.body import Pose, bent_leg, dress, running
from vadflow.plaza.cast import draw_colour, draw_look
from vadflow.plaza.motion import Line, Motion, Shot, cross, off_paths, stay
from vadflow.plaza.parts import Part, place

Event = Callable[[Shot, np.random.Generator, float], list[Actor]]


def _way(shot: Shot, rng: np.random.Generator, side: tuple[float, float] = (0.0, 0.45)) -> Line:
    return Line(shot.camera.routes[int(rng.integers(len(shot.camera.routes)))], rng, side)


def _always(shot: Shot) -> np.ndarray:
    return np.ones(shot.n_frames, bool)


def cyclist(shot: Shot, rng: np.random.Generator, when: float) -> list[Actor]:
    """Somebody rides a bicycle through the people."""
    look = replace(draw_look(rng), wears=frozenset(draw_look(rng).wears & {"short_sleeves", "hat", "backpack"}))
    colour, offset = draw_colour(rng, "vehicles"), float(rng.uniform(0, 6.28))
    motion = cross(shot, _way(shot, rng), float(rng.uniform(3.6, 5.2)), when, float(rng.uniform(0.3, 0.7)))
    hip = 0.86 + 0.06 * look.height
    thigh = 0.245 * look.height

    def turn(t: int) -> float:
        return motion.travel[t] * 1.5 + offset

    def pose(t: int) -> Pose:
        legs = []
        for half in (0.0, math.pi):
            foot = (
                things.CRANK[0] + 0.17 * math.cos(-turn(t) + half),
                things.CRANK[1] + 0.17 * math.sin(-turn(t) + half),
            )
            legs.append(bent_leg(foot[0] + 0.08, hip - foot[1] - 0.06, thigh, thigh))
        return Pose((legs[0][0], legs[1][0]), (legs[0][1], legs[1][1]), (0.95, 0.95), (0.15, 0.15), 0.2, 0.5, hip=hip)

    rider = Actor("person", motion, lambda t: dress(pose(t), look), _always(shot), order=-0.02)
    return [Actor("bicycle", motion, lambda t: things.bicycle(-turn(t), colour), _always(shot)), rider]


def cart(shot: Shot, rng: np.random.Generator, when: float) -> list[Actor]:
    """A small cart drives where people walk."""
    look, colour = draw_look(rng), draw_colour(rng, "vehicles")
    motion = cross(shot, _way(shot, rng, (-0.1, 0.3)), float(rng.uniform(2.6, 4.0)), when, float(rng.uniform(0.3, 0.7)))
    return [
        Actor(
            "car", motion, lambda t: things.cart(-motion.travel[t] / 0.25, colour, look.top, look.skin), _always(shot)
        )
    ]


def runner(shot: Shot, rng: np.random.Generator, when: float) -> list[Actor]:
    """Somebody runs."""
    look, offset = draw_look(rng), float(rng.uniform(0, 6.28))
    motion = cross(shot, _way(shot, rng), float(rng.uniform(3.4, 4.8)), when, float(rng.uniform(0.3, 0.7)))
    stride = 1.45 * look.height
    actor = person(shot, look, motion, lambda t: running(2 * math.pi * motion.travel[t] / stride + offset))
    return [replace(actor, anomalous=_always(shot))]


def skater(shot: Shot, rng: np.random.Generator, when: float) -> list[Actor]:
    """Somebody rolls by on a longboard, standing sideways."""
    look, colour, beat = draw_look(rng), draw_colour(rng, "vehicles"), float(rng.uniform(1.2, 2.4))
    motion = cross(shot, _way(shot, rng), float(rng.uniform(2.8, 4.2)), when, float(rng.uniform(0.3, 0.7)))

    def figure(t: int) -> list[Part]:
        wave = math.sin(beat * t / shot.fps)
        pose = Pose((0.55, 0.35), (0.9, 0.7), (0.5 * wave, -0.4 * wave), (0.4, 0.4), 0.55, 0.22 + 0.06 * wave)
        return place(dress(pose, look), 0.0, 0.0, 1.15, up=0.14)

    rider = Actor("person", motion, figure, _always(shot), order=-0.02)
    return [Actor("skateboard", motion, lambda t: things.skateboard(colour), _always(shot)), rider]


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
    motion = cross(shot, _way(shot, rng), look.pace * np.maximum(upright, drift), when, float(rng.uniform(0.25, 0.75)))
    walk = gait(look, motion, float(rng.uniform(0, 6.28)))

    def pose(t: int) -> Pose:
        low = float(tilt[t]) / 1.5
        if low == 0.0:
            return walk(t)
        bend = math.sin(math.pi * low)
        return Pose(
            (0.7 * bend, 0.3),
            (1.1 * bend + 0.2, 0.5),
            (0.9 * bend + 1.6 * low, 1.9 * low),
            (0.6, 0.4),
            0.3,
            0.4 * bend,
            float(tilt[t]),
        )

    return [replace(person(shot, look, motion, pose), anomalous=tilt > 0.12)]


def abandon(shot: Shot, rng: np.random.Generator, when: float) -> list[Actor]:
    """Somebody puts a bag down and leaves it; or, the other way round, fetches one that has stood there alone."""
    look, colour, fetch = draw_look(rng), draw_colour(rng, "bags"), bool(rng.random() < 0.5)
    seconds, pause = shot.seconds(), 0.7
    still = np.clip((np.abs(seconds - when) - pause) / 0.3, 0, 1)
    motion = cross(shot, _way(shot, rng), look.pace * still, when, float(rng.uniform(0.35, 0.65)))
    alone = (seconds < when) if fetch else (seconds >= when)
    walk, stoop = gait(look, motion, 0.0), np.clip(1 - np.abs(seconds - when) / pause, 0, 1)
    here = int(np.clip(round(when * shot.fps), 0, shot.n_frames - 1))
    right = np.array([math.sin(motion.heading[here]), -math.cos(motion.heading[here])])
    resting = stay(shot, motion.at[here] + 0.34 * right, float(motion.heading[here]))
    side = np.column_stack([np.sin(motion.heading), -np.cos(motion.heading)])
    carried = Motion(
        np.where(alone[:, None], resting.at, motion.at + 0.34 * side),
        np.where(alone, resting.heading, motion.heading),
        motion.travel,
    )

    def pose(t: int) -> Pose:
        low = float(stoop[t])
        return (
            walk(t)
            if low == 0
            else Pose((0.9 * low, 0.7 * low), (1.3 * low, 1.2 * low), (0.9 * low, 0.4 * low), lean=0.8 * low)
        )

    held = 0.33 * (1 - stoop) * ~alone
    luggage = Actor("handbag", carried, lambda t: things.bag(colour, float(held[t])), alone, order=0.03)
    return [person(shot, look, motion, pose), luggage]


def throw(shot: Shot, rng: np.random.Generator, when: float) -> list[Actor]:
    """Somebody hurls a bag; anomalous are the gesture and, from then on, the bag."""
    look, colour, seconds = draw_look(rng), draw_colour(rng, "bags"), shot.seconds()
    x, y, angle, reach = _aim(shot, rng)
    since, flight = seconds - when, 0.95
    share = np.clip(since / flight, 0, 1)
    slide = reach * share + 0.8 * (1 - np.exp(-3 * np.clip(since - flight, 0, None)))
    up = np.where(
        since < 0, 0.35 + 0.9 * np.clip(1 + since / 0.5, 0, 1) ** 2, 1.25 * (1 - share) + 4.0 * share * (1 - share)
    )
    way, aside = np.array([math.cos(angle), math.sin(angle)]), np.array([math.sin(angle), -math.cos(angle)])
    at = np.array([x, y]) + 0.32 * aside + way * (0.25 + slide)[:, None]
    path = Motion(at, np.full(shot.n_frames, angle), slide)
    swing, idle = np.clip(1 - np.abs(since) / 0.6, 0, 1), idling(shot, rng)

    def pose(t: int) -> Pose:
        effort, raised = float(swing[t]), 2.2 * float(np.clip(1 + since[t] / 0.5, 0, 1)) * (float(swing[t]) > 0)
        return (
            idle(t)
            if effort == 0
            else Pose(
                (0.35 * effort, -0.4 * effort), (0.2, 0.2), (-0.5 * effort, raised), (0.3, 0.3), lean=0.25 * effort
            )
        )

    thrower = replace(person(shot, look, stay(shot, (x, y), angle), pose), anomalous=swing > 0)
    flying = Actor(
        "handbag", path, lambda t: things.bag(colour, float(up[t]), -4.0 * float(share[t])), since > -0.5, order=-0.02
    )
    return [thrower, flying]


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


KINDS: dict[str, Event] = {f.__name__: f for f in (cyclist, cart, runner, skater, lawn, throw, abandon, fall)}
"""Every event kind by name."""
