"""How rare a value is: the share of normal values at or above it, with a tail that goes on beyond the largest one seen.

Source: peaks over threshold (Pickands 1975; Balkema & de Haan 1974): beyond the 98 % quantile u the excess over u follows a
generalised Pareto distribution. Its scale is what belongs to the mean excess, its shape fixed at a heavy 0.5: values of one tracklet
are not independent, so a sample holds far fewer cases than rows, and a light tail would call every value beyond the few dozen people
seen impossible. A fitted shape may turn negative and end the tail; all values beyond its end would rank equal, which is just what a
score must not do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_SHAPE = 0.5
_TAIL = 0.02  # share of the normal values that the tail is fitted on
_GRID = 200  # quantiles kept


@dataclass(frozen=True)
class Tail:
    """Surprise of a value: -log10 of the share of normal values at least as large. 2 is one in a hundred.

    Attributes:
        quantiles: (Q,) increasing normal values, at `survival`.
        survival: (Q,) decreasing shares, from 1 to `_TAIL`.
        scale: of the Pareto distribution: its mean excess over the last quantile times 1 - shape.
    """

    quantiles: np.ndarray
    survival: np.ndarray
    scale: float

    def surprise(self, values: np.ndarray) -> np.ndarray:
        """(N,) values -> (N,) surprise, at least 0; a silent (NaN) value gives 0."""
        body = np.interp(values, self.quantiles, -np.log10(self.survival))
        first = np.minimum(np.searchsorted(self.quantiles, values), len(self.quantiles) - 1)
        # a value that many share is as rare as they are together, and not as what lies above them
        body = np.where(values == self.quantiles[first], -np.log10(self.survival[first]), body)
        excess = np.clip(values - self.quantiles[-1], 0, None) / self.scale
        beyond = np.log10(1 + _SHAPE * excess) / _SHAPE
        return np.nan_to_num(np.asarray(body + beyond), nan=0.0, posinf=0.0)

    def level(self, share: float) -> float:
        """The value that only this share of normal values reaches, for example 0.001."""
        if share >= self.survival[-1]:
            return float(np.interp(-share, -self.survival, self.quantiles))
        return float(self.quantiles[-1] + self.scale / _SHAPE * ((self.survival[-1] / share) ** _SHAPE - 1))

    @property
    def limit(self) -> float:
        """The value that 99.9 % of normal values stay under: what a reason names."""
        return self.level(0.001)

    def as_array(self) -> np.ndarray:
        """(Q + 1,) to save: the quantiles and the scale."""
        return np.append(self.quantiles, self.scale).astype(np.float64)


def fit_tail(values: np.ndarray, *, floor: float) -> Tail:
    """Tail of normal values.

    Args:
        values: (N,) statistic of held-out normal objects or frames; NaN (silent) is left out, so it is no evidence either way.
        floor: least scale of the tail, in the statistic's unit: a sample without spread must not turn noise into alarms.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        known = np.zeros(1)
    survival = np.linspace(1, _TAIL, _GRID)
    quantiles = np.quantile(known, 1 - survival)
    excess = known[known > quantiles[-1]] - quantiles[-1]
    return Tail(quantiles, survival, max((1 - _SHAPE) * float(excess.mean()) if len(excess) else 0.0, floor))


def from_array(saved: np.ndarray) -> Tail:
    """Take back what `Tail.as_array` gave."""
    return Tail(saved[:-1], np.linspace(1, _TAIL, len(saved) - 1), float(saved[-1]))
