"""Curves and pictures: nothing lost that matters, nothing shown that must not be."""

from __future__ import annotations

import base64

import cv2
import numpy as np
import pandas as pd
import pytest

from vadflow.report.lines import HEIGHT, axis, path, runs, score_path, thin
from vadflow.report.pictures import blend, people, thumbnail


@pytest.mark.parametrize("length", [0, 1, 2, 80, 81, 1000, 12_345])
def test_thinning_keeps_ends_extremes_and_the_bound(length):
    values = np.random.default_rng(length).normal(size=length)
    frames, kept = thin(values, 80)
    assert len(frames) <= 80 and np.all(np.diff(frames) > 0) and np.array_equal(values[frames], kept)
    if length:
        assert frames[0] == 0 and frames[-1] == length - 1
        assert kept.min() == values.min() and kept.max() == values.max()


def test_paths_of_empty_single_and_constant_clips():
    flat = axis(np.array([2.0, 2.0]), None)
    assert score_path(np.zeros(0), flat, 80) == "" and path(np.zeros(0), np.zeros(0)) == ""
    assert score_path(np.array([2.0]), flat, 80) == "M0 100L1000 100"
    assert axis(np.zeros(0), None).height(np.array([0.0, 1.0])).tolist() == [HEIGHT, 0.0]


def test_axis_holds_the_threshold_and_bends_only_when_it_would_drown():
    plain = axis(np.array([0.0, 1.0]), 2.0)
    assert plain.power == 1.0 and 0 < plain.height(np.array(2.0)) < HEIGHT
    bent = axis(np.array([0.0, 1000.0]), 3.0)
    assert bent.power < 1.0 and bent.height(np.array(3.0)) == pytest.approx(HEIGHT * 0.65)
    assert axis(np.array([5.0, 9.0]), 1.0).low == 1.0


def test_runs():
    assert (
        runs(np.zeros(0)) == [] and runs(np.ones(3)) == [(0, 3)] and runs(np.array([0, 1, 1, 0, 1])) == [(1, 3), (4, 5)]
    )


def decoded(uri: str) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(base64.b64decode(uri.split(",")[1]), np.uint8), cv2.IMREAD_COLOR)[
        :, :, ::-1
    ].astype(int)


def checkers() -> np.ndarray:
    frame = np.zeros((120, 180, 1), np.uint8)
    frame[::8] = frame[1::8] = frame[2::8] = frame[3::8] = 255
    return frame


def test_blurring_wipes_the_box_and_leaves_the_rest():
    plain = decoded(thumbnail(checkers(), (240, 360), 180))
    blurred = decoded(thumbnail(checkers(), (240, 360), 180, blur=[(100.0, 60.0, 160.0, 200.0)]))
    assert plain[40:90, 55:75].std() > 100 and blurred[40:90, 55:75].std() < 45
    assert abs(blurred[:, :40] - plain[:, :40]).mean() < 6


def test_unknown_people_blur_the_whole_picture():
    assert people(None, 0) is None
    assert decoded(thumbnail(checkers(), (240, 360), 180, blur=None)).std() < 45


def test_people_are_all_boxes_that_are_not_certainly_something_else():
    names = ["person", "bicycle", "moving", "person"]
    table = pd.DataFrame({"frame": [0, 0, 0, 1], "x1": 1.0, "y1": 2.0, "x2": 3.0, "y2": 4.0, "class_name": names})
    assert people(table, 0) == [(1.0, 2.0, 3.0, 4.0)] * 2 and people(table, 5) == []


def test_heat_and_boxes_lie_where_the_source_has_them():
    gray = np.full((120, 180, 3), 80, np.uint8)
    heat = np.zeros((12, 18), np.float32)
    heat[6, 9] = 1.0
    warm = blend(gray, heat, (0.1, 1.0)).astype(int)
    assert warm[65, 95, 0] > 140 and np.array_equal(warm[10, 10], [80, 80, 80])
    boxed = decoded(thumbnail(gray, (240, 360), 180, boxes=[(100.0, 60.0, 160.0, 200.0)]))
    assert boxed[65, 50, 0] > 180 and abs(boxed[10, 10] - 80).max() < 12


def test_boxes_beyond_the_frame_and_tiny_pictures_do_no_harm():
    wild = [(-50.0, -50.0, 5.0, 5.0), (500.0, 500.0, 600.0, 600.0), (10.0, 10.0, 10.0, 10.0)]
    assert thumbnail(checkers(), (240, 360), 1, boxes=wild, blur=wild).startswith("data:image/jpeg;base64,")
    assert thumbnail(checkers(), (240, 360), 180, boxes=wild, blur=wild)
