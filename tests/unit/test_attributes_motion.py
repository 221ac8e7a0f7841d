"""Faster and stiller than people are here, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from attributes_data import FLAT, walkers

from vadflow.attributes.motion import Fast, Still
from vadflow.attributes.observations import join
from vadflow.attributes.tails import fit_tail


def test_still_only_where_hardly_anybody_stands() -> None:
    rng = np.random.default_rng(0)
    seen = walkers(1000, rng)
    assert Still.fit(seen, FLAT) is not None
    standing = replace(seen, speed=np.where(rng.random(1000) < 0.2, 0, seen.speed).astype(np.float32))
    assert Still.fit(standing, FLAT) is None


def test_fast_names_the_normal_limit() -> None:
    seen = walkers(1000, np.random.default_rng(0))
    fast = Fast.fit(seen, FLAT)
    assert fast is not None
    values = fast.statistic(seen)
    text = fast.reason(seen, 0, 5.0, fit_tail(values, floor=0.05))
    assert text.startswith("fast: 5.0 px/frame; 99.9 % of normal objects that move this way here stay under 1.")


def test_a_runner_who_comes_nearer_is_faster_than_a_walker_who_passes() -> None:
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


def test_a_way_that_nobody_went_makes_no_difference() -> None:
    fast = Fast.fit(walkers(1000, np.random.default_rng(0), speed=2.0), FLAT)
    assert fast is not None and fast.ways.tolist() == [1, 1, 1, 1]
    standing = replace(walkers(100, np.random.default_rng(0)), speed=np.zeros(100, np.float32))
    none = Fast.fit(standing, FLAT)
    assert none is not None and none.ways.tolist() == [1, 1, 1, 1]
