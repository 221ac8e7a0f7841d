"""The protocol on cases small enough to check by hand, and evaluation.md's floors from the official Ped2 intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vadflow.errors import VadflowError
from vadflow.metrics.bootstrap import clip_pairs, compare, interval, mean_pairs
from vadflow.metrics.evaluate import Subject, evaluate
from vadflow.metrics.inputs import Judged, judged, min_max
from vadflow.metrics.protocol import frame_metrics, macro_padded, macro_skip, micro
from vadflow.metrics.roc import equal_error_rate, roc_auc, roc_curve
from vadflow.metrics.sins import gaussian, sins

PED2_FRAMES = (180, 180, 150, 180, 150, 180, 180, 180, 120, 150, 180, 180)
PED2_FIRST = (61, 95, 1, 31, 1, 1, 46, 1, 1, 1, 1, 88)
PED2_LAST = (180, 180, 146, 180, 129, 159, 180, 180, 120, 150, 180, 180)


def ped2_labels() -> dict[str, np.ndarray]:
    """Official intervals, 1-based and inclusive (shared/data/README.md)."""
    labels = {}
    for k, (n, first, last) in enumerate(zip(PED2_FRAMES, PED2_FIRST, PED2_LAST, strict=True), start=1):
        labels[f"{k:02}"] = np.zeros(n, np.uint8)
        labels[f"{k:02}"][first - 1 : last] = 1
    return labels


def table(values, smooth=lambda s: s, paper=None) -> pd.DataFrame:
    values = np.asarray(values, float)
    paper = np.full(len(values), np.nan) if paper is None else paper
    columns = {
        "frame": np.arange(len(values)),
        "raw": values,
        "calibrated": values,
        "smoothed": smooth(values),
        "paper": paper,
    }
    return pd.DataFrame(columns)


FLOORS = {
    "constant": (np.zeros, (0.500, 0.500, 0.504)),
    "frame_index": (lambda n: np.arange(n) / n, (0.749, 0.625, 0.775)),
    "clip_centre": (lambda n: 1 - np.abs(np.linspace(-1, 1, n)), (0.662, 0.788, 0.860)),
}


@pytest.mark.parametrize("name", FLOORS)
def test_floors_of_ped2_equal_evaluation_md_to_three_digits_without_smoothing(name):
    """Its numbers are of unsmoothed scores; clip_centre is 1 - |linspace(-1, 1, n)|, ties as float64 leaves them."""
    score, expected = FLOORS[name]
    labels = ped2_labels()
    found = frame_metrics({c: table(score(len(y))) for c, y in labels.items()}, labels, smooth=lambda s, clip: s)
    assert [round(found[k], 3) for k in ("auc_micro", "auc_macro_skip", "auc_macro_padded")] == list(expected)
    assert found["auc_micro"] == found["auc_micro_raw"] and found["n_macro"] == 8
    assert found["prevalence"] == pytest.approx(0.820, abs=5e-4)


@pytest.mark.parametrize("sigma", [1, 3, 10])
@pytest.mark.parametrize("name", FLOORS)
def test_floors_hardly_move_through_a_renormalised_smoother(name, sigma):
    score, expected = FLOORS[name]
    labels = ped2_labels()
    scores = {c: table(score(len(y)), lambda s: gaussian(s, sigma)) for c, y in labels.items()}
    found = frame_metrics(scores, labels, smooth=lambda s, clip: gaussian(s, sigma))
    assert found["auc_micro"] == pytest.approx(expected[0], abs=0.003)
    assert found["auc_macro_skip"] == pytest.approx(expected[1], abs=0.003)


def test_constant_floor_is_exactly_half_through_the_smoother_and_zero_padding_flatters_it():
    labels = ped2_labels()
    scores = {c: table(np.full(len(y), 0.7), lambda s: gaussian(s, 10)) for c, y in labels.items()}
    assert frame_metrics(scores, labels, smooth=lambda s, clip: gaussian(s, 10))["auc_micro"] == 0.5
    assert sins(scores, labels, smooth=lambda s, clip: gaussian(s, 10), sigmas=[0])["zero_padded_smoothing"] > 0.55


def test_no_labels_give_none_everywhere():
    found = evaluate(
        Subject("cam", "std", 0), {"a": table([1, 2])}, {}, smooth=lambda s, clip: s, resamples=100, seed=0, sigmas=[1]
    )
    numbers = {
        k: v for k, v in found.items() if k.startswith(("auc_", "ap", "eer", "n_", "prev", "ci_", "rbdc", "tbdc"))
    }
    assert set(numbers.values()) == {None} and set(found["sins"].values()) == {None}


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_datasets_have_no_auc(label):
    found = frame_metrics({"a": table([1, 2, 3])}, {"a": np.full(3, label, np.uint8)}, smooth=lambda s, clip: s)
    assert found["auc_micro"] is None and found["auc_macro_padded"] is None and found["eer"] is None
    assert found["prevalence"] == label and found["n_macro"] == 0


def test_macro_by_hand():
    pool = Judged(
        ("a", "b"),
        (np.array([0, 1], np.uint8), np.array([1, 1], np.uint8)),
        (np.array([2.0, 1.0]), np.array([1.0, 2.0])),
    )
    assert macro_skip(pool) == (0.0, 1)
    # a with fakes: anomalous 1, 2 (fake) against normal 2, 1 (fake): 0 + .5 + .5 + 1 of 4
    # b with fakes: anomalous 1, 2, 2 against normal 1: .5 + 1 + 1 of 3
    assert macro_padded(pool) == pytest.approx((0.5 + 2.5 / 3) / 2)


def test_eer_on_a_diagonal_and_on_a_corner():
    assert equal_error_rate(np.array([0, 1]), np.array([1.0, 1.0])) == 0.5
    assert equal_error_rate(np.array([0, 1]), np.array([0.0, 1.0])) == 0.0
    assert equal_error_rate(np.array([0, 1]), np.array([1.0, 0.0])) == 1.0


def test_roc_curve_runs_from_corner_to_corner():
    curve = roc_curve(np.array([0, 1, 1]), np.array([1.0, 1.0, 2.0]))
    assert curve is not None and [c.tolist() for c in curve] == [[0.0, 0.0, 1.0], [0.0, 0.5, 1.0]]


def test_paper_protocol_crops_stretches_and_skips_frames_without_a_score():
    paper = [9, np.nan, 1, 5, 3, 9]
    labels = {"a": np.array([0, 0, 0, 1, 0, 0], np.uint8)}
    found = frame_metrics({"a": table(range(6), paper=paper)}, labels, smooth=lambda s, clip: s, crop=(1, 1))
    assert found["auc_paper"] == 1.0
    assert frame_metrics({"a": table(range(6))}, labels, smooth=lambda s, clip: s)["auc_paper"] is None
    assert (
        frame_metrics({"a": table(range(6), paper=paper)}, labels, smooth=lambda s, clip: s, crop=(4, 9))["auc_paper"]
        is None
    )


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (table([1, 2, 3]), "clip 07: expected 2 scores"),
        (table([1, np.nan]), "clip 07 frame 1: score nan"),
        (table([1, 2]).iloc[::-1], "expected frames 0 to 1 in order"),
    ],
)
def test_scores_that_do_not_fit_stop_with_the_clip_name(frame, said):
    with pytest.raises(VadflowError, match=said):
        judged({"07": frame}, {"07": np.array([0, 1], np.uint8)}, "smoothed", "ped2/std")
    with pytest.raises(VadflowError, match="clip 07: labels, but no scores"):
        judged({}, {"07": np.array([0, 1], np.uint8)}, "smoothed")


def test_min_max_of_constant_and_empty():
    assert min_max(np.array([4.0, 4.0])).tolist() == [0.0, 0.0] and len(min_max(np.zeros(0))) == 0


def noisy(seed: int, gain: float) -> Judged:
    generator = np.random.default_rng(seed)
    labels = tuple(ped2_labels().values())
    return Judged(tuple(ped2_labels()), labels, tuple(gain * y + generator.normal(size=len(y)) for y in labels))


def test_interval_holds_the_auc_and_the_paired_test_sees_a_clear_winner():
    strong, weak = clip_pairs(noisy(0, 2.0)), clip_pairs(noisy(1, 0.5))
    low, high = interval(strong, 500, 0)
    assert low is not None and high is not None and low < micro(noisy(0, 2.0)) < high
    told = compare(("weak", weak), ("strong", strong), 500, 0)
    assert told is not None and told.better == "strong" and told.p == pytest.approx(1 / 501)
    assert "strong beats weak by" in str(told)
    tie = compare(("a", weak), ("b", weak), 500, 0)
    assert tie is not None and tie.p == 1.0 and tie.difference == 0.0


def test_mean_over_seeds_has_the_mean_auc():
    seeds = [noisy(k, 1.0) for k in range(3)]
    once = np.ones((1, 12), int)
    expected = np.mean([roc_auc(*pool.pooled()) for pool in seeds])
    assert mean_pairs([clip_pairs(p) for p in seeds]).auc(once)[0] == pytest.approx(expected)


def test_sins_move_the_number_the_way_the_field_knows():
    labels = ped2_labels()
    scores = {c: table(s, lambda v: gaussian(v, 3)) for c, s in zip(labels, noisy(2, 0.3).scores, strict=True)}
    found = sins(scores, labels, smooth=lambda v, clip: gaussian(v, 3), sigmas=[0, 3, 30])
    honest = frame_metrics(scores, labels, smooth=lambda v, clip: gaussian(v, 3))
    assert found["padded_macro"] == honest["auc_macro_padded"] and found["per_clip_min_max"] == honest["auc_legacy"]
    assert found["smoothing_on_test"] > honest["auc_micro"]


def test_the_best_checkpoint_is_picked_on_test_labels_and_never_below_the_final_one():
    labels = ped2_labels()
    pools = {name: noisy(seed, gain) for name, seed, gain in (("early_1", 3, 0.1), ("late_2", 4, 2.0))}
    kept = {n: dict(zip(labels, map(table, pool.scores), strict=True)) for n, pool in pools.items()}
    final = dict(zip(labels, map(table, noisy(5, 0.5).scores), strict=True))
    honest = frame_metrics(final, labels, smooth=lambda v, clip: v)["auc_micro"]

    def printed(*names):
        chosen = {name: kept[name] for name in names}
        return sins(final, labels, smooth=lambda v, clip: v, sigmas=[], snapshots=chosen)["best_checkpoint_on_test"]

    assert printed("early_1") == honest
    assert printed("early_1", "late_2") == micro(pools["late_2"]) > honest
    assert printed() is None
    whole = evaluate(
        Subject("ped2", "std", 0),
        final,
        labels,
        smooth=lambda v, clip: v,
        resamples=10,
        seed=0,
        sigmas=[],
        snapshots=kept,
    )
    without = evaluate(
        Subject("ped2", "std", 0), final, labels, smooth=lambda v, clip: v, resamples=10, seed=0, sigmas=[]
    )
    assert whole["checkpoints"] == 3 and without["checkpoints"] == 1
    assert {k: v for k, v in whole.items() if k not in ("sins", "checkpoints")} == {
        k: v for k, v in without.items() if k not in ("sins", "checkpoints")
    }
