"""Dense flow in person-sized windows: what moves where the detector saw nothing. gh x gw flow cells."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vadflow.attributes.motion import Pace

_HEIGHT, _WIDTH = 1.2, 0.8  # of a person's height: somebody with swinging limbs, and what he rides or pushes
_MIN_CELLS = 3  # a window is at least this many cells high and wide: no specks


@dataclass(frozen=True)
class Windows:
    """Mean pace in a person-sized window around every flow cell.

    Attributes:
        pace: perspective of speeds.
        size: (height, width) of the source, px.
        grid: (gh, gw) of the flow.
    """

    pace: Pace
    size: tuple[int, int]
    grid: tuple[int, int]

    @cached_property
    def _unit(self) -> np.ndarray:
        """(gh, 1) what speeds are divided by: the window's person stands half a height below its middle."""
        height = self.size[0]
        centre = (np.arange(self.grid[0]) + 0.5) * height / self.grid[0]
        return self.pace.unit(np.minimum(centre + self.pace.scale.height(centre) / 2, height))[:, None]

    @cached_property
    def _corners(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """(gh, gw) top, bottom, left and right cell of every window."""
        (height, _), (rows, columns) = self.size, self.grid
        cell = height / rows
        centre = (np.arange(rows) + 0.5) * cell
        person = self.pace.scale.height(centre)
        half_h = np.maximum(np.round(_HEIGHT * person / cell / 2), _MIN_CELLS // 2).astype(int)
        half_w = np.maximum(np.round(_WIDTH * person / cell / 2), _MIN_CELLS // 2).astype(int)
        row, column = np.arange(rows), np.arange(columns)
        return (
            np.clip(row - half_h, 0, rows)[:, None] * np.ones(columns, int),
            np.clip(row + half_h + 1, 0, rows)[:, None] * np.ones(columns, int),
            np.clip(column[None] - half_w[:, None], 0, columns),
            np.clip(column[None] + half_w[:, None] + 1, 0, columns),
        )

    @cached_property
    def _reads(self) -> tuple[np.ndarray, ...]:
        """(gh, gw) each: where the summed table is read for every window, as flat positions, and the windows' areas in cells."""
        top, bottom, left, right = self._corners
        wide = self.grid[1] + 1
        reads = [row * wide + column for row, column in ((bottom, right), (top, right), (bottom, left), (top, left))]
        return *reads, (bottom - top) * (right - left)

    def cells(self, row: int, column: int) -> tuple[slice, slice]:
        """Rows and columns of the window around a cell."""
        top, bottom, left, right = (int(corner[row, column]) for corner in self._corners)
        return slice(top, bottom), slice(left, right)

    def box(self, row: int, column: int) -> tuple[float, float, float, float]:
        """The window around a cell: xyxy, source px, half-open."""
        tall, wide = self.cells(row, column)
        (height, width), (rows, columns) = self.size, self.grid
        x, y = width / columns, height / rows
        return wide.start * x, tall.start * y, wide.stop * x, tall.stop * y

    def unit(self, row: int) -> float:
        """px/frame of pace 1 in the windows of this row."""
        return float(self._unit[row, 0])

    def pace_map(self, flow: np.ndarray) -> np.ndarray:
        """(gh, gw, 2) flow, source px/frame -> (gh, gw) mean pace in the window around each cell."""
        speed = np.hypot(*np.moveaxis(flow.astype(np.float32), -1, 0)) / self._unit
        total = np.zeros((self.grid[0] + 1, self.grid[1] + 1))
        total[1:, 1:] = speed.cumsum(axis=0).cumsum(axis=1)
        *reads, area = self._reads
        last, above, beside, first = (total.take(read) for read in reads)
        return (last - above - beside + first) / area
