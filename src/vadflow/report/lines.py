"""Curves as short SVG paths: thousands of frames become at most some hundred points, and no peak is lost."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

WIDTH, HEIGHT = 1000, 200
_LOWEST_THRESHOLD = 0.12  # share of the height under which a threshold line would stick to the floor
_READABLE = 0.35


@dataclass(frozen=True)
class Axis:
    """The vertical axis of a dataset's curves: share = ((value - low) / (high - low)) ** power, clipped to [0, 1]."""

    low: float
    high: float
    power: float = 1.0

    def height(self, values: np.ndarray) -> np.ndarray:
        """Return the distance from the top of the drawing, 0 to HEIGHT."""
        share = (np.asarray(values, np.float64) - self.low) / (self.high - self.low)
        return HEIGHT * (1.0 - np.clip(share, 0.0, 1.0) ** self.power)


def axis(values: np.ndarray, threshold: float | None) -> Axis:
    """Choose an axis that holds all values and keeps the threshold readable.

    Scores in units of surprise run far above the threshold. Where it would lie in the lowest eighth, the axis is
    bent by a power so that it lies at a third; the page says so.

    Args:
        values: (N,) scores of the system looked at.
        threshold: alarm threshold, or None.
    """
    known = [float(v) for v in (values.min(), values.max())] if len(values) else [0.0, 1.0]
    low, high = min(known + ([threshold] if threshold is not None else [])), known[1]
    if threshold is not None:
        high = max(high, low + 1.15 * (threshold - low))
    if high <= low:
        return Axis(low - 0.5, low + 0.5)
    position = (threshold - low) / (high - low) if threshold is not None else 1.0
    bent = 0.0 < position < _LOWEST_THRESHOLD
    return Axis(low, high, float(np.log(_READABLE) / np.log(position)) if bent else 1.0)


def thin(values: np.ndarray, points: int) -> tuple[np.ndarray, np.ndarray]:
    """Keep the lowest and the highest value of each stretch, in time order.

    Args:
        values: (T,).
        points: most points to keep, at least 4.

    Returns:
        frame numbers (K,) int64 rising, and their values (K,), K <= points; first and last frame are always there.
    """
    if len(values) <= points:
        return np.arange(len(values)), values
    edges = np.linspace(0, len(values), points // 2, dtype=np.int64)  # points // 2 - 1 stretches, two points each
    kept = {0, len(values) - 1}
    for start, stop in pairwise(edges):
        part = values[start:stop]
        kept |= {int(start + part.argmin()), int(start + part.argmax())}
    frames = np.array(sorted(kept), dtype=np.int64)
    return frames, values[frames]


def score_path(values: np.ndarray, scale: Axis, points: int) -> str:
    """Draw one clip's scores as an SVG path in WIDTH x HEIGHT units; a single frame becomes a flat line."""
    if len(values) == 0:
        return ""
    if len(values) == 1:
        values = np.repeat(values, 2)
    frames, kept = thin(values, points)
    return path(frames * (WIDTH / (len(values) - 1)), scale.height(kept))


def path(x: np.ndarray, y: np.ndarray) -> str:
    """Write points as an SVG path of whole units: `M0 5L10 7`."""
    pairs = [f"{a} {b}" for a, b in zip(np.rint(x).astype(int).tolist(), np.rint(y).astype(int).tolist(), strict=True)]
    return "M" + "L".join(dict.fromkeys(pairs)) if pairs else ""


def runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """Return the stretches [start, stop) where (T,) flags are set.

    >>> runs(np.array([1, 1, 0, 1]))
    [(0, 2), (3, 4)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(flags) != 0, [0]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
