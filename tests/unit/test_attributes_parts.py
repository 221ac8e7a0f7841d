"""Parts of the attributes system by hand: tails, perspective, tracklets, support tests, windows, trials, fusion."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from vadflow.attributes.bodies import attach
from vadflow.attributes.choice import FAMILIES, Evidence, choose
from vadflow.attributes.dense import Windows
from vadflow.attributes.model import Model, Reference, Smoothing, frame_largest, load_model
from vadflow.attributes.motion import Fast, Pace, Still, fit_pace
from vadflow.attributes.observations import Observations, from_table, join
from vadflow.attributes.place import Near, Where
from vadflow.attributes.posture import Gesture, Posture, nearest
from vadflow.attributes.scale import Scale, fit_scale
from vadflow.attributes.tails import fit_tail, from_array
from vadflow.attributes.tracklets import iou, link, smooth
from vadflow.attributes.trials import TRIALS
from vadflow.attributes.what import What
from vadflow.objects import schema
from vadflow.objects.poses import PosesParams, pose_clip

SIZE = (240, 360)
FLAT = Pace(Scale(50.0, 0.0, 50.0, 50.0, supported=True), 0.5)


def walkers(n: int, rng: np.random.Generator, *, tall: float = 30.0, slope: float = 0.0, speed: float = 1.0):
    """n people who walk to the right over the lower part of the frame, ten rows a tracklet."""
    foot = rng.uniform(90, 230, n)
    height = tall + slope * (foot - 90) + rng.normal(0, 1, n)
    x = rng.uniform(20, 320, n)
    box = np.stack([x, foot - height, x + 0.4 * height, foot], axis=1).astype(np.float32)
    pace = np.abs(rng.normal(speed, 0.1 * speed, n)).astype(np.float32)
    pose = np.full((n, 17, 3), np.nan, np.float32)
    return Observations(
        frame=np.sort(rng.integers(0, max(n // 5, 1), n)),
        box=box,
        probability=np.stack([rng.uniform(0.5, 0.9, n), rng.uniform(0, 0.05, n)], axis=1).astype(np.float32),
        person=np.ones(n, bool),
        speed=pace,
        velocity=np.stack([pace, np.zeros(n, np.float32)], axis=1),
        pose=pose,
        change=np.full((n, 34), np.nan, np.float32),
        track=np.arange(n) // 10,
        size=SIZE,
        fps=10.0,
        classes=("person", "bicycle"),
    )


def posed(seen: Observations, rng: np.random.Generator) -> Observations:
    """Upright bodies with all keypoints visible."""
    share = np.linspace(0.05, 0.95, 17)[None, :, None]
    low, high = seen.box[:, None, :2], seen.box[:, None, 2:]
    points = low + (high - low) * np.concatenate([np.full_like(share, 0.5), share], axis=2)
    points = points + rng.normal(0, 0.01, points.shape) * (high - low)
    confidence = np.full((len(seen), 17, 1), 0.9)
    change = rng.normal(0, 0.1, (len(seen), 34))
    return replace(
        seen, pose=np.concatenate([points, confidence], axis=2).astype(np.float32), change=change.astype(np.float32)
    )


class TestTails:
    def test_goes_on_beyond_the_largest_value(self) -> None:
        tail = fit_tail(np.random.default_rng(0).normal(size=5000), floor=0.01)
        surprise = tail.surprise(np.array([0.0, 2.0, 4.0, 8.0, 16.0]))
        assert (np.diff(surprise) > 0).all()

    def test_reads_the_share(self) -> None:
        tail = fit_tail(np.arange(10_000.0), floor=0.01)
        assert tail.surprise(np.array([9000.0]))[0] == pytest.approx(1.0, abs=0.01)
        assert tail.level(0.1) == pytest.approx(9000, abs=20)

    def test_level_is_the_inverse(self) -> None:
        tail = fit_tail(np.random.default_rng(1).exponential(size=20_000), floor=0.01)
        for share in (0.5, 0.05, 0.001, 1e-5):
            assert tail.surprise(np.array([tail.level(share)]))[0] == pytest.approx(-np.log10(share), abs=0.01)

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

    def test_iou_by_hand(self) -> None:
        assert iou(np.array([[0, 0, 2, 2.0]]), np.array([[1, 0, 3, 2.0]]))[0, 0] == pytest.approx(1 / 3)


class TestSupport:
    def test_still_only_where_hardly_anybody_stands(self) -> None:
        rng = np.random.default_rng(0)
        seen = walkers(1000, rng)
        assert Still.fit(seen, FLAT) is not None
        standing = replace(seen, speed=np.where(rng.random(1000) < 0.2, 0, seen.speed).astype(np.float32))
        assert Still.fit(standing, FLAT) is None

    def test_posture_is_silent_on_small_people(self) -> None:
        rng = np.random.default_rng(0)
        small, large = (posed(walkers(800, rng, tall=tall), rng) for tall in (30, 70))
        assert Posture.fit(small) is None and Gesture.fit(small) is None
        attribute = Posture.fit(large)
        assert attribute is not None and np.isnan(attribute.statistic(small)).all()

    def test_posture_needs_poses(self) -> None:
        assert Posture.fit(walkers(800, np.random.default_rng(0), tall=70)) is None

    def test_where_needs_many_walks(self) -> None:
        seen = walkers(1000, np.random.default_rng(0))
        assert Where.fit(seen, FLAT) is not None
        assert Where.fit(replace(seen, track=np.zeros(1000, int)), FLAT) is None

    def test_what_needs_objects(self) -> None:
        assert What.fit(walkers(50, np.random.default_rng(0))) is None

    def test_near_needs_a_perspective(self) -> None:
        assert Near.fit(walkers(50, np.random.default_rng(0)), Scale(50, 0, 50, 50, supported=False)) is None


class TestEvidence:
    def test_hard_to_see_is_not_odd(self) -> None:
        seen = walkers(1000, np.random.default_rng(0))
        what = What.fit(seen)
        assert what is not None
        dim = replace(seen, probability=seen.probability * np.float32([0.1, 1.0]))
        np.testing.assert_allclose(what.statistic(dim), what.statistic(seen))

    def test_a_foreign_class_is_odd_however_clear_the_person(self) -> None:
        seen = walkers(1000, np.random.default_rng(0))
        what = What.fit(seen)
        assert what is not None
        rider = replace(seen.pick(np.arange(1)), probability=np.array([[0.95, 0.4]], np.float32))
        tail = fit_tail(what.statistic(seen), floor=what.floor)
        assert what.statistic(rider)[0] > what.statistic(seen).max()
        assert "bicycle 0.40" in what.reason(rider, 0, float(what.statistic(rider)[0]), tail)

    def test_against_the_stream_and_off_the_path(self) -> None:
        rng = np.random.default_rng(0)
        seen = walkers(3000, rng)
        where = Where.fit(seen, FLAT)
        assert where is not None
        usual = np.median(where.statistic(seen))
        assert np.median(where.statistic(TRIALS["turned"](seen, rng))) > usual + 1
        away = replace(seen, box=seen.box - np.float32([0, 80, 0, 80]))
        assert np.median(where.statistic(away)) > usual

    def test_lying_and_waving(self) -> None:
        rng = np.random.default_rng(0)
        seen = posed(walkers(800, rng, tall=70), rng)
        posture, gesture = Posture.fit(seen), Gesture.fit(seen)
        assert posture is not None and gesture is not None
        assert np.nanmedian(posture.statistic(TRIALS["fallen"](seen, rng))) > 3 * np.nanmedian(posture.statistic(seen))
        assert np.nanmedian(gesture.statistic(TRIALS["waving"](seen, rng))) > np.nanmax(gesture.statistic(seen))

    def test_nearest_is_brute_force(self) -> None:
        rng = np.random.default_rng(0)
        query, bank = rng.random((5, 34)).astype(np.float32), rng.random((40, 34)).astype(np.float32)
        slow = np.sort(np.sqrt(((query[:, None] - bank[None]) ** 2).mean(axis=2)), axis=1)[:, 2]
        found = nearest(query, np.ones_like(query), bank, np.ones_like(bank))
        np.testing.assert_allclose(found, slow, rtol=1e-3)

    def test_fast_names_the_normal_limit(self) -> None:
        seen = walkers(1000, np.random.default_rng(0))
        fast = Fast.fit(seen, FLAT)
        assert fast is not None
        values = fast.statistic(seen)
        text = fast.reason(seen, 0, 5.0, fit_tail(values, floor=0.05))
        assert text.startswith("fast: 5.0 px/frame; 99.9 % of normal objects here stay under 1.")


class TestWindows:
    def test_constant_flow_and_no_specks(self) -> None:
        tiny = Pace(Scale(3.0, 0.0, 3.0, 3.0, supported=True), 0.0)
        windows = Windows(tiny, SIZE, (60, 90))
        flow = np.zeros((60, 90, 2), np.float16)
        flow[..., 0] = 2
        np.testing.assert_allclose(windows.pace_map(flow), 2, rtol=1e-3)
        x1, y1, x2, y2 = windows.box(30, 45)
        assert (x2 - x1, y2 - y1) == (12, 12)


class TestTrials:
    @pytest.mark.parametrize("name", list(TRIALS))
    def test_changes_something_and_nothing_of_the_original(self, name: str) -> None:
        rng = np.random.default_rng(0)
        seen = posed(walkers(20, rng, tall=70), rng)
        before = {
            key: getattr(seen, key).copy() for key in ("box", "speed", "velocity", "pose", "change", "probability")
        }
        changed = TRIALS[name](seen, rng)
        for key, value in before.items():
            np.testing.assert_array_equal(getattr(seen, key), value)
        assert any(not np.array_equal(getattr(changed, key), value) for key, value in before.items())


class TestFusion:
    def model(self, **weights: float) -> Model:
        tail = fit_tail(np.random.default_rng(0).normal(size=2000), floor=0.1)
        reference = Reference({}, FLAT)
        return Model(reference, {"fast": tail, "what": tail}, Smoothing(0.0, "centred"), 1.0, weights)

    def test_unremarkable_attributes_do_not_add_up(self) -> None:
        evidence = self.model().surprises({"fast": np.array([0.5]), "what": np.array([0.5])})
        assert sum(evidence.values())[0] == 0

    def test_two_oddities_are_worse_than_one(self) -> None:
        model = self.model()
        one = sum(model.surprises({"fast": np.array([4.0]), "what": np.array([np.nan])}).values())[0]
        two = sum(model.surprises({"fast": np.array([4.0]), "what": np.array([4.0])}).values())[0]
        assert two == pytest.approx(2 * one) and one > 0

    def test_weights_count(self) -> None:
        values = {"fast": np.array([4.0])}
        half, whole = (self.model(fast=w).surprises(values)["fast"][0] for w in (0.5, 1.0))
        assert half == pytest.approx(whole / 2)

    def test_largest_of_a_frame(self) -> None:
        assert frame_largest(np.array([1.0, 3.0, 2.0]), np.array([0, 0, 2]), 4).tolist() == [3, 0, 2, 0]

    def test_save_and_load(self) -> None:
        seen = walkers(1000, np.random.default_rng(0))
        fast = Fast.fit(seen, FLAT)
        assert fast is not None
        tail = fit_tail(fast.statistic(seen), floor=0.05)
        model = Model(Reference({"fast": fast}, FLAT), {"fast": tail}, Smoothing(0.0, "causal"), 0.5, {"fast": 0.5})
        again = load_model(model.state(), model.smoothing)
        values = model.reference.statistics(seen, model.smoothing)
        np.testing.assert_allclose(again.surprises(values)["fast"], model.surprises(values)["fast"])


class TestChoice:
    def test_finds_the_truncation_and_never_silences(self) -> None:
        rng = np.random.default_rng(0)
        noise = rng.exponential(0.43, (4000, 2))
        frame = np.arange(4000) // 4
        odd = rng.exponential(0.43, (300, 2)) + np.array([3.0, 0.0])
        evidence = Evidence(("fast", "where"), [(noise, frame, 1000)], {"skipped": odd})
        choice, tries = choose([evidence])
        assert all(weight > 0 for weight in choice.weights.values())
        assert tries[-1] is choice and choice.auc >= tries[0].auc > 0.9
        assert choose([evidence])[0] == choice

    def test_the_prior_stands_where_search_is_off(self) -> None:
        choice, _ = choose([Evidence(("fast", "where"), [], {})], search=False)
        assert choice.weights == {"fast": 1.0, "where": 0.5}

    def test_every_trial_has_a_family(self) -> None:
        assert sorted(name for family in FAMILIES.values() for name in family) == sorted(TRIALS)

    def test_nothing_to_choose_on(self) -> None:
        choice, _ = choose([Evidence((), [], {})])
        assert choice.weights == {} and choice.auc == 0.5


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
        table = pose_clip([np.zeros((8, 8, 3), np.uint8)], schema.empty(), params, 1)
        assert len(table) == 0 and list(table.columns)[-1] == "keypoints"


def test_tracklets_stay_apart_when_clips_are_joined() -> None:
    rng = np.random.default_rng(0)
    both = join([walkers(20, rng), walkers(30, rng)])
    assert len(both) == 50 and len(np.unique(both.track)) == 5
