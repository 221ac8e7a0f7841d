"""Alarms, and a score bank under every protocol."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from vadflow.cli import main
from vadflow.errors import VadflowError
from vadflow.io import write_json, write_table
from vadflow.metrics.again import PROTOCOLS, evaluate_again
from vadflow.metrics.alarms import alarm_metrics
from vadflow.metrics.bank import read_bank
from vadflow.metrics.comparisons import compare_systems, notable
from vadflow.metrics.inputs import judged
from vadflow.metrics.protocol import frame_metrics
from vadflow.metrics.roc import roc_auc
from vadflow.scoring.smooth import Kernel, gaussian

LABELS = {"a": np.array([0, 0, 1, 1, 0, 0, 1, 0]), "b": np.zeros(4, int)}


def alarms(*rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["clip", "start", "end"])


@pytest.mark.parametrize(
    ("found", "recall", "delay", "false"),
    [
        (alarms(), 0.0, None, 0.0),
        (alarms(("a", 3, 7)), 1.0, 0.25, 0.0),  # one alarm over two events: 1 frame and 0 frames late
        (alarms(("a", 0, 3)), 0.5, 0.0, 0.0),  # on already when the event starts
        (alarms(("a", 0, 2), ("a", 4, 6), ("b", 0, 4)), 0.0, None, 3 / (9 / 2 / 3600)),  # touching is not overlapping
    ],
)
def test_event_recall_delay_and_false_alarms(found, recall, delay, false):
    got = alarm_metrics(found, LABELS, {"a": 2.0, "b": 2.0})
    assert (got["event_recall"], got["detection_delay_s"]) == (recall, delay)
    assert got["false_alarms_per_hour"] == pytest.approx(false)


def test_without_labels_or_events_nothing_is_defined():
    assert set(alarm_metrics(alarms(), {}, {}).values()) == {None}
    assert alarm_metrics(alarms(), {"a": np.ones(3, int)}, {"a": 1.0})["false_alarms_per_hour"] is None


def smooth(values: np.ndarray, clip: str = "") -> np.ndarray:
    return np.convolve(np.pad(values, 1, mode="edge"), np.full(3, 1 / 3), mode="valid")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The size of Ped2: 12 clips, 2,010 frames, 10 systems."""
    root, generator = tmp_path_factory.mktemp("w") / "results" / "ped2", np.random.default_rng(0)
    lengths = [180, 180, 150, 180, 150, 180, 180, 180, 120, 150, 180, 180]
    truth = [
        pd.DataFrame({"clip": f"{k:02d}", "frame": np.arange(n), "label": (np.arange(n) > n // 3).astype("uint8")})
        for k, n in enumerate(lengths)
    ]
    write_table(root / "truth/frames.parquet", pd.concat(truth))
    names = [clip["clip"].iloc[0] for clip in truth]
    write_table(root / "clips_test.parquet", pd.DataFrame({"clip": names, "fps": [10.0, 25.0] * 6}))
    for system in range(10):
        for clip in truth:
            raw = generator.normal(size=len(clip)) + clip["label"] * system * 0.2
            table = pd.DataFrame(
                {"frame": clip["frame"], "raw": raw, "calibrated": raw, "paper": raw if system else np.nan}
            )
            table = table.assign(smoothed=smooth(raw.to_numpy()))
            write_table(root / f"scores/s{system}/0/{clip['clip'].iloc[0]}.parquet", table)
    write_json(root / "metrics/s0/0.json", {"kind": "floor", "crop": [0, 0], "aggregate": "micro"})
    return root


def test_every_protocol_equals_the_columns_of_the_table(results):
    bank = read_bank(results / "scores")
    columns = {"vadflow-1": "auc_micro", "raw": "auc_micro_raw", "legacy": "auc_legacy", "padded": "auc_macro_padded"}
    columns |= {"paper": "auc_paper"}
    assert set(columns) == set(PROTOCOLS)
    for protocol, column in columns.items():
        table = evaluate_again(bank, protocol, smooth, resamples=20, seed=0).set_index("system")
        for system in bank.systems:
            expected = frame_metrics(bank.seeds(system)[0], bank.labels, smooth=smooth)[column]
            got = table["auc"][system]
            assert np.isnan(got) if expected is None else got == pytest.approx(expected, abs=1e-12)
    assert table.index[0] == "s0"  # floors first


def test_clips_of_two_frame_rates_are_smoothed_for_the_same_time(results):
    bank = read_bank(results)
    table = evaluate_again(bank, "vadflow-1", Kernel("gaussian", 0.3, bank.fps), resamples=20, seed=0)
    scores, clips = bank.seeds("s5")[0], sorted(bank.labels)
    truth = np.concatenate([bank.labels[clip] for clip in clips])

    def auc(sigmas: list[float]) -> float | None:
        each = zip(clips, sigmas, strict=True)
        return roc_auc(truth, np.concatenate([gaussian(scores[clip]["calibrated"].to_numpy(), s) for clip, s in each]))

    found = table.set_index("system")["auc"]["s5"]
    assert found == pytest.approx(auc([3.0, 7.5] * 6), abs=1e-12) and found != pytest.approx(auc([3.0] * 12), abs=1e-6)


def test_ten_systems_take_less_than_five_seconds(results, capsys, request, tmp_path):
    params = str(request.config.rootpath / "params.yaml")
    start = time.process_time()
    assert (
        main(["evaluate", str(results), "--protocol", "legacy", "--params", params, "--csv", str(tmp_path / "a.csv")])
        == 0
    )
    assert time.process_time() - start < 5
    assert "protocol legacy" in capsys.readouterr().out and len(pd.read_csv(tmp_path / "a.csv")) == 10
    assert main(["evaluate", str(results), "--protocol", "mine", "--params", params]) == 1
    assert main(["evaluate", str(results)]) == 1  # no params.yaml above a temporary folder
    assert main(["compare", "s9", "s1", "--scores", str(results), "--params", params]) == 0
    assert "s9 beats s1" in capsys.readouterr().out


def test_comparisons_are_ranked_and_hold_everyone_against_the_best_floor(results):
    bank = read_bank(results)
    tests = notable(bank, {"s0": "floor"}, resamples=100, seed=0)
    assert [(t.better, t.worse) for t in tests[-9:]] == [(t.better, "s0") for t in tests[-9:]] and len(tests) == 17
    aucs = {s: frame_metrics(bank.seeds(s)[0], bank.labels, smooth=smooth)["auc_micro"] for s in bank.systems}
    assert all(t.difference == pytest.approx(aucs[t.better] - aucs[t.worse], abs=1e-9) for t in tests)
    assert compare_systems(bank, "s9", "s1", resamples=100, seed=0).p < 0.05


def test_what_is_not_there_is_said(results, tmp_path):
    bank = read_bank(results)
    with pytest.raises(VadflowError, match=r"no scores of 'nobody'. There are: s0"):
        bank.seeds("nobody")
    with pytest.raises(VadflowError, match="expected scores, found none"):
        read_bank(tmp_path)
    assert judged(bank.seeds("s1")[0], bank.labels, "raw").clips == tuple(sorted(bank.labels))
