"""`look`: who is looked at, what counts as strange, and what it asks for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from attributes_data import walkers
from ssmtl_data import residual_model
from systems_data import SHAPE, draw_clip, draw_source, small_params

from vadflow.attributes.look import Look, LookParams, attach_looks
from vadflow.attributes.tails import fit_tail
from vadflow.clip import ClipView
from vadflow.errors import VadflowError
from vadflow.objects.imagenet import GRID, ImageNet
from vadflow.systems.attributes import System
from vadflow.training.fit import fit_system
from vadflow.training.store import load_system

PARAMS = LookParams(weights="any", every=2, min_side=20)


def brightness() -> ImageNet:
    """A network that sees how bright a cut-out is, and nothing else."""

    def features(shown: np.ndarray) -> np.ndarray:
        mean = shown.mean((1, 2, 3), dtype=np.float32)
        return np.stack([np.full((GRID, GRID), one) for one in mean])[:, None].repeat(2, axis=1)

    return ImageNet(features, 2, np.zeros(32, np.uint8))


def looked(folder: Path, box: tuple[int, int, int, int], frames: int = 5) -> np.ndarray:
    """(frames,) what the network says of one box of a picture of 48 x 64 px, left half black and right half white."""
    picture = np.zeros((frames, 24, 32, 1), np.uint8)
    picture[:, :, 16:] = 255
    clip = ClipView("c", 10.0, (48, 64), source=draw_source(folder, picture))
    seen = walkers(frames, np.random.default_rng(0))
    boxes = np.tile(np.array(box, np.float32), (frames, 1))
    seen = replace(seen, frame=np.arange(frames), box=boxes, track=np.zeros(frames, int), size=(48, 64))
    return attach_looks(seen, clip, brightness(), PARAMS).look[:, 0]


def test_what_is_cut_out_is_the_object(tmp_path: Path) -> None:
    assert looked(tmp_path / "white", (40, 10, 56, 36))[0] == 255
    assert looked(tmp_path / "black", (6, 10, 22, 36))[0] == 0


def test_a_look_holds_until_the_next(tmp_path: Path) -> None:
    assert np.isfinite(looked(tmp_path, (40, 10, 56, 36))).all(), "looked at in frames 0, 2 and 4, held in 1 and 3"


@pytest.mark.parametrize("box", [(40, 10, 50, 28), (44, 10, 64, 36)])
def test_small_and_cut_off_objects_are_not_looked_at(tmp_path: Path, box: tuple[int, int, int, int]) -> None:
    assert np.isnan(looked(tmp_path, box)).all()


def test_strange_is_what_lies_far_from_normal_looks() -> None:
    rng = np.random.default_rng(0)
    normal = replace(walkers(400, rng), look=rng.normal(0, [1, 10, 1], (400, 3)).astype(np.float32))
    known = Look.fit(normal)
    assert known is not None
    fresh = rng.normal(0, [1, 10, 1], (3, 3)) + np.array([[0, 0, 0], [0, 30, 0], [6, 0, 0]])
    asked = replace(walkers(3, rng), look=fresh.astype(np.float32))
    usual, some, more = known.statistic(asked)
    assert usual < some < more, "30 of a channel that spreads by 10 are less than 6 of one that spreads by 1"
    again = Look.load(known.state())
    np.testing.assert_array_equal(again.statistic(asked), known.statistic(asked))
    tail = fit_tail(known.statistic(normal), floor=Look.floor)
    assert "times farther than usual" in known.reason(asked, 2, float(more), tail)


def test_silent_without_looks() -> None:
    rng = np.random.default_rng(0)
    seen = walkers(400, rng)
    assert Look.fit(seen) is None, "no network looked"
    few = np.where(np.arange(400)[:, None] < 299, rng.normal(size=(400, 3)), np.nan).astype(np.float32)
    assert Look.fit(replace(seen, look=few)) is None
    enough = replace(seen, look=rng.normal(size=(400, 3)).astype(np.float32))
    known = Look.fit(enough)
    assert known is not None and np.isnan(known.statistic(replace(seen, look=few))[299:]).all()


def test_fitted_with_the_video_it_speaks_and_wants_the_same_network_again(tmp_path: Path) -> None:
    network = residual_model(tmp_path / "tiny.xml")
    own = {"attributes": ["fast", "look"], "look": {"weights": str(network), "every": 2, "min_side": 16.0}}
    params = small_params("attributes").model_validate(small_params("attributes").model_dump() | own)
    assert "source" in System.needed(params) and "source" not in System.needs
    clips = [draw_clip(tmp_path, f"n{i}", 180, seed=i) for i in range(4)]
    model = tmp_path / "model"
    system = fit_system(
        "attributes", params, clips, frame_shape=SHAPE, seed=1, held_out=0.25, folder=model,
        checkpoint=tmp_path / "checkpoint", checkpoint_s=1000, threads=1,
    )  # fmt: skip
    clip = draw_clip(tmp_path, "c", 20, seed=9)
    odd = replace(clip, source=draw_source(tmp_path / "odd", 255 - np.load(clip.frames_path)))  # type: ignore[arg-type]
    usual, strange = ([score.terms["look"] for score in system.score(one)] for one in (clip, odd))
    assert np.mean(strange) > np.mean(usual), "the same boxes, another picture"
    again = load_system(model)
    assert [score.terms["look"] for score in again.score(odd)] == strange
    weights = network.with_suffix(".bin")
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\1")
    with pytest.raises(VadflowError, match="are not those of the training"):
        load_system(model)
