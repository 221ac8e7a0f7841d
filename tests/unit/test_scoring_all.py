"""Calibration, smoother, threshold, events and the dense stream; each with its empty case."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import gaussian_filter1d
from systems_data import draw_clip

from vadflow.errors import VadflowError
from vadflow.params import ScoringParams
from vadflow.scoring.calibrate import calibrate, fit_calibration
from vadflow.scoring.events import event_table, find_events, with_regions
from vadflow.scoring.finish import finish_clip, learn_scale
from vadflow.scoring.score import score_clip
from vadflow.scoring.smooth import Kernel, smooth
from vadflow.scoring.threshold import fit_threshold
from vadflow.systems.base import FrameScore, NoParams, System
from vadflow.systems.dense import dense_scores

RATE = {"merge_gap_s": 0.0, "min_event_s": 0.0}


def heldout(values: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"clip": "a", "frame": np.arange(len(values)), "raw": np.array(values, dtype=float)})


def test_robust_z_by_hand() -> None:
    found = fit_calibration(heldout([1, 2, 3, 4, 100]))
    assert (found.median, found.scale) == (3, pytest.approx(1.4826))
    assert calibrate(np.array([3.0, 4.4826]), found) == pytest.approx([0, 1])


@pytest.mark.parametrize(
    ("values", "scale", "method"),
    [([], 1, "none"), ([2, 2, 2], 1, "equal"), ([0, 0, 0, 4], np.sqrt(3), "standard deviation")],
)
def test_calibration_guards(values: list[float], scale: float, method: str) -> None:
    found = fit_calibration(heldout(values))
    assert found.scale == pytest.approx(scale)
    assert method in found.method


def test_gaussian_away_from_borders_is_scipys() -> None:
    scores = np.random.default_rng(0).normal(size=80)
    ours, theirs = smooth(scores, "gaussian", 3.0), gaussian_filter1d(scores, 3.0)
    assert ours[12:-12] == pytest.approx(theirs[12:-12], abs=1e-9)


def test_the_smoother_is_as_wide_in_seconds_on_every_camera() -> None:
    """0.3 s are 3 frames of 10 a second and 7.5 of 25: in what is written, and in what the threshold is learnt from."""
    fps, rng = {"slow": 10.0, "quick": 25.0}, np.random.default_rng(0)
    scoring = ScoringParams(smoother="gaussian", sigma_s=0.3, false_alarms_per_hour=1, merge_gap_s=0.5, min_event_s=0)
    for clip, sigma in (("slow", 3.0), ("quick", 7.5)):
        raw = pd.DataFrame({"clip": clip, "frame": np.arange(90), "raw": rng.normal(size=90), "paper": np.nan})
        calibration, threshold = learn_scale(raw, fps, scoring)
        expected = smooth(calibrate(raw["raw"].to_numpy(), calibration), "gaussian", sigma)
        found = finish_clip(raw, calibration, Kernel("gaussian", 0.3, fps), clip)["smoothed"]
        assert found.to_numpy() == pytest.approx(expected, abs=0)
        by_hand = fit_threshold({clip: expected}, fps, false_alarms_per_hour=1, merge_gap_s=0.5, min_event_s=0)
        assert threshold.value == by_hand.value


def test_causal_never_looks_ahead() -> None:
    scores = np.random.default_rng(0).normal(size=30)
    changed = np.concatenate([scores[:20], scores[20:] + 9])
    assert smooth(scores, "causal", 4.0)[:20] == pytest.approx(smooth(changed, "causal", 4.0)[:20], abs=0)


def test_threshold_measured_where_the_video_is_long_enough() -> None:
    scores = np.zeros(36_000)
    scores[[1000, 9000, 20_000]] = [5, 7, 9]
    found = fit_threshold({"a": scores}, {"a": 10.0}, false_alarms_per_hour=2.0, **RATE)
    assert not found.extrapolated
    assert len(find_events(scores, found.value, merge_gap=0, min_length=1)) <= 2


def test_threshold_of_a_short_video_lies_above_its_largest_score() -> None:
    scores = np.random.default_rng(0).normal(size=500)
    values = [fit_threshold({"a": scores}, {"a": 25.0}, false_alarms_per_hour=r, **RATE) for r in (10.0, 1.0)]
    assert all(v.extrapolated and v.value > scores.max() for v in values)
    assert values[1].value > values[0].value
    assert "extrapolated" in values[0].note


def test_threshold_without_video() -> None:
    found = fit_threshold({}, {}, false_alarms_per_hour=1.0, **RATE)
    assert found.extrapolated
    assert "without any evidence" in found.note


@pytest.mark.parametrize(
    ("scores", "gap", "length", "expected"),
    [
        ([], 0, 1, []),
        ([0, 0], 0, 1, []),
        ([2, 2, 0, 3], 0, 1, [(0, 2, 0), (3, 4, 3)]),
        ([2, 2, 0, 3], 1, 1, [(0, 4, 3)]),
        ([2, 2, 0, 3], 0, 2, [(0, 2, 0)]),
        ([1, 1], 0, 1, []),
    ],
)
def test_events(scores: list[float], gap: int, length: int, expected: list[tuple[int, int, int]]) -> None:
    assert find_events(np.array(scores, dtype=float), 1.0, merge_gap=gap, min_length=length) == expected


def test_event_table_is_legal_when_empty() -> None:
    table = event_table({"a": np.zeros(3)}, 1.0, {"a": 10.0}, merge_gap_s=0, min_event_s=0)
    assert list(table.columns) == ["clip", "start", "end", "peak", "score", "threshold"]
    assert len(table) == 0


def test_an_event_says_where_it_is() -> None:
    clips = {"a": np.array([0, 5.0, 9.0, 0, 0, 4.0]), "b": np.array([7.0])}
    events = event_table(clips, 1.0, {"a": 10.0, "b": 10.0}, merge_gap_s=0, min_event_s=0)
    rows = [(1, 0, 0, 9, 9, 99.0, "not its peak"), (2, 1, 2, 3.04, 4, 1.0, "weaker"), (2, 5, 6, 7.06, 8, 2.0, "fast")]
    regions = pd.DataFrame(rows, columns=["frame", "x1", "y1", "x2", "y2", "score", "reason"])
    found = with_regions(events, {"a": regions, "b": regions.iloc[:0]})
    assert found.iloc[0][["peak", "x1", "y1", "x2", "y2", "reason"]].tolist() == [2, 5, 6, 7.1, 8, "fast"]
    assert found.iloc[1:][["x1", "y2", "reason"]].isna().all(axis=None)
    text = with_regions(events, {}).to_csv(index=False)
    assert text.splitlines()[0] == "clip,start,end,peak,score,threshold,x1,y1,x2,y2,reason"
    assert text.splitlines()[3] == "b,0,1,0,7.0,1.0,,,,,"
    empty = with_regions(events.iloc[:0], {"a": regions}).to_csv(index=False)
    assert empty.splitlines() == text.splitlines()[:1]


def test_missing_frames_take_the_nearest_score() -> None:
    scores = dense_scores([FrameScore(2, 2.0), FrameScore(5, 5.0)], 7, "c")
    assert [s.score for s in scores] == [2, 2, 2, 2, 5, 5, 5]


@pytest.mark.parametrize(("scores", "message"), [([], "got none"), ([FrameScore(1, float("nan"))], "frame 1.*nan")])
def test_bad_scores_are_one_clear_line(scores: list[FrameScore], message: str) -> None:
    with pytest.raises(VadflowError, match=message):
        list(dense_scores(scores, 3, "c"))


def test_score_clip_writes_what_it_says(tmp_path: Path) -> None:
    class Sparse(System):
        def score(self, clip):  # type: ignore[no-untyped-def]
            yield FrameScore(1, 1.0, paper=-2.0, map=np.full((2, 3), 1e9), terms={"error": 0.5})
            yield FrameScore(3, 4.0, map=np.zeros((2, 3)))

    paths = tmp_path / "raw.parquet", tmp_path / "map.npy", tmp_path / "regions.parquet"
    score_clip(Sparse(NoParams(), (1, 1, 1)), draw_clip(tmp_path, "c", 5), *paths)
    raw, maps = pd.read_parquet(paths[0]), np.load(paths[1])
    assert raw["raw"].tolist() == [1, 1, 1, 4, 4]
    assert raw["paper"].isna().tolist() == [False, False, False, True, True]
    assert raw["term_error"].notna().sum() == 3
    assert maps.dtype == np.float16
    assert maps.shape == (5, 2, 3)
    assert np.isfinite(maps).all()
    assert len(pd.read_parquet(paths[2])) == 0


def test_finishing_scores_needs_no_torch() -> None:
    code = "import sys, vadflow.scoring.finish; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
