"""Chooses attribute weights and truncation: held-out normal frames against pseudo-anomalies, the same way for every scene.

Start from the prior `MOST`; in turn try every share of it in `SHARES` and every one of `TRUNCATIONS`, keep what raises the mean AUC over
the trials by more than `_GAIN`. The pseudo-anomalies are `trials.TRIALS` on tracklets of the held-out part of every fold. No share is 0: only
its own support test silences an attribute, because a list of trials never holds the anomaly that comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vadflow.attributes.model import DENSE, Held, Model, frame_largest
from vadflow.attributes.observations import Observations, join
from vadflow.attributes.posture import readable
from vadflow.attributes.trials import TRIALS

SHARES = (0.5, 1.0)
MOST = {"where": 0.5}
"""Largest weight where it is not 1: a map drawn by some dozen walks is coarse, and the next walk is often beside it."""
TRUNCATIONS = (0.0, 0.5, 1.0, 1.5)
_GAIN = 0.003
_TRACKLETS = 8  # per part and trial
_FRAMES = 40  # of a tracklet that are changed
_LENGTH = 12  # frames; shorter tracklets are often false detections
_POSE_TRIALS = ("fallen", "raised", "kicked")


@dataclass(frozen=True)
class Evidence:
    """Surprises (N, A) of normal objects with their frames, and of the changed objects of each trial."""

    names: tuple[str, ...]
    normal: Sequence[tuple[np.ndarray, np.ndarray, int]]
    trials: Mapping[str, np.ndarray]

    def auc(self, weights: np.ndarray, truncate: float) -> dict[str, float]:
        """Frame AUC per trial: normal frames against the same frames with one changed object among the others."""

        def total(surprise: np.ndarray) -> np.ndarray:
            return np.clip(surprise - truncate, 0, None) @ weights

        calm = np.concatenate([frame_largest(total(s), frame, n) for s, frame, n in self.normal])
        return {name: _auc(calm, _among(calm, total(surprise))) for name, surprise in self.trials.items()}


def _among(calm: np.ndarray, changed: np.ndarray) -> np.ndarray:
    """A changed object among the others of a normal frame: the larger of the two, frames dealt out in turn."""
    return np.maximum(np.resize(calm, len(changed)), changed)


def _auc(calm: np.ndarray, odd: np.ndarray) -> float:
    """Share of pairs in which the odd frame is above the calm one; ties count half."""
    ordered = np.sort(calm)
    below = np.searchsorted(ordered, odd, side="left")
    upto = np.searchsorted(ordered, odd, side="right")
    return float((below + upto).mean() / 2 / len(calm))


def gather(held: Sequence[Held], model: Model, rng: np.random.Generator) -> Evidence:
    """Apply every trial to some held-out tracklets; a trial that no object can show is left out."""
    names = tuple(name for name in model.tails if name != DENSE)

    def surprise(statistics: Mapping[str, np.ndarray]) -> np.ndarray:
        return np.stack([model.tails[name].surprise(statistics[name]) for name in names], axis=1)

    normal = [(surprise(item.statistics), item.part.seen.frame, len(item.part.flow)) for item in held] if names else []
    trials = {}
    for name, trial in TRIALS.items():
        rows = []
        for item in held:
            changed = [trial(tracklet, rng) for tracklet in _tracklets(item.part.seen, name)]
            if changed and names:
                rows.append(surprise(item.reference.statistics(join(changed), model.smoothing)))
        if rows:
            trials[name] = np.concatenate(rows)
    return Evidence(names, normal, trials)


def _tracklets(seen: Observations, trial: str) -> Iterator[Observations]:
    """Up to `_FRAMES` frames of evenly spaced long tracklets that can show this trial."""
    track, count = np.unique(seen.track, return_counts=True)
    able = readable(seen) if trial in _POSE_TRIALS else np.isfinite(seen.change).all(axis=1)
    if trial in (*_POSE_TRIALS, "waving"):
        count = np.array([min(n, able[seen.track == one].sum()) for one, n in zip(track, count, strict=True)])
    long = track[count >= _LENGTH]
    for one in long[:: max(1, len(long) // _TRACKLETS)][:_TRACKLETS]:
        yield seen.pick(np.flatnonzero(seen.track == one)[:_FRAMES])


def choose(evidence: Evidence, start: Model, *, search: bool = True) -> tuple[Model, list[dict[str, float]]]:
    """Coordinate search; ends after two rounds or when nothing gains.

    Args:
        evidence: what `gather` found.
        start: the model with its prior truncation.
        search: False keeps the prior.

    Returns:
        the model with the chosen weights and truncation, and one row per try: mean and per-trial AUC, weights, truncation.
    """
    names, rows = evidence.names, []
    weights, truncate = np.array([MOST.get(name, 1.0) for name in names]), start.truncate
    if not evidence.trials:
        return replace(start, weights=dict(zip(names, weights.tolist(), strict=True))), []

    def rate(weights: np.ndarray, truncate: float) -> float:
        found = evidence.auc(weights, truncate)
        mean = float(np.mean(list(found.values())))
        tried = {f"weight_{name}": float(value) for name, value in zip(names, weights, strict=True)}
        rows.append(
            {"auc": mean, "truncate": truncate} | tried | {f"auc_{name}": value for name, value in found.items()}
        )
        return mean

    best = rate(weights, truncate)
    for _ in range(2 if search else 0):
        before = best
        for cut in TRUNCATIONS:
            if (found := rate(weights, cut)) > best + _GAIN:
                best, truncate = found, cut
        for index in range(len(names)):
            for share in SHARES:
                tried = weights.copy()
                tried[index] = share * MOST.get(names[index], 1.0)
                if (found := rate(tried, truncate)) > best + _GAIN:
                    best, weights = found, tried
        if best == before:
            break
    rate(weights, truncate)  # the last row of the history is the choice
    chosen = dict(start.weights) | dict(zip(names, weights.tolist(), strict=True))
    return replace(start, weights=chosen, truncate=truncate), rows
