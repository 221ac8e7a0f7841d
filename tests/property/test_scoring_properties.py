"""What must hold of the smoother and the calibration for every score."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vadflow.scoring.calibrate import calibrate, fit_calibration
from vadflow.scoring.events import find_events
from vadflow.scoring.smooth import smooth

VALUES = st.floats(-1e6, 1e6)
SCORES = arrays.arrays(np.float64, st.integers(1, 60), elements=VALUES)
SMOOTHERS = st.sampled_from(["gaussian", "causal", "none"])
SIGMA = st.floats(0, 300)


@settings(max_examples=40)
@given(VALUES, st.integers(1, 80), SMOOTHERS, SIGMA)
def test_a_constant_stays_exactly_constant(value: float, length: int, smoother: str, sigma: float) -> None:
    assert (smooth(np.full(length, value), smoother, sigma) == value).all()


@settings(max_examples=40)
@given(SCORES, SMOOTHERS, SIGMA)
def test_length_and_range_are_kept(scores: np.ndarray, smoother: str, sigma: float) -> None:
    smoothed, slack = smooth(scores, smoother, sigma), 1e-9 * (1 + np.abs(scores).max())
    assert smoothed.shape == scores.shape
    assert (smoothed >= scores.min() - slack).all()
    assert (smoothed <= scores.max() + slack).all()


@settings(max_examples=40)
@given(SCORES, VALUES, SMOOTHERS, SIGMA)
def test_a_shift_goes_through(scores: np.ndarray, shift: float, smoother: str, sigma: float) -> None:
    moved = smooth(scores + shift, smoother, sigma)
    np.testing.assert_allclose(moved, smooth(scores, smoother, sigma) + shift, rtol=1e-9, atol=1e-5)


@settings(max_examples=40)
@given(SCORES, SIGMA)
def test_gaussian_has_no_direction(scores: np.ndarray, sigma: float) -> None:
    forward, back = smooth(scores, "gaussian", sigma), smooth(scores[::-1], "gaussian", sigma)[::-1]
    np.testing.assert_allclose(forward, back, rtol=1e-9, atol=1e-5)


@settings(max_examples=40)
@given(SCORES, SCORES)
def test_calibration_keeps_the_order(heldout: np.ndarray, scores: np.ndarray) -> None:
    found = fit_calibration(pd.DataFrame({"clip": "a", "frame": np.arange(len(heldout)), "raw": heldout}))
    ordered = calibrate(np.sort(scores), found)
    assert np.isfinite(ordered).all()
    assert (np.diff(ordered) >= 0).all()


@settings(max_examples=40)
@given(SCORES, VALUES, st.integers(0, 9), st.integers(1, 9))
def test_events_are_separate_long_enough_and_hold_every_alarm(
    scores: np.ndarray, threshold: float, gap: int, length: int
) -> None:
    events = find_events(scores, threshold, merge_gap=gap, min_length=length)
    assert all(end - start >= length and scores[start] > threshold < scores[end - 1] for start, end, _ in events)
    assert all(second[0] - first[1] > gap for first, second in pairwise(events))
    assert all(scores[peak] == scores[start:end].max() for start, end, peak in events)
    if length == 1:
        covered = {t for start, end, _ in events for t in range(start, end)}
        assert set(np.flatnonzero(scores > threshold)) <= covered
