"""What the attributes of the system say: support, evidence, trials, fusion and choice, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from attributes_data import FLAT, SIZE, posed, walkers

from vadflow.attributes.choice import FAMILIES, Evidence, choose
from vadflow.attributes.crowd import Many
from vadflow.attributes.dense import Windows
from vadflow.attributes.model import DENSE, Model, Reference, Smoothing, frame_largest, load_model
from vadflow.attributes.motion import Fast, Still
from vadflow.attributes.observations import from_table, join
from vadflow.attributes.place import Near, Where
from vadflow.attributes.posture import Gesture, Posture, nearest
from vadflow.attributes.scale import Scale
from vadflow.attributes.tails import fit_tail
from vadflow.attributes.trials import TRIALS
from vadflow.attributes.what import What
from vadflow.objects import schema
from vadflow.systems.attributes_regions import Explainer


class TestExplainer:
    def explainer(self, boxes: list[list[float]], surprise: list[float], *, most: int = 6) -> Explainer:
        """Over a grid of 8 px cells; objects speak by their surprise alone."""
        some = walkers(len(boxes), np.random.default_rng(0))
        seen = replace(some, box=np.array(boxes, np.float32), frame=np.zeros(len(boxes), int))
        windows = Windows(FLAT, SIZE, (30, 45))
        model = Model(Reference({}, FLAT), {}, Smoothing(0, "causal"))
        flow, plain = np.zeros((1, 30, 45, 2), np.float32), Smoothing(0, "centred")
        return Explainer(model, seen, {}, {}, np.array(surprise), windows, flow, plain, most, 0.5)

    def test_the_map_shows_the_largest_object_in_every_cell_it_touches(self) -> None:
        explain = self.explainer([[16, 16, 33, 32], [24, 0, 40, 24], [352, 232, 360, 240]], [1.0, 3.0, 2.0])
        found = explain.map(np.arange(3), np.full((30, 45), 0.25))
        expected = np.full((30, 45), 0.25)
        expected[2:4, 2:5] += 1
        expected[0:3, 3:5] = 3.25
        expected[29, 44] += 2
        assert found.tolist() == expected.tolist()

    def test_regions_are_the_strongest_objects_once_each(self) -> None:
        boxes = [[16, 16, 32, 48], [17, 16, 33, 48], [200, 100, 216, 140], [300, 100, 316, 140]]
        dense = np.zeros((30, 45))
        dense[14, 25] = 1.0  # the window around the third one's middle
        found = self.explainer(boxes, [2.0, 3.0, 1.5, 0.4]).regions(np.arange(4), dense, dense)
        assert [(r.x1, r.score) for r in found[:2]] == [(17.0, 3.0), (200.0, 1.5)]
        assert all(r.score >= 0.5 for r in found) and 300.0 not in [r.x1 for r in found]

    def test_a_region_is_as_strange_as_the_object_and_the_window_around_it_along_its_tracklet(self) -> None:
        """One walker over three frames, whose window is fast in the second only; a second one is seen once."""
        boxes = [[16, 16, 32, 48], [18, 16, 34, 48], [20, 16, 36, 48], [200, 100, 216, 140]]
        explain = self.explainer(boxes, [0.0] * 4)
        seen = replace(explain.seen, frame=np.array([0, 1, 2, 2]), track=np.array([0, 0, 0, 1]))
        flow = np.zeros((3, 30, 45, 2), np.float32)
        flow[1] = 5.0
        tails = {DENSE: fit_tail(np.random.default_rng(0).uniform(0, 0.01, 500), floor=1e-3)}
        model, surprise = replace(explain.model, tails=tails), np.array([1.0, 1.0, 1.0, 2.0])
        plain = replace(explain, model=model, seen=seen, evidence={"what": surprise}, surprise=surprise, flow=flow)
        fast = float(model.dense_surprise(explain.windows.pace_map(flow[1])).max())
        assert fast > 1 and plain.said[DENSE].tolist() == pytest.approx([0, fast, 0, 0])
        assert plain.strength.tolist() == pytest.approx([1, 1 + fast, 1, 2])
        even = replace(plain, smoothing=Smoothing(2, "centred"))
        said = even.said
        assert said["what"].tolist() == pytest.approx([1, 1, 1, 2]) and said[DENSE][3] == 0, "another tracklet"
        assert 0 < said[DENSE][0] < said[DENSE][1] < fast and said[DENSE][0] == pytest.approx(said[DENSE][2], rel=1e-5)
        pace = explain.windows.pace_map(flow[0])
        quiet = replace(even, evidence={}, surprise=np.zeros(4))
        first = quiet.regions(np.array([0]), pace, model.dense_surprise(pace))
        assert first[0].score == pytest.approx(said[DENSE][0]) and first[0].reason.startswith("dense: 0.0 px/frame")

    def test_without_objects_the_fastest_window_is_left(self) -> None:
        dense = np.zeros((30, 45))
        dense[10, 10] = 2.0
        found = self.explainer([[16, 16, 32, 48]], [9.0]).regions(np.arange(0), dense, dense)
        assert [region.score for region in found] == [2.0]


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

    def test_a_bag_is_no_news_while_somebody_carries_it(self) -> None:
        """Alone it is; and what else a carried thing may be still counts: a bicycle behind a bag is a bicycle."""
        seen = replace(walkers(1000, np.random.default_rng(0)), classes=("person", "handbag"))
        what = What.fit(seen)
        assert what is not None
        bag = replace(seen.pick(np.arange(1)), probability=np.array([[0.1, 0.8]], np.float32))
        held = replace(bag, carried=np.ones(1, bool))
        assert what.statistic(bag)[0] > what.statistic(seen).max() > what.statistic(held)[0]
        assert what.statistic(replace(held, classes=("person", "bicycle"))) == what.statistic(bag)

    @pytest.mark.parametrize(
        ("kind", "box", "velocity", "frame", "carried"),
        [
            (
                "handbag",
                (38, 60, 48, 75),
                (2.0, 0.0),
                0,
                True,
            ),  # at his side: the box of the person ends at 40, his reach at 56
            ("handbag", (38, 60, 48, 75), (1.2, 0.0), 0, True),  # swings
            ("handbag", (38, 60, 48, 75), (0.0, 0.0), 0, False),  # stands, and he walks by
            ("handbag", (52, 60, 62, 75), (2.0, 0.0), 0, False),  # beyond his reach by more than half
            ("handbag", (38, 60, 48, 75), (2.0, 0.0), 1, False),  # he is gone
            ("bicycle", (38, 60, 48, 75), (2.0, 0.0), 0, False),  # nothing that people have about them
        ],
    )
    def test_what_goes_along_with_somebody_within_reach_is_carried(
        self, kind: str, box: tuple[int, ...], velocity: tuple[float, float], frame: int, carried: bool
    ) -> None:
        rows = [(0, (20, 20, 40, 100), "person", (2.0, 0.0)), (frame, box, kind, velocity)]
        table = pd.DataFrame(
            [
                (t, *xyxy, 0.9, int(name != "person"), name, np.zeros(0, np.float32), np.hypot(*flow), *flow, 0.1)
                for t, xyxy, name, flow in rows
            ],
            columns=list(schema.COLUMNS),
        )
        seen = from_table(schema.conform(table), size=(240, 360), fps=10.0, classes=2)
        assert seen.carried.tolist() == [False, carried]

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
        assert text.startswith("fast: 5.0 px/frame; 99.9 % of normal objects that move this way here stay under 1.")

    def test_a_runner_who_comes_nearer_is_faster_than_a_walker_who_passes(self) -> None:
        """Normal people pass at 2 px/frame and come nearer at 1, in 100 tracklets each: as fast a third time is fast in one way only."""
        rng = np.random.default_rng(0)
        past, nearer = (walkers(1000, rng, speed=speed) for speed in (2.0, 1.0))
        nearer = replace(nearer, velocity=nearer.velocity[:, ::-1])
        seen = join([past, nearer])
        fast = Fast.fit(seen, FLAT)
        assert fast is not None
        middle = np.median(seen.speed)
        prior = 100 / 110  # of the tracklets' own weight
        expected = [(2 / middle) ** prior, 1, (1 / middle) ** prior, 1]
        np.testing.assert_allclose(fast.ways, expected, rtol=0.02)
        assert np.median(fast.statistic(past)) / np.median(fast.statistic(nearer)) == pytest.approx(
            2 ** (1 - prior), rel=0.02
        )
        back = replace(nearer.pick(np.arange(1)), velocity=-nearer.velocity[:1])
        assert fast.statistic(back) == fast.statistic(nearer)[:1]
        again = Fast.load(fast.state())
        np.testing.assert_array_equal(again.statistic(seen), fast.statistic(seen))

    def test_a_way_that_nobody_went_makes_no_difference(self) -> None:
        fast = Fast.fit(walkers(1000, np.random.default_rng(0), speed=2.0), FLAT)
        assert fast is not None and fast.ways.tolist() == [1, 1, 1, 1]
        standing = replace(walkers(100, np.random.default_rng(0)), speed=np.zeros(100, np.float32))
        none = Fast.fit(standing, FLAT)
        assert none is not None and none.ways.tolist() == [1, 1, 1, 1]


class TestMany:
    def test_company_is_who_stands_within_two_heights_in_the_same_frame(self) -> None:
        """Feet at 0, 50 and 101 px, one 25 px and two 50 px tall; the second frame has another one at 0."""
        boxes = [(0, 0, 75, 10, 100), (0, 50, 50, 60, 100), (0, 101, 50, 111, 100), (1, 0, 75, 10, 100)]
        rows = [(t, x1, y1, x2, y2, 0.9, 0, "person") for t, x1, y1, x2, y2 in boxes]
        table = pd.DataFrame(
            rows, columns=["frame", "x1", "y1", "x2", "y2", "confidence", "class_id", "class_name"]
        ).assign(probabilities=[[]] * 4, speed=0.0, dx=0.0, dy=0.0, energy=0.0)
        seen = from_table(table, size=(240, 360), fps=10.0, classes=1)
        assert seen.company.tolist() == [1, 2, 1, 0]
        empty = from_table(table.iloc[:0], size=(240, 360), fps=10.0, classes=1)
        assert empty.company.shape == (0,)

    def test_a_gathering_is_odd_and_says_how_many(self) -> None:
        rng = np.random.default_rng(0)
        seen = walkers(1000, rng)
        many = Many.fit(seen)
        assert many is not None
        tail = fit_tail(many.statistic(seen), floor=many.floor)
        crowd = many.statistic(TRIALS["gathered"](seen, rng))
        assert tail.surprise(crowd).min() > 1.3 and tail.surprise(many.statistic(seen)).max() < 2
        # the largest third of normal objects has 3; beyond them the tail goes on: 2^(log2 3 + 0.1 / 0.5 (20^0.5 - 1)) = 4.85
        assert many.reason(seen, 0, 3.0, tail) == (
            "many: 8 within two heights of each other; 99.9 % of normal objects are among fewer than 5"
        )

    def test_silent_where_everybody_walks_alone(self) -> None:
        seen = walkers(1000, np.random.default_rng(0))
        assert Many.fit(replace(seen, company=np.zeros(1000, np.float32))) is None
        assert Many.fit(walkers(100, np.random.default_rng(0))) is None


class TestTrials:
    @pytest.mark.parametrize("name", list(TRIALS))
    def test_changes_something_and_nothing_of_the_original(self, name: str) -> None:
        rng = np.random.default_rng(0)
        seen = posed(walkers(20, rng, tall=70), rng)
        before = {
            key: getattr(seen, key).copy()
            for key in ("box", "speed", "velocity", "pose", "change", "probability", "company")
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
        assert choice.weights == {"fast": 1.0, "where": 1.0}

    def test_every_trial_has_a_family(self) -> None:
        assert sorted(name for family in FAMILIES.values() for name in family) == sorted(TRIALS)

    def test_nothing_to_choose_on(self) -> None:
        choice, _ = choose([Evidence((), [], {})])
        assert choice.weights == {} and choice.auc == 0.5
