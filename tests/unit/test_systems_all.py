"""What every file in systems/ must do; a new file is tested the moment it exists."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from systems_data import SHAPE, draw_clip, draw_recipes, draw_source, small_params, system_names

from vadflow.clip import ClipView
from vadflow.errors import VadflowError
from vadflow.scoring.score import score_clip
from vadflow.systems.base import FrameScore, System
from vadflow.training.fit import fit_system
from vadflow.training.store import load_system

NAMES = system_names()
LENGTHS = [0, 1, 3, 5, 12]


def fitted(name: str, folder: Path, seed: int = 1) -> System:
    clips = [draw_clip(folder, f"n{i}", 12, seed=i) for i in range(4)]
    return fit_system(
        name,
        small_params(name),
        clips,
        frame_shape=SHAPE,
        seed=seed,
        held_out=0.25,
        folder=folder / "model",
        checkpoint=folder / "checkpoint",
        checkpoint_s=1000,
        threads=1,
        pseudo=draw_recipes(clips),
    )


@pytest.fixture(scope="module", params=NAMES)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, System, Path]:
    folder = tmp_path_factory.mktemp(request.param)
    return request.param, fitted(request.param, folder), folder


def scores_of(system: System, clip: ClipView) -> list[FrameScore]:
    return list(system.score(clip))


def test_all_are_found() -> None:
    learned = {"std", "msnnet", "mlfs3d", "ssmtl"}
    assert {"constant", "frame_index", "clip_centre", "frame_difference", "flow_energy"} | learned <= set(NAMES)


@pytest.mark.parametrize("length", LENGTHS)
def test_every_length_is_scored(trained: tuple[str, System, Path], tmp_path: Path, length: int) -> None:
    _, system, _ = trained
    clip = draw_clip(tmp_path, "c", length, seed=7)
    maps, regions = (tmp_path / "map.npy", tmp_path / "regions.parquet") if system.localises else (None, None)
    raw = score_clip(system, clip, tmp_path / "raw.parquet", maps, regions)
    assert raw["frame"].tolist() == list(range(length))
    assert np.isfinite(raw["raw"]).all()
    assert maps is None or np.load(maps).shape[0] == length


def test_scores_come_in_order_and_maps_keep_their_shape(trained: tuple[str, System, Path], tmp_path: Path) -> None:
    _, system, _ = trained
    scores = scores_of(system, draw_clip(tmp_path, "c", 9, seed=3))
    frames = [score.frame for score in scores]
    assert frames == sorted(set(frames))
    shapes = {score.map.shape for score in scores if score.map is not None}
    assert len(shapes) == (1 if system.localises else 0)
    assert all(0 <= r.x1 < r.x2 <= 96 and 0 <= r.y1 < r.y2 <= 64 for score in scores for r in score.regions)


def test_reads_only_what_it_needs(trained: tuple[str, System, Path], tmp_path: Path) -> None:
    _, system, _ = trained
    clip = draw_clip(tmp_path, "c", 8)
    hidden = {
        f"{kind}_path": None
        for kind in ("frames", "differences", "flow", "objects", "poses")
        if kind not in system.needs
    }
    if "source" not in system.needs:
        hidden["source"] = None
    assert scores_of(system, replace(clip, **hidden))


def test_save_and_load_give_equal_scores(trained: tuple[str, System, Path], tmp_path: Path) -> None:
    _, system, folder = trained
    clip = draw_clip(tmp_path, "c", 11, seed=5)
    again = load_system(folder / "model")
    assert [s.score for s in scores_of(again, clip)] == [s.score for s in scores_of(system, clip)]


@pytest.mark.parametrize("fault", ["cut off", "of an older version"])
def test_weights_that_do_not_fit_are_one_clear_line(
    trained: tuple[str, System, Path], tmp_path: Path, fault: str
) -> None:
    _, system, folder = trained
    copytree(folder / "model", tmp_path / "model")
    weights = tmp_path / "model" / "weights.safetensors"
    if fault == "cut off":
        weights.write_bytes(weights.read_bytes()[:-3])
    elif state := load_file(weights):
        save_file({f"old.{name}": value for name, value in state.items()}, weights)
    else:
        pytest.skip(f"{system.kind}: nothing is saved")
    with pytest.raises(VadflowError, match=r"weights\.safetensors.*Train it again"):
        load_system(tmp_path / "model")


def test_same_seed_same_files(trained: tuple[str, System, Path], tmp_path: Path) -> None:
    name, _, folder = trained
    fitted(name, tmp_path)
    for file in ("weights.safetensors", "model.json", "history.parquet", "heldout.parquet"):
        assert (tmp_path / "model" / file).read_bytes() == (folder / "model" / file).read_bytes(), file
    assert not (tmp_path / "checkpoint").exists()


def test_scores_are_a_stream(trained: tuple[str, System, Path], tmp_path: Path) -> None:
    """The first score must not wait for the last frame: what comes later cannot change it."""
    _, system, _ = trained
    if system.kind == "floor":
        pytest.skip("floors look at the length only")
    long, short = draw_clip(tmp_path / "a", "c", 40, seed=2), draw_clip(tmp_path / "b", "c", 40, seed=2)
    frames = np.load(short.frames_path)  # type: ignore[arg-type]
    frames[20:] = 0
    np.save(short.frames_path, frames)  # type: ignore[arg-type]
    draw_source(short.source, frames)  # type: ignore[arg-type]
    first = [next(iter(system.score(clip))).score for clip in (long, short)]
    assert first[0] == first[1]


def test_stochastic_tells_the_truth(trained: tuple[str, System, Path], tmp_path: Path) -> None:
    name, system, folder = trained
    fitted(name, tmp_path, seed=2)
    same = (tmp_path / "model/weights.safetensors").read_bytes() == (folder / "model/weights.safetensors").read_bytes()
    assert same is not system.stochastic
