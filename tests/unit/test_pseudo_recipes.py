"""The table of recipes: motion-gated, inside the clips, the same every time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_pseudo_kinds import EXAMPLES, T, clip

from vadflow import io
from vadflow.clip import ClipView
from vadflow.pseudo import base, recipes

KINDS = {name: base.load(name).Params.model_validate(section) for name, section in EXAMPLES.items()}


def build(clips: list[ClipView], kinds: dict[str, Any] | None = None, **changes: Any) -> pd.DataFrame:
    options = {"per_clip": 4, "window": 5, "motion": 0.01, "seed": 3, **changes}
    return recipes.build(clips, kinds or KINDS, **options)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[ClipView]:
    folder = tmp_path_factory.mktemp("clips")
    return [clip(folder, f"{i:02d}", seed=i) for i in range(3)]


def test_columns_and_types_survive_the_file(clips: list[ClipView], tmp_path: Path) -> None:
    found = build(clips)
    assert list(found.columns) == list(recipes.COLUMNS) and len(found) == 3 * 4 * len(KINDS)
    assert {name: str(found[name].dtype) for name in found} == {n: d for n, (d, _) in recipes.COLUMNS.items()}
    io.write_table(tmp_path / "p.parquet", found)
    pd.testing.assert_frame_equal(io.read_table(tmp_path / "p.parquet"), found)


def test_the_same_seed_gives_the_same_table_in_any_order(clips: list[ClipView]) -> None:
    pd.testing.assert_frame_equal(build(clips), build(clips[::-1], dict(reversed(KINDS.items()))))
    assert not build(clips).equals(build(clips, seed=4))


def test_clips_and_kinds_do_not_disturb_each_other(clips: list[ClipView]) -> None:
    whole = build(clips)
    alone = build(clips[:1], {"skip": KINDS["skip"]})
    part = whole[(whole["clip"] == "00") & (whole.kind == "skip")].reset_index(drop=True)
    pd.testing.assert_frame_equal(part, alone)


def test_static_and_short_clips_give_nothing(tmp_path: Path) -> None:
    still = clip(tmp_path, "still", moving=False)
    short = clip(tmp_path, "short", length=4)
    for found in (build([still, short]), build([])):
        assert len(found) == 0 and list(found.columns) == list(recipes.COLUMNS)
    assert set(build([still, clip(tmp_path, "moving")])["clip"]) == {"moving"}


def test_only_windows_that_move_are_taken(tmp_path: Path) -> None:
    view = clip(tmp_path, "half", length=60)
    quiet = np.array(view.differences)
    quiet[:41] = 0  # only frames 40 -> 41 and later change
    np.save(tmp_path / "quiet.npy", quiet)
    half = ClipView("half", 25.0, view.size, frames_path=view.frames_path, differences_path=tmp_path / "quiet.npy")
    found = build([half], {"reverse": KINDS["reverse"]}, per_clip=30)
    assert 0 < len(found) <= 30 and found.start.min() >= 37


def test_a_cut_before_the_window_is_not_its_motion() -> None:
    peaks = recipes.peak_change(np.full((3, 2, 2), 0.5, np.float16))
    assert peaks.tolist() == [0, 0.5, 0.5]


@settings(max_examples=30)
@given(seed=st.integers(0, 1000), window=st.integers(2, T))
def test_starts_lie_inside_and_skips_fit_where_they_can(clips: list[ClipView], seed: int, window: int) -> None:
    found = build(clips, seed=seed, window=window, per_clip=2)
    assert ((found.start >= 0) & (found.start + window <= T)).all() and (found.length == window).all()
    jump = found[found.kind == "skip"]
    assert jump.skip.isin([2, 3, 4, 5]).all()
    if 5 * (window - 1) < T // 2:
        assert (jump.start + jump.skip * (window - 1) < T).all()


@pytest.mark.parametrize("section", [{"skips": []}, {"skips": [1]}])
def test_skips_are_checked(section: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="skips"):
        base.load("skip").Params.model_validate(section)


def test_patch_sizes_are_checked() -> None:
    with pytest.raises(ValueError, match="min_size <= max_size"):
        base.load("patch").Params.model_validate({**EXAMPLES["patch"], "min_size": 0.9})
