"""Objects of neighbouring frames linked by overlap, and values smoothed along the links. N objects."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.ndimage import correlate1d

from vadflow.objects.decode import shared_area

Smoother = Literal["centred", "causal"]
_NOTHING = 1e-12  # weights that sum to less come from nothing but rounding


def link(frame: np.ndarray, box: np.ndarray, *, min_iou: float, max_gap: int) -> np.ndarray:
    """Number the tracklets: best overlaps first, one to one; a box without a partner starts a new one.

    Args:
        frame: (N,) int, sorted.
        box: (N, 4) xyxy, px.
        min_iou: least overlap of two boxes of one tracklet.
        max_gap: frames a tracklet may be unseen, for example between two detector frames.

    Returns:
        (N,) int tracklet of every object. Only the past is used, so a live camera gets the same numbers.
    """
    track = np.arange(len(frame))
    open_rows = np.zeros(0, np.int64)  # last row of every tracklet that may still be continued
    fresh = 0
    for start, stop in _frames(frame):
        rows = np.arange(start, stop)
        open_rows = open_rows[frame[open_rows] >= frame[start] - max_gap]
        partners = _match(box[open_rows], box[rows], min_iou)
        for new, row in enumerate(rows):
            if new in partners:
                track[row] = track[open_rows[partners[new]]]
            else:
                track[row], fresh = fresh, fresh + 1
        lost = np.setdiff1d(np.arange(len(open_rows)), list(partners.values()))
        open_rows = np.concatenate([open_rows[lost], rows])
    return track


def _frames(frame: np.ndarray) -> list[tuple[int, int]]:
    starts = np.flatnonzero(np.diff(frame, prepend=-1))
    return list(zip(starts, [*starts[1:], len(frame)], strict=True)) if len(frame) else []


def _match(before: np.ndarray, now: np.ndarray, min_iou: float) -> dict[int, int]:
    """Row of `now` -> row of `before`, one to one, largest overlap first."""
    overlaps = iou(before, now)  # before, now
    partners: dict[int, int] = {}
    used: set[int] = set()
    olds, news = np.nonzero(overlaps >= min_iou)
    for pair in np.argsort(-overlaps[olds, news], kind="stable"):
        old, new = int(olds[pair]), int(news[pair])
        if new not in partners and old not in used:
            partners[new] = old
            used.add(old)
    return partners


def iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(A, 4) and (B, 4) boxes -> (A, B) intersection over union, in [0, 1]."""
    shared = shared_area(a, b)
    area = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (a, b)]
    return shared / np.maximum(area[0][:, None] + area[1][None, :] - shared, 1e-9)


def smooth(values: np.ndarray, frame: np.ndarray, track: np.ndarray, *, width: float, smoother: Smoother) -> np.ndarray:
    """Weighted mean of `values` along each tracklet; NaN is skipped, and stays only where the whole window is NaN.

    Args:
        values: (N,) or (N, D).
        frame: (N,) int.
        track: (N,) int.
        width: frames; the standard deviation of a Gaussian (centred) or the time constant of an exponential (causal).
        smoother: centred looks 2 widths ahead; causal only back.
    """
    if width <= 0 or not len(values):
        return values
    found = values.astype(np.float32, copy=True)
    order = np.argsort(track, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(track[order])) + 1):
        if len(rows) > 1:
            found[rows] = _smooth_one(values[rows], frame[rows], width, smoother)
    return found


def _smooth_one(values: np.ndarray, frame: np.ndarray, width: float, smoother: Smoother) -> np.ndarray:
    """(M, ...) of one tracklet, with the frames in between as unknown: time and memory grow with its length, not with its square."""
    at = frame - frame[0]
    known = np.isfinite(values)
    sums = np.zeros((2, at[-1] + 1, *values.shape[1:]))
    sums[:, at] = known, np.where(known, values, 0)
    total, mean = _weighed(sums, width, smoother)[:, at]
    return np.where(total > _NOTHING, mean / np.maximum(total, _NOTHING), np.nan)


def _weighed(sums: np.ndarray, width: float, smoother: Smoother) -> np.ndarray:
    """(2, L, ...) -> the weighted sums around, or up to, each frame."""
    if smoother == "causal":
        from scipy.signal import lfilter  # a second of import that the default smoother does not pay

        return np.asarray(lfilter([1.0], [1.0, -np.exp(-1 / width)], sums, axis=1))
    reach = int(2 * width)
    weight = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    return np.asarray(correlate1d(sums, weight, axis=1, mode="constant"))


def travel(box: np.ndarray, frame: np.ndarray, track: np.ndarray, *, span: int, smoother: Smoother) -> np.ndarray:
    """How far the middle of a box gets along its tracklet.

    Args:
        box: (N, 4) xyxy.
        frame: (N,) int, ascending.
        track: (N,) int.
        span: frames that are looked back and ahead (centred), or twice as many back (causal).
        smoother: causal looks at no later frame.

    Returns:
        (N, 2) px/frame between the first and the last place in that window; NaN where they lie less than `span` frames apart.
    """
    found = np.full((len(frame), 2), np.nan, np.float32)
    middle = (box[:, :2] + box[:, 2:]) / 2
    back, ahead = (span, span) if smoother == "centred" else (2 * span, 0)
    order = np.argsort(track, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(track[order])) + 1):
        at = frame[rows]
        first, last = np.searchsorted(at, at - back), np.searchsorted(at, at + ahead, side="right") - 1
        lag = at[last] - at[first]
        far = lag >= span
        found[rows[far]] = (middle[rows[last[far]]] - middle[rows[first[far]]]) / lag[far, None]
    return found


def latest(frame: np.ndarray, track: np.ndarray, known: np.ndarray, *, hold: int) -> np.ndarray:
    """(N,) the newest row of the same tracklet of which something is known, not older than `hold` frames; -1 where there is none.

    Args:
        frame: (N,) int, ascending.
        track: (N,) int.
        known: (N,) bool.
        hold: frames.

    >>> latest(np.arange(4), np.zeros(4, int), np.array([0, 1, 0, 0], bool), hold=1)
    array([-1,  1,  1, -1])
    """
    found = np.full(len(frame), -1)
    last: dict[int, int] = {}
    for row, own in enumerate(track.tolist()):
        if known[row]:
            last[own] = row
        before = last.get(own, -1)
        if before >= 0 and frame[row] - frame[before] <= hold:
            found[row] = before
    return found


def speaking(row: int, mine: np.ndarray, loud: np.ndarray) -> int:
    """Where smoothing found what it says of an object that says nothing by itself: its row, or of the rows of its tracklet that are loud
    the last one before it, or else the next.

    Args:
        row: of the object.
        mine: (M,) rows of its tracklet, by frame.
        loud: (M,) bool.

    >>> [speaking(row, np.arange(5), np.array([0, 1, 0, 0, 1], bool)) for row in range(5)]
    [1, 1, 1, 1, 4]
    """
    rows = mine[loud]
    return int(rows[max(int(np.searchsorted(rows, row, side="right")) - 1, 0)]) if len(rows) else row
