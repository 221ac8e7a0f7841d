"""Parts of the attributes system by hand: tails, perspective, tracklets, windows, bodies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from attributes_data import SIZE, walkers

from vadflow.attributes.bodies import attach
from vadflow.attributes.dense import Windows
from vadflow.attributes.motion import Pace, fit_pace
from vadflow.attributes.observations import from_table, join
from vadflow.attributes.scale import Scale, fit_scale
from vadflow.attributes.tails import fit_tail, from_array
from vadflow.attributes.tracklets import Smoother, iou, link, smooth
from vadflow.objects import poses, schema
from vadflow.objects.decode import Head
from vadflow.objects.poses import PoseReader, PosesParams, find_weights, pose_clip
from vadflow.objects.weights import BUNDLED_FOLDER


class TestTails:
    def test_goes_on_beyond_the_largest_value(self) -> None:
        tail = fit_tail(np.random.default_rng(0).normal(size=5000), floor=0.01)
        surprise = tail.surprise(np.array([0.0, 2.0, 4.0, 8.0, 16.0]))
        assert (np.diff(surprise) > 0).all()

    def test_reads_the_share(self) -> None:
        tail = fit_tail(np.arange(10_000.0), floor=0.01)
        assert tail.surprise(np.array([9000.0]))[0] == pytest.approx(1.0, abs=0.01)
        assert tail.level(0.1) == pytest.approx(9000, abs=20)

    def test_beyond_the_quantile_it_is_the_pareto_of_that_mean_excess(self) -> None:
        """Values that follow that very distribution: one in a million is where it says, from ten thousand of them."""
        share = (np.arange(10_000) + 0.5) / 10_000
        tail = fit_tail(2 * ((1 - share) ** -0.5 - 1), floor=0.01)
        true = 2 * (1e-6**-0.5 - 1)
        assert tail.level(1e-6) == pytest.approx(true, rel=0.1)
        assert tail.surprise(np.array([true]))[0] == pytest.approx(6, abs=0.1)

    def test_level_is_the_inverse(self) -> None:
        tail = fit_tail(np.random.default_rng(1).exponential(size=20_000), floor=0.01)
        for share in (0.5, 0.05, 0.001, 1e-5):
            assert tail.surprise(np.array([tail.level(share)]))[0] == pytest.approx(-np.log10(share), abs=0.01)

    def test_a_value_that_many_share_is_as_common_as_they_are(self) -> None:
        """Nearly all objects have no foreign class at all: that is what is normal, and not what 2 % reach."""
        tail = fit_tail(np.r_[np.zeros(990), np.arange(1.0, 11)], floor=0.1)
        assert tail.surprise(np.array([-1.0, 0.0])).tolist() == [0, 0]
        assert tail.surprise(np.array([1e-6]))[0] >= -np.log10(0.02)
        half = fit_tail(np.r_[np.zeros(500), np.arange(1.0, 501)], floor=0.1)
        assert half.surprise(np.array([0.0]))[0] == 0
        assert half.surprise(np.array([1e-6]))[0] == pytest.approx(-np.log10(0.5), abs=0.01)

    def test_silence_is_no_evidence(self) -> None:
        assert fit_tail(np.arange(100.0), floor=0.1).surprise(np.array([np.nan]))[0] == 0

    @pytest.mark.parametrize("values", [np.zeros(0), np.full(3, np.nan), np.ones(50)])
    def test_without_spread_the_floor_holds(self, values: np.ndarray) -> None:
        tail = fit_tail(values, floor=0.5)
        assert tail.scale == 0.5 and np.isfinite(tail.surprise(np.array([100.0]))).all()

    def test_round_trip(self) -> None:
        tail = fit_tail(np.random.default_rng(0).normal(size=500), floor=0.01)
        again = from_array(tail.as_array())
        x = np.linspace(-3, 9, 50)
        np.testing.assert_allclose(again.surprise(x), tail.surprise(x))


class TestPerspective:
    def test_line_in_spite_of_outliers(self) -> None:
        rng = np.random.default_rng(0)
        seen = walkers(1000, rng, slope=0.2)
        box = seen.box.copy()
        box[:150, 1] = box[:150, 3] - 80  # 15 % are much too tall
        scale = fit_scale(replace(seen, box=box))
        assert scale.supported and scale.slope == pytest.approx(0.2, abs=0.03)

    def test_never_outside_what_was_seen(self) -> None:
        scale = fit_scale(walkers(1000, np.random.default_rng(0), slope=0.2))
        heights = scale.height(np.array([-1000.0, 0.0, 10_000.0]))
        assert heights.min() >= scale.low and heights.max() <= scale.high

    def test_no_slope_no_line(self) -> None:
        assert fit_scale(walkers(1000, np.random.default_rng(0), slope=-0.1)).slope == 0

    def test_few_people_no_support(self) -> None:
        scale = fit_scale(walkers(20, np.random.default_rng(0)))
        assert not scale.supported and scale.low == scale.high

    def test_exponent_stays_in_bounds(self) -> None:
        seen = walkers(2000, np.random.default_rng(0), slope=0.4)
        wild = replace(seen, speed=(seen.height**3 / 1e4).astype(np.float32))
        assert fit_pace(wild, fit_scale(wild)).exponent == 1.0


class TestTracklets:
    def test_a_walker_keeps_its_number(self) -> None:
        frame = np.repeat(np.arange(5), 2)
        box = np.array([[10.0 * k + t, 0, 10.0 * k + t + 8, 20] for t in range(5) for k in (0, 3)])
        track = link(frame, box, min_iou=0.3, max_gap=2)
        assert track.tolist() == [0, 1] * 5

    def test_a_gap_too_long_ends_it(self) -> None:
        box = np.tile([[0.0, 0, 8, 20]], (2, 1))
        assert link(np.array([0, 3]), box, min_iou=0.3, max_gap=3).tolist() == [0, 0]
        assert link(np.array([0, 4]), box, min_iou=0.3, max_gap=3).tolist() == [0, 1]

    def test_no_objects(self) -> None:
        assert len(link(np.zeros(0, int), np.zeros((0, 4)), min_iou=0.3, max_gap=2)) == 0

    def test_constant_stays_constant(self) -> None:
        for smoother in ("centred", "causal"):
            found = smooth(np.ones(6), np.arange(6), np.zeros(6, int), width=2.0, smoother=smoother)
            np.testing.assert_allclose(found, 1)

    def test_causal_looks_back_only(self) -> None:
        values = np.array([0.0, 0, 0, 1, 1, 1])
        found = smooth(values, np.arange(6), np.zeros(6, int), width=2.0, smoother="causal")
        assert (found[:3] == 0).all() and found[5] > found[3] > 0

    def test_silence_is_skipped(self) -> None:
        values = np.array([1.0, np.nan, 1.0, np.nan])
        track = np.array([0, 0, 0, 1])
        found = smooth(values, np.arange(4), track, width=1.0, smoother="centred")
        assert found[:3].tolist() == pytest.approx([1, 1, 1]) and np.isnan(found[3])

    @pytest.mark.parametrize("smoother", ["centred", "causal"])
    def test_smoothing_like_a_slow_weighted_mean(self, smoother: Smoother) -> None:
        """Against every pair of frames, on tracklets with gaps and silences; a causal mean forgets what lies 27 widths back."""
        rng = np.random.default_rng(0)
        for _ in range(100):
            n, width = int(rng.integers(1, 40)), float(rng.choice([0.3, 1.0, 2.5, 7.5]))
            frame, track = np.sort(rng.integers(0, 4 * n, n)), rng.integers(0, 3, n)
            keep = np.unique(np.stack([frame, track]), axis=1, return_index=True)[1]
            frame, track = frame[np.sort(keep)], track[np.sort(keep)]
            values = np.where(rng.random(len(frame)) < 0.2, np.nan, rng.normal(size=len(frame)))
            found = smooth(values, frame, track, width=width, smoother=smoother)
            for row in range(len(frame)):
                lag = frame[row] - frame
                near = lag[track == track[row]]
                weight = np.exp(-0.5 * (near / width) ** 2) * (abs(near) <= 2 * width)
                if smoother == "causal":
                    weight = np.exp(-np.clip(near, 0, None) / width) * (near >= 0)
                mine = values[track == track[row]]
                known = np.isfinite(mine)
                if (weight * known).sum() > 1e-9:
                    assert found[row] == pytest.approx(
                        (weight * known) @ np.nan_to_num(mine) / (weight @ known), abs=1e-4
                    )
                elif (weight * known).sum() == 0:
                    assert np.isnan(found[row]) or (track == track[row]).sum() == 1

    def test_smoothing_a_tracklet_of_an_hour(self) -> None:
        """Who sits in view for an hour is 90,000 rows: not a weight for every pair of them."""
        found = smooth(np.ones(90_000), np.arange(90_000), np.zeros(90_000, int), width=15.0, smoother="centred")
        assert (found == 1).all()

    def test_iou_by_hand(self) -> None:
        assert iou(np.array([[0, 0, 2, 2.0]]), np.array([[1, 0, 3, 2.0]]))[0, 0] == pytest.approx(1 / 3)


class TestWindows:
    def test_constant_flow_and_no_specks(self) -> None:
        tiny = Pace(Scale(3.0, 0.0, 3.0, 3.0, supported=True), 0.0)
        windows = Windows(tiny, SIZE, (60, 90))
        flow = np.zeros((60, 90, 2), np.float16)
        flow[..., 0] = 2
        np.testing.assert_allclose(windows.pace_map(flow), 2, rtol=1e-3)
        x1, y1, x2, y2 = windows.box(30, 45)
        assert (x2 - x1, y2 - y1) == (12, 12)

    def test_a_window_is_the_mean_over_its_cells(self) -> None:
        sloped = Pace(Scale(20.0, 0.2, 20.0, 70.0, supported=True), 0.0)
        windows = Windows(sloped, SIZE, (30, 45))
        flow = np.random.default_rng(0).normal(size=(30, 45, 2)).astype(np.float16)
        found = windows.pace_map(flow)
        speed = np.hypot(*np.moveaxis(flow.astype(np.float64), -1, 0))
        cell = np.array([SIZE[1] / 45, SIZE[0] / 30] * 2)
        for row, column in ((0, 0), (29, 44), (14, 20), (5, 44)):
            x1, y1, x2, y2 = np.round(np.array(windows.box(row, column)) / cell).astype(int)
            assert found[row, column] == pytest.approx(speed[y1:y2, x1:x2].mean(), rel=1e-5)


class TestBodies:
    def test_held_until_the_next(self) -> None:
        table = pd.DataFrame(
            [(t, 10.0, 10.0, 40.0, 90.0, 0.9, 0, "person") for t in range(12)],
            columns=["frame", "x1", "y1", "x2", "y2", "confidence", "class_id", "class_name"],
        )
        for name in ("speed", "dx", "dy", "energy"):
            table[name] = 0.0
        table["probabilities"] = [[0.9, 0.1]] * 12
        seen = from_table(schema.conform(table), size=SIZE, fps=20.0, classes=2)
        seen = replace(seen, track=np.zeros(12, int))
        points = np.full((17, 3), 0.9, np.float32) * np.array([30, 60, 1], np.float32)
        rows = [(t, 10.0, 10.0, 40.0, 90.0, 0.9, (points + t * np.float32([1, 0, 0])).ravel()) for t in (0, 5, 6)]
        bodies = pd.DataFrame(rows, columns=["frame", "x1", "y1", "x2", "y2", "confidence", "keypoints"])
        found = attach(seen, bodies)
        known = np.isfinite(found.pose[:, 0, 0])
        assert known.tolist() == [True] * 4 + [False] + [True] * 5 + [False] * 2
        assert np.isfinite(found.change[5]).all() and np.isnan(found.change[3]).all()

    def test_no_bodies(self) -> None:
        seen = walkers(10, np.random.default_rng(0))
        assert attach(seen, pd.DataFrame({"frame": []})) is seen

    def test_without_weights_the_table_is_empty(self) -> None:
        params = PosesParams(weights=None, every=1, min_height=16, confidence=0.2, nms_iou=0.6)
        table = pose_clip([np.zeros((8, 8, 3), np.uint8)], schema.empty(), PoseReader(params, 1))
        assert len(table) == 0 and list(table.columns)[-1] == "keypoints"

    def test_one_network_serves_all_clips(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        loaded = []
        monkeypatch.setattr(poses, "Reader", lambda *given: loaded.append(given) or FakePoses())
        params = PosesParams(weights=str(tmp_path), every=2, min_height=16, confidence=0.2, nms_iou=0.6)
        reader = PoseReader(params, 1)
        assert not loaded
        table = pd.DataFrame({"frame": [0, 1, 2], "class_name": "person", "x1": 0, "x2": 8, "y1": 0, "y2": 30})
        both = [pose_clip([np.zeros((64, 64, 3), np.uint8)] * 3, table, reader) for _ in range(2)]
        assert len(loaded) == 1
        assert both[0].frame.tolist() == [0, 2] and both[0].frame.dtype == "int32"
        assert both[0].keypoints[1].tolist() == both[1].keypoints[1].tolist() == [1.0] * 51


class FakePoses:
    """A pose network that sees one body of 10 x 40 px in any frame, and another below the confidence."""

    head = Head(corners=False, one_each=False)

    def size_for(self, frame: tuple[int, int]) -> tuple[int, int]:
        return frame

    def raw(self, images: Iterable[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for _ in images:
            yield np.float32([[30, 9], [40, 9], [10, 9], [40, 9]]), np.float32([[0.9, 0.1]])

    def extra(self) -> np.ndarray:
        return np.ones((51, 2), np.float32)


def test_pose_weights_beside_the_detector(tmp_path) -> None:
    pose = tmp_path / "some-pose_openvino_model"
    pose.mkdir()
    detector = str(tmp_path / "yolo_openvino_model")
    assert find_weights("beside", detector) == pose
    assert find_weights("beside", "plaza") == BUNDLED_FOLDER.with_name("plaza_pose_openvino_model")
    assert find_weights("beside", "yolo26n.pt") is None and find_weights(None, detector) is None
    assert find_weights("/x/y.onnx", None) == Path("/x/y.onnx")


def test_tracklets_stay_apart_when_clips_are_joined() -> None:
    rng = np.random.default_rng(0)
    both = join([walkers(20, rng), walkers(30, rng)])
    assert len(both) == 50 and len(np.unique(both.track)) == 5
