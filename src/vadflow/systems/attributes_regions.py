"""Turns surprises into regions with reasons and into an anomaly map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vadflow.attributes.dense import Windows
from vadflow.attributes.model import DENSE, Model, Smoothing
from vadflow.attributes.observations import Observations
from vadflow.attributes.tracklets import iou, speaking
from vadflow.systems.base import Region

_SAME = 0.4  # overlap from which two regions are one; the stronger stays
_LEAST = 1e-6  # evidence that is any
_SEEN = 0.1  # overlap with a box from which a window is that object's
_SAID, _MOST_SAID = 0.5, 3  # so many attributes are named, with at least this share of the strongest one's surprise


@dataclass(frozen=True)
class Explainer:
    """Regions and maps of one clip.

    Attributes:
        model: the fitted attributes.
        seen: the clip's objects.
        statistics: (N,) per attribute, smoothed.
        evidence: (N,) per attribute, weighted.
        surprise: (N,) of the whole object, on the scale of frames.
        windows: dense windows of this clip.
        flow: (T, gh, gw, 2); read once, a frame at a time.
        smoothing: of regions.
        most: regions per frame.
        least: surprise below which a region is not written.
    """

    model: Model
    seen: Observations
    statistics: Mapping[str, np.ndarray]
    evidence: Mapping[str, np.ndarray]
    surprise: np.ndarray
    windows: Windows
    flow: np.ndarray
    smoothing: Smoothing
    most: int
    least: float

    @cached_property
    def said(self) -> dict[str, np.ndarray]:
        """(N,) per attribute and of the window around the object, evened out along its tracklet.

        Whoever is strange stays so, and a moment's doubt about a walker is no region.
        """
        said = {**self.evidence, DENSE: self._around}
        return dict(zip(said, self.smoothing.along(np.stack(list(said.values()), axis=1), self.seen).T, strict=True))

    @cached_property
    def _alone(self) -> dict[str, np.ndarray]:
        """(N,) per attribute, what the moment alone would say: a reason names a value that is half as odd as the object is called, or more."""
        fusion, tails = self.model.fusion, self.model.tails
        return {
            name: fusion.evidence(name, tails[name].surprise(own))
            for name, own in self.statistics.items()
            if name in tails
        }

    @cached_property
    def strength(self) -> np.ndarray:
        """(N,) of the object as a region: its surprise, evened out in the same way, and that of the window around it."""
        return self.smoothing.along(self.surprise, self.seen) + self.said[DENSE]

    def map(self, rows: np.ndarray, dense: np.ndarray) -> np.ndarray:
        """(gh, gw) float32: dense surprise, and in each object's box the object's added to it."""
        found = np.zeros(dense.shape, np.float32)
        for (x1, y1, x2, y2), value in zip(self._cells[rows].tolist(), self.surprise[rows], strict=True):
            inside = found[y1:y2, x1:x2]
            np.maximum(inside, np.float32(value), out=inside)
        return found + dense.astype(np.float32)

    def regions(self, rows: np.ndarray, pace: np.ndarray, dense: np.ndarray) -> list[Region]:
        """Objects and the windows that are fastest; overlapping ones once, strongest first."""
        found = self._windows(rows, pace, dense)
        for row in rows[self.strength[rows] >= self.least]:
            left, top, right, bottom = self.seen.box[row].tolist()
            reason = self._reason(row)
            found.append(Region(left, top, right, bottom, float(self.strength[row]), reason))
        kept: list[Region] = []
        for region in sorted(found, key=lambda region: -region.score):
            if region.score >= self.least and len(kept) < self.most and not _covered(region, kept):
                kept.append(region)
        return kept

    def _reason(self, row: int) -> str:
        """What is named: the strongest attribute, and at most two that say at least half as much."""
        said = sorted(
            ((float(v[row]), name) for name, v in self.said.items() if v[row] > 0 or name == DENSE), reverse=True
        )
        strongest, _ = said[0]
        return "; ".join(
            self._around_reason(row) if name == DENSE else self._object_reason(row, name)
            for value, name in said[:_MOST_SAID]
            if value >= _SAID * strongest
        )

    def _object_reason(self, row: int, name: str) -> str:
        mine, alone = self.seen.tracklet(row), self._alone[name]
        at = speaking(row, mine, alone[mine] >= min(max(_SAID * self.evidence[name][row], _LEAST), alone[mine].max()))
        value = float(self.statistics[name][at])
        return self.model.reference.attributes[name].reason(self.seen, at, value, self.model.tails[name]) + self._when(
            row, at
        )

    def _around_reason(self, row: int) -> str:
        mine = self.seen.tracklet(row)
        at = speaking(row, mine, self._around[mine] > 0)
        cell_row = int(self._middles[at]) // self.windows.grid[1]
        return self._dense_reason(float(self._around_pace[at]), cell_row) + self._when(row, at)

    def _when(self, row: int, at: int) -> str:
        apart = int(self.seen.frame[at] - self.seen.frame[row])
        frames = "1 frame" if abs(apart) == 1 else f"{abs(apart)} frames"
        return f" ({frames} {'later' if apart > 0 else 'ago'})" if apart else ""

    def _dense_reason(self, pace: float, row: int) -> str:
        """Of a window whose middle lies in a row of cells."""
        unit = self.windows.unit(row)
        limit = self.model.tails[DENSE].limit * unit if DENSE in self.model.tails else 0.0
        return (
            f"dense: {pace * unit:.1f} px/frame on average in a person-sized window; in 99.9 % of normal frames "
            f"even the fastest window would stay under {limit:.1f} here"
        )

    def _windows(self, rows: np.ndarray, pace: np.ndarray, dense: np.ndarray) -> list[Region]:
        """The fastest window of a frame and, where it shows something that the detector has no box for, the fastest one beside it."""
        fastest = int(dense.argmax())
        row, column = divmod(fastest, dense.shape[1])
        tall, wide = self.windows.cells(row, column)
        beside = dense.copy()
        high, broad = tall.stop - tall.start, wide.stop - wide.start
        beside[max(row - high, 0) : row + high + 1, max(column - broad, 0) : column + broad + 1] = 0
        first, second = (self._window(cell, pace, dense) for cell in (fastest, int(beside.argmax())))
        box = np.array([[second.x1, second.y1, second.x2, second.y2]])
        seen = iou(box, self.seen.box[rows]).max(initial=0.0) >= _SEEN
        return [first] if seen or not beside.any() else [first, second]

    def _window(self, cell: int, pace: np.ndarray, dense: np.ndarray) -> Region:
        """The window around a cell as a region of its own."""
        x1, y1, x2, y2 = self.windows.box(*divmod(cell, dense.shape[1]))
        reason = self._dense_reason(float(pace.flat[cell]), cell // dense.shape[1])
        return Region(x1, y1, x2, y2, float(dense.flat[cell]), reason)

    @cached_property
    def _cells(self) -> np.ndarray:
        """(N, 4) int: the cells each box touches, xyxy, half-open, at least one."""
        (height, width), (rows, columns) = self.seen.size, self.windows.grid
        box = self.seen.box * np.array([columns / width, rows / height] * 2)
        low = box[:, :2].astype(int)
        return np.concatenate([low, np.maximum(np.ceil(box[:, 2:]).astype(int), low + 1)], axis=1)

    @cached_property
    def _middles(self) -> np.ndarray:
        """(N,) the middle one of them, counted along the rows: the fastest one in the box would be the neighbour's."""
        x1, y1, x2, y2 = self._cells.T
        return np.asarray((y1 + y2 - 1) // 2 * self.windows.grid[1] + (x1 + x2 - 1) // 2)

    @cached_property
    def _around_pace(self) -> np.ndarray:
        """(N,) pace of the window around the middle of every object."""
        pace = np.zeros(len(self.seen))
        for t in np.unique(self.seen.frame):
            rows = np.arange(*np.searchsorted(self.seen.frame, [t, t + 1]))
            pace[rows] = self.windows.pace_map(self.flow[t]).take(self._middles[rows])
        return pace

    @cached_property
    def _around(self) -> np.ndarray:
        """(N,) surprise of that window."""
        return self.model.dense_surprise(self._around_pace)


def _covered(region: Region, kept: list[Region]) -> bool:
    if not kept:
        return False
    boxes = np.array([[one.x1, one.y1, one.x2, one.y2] for one in (region, *kept)])
    return bool(iou(boxes[:1], boxes[1:]).max() >= _SAME)
