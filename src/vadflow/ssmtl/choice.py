"""Chooses the weights of `ssmtl`'s tasks on held-out normal video and pseudo-anomalies made of it; no test clip has a say.

Every held-out normal frame has a largest object. Into such a frame one changed object is put; a good weighting raises its
largest. The AUC between the frames' maxima without and with it is what is maximised, as a mean over families of changes, so
that many changes of one kind do not outvote the others: the maximum over some twenty objects is what will be judged later.

The search is deterministic: from equal weights, in turn every share in `SHARES` for every task, kept where it gains more than
`GAIN`; two rounds. No share is 0: a list of changes never holds the anomaly that comes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from vadflow.objects.tubes import GAPS, STORED_REACH
from vadflow.ssmtl.scale import weighted
from vadflow.ssmtl.stored import Tubes
from vadflow.ssmtl.training import FORWARD

SHARES = (0.25, 0.5, 1.0)
GAIN = 0.005
FAMILIES = {"motion": ("reversed", "skipped"), "look": ("swapped", "patched"), "class": ("foreign",)}

Changed = tuple[np.ndarray, np.ndarray]
"""Tubes (N, L, V, S, S, C) uint8 and class probabilities (N, K)."""


def backwards(tubes: Tubes, rng: np.random.Generator) -> Changed:
    """Played backwards."""
    return tubes.pixels[:, FORWARD[::-1]], tubes.classes


def skipped(tubes: Tubes, rng: np.random.Generator) -> Changed:
    """Every second, third or fourth frame: somebody two to four times as fast."""
    steps = rng.integers(2, GAPS + 1, len(tubes))
    orders = STORED_REACH + (FORWARD - STORED_REACH) * steps[:, None]
    return tubes.pixels[np.arange(len(tubes))[:, None], orders], tubes.classes


def swapped(tubes: Tubes, rng: np.random.Generator) -> Changed:
    """From the middle frame on another object, with its class: a sudden change of appearance."""
    other = rng.permutation(len(tubes))
    found = tubes.pixels[:, FORWARD].copy()
    half = len(FORWARD) // 2
    found[:, half:] = tubes.pixels[other][:, FORWARD[half:]]
    return found, tubes.classes[other]


def patched(tubes: Tubes, rng: np.random.Generator) -> Changed:
    """A piece of another object pasted on, at one place of every view, drifting by a pixel a frame: something carried or ridden."""
    found = tubes.pixels[:, FORWARD].copy()
    side, other = found.shape[3], rng.permutation(len(tubes))
    for n in range(len(tubes)):
        height, width = rng.integers(side // 4, side // 2 + 1, 2)
        top, left, from_top, from_left = (rng.integers(0, side - s + 1) for s in (height, width) * 2)
        drift = rng.integers(-1, 2)
        piece = tubes.pixels[other[n], STORED_REACH, :, from_top : from_top + height, from_left : from_left + width]
        for t in range(len(FORWARD)):
            x = int(np.clip(left + drift * t, 0, side - width))
            found[n, t, :, top : top + height, x : x + width] = piece
    return found, tubes.classes


def foreign(tubes: Tubes, rng: np.random.Generator) -> Changed:
    """Something else in its place: a class other than the commonest gets a tenth to nine tenths."""
    classes = tubes.classes.copy()
    others = np.setdiff1d(np.arange(classes.shape[1]), classes.sum(0).argmax())
    for n in range(len(classes) if len(others) else 0):
        share, kind = np.float32(rng.uniform(0.1, 0.9)), rng.choice(others)
        classes[n] *= 1 - share
        classes[n, kind] = max(classes[n, kind], share)
    return tubes.pixels[:, FORWARD], classes


CHANGES: dict[str, Callable[[Tubes, np.random.Generator], Changed]] = {
    "reversed": backwards,
    "skipped": skipped,
    "swapped": swapped,
    "patched": patched,
    "foreign": foreign,
}


@dataclass(frozen=True)
class Trial:
    """Evidence of normal video and of changed objects.

    Attributes:
        normal: task -> (M,) evidence of held-out normal objects.
        place: (M,) number of the held-out frame each lies in.
        changed: change -> task -> (N,) evidence.
        host: change -> (N,) number of the frame each changed object is put into.
    """

    normal: Mapping[str, np.ndarray]
    place: np.ndarray
    changed: Mapping[str, Mapping[str, np.ndarray]]
    host: Mapping[str, np.ndarray]

    def auc(self, weights: Mapping[str, float]) -> dict[str, float]:
        """Frames without against frames with a changed object, per change."""
        largest = np.full(int(self.place.max(initial=-1)) + 1, -np.inf)
        np.maximum.at(largest, self.place, weighted(self.normal, weights))
        normal = largest[np.isfinite(largest)]
        found = {}
        for change, evidence in self.changed.items():
            if len(self.host[change]):
                found[change] = auc(normal, np.maximum(largest[self.host[change]], weighted(evidence, weights)))
        return found


def auc(low: np.ndarray, high: np.ndarray) -> float:
    """Share of pairs in which `high` is larger; ties count half.

    >>> auc(np.array([1.0, 2.0]), np.array([2.0, 3.0]))
    0.875
    """
    ranks = rankdata(np.concatenate([low, high]))[len(low) :]
    return float((ranks.sum() - len(high) * (len(high) + 1) / 2) / (len(low) * len(high)))


@dataclass(frozen=True)
class Choice:
    """Weights, the mean AUC over families, and the AUC of every change."""

    weights: Mapping[str, float]
    mean: float
    each: Mapping[str, float]

    def row(self) -> dict[str, float]:
        """For the training history."""
        shares = {f"weight_{task}": value for task, value in self.weights.items()}
        return {"auc": self.mean} | {f"auc_{change}": value for change, value in self.each.items()} | shares


def rate(trial: Trial, weights: Mapping[str, float]) -> Choice:
    """Judge one weighting; 0.5 where there is nothing to judge by."""
    each = trial.auc(weights)
    families = [[each[change] for change in family if change in each] for family in FAMILIES.values()]
    found = [float(np.mean(values)) for values in families if values]
    return Choice(weights, float(np.mean(found)) if found else 0.5, each)


def choose(trial: Trial, tasks: Sequence[str], *, search: bool) -> list[Choice]:
    """Every try in order; the last one is the choice. Without `search` the only try is equal weights."""
    tries = [rate(trial, dict.fromkeys(tasks, 1.0))]
    best = tries[0]
    for _ in range(2 if search else 0):
        before = best
        for task in tasks:
            for share in SHARES:
                tries.append(rate(trial, {**best.weights, task: share}))
                best = tries[-1] if tries[-1].mean > best.mean + GAIN else best
        if best is before:
            break
    return [*tries, best]
