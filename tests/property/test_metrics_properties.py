"""What must hold for any scores at all."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from vadflow.metrics.bootstrap import clip_pairs, interval
from vadflow.metrics.inputs import Judged, judged
from vadflow.metrics.localise import localisation
from vadflow.metrics.protocol import frame_metrics, micro
from vadflow.metrics.roc import average_precision, equal_error_rate, roc_auc

frames = st.lists(st.tuples(st.integers(0, 1), st.integers(-40, 40)), max_size=60)
clips = st.lists(frames, min_size=1, max_size=5)


def arrays(rows) -> tuple[np.ndarray, np.ndarray]:
    return np.array([y for y, _ in rows], np.uint8), np.array([s for _, s in rows], float) / 8


def pool(rows) -> Judged:
    pairs = [arrays(row) for row in rows]
    return Judged(tuple(f"c{k}" for k in range(len(pairs))), tuple(y for y, _ in pairs), tuple(s for _, s in pairs))


def tables(of: Judged) -> tuple[dict, dict]:
    scores = {
        clip: pd.DataFrame({"frame": np.arange(len(s)), "raw": s, "calibrated": s, "smoothed": s, "paper": np.nan})
        for clip, s in zip(of.clips, of.scores, strict=True)
    }
    return scores, dict(zip(of.clips, of.labels, strict=True))


@given(frames)
def test_increasing_maps_change_nothing(rows):
    labels, scores = arrays(rows)
    for metric in (roc_auc, average_precision, equal_error_rate):
        assert metric(labels, scores) == metric(labels, np.exp(scores / 2) * 3 - 7)


@given(frames)
def test_negation_gives_the_complement(rows):
    labels, scores = arrays(rows)
    auc, opposite = roc_auc(labels, scores), roc_auc(labels, -scores)
    assert (auc is None) == (opposite is None)
    if auc is not None and opposite is not None:
        assert abs(auc + opposite - 1.0) < 1e-12


@given(frames)
def test_bounds_and_the_constant_score(rows):
    labels, scores = arrays(rows)
    auc, ap, eer = (metric(labels, scores) for metric in (roc_auc, average_precision, equal_error_rate))
    if auc is not None and ap is not None and eer is not None:
        assert 0.0 <= auc <= 1.0 and 0.0 < ap <= 1.0 and 0.0 <= eer <= 1.0
        flat = np.full(len(labels), 3.25)
        assert roc_auc(labels, flat) == 0.5 and abs(equal_error_rate(labels, flat) - 0.5) < 1e-12
        assert abs(average_precision(labels, flat) - labels.mean()) < 1e-12


@given(clips, st.randoms())
@settings(max_examples=60)
def test_order_of_clips_changes_no_number(rows, random):
    scores, labels = tables(pool(rows))
    names = list(labels)
    random.shuffle(names)
    before = frame_metrics(scores, labels, smooth=lambda s, clip: s)
    after = frame_metrics({c: scores[c] for c in names}, {c: labels[c] for c in names}, smooth=lambda s, clip: s)
    assert before == after


@given(clips, st.integers(0, 5))
@settings(max_examples=60)
def test_bootstrap_is_a_function_of_its_seed(rows, seed):
    pairs = clip_pairs(pool(rows))
    low, high = interval(pairs, 100, seed)
    assert (low, high) == interval(clip_pairs(pool(rows)), 100, seed)
    assert low is None or 0.0 <= low <= high <= 1.0


@given(clips)
@settings(max_examples=60)
def test_lost_pairs_add_up_to_the_lost_auc(rows):
    of = pool(rows)
    auc = micro(of)
    assert auc is None or abs(clip_pairs(of).lost().sum() - (1.0 - auc)) < 1e-12


@given(clips)
@settings(max_examples=30)
def test_reading_back_gives_the_clips_in_name_order(rows):
    of = pool(rows)
    again = judged(*tables(of), "smoothed")
    assert again.clips == tuple(sorted(of.clips))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 8), st.integers(0, 6)), max_size=25))
@settings(max_examples=25)
def test_localisation_lies_in_the_unit_interval_and_ignores_increasing_maps(rows):
    tracks = pd.DataFrame(
        {"clip": "a", "track": [0, 0, 1], "frame": [0, 1, 2], "x1": 0.0, "y1": 0.0, "x2": 4.0, "y2": 4.0}
    )
    found = pd.DataFrame(
        [("a", t, x, 0.0, x + 4.0, 4.0, s) for t, x, s in rows],
        columns=["clip", "frame", "x1", "y1", "x2", "y2", "score"],
    )
    one = localisation(tracks, found.astype({"frame": int, "score": float}), 5)
    two = localisation(tracks, found.astype({"frame": int}).assign(score=lambda d: np.exp(d["score"].astype(float))), 5)
    assert one == two and all(0.0 <= value <= 1.0 for value in one.values())
