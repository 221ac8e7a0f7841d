"""What happens in a clip: how long it is, who passes by, and, in a test clip that is not wholly normal, one or two events.

Everything is drawn from (seed, split, index of the clip), so a clip is the same however many others there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vadflow.plaza import camera as cameras
from vadflow.plaza.actors import Actor, passers_by
from vadflow.plaza.events import KINDS
from vadflow.plaza.motion import Shot
from vadflow.types import SPLITS, Split


@dataclass(frozen=True)
class Plan:
    """One clip before it is drawn.

    Attributes:
        camera: its name.
        seed: of the scene.
        split: train or test.
        index: of the clip in its split, from 0.
        frames: fewest and most frames, both included.
        fps: frames per second.
        kinds: the events that happen, in order.
    """

    camera: str
    seed: int
    split: Split
    index: int
    frames: tuple[int, int]
    fps: float
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Story:
    """One clip, told: its shot and its actors; the generator goes on to the sensor noise."""

    shot: Shot
    actors: list[Actor]
    rng: np.random.Generator


def deal(camera: str, seed: int, turn: int) -> tuple[str, ...]:
    """Deal events to the `turn`-th anomalous clip: one, two, one, two, ... from a pack that is shuffled anew when used up.

    So every kind occurs once before any occurs twice.
    """
    kinds = cameras.load(camera).events
    first, count = turn + turn // 2, 1 + turn % 2
    cards = []
    for number in range(first, first + count):
        pack, place = divmod(number, len(kinds))
        order = np.random.default_rng([seed, 1009, pack]).permutation(len(kinds))
        cards.append(kinds[int(order[place])])
    return tuple(cards)


def tell(plan: Plan) -> Story:
    """Draw who appears and what happens."""
    rng = np.random.default_rng([plan.seed, SPLITS.index(plan.split), plan.index])
    n_frames = int(rng.integers(plan.frames[0], plan.frames[1] + 1))
    shot = Shot(cameras.load(plan.camera), n_frames, plan.fps)
    actors = passers_by(shot, rng)
    for number, (kind, when) in enumerate(zip(plan.kinds, _moments(len(plan.kinds), rng), strict=True)):
        cast = KINDS[kind](shot, rng, when * n_frames / plan.fps)
        region = number * 10
        for actor in cast:
            # a rider and what he rides are one region; a bag and its owner are two
            together = kind in ("cyclist", "skater")
            actors.append(replace(actor, event=region))
            region += 0 if together else 1
    return Story(shot, actors, rng)


def _moments(count: int, rng: np.random.Generator) -> Sequence[float]:
    """When events happen, as shares of the clip: anywhere for one, first and second half for two."""
    if count == 1:
        return [float(rng.uniform(0.15, 0.85))]
    edges = np.linspace(0.05, 0.95, count + 1)
    return [float(rng.uniform(low, high)) for low, high in zip(edges[:-1], edges[1:], strict=True)]
