"""From a YOLO head's raw tensor to the boxes of a frame, with the probability of every class. No torch here.

Shapes: A anchors, K classes. Legend of heads: an end-to-end head (YOLO26, YOLOv10) gives one box an object, corners; any other
gives centre and size and needs non-maximum suppression.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vadflow.objects.base import Boxes


@dataclass(frozen=True)
class Head:
    """How to read the raw tensor.

    Attributes:
        corners: boxes are x1 y1 x2 y2; otherwise centre x, centre y, width, height.
        one_each: one box an object already, so no suppression.
    """

    corners: bool
    one_each: bool


def decode(
    boxes: np.ndarray,
    scores: np.ndarray,
    head: Head,
    *,
    confidence: float,
    nms_iou: float,
    classes: np.ndarray | None,
    max_objects: int,
) -> Boxes:
    """Select the objects of one frame.

    An end-to-end head may rank one anchor twice, for two classes. Ultralytics then returns the same box twice; here it is one
    object whose second class stands in `probabilities`.

    Args:
        boxes: (4, A) input px.
        scores: (K, A) in [0, 1].
        head: how to read them.
        confidence: boxes at or below it are dropped.
        nms_iou: overlap of two boxes of one class from which the weaker is dropped.
        classes: (n,) class ids kept, or None for all.
        max_objects: most boxes returned.

    Returns:
        by descending confidence, input px.
    """
    best = scores.max(axis=0)  # A
    candidates = np.flatnonzero(best > confidence)
    kind = scores[:, candidates].argmax(axis=0).astype(np.int16)  # over all anchors it would cost half a millisecond
    if classes is not None:
        known = np.isin(kind, classes)
        candidates, kind = candidates[known], kind[known]
    ranks = np.argsort(-best[candidates], kind="stable")
    order, kind = candidates[ranks], kind[ranks]
    xyxy = np.ascontiguousarray(boxes[:, order].T, dtype=np.float32)  # n 4
    if not head.corners:
        centre, half = xyxy[:, :2], xyxy[:, 2:] / 2
        xyxy = np.concatenate([centre - half, centre + half], axis=1)
    found = Boxes(
        xyxy,
        best[order].astype(np.float32),
        kind,
        np.ascontiguousarray(scores[:, order].T, dtype=np.float32),
    )
    kept = np.arange(len(found)) if head.one_each else suppress(found, nms_iou)
    return found.take(kept[:max_objects])


def suppress(found: Boxes, nms_iou: float) -> np.ndarray:
    """Non-maximum suppression within each class.

    Args:
        found: by descending confidence.
        nms_iou: in [0, 1].

    Returns:
        (m,) positions of the boxes kept, ascending.
    """
    alive = np.ones(len(found), bool)
    overlap = iou(found.xyxy, found.xyxy) > nms_iou  # n n
    overlap &= found.class_id[:, None] == found.class_id[None, :]
    for row in range(len(found)):
        if alive[row]:
            alive[row + 1 :] &= ~overlap[row, row + 1 :]
    return np.flatnonzero(alive)


def iou(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Intersection over union of every pair.

    Args:
        first: (n, 4) xyxy.
        second: (m, 4) xyxy.

    Returns:
        (n, m) float32 in [0, 1]; 0 where both boxes are empty.

    >>> iou(np.array([[0, 0, 2, 2.0]]), np.array([[1, 0, 3, 2.0]])).round(3).tolist()
    [[0.3330000042915344]]
    """
    common = shared_area(first, second)
    area_first, area_second = (np.maximum(boxes[:, 2:] - boxes[:, :2], 0).prod(axis=1) for boxes in (first, second))
    union = area_first[:, None] + area_second[None, :] - common
    return np.divide(common, union, out=np.zeros_like(common), where=union > 0).astype(np.float32)


def shared_area(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Area that every pair of (n, 4) and (m, 4) boxes, xyxy, has in common: (n, m)."""
    width, height = (  # side by side: over pairs of corners, with its short last axis, it takes several times as long
        np.minimum.outer(first[:, axis + 2], second[:, axis + 2]) - np.maximum.outer(first[:, axis], second[:, axis])
        for axis in (0, 1)
    )
    return np.asarray(np.maximum(width, 0) * np.maximum(height, 0))
