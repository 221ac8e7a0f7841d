"""Properties of names, numbering, grids, differences and tracks."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vadflow.datasets.folder import clip_name
from vadflow.datasets.tracks import link
from vadflow.frames.cells import average, grid
from vadflow.frames.differences import cell_differences, rgb_difference
from vadflow.frames.numbering import gaps
from vadflow.types import is_name

CLIPS = hnp.arrays(
    np.uint8, st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3]))
)


@given(st.text(min_size=1))
def test_any_file_name_gives_a_safe_stable_clip_name(stem: str) -> None:
    name = clip_name(stem)
    assert is_name(name) and clip_name(stem) == name and clip_name(name) == name


@given(st.lists(st.booleans(), min_size=5, max_size=40))
def test_gaps_are_found_where_numbers_are_missing(kept: list[bool]) -> None:
    numbers = list(range(100)) + [100 + n for n, keep in enumerate(kept) if keep]
    found = gaps([Path(f"f_{number:04d}.jpg") for number in numbers])
    assert len(found) == sum(after - before > 1 for before, after in pairwise(numbers))


@given(hnp.arrays(np.float32, (12, 20), elements=st.floats(0, 1, width=32)), st.integers(1, 25))
def test_cells_keep_the_mean(image: np.ndarray, cell: int) -> None:
    cells = average(image, grid(*image.shape, cell))
    assert np.isclose(cells.mean(), image.mean(), atol=1e-4)


@given(CLIPS, st.integers(1, 5))
def test_differences_match_their_definition(frames: np.ndarray, cell: int) -> None:
    cells = np.stack(list(cell_differences(frames, cell))).astype(float)
    assert len(cells) == len(frames) and cells.min() >= 0 and cells.max() <= 1
    exact = np.abs(np.diff(frames.astype(float), axis=0)).mean(axis=(1, 2, 3)) / 255
    assert np.allclose(cells[1:].mean(axis=(1, 2)), exact, atol=2e-3)
    if len(frames) > 1:
        assert np.array_equal(cells[0], cells[1])
        reverse = rgb_difference(frames[::-1], 0, len(frames) - 1)
        assert np.array_equal(rgb_difference(frames, 0, len(frames) - 1), -reverse)


@settings(max_examples=50)
@given(hnp.arrays(bool, st.tuples(st.integers(1, 5), st.just(7), st.just(9))))
def test_tracks_cover_every_region_once(masks: np.ndarray) -> None:
    flags, regions = link(masks)
    assert flags.tolist() == masks.any(axis=(1, 2)).astype(int).tolist()
    assert len({(track, frame) for track, frame, *_ in regions}) == len(regions)
    for frame, mask in enumerate(masks):
        covered = np.zeros_like(mask)
        for _, at, x1, y1, x2, y2 in regions:
            if at == frame:
                covered[int(y1) : int(y2), int(x1) : int(x2)] = True
        assert not (mask & ~covered).any()
