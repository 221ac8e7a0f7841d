"""Snapshots: they change nothing in the fit, lie evenly along it, survive a kill, and can be scored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import load_file
from systems_data import SHAPE, draw_clip, small_params

from vadflow.errors import VadflowError
from vadflow.layout import MODEL_FILES
from vadflow.metrics.gather import read_snapshots
from vadflow.scoring.score import score_snapshots
from vadflow.systems.constant import System as Constant
from vadflow.training.fit import fit_system
from vadflow.training.snapshots import Snapshots, load_snapshots, save_snapshots


def fit(folder: Path, count: int, name: str = "std") -> Path:
    clips = [draw_clip(folder, f"n{i}", 12, seed=i) for i in range(4)]
    fit_system(
        name,
        small_params(name),
        clips,
        frame_shape=SHAPE,
        seed=1,
        held_out=0.25,
        folder=folder / "model",
        checkpoint=folder / "checkpoint",
        checkpoint_s=0,
        threads=1,
        snapshots=count,
    )
    return folder / "model"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fit(tmp_path_factory.mktemp("trained"), 2)


@pytest.mark.parametrize(
    ("phases", "count", "chosen"),
    [
        ({"one": 9}, 2, ["one_3", "one_6"]),
        ({"one": 9}, 0, []),
        ({"long": 90, "short": 10}, 4, ["long_18", "long_36", "long_54", "long_72"]),
        ({"long": 90, "short": 10}, 1, ["long_45"]),
        ({"a": 4, "none": 0, "b": 4}, 1, ["a_4"]),
        ({"a": 2}, 5, ["a_1"]),
        ({"a": 1}, 3, []),
    ],
)
def test_they_lie_evenly_over_the_whole_fit(
    tmp_path: Path, phases: dict[str, int], count: int, chosen: list[str]
) -> None:
    kept = Snapshots(tmp_path, count)
    for phase, steps in phases.items():
        assert all(0 < end <= steps for end in kept.due(phase, steps))
    assert kept.chosen() == chosen


def test_they_change_nothing_else(tmp_path: Path, trained: Path) -> None:
    without = fit(tmp_path, 0)
    for file in MODEL_FILES:
        same = (without / file).read_bytes() == (trained / file).read_bytes()
        assert same is (file != "snapshots.safetensors"), file
    assert load_file(without / "snapshots.safetensors") == {}
    assert score_snapshots(dict(load_snapshots(without)), draw_clip(tmp_path, "c", 7)).shape == (0, 3)


def test_what_is_not_trained_by_steps_has_none(tmp_path: Path) -> None:
    assert load_file(fit(tmp_path, 2, "frame_difference") / "snapshots.safetensors") == {}


def test_a_snapshot_has_its_own_weights_and_the_final_usual_errors(trained: Path, tmp_path: Path) -> None:
    final = load_file(trained / "weights.safetensors")
    systems = dict(load_snapshots(trained))
    assert list(systems) == ["joint_1", "pretrain_2"]  # of 4 + 3 steps, the nearest to 2.3 and 4.7
    for system in systems.values():
        state = system.state()
        assert state.keys() == final.keys()
        moved = {key for key in final if not np.array_equal(final[key], state[key])}
        assert moved and all(key.startswith("model.") for key in moved)
    table = score_snapshots(systems, draw_clip(tmp_path, "c", 9, seed=3))
    assert table.groupby("snapshot")["frame"].apply(list).tolist() == [list(range(9))] * 2
    assert table["raw"].nunique() > 2 and np.isfinite(table["raw"]).all()


def test_a_kill_anywhere_leaves_the_same_snapshots(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vadflow.systems.std_model import Dissociation

    class Killed(Exception):  # noqa: N818  # not an error: what the operating system does to a job
        pass

    original = Dissociation.losses

    def dying(left: Iterator[int]) -> object:
        def losses(*arguments: object) -> dict[str, torch.Tensor]:
            if next(left, None) is None:
                raise Killed
            return original(*arguments)  # type: ignore[arg-type]

        return losses

    for calls in (3, 4):
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(Dissociation, "losses", dying(iter(range(calls))))
            fit(tmp_path, 2)
    whole = (trained / "snapshots.safetensors").read_bytes()
    assert (fit(tmp_path, 2) / "snapshots.safetensors").read_bytes() == whole


def test_a_state_that_hides_what_was_trained_is_told(tmp_path: Path) -> None:
    system = Constant(small_params("constant"), SHAPE)
    with pytest.raises(VadflowError, match=r"'net\.weight' was trained, but is no part of the state.*<module>\.<tens"):
        save_snapshots({"warm_3/net.weight": np.zeros(2, np.float32)}, system, tmp_path)


def test_they_are_read_back_by_snapshot_and_clip(tmp_path: Path) -> None:
    for clip in ("01", "02"):
        rows = [(name, frame, 1.0) for name in ("a_1", "a_2") for frame in range(3)]
        table = pd.DataFrame(rows, columns=["snapshot", "frame", "raw"])
        table.to_parquet(tmp_path / f"{clip}.parquet")
    found = read_snapshots(["01", "02"], [tmp_path / "01.parquet", tmp_path / "02.parquet"])
    assert {name: sorted(scores) for name, scores in found.items()} == {"a_1": ["01", "02"], "a_2": ["01", "02"]}
    assert found["a_2"]["02"]["frame"].tolist() == [0, 1, 2]
    assert read_snapshots(["01", "02"], []) == {}
