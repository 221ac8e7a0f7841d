"""Joins the table of bodies to the objects: each person's keypoints, and how they change along the tracklet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from vadflow.attributes.limbs import body, visible
from vadflow.attributes.observations import KEYPOINTS, Observations
from vadflow.attributes.tracklets import iou, latest

_MIN_IOU = 0.5
_SPAN_S = 0.25  # between the two bodies a change is taken from: a quarter of a step
_HOLD_S = 0.15  # a body is believed for so long after it was seen
_BOTH = 10  # keypoints that both bodies must show


def attach(seen: Observations, bodies: pd.DataFrame) -> Observations:
    """Give every person the body that overlaps it most, hold it until the next, and add the change.

    Args:
        seen: objects with tracklets.
        bodies: the clip's table of `objects.poses`.
    """
    if not len(bodies) or not len(seen):
        return seen
    pose = _matched(seen, bodies)
    measured = np.isfinite(pose[:, 0, 0])
    with_pose = replace(seen, pose=pose)
    change = _changes(with_pose, measured)
    newest = latest(seen.frame, seen.track, measured, hold=max(1, round(_HOLD_S * seen.fps)))
    known = newest >= 0
    pose[known], change[known] = pose[newest[known]], change[newest[known]]
    return replace(with_pose, pose=pose, change=change)


def _matched(seen: Observations, bodies: pd.DataFrame) -> np.ndarray:
    """(N, 17, 3): the keypoints of the best overlapping body of the same frame; NaN elsewhere."""
    pose = np.full((len(seen), KEYPOINTS, 3), np.nan, np.float32)
    frame = bodies.frame.to_numpy()
    box = bodies[["x1", "y1", "x2", "y2"]].to_numpy(np.float32)
    points = np.stack(bodies.keypoints.to_list()).reshape(-1, KEYPOINTS, 3)
    for t in np.unique(frame):
        rows = np.flatnonzero((seen.frame == t) & seen.person)
        here = np.flatnonzero(frame == t)
        if len(rows):
            overlap = iou(seen.box[rows], box[here])
            best = overlap.argmax(axis=1)
            good = overlap.max(axis=1) >= _MIN_IOU
            pose[rows[good]] = points[here[best[good]]]
    return pose


def _changes(seen: Observations, measured: np.ndarray) -> np.ndarray:
    """(N, 34) box heights per second between two measured bodies of a tracklet; NaN where one is missing or too little is visible."""
    points, weight = body(seen.pose, seen.box)
    change = np.full((len(seen), 2 * KEYPOINTS), np.nan, np.float32)
    span = max(1, round(_SPAN_S * seen.fps))
    rows = np.flatnonzero(measured)
    for track in np.unique(seen.track[rows]):
        own = rows[seen.track[rows] == track]
        before = np.searchsorted(seen.frame[own], seen.frame[own] - span, side="right") - 1
        good = before >= 0
        now, then = own[good], own[before[good]]
        lag = seen.frame[now] - seen.frame[then]
        both = weight[now] * weight[then]
        steady = (lag <= 2 * span) & ((visible(seen.pose[now]) & visible(seen.pose[then])).sum(axis=1) >= _BOTH)
        moved = (points[now] - points[then]) * both * (seen.fps / lag)[:, None]
        change[now[steady]] = moved[steady]
    return change
