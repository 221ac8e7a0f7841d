"""What happens in a clip: its length, who passes by and, in a test clip that is not wholly normal, one or two events.

Everything is drawn from (seed, split, index of the clip), so a clip is the same however many others there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vadflow.plaza import camera as cameras
from vadflow.plaza.actors import Actor, passers_by
from vadflow.plaza.events import stage
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
    """Deal events to the `turn`-th anomalous clip: one, one, two, one, one, two, ... from a shuffled pack.

    So every kind occurs once before any occurs twice; six clips use up the eight kinds.
    """
    kinds = cameras.load(camera).events
    first, count = turn + turn // 3, 2 if turn % 3 == 2 else 1
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
    moments = _moments(len(plan.kinds), n_frames / plan.fps, rng)
    for number, (kind, when) in enumerate(zip(plan.kinds, moments, strict=True)):
        actors += stage(kind, shot, rng, when, 10 * number)
    return Story(shot, actors, rng)


def _moments(count: int, seconds: float, rng: np.random.Generator) -> Sequence[float]:
    """When events happen: anywhere for one, one part of the clip each for more, never too late to be seen."""
    edges = [0.05, 0.95] if count == 1 else np.linspace(0.0, 1.0, count + 1)
    latest = max(0.4 * seconds, seconds - 0.6)
    return [min(latest, seconds * float(rng.uniform(low, high))) for low, high in pairwise(edges)]
