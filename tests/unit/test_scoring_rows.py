"""Rows that are made of scores: `fusion`, and what other people's code scored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml

from vadflow import params
from vadflow.errors import VadflowError
from vadflow.io import write_table
from vadflow.rows import NO_HELDOUT, UNPROVEN, external_row
from vadflow.scoring.calibrate import calibrate, fit_calibration
from vadflow.scoring.external import accept, accept_heldout
from vadflow.scoring.fuse import fuse_heldout, fuse_scores, tamed


def scores(calibrated, first=0) -> pd.DataFrame:
    frame = np.arange(first, first + len(calibrated))
    return pd.DataFrame({"frame": frame, "raw": 7.0, "calibrated": calibrated, "smoothed": 0.0, "paper": np.nan})


def test_fusion_is_the_plain_mean_of_signed_logarithms_of_calibrated_scores():
    fused = fuse_scores({"a": scores([1.0, 3.0]), "b": scores([2.0, -1.0])}, where="")
    assert np.allclose(fused["raw"], [np.log(2 * 3) / 2, np.log(4 / 2) / 2]) and fused["paper"].isna().all()
    assert list(fused.columns) == ["frame", "raw", "paper", "term_a", "term_b"]
    assert np.allclose(fused["term_b"], [np.log(3), -np.log(2)])
    assert len(fuse_scores({"a": scores([]), "b": scores([])}, where="")) == 0


def test_one_loud_member_does_not_outshout_two():
    """Frame 0: one member is beside itself; frame 1: both are alarmed. In a mean of plain scores frame 0 would be first."""
    fused = fuse_scores({"loud": scores([300.0, 40.0]), "quiet": scores([0.0, 8.0])}, where="")
    assert fused["raw"][1] > fused["raw"][0]


def test_members_with_other_frames_are_refused():
    for other in (scores([1.0]), scores([1.0, 2.0], first=1)):
        with pytest.raises(VadflowError, match=r"clip 01: the members have different frames"):
            fuse_scores({"a": scores([1.0, 2.0]), "b": other}, where="clip 01")


def test_heldout_scores_go_through_each_members_own_calibration():
    held = [pd.DataFrame({"clip": ["x"] * 4, "frame": range(4), "raw": raw}) for raw in ([0, 1, 2, 9], [5, 5, 6, 8.0])]
    scales = [fit_calibration(table) for table in held]
    fused = fuse_heldout({"a": (held[0], scales[0]), "b": (held[1].iloc[::-1], scales[1])}, where="")
    expected = np.mean([tamed(calibrate(t["raw"].to_numpy(), s)) for t, s in zip(held, scales, strict=True)], axis=0)
    assert np.allclose(fused["raw"], expected) and fused["frame"].tolist() == [0, 1, 2, 3]
    with pytest.raises(VadflowError, match="held out different frames"):
        fuse_heldout({"a": (held[0], scales[0]), "b": (held[1].assign(clip="y"), scales[1])}, where="")


def test_a_monotone_member_twice_changes_no_order():
    one = scores(np.random.default_rng(0).normal(size=50))
    fused = fuse_scores({"a": one, "b": one}, where="")["raw"]
    assert np.array_equal(np.argsort(fused), np.argsort(one["calibrated"]))


def test_external_scores_are_taken_or_refused_with_the_file(tmp_path):
    path = tmp_path / "01.parquet"
    write_table(path, pd.DataFrame({"frame": [0, 1], "raw": [1, 2], "their_own": ["a", "b"]}))
    taken = accept(path, 2)
    assert list(taken.columns) == ["frame", "raw", "paper"] and taken["raw"].dtype == "float64"
    cases = {
        "frames 0 to 2": (pd.DataFrame({"frame": [0, 1], "raw": [1.0, 2.0]}), 3),
        "'raw' is missing": (pd.DataFrame({"frame": [0, 1]}), 2),
        "row 1 is nan": (pd.DataFrame({"frame": [0, 1], "raw": [1.0, np.nan]}), 2),
    }
    for words, (table, length) in cases.items():
        write_table(path, table)
        with pytest.raises(VadflowError, match=f"01.parquet.*{words}"):
            accept(path, length)
    path.write_text("frame,raw\n0,1\n")
    with pytest.raises(VadflowError, match=r"01.parquet.*parquet"):
        accept(path, 1)


def test_external_heldout_scores_are_of_training_clips(tmp_path):
    assert accept_heldout(None, ["01"]).dtypes.astype(str).tolist() == ["object", "int32", "float64"]
    write_table(tmp_path / "h.parquet", pd.DataFrame({"clip": ["01", "99"], "frame": [0, 0], "raw": [1.0, 2.0]}))
    with pytest.raises(VadflowError, match="'99' is not a training clip"):
        accept_heldout(tmp_path / "h.parquet", ["01"])


def test_what_is_not_proven_stands_in_the_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert external_row("theirs", "by mail").notes == ("by mail", UNPROVEN, NO_HELDOUT)
    write_table("external_scores/theirs/heldout.parquet", pd.DataFrame({"clip": []}))
    assert external_row("theirs", "by mail").notes == ("by mail", UNPROVEN)


@pytest.mark.parametrize(
    ("section", "value", "words"),
    [
        ("fusion", {"systems": ["nobody"]}, "nobody must be among"),
        ("fusion", {"systems": ["constant", "constant"]}, "differ from each other"),
        ("external", {"fusion": {"dataset": "plaza", "note": "x"}}, "'fusion' is taken"),
        ("external", {"theirs": {"dataset": "ped9", "note": "x"}}, "'ped9' must be among plaza"),
    ],
)
def test_wrong_rows_are_refused_by_name(tmp_path, request, section, value, words):
    raw = yaml.safe_load((request.config.rootpath / "params.yaml").read_text()) | {section: value}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(raw))
    with pytest.raises(VadflowError, match=words):
        params.load(tmp_path / "params.yaml")
