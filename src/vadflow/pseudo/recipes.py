"""Writes the recipes of a dataset's training clips, and replays one: the door for systems."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from vadflow.clip import ClipView
from vadflow.pseudo import base

COLUMNS: dict[str, tuple[str, Any]] = {
    "clip": ("str", ""),
    "start": ("int32", 0),
    "kind": ("str", ""),
    "length": ("int32", 0),
    "skip": ("int32", 1),
    "x1": ("float32", 0),
    "y1": ("float32", 0),
    "x2": ("float32", 0),
    "y2": ("float32", 0),
    "dx": ("float32", 0),
    "dy": ("float32", 0),
    "sigma": ("float32", 0),
    "donor_clip": ("str", ""),
    "donor_start": ("int32", -1),
    "seed": ("int64", 0),
}
"""Name -> (dtype, value where a kind does not use it). Boxes and motion in working px; sigma: noise on [0, 1], or soft edge in px."""

TRIES = 10
"""Starts drawn for one recipe before it is given up, as in STEAL's loader (methods.md 1.3)."""


def build(
    clips: Sequence[ClipView],
    kinds: Mapping[str, Any],
    *,
    per_clip: int,
    window: int,
    motion: float,
    seed: int,
) -> pd.DataFrame:
    """Draw the recipes.

    A clip's recipes of one kind depend on the seed, its own name and content, and (for donors) on which clips there are: never on
    the order of clips or on other kinds. Clips that do not move enough, or are shorter than a window, give none.

    Args:
        clips: training clips, with frames and differences.
        kinds: file name -> the kind's own `Params`.
        per_clip: recipes per clip and kind.
        window: frames.
        motion: a window's largest cell difference must exceed this, [0, 1].
        seed: of all randomness.

    Returns:
        columns of `COLUMNS`; zero rows are legal.
    """
    clips = sorted(clips, key=lambda clip: clip.name)
    rows = []
    for clip in clips:
        change = peak_change(clip.differences)
        for kind, params in sorted(kinds.items()):
            rng = np.random.default_rng([seed, _number(clip.name), _number(kind)])
            for _ in range(per_clip):
                row = _recipe(rng, clip, change, kind=(kind, params), window=window, motion=motion, donors=clips)
                if row is not None:
                    rows.append(row)
    filled = {name: [row.get(name, default) for row in rows] for name, (_, default) in COLUMNS.items()}
    return pd.DataFrame(filled).astype({name: dtype for name, (dtype, _) in COLUMNS.items()})


def replay(row: Any, clip: ClipView, donor: ClipView | None, window: int) -> np.ndarray:
    """Make the anomalous window of a recipe.

    Args:
        row: one row of the table, columns as attributes (`table.itertuples()`).
        clip: the clip of that name.
        donor: the clip called `donor_clip`; None where that is ''.
        window: frames wanted; the recipe's `length` is what its start was checked for.

    Returns:
        (window, h, w, C) uint8.
    """
    return base.load(row.kind).replay(row, clip.frames, window, None if donor is None else donor.frames)


def peak_change(differences: np.ndarray) -> np.ndarray:
    """(T,) float32: the largest cell difference of each frame to the one before; 0 for the first, which has none."""
    peaks = np.asarray(differences, dtype=np.float32).reshape(len(differences), -1).max(axis=1)
    peaks[:1] = 0
    return peaks


def _recipe(
    rng: np.random.Generator,
    clip: ClipView,
    change: np.ndarray,
    *,
    kind: tuple[str, Any],
    window: int,
    motion: float,
    donors: Sequence[ClipView],
) -> base.Row | None:
    """Draw until the window moves and fits; a moving window that never fits is held at the clip's end; None where nothing moves."""
    name, params = kind
    held = None
    for _ in range(TRIES if len(change) >= window else 0):
        start = int(rng.integers(0, len(change) - window + 1))
        drawn = base.load(name).draw(rng, clip, start=start, window=window, params=params, donors=donors)
        row = {
            "clip": clip.name,
            "start": start,
            "kind": name,
            "length": window,
            **drawn,
            "seed": int(rng.integers(2**31)),
        }
        end = start + row.get("skip", 1) * (window - 1)
        if change[start + 1 : end + 1].max(initial=0) <= motion:
            continue
        if end < len(change):
            return row
        held = row
    return held


def _number(text: str) -> int:
    return zlib.crc32(text.encode())
