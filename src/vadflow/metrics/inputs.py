"""What the metrics are computed on: score tables and labels per clip, checked once before anything is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from vadflow.errors import VadflowError

Scores = Mapping[str, pd.DataFrame]
"""clip -> one row a frame: frame, raw, calibrated, smoothed, and paper (NaN where a system has none)."""
Labels = Mapping[str, np.ndarray]
"""clip -> (T,) uint8, 1 = anomalous. A clip without labels is absent; a dataset without labels is empty."""
Smoother = Callable[[np.ndarray, str], np.ndarray]
"""The one fixed smoother: (T,) scores and their clip, whose frame rate it knows -> (T,) scores, renormalised at the borders."""


@dataclass(frozen=True)
class Judged:
    """One column of scores beside the labels, clips in name order.

    Attributes:
        clips: names.
        labels: (T,) uint8 per clip.
        scores: (T,) float64 per clip.
    """

    clips: tuple[str, ...]
    labels: tuple[np.ndarray, ...]
    scores: tuple[np.ndarray, ...]

    def pooled(self) -> tuple[np.ndarray, np.ndarray]:
        """Return labels and scores of all frames in one row: (N,) uint8 and (N,) float64."""
        if not self.clips:
            return np.zeros(0, np.uint8), np.zeros(0)
        return np.concatenate(self.labels), np.concatenate(self.scores)

    def map(self, change: Callable[[np.ndarray], np.ndarray]) -> Judged:
        """Apply `change` to each clip's scores; an empty clip stays empty."""
        return self.smoothed(lambda scores, clip: change(scores))

    def smoothed(self, smooth: Smoother) -> Judged:
        """Smooth each clip's scores at its own frame rate; an empty clip stays empty."""
        pairs = zip(self.scores, self.clips, strict=True)
        return Judged(self.clips, self.labels, tuple(smooth(s, clip) if len(s) else s for s, clip in pairs))


def judged(scores: Scores, labels: Labels, column: str, where: str = "") -> Judged:
    """Lay one score column beside the labels.

    Args:
        scores: tables of one system and seed.
        labels: labels of the dataset.
        column: raw, calibrated or smoothed.
        where: dataset and system, for messages.

    Returns:
        the labelled clips in name order (order never changes a number).

    Raises:
        VadflowError: a labelled clip has no scores, another number of frames, frames out of order, or a score that is
            not a finite number.
    """
    clips = tuple(sorted(labels))
    columns = tuple(_column(scores, labels, clip, column, where) for clip in clips)
    return Judged(clips, tuple(np.asarray(labels[clip], np.uint8) for clip in clips), columns)


def _column(scores: Scores, labels: Labels, clip: str, column: str, where: str) -> np.ndarray:
    place = f"{where} clip {clip}".strip()
    if clip not in scores:
        raise VadflowError("labels, but no scores", where=place, fix="Score the clip, or drop its labels.")
    table, expected = scores[clip], len(labels[clip])
    if len(table) != expected:
        what = f"expected {expected} scores (one a label), got {len(table)}"
        raise VadflowError(
            what, where=place, fix="Fix the label file or decode the clip again; frame counts must agree."
        )
    if not np.array_equal(table["frame"].to_numpy(), np.arange(expected)):
        raise VadflowError(f"expected frames 0 to {expected - 1} in order", where=place, fix="Score the clip again.")
    values = table[column].to_numpy(dtype=np.float64)
    if not np.isfinite(values).all():
        first = int(np.flatnonzero(~np.isfinite(values))[0])
        raise VadflowError(
            f"score {values[first]} in column {column!r}",
            where=f"{place} frame {first}",
            fix="Every frame needs a finite score.",
        )
    return values


def one_class(labels: Iterable[np.ndarray]) -> bool:
    """Tell whether the whole dataset has normal frames only, anomalous frames only, or none."""
    classes = {int(value) for clip in labels for value in np.unique(clip)}
    return len(classes) < 2


def min_max(scores: np.ndarray) -> np.ndarray:
    """Stretch one clip's scores to [0, 1] with its own extremes (the sin of `auc_legacy`); a constant becomes 0."""
    if len(scores) == 0:
        return scores
    low, high = scores.min(), scores.max()
    return (scores - low) / (high - low) if high > low else np.zeros_like(scores)
