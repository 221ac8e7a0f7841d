"""What the attributes of the system say: support, evidence, trials, fusion and choice, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from attributes_data import FLAT, SIZE, posed, walkers

from vadflow.attributes.crowd import Many
from vadflow.attributes.observations import from_table, join
from vadflow.attributes.place import Near, Where
from vadflow.attributes.posture import Gesture, Posture
from vadflow.attributes.scale import Scale
from vadflow.attributes.tails import fit_tail
from vadflow.attributes.trials import TRIALS
from vadflow.attributes.what import What
from vadflow.objects import schema


def objects(rows: list[tuple[int, tuple[int, ...], str, tuple[float, float]]]) -> pd.DataFrame:
    """A table of (frame, xyxy, class, flow); a person is class 0, everything else 1."""
    found = [
        (t, *box, 0.9, int(name != "person"), name, np.zeros(0, np.float32), np.hypot(*flow), *flow, 0.1)
        for t, box, name, flow in rows
    ]
    return schema.conform(pd.DataFrame(found, columns=list(schema.COLUMNS)))


class TestSupport:
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

    def test_the_reason_names_what_the_detector_saw_in_another_frame_of_the_tracklet(self) -> None:
        seen = walkers(1000, np.random.default_rng(0))
        what = What.fit(seen)
        assert what is not None
        rider = seen.pick(np.arange(3))
        rider = replace(rider, probability=np.float32([[0.95, 0.4], [0.95, 0.3], [0.95, 0.0]]), track=np.zeros(3, int))
        assert "bicycle 0.30" in what.reason(rider, 2, 1.0, fit_tail(what.statistic(seen), floor=what.floor))

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
            ("handbag", (38, 60, 48, 75), (2.0, 0.0), 0, True),  # at his side: his box ends at 40, his reach at 56
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
        table = objects([(0, (20, 20, 40, 100), "person", (2.0, 0.0)), (frame, box, kind, velocity)])
        seen = from_table(table, size=(240, 360), fps=10.0, classes=2)
        assert seen.carried.tolist() == [False, carried]

    def test_classes_have_names_that_no_object_of_the_clip_has(self) -> None:
        table = objects([(0, (20, 20, 40, 100), "person", (2.0, 0.0))])
        assert from_table(table, size=(240, 360), fps=10.0, classes=2).classes == ("person", "")
        table.attrs["names"] = {"0": "person", "1": "bicycle", "2": "car"}
        assert from_table(table, size=(240, 360), fps=10.0, classes=2).classes == ("person", "bicycle")

    def test_against_the_stream_and_off_the_path(self) -> None:
        rng = np.random.default_rng(0)
        seen = walkers(3000, rng)
        where = Where.fit(seen, FLAT)
        assert where is not None
        usual = np.median(where.statistic(seen))
        assert np.median(where.statistic(TRIALS["turned"](seen, rng))) > usual + 1
        away = replace(seen, box=seen.box - np.float32([0, 80, 0, 80]))
        assert np.median(where.statistic(away)) > usual

    def test_a_place_is_known_by_who_came_and_not_by_how_long_he_stood(self) -> None:
        """A hundred walk along one line; one stands aside for as many frames as they all have together."""
        rng = np.random.default_rng(0)
        walks, stands = walkers(1000, rng), walkers(1000, rng)
        path = np.clip(walks.box, None, [[320, 150, 340, 180]]) * [1, 0, 1, 0] + np.array([0, 120, 0, 150])
        walks = replace(walks, box=path.astype(np.float32))
        aside = np.tile(np.float32([40, 200, 52, 230]), (1000, 1))
        stands = replace(
            stands, box=aside, track=np.zeros(1000, int), speed=0 * stands.speed, velocity=0 * stands.velocity
        )
        where = Where.fit(join([walks, stands]), FLAT)
        assert where is not None
        assert np.median(where.statistic(stands)) > np.median(where.statistic(walks)) + 0.3

    def test_places_are_sharp_and_ways_wide(self) -> None:
        """All walk to the right along one line. A body height beside it is no place; there, the other way is odder still."""
        rng = np.random.default_rng(0)
        walks = walkers(3000, rng)
        line = (walks.box * [1, 0, 1, 0] + np.array([0, 120, 0, 150])).astype(np.float32)
        walks = replace(walks, box=line)
        where = Where.fit(walks, FLAT)
        assert where is not None
        beside = replace(walks, box=line + np.float32([0, 50, 0, 50]))
        back = replace(walks, velocity=-walks.velocity)
        on, off, against = (float(np.median(where.statistic(one))) for one in (walks, beside, back))
        assert off > on + 1 and against > on + 1

    def test_whoever_the_lower_edge_cuts_is_as_near_as_wide(self) -> None:
        """People are 40 px tall and 16 px wide; somebody 48 px wide, of whom the upper 40 px are in the frame, is three times as near."""
        some = walkers(1000, np.random.default_rng(0))
        x, y = some.foot.T
        seen = replace(some, box=np.stack([x - 8, y - 40, x + 8, y], axis=1).astype(np.float32))
        near = Near.fit(seen, Scale(40, 0, 40, 40, supported=True))
        assert near is not None and near.width == pytest.approx(0.4)
        lowest, highest = float(SIZE[0]), SIZE[0] - 50.0
        boxes = [[100, bottom - 40, 148, bottom] for bottom in (lowest, highest)]
        both = replace(seen.pick(np.arange(2)), box=np.array(boxes, np.float32))
        np.testing.assert_allclose(near.statistic(both), [np.log(3), 0], atol=1e-5)
        tail = fit_tail(near.statistic(seen) + np.random.default_rng(0).normal(0, 0.1, 1000), floor=near.floor)
        assert near.reason(both, 0, np.log(3), tail).startswith("near: as wide as somebody who is 120 px tall; 99.9 %")
        assert near.reason(both, 1, 0.0, tail).startswith("near: 40 px tall; 99.9 %")
        again = Near.load(near.state())
        np.testing.assert_array_equal(again.statistic(both), near.statistic(both))

    def test_lying_and_waving(self) -> None:
        rng = np.random.default_rng(0)
        seen = posed(walkers(800, rng, tall=70), rng)
        posture, gesture = Posture.fit(seen), Gesture.fit(seen)
        assert posture is not None and gesture is not None
        assert np.nanmedian(posture.statistic(TRIALS["fallen"](seen, rng))) > 3 * np.nanmedian(posture.statistic(seen))
        assert np.nanmedian(gesture.statistic(TRIALS["waving"](seen, rng))) > np.nanmax(gesture.statistic(seen))

    def test_reasons_of_bodies_come_from_the_last_frame_that_shows_one(self) -> None:
        """Poses are known of every second frame: between them the tracklet's last one is named, and a hand stays above the head."""
        rng = np.random.default_rng(0)
        seen = posed(walkers(800, rng, tall=70), rng)
        posture, gesture = Posture.fit(seen), Gesture.fit(seen)
        assert posture is not None and gesture is not None
        tail = fit_tail(posture.statistic(seen), floor=posture.floor)
        two = seen.pick(np.array([0, 1]))
        pose, change = two.pose.copy(), np.full_like(two.change, 0.5)
        pose[0, 9, 1] = pose[0, 0, 1] - 5  # the left wrist above the nose
        pose[1], change[1] = np.nan, np.nan
        two = replace(two, pose=pose, change=change, track=np.zeros(2, int))
        assert posture.reason(two, 1, 0.1, tail).endswith("a hand above the head")
        assert gesture.reason(two, 1, 0.1, tail).startswith("gesture: body moves 0.5 body heights/s")


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
