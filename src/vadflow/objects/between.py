"""Boxes of the frames a detector was not shown: interpolated between the shown frames before and after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from scipy.optimize import linear_sum_assignment

from vadflow.objects.base import Boxes
from vadflow.objects.decode import iou

LINK_IOU = 0.2
"""Two boxes that overlap less are not one object; a walker moves less than half its width in a few frames."""


def fill(shown: Iterable[Boxes], every: int, n_frames: int) -> Iterator[Boxes]:
    """Yield the boxes of every frame, holding two shown frames in memory.

    Linked boxes move linearly; an unlinked one is held for the nearer half of the gap; after the last shown frame all are held.

    Args:
        shown: boxes of frames 0, every, 2 * every, ...
        every: distance of the shown frames.
        n_frames: frames of the clip.
    """
    before: Boxes | None = None
    given = 0
    for after in shown:
        if before is not None:
            yield from gap(before, after, every)
            given += every
        before = after
    if before is not None:
        yield from [before] * (n_frames - given)


def gap(before: Boxes, after: Boxes, every: int) -> Iterator[Boxes]:
    """Yield `before` and the every - 1 frames up to `after`, which is not yielded."""
    yield before
    if every == 1:
        return
    left, right = link(before, after)
    gone = np.delete(np.arange(len(before)), left)
    come = np.delete(np.arange(len(after)), right)
    for step in range(1, every):
        share = step / every
        held = before.take(gone) if share < 0.5 else after.take(come)
        moved = _mix(before.take(left), after.take(right), share)
        both = _join(moved, held)
        yield both.take(np.argsort(-both.confidence, kind="stable"))


def link(before: Boxes, after: Boxes) -> tuple[np.ndarray, np.ndarray]:
    """Pair the boxes of two frames so that the summed overlap is largest.

    Returns:
        (k,) positions in `before`, (k,) positions in `after`.
    """
    overlap = iou(before.xyxy, after.xyxy)
    left, right = linear_sum_assignment(overlap, maximize=True)
    good = overlap[left, right] >= LINK_IOU
    return left[good], right[good]


def _mix(before: Boxes, after: Boxes, share: float) -> Boxes:
    def blend(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return ((1 - share) * first + share * second).astype(np.float32)

    return Boxes(
        blend(before.xyxy, after.xyxy),
        blend(before.confidence, after.confidence),
        before.class_id if share < 0.5 else after.class_id,
        blend(before.probabilities, after.probabilities),
    )


def _join(first: Boxes, second: Boxes) -> Boxes:
    return Boxes(
        np.concatenate([first.xyxy, second.xyxy]),
        np.concatenate([first.confidence, second.confidence]),
        np.concatenate([first.class_id, second.class_id]),
        np.concatenate([first.probabilities, second.probabilities]),
    )
