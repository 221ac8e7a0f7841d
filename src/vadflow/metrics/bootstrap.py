"""How sure a micro AUC is: resampling whole clips, because frames of one clip are not independent.

Legend: C clips, R resamples. The AUC counts pairs (anomalous frame, normal frame) in the right order. A resample
takes each clip some number of times, and a pair of clips then counts the product of these numbers. So the pairs are
counted once per pair of clips (`ClipPairs`), and 1,000 resamples of 40,000 frames are two small matrix products.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vadflow.metrics.inputs import Judged


@dataclass(frozen=True)
class ClipPairs:
    """What a clip bootstrap needs to know of one column of scores.

    Attributes:
        won: (C, C) float64; [c, d] = pairs (anomalous frame of c, normal frame of d) in the right order, ties half.
        anomalous: (C,) int64 anomalous frames per clip.
        normal: (C,) int64 normal frames per clip.
        clips: names, in the order of the rows.
    """

    won: np.ndarray
    anomalous: np.ndarray
    normal: np.ndarray
    clips: tuple[str, ...]

    def auc(self, times: np.ndarray) -> np.ndarray:
        """Return the micro AUC of each resample.

        Args:
            times: (R, C) how often each clip was drawn.

        Returns:
            (R,) float64; NaN where a resample has one class only.
        """
        pairs = (times @ self.anomalous).astype(np.float64) * (times @ self.normal)
        won = np.einsum("rc,rc->r", times @ self.won, times)
        return np.divide(won, pairs, out=np.full(len(times), np.nan), where=pairs > 0)

    def lost(self) -> np.ndarray:
        """Return (C,) each clip's share of the lost AUC, by its misses and its false alarms; they sum to 1 - AUC."""
        missed = self.anomalous[:, None] * self.normal[None, :] - self.won
        total = float(self.anomalous.sum()) * float(self.normal.sum())
        return (missed.sum(axis=0) + missed.sum(axis=1)) / (2.0 * total) if total else np.zeros(len(self.clips))


def clip_pairs(pool: Judged) -> ClipPairs:
    """Count the ordered pairs between every two clips.

    Args:
        pool: labels and scores of C clips.

    Returns:
        the counts, in O(C N log N) for N frames.
    """
    high = [s[y == 1] for y, s in zip(pool.labels, pool.scores, strict=True)]
    low = [np.sort(s[y == 0]) for y, s in zip(pool.labels, pool.scores, strict=True)]
    anomalous, normal = (np.array([len(part) for part in side], dtype=np.int64) for side in (high, low))
    owner = np.repeat(np.arange(len(high)), anomalous)
    queries = np.concatenate(high) if high else np.zeros(0)
    won = np.zeros((len(high), len(high)))
    for d, values in enumerate(low):
        below, upto = np.searchsorted(values, queries, "left"), np.searchsorted(values, queries, "right")
        won[:, d] = np.bincount(owner, weights=(below + upto) / 2.0, minlength=len(high))
    return ClipPairs(won, anomalous, normal, pool.clips)


def mean_pairs(seeds: list[ClipPairs]) -> ClipPairs:
    """Average the counts over seeds: in every resample, the AUC of the result is the mean of the seeds' AUCs."""
    first = seeds[0]
    return ClipPairs(np.mean([s.won for s in seeds], axis=0), first.anomalous, first.normal, first.clips)


def draws(n_clips: int, resamples: int, seed: int) -> np.ndarray:
    """Draw clips with replacement: (R, C) int64, rows sum to C; the same for every system, so tests are paired."""
    generator = np.random.default_rng(seed)
    return generator.multinomial(n_clips, np.full(n_clips, 1.0 / n_clips), size=resamples)


def interval(pairs: ClipPairs, resamples: int, seed: int) -> tuple[float | None, float | None]:
    """Return the 95 % percentile interval of the micro AUC over clips.

    Resamples in which a class is missing say nothing about an AUC and are left out.

    Args:
        pairs: counts of one system.
        resamples: how many, at least 100 for a usable interval.
        seed: of the draw.

    Returns:
        lower and upper bound in [0, 1]; None and None when fewer than half of the resamples have an AUC.
    """
    if not len(pairs.clips):
        return None, None
    values = pairs.auc(draws(len(pairs.clips), resamples, seed))
    values = values[~np.isnan(values)]
    if 2 * len(values) < resamples or len(values) == 0:
        return None, None
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


@dataclass(frozen=True)
class Comparison:
    """A paired test between two systems on the same clips.

    Attributes:
        better: system with the higher micro AUC.
        worse: the other.
        difference: of the micro AUCs, >= 0.
        low: lower bound of the 95 % interval of the difference.
        high: upper bound.
        p: chance, over resampled clips, that `better` is not better; one-sided, never 0.
    """

    better: str
    worse: str
    difference: float
    low: float
    high: float
    p: float

    def __str__(self) -> str:
        """Say it in words."""
        return f"{self.better} beats {self.worse} by {100 * self.difference:.1f} points with p = {self.p:.3f}"


def compare(a: tuple[str, ClipPairs], b: tuple[str, ClipPairs], resamples: int, seed: int) -> Comparison | None:
    """Test two systems on the same resamples of clips.

    Args:
        a: name and counts.
        b: name and counts, of the same clips in the same order.
        resamples: how many.
        seed: of the draw; the same one for every pair of a table.

    Returns:
        the comparison, from the better system's side; None where an AUC is not defined.
    """
    if a[1].clips != b[1].clips:
        raise ValueError(f"{a[0]} and {b[0]} were judged on different clips")
    if not a[1].clips or a[1].anomalous.sum() == 0 or a[1].normal.sum() == 0:
        return None
    once = np.ones((1, len(a[1].clips)), dtype=np.int64)
    if a[1].auc(once)[0] < b[1].auc(once)[0]:
        a, b = b, a
    difference = float(a[1].auc(once)[0] - b[1].auc(once)[0])
    times = draws(len(a[1].clips), resamples, seed)
    values = a[1].auc(times) - b[1].auc(times)
    values = values[~np.isnan(values)]
    if len(values) == 0:
        return None
    not_better = int(np.sum(values <= 0))
    low, high = (float(v) for v in np.quantile(values, [0.025, 0.975]))
    return Comparison(a[0], b[0], difference, low, high, (1 + not_better) / (1 + len(values)))
