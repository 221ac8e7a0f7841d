"""Dense flow in person-sized windows: what moves where the detector saw nothing. gh x gw flow cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vadflow.attributes.motion import Pace

_WIDTH = 0.4  # of a person's height
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

    def __post_init__(self) -> None:
        (height, _), (rows, columns) = self.size, self.grid
        cell = height / rows
        centre = (np.arange(rows) + 0.5) * cell
        person = self.pace.scale.height(centre)
        half_h = np.maximum(np.round(person / cell / 2), _MIN_CELLS // 2).astype(int)
        half_w = np.maximum(np.round(_WIDTH * person / cell / 2), _MIN_CELLS // 2).astype(int)
        row, column = np.arange(rows), np.arange(columns)
        corners = (
            np.clip(row - half_h, 0, rows)[:, None] * np.ones(columns, int),
            np.clip(row + half_h + 1, 0, rows)[:, None] * np.ones(columns, int),
            np.clip(column[None] - half_w[:, None], 0, columns),
            np.clip(column[None] + half_w[:, None] + 1, 0, columns),
        )
        object.__setattr__(self, "_corners", corners)
        object.__setattr__(self, "_unit", self.pace.unit(np.minimum(centre + person / 2, height))[:, None])

    def pace_map(self, flow: np.ndarray) -> np.ndarray:
        """(gh, gw, 2) flow, source px/frame -> (gh, gw) mean pace in the window around each cell."""
        speed = np.hypot(*np.moveaxis(flow.astype(np.float32), -1, 0)) / self._unit
        total = np.pad(speed.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
        top, bottom, left, right = self._corners
        area = (bottom - top) * (right - left)
        inside = total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left]
        return inside / area
