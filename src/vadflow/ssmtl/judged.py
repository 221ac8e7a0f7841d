"""What was judged of a segment: its objects, boxes and windows, with a value per task.

Letters: N objects of the judged frames of a clip, M objects of several clips.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vadflow.attributes.observations import Observations
from vadflow.attributes.tracklets import link

if TYPE_CHECKING:
    from vadflow.ssmtl.params import ScoreParams

PAPER = {"arrow": "arrow_raw", "irregular": "irregular_raw", "middle": "middle", "classes": "distance"}
"""Task -> the value that the paper averages."""


@dataclass(frozen=True)
class Judged:
    """Objects of a segment's judged frames, sorted by frame.

    Attributes:
        seen: the objects.
        row: (N,) number of each among all detected objects of the clip; -1 for a window.
        track: (N,) tracklet of each, linked by IoU.
        frames: (T,) the judged frames, with and without objects.
        values: name -> (N,): a value per task, NaN where a still tube has no say on motion and where the ImageNet teacher was not
            asked; and what `PAPER` names.
    """

    seen: Observations
    row: np.ndarray
    track: np.ndarray
    frames: np.ndarray
    values: Mapping[str, np.ndarray]

    @property
    def detected(self) -> np.ndarray:
        """(N,) bool: a box of the detector, and no window."""
        return self.row >= 0

    def published(self) -> np.ndarray:
        """(N,) the paper's object score: the plain mean of its four tasks, of those that were learned; 0 for windows, which it has not."""
        known = [self.values[name] for name in PAPER.values() if name in self.values]
        return np.where(self.detected, np.mean(known, axis=0), 0.0) if known else np.zeros(len(self.seen))


def linked(seen: Observations, detected: np.ndarray, params: ScoreParams) -> np.ndarray:
    """(N,) tracklets of judged objects; a window never continues a detected box, nor the other way round."""
    track = np.zeros(len(seen), int)
    for rows in (detected, ~detected):
        frame, box = seen.frame[rows], seen.box[rows]
        own = link(frame, box, min_iou=params.link_iou, max_gap=params.link_gap * params.every)
        track[rows] = own + (0 if rows is detected else len(seen))
    return track


def joined(parts: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Task -> values of several segments, one after the other."""
    return {task: np.concatenate([part[task] for part in parts]) for task in parts[0]}


def detected_of(judged: Sequence[Judged]) -> np.ndarray:
    """(M,) bool of several segments: a box of the detector, and no window."""
    return np.concatenate([one.detected for one in judged])
