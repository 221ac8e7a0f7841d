"""Raw scores to calibrated, smoothed scores and events: what the `calibrate` and `finish` rules call. No torch here."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from vadflow.params import ScoringParams
from vadflow.scoring.calibrate import Calibration, calibrate, fit_calibration
from vadflow.scoring.events import event_table
from vadflow.scoring.smooth import Kernel
from vadflow.scoring.threshold import Threshold, fit_threshold


def learn_scale(heldout: pd.DataFrame, fps: dict[str, float], scoring: ScoringParams) -> tuple[Calibration, Threshold]:
    """Calibration and threshold from held-out normal raw scores.

    Args:
        heldout: clip, frame, raw.
        fps: training clip -> frames a second.
        scoring: the `scoring` section.
    """
    calibration = fit_calibration(heldout)
    smooth = Kernel(scoring.smoother, scoring.sigma_s, fps)
    clips = {
        str(clip): smooth(calibrate(rows["raw"].to_numpy(), calibration), str(clip))
        for clip, rows in heldout.sort_values(["clip", "frame"]).groupby("clip")
    }
    threshold = fit_threshold(
        clips,
        fps,
        false_alarms_per_hour=scoring.false_alarms_per_hour,
        merge_gap_s=scoring.merge_gap_s,
        min_event_s=scoring.min_event_s,
    )
    return calibration, threshold


def finish_clip(raw: pd.DataFrame, calibration: Calibration, smooth: Kernel, clip: str) -> pd.DataFrame:
    """One clip's raw table to its score table: frame, raw, calibrated, smoothed, paper."""
    calibrated = calibrate(raw["raw"].to_numpy(), calibration)
    smoothed = smooth(calibrated, clip)
    return raw[["frame", "raw", "paper"]].assign(calibrated=calibrated, smoothed=smoothed)[
        ["frame", "raw", "calibrated", "smoothed", "paper"]
    ]


def find_all_events(
    scores: Iterable[tuple[str, pd.DataFrame]], fps: dict[str, float], threshold: Threshold, scoring: ScoringParams
) -> pd.DataFrame:
    """Events of a dataset from its clips' score tables, without their regions."""
    smoothed: dict[str, np.ndarray] = {clip: table["smoothed"].to_numpy() for clip, table in scores}
    return event_table(smoothed, threshold.value, fps, merge_gap_s=scoring.merge_gap_s, min_event_s=scoring.min_event_s)
