"""How tall a person stands in the picture at a foot position: a robust straight line, bounded by what was seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vadflow.attributes.observations import Observations

_MIN_PEOPLE = 200
_MIN_SPREAD = 0.1  # of the frame height; feet in a narrower band say nothing about perspective
_MAX_POINTS = 600
_RARE = 0.005  # share of people who are smaller, or larger, than the line is followed to


@dataclass(frozen=True)
class Scale:
    """Expected person height in px: clip(intercept + slope * foot y, low, high).

    Attributes:
        supported: enough whole people were seen to speak of a height at all.
    """

    intercept: float
    slope: float
    low: float
    high: float
    supported: bool

    def height(self, y: np.ndarray) -> np.ndarray:
        """Foot y (px) -> expected height (px); never outside the heights that were seen."""
        return np.clip(self.intercept + self.slope * np.asarray(y, np.float64), self.low, self.high)

    def as_array(self) -> np.ndarray:
        """(5,) to save."""
        return np.array([self.intercept, self.slope, self.low, self.high, float(self.supported)])


def from_array(saved: np.ndarray) -> Scale:
    """Take back what `Scale.as_array` gave."""
    intercept, slope, low, high, supported = (float(value) for value in saved)
    return Scale(intercept, slope, low, high, bool(supported))


def fit_scale(normal: Observations) -> Scale:
    """Fit on whole people; without support the median height (or a tenth of the frame) everywhere.

    The slope is the median of the slopes of all pairs of points (Theil 1950; Sen 1968), which stands 29 % outliers. It is used only
    if it is positive, feet were seen over a tenth of the frame height, and it explains the heights better than the median does.
    """
    people = normal.pick(normal.person & normal.whole)
    if len(people) < _MIN_PEOPLE:
        height = float(np.median(people.height)) if len(people) else normal.size[0] / 10
        return Scale(height, 0.0, height, height, supported=False)
    rows = np.linspace(0, len(people) - 1, min(len(people), _MAX_POINTS)).astype(int)
    y, height = people.foot[rows, 1].astype(np.float64), people.height[rows].astype(np.float64)
    low, high = (float(value) for value in np.quantile(people.height, [_RARE, 1 - _RARE]))
    flat = float(np.median(height))
    slope = _median_slope(y, height)
    intercept = float(np.median(height - slope * y))
    better = np.abs(height - intercept - slope * y).mean() < 0.95 * np.abs(height - flat).mean()
    if slope <= 0 or not better or np.ptp(np.quantile(y, [0.05, 0.95])) < _MIN_SPREAD * normal.size[0]:
        return Scale(flat, 0.0, low, high, supported=True)
    return Scale(intercept, slope, low, high, supported=True)


def _median_slope(x: np.ndarray, y: np.ndarray) -> float:
    first, second = np.triu_indices(len(x), 1)
    run = x[second] - x[first]
    apart = np.abs(run) > np.ptp(x) * 0.1  # near pairs only add noise
    return float(np.median((y[second] - y[first])[apart] / run[apart])) if apart.any() else 0.0
