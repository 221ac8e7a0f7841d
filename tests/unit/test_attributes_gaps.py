"""Objects that a detector loses for a moment, by hand and against every pair of rows."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from attributes_data import walkers

from vadflow.attributes.gaps import find_gaps
from vadflow.attributes.model import Smoothing
from vadflow.attributes.observations import Observations


def drawn(*rows: tuple[int, int, float]) -> Observations:
    """Boxes of 20 x 40 px at 10 frames a second: frame, tracklet, left edge."""
    some = walkers(len(rows), np.random.default_rng(0))
    frame, track, x = (np.array(column) for column in zip(*rows, strict=True))
    box = np.stack([x, np.full(len(x), 100), x + 20, np.full(len(x), 140)], axis=1).astype(np.float32)
    return replace(some, frame=frame, track=track, box=box, fps=10.0)


class TestFindGaps:
    def test_what_is_found_again_lies_between(self) -> None:
        """Tracklet 0 ends in frame 1, tracklet 1 begins 8 px further in frame 4: two frames of one person are missing."""
        seen = drawn((0, 0, 10), (1, 0, 12), (4, 1, 18), (5, 1, 20))
        gaps = find_gaps(seen, 0.5)
        assert gaps.frame.tolist() == [2, 3] and gaps.box[:, 0].tolist() == pytest.approx([14, 16])
        assert gaps.between(np.array([0.0, 3.0, 6.0, 0.0])).tolist() == pytest.approx([0, 3, 4, 5, 6, 0])
        assert np.isnan(gaps.silent(np.array([0.0, 3.0, 6.0, 0.0]))).tolist() == [False] * 2 + [True] * 2 + [False] * 2
        whole = gaps.seen(seen)
        assert whole.frame.tolist() == [0, 1, 2, 3, 4, 5] and len(set(whole.track.tolist())) == 1
        assert not whole.person[2] and np.isnan(whole.travel[2]).all(), "nothing else is known of it"

    def test_a_missing_frame_of_a_tracklet_is_a_gap_too(self) -> None:
        assert find_gaps(drawn((0, 0, 10), (3, 0, 16)), 0.5).box[:, 0].tolist() == pytest.approx([12, 14])

    @pytest.mark.parametrize(
        ("start", "x", "count"),
        [(6, 10, 4), (7, 10, 0), (2, 10, 0), (4, 30, 2), (4, 31, 0)],
    )
    def test_not_too_late_and_not_too_far_away(self, start: int, x: float, count: int) -> None:
        """0.5 s are five frames from the last box to the next; half of 40 px is as far as anybody gets."""
        assert len(find_gaps(drawn((1, 0, 10), (start, 1, x)), 0.5).frame) == count

    def test_the_nearest_go_first_and_nobody_twice(self) -> None:
        """Two end in frame 0; of two who begin in frame 2 the one at 14 px belongs to 12, though 10 is near it, too."""
        seen = drawn((0, 0, 10), (0, 1, 12), (2, 2, 14), (2, 3, 4))
        assert sorted(find_gaps(seen, 0.5).links) == [(0, 3), (1, 2)]

    def test_a_chain_is_one_tracklet(self) -> None:
        seen = drawn((0, 5, 10), (2, 3, 10), (4, 7, 10), (4, 1, 200))
        whole = find_gaps(seen, 0.5).seen(seen)
        assert whole.frame.tolist() == [0, 1, 2, 3, 4, 4]
        assert whole.track.tolist() == [5, 5, 5, 5, 5, 1]

    def test_nothing_is_lost_where_nobody_looks(self) -> None:
        seen = drawn((0, 0, 10), (2, 1, 10))
        live = Smoothing(0, "causal", gap_s=0.5).gaps(seen)
        for gaps in (find_gaps(seen, 0.0), live):
            assert gaps.between(np.array([1.0, 2.0])).tolist() == [1, 2]
            assert gaps.seen(seen).track.tolist() == [0, 1]
        assert len(Smoothing(0, "centred", gap_s=0.5).gaps(seen).frame) == 1
        nobody = seen.pick(np.zeros(0, int))
        assert len(find_gaps(nobody, 0.5).seen(nobody)) == 0

    def test_as_every_pair_would_be_found(self) -> None:
        """Against a slow search over all pairs of tracklets, on boxes of all sizes in 200 crowds."""
        rng = np.random.default_rng(0)
        found = 0
        for _ in range(200):
            n = 30
            seen = drawn(
                *((int(t), int(rng.integers(12)), float(rng.uniform(0, 60))) for t in np.sort(rng.integers(0, 25, n)))
            )
            keep = np.unique(np.stack([seen.frame, seen.track]), axis=1, return_index=True)[1]
            seen = seen.pick(np.sort(keep))
            box = seen.box.copy()
            box[:, 2:] += rng.uniform(0, 40, (len(box), 2)).astype(np.float32)
            seen = replace(seen, box=box)
            links = find_gaps(seen, 0.5).links
            assert sorted(links) == _slow(seen, 5)
            found += len(links)
        assert found > 500


def _slow(seen: Observations, longest: int) -> list[tuple[int, int]]:
    rows = {one: np.flatnonzero(seen.track == one) for one in np.unique(seen.track)}
    links = [(a, b) for own in rows.values() for a, b in pairwise(own) if seen.frame[b] > seen.frame[a] + 1]
    pairs = []
    for one, other in product(rows.values(), rows.values()):
        a, b = one[-1], other[0]
        middle = [(seen.box[k, :2] + seen.box[k, 2:]) / 2 for k in (a, b)]
        size = max((seen.box[k, 2:] - seen.box[k, :2]).max() for k in (a, b))
        far = np.hypot(*(middle[0] - middle[1])) / size
        if 2 <= seen.frame[b] - seen.frame[a] <= longest and far <= 0.5:
            pairs.append((far, a, b))
    while pairs:
        _, a, b = min(pairs)
        links.append((a, b))
        pairs = [pair for pair in pairs if pair[1] != a and pair[2] != b]
    return sorted((int(a), int(b)) for a, b in links)
