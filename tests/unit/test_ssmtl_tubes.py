"""Tubes of `ssmtl`: cut, repeated at borders and ends, stored in bounded space."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from ssmtl_data import LONG, PIXELS, SHAPE, SQUARE, TIGHT, WIDE, NoLoop, clip_of, cut, frames_of, params, with_objects

from vadflow.clip import Segment
from vadflow.errors import VadflowError
from vadflow.objects.tubes import REACH, STORED_REACH, cut_tubes
from vadflow.ssmtl.stored import store_tubes
from vadflow.systems.base import NormalVideo
from vadflow.systems.ssmtl import System


def test_a_tube_is_the_same_box_in_seven_frames(tmp_path: Path) -> None:
    clip, box = clip_of(tmp_path), np.array([[30, 20, 50, 44]], np.float32)
    tube = cut(clip, box, 10)[0]
    assert tube.shape == (7, *PIXELS)
    for number, view in enumerate(SHAPE.views):
        x1, y1, x2, y2 = SHAPE.sides(box, view)[0]
        for offset, picture in zip(range(-3, 4), tube[:, number, ..., 0], strict=True):
            expected = cv2.resize(frames_of(clip)[10 + offset, y1:y2, x1:x2], (32, 32))
            assert np.abs(picture.astype(int) - expected).max() <= 1, (view, offset)


def test_views_of_a_box() -> None:
    """20 x 24 px: shares of each side on each side of it; a square after the longer one, around the same middle."""
    box = np.array([[130, 120, 150, 144]], np.float32)
    sides = {view: SHAPE.sides(box, view)[0] for view in SHAPE.views}
    size = {view: (x2 - x1, y2 - y1) for view, (x1, y1, x2, y2) in sides.items()}
    assert size[TIGHT] == pytest.approx((20 * 1.3, 24 * 1.3), abs=1.01)
    assert size[WIDE] == pytest.approx((20 * 1.8, 24 * 1.8), abs=1.01)
    assert size[SQUARE] == pytest.approx((24 * 1.8, 24 * 1.8), abs=1.01)
    for x1, y1, x2, y2 in sides.values():
        assert ((x1 + x2) / 2, (y1 + y2) / 2) == pytest.approx((140, 132), abs=1)
    speck = SHAPE.sides(np.array([[50, 50, 51, 51]], np.float32), TIGHT)[0]
    assert speck[2] - speck[0] == pytest.approx(8 * 1.3, abs=1.01)


@pytest.mark.parametrize("box", [(-0.0, 0, 12, 20), (84, 44, 96, 64), (40, 30, 41, 31), (0, 0, 96, 64)])
@pytest.mark.parametrize("channels", [1, 3])
def test_boxes_over_the_border_and_of_one_pixel_are_cut(tmp_path: Path, box: tuple, channels: int) -> None:
    tube = cut(clip_of(tmp_path), np.array([box], np.float32), 10, channels=channels)
    assert tube.shape == (1, 7, 3, 32, 32, channels)
    assert tube.min() >= 80  # the border repeated, not black: the scene's noise lies between 90 and 100


def test_beyond_the_border_the_border_is_repeated(tmp_path: Path) -> None:
    clip = clip_of(tmp_path)
    tube, frame = cut(clip, np.array([[0, 0, 20, 20]], np.float32), 10)[0, 3, 1, :, :, 0], frames_of(clip)[10]
    x1, y1, x2, y2 = SHAPE.sides(np.array([[0, 0, 20, 20]], np.float32), WIDE)[0]
    padded = np.pad(frame, 40, mode="edge")[y1 + 40 : y2 + 40, x1 + 40 : x2 + 40]
    assert np.abs(tube.astype(int) - cv2.resize(padded, (32, 32))).max() <= 1


def test_at_the_ends_of_a_segment_its_end_frame_is_repeated(tmp_path: Path) -> None:
    clip, box = clip_of(tmp_path, 12), np.array([[30, 20, 50, 44]], np.float32)
    first, last = cut(clip, box, 0)[0], cut(clip, box, 11)[0]
    assert all(np.array_equal(first[i], first[3]) for i in range(3)) and not np.array_equal(first[3], first[4])
    assert all(np.array_equal(last[i], last[3]) for i in range(4, 7)) and not np.array_equal(last[2], last[3])


def test_frames_outside_a_segment_are_never_used(tmp_path: Path) -> None:
    clip, box = clip_of(tmp_path, 20), np.array([[30, 20, 50, 44]], np.float32)
    wanted = {8: np.array([0])}
    ((_, short),) = cut_tubes(Segment(clip, 8, 10), box, wanted, shape=SHAPE, reach=REACH, channels=1)
    assert np.array_equal(short[0, 0], short[0, 3]) and np.array_equal(short[0, 4], short[0, 6])


def test_objects_in_frames_that_do_not_decode_are_told(tmp_path: Path) -> None:
    clip = clip_of(tmp_path, 8)
    wanted = {9: np.array([0])}
    with pytest.raises(VadflowError, match="only 8 frames decode"):
        list(cut_tubes(Segment(clip, 0, 20), np.ones((1, 4)), wanted, shape=SHAPE, reach=REACH, channels=1))


def test_stored_tubes_are_bounded_spread_and_repeatable(tmp_path: Path) -> None:
    segments = [Segment(clip_of(tmp_path, LONG, seed=i, name=f"n{i}"), 0, LONG) for i in range(3)]
    known = {"channels": 1, "classes": 2, "total": 10}
    first, again = (store_tubes(segments, SHAPE, generator=np.random.default_rng(5), **known) for _ in range(2))
    assert first.pixels.shape == (9, 25, *PIXELS)
    assert np.bincount(first.clip).tolist() == [3, 3, 3]
    assert (first.frame >= STORED_REACH).all() and (first.frame < LONG - STORED_REACH).all()
    assert all(np.array_equal(getattr(first, name), getattr(again, name)) for name in vars(first))


def test_no_object_anywhere_gives_no_tube(tmp_path: Path) -> None:
    clip = with_objects(clip_of(tmp_path), [])
    found = store_tubes(
        [Segment(clip, 0, LONG)], SHAPE, channels=1, classes=2, total=5, generator=np.random.default_rng(0)
    )
    assert len(found) == 0
    with pytest.raises(VadflowError, match="nothing to learn from"):
        System(params(), (64, 96, 1)).fit(NormalVideo([Segment(clip, 0, LONG)], []), NoLoop())
