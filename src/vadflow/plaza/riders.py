"""Anomalous events that pass through the picture: bicycle, cart, runner, longboard.

Each takes the clip, a generator and the second around which it happens, and gives its actors.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from vadflow.plaza import things
from vadflow.plaza.actors import Actor, always, any_way, person
from vadflow.plaza.body import Pose, bent_leg, dress, keypoints, running
from vadflow.plaza.cast import draw_colour, draw_look
from vadflow.plaza.motion import Shot, cross
from vadflow.plaza.parts import Part, place, turned


def cyclist(shot: Shot, rng: np.random.Generator, when: float) -> list[Actor]:
    """Somebody rides a bicycle through the people."""
    look = replace(draw_look(rng), wears=frozenset(draw_look(rng).wears & {"short_sleeves", "hat", "backpack"}))
    colour, offset = draw_colour(rng, "vehicles"), float(rng.uniform(0, 6.28))
    motion = cross(shot, any_way(shot, rng), float(rng.uniform(3.6, 5.2)), when, float(rng.uniform(0.3, 0.7)))
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

    rider = replace(person(shot, look, motion, pose), anomalous=always(shot), order=-0.02)
    return [Actor("bicycle", motion, lambda t: things.bicycle(-turn(t), colour), always(shot)), rider]


def cart(shot: Shot, rng: np.random.Generator, when: float) -> list[Actor]:
    """A small cart drives where people walk."""
    look, colour = draw_look(rng), draw_colour(rng, "vehicles")
    motion = cross(
        shot, any_way(shot, rng, (-0.1, 0.3)), float(rng.uniform(2.6, 4.0)), when, float(rng.uniform(0.3, 0.7))
    )
    return [
        Actor("car", motion, lambda t: things.cart(-motion.travel[t] / 0.25, colour, look.top, look.skin), always(shot))
    ]


def runner(shot: Shot, rng: np.random.Generator, when: float) -> list[Actor]:
    """Somebody runs."""
    look, offset = draw_look(rng), float(rng.uniform(0, 6.28))
    motion = cross(shot, any_way(shot, rng), float(rng.uniform(3.4, 4.8)), when, float(rng.uniform(0.3, 0.7)))
    stride = 1.45 * look.height
    actor = person(shot, look, motion, lambda t: running(2 * math.pi * motion.travel[t] / stride + offset))
    return [replace(actor, anomalous=always(shot))]


def skater(shot: Shot, rng: np.random.Generator, when: float) -> list[Actor]:
    """Somebody rolls by on a longboard, standing sideways."""
    look, colour, beat = draw_look(rng), draw_colour(rng, "boards"), float(rng.uniform(1.2, 2.4))
    motion = cross(shot, any_way(shot, rng), float(rng.uniform(2.8, 4.2)), when, float(rng.uniform(0.3, 0.7)))

    aside, board = 1.15, 0.19  # radians that the rider is turned from the way, metres above the ground

    def pose(t: int) -> Pose:
        wave = math.sin(beat * t / shot.fps)
        return Pose((0.55, 0.35), (0.9, 0.7), (0.5 * wave, -0.4 * wave), (0.4, 0.4), 0.55, 0.22 + 0.06 * wave)

    def figure(t: int) -> list[Part]:
        return place(dress(pose(t), look), 0.0, 0.0, aside, up=board)

    def joints(t: int) -> np.ndarray:
        return turned(keypoints(pose(t), look), aside) + np.array([0.0, 0.0, board])

    rider = Actor("person", motion, figure, always(shot), order=-0.02, joints=joints)
    return [Actor("skateboard", motion, lambda t: things.skateboard(colour), always(shot)), rider]
