"""Brings the tasks of `ssmtl` to one scale, adds them up, and says how rare the sum is on held-out normal video.

Averaging raw values, as the paper does, lets the two probabilities drown the two small errors (methods.md 3.5).

The detector's boxes and the fastest windows (`fastest.py`) are two kinds of object, each with its own scale and its own rarity: what
is cut out at the fastest place of a frame looks stranger than a person in the middle of his box.

Letters: M normal objects, N objects, J tasks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vadflow.attributes.tails import Tail, fit_tail, from_array

Calibration = Literal["z", "tail"]
_FLOOR = 1e-3
"""Least spread of a task's values, and least scale of a tail: a task that never varies must not turn noise into alarms."""
_LEAST_TOTAL = 0.01
"""The same for the tail of the summed evidence."""


@dataclass(frozen=True)
class Scale:
    """What normal objects look like to each task.

    Attributes:
        kind: z subtracts the mean and divides by the spread; tail is -log10 of the share of normal objects as strange.
        truncate: evidence up to this is what normal objects do, and is none.
        mean, spread: per task.
        tails: per task.
    """

    kind: Calibration
    truncate: float
    mean: Mapping[str, float]
    spread: Mapping[str, float]
    tails: Mapping[str, Tail]

    def evidence(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Task values (N,) -> evidence (N,), at least 0, comparable between tasks; 0 where a task is silent (NaN)."""
        return {task: np.maximum(self._strangeness(task, values[task]) - self.truncate, 0) for task in self.mean}

    def _strangeness(self, task: str, value: np.ndarray) -> np.ndarray:
        if self.kind == "tail":
            return self.tails[task].surprise(value)
        return np.nan_to_num((value - self.mean[task]) / self.spread[task])

    def state(self) -> dict[str, np.ndarray]:
        """Arrays to save."""
        moments = {f"moments.{task}": np.array([self.mean[task], self.spread[task]]) for task in self.mean}
        return moments | {f"tail.{task}": tail.as_array() for task, tail in self.tails.items()}


def fit_scale(values: Mapping[str, np.ndarray], kind: Calibration, truncate: float) -> Scale:
    """Learn the scale from task values (M,) of held-out normal objects; NaN is left out."""
    mean, spread = {}, {}
    for task, value in values.items():
        known = value[np.isfinite(value)]
        mean[task] = float(known.mean()) if len(known) else 0.0
        spread[task] = max(float(known.std()) if len(known) else 0.0, _FLOOR)
    return Scale(kind, truncate, mean, spread, {task: fit_tail(value, floor=_FLOOR) for task, value in values.items()})


def kinds(detected: np.ndarray) -> list[np.ndarray]:
    """(M,) bool -> the masks of the kinds of object that are told apart: the detector's boxes, and windows if there are any."""
    return [detected, ~detected] if (~detected).any() else [detected]


def fit_scales(
    values: Mapping[str, np.ndarray], detected: np.ndarray, kind: Calibration, truncate: float
) -> tuple[Scale, ...]:
    """One scale for every kind of normal object, from task values (M,)."""
    return tuple(
        fit_scale({task: value[rows] for task, value in values.items()}, kind, truncate) for rows in kinds(detected)
    )


def evidence_of(
    values: Mapping[str, np.ndarray], detected: np.ndarray, scales: Sequence[Scale]
) -> dict[str, np.ndarray]:
    """Task values (N,) -> evidence (N,), each object on the scale of its kind."""
    boxes, windows = scales[0].evidence(values), scales[-1].evidence(values)
    return {task: np.where(detected, boxes[task], windows[task]) for task in boxes}


def load_scale(state: Mapping[str, np.ndarray], tasks: Sequence[str], kind: Calibration, truncate: float) -> Scale:
    """Take back what `Scale.state` gave."""
    mean = {task: float(state[f"moments.{task}"][0]) for task in tasks}
    spread = {task: float(state[f"moments.{task}"][1]) for task in tasks}
    return Scale(kind, truncate, mean, spread, {task: from_array(state[f"tail.{task}"]) for task in tasks})


def weighted(evidence: Mapping[str, np.ndarray], weights: Mapping[str, float]) -> np.ndarray:
    """(N,) weighted mean of the tasks' evidence."""
    total = sum(weights.values())
    return sum((weights[task] * value for task, value in evidence.items()), np.zeros(1)) / max(total, 1e-9)


def fit_rarities(total: np.ndarray, detected: np.ndarray) -> tuple[Tail, ...]:
    """One tail of summed evidence (M,) for every kind of normal object."""
    return tuple(fit_tail(total[rows], floor=_LEAST_TOTAL) for rows in kinds(detected))


def rarity_of(total: np.ndarray, detected: np.ndarray, tails: Sequence[Tail]) -> np.ndarray:
    """Summed evidence (N,) -> -log10 of the share of normal objects of that kind with as much; 0 where no task objects."""
    surprise = np.where(detected, tails[0].surprise(total), tails[-1].surprise(total))
    return np.where(total > 0, surprise, 0.0)
