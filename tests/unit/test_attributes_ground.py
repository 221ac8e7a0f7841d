"""Who stands on the lawn is told by the colour of the lawn, though the path is a step away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from attributes_data import SIZE, walkers

from vadflow.attributes.ground import Ground, empty_picture
from vadflow.attributes.observations import Observations
from vadflow.attributes.scale import fit_scale
from vadflow.attributes.tails import fit_tail
from vadflow.clip import ClipView, Segment

H, W = SIZE
GREY, GREEN = (150, 150, 140), (60, 130, 50)


def lawn_below() -> np.ndarray:
    """(H / 2, W / 2, 3): path, and lawn from y = 160 of the source on."""
    picture = np.full((H // 2, W // 2, 3), GREY, np.uint8)
    picture[80:] = GREEN
    return picture


def on_the_path(n: int = 1000) -> Observations:
    """People 40 px tall whose feet are at 90 to 157."""
    seen = walkers(n, np.random.default_rng(0), tall=40)
    box = seen.box.copy()
    foot = 90 + (seen.box[:, 3] - 90) * 67 / 140
    box[:, 1], box[:, 3] = foot - 40, foot
    return replace(seen, box=box)


def standing(foot: float, *, tall: float = 40.0, person: bool = True) -> Observations:
    seen = walkers(1, np.random.default_rng(0))
    return replace(seen, box=np.array([[100, foot - tall, 116, foot]], np.float32), person=np.array([person]))


@pytest.fixture(scope="module")
def ground() -> Ground:
    normal = on_the_path()
    found = Ground.fit(normal, fit_scale(normal), lawn_below())
    assert found is not None
    return found


def test_a_step_onto_the_lawn_is_seen(ground: Ground) -> None:
    normal = on_the_path()
    tail = fit_tail(ground.statistic(normal), floor=ground.floor)
    path, lawn = (tail.surprise(ground.statistic(standing(foot)))[0] for foot in (156, 164))
    assert path < 0.5 and lawn > 3
    reason = ground.reason(standing(164), 0, 3.0, tail)
    assert reason.startswith(
        "ground: stands at (108, 164) on ground that looks like 32 % of the picture and carried 0.1 %"
    )


def test_by_hand(ground: Ground) -> None:
    """Two colours fill two of the kinds; a kind that no tracklet stepped on has the one step of the prior."""
    on_lawn, on_path = ground.kinds[100, 50], ground.kinds[20, 50]
    assert ground.rate.sum() == pytest.approx(1) and ground.rate[on_lawn] == ground.rate.min()
    expected = -np.log10(ground.rate[on_lawn] / ground.area[on_lawn])
    assert ground.statistic(standing(164))[0] == pytest.approx(expected, rel=1e-6)
    assert ground.area[on_lawn] == pytest.approx(1 / 3, abs=0.01) and ground.rate[on_path] > 0.5
    again = Ground.load(ground.state())
    assert again.statistic(standing(164))[0] == ground.statistic(standing(164))[0]


def test_silent_where_no_feet_are_seen(ground: Ground) -> None:
    silent = [standing(164, tall=25), standing(164, tall=60), standing(164, person=False), standing(H - 1)]
    assert all(np.isnan(ground.statistic(one)[0]) for one in silent)


def test_needs_colour_heights_and_walks() -> None:
    normal = on_the_path()
    scale = fit_scale(normal)
    assert Ground.fit(normal, scale, lawn_below()[:, :, :1]) is None
    assert Ground.fit(normal, scale, None) is None
    assert Ground.fit(normal, replace(scale, supported=False), lawn_below()) is None
    assert Ground.fit(replace(normal, track=np.arange(len(normal)) % 19), scale, lawn_below()) is None


def test_the_empty_picture_forgets_who_passes(tmp_path) -> None:
    picture, segments = lawn_below(), []
    for clip in range(2):
        frames = np.repeat(picture[None], 12, axis=0)
        for t in range(12):
            frames[t, 40:60, 10 * t : 10 * t + 10] = 255 * clip
        np.save(tmp_path / f"{clip}.npy", frames)
        view = ClipView(f"{clip}", 10.0, SIZE, frames_path=tmp_path / f"{clip}.npy")
        segments.append(Segment(view, 1, 11))
    np.testing.assert_array_equal(empty_picture(segments), picture)
    np.testing.assert_array_equal(empty_picture(segments * 100), picture)
