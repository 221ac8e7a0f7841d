"""Who appears: looks drawn from `cast.yaml` (height, build, skin, hair, clothes, pace)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from vadflow.plaza.parts import Colour, shade


@dataclass(frozen=True)
class Look:
    """One person's appearance.

    Attributes:
        height: metres.
        build: width factor, 1 = average.
        pace: preferred walking speed, metres per second.
        wears: garments and hair: any of skirt, coat, short_sleeves, shorts, long_hair, hat, backpack.
    """

    height: float
    build: float
    pace: float
    skin: Colour
    hair: Colour
    top: Colour
    legs: Colour
    shoes: Colour
    bag: Colour
    wears: frozenset[str]


@lru_cache(maxsize=1)
def _cast() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("cast.yaml").read_text(encoding="utf-8"))
    return content


def _number(rng: np.random.Generator, key: str) -> float:
    mean, spread, low, high = _cast()[key]
    return float(np.clip(rng.normal(mean, spread), low, high))


def draw_colour(rng: np.random.Generator, key: str) -> Colour:
    """Draw a colour of the list `key` of the cast, a little lighter or darker each time."""
    choices = _cast()[key]
    red, green, blue = choices[int(rng.integers(len(choices)))]
    return shade((red, green, blue), float(rng.uniform(0.85, 1.12)))


def draw_look(rng: np.random.Generator) -> Look:
    """Draw one person."""
    wears = frozenset(name for name, chance in _cast()["chance"].items() if rng.random() < chance)
    return Look(
        height=_number(rng, "height_m"),
        build=_number(rng, "build"),
        pace=_number(rng, "pace_m_s"),
        skin=draw_colour(rng, "skin"),
        hair=draw_colour(rng, "hair"),
        top=draw_colour(rng, "tops"),
        legs=draw_colour(rng, "legs"),
        shoes=draw_colour(rng, "shoes"),
        bag=draw_colour(rng, "bags"),
        wears=wears,
    )
