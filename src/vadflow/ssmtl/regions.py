"""Regions of `ssmtl` with the tasks that objected, and its anomaly map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from vadflow.attributes.tracklets import iou, smooth, speaking

if TYPE_CHECKING:
    from vadflow.ssmtl.judged import Judged
    from vadflow.ssmtl.params import ScoreParams

REASONS = {
    "arrow": "moves backwards",
    "irregular": "motion irregular",
    "middle": "looks unlike anything normal",
    "knowledge": "shaped unlike anything normal",
    "jigsaw": "parts out of place",
    "inpaint": "looks unlike anything normal, in part",
}
_SAID = 0.5
"""A task is named beside the strongest one if it has at least this share of its weighted evidence."""


@dataclass(frozen=True)
class Explainer:
    """Regions and maps of one clip.

    Attributes:
        judged: its objects, N of them.
        evidence: task -> (N,) on one scale.
        weights: of the tasks.
        surprise: (N,) of the whole object, at least 0.
        params: see `ScoreParams`.
    """

    judged: Judged
    evidence: Mapping[str, np.ndarray]
    weights: Mapping[str, float]
    surprise: np.ndarray
    params: ScoreParams

    @cached_property
    def strength(self) -> np.ndarray:
        """(N,) of the object as a region: what is said of it in two ways counts twice, smoothed along its tracklet as task values are.

        A box of the detector and a window of fast flow at one place are shown by other tubes and judged on other scales, so their agreement
        is news: an object takes the surprise of the strongest one of the other kind beside its own, as far as the two overlap (IoU).
        """
        seen, found = self.judged.seen, self.surprise.astype(np.float64)
        for t in np.unique(seen.frame):
            rows = self._beside(t)
            found[rows] += self._agreed(rows, rows).max(axis=1)
        return smooth(found, seen.frame, self.judged.track, width=self.params.smooth_frames, smoother="centred")

    def _beside(self, frame: int) -> np.ndarray:
        """Rows of a frame's objects."""
        return np.arange(*np.searchsorted(self.judged.seen.frame, [frame, frame + 1]))

    def _agreed(self, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
        """(rows, others) surprise of each other object of another kind, as far as the two overlap."""
        box, detected = self.judged.seen.box, self.judged.detected
        return np.where(
            detected[rows, None] != detected[None, others], iou(box[rows], box[others]) * self.surprise[others], 0.0
        )

    def strangest(self, rows: np.ndarray) -> list[int]:
        """The rows to report of a frame's, strongest first; one thing is reported once.

        At a low detector confidence a thing often has several boxes; of those that overlap the strongest speaks.
        """
        order, box = rows[np.argsort(-self.strength[rows], kind="stable")], self.judged.seen.box
        overlap = iou(box[order], box[order])
        kept: list[int] = []
        for number, row in enumerate(order):
            strange = self.strength[row] >= self.params.region_surprise
            if strange and (overlap[number, kept] <= self.params.region_overlap).all():
                kept.append(number)
        return [int(row) for row in order[kept[: self.params.regions]]]

    def reason(self, row: int) -> str:
        """Which tasks objected, strongest first, and what each of them says: `motion irregular (irregular 3.1, middle 0.2)`.

        Where none of them objects to the object itself, its strength came from the one beside it or from another frame, which speaks then.
        """
        row, window = self._speaker(row), not self.judged.detected[row]
        said = {task: self.weights[task] * float(value[row]) for task, value in self.evidence.items()}
        strongest = max(said.values())
        named = [
            task for task in sorted(said, key=said.__getitem__, reverse=True) if said[task] >= _SAID * strongest > 0
        ]
        words = "; ".join(self._words(task, row) for task in named) or "nothing strange"
        words += ", where the flow is fastest" if window else ""
        return f"{words} ({', '.join(f'{task} {float(value[row]):.1f}' for task, value in self.evidence.items())})"

    def _speaker(self, row: int) -> int:
        """The row itself if some task objects to it; else the one beside it that agrees most, else the nearest of its tracklet."""
        if self._loud[row]:
            return row
        rows = self._beside(self.judged.seen.frame[row])
        agreed = self._agreed(np.array([row]), rows)[0] * self._loud[rows]
        if agreed.any():
            return int(rows[agreed.argmax()])
        mine = np.flatnonzero(self.judged.track == self.judged.track[row])
        return speaking(row, mine, self._loud[mine])

    @cached_property
    def _loud(self) -> np.ndarray:
        """(N,) bool: some task objects."""
        return np.any([self.weights[task] * value > 0 for task, value in self.evidence.items()], axis=0)

    def _words(self, task: str, row: int) -> str:
        if task != "classes":
            return REASONS[task]
        seen = self.judged.seen
        name = seen.classes[int(seen.probability[row].argmax())] or "something"
        return f"does not look as a {name} does here"

    def map(self, rows: np.ndarray) -> np.ndarray:
        """(gh, gw) float32: each box painted with its surprise, the larger one where boxes overlap; 0 elsewhere."""
        height, width = (-(-side // self.params.map_cell) for side in self.judged.seen.size)
        found = np.zeros((height, width), np.float32)
        for row in rows:
            x1, y1, x2, y2 = self.judged.seen.box[row] / self.params.map_cell
            part = (
                slice(int(y1), max(int(np.ceil(y2)), int(y1) + 1)),
                slice(int(x1), max(int(np.ceil(x2)), int(x1) + 1)),
            )
            found[part] = np.maximum(found[part], self.surprise[row])
        return found
