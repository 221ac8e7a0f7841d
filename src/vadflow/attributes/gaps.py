"""Gaps: whom the detector loses for a moment and finds again in the same place was there in between, and as odd as before and after.

Who falls, bends or is half hidden has boxes in some frames and none in the others, and just then he matters. Trackers close such gaps by
linear interpolation (ByteTrack, Zhang et al. 2022); here what is known of an object is interpolated with its box. N objects, M in gaps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from vadflow.attributes.observations import Observations, beside

_REACH = 0.5  # of the object's longer side that its middle may move in a gap
Link = tuple[int, int]
"""Row of an object, and the row where it is seen next."""


@dataclass(frozen=True)
class Gaps:
    """Objects of frames in which they were lost.

    Attributes:
        links: where an object is lost and found again, by tracklet and then in time.
        frame: (M,) int.
        box: (M, 4) xyxy, px.
        before, after: (M,) rows of the same object.
        share: (M,) weight of `after`.
        order: (N + M,) that sorts the objects and, behind them, those in gaps by frame.
    """

    links: tuple[Link, ...]
    frame: np.ndarray
    box: np.ndarray
    before: np.ndarray
    after: np.ndarray
    share: np.ndarray
    order: np.ndarray

    def between(self, values: np.ndarray) -> np.ndarray:
        """(N,) -> (N + M,) by frame: in a gap what lies between the values before and after it."""
        lost = (1 - self.share) * values[self.before] + self.share * values[self.after]
        return np.concatenate([values, lost])[self.order]

    def silent(self, values: np.ndarray) -> np.ndarray:
        """(N,) -> (N + M,) by frame, NaN in a gap."""
        return np.concatenate([values, np.full(len(self.frame), np.nan, values.dtype)])[self.order]

    def seen(self, seen: Observations) -> Observations:
        """All N + M by frame; what lies on both sides of a gap is one tracklet."""
        whose = np.arange(int(seen.track.max(initial=-1)) + 1)
        for before, after in sorted(self.links, key=lambda link: seen.frame[link[1]]):
            whose[seen.track[after]] = whose[seen.track[before]]
        track, found = whose[seen.track], beside(seen, self.frame, self.box)
        return replace(found, track=np.concatenate([track, track[self.before]])).pick(self.order)


def find_gaps(seen: Observations, longest_s: float) -> Gaps:
    """Look for the gaps within tracklets, and for tracklets that go on where and soon after another one ends.

    Args:
        seen: objects with tracklets, by frame.
        longest_s: of a gap; 0 looks for none.
    """
    links = tuple(_links(seen, longest_s * seen.fps)) if longest_s > 0 and len(seen) else ()
    before, after = np.array(links, np.int64).reshape(-1, 2).T
    lost = seen.frame[after] - seen.frame[before] - 1
    step = np.concatenate([np.arange(1, count + 1) for count in lost]) if links else np.zeros(0, np.int64)
    before, after, length = (np.repeat(values, lost) for values in (before, after, lost + 1))
    share = (step / length).astype(np.float32)
    frame, box = seen.frame[before] + step, seen.box[before] + share[:, None] * (seen.box[after] - seen.box[before])
    order = np.argsort(np.concatenate([seen.frame, frame]), kind="stable")
    return Gaps(links, frame, box, before, after, share, order)


def _links(seen: Observations, longest: float) -> Iterator[Link]:
    """Neighbours in a tracklet that are not in neighbouring frames, and ends and starts that belong together."""
    rows = np.argsort(seen.track, kind="stable")
    pieces = np.split(rows, np.flatnonzero(np.diff(seen.track[rows])) + 1)
    for piece in pieces:
        yield from ((a, b) for a, b in pairwise(piece.tolist()) if seen.frame[b] - seen.frame[a] > 1)
    first, last = (np.array([piece[end] for piece in pieces]) for end in (0, -1))
    first = first[np.argsort(seen.frame[first], kind="stable")]
    yield from _nearest(seen, last, first, longest)


def _nearest(seen: Observations, last: np.ndarray, first: np.ndarray, longest: float) -> Iterator[Link]:
    """Pairs of an end and a start, one to one, nearest first. `first` is sorted by frame, so few starts are asked for each end."""
    middle, starts = (seen.box[:, :2] + seen.box[:, 2:]) / 2, seen.frame[first]
    found: list[tuple[float, int, int]] = []
    for end in last.tolist():
        low = np.searchsorted(starts, seen.frame[end] + 2)
        near = first[low : np.searchsorted(starts, seen.frame[end] + longest, side="right")]
        apart = np.linalg.norm(middle[near] - middle[end], axis=1) / np.maximum(seen.length[near], seen.length[end])
        found += [(float(far), end, int(start)) for far, start in zip(apart, near, strict=True) if far <= _REACH]
    taken: set[Link] = set()
    for _, end, start in sorted(found):
        if (end, 0) not in taken and (start, 1) not in taken:
            taken |= {(end, 0), (start, 1)}
            yield end, start
