"""Anomalous events that a near camera sees: somebody gestures wildly, walks against the stream, comes too close.

None of them is fast, and none shows a thing that is not a person: speed and class say nothing here.
Each takes the clip, a generator and the second around which it happens, and gives its actors.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from vadflow.plaza.actors import Actor, always, any_way, gait, idling, person
from vadflow.plaza.body import Pose
from vadflow.plaza.camera import Path2D
from vadflow.plaza.cast import draw_look
from vadflow.plaza.motion import Line, Shot, cross, stay

NEAREST_M = 1.3
"""How far from the camera's foot somebody who comes too close turns away."""
_APART_M = 0.5
"""How much nearer than every route he must be for it to count."""


def gesture(shot: Shot, rng: np.random.Generator, when: float) -> list[Actor]:
    """Somebody stands and throws up the arms, again and again, for two to four seconds."""
    look, spots = draw_look(rng), shot.camera.spots
    x, y = np.array(spots[int(rng.integers(len(spots)))]) + rng.uniform(-0.2, 0.2, 2)
    beat, long, both = float(rng.uniform(5, 8)), float(rng.uniform(1.0, 2.0)), bool(rng.random() < 0.6)
    since = np.abs(shot.seconds() - when)
    force = np.clip((long - since) / 0.3, 0, 1)
    idle = idling(shot, rng)

    def pose(t: int) -> Pose:
        effort = float(force[t])
        if effort == 0:
            return idle(t)
        wave = math.sin(beat * t / shot.fps)
        up = effort * (2.3 + 0.6 * wave)
        other = effort * (2.3 - 0.6 * wave) if both else 0.0
        return Pose((0.0, 0.0), (0.05, 0.05), (up, other), (0.4 * effort, 0.3), 0.12 + 0.7 * effort, lean=0.08 * wave)

    actor = person(shot, look, stay(shot, (float(x), float(y)), float(rng.uniform(0, 6.28))), pose)
    return [replace(actor, anomalous=force > 0)]


def against(shot: Shot, rng: np.random.Generator, when: float) -> list[Actor]:
    """Somebody walks against the stream, at a walker's pace."""
    look = draw_look(rng)
    motion = cross(shot, any_way(shot, rng, (-0.3, 0.1), against=True), look.pace, when, float(rng.uniform(0.35, 0.65)))
    return [
        replace(person(shot, look, motion, gait(look, motion, float(rng.uniform(0, 6.28)))), anomalous=always(shot))
    ]


def close(shot: Shot, rng: np.random.Generator, when: float) -> list[Actor]:
    """Somebody walks up to the camera and away again; anomalous while nearer than anybody ever walks."""
    look, camera = draw_look(rng), shot.camera
    nearest = min(y - route.width / 2 for route in camera.routes for _, y in route.points)
    aside, far = float(rng.uniform(0.5, 1.1)), nearest + 2.0
    side = float(rng.choice([-1.0, 1.0]))
    way = Path2D(
        points=[(-side * 3.0, far), (-side * aside, NEAREST_M), (side * aside, NEAREST_M), (side * 3.0, far)], width=0.1
    )
    line = Line(way, rng, (0.0, 0.0), forward=True)
    motion = cross(shot, line, look.pace, when)
    actor = person(shot, look, motion, gait(look, motion, float(rng.uniform(0, 6.28))))
    return [replace(actor, anomalous=motion.at[:, 1] < nearest - _APART_M)]
