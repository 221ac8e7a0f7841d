"""Chooses the rule of fusion and attribute weights: held-out normal frames against pseudo-anomalies, the same way for every scene.

Start from the prior; in turn try every rule in `RULES` and, for each attribute, every share of one in `SHARES`, and keep the best if it
raises the mean AUC over the families of trials by more than its standard error (`_GAIN` for one scene): families, so that many trials of
one kind do not outvote the others. The pseudo-anomalies are `trials.TRIALS` on tracklets of the held-out part of every fold. No share is
0: only its own support test silences an attribute, because a list of trials never holds the anomaly that comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from vadflow.attributes.fusion import Fusion
from vadflow.attributes.model import DENSE, Held, Model, frame_largest
from vadflow.attributes.observations import Observations, join
from vadflow.attributes.posture import readable
from vadflow.attributes.trials import TRIALS

SHARES = (0.5, 1.0)
RULES = (*((cut, False) for cut in (0.0, 0.5, 1.0, 1.5)), (0.0, True))  # truncate, largest
PRIOR = Fusion()
_GAIN = 0.01  # about the standard error of such an AUC from some hundred tracklets of one scene
FAMILIES = {
    "speed": ("skipped", "slowed", "frozen"),
    "way": ("turned", "elsewhere"),
    "class": ("foreign",),
    "size": ("larger",),
    "company": ("gathered",),
    "look": ("disguised",),
    "body": ("fallen", "raised", "kicked", "waving"),
}
_TRACKLETS = 8  # per part and trial
_FRAMES = 40  # of a tracklet that are changed
_LENGTH = 12  # frames; shorter tracklets are often false detections
_ONLY = {"gathered": "many", "disguised": "look"}
"""What one attribute alone can tell, and no other."""
_POSE_TRIALS = ("fallen", "raised", "kicked")


@dataclass(frozen=True)
class Evidence:
    """Surprises (N, A) of normal objects with their frames, and of the changed objects of each trial."""

    names: tuple[str, ...]
    normal: Sequence[tuple[np.ndarray, np.ndarray, int]]
    trials: Mapping[str, np.ndarray]

    def auc(self, fusion: Fusion) -> dict[str, float]:
        """Frame AUC per trial: normal frames against the same frames with one changed object among the others."""

        def total(surprise: np.ndarray) -> np.ndarray:
            said = [fusion.evidence(name, own) for name, own in zip(self.names, surprise.T, strict=True)]
            return fusion.total(said, len(surprise))

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
        if name in _ONLY and _ONLY[name] not in names:
            continue  # nobody else can tell: the trial would dilute the mean
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


@dataclass(frozen=True)
class Choice:
    """A fusion with its mean AUC over families and scenes."""

    fusion: Fusion
    auc: float

    def row(self) -> dict[str, float]:
        """For the training history."""
        now = self.fusion
        rule = {"auc": self.auc, "truncate": now.truncate, "largest": float(now.largest)}
        return rule | {f"weight_{name}": weight for name, weight in now.weights.items()}


def rate(scenes: Sequence[Evidence], fusion: Fusion) -> Choice:
    """Mean over scenes of the mean over families of the mean AUC of their trials; 0.5 where there is nothing to rate by."""
    found = [_by_family(scene.auc(fusion)) for scene in scenes if scene.trials]
    return Choice(fusion, float(np.mean(found)) if found else 0.5)


def _by_family(auc: Mapping[str, float]) -> float:
    members = [[auc[name] for name in family if name in auc] for family in FAMILIES.values()]
    return float(np.mean([np.mean(values) for values in members if values]))


def choose(scenes: Sequence[Evidence], *, search: bool = True) -> tuple[Choice, list[Choice]]:
    """Coordinate search from the prior; ends after two rounds or when nothing gains.

    Args:
        scenes: what `gather` found; one scene in a fit, several where a choice for all of them is looked for.
        search: False keeps the prior.

    Returns:
        the choice, and every try in order; the last one is the choice.
    """
    names = list(dict.fromkeys(name for scene in scenes for name in scene.names))
    least = _GAIN / np.sqrt(len(scenes))  # the standard error of a mean over scenes
    best = rate(scenes, replace(PRIOR, weights=dict.fromkeys(names, 1.0)))
    tries = [best]
    moves: list[Callable[[Fusion], list[Fusion]]] = [_rules, *(partial(_shares, name=name) for name in names)]
    for _ in range(2 if search else 0):
        before = best
        for move in moves:
            found = [rate(scenes, fusion) for fusion in move(best.fusion)]
            tries += found
            top = max(found, key=lambda one: one.auc)
            best = top if top.auc > best.auc + least else best
        if best is before:
            break
    return best, [*tries, best]


def _rules(now: Fusion) -> list[Fusion]:
    return [replace(now, truncate=cut, largest=largest) for cut, largest in RULES]


def _shares(now: Fusion, name: str) -> list[Fusion]:
    return [now.weighing(name, share) for share in SHARES]
