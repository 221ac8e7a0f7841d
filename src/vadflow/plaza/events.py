"""What should not happen here, by name. A camera's `events` list says which of these kinds it knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from vadflow.plaza.actors import Actor
from vadflow.plaza.encounters import against, close, gesture
from vadflow.plaza.incidents import abandon, fall, lawn, throw
from vadflow.plaza.motion import Shot
from vadflow.plaza.riders import cart, cyclist, runner, skater

Event = Callable[[Shot, np.random.Generator, float], list[Actor]]
"""The clip, a generator and the second around which it happens, to its actors."""

_ALL = (cyclist, cart, runner, skater, lawn, throw, abandon, fall, gesture, against, close)
KINDS: dict[str, Event] = {f.__name__: f for f in _ALL}
"""Every event kind by name."""

_ONE_REGION = ("cyclist", "skater")
"""Kinds whose actors move as one thing; elsewhere each actor is a region by itself, as a bag and its owner are."""


def stage(kind: str, shot: Shot, rng: np.random.Generator, when: float, number: int) -> list[Actor]:
    """Let an event happen at second `when`; its regions are numbered from `number` on."""
    cast = KINDS[kind](shot, rng, when)
    step = 0 if kind in _ONE_REGION else 1
    return [replace(actor, event=number + step * index) for index, actor in enumerate(cast)]
