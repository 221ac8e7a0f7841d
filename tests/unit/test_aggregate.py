"""From error maps to a frame score: what is usual, the patch, the boxes."""

from __future__ import annotations

import numpy as np
import pytest

from vadflow.systems.aggregate import AggregateParams, Aggregator

FRAME = (64, 96, 3)


def aggregator(
    patch_px: float = 16, reach_px: float = 0, floor: float = 0, regions: int = 2, power: float = 1, pool: float = 64
) -> Aggregator:
    params = AggregateParams(
        patch_px=patch_px, reach_px=reach_px, floor=floor, regions=regions, region_px=16, power=power, pool=pool
    )
    return Aggregator(params, {"error": 1.0}, FRAME)


def blob(shape: tuple[int, int], row: slice, column: slice) -> np.ndarray:
    error = np.zeros(shape, np.float32)
    error[row, column] = 1
    return error


def test_a_patch_is_as_large_on_the_ground_whatever_the_cells() -> None:
    """A 16 px square of errors fills the patch on a map of 8 px cells and on one of 4 px cells alike."""
    coarse = aggregator().patches({"error": blob((8, 12), slice(2, 4), slice(4, 6))})
    fine = aggregator().patches({"error": blob((16, 24), slice(4, 8), slice(8, 12))})
    assert coarse.max() == pytest.approx(1) and fine.max() == pytest.approx(1)
    wide = aggregator(patch_px=32).patches({"error": blob((8, 12), slice(2, 4), slice(4, 6))})
    assert wide.max() == pytest.approx(0.25)


@pytest.mark.parametrize(("pool", "expected"), [(1, 1 / 4), (2, 1 / 2), (64, 4 ** (-1 / 64))])
def test_the_generalised_mean_over_patches(pool: float, expected: float) -> None:
    """A quarter of the cells at 9, squared errors as amplitudes: 3 times the share to the 1 / pool."""
    one = aggregator(patch_px=8, power=0.5, pool=pool)
    error = 9 * blob((8, 12), slice(0, 4), slice(0, 6))
    score, _, terms = one.score({"error": error})
    assert score == pytest.approx(3 * expected) and terms == {"error": pytest.approx(3 * expected)}


def test_an_empty_frame_scores_zero_and_a_huge_error_does_not_overflow() -> None:
    assert aggregator().score({"error": np.zeros((8, 12), np.float32)})[0] == 0
    assert np.isfinite(aggregator().score({"error": np.full((8, 12), 1e30, np.float32)})[0])


def test_what_is_usual_somewhere_counts_less_there() -> None:
    """The mean error where there is any, not over time: a place seldom passed expects the same walker as a busy one."""
    one = aggregator(patch_px=8)
    seldom = [blob((8, 12), slice(0, 1), slice(0, 1)) * 4 for _ in range(2)] + [np.zeros((8, 12), np.float32)] * 8
    busy = [blob((8, 12), slice(5, 6), slice(5, 6)) * 2 for _ in range(10)]
    one.fit({"error": error} for error in seldom + busy)
    assert one.usual["error"][0, 0] == pytest.approx(4) and one.usual["error"][5, 5] == pytest.approx(2)
    assert one.score({"error": seldom[0]})[0] == pytest.approx(one.score({"error": busy[0]})[0])


@pytest.mark.parametrize("shape", [(8, 12), (16, 24), (1, 1)])
def test_boxes_lie_inside_and_do_not_overlap(shape: tuple[int, int]) -> None:
    one = aggregator(regions=3)
    error = np.random.default_rng(0).random(shape).astype(np.float32)
    _, patches, _ = one.score({"error": error})
    boxes = one.regions(patches, (240, 360), "why")
    assert boxes and boxes[0].score == patches.max()
    for box in boxes:
        assert 0 <= box.x1 < box.x2 <= 360 and 0 <= box.y1 < box.y2 <= 240
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            inside_x, inside_y = min(a.x2, b.x2) - max(a.x1, b.x1), min(a.y2, b.y2) - max(a.y1, b.y1)
            assert inside_x <= 1e-6 or inside_y <= 1e-6


def test_the_box_covers_the_blob() -> None:
    error = blob((8, 12), slice(2, 4), slice(4, 6))
    one = aggregator(regions=1)
    box = one.regions(one.patches({"error": error}), (240, 360), "why")[0]
    assert (box.x1, box.y1, box.x2, box.y2) == (120, 60, 180, 120)


def test_a_single_cell_gets_a_box_of_a_person() -> None:
    """The patch that counts may be one cell of somebody; the box around its middle is as large as a person."""
    one = aggregator(patch_px=8, regions=2)
    first, second = one.regions(one.patches({"error": blob((8, 12), slice(3, 4), slice(5, 6))}), (240, 360), "why")
    assert (first.x1, first.y1, first.x2, first.y2, first.score) == (135, 75, 195, 135, 1)
    assert second.score == 0
