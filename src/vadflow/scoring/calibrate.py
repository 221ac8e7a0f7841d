"""Puts raw scores on one scale by held-out normal video: robust z, (raw - median) / (1.4826 x median absolute deviation).

No statistic of a clip that will be judged comes in. The scale is one increasing line per system, so it changes no AUC; it makes
scores of several systems, and thresholds, comparable.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from pydantic import Field

from vadflow.params import Section

_MAD_TO_SIGMA = 1.4826
"""Makes the median absolute deviation of a normal distribution its standard deviation."""


class Calibration(Section):
    """The line from raw to calibrated score; `calibration.json`."""

    median: float = Field(description="of held-out normal raw scores")
    scale: float = Field(gt=0, description="one unit of the calibrated score, in raw units")
    method: str = Field(description="where the scale comes from")
    frames: int = Field(ge=0, description="held-out frames it was learned from")
    clips: int = Field(ge=0, description="held-out clips it was learned from")


def fit_calibration(heldout: pd.DataFrame) -> Calibration:
    """Learn the line from held-out normal raw scores.

    The median absolute deviation is 0 when more than half of the frames score alike (an empty scene). The scale is then the
    standard deviation, and 1 when that is 0 too (the `constant` floor) or when nothing was held out.

    Args:
        heldout: clip, frame, raw.
    """
    raw = heldout["raw"].to_numpy(dtype=np.float64)
    counts = {"frames": len(raw), "clips": int(heldout["clip"].nunique())}
    if len(raw) == 0:
        return Calibration(median=0.0, scale=1.0, method="none: no held-out video", **counts)
    median = float(np.median(raw))
    tiny = max(abs(median), 1e-12) * 1e-9  # a spread below this is rounding
    candidates = {
        "1.4826 x median absolute deviation": _MAD_TO_SIGMA * float(np.median(np.abs(raw - median))),
        "standard deviation, as the median absolute deviation is 0": float(np.std(raw)),
    }
    for method, scale in candidates.items():
        if scale > tiny:
            return Calibration(median=median, scale=scale, method=method, **counts)
    return Calibration(median=median, scale=1.0, method="1, as all held-out scores are equal", **counts)


def calibrate(raw: np.ndarray, calibration: Calibration) -> np.ndarray:
    """Raw scores (T,) to calibrated scores (T,), float64; increasing."""
    return (np.asarray(raw, dtype=np.float64) - calibration.median) / calibration.scale
