"""The fastest person-sized windows of a frame, which are judged like objects beside the boxes of the detector.

A detector that knows people puts the box of a cyclist on half of him, and none on what it has no name for: what moves fastest is
looked at in any case. SSMTL++ (Barbalau et al. 2023) adds boxes from optical flow for that reason. There they are what flow
leaves connected; ours have the size that a person has at that place, because in a crowd all flow is connected.

Letters: N objects, M windows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from vadflow.attributes.dense import Windows
from vadflow.attributes.motion import Pace
from vadflow.attributes.observations import NOISE, Observations, beside
from vadflow.attributes.tracklets import iou

_SAME = 0.6
"""Overlap with a detected box from which a window would only judge the same thing again."""


@dataclass(frozen=True)
class Fastest:
    """How windows are found.

    Attributes:
        pace: how tall people are at each place, and what speeds are divided by there.
        most: windows a frame.
    """

    pace: Pace
    most: int

    def join(self, seen: Observations, flow: np.ndarray, frames: Iterable[int]) -> tuple[Observations, np.ndarray]:
        """Put the windows of some frames among the detected objects.

        Args:
            seen: detected objects, sorted by frame.
            flow: (T, gh, gw, 2) of the clip, source px/frame.
            frames: where windows are wanted.

        Returns:
            objects and windows, sorted by frame, and their rows: (N + M,) number among `seen`, -1 for a window.
        """
        windows = Windows(self.pace, seen.size, (flow.shape[1], flow.shape[2]))
        found = [
            (t, box)
            for t in frames
            for box in self._of(windows, flow[t], seen.box[slice(*np.searchsorted(seen.frame, [t, t + 1]))])
        ]
        added = beside(seen, np.array([t for t, _ in found], int), np.array([box for _, box in found]).reshape(-1, 4))
        rows = np.concatenate([np.arange(len(seen)), np.full(len(found), -1)])
        order = np.argsort(added.frame, kind="stable")
        return added.pick(order), rows[order]

    def _of(self, windows: Windows, flow: np.ndarray, taken: np.ndarray) -> list[tuple[float, float, float, float]]:
        """The fastest windows of one frame, none of which has its middle in another's, and none on a `taken` (n, 4) box."""
        pace = windows.pace_map(flow)
        found: list[tuple[float, float, float, float]] = []
        while len(found) < self.most:
            row, column = divmod(int(pace.argmax()), pace.shape[1])
            if pace[row, column] * windows.unit(row) < NOISE:  # noise of the flow, and no window
                break
            box = windows.box(row, column)
            if not len(taken) or iou(np.array([box]), taken).max() < _SAME:
                found.append(box)
            pace[windows.cells(row, column)] = 0
        return found
