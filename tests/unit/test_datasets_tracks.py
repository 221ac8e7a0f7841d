"""Linking regions into tracks, the empty case first."""

from __future__ import annotations

import numpy as np

from vadflow.datasets.tracks import link


def frame(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    mask = np.zeros((20, 30), bool)
    for x1, y1, x2, y2 in boxes:
        mask[y1:y2, x1:x2] = True
    return mask


def test_nothing() -> None:
    flags, regions = link([])
    assert flags.shape == (0,) and regions == []
    flags, regions = link([frame(), frame()])
    assert flags.tolist() == [0, 0] and regions == []


def test_boxes_are_half_open() -> None:
    assert link([frame((2, 3, 6, 9))])[1] == [(0, 0, 2, 3, 6, 9)]


def test_diagonal_neighbours_are_one_region() -> None:
    assert len(link([frame((0, 0, 2, 2), (2, 2, 4, 4))])[1]) == 1


def test_a_gap_of_one_frame_ends_a_track() -> None:
    _, regions = link([frame((0, 0, 4, 4)), frame(), frame((0, 0, 4, 4))])
    assert [region[0] for region in regions] == [0, 1]


def test_two_that_merge_keep_the_larger_overlap() -> None:
    _, regions = link([frame((0, 0, 3, 4), (5, 0, 12, 4)), frame((0, 0, 12, 4)), frame((0, 0, 3, 4), (5, 0, 12, 4))])
    assert [(track, at) for track, at, *_ in regions] == [(0, 0), (1, 0), (1, 1), (2, 2), (1, 2)]


def test_two_that_walk_side_by_side_stay_two() -> None:
    _, regions = link([frame((t, 0, t + 4, 4), (t, 10, t + 4, 14)) for t in range(5)])
    assert {region[0] for region in regions} == {0, 1} and len(regions) == 10
