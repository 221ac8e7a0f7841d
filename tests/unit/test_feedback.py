""" "That was fine": the file, the law, and what calibration makes of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from vadflow import audit
from vadflow.cli import main
from vadflow.dag import Plan
from vadflow.errors import VadflowError
from vadflow.params import ScoringParams, load
from vadflow.scoring.feedback import NormalEvent, add_event, as_heldout, read_events, write_events
from vadflow.scoring.finish import learn_scale

SCORING = ScoringParams(smoother="gaussian", sigma_s=0.2, false_alarms_per_hour=1, merge_gap_s=0.5, min_event_s=0)


def test_rows_come_back_sorted_and_once(tmp_path):
    path = tmp_path / "normal_events.csv"
    late, early = NormalEvent("cam", "b", 5, 9, 'a "cart", twice'), NormalEvent("cam", "a", 0, 3)
    assert read_events(path) == [] and add_event(late, path) and add_event(early, path)
    assert not add_event(NormalEvent("cam", "b", 5, 9, "again"), path)
    assert read_events(path) == [early, late]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("clip,start\n", "expected the header"),
        ("dataset,clip,start,end,note\ncam,a,1,two,\n", "line 2: not a span"),
        ("dataset,clip,start,end,note\ncam,a,5,5,\n", r"line 2: frames \[5, 5\)"),
    ],
)
def test_a_wrong_file_is_named_with_its_line(tmp_path, text, words):
    (tmp_path / "n.csv").write_text(text)
    with pytest.raises(VadflowError, match=words):
        read_events(tmp_path / "n.csv")


def test_marked_frames_raise_the_threshold_above_their_scores():
    held = pd.DataFrame({"clip": "n", "frame": range(200), "raw": np.random.default_rng(0).normal(size=200)})
    raw = {"w": pd.DataFrame({"frame": range(60), "raw": np.where(np.arange(60) // 10 == 3, 9.0, 0.0)})}
    event = NormalEvent("cam", "w", 30, 40)
    marked = as_heldout([event], raw)
    assert marked["raw"].tolist() == [9.0] * 10 and set(marked["clip"]) == {"w [30, 40)"}
    before = learn_scale(held, {"n": 25.0}, SCORING)
    after = learn_scale(pd.concat([held, marked]), {"n": 25.0, event.name: 25.0}, SCORING)
    peak = (9.0 - after[0].median) / after[0].scale
    assert after[1].value > peak and before[1].value < (9.0 - before[0].median) / before[0].scale
    with pytest.raises(VadflowError, match="of a clip of 60 frames"):
        as_heldout([NormalEvent("cam", "w", 30, 61)], raw)


@pytest.fixture
def camera(tmp_path, request, monkeypatch):
    for name in ("normal/n1", "watch/w1"):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        (folder / "000.png").write_bytes(b"x")
    params = yaml.safe_load((request.config.rootpath / "params.yaml").read_text())
    own = {"adapter": "folder", "path_train": "normal", "path_test": "watch", "labels": None, "fps": 10}
    params["datasets"] = {"cam": own, "plaza": params["datasets"]["plaza"]}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_unlabelled_video_takes_a_mark_and_labelled_never(camera, capsys):
    assert main(["fine", "cam", "w1", "0", "5", "--note", "a cart"]) == 0 and "recalibrates" in capsys.readouterr().out
    assert main(["fine", "cam", "w1", "0", "5"]) == 0 and "marked already" in capsys.readouterr().out
    plan = Plan(load(), clips_per_job=1)
    assert plan.fed_back == {"cam": [NormalEvent("cam", "w1", 0, 5, "a cart")]}
    for arguments in (["plaza", "01", "0", "5"], ["cam", "n1", "0", "5"], ["cam", "w1", "5", "5"]):
        assert main(["fine", *arguments]) == 1
    with (camera / "normal_events.csv").open("a") as file:
        file.write("plaza,01,0,5,smuggled in by hand\n")
    with pytest.raises(VadflowError, match="the dataset has labels"):
        Plan(load(), clips_per_job=1)


def test_other_feedback_is_another_configuration(camera):
    """Two tables that rest on different marked frames never have one hash; a note changes no number and no hash."""

    def hashes(*events):
        write_events([NormalEvent(*event) for event in events])
        plan = Plan(load(), clips_per_job=1)
        rows = {name: [plan.digest(name, system) for system in ("constant", "std", "fusion")] for name in plan.datasets}
        return {"all": plan.digest_of_all(), **rows}

    none = hashes()
    Path("normal_events.csv").unlink()
    plan = Plan(load(), clips_per_job=1)
    assert none["cam"][0] == plan.digest("cam", "constant") and none["all"] == plan.digest_of_all() == load().digest()
    one, other = hashes(("cam", "w1", 0, 5)), hashes(("cam", "w1", 0, 6))
    assert len({found["all"] for found in (none, one, other)}) == 3
    assert all(len(set(row)) == 3 for row in zip(none["cam"], one["cam"], other["cam"], strict=True))
    assert none["plaza"] == one["plaza"] == other["plaza"]
    two = [("cam", "w1", 0, 5), ("cam", "w1", 8, 9)]
    assert hashes(*two) == hashes(*reversed(two)) == hashes(two[0], (*two[1], "a delivery")) != one


def test_a_training_job_may_open_its_inputs_only_and_the_plan_says_where(camera):
    closed = Plan(load(), clips_per_job=1).closed("cam")
    assert closed[:2] == ["results", "external_scores"] and set(closed[2:]) == {"normal", "watch"}


def test_the_audit_tells_fed_back_calibration_and_still_guards_training():
    raw = "results/cam/raw/std/0/w1.parquet"
    scale, weights = (f"results/cam/models/std/0/{file}" for file in ("calibration.json", "weights.safetensors"))
    records = {scale: [raw], weights: ["results/cam/frames/train/n1.npy"]}
    report = audit.audit([scale, weights], records, {"cam": []}, ["cam"])
    assert report["models"][scale]["fed_back"] and "person marked" in report["verdict"]
    assert report["models"][weights] == {"ancestors": 1, "test_files": 0}
    with pytest.raises(VadflowError, match="leakage"):
        audit.audit([weights], records | {weights: [raw]}, {"cam": []}, ["cam"])
    with pytest.raises(VadflowError, match="leakage"):
        audit.audit([scale], records, {"cam": []}, [])
