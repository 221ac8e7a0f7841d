"""Every pseudo-anomaly file keeps the contract of `pseudo/base.py`, and does what it says."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadflow.clip import ClipView
from vadflow.pseudo import base, patch, recipes
from vadflow.schema import plugin_names

T, H, W = 24, 32, 40
EXAMPLES: dict[str, dict[str, Any]] = {
    "skip": {"skips": [2, 3, 4, 5]},
    "reverse": {},
    "noise": {"sigma": 0.05},
    "local_skip": {"skips": [2, 3], "min_size": 0.3, "max_size": 0.5, "feather_px": 2.0},
    "local_shape": {"min_size": 0.3, "max_size": 0.5, "feather_px": 2.0},
    "ride": {"min_size": 0.3, "max_size": 0.5, "min_speed": 0.1, "max_speed": 0.3, "feather_px": 0.5},
    "patch": {"min_size": 0.2, "max_size": 0.5, "max_move_px": 5, "feather_px": 2.0},
}
"""Add a section here when you add a pseudo-anomaly file."""


def clip(
    folder: Path, name: str, *, moving: bool = True, length: int = T, channels: int = 1, seed: int = 0
) -> ClipView:
    """Texture with a bright square that walks, or nothing that moves; its differences in 8 px cells."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    ground = rng.integers(40, 120, (H, W, channels)).astype(np.uint8)
    frames = np.repeat(ground[None], length, axis=0)
    for t in range(length if moving else 0):
        frames[t, 8:16, t % (W - 8) : t % (W - 8) + 8] = 250
    change = np.abs(np.diff(frames.astype(np.float32), axis=0, prepend=frames[:1])).mean(axis=3) / 255
    cells = change.reshape(length, H // 8, 8, W // 8, 8).mean(axis=(2, 4))
    np.save(folder / f"{name}.npy", frames)
    np.save(folder / f"{name}_d.npy", cells.astype(np.float16))
    return ClipView(name, 25.0, (H, W), frames_path=folder / f"{name}.npy", differences_path=folder / f"{name}_d.npy")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> list[ClipView]:
    folder = tmp_path_factory.mktemp("clips")
    return [clip(folder, "01"), clip(folder, "02", seed=1)]


@pytest.fixture(scope="module", params=plugin_names("pseudo"))
def kind(request: pytest.FixtureRequest) -> tuple[str, Any]:
    assert request.param in EXAMPLES, f"give pseudo/{request.param}.py an example section in this test"
    return request.param, base.load(request.param).Params.model_validate(EXAMPLES[request.param])


def rows(kind: tuple[str, Any], clips: list[ClipView], **changes: Any) -> list[Any]:
    options = {"per_clip": 6, "window": 5, "motion": 0.01, "seed": 7, **changes}
    return list(recipes.build(clips, dict([kind]), **options).itertuples())


def replayed(row: Any, clips: list[ClipView], window: int = 5) -> np.ndarray:
    named = {view.name: view for view in clips}
    return recipes.replay(row, named[row.clip], named.get(row.donor_clip), window)


def test_contract_replays_the_same_pixels_every_time(kind: tuple[str, Any], pair: list[ClipView]) -> None:
    found = rows(kind, pair)
    assert len(found) == 12 and {row.kind for row in found} == {kind[0]}
    for row in found:
        first, second = replayed(row, pair), replayed(row, pair)
        assert first.shape == (5, H, W, 1) and first.dtype == np.uint8 and np.array_equal(first, second)


def test_contract_the_window_differs_from_the_clip(kind: tuple[str, Any], pair: list[ClipView]) -> None:
    named = {view.name: view for view in pair}
    for row in rows(kind, pair):
        assert not np.array_equal(replayed(row, pair), named[row.clip].frames[row.start : row.start + 5])


def test_contract_the_source_is_not_touched(kind: tuple[str, Any], pair: list[ClipView]) -> None:
    before = [np.array(view.frames) for view in pair]
    for row in rows(kind, pair):
        replayed(row, pair)
    assert all(np.array_equal(old, view.frames) for old, view in zip(before, pair, strict=True))


@pytest.mark.parametrize("window", [2, 5, 16, T])
def test_contract_any_window_and_three_channels(kind: tuple[str, Any], tmp_path: Path, window: int) -> None:
    colour = [clip(tmp_path, "01", channels=3)]
    found = rows(kind, colour, window=window)
    assert found
    for row in found:
        assert replayed(row, colour, window).shape == (window, H, W, 3)
        assert replayed(row, colour, 16).shape == (16, H, W, 3)  # a system may want another length


def test_skip_reads_every_s_th_frame_and_holds_the_last() -> None:
    frames = np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1)
    row = SimpleNamespace(start=3, skip=3, seed=0)
    assert base.load("skip").replay(row, frames, 4, None).ravel().tolist() == [3, 6, 9, 9]


def test_a_local_skip_is_fast_in_its_box_and_nowhere_else() -> None:
    frames = np.broadcast_to(10 * np.arange(10, dtype=np.uint8)[:, None, None, None], (10, 20, 20, 1))
    row = SimpleNamespace(start=1, skip=3, x1=4, y1=2, x2=9, y2=12, sigma=0.0, seed=0)
    made = base.load("local_skip").replay(row, frames, 3, None)[..., 0]
    for i in range(3):
        expected = np.full((20, 20), 10 * (1 + i))
        expected[2:12, 4:9] = 10 * (1 + 3 * i)
        assert np.array_equal(made[i], expected)


def test_a_local_skip_lies_where_something_moves(tmp_path: Path) -> None:
    one = clip(tmp_path, "01")  # its square walks along rows 8 to 16
    found = rows(("local_skip", base.load("local_skip").Params.model_validate(EXAMPLES["local_skip"])), [one])
    assert found and all(row.y1 < 16 and row.y2 > 8 for row in found)


def test_a_local_shape_is_wide_large_or_upside_down_in_its_box_and_nowhere_else(tmp_path: Path) -> None:
    thing = np.zeros((1, 32, 40, 1), np.uint8)
    thing[0, 14:18, 18:20] = 200  # 4 px tall, 2 px wide, just above and left of the box's middle (16, 20)
    seen = set()
    for seed in range(12):
        row = SimpleNamespace(start=0, x1=8, y1=4, x2=32, y2=28, sigma=0.0, seed=seed)
        made = base.load("local_shape").replay(row, thing, 2, None)
        assert np.array_equal(made[0], made[1]) and not made[:, :4].any() and not made[..., :8, :].any()
        found = made[0, ..., 0] > 100
        seen.add((int(found.any(1).sum()), int(found.any(0).sum())))
    assert seen == {(4, 4), (6, 3), (4, 2)}, "rows and columns of what was 4 x 2"


def test_a_local_shape_lies_where_something_moves(tmp_path: Path) -> None:
    one = clip(tmp_path, "01")  # its square walks along rows 8 to 16
    found = rows(("local_shape", base.load("local_shape").Params.model_validate(EXAMPLES["local_shape"])), [one])
    assert found and all(row.y1 < 16 and row.y2 > 8 for row in found)


def ride_row(**changes: Any) -> Any:
    recipe = {"start": 0, "x1": 20.0, "y1": 30.0, "x2": 60.0, "y2": 70.0, "dx": 6.0, "dy": 0.0, "sigma": 0.5, "seed": 0}
    return SimpleNamespace(**recipe | changes)


def ridden(channels: int = 3, window: int = 8, **changes: Any) -> np.ndarray:
    """The ride's pixels, (window, 120, 200) bool, over an even grey place."""
    grey = np.full((window, 120, 200, channels), 120, np.uint8)
    return (base.load("ride").replay(ride_row(**changes), grey, window, None) != 120).any(axis=3)


def test_a_ride_glides_by_its_step_on_its_foot_line() -> None:
    for seed in range(6):
        seen = ridden(seed=seed)
        assert seen.any(axis=(1, 2)).all()
        middle = [np.flatnonzero(mask.any(axis=0)).mean() for mask in seen]
        assert np.diff(middle).mean() == pytest.approx(6, abs=0.6)
        bottom = [int(np.flatnonzero(mask.any(axis=1)).max()) for mask in seen]
        assert min(bottom) >= 66 and max(bottom) <= 80, "wheels on the ground under the person's square"
        tall = [np.ptp(np.flatnonzero(mask.any(axis=1))) for mask in seen]
        assert min(tall) >= 28 and max(tall) <= 60, "as tall as a person of 40 px, nearly"


def test_a_ride_the_other_way_faces_the_other_way() -> None:
    right, left = ridden(seed=2)[0], ridden(seed=2, dx=-6.0)[0]
    assert right.any() and left.any() and not np.array_equal(right, left)


def test_rides_are_of_several_kinds_and_the_seed_says_which() -> None:
    shapes = {tuple(np.flatnonzero(ridden(seed=seed, window=1)[0].any(axis=0))[[0, -1]]) for seed in range(12)}
    assert len(shapes) > 3
    assert np.array_equal(ridden(seed=5), ridden(seed=5))


def test_a_ride_has_colour_only_where_the_frame_has() -> None:
    grey = np.full((2, 120, 200, 3), 120, np.uint8)
    assert (np.ptp(base.load("ride").replay(ride_row(), grey, 2, None), axis=3) == 0).all()
    colour = grey.copy()
    colour[..., 0] = 90
    made = base.load("ride").replay(ride_row(), colour, 2, None)
    assert np.ptp(made[made[..., 2] != 120], axis=1).max() > 40


def test_a_ride_over_the_edge_is_cut() -> None:
    seen = ridden(x1=-20.0, x2=20.0, dx=-6.0)
    assert seen[0, :, :30].any() and not seen[-1].any() and not seen[0, :, 60:].any()


@settings(max_examples=100)
@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.floats(0.1, 1), st.floats(0.05, 0.5))
def test_rides_stay_inside_and_never_outrun_their_speed(seed: int, window: int, size: float, speed: float) -> None:
    ride = base.load("ride")
    params = ride.Params(min_size=size, max_size=size, min_speed=speed, max_speed=speed, feather_px=1)
    view: Any = SimpleNamespace(name="01", frames=np.zeros((40, H, W, 1), np.uint8))
    row = ride.draw(np.random.default_rng(seed), view, start=0, window=window, params=params, donors=[view])
    assert row["x2"] - row["x1"] == pytest.approx(row["y2"] - row["y1"]) and row["x2"] > row["x1"]
    for at in (0, window - 1):
        assert row["x1"] + at * row["dx"] >= -1e-6 and row["x2"] + at * row["dx"] <= W + 1e-6
        assert row["y1"] + at * row["dy"] >= -1e-6 and row["y2"] + at * row["dy"] <= H + 1e-6
    assert abs(row["dx"]) <= speed * max(4, round(H * size)) + 1e-6


def test_reverse_runs_backwards() -> None:
    frames = np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1)
    assert base.load("reverse").replay(SimpleNamespace(start=3), frames, 3, None).ravel().tolist() == [5, 4, 3]


def test_noise_has_its_sigma_and_is_new_in_every_frame() -> None:
    frames = np.full((4, 64, 64, 1), 128, np.uint8)
    noisy = base.load("noise").replay(SimpleNamespace(start=0, sigma=0.1, seed=5), frames, 4, None).astype(float)
    assert noisy.std() == pytest.approx(25.5, rel=0.05) and noisy.mean() == pytest.approx(128, abs=1)
    assert not np.array_equal(noisy[0], noisy[1])


def test_noise_stays_within_a_byte() -> None:
    frames = np.concatenate([np.zeros((1, 16, 16, 1), np.uint8), np.full((1, 16, 16, 1), 255, np.uint8)])
    noisy = base.load("noise").replay(SimpleNamespace(start=0, sigma=0.5, seed=5), frames, 2, None)
    assert noisy[0].min() == 0 and noisy[1].max() == 255 and noisy[0].max() > 0 and noisy[1].min() < 255


def test_a_patch_moves_by_its_step_and_leaves_the_rest_alone() -> None:
    frames = np.zeros((3, 20, 20, 1), np.uint8)
    donor = np.full((1, 20, 20, 1), 200, np.uint8)
    row = SimpleNamespace(
        start=0, x1=2, y1=3, x2=6, y2=8, dx=4, dy=-1, sigma=0.0, donor_clip="d", donor_start=0, seed=1
    )
    made = patch.replay(row, frames, 3, donor)[..., 0]
    for i in range(3):
        expected = np.zeros((20, 20))
        expected[3 - i : 8 - i, 2 + 4 * i : 6 + 4 * i] = 200
        assert np.array_equal(made[i], expected)


def test_a_patch_over_the_edge_is_cut() -> None:
    frames = np.zeros((3, 20, 20, 1), np.uint8)
    donor = np.full((1, 20, 20, 1), 200, np.uint8)
    row = SimpleNamespace(
        start=0, x1=17, y1=0, x2=21, y2=20, dx=2, dy=0, sigma=1.0, donor_clip="d", donor_start=0, seed=1
    )
    made = patch.replay(row, frames, 3, donor)[..., 0]
    assert made[0, :, 17:].any() and not made[0, :, :17].any() and not made[2].any()


def test_feather_falls_to_the_edges() -> None:
    assert base.feather((3, 5), 0.0).tolist() == np.ones((3, 5)).tolist()
    soft = base.feather((9, 9), 3.0)
    assert soft[4, 4] == 1 and soft[0, 4] == pytest.approx(0.25) and (np.diff(soft[4, :5]) >= 0).all()


@settings(max_examples=200)
@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.floats(0.05, 1), st.floats(0, 1))
def test_patches_stay_inside_where_there_is_room_and_always_move(
    seed: int, window: int, largest: float, share: float
) -> None:
    params = patch.Params(min_size=largest * max(share, 0.01), max_size=largest, max_move_px=8, feather_px=1)
    view: Any = SimpleNamespace(name="01", frames=np.zeros((40, H, W, 1), np.uint8))
    row = patch.draw(np.random.default_rng(seed), view, start=0, window=window, params=params, donors=[view])
    assert 0 <= row["x1"] < row["x2"] <= W and 0 <= row["y1"] < row["y2"] <= H and row["donor_start"] < 40
    assert row["dx"] or row["dy"]
    if W - (row["x2"] - row["x1"]) >= window - 1 and H - (row["y2"] - row["y1"]) >= window - 1:
        dx, dy = row["dx"] * (window - 1), row["dy"] * (window - 1)
        forced = abs(row["dx"]) == 1 and row["dy"] == 0
        assert forced or (row["x1"] + dx >= 0 and row["x2"] + dx <= W and row["y1"] + dy >= 0 and row["y2"] + dy <= H)
