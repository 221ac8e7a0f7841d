"""The fastest windows of `ssmtl`: where they lie, what they are judged by, and that they change nothing for the detector's boxes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ssmtl_data import LONG, clip_of, fit, params, with_objects

from vadflow.attributes.motion import Pace
from vadflow.attributes.observations import Observations
from vadflow.attributes.scale import Scale
from vadflow.clip import ClipView, Segment
from vadflow.conformance.checks import Subject, run_checks
from vadflow.io import read_table
from vadflow.params import load
from vadflow.scoring.score import score_clip
from vadflow.ssmtl.fastest import Fastest
from vadflow.ssmtl.judged import linked
from vadflow.ssmtl.scale import evidence_of, fit_rarities, fit_scales, rarity_of
from vadflow.ssmtl.stored import observe
from vadflow.systems.ssmtl import System
from vadflow.training.store import load_system

CELL = 8
EVEN = Pace(Scale(16.0, 0.0, 16.0, 16.0, supported=True), 0.5)
"""People are 16 px tall everywhere: windows of 3 x 3 cells of 8 px, the middle cell in the middle."""


def flow_of(clip: ClipView, *moving: tuple[int, int, int, float]) -> np.ndarray:
    """(T, 8, 12, 2): nothing moves but (frame, cell row, cell column, px/frame to the right)."""
    flow = np.zeros((len(clip), 8, 12, 2), np.float16)
    for t, row, column, speed in moving:
        flow[t, row, column, 0] = speed
    return flow


def with_flow(clip: ClipView, flow: np.ndarray) -> ClipView:
    path = clip.flow_path.with_name(f"{clip.name}_other.npy")  # type: ignore[union-attr]
    np.save(path, flow)
    return replace(clip, flow_path=path)


def seen_in(clip: ClipView, boxes: list[tuple[int, float, float, float, float]]) -> Observations:
    return observe(with_objects(clip, boxes), 2)


def test_a_window_lies_where_the_flow_is_fastest(tmp_path: Path) -> None:
    """A window of 3 x 3 cells in 64 x 96 px: a lone fast cell has it around itself, or shares it where it still holds it."""
    clip = clip_of(tmp_path, 10)
    flow = flow_of(clip, (4, 2, 6, 9.0), (4, 6, 2, 6.0), (5, 5, 5, 8.0))
    seen, row = Fastest(EVEN, 1).join(seen_in(clip, [(4, 0, 0, 8, 8), (7, 0, 0, 8, 8)]), flow, range(10))
    assert seen.frame.tolist() == [4, 4, 5, 7] and row.tolist() == [0, -1, -1, 1]
    for at, (y, x) in ((1, (2, 6)), (2, (5, 5))):
        x1, y1, x2, y2 = seen.box[at]
        assert (x2 - x1, y2 - y1) == (3 * CELL, 3 * CELL)
        assert x1 <= x * CELL < x2 and y1 <= y * CELL < y2
    assert not seen.probability[1:3].any() and not seen.person[1:3].any() and seen.probability[0].any()
    assert np.isnan(seen.pose[1:3]).all() and seen.box.dtype == np.float32


def test_as_many_windows_as_asked_and_none_in_another(tmp_path: Path) -> None:
    clip = clip_of(tmp_path, 4)
    flow = flow_of(clip, (1, 2, 6, 9.0), (1, 2, 7, 8.5), (1, 6, 2, 6.0), (1, 6, 9, 5.0))
    boxes = {most: Fastest(EVEN, most).join(seen_in(clip, []), flow, [1])[0].box for most in (1, 2, 3)}
    assert [len(box) for box in boxes.values()] == [1, 2, 3]
    assert np.array_equal(boxes[3][:2], boxes[2]) and np.array_equal(boxes[2][:1], boxes[1])
    middles = (boxes[3][:, :2] + boxes[3][:, 2:]) / 2
    for i in range(3):
        for j in range(i):
            x1, y1, x2, y2 = boxes[3][j]
            assert not (x1 < middles[i, 0] < x2 and y1 < middles[i, 1] < y2)


def test_no_window_where_nothing_moves_or_a_box_says_the_same(tmp_path: Path) -> None:
    clip = clip_of(tmp_path, 4)
    slow = flow_of(clip, (1, 2, 6, 0.3))  # 0.03 px/frame over nine cells: noise
    assert len(Fastest(EVEN, 2).join(seen_in(clip, []), slow, range(4))[0]) == 0
    fast = flow_of(clip, (1, 2, 6, 9.0))
    (window,) = Fastest(EVEN, 1).join(seen_in(clip, []), fast, range(4))[0].box
    on_it = seen_in(clip, [(1, *window.tolist())])
    _, row = Fastest(EVEN, 1).join(on_it, fast, range(4))
    kept = row[row < 0]
    assert len(kept) == 1, "the next window is taken, off the middle"
    beside = seen_in(clip, [(1, window[0] - 20, *window[1:].tolist())])
    assert np.array_equal(Fastest(EVEN, 1).join(beside, fast, range(4))[0].box[-1], window)


def test_each_kind_is_held_against_its_own() -> None:
    """Windows have values ten times as large; a box with a window's usual value is strange, a window with it is not."""
    rng = np.random.default_rng(0)
    detected = np.arange(2000) % 2 == 0
    values = {"middle": rng.normal(1, 0.1, 2000) * np.where(detected, 1, 10)}
    scales = fit_scales(values, detected, "z", 0.0)
    assert len(scales) == 2
    found = evidence_of({"middle": np.array([10.0, 10.0])}, np.array([True, False]), scales)["middle"]
    assert found[0] > 50 and found[1] < 0.2
    totals = np.where(detected, 1.0, 5.0) * rng.uniform(0, 1, 2000)
    rare = rarity_of(np.array([4.0, 4.0, 0.0]), np.array([True, False, False]), fit_rarities(totals, detected))
    assert rare[0] > 2 and rare[1] == pytest.approx(-np.log10(0.2), abs=0.1) and rare[2] == 0
    assert len(fit_scales(values, np.ones(2000, bool), "z", 0.0)) == 1


def test_a_window_never_continues_a_box(tmp_path: Path) -> None:
    seen = seen_in(clip_of(tmp_path, 6), [(t, 10, 10, 30, 50) for t in range(4)])
    found = linked(seen, np.array([True, False, True, False]), params().score)
    assert found[0] == found[2] and found[1] == found[3] and found[0] != found[1]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[System, Path]:
    folder = tmp_path_factory.mktemp("windows")
    return fit(folder, [clip_of(folder, LONG, seed=i, name=f"n{i}") for i in range(4)], windows=2), folder


def test_what_moves_is_judged_where_the_detector_saw_nothing(trained: tuple[System, Path], tmp_path: Path) -> None:
    system, _ = trained
    clip = with_objects(clip_of(tmp_path, 16), [])
    moving = with_flow(clip, flow_of(clip, *((t, 4, 5, 9.0) for t in range(16))))
    scores = list(system.score(moving))
    assert all(score.paper == 0 for score in scores), "the paper has no windows"
    for score in scores:
        region = score.regions[0]
        assert region.x1 <= 5 * CELL < region.x2 and region.y1 <= 4 * CELL < region.y2
        assert "where the flow is fastest" in region.reason
    still = with_flow(clip, flow_of(clip))
    assert all(score.score == 0 and not score.regions for score in system.score(still))


def test_boxes_are_judged_as_without_windows(trained: tuple[System, Path], tmp_path: Path) -> None:
    system, _ = trained
    clip = clip_of(tmp_path, 16, seed=4)
    judge = system._judge()
    whole = Segment(clip, 0, len(clip))
    both, alone = judge.look(whole), replace(judge, fastest=None).look(whole)
    assert (~both.detected).any() and alone.detected.all()
    assert np.array_equal(both.row[both.detected], alone.row)
    for task in system.params.tasks:
        np.testing.assert_allclose(both.values[task][both.detected], alone.values[task], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(both.published()[both.detected], alone.published(), rtol=1e-5, atol=1e-6)


def test_a_loaded_system_scores_the_same(trained: tuple[System, Path], tmp_path: Path) -> None:
    system, folder = trained
    clip = clip_of(tmp_path, 16, seed=5)
    again = load_system(folder / "model")
    first, second = (
        score_clip(one, clip, tmp_path / "raw.parquet", tmp_path / "maps.npy", tmp_path / "regions.parquet").raw
        for one in (system, again)
    )
    assert np.array_equal(first, second) and len(read_table(tmp_path / "regions.parquet"))
    assert len(again.scales) == len(again.rarities) == 2  # type: ignore[attr-defined]


def test_it_conforms_with_windows(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    workspace = load(request.config.rootpath / "params.yaml")
    small = workspace.model_copy(
        update={"frames": workspace.frames.model_copy(update={"height": 32, "width": 48, "colour": "gray"})}
    )
    section = params(windows=2)
    faults = {check: fault for check, fault in run_checks(Subject("ssmtl", section, small, tmp_path)) if fault}
    assert faults == {}
