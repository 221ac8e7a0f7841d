"""How far boxes get, by hand and against a slow way of counting."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from attributes_data import FLAT, walkers

from vadflow.attributes.observations import join
from vadflow.attributes.tails import fit_tail
from vadflow.attributes.tracklets import Smoother, travel
from vadflow.attributes.travel import Travel, attach_travel


def boxes(x: list[float]) -> np.ndarray:
    """Boxes of 10 x 20 px with their middles at these x."""
    return np.array([(one - 5, 50, one + 5, 70) for one in x], np.float32)


def test_by_hand() -> None:
    frame, track = np.array([0, 1, 2, 3, 4]), np.zeros(5, int)
    found = travel(boxes([0, 1, 2, 4, 8]), frame, track, span=2, smoother="centred")
    np.testing.assert_allclose(found[:, 0], [1, 4 / 3, 2, 7 / 3, 3])
    assert (found[:, 1] == 0).all()
    back = travel(boxes([0, 1, 2, 4, 8]), frame, track, span=2, smoother="causal")
    np.testing.assert_allclose(back[:, 0], [np.nan, np.nan, 1, 4 / 3, 2])


@pytest.mark.parametrize("smoother", ["centred", "causal"])
def test_like_a_slow_count(smoother: Smoother) -> None:
    rng = np.random.default_rng(0)
    for _ in range(40):
        n, span = int(rng.integers(1, 40)), int(rng.integers(1, 5))
        pairs = np.unique(np.stack([rng.integers(0, 12, n), rng.integers(0, 4, n)], axis=1), axis=0)
        frame, track = pairs.T  # a tracklet is in a frame once
        box = rng.uniform(0, 100, (len(frame), 4)).astype(np.float32)
        found = travel(box, frame, track, span=span, smoother=smoother)
        low, high = (span, span) if smoother == "centred" else (2 * span, 0)
        for row in range(len(frame)):
            near = [
                k
                for k in range(len(frame))
                if track[k] == track[row] and frame[row] - low <= frame[k] <= frame[row] + high
            ]
            first, last = min(near, key=lambda k: frame[k]), max(near, key=lambda k: frame[k])
            lag = frame[last] - frame[first]
            way = (box[last, :2] + box[last, 2:] - box[first, :2] - box[first, 2:]) / 2 / max(lag, 1)
            np.testing.assert_allclose(found[row], way if lag >= span else [np.nan] * 2, atol=1e-4)


def test_a_box_that_the_border_cuts_is_no_place() -> None:
    seen = walkers(5, np.random.default_rng(0))
    box = boxes([3, 4, 10, 12, 14])  # the first two touch the border
    seen = replace(seen, frame=np.arange(5), track=np.zeros(5, int), box=np.clip(box, 0, None).astype(np.float32))
    found = attach_travel(seen, "centred").travel[:, 0]
    assert np.isnan(found[:2]).all()
    np.testing.assert_allclose(found[2:], 2)


def test_who_gets_on_is_fast_even_if_nothing_flows() -> None:
    rng = np.random.default_rng(0)
    normal = walkers(1000, rng, speed=1.0)
    travel_of = Travel.fit(normal, FLAT)
    assert travel_of is not None
    tail = fit_tail(travel_of.statistic(normal), floor=Travel.floor)
    runner = replace(normal.pick(np.arange(2)), travel=np.float32([[4, 0], [np.nan, np.nan]]), speed=np.zeros(2))
    value = travel_of.statistic(runner)
    assert tail.surprise(value)[0] > 3 and np.isnan(value[1]) and tail.surprise(value)[1] == 0
    assert travel_of.reason(runner, 0, float(value[0]), tail).startswith(
        "travel: 4.0 px/frame over half a second; 99.9 %"
    )
    again = Travel.load(travel_of.state())
    np.testing.assert_array_equal(again.statistic(normal), travel_of.statistic(normal))


def test_silent_where_tracklets_are_short() -> None:
    normal = walkers(1000, np.random.default_rng(0))
    short = replace(normal, travel=np.full((1000, 2), np.nan, np.float32))
    assert Travel.fit(short, FLAT) is None
    assert Travel.fit(join([short, normal]), FLAT) is not None
