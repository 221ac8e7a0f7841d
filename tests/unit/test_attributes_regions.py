"""Regions and maps of `attributes`, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from attributes_data import FLAT, SIZE, walkers

from vadflow.attributes.dense import Windows
from vadflow.attributes.fusion import Fusion
from vadflow.attributes.model import DENSE, Model, Reference, Smoothing
from vadflow.attributes.tails import fit_tail
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
        assert first[0].score == pytest.approx(said[DENSE][0])
        assert first[0].reason.startswith("dense: ") and first[0].reason.endswith("here (1 frame later)"), (
            "not its own 0"
        )
        assert not first[0].reason.startswith("dense: 0.0")
        live = replace(quiet, smoothing=Smoothing(2, "causal"))
        third = live.regions(np.array([2]), pace, model.dense_surprise(pace))
        assert third[0].reason.endswith("here (1 frame ago)"), "only the past is known, and it spoke there"

    def test_without_objects_the_fastest_window_is_left(self) -> None:
        dense = np.zeros((30, 45))
        dense[10, 10] = 2.0
        found = self.explainer([[16, 16, 32, 48]], [9.0]).regions(np.arange(0), dense, dense)
        assert [region.score for region in found] == [2.0]

    @pytest.mark.parametrize(
        ("second", "boxes", "expected"),
        [
            ((10, 40), [], [2.0, 1.5]),  # nobody there: a thing of its own
            ((10, 40), [[310, 60, 340, 110]], [2.0]),  # a box is there: what it is worth, the object says
            ((11, 11), [], [2.0]),  # the same thing
        ],
    )
    def test_two_things_that_no_box_shows_are_two_regions(
        self, second: tuple[int, int], boxes: list[list[float]], expected: list[float]
    ) -> None:
        dense = np.zeros((30, 45))
        dense[10, 10], dense[second] = 2.0, 1.5
        explain = self.explainer(boxes or [[16, 200, 32, 232]], [0.0])
        found = explain.regions(np.arange(len(boxes)), dense, dense)
        assert [region.score for region in found] == expected

    def test_a_reason_names_three_attributes_at_most(self) -> None:
        explain = self.explainer([[16, 16, 32, 48]], [4.0])

        class Says:
            def reason(self, seen: object, row: int, value: float, tail: object) -> str:
                return f"{value:.0f}"

        strengths = {"a": 4.0, "b": 3.0, "c": 2.5, "d": 2.2, "e": 1.0}
        values = {name: np.array([value * 10]) for name, value in strengths.items()}
        model = replace(
            explain.model,
            reference=Reference(dict.fromkeys(strengths, Says()), FLAT),
            tails=dict.fromkeys(strengths, fit_tail(np.zeros(9), floor=1.0)),
        )
        evidence = {name: np.array([value]) for name, value in strengths.items()}
        explain = replace(explain, model=model, statistics=values, evidence=evidence)
        found = explain.regions(np.arange(1), np.zeros((30, 45)), np.zeros((30, 45)))
        assert found[0].reason == "40; 30; 25", "the fourth says half as much, too; a person reads three"

    def test_a_reason_names_a_value_that_is_half_as_odd_as_the_object_is_called(self) -> None:
        """One walker over five frames: odd in the first, a little odd in the second, silent in the third, plain after that."""

        class Says:
            def reason(self, seen: object, row: int, value: float, tail: object) -> str:
                return f"value {value:.1f}"

        explain = self.explainer([[16, 16, 32, 48]] * 5, [3.0] * 5)
        seen = replace(explain.seen, frame=np.arange(5), track=np.zeros(5, int))
        tail = fit_tail(np.linspace(0, 1, 500), floor=0.1)
        values = np.array([9.0, 1.0, np.nan, 0.0, 0.0])
        now = tail.surprise(values)
        model = replace(
            explain.model,
            reference=Reference({"a": Says()}, FLAT),
            tails={"a": tail},
            fusion=Fusion(truncate=0),
        )
        said = {"a": np.array([now[0], 3 * now[1], 1.0, 1.0, 0.0])}  # smoothing said more than each moment does
        flow = np.zeros((5, 30, 45, 2), np.float32)
        explain = replace(explain, model=model, seen=seen, statistics={"a": values}, evidence=said, flow=flow)
        reasons = [explain._object_reason(row, "a") for row in range(5)]
        assert reasons == [
            "value 9.0",
            "value 9.0 (1 frame ago)",
            "value 1.0 (1 frame ago)",
            "value 1.0 (2 frames ago)",
            "value 1.0 (3 frames ago)",
        ]
