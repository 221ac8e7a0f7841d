"""Who lies is low and wide, with no keypoint."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from attributes_data import walkers

from vadflow.attributes.extent import Low, Wide
from vadflow.attributes.observations import Observations
from vadflow.attributes.scale import Scale, fit_scale
from vadflow.attributes.tails import fit_tail

FORTY = Scale(40.0, 0.0, 40.0, 40.0, supported=True)


def one(box: tuple[float, float, float, float], *, person: bool = True) -> Observations:
    seen = walkers(1, np.random.default_rng(0))
    return replace(seen, box=np.array([box], np.float32), person=np.array([person]))


def test_lying_is_low_and_wide_and_standing_neither() -> None:
    rng = np.random.default_rng(0)
    normal = walkers(1000, rng, tall=40)
    scale = fit_scale(normal)
    low, wide = Low.fit(normal, scale), Wide.fit(normal, scale)
    assert low is not None and wide is not None
    for attribute in (low, wide):
        tail = fit_tail(attribute.statistic(normal), floor=attribute.floor)
        stands, lies = one((100, 100, 116, 140)), one((100, 124, 140, 140))
        assert tail.surprise(attribute.statistic(lies))[0] > 3
        assert tail.surprise(attribute.statistic(stands))[0] < 1.5


def test_by_hand() -> None:
    lies = one((100, 124, 180, 144))
    low, wide = Low(FORTY), Wide(FORTY)
    np.testing.assert_allclose([low.statistic(lies)[0], wide.statistic(lies)[0]], np.log([2, 2]), rtol=1e-6)
    tail = fit_tail(np.zeros(100), floor=0.05)
    assert low.reason(lies, 0, np.log(2), tail).startswith("low: 20 px tall; 99.9 % of normal people here are over ")
    assert wide.reason(lies, 0, np.log(2), tail).startswith(
        "wide: 80 px wide; 99.9 % of normal people here stay under "
    )
    again = Low.load(low.state())
    np.testing.assert_array_equal(again.statistic(lies), low.statistic(lies))


@pytest.mark.parametrize("kind", [Low, Wide])
def test_silent_for_things_and_for_whoever_is_cut(kind: type[Low] | type[Wide]) -> None:
    assert np.isnan(kind(FORTY).statistic(one((100, 124, 180, 144), person=False))[0])
    assert np.isnan(kind(FORTY).statistic(one((0, 124, 80, 144)))[0]), "cut by the border"
    assert kind.fit(walkers(50, np.random.default_rng(0)), fit_scale(walkers(50, np.random.default_rng(0)))) is None
