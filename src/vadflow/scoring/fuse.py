"""The row `fusion`: the plain mean of the signed logarithms of several systems' calibrated scores. Nothing is fitted on any clip.

A calibrated score is in units of the spread on held-out normal video, so the systems already share a scale. They do not share a tail: one calls
an anomaly five spreads, another five hundred, and in a mean of plain scores the second would be the only one heard. The logarithm was
chosen on rehearsals (docs/choosing.md). What comes out is a raw score like any other: it is calibrated, smoothed and
given a threshold by the same rules as every system.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from vadflow.errors import VadflowError
from vadflow.scoring.calibrate import Calibration, calibrate

_AGAIN = "Score the members again under one configuration."


def tamed(score: np.ndarray) -> np.ndarray:
    """Calibrated scores -> sign(z) ln(1 + |z|): nearly z within a spread of normal video, and no louder than its order of magnitude far outside.

    >>> tamed(np.array([-1.0, 0.0, 1.0, 99.0])).round(2).tolist()
    [-0.69, 0.0, 0.69, 4.61]
    """
    return np.asarray(np.sign(score) * np.log1p(np.abs(score)))


def fuse_scores(members: Mapping[str, pd.DataFrame], *, where: str) -> pd.DataFrame:
    """Average one clip, after `tamed`.

    Args:
        members: system -> score table (frame, calibrated, ...) of the clip.
        where: for the error.

    Returns:
        a raw table: frame, raw, paper (always null), and `term_<member>`, what each member contributed.

    Raises:
        VadflowError: the members have other frames than each other.
    """
    tables = list(members.values())
    frame = tables[0]["frame"].to_numpy()
    if any(not np.array_equal(table["frame"].to_numpy(), frame) for table in tables[1:]):
        counts = ", ".join(f"{name} {len(table)}" for name, table in members.items())
        raise VadflowError(f"the members have different frames: {counts}", where=where, fix=_AGAIN)
    scores = np.stack([tamed(table["calibrated"].to_numpy(dtype=np.float64)) for table in tables])
    fused = pd.DataFrame({"frame": frame.astype(np.int32), "raw": scores.mean(axis=0), "paper": np.nan})
    return fused.assign(**{f"term_{name}": row for name, row in zip(members, scores, strict=True)})


def fuse_heldout(members: Mapping[str, tuple[pd.DataFrame, Calibration]], *, where: str) -> pd.DataFrame:
    """Average what the members say of held-out normal video.

    Args:
        members: system -> its held-out scores (clip, frame, raw) and the calibration learned from them.
        where: for the error.

    Returns:
        clip, frame, raw.

    Raises:
        VadflowError: the members held out different frames.
    """
    columns = []
    for table, calibration in members.values():
        ordered = table.sort_values(["clip", "frame"], ignore_index=True)
        columns.append(ordered.assign(raw=tamed(calibrate(ordered["raw"].to_numpy(), calibration))))
    first = columns[0]
    if any(not other[["clip", "frame"]].equals(first[["clip", "frame"]]) for other in columns[1:]):
        raise VadflowError("the members held out different frames", where=where, fix=_AGAIN)
    mean = np.mean([column["raw"].to_numpy(dtype=np.float64) for column in columns], axis=0)
    return first[["clip", "frame"]].assign(raw=mean)
