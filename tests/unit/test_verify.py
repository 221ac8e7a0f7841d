"""A planted difference is found in the first stage it reaches, with its clip and its size."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from vadflow.cli import main
from vadflow.errors import VadflowError
from vadflow.io import write_json, write_table
from vadflow.scoring.feedback import NormalEvent, read_events
from vadflow.verify.differ import differ
from vadflow.verify.recompute import clone, prepare, recompute
from vadflow.verify.stages import STAGES, compare_results, told


@pytest.fixture
def results(tmp_path):
    root = tmp_path / "a"
    for split, clip in (("train", "01"), ("test", "02")):
        for kind in ("frames", "differences"):
            (root / "plaza" / kind / split).mkdir(parents=True, exist_ok=True)
            np.save(root / "plaza" / kind / split / f"{clip}.npy", np.zeros((70, 4, 5, 1), np.uint8))
    model = root / "plaza/models/std/0"
    write_json(model / "model.json", {"system": "std", "params": {"a": [1, 2.5]}})
    save_file({"w": np.arange(6.0, dtype=np.float32)}, model / "weights.safetensors")
    write_table(root / "plaza/scores/std/0/02.parquet", pd.DataFrame({"frame": [0, 1], "raw": [0.5, np.nan]}))
    (root / "auc_table.csv").write_text("system,auc_micro\nstd,0.9000\n")
    shutil.copytree(root, tmp_path / "b")
    return root, tmp_path / "b"


def first(results):
    last = compare_results(*results)[-1]
    return last.stage, [one.place for one in last.differences], [one.size for one in last.differences]


def test_equal_folders_are_equal_and_missing_stages_are_told(results, capsys):
    found = compare_results(*results)
    assert [one.stage for one in found] == list(STAGES) and not any(one.differences for one in found)
    assert main(["verify", str(results[0]), str(results[1])]) == 0
    text = capsys.readouterr().out
    assert "no difference" in text and "flow: not compared" in text and "frames: 2 files, equal" in text


def test_one_pixel_of_one_frame_names_stage_clip_and_size(results, capsys):
    path = results[1] / "plaza/frames/test/02.npy"
    frames = np.load(path)
    frames[66, 1, 2] += 1
    np.save(path, frames)
    (results[1] / "auc_table.csv").write_text("system,auc_micro\nstd,0.1000\n")  # a later stage is not looked at
    assert first(results) == (
        "frames",
        ["clip plaza/test/02"],
        ["1 of 1400 values, by at most 1, the first in frame 66"],
    )
    assert main(["verify", str(results[0]), str(results[1])]) == 1
    assert "the first stage that differs is: frames" in capsys.readouterr().out


def test_weights_scores_and_the_table(results):
    a, b = results
    (b / "auc_table.csv").write_text("system,auc_micro\nstd,0.9010\n")
    assert first(results)[0] == "metrics" and "auc_micro in 1 of 1 values, by at most 0.001" in first(results)[2][0]
    write_table(b / "plaza/scores/std/0/02.parquet", pd.DataFrame({"frame": [0, 1], "raw": [0.5, 2.0]}))
    assert first(results)[0:2] == ("scores", ["clip plaza/std/0/02"]) and "defined in one" in first(results)[2][0]
    save_file({"w": np.arange(6.0, dtype=np.float32) + 0.5}, b / "plaza/models/std/0/weights.safetensors")
    assert first(results) == ("training", ["plaza/std/0"], ["w in 6 of 6 values, by at most 0.5, the first is row 0"])
    write_json(b / "plaza/models/std/0/model.json", {"system": "std", "params": {"a": [1, 3.0]}})
    assert "params.a.1 by 0.5" in told(compare_results(a, b))


def test_a_clip_that_only_one_has(results):
    (results[1] / "plaza/differences/test/02.npy").unlink()
    assert first(results)[0:2] == ("differences", ["clip plaza/test/02"])


def test_parquet_is_compared_by_content(tmp_path):
    table = pd.DataFrame({"clip": ["01", "02"], "score": [1.0, np.nan], "p": [[1.0], []]})
    table.to_parquet(tmp_path / "a.parquet", compression="zstd")
    table.to_parquet(tmp_path / "b.parquet", compression="snappy", row_group_size=1)
    assert differ(tmp_path / "a.parquet", tmp_path / "b.parquet") == ""
    table.assign(p=[[1.0], [2.0]]).to_parquet(tmp_path / "b.parquet")
    assert differ(tmp_path / "a.parquet", tmp_path / "b.parquet") == "p in 1 rows, the first is row 1"


def test_folders_that_are_no_results_are_refused(results, tmp_path):
    with pytest.raises(VadflowError, match="no such folder"):
        compare_results(results[0], tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(VadflowError, match="nothing to compare"):
        compare_results(tmp_path / "empty", tmp_path / "empty")


def test_what_cannot_be_recomputed_is_said(results, tmp_path):
    with pytest.raises(VadflowError, match=r"record\.json: no such file"):
        recompute(results[0], tmp_path / "new", cores=1)
    for commit, words in (("unknown", "outside git"), ("abc+", "uncommitted changes")):
        write_json(results[0] / "record.json", {"commit": commit, "params": {}, "normal_events": []})
        with pytest.raises(VadflowError, match=words):
            recompute(results[0], tmp_path / "new", cores=1)


def test_a_commit_is_cloned_and_a_workspace_linked(tmp_path):
    git = ["git", "-C", str(tmp_path / "repository"), "-c", "user.name=a", "-c", "user.email=a@b"]
    (tmp_path / "repository").mkdir()
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "one"]):
        subprocess.run([*git, *command], check=True)
    assert (clone(tmp_path / "repository", "HEAD", tmp_path / "code") / ".git").is_dir()
    with pytest.raises(VadflowError, match="checkout"):
        clone(tmp_path / "repository", "0123456789ab", tmp_path / "other")
    (tmp_path / "old/video/normal").mkdir(parents=True)
    params = {"datasets": {"camera": {"adapter": "folder", "path_train": "video/normal", "labels": None}}}
    marked = [NormalEvent("camera", "friday", 3, 9, "a, b")]
    new = prepare(params, marked, tmp_path / "old", tmp_path / "new")
    assert (new / "video/normal").samefile(tmp_path / "old/video/normal")
    assert read_events(new / "normal_events.csv") == marked
