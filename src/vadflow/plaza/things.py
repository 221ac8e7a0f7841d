"""Things made of parts, in body axes: bicycle, cart, skateboard and bag, and the props of a scene."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from vadflow.plaza.parts import Colour, Part, ball, box, ring, rod, shade

RUBBER: Colour = (34, 34, 36)
STEEL: Colour = (150, 154, 158)
WOOD: Colour = (124, 88, 58)
CRANK = (0.14, 0.30)
"""(forward, up) of the crank from the saddle's foot point, metres: the rider's feet need it."""


def bicycle(pedal: float, colour: Colour) -> list[Part]:
    """A bicycle with its saddle above the origin; `pedal` is the crank's turn in radians."""
    hub_r, hub_f, crank = (-0.40, 0.0, 0.34), (0.66, 0.0, 0.34), (CRANK[0], 0.0, CRANK[1])
    seat, stem, bar = (-0.08, 0.0, 0.84), (0.50, 0.0, 0.86), (0.47, 0.0, 1.04)
    parts = [ring(hub, 0.33, 0.022, RUBBER) for hub in (hub_r, hub_f)]
    parts += [ball(hub, 0.05, STEEL) for hub in (hub_r, hub_f)]
    for start, end in ((hub_r, crank), (hub_r, seat), (crank, seat), (crank, stem), (seat, stem), (stem, hub_f)):
        parts.append(rod(start, end, 0.024, colour))
    parts += [rod(stem, bar, 0.018, STEEL), rod((0.47, -0.25, 1.04), (0.47, 0.25, 1.04), 0.018, RUBBER)]
    parts.append(rod((-0.20, 0.0, 0.93), (0.06, 0.0, 0.93), 0.045, RUBBER))
    swing = (0.17 * math.cos(pedal), 0.17 * math.sin(pedal))
    parts.append(rod((CRANK[0] - swing[0], 0.06, CRANK[1] - swing[1]), (*crank[:2], CRANK[1]), 0.015, STEEL))
    return parts


def cart(turn: float, colour: Colour, driver: Colour, skin: Colour) -> list[Part]:
    """A small open cart with a roof, a driver and a load bed; `turn` is the wheels' turn in radians."""
    parts = []
    for along in (-0.62, 0.62):
        for side in (-0.46, 0.46):
            hub = np.array([along, side, 0.25])
            spoke = np.array([math.cos(turn), 0.0, math.sin(turn)]) * 0.15
            parts += [ring(hub, 0.22, 0.03, RUBBER, hollow=False)]
            parts.append(rod(hub - spoke, hub + spoke, 0.025, STEEL, order=-0.05))
    parts += box((0.0, 0.0, 0.45), (1.75, 0.9, 0.26), colour)
    parts += box((-0.58, 0.0, 0.78), (0.55, 0.84, 0.42), shade(colour, 0.8))
    parts += box((0.72, 0.0, 0.72), (0.22, 0.84, 0.32), colour)
    chest = np.array([(-0.16, 0.1, 0.72), (-0.16, -0.1, 0.72), (-0.2, 0.17, 1.12), (-0.2, -0.17, 1.12)])
    parts += [Part(chest, 0.09, driver), ball((-0.15, 0.0, 1.38), 0.12, skin), ball((-0.18, 0.0, 1.43), 0.115, RUBBER)]
    parts += [rod((-0.15, s, 1.08), (0.42, s * 0.8, 0.95), 0.045, driver) for s in (-0.2, 0.2)]
    parts += [rod((f, s, 0.6), (f * 0.8, s, 1.68), 0.02, STEEL) for f in (-0.5, 0.62) for s in (-0.4, 0.4)]
    return parts + box((0.04, 0.0, 1.70), (1.25, 0.92, 0.07), (226, 226, 220))


def skateboard(colour: Colour) -> list[Part]:
    """A longboard of 1.2 m, its deck at 0.16 m."""
    deck = [(f, s, 0.15) for f in (-0.46, 0.46) for s in (-0.12, 0.12)]
    deck += [(-0.6, 0.0, 0.18), (0.6, 0.0, 0.18)]
    wheels = [(f, s, 0.065) for f in (-0.38, 0.38) for s in (-0.11, 0.11)]
    return [Part(np.array(deck), 0.03, colour), *(ball(at, 0.065, (244, 228, 150)) for at in wheels)]


def bag(colour: Colour, up: float = 0.0, turn: float = 0.0) -> list[Part]:
    """A travel bag of 0.62 x 0.34 x 0.44 m standing `up` metres above the ground, rolled by `turn` radians."""
    cos, sin = math.cos(turn), math.sin(turn)
    roll = np.array([[cos, 0.0, -sin], [0.0, 1.0, 0.0], [sin, 0.0, cos]])
    handle = np.array([(-0.12, 0.0, 0.20), (-0.08, 0.0, 0.32), (0.08, 0.0, 0.32), (0.12, 0.0, 0.20)])
    parts = [*box((0.0, 0.0, 0.0), (0.56, 0.28, 0.38), colour, radius=0.03), Part(handle, 0.018, RUBBER, True)]
    for along in (-0.14, 0.14):  # two light straps round it
        strap = [(along, side, height) for side, height in ((0.17, -0.18), (0.17, 0.2), (-0.17, 0.2), (-0.17, -0.18))]
        parts += [rod(*ends, 0.022, (238, 230, 206), order=-0.06) for ends in pairwise(strap)]
    return [part._replace(points=part.points @ roll + (0.0, 0.0, 0.22 + up)) for part in parts]


def prop(kind: str, size: float, rng: np.random.Generator) -> list[Part]:
    """Parts of a standing thing by name, `size` metres high, its front towards the camera (along -left)."""
    makers = {"tree": _tree, "lamp": _lamp, "kiosk": _kiosk, "bench": _bench, "bollard": _bollard}
    return makers[kind](size, rng)


def _tree(size: float, rng: np.random.Generator) -> list[Part]:
    trunk = [
        rod((0, 0, 0), (0.06, 0, 0.62 * size), 0.11, (88, 70, 54)),
        rod((0, 0, 0), (0.02, 0, 0.1), 0.16, (78, 62, 48)),
    ]
    leaves = []
    for _ in range(110):
        way = rng.normal(size=3)
        at = way / np.linalg.norm(way) * rng.uniform(0.35, 1.0) * np.array([0.30, 0.30, 0.25]) * size
        light = 0.78 + 0.32 * (at[2] / (0.25 * size)) + rng.uniform(-0.12, 0.16)
        at[2] += 0.74 * size
        leaves.append(ball(at, rng.uniform(0.035, 0.065) * size, shade((74, 108, 56), light)))
    return trunk + leaves


def _lamp(size: float, rng: np.random.Generator) -> list[Part]:
    iron: Colour = (58, 62, 66)
    return [
        rod((0, 0, 0), (0, 0, size), 0.055, iron),
        rod((0, 0, 0), (0, 0, 0.5), 0.10, shade(iron, 0.85)),
        rod((0.03, 0, 0.1), (0.03, 0, size), 0.015, shade(iron, 1.6), order=-0.2),
        ball((0, 0, size), 0.20, (236, 232, 214), order=-0.1),
    ]


def _kiosk(size: float, rng: np.random.Generator) -> list[Part]:
    parts = box((0, 0, 0.44 * size), (2.0, 1.5, 0.88 * size), (158, 92, 70))
    hatch = np.array([(-0.75, -0.77, 0.42), (0.75, -0.77, 0.42), (0.75, -0.77, 0.76), (-0.75, -0.77, 0.76)])
    parts.append(Part(hatch * (1, 1, size), 0.01, (46, 44, 48), order=-0.3))
    parts += box((0, -0.05, 0.92 * size), (2.4, 2.0, 0.10 * size), (206, 198, 180))
    stripes = np.linspace(-0.9, 0.9, 7)
    for index, at in enumerate(stripes):
        cloth: Colour = (222, 216, 204) if index % 2 else (182, 58, 50)
        slope = np.array([(at, -0.8, 0.84 * size), (at + 0.02, -1.25, 0.72 * size)])
        parts.append(Part(slope, 0.13, cloth, order=-0.6))
    return parts


def _bench(size: float, rng: np.random.Generator) -> list[Part]:
    slats = [rod((-0.8, y, 0.45), (0.8, y, 0.45), 0.05, WOOD) for y in (0.15, 0.0, -0.15)]
    slats += [rod((-0.8, 0.25, z), (0.8, 0.25, z), 0.05, shade(WOOD, 1.1)) for z in (0.65, size)]
    return slats + [rod((x, 0, 0), (x, 0, 0.42), 0.05, RUBBER) for x in (-0.7, 0.7)]


def _bollard(size: float, rng: np.random.Generator) -> list[Part]:
    return [
        rod((0, 0, 0), (0, 0, size), 0.09, (96, 98, 100)),
        rod((0, 0, 0.8 * size), (0, 0, 0.86 * size), 0.095, (214, 204, 160)),
    ]
