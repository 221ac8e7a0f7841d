"""RBDC and TBDC (Ramachandra & Jones, WACV 2020), by counting instead of by replaying.

The definition walks over the detections by falling score and marks regions as found. Because a detection marks *every*
region it overlaps, a region is found exactly when the best score among the detections that overlap it is reached; a
track is found when enough of its regions are; and a detection that overlaps nothing is a false positive at its own
score. So three sorted lists hold both curves: O(n log n), where replaying is O(detections x tracks). Equal scores
are one step by construction.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

BOX = ("x1", "y1", "x2", "y2")
_SLACK = 1e-9  # 0.1 * 30 is a little more than 3 in binary, and 3 of 30 regions must be enough


def localisation(
    tracks: pd.DataFrame, detections: pd.DataFrame, n_frames: int, *, beta: float = 0.1, alpha: float = 0.1
) -> dict[str, float | None]:
    """Compute the region-based and the track-based detection criterion.

    Args:
        tracks: ground truth: clip, track, frame, x1, y1, x2, y2 (px, half-open).
        detections: clip, frame, x1, y1, x2, y2, score; higher = more anomalous.
        n_frames: test frames of the dataset, labelled clips only.
        beta: smallest IoU that counts as overlap.
        alpha: smallest share of a track's regions that makes it found.

    Returns:
        rbdc and tbdc in [0, 1]: area under detection rate against false positives a frame on [0, 1], extended flat
        where the rate ends early. None without ground truth.

    Source: evaluation.md section 3. Own code; the public script is CC BY-NC-ND.
    """
    if len(tracks) == 0 or n_frames == 0:
        return {"rbdc": None, "tbdc": None}
    hits = _hits(tracks, detections, beta)
    score = detections["score"].to_numpy(np.float64)
    false = np.ones(len(detections), dtype=bool)
    false[hits["detection"].to_numpy()] = False
    found = np.full(len(tracks), -np.inf)
    np.maximum.at(found, hits["region"].to_numpy(), score[hits["detection"].to_numpy()])
    per_track = _track_scores(tracks, found, alpha)
    return {"rbdc": _area(found, score[false], n_frames), "tbdc": _area(per_track, score[false], n_frames)}


def _hits(tracks: pd.DataFrame, detections: pd.DataFrame, beta: float) -> pd.DataFrame:
    """Return the pairs (detection, region), as row numbers, that share a frame and overlap with IoU >= beta."""
    keys = {"clip": "object", "frame": "int64"}  # an empty table has no types of its own
    left = detections[["clip", "frame", *BOX]].astype(keys).assign(detection=np.arange(len(detections)))
    right = tracks[["clip", "frame", *BOX]].astype(keys).assign(region=np.arange(len(tracks)))
    pairs = left.merge(right, on=["clip", "frame"], suffixes=("", "_truth"))
    overlap = iou(pairs[list(BOX)].to_numpy(np.float64), pairs[[f"{side}_truth" for side in BOX]].to_numpy(np.float64))
    return pairs.loc[overlap >= beta, ["detection", "region"]]


def iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the intersection over union of boxes, row by row.

    Args:
        a: (N, 4) xyxy, half-open.
        b: (N, 4) xyxy, half-open.

    Returns:
        (N,) in [0, 1]; 0 for empty boxes.
    """
    size = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
    shared = np.prod(np.maximum(size, 0.0), axis=1)
    area_a, area_b = (np.prod(np.maximum(box[:, 2:] - box[:, :2], 0.0), axis=1) for box in (a, b))
    union = area_a + area_b - shared
    return np.divide(shared, union, out=np.zeros(len(a)), where=union > 0)


def _track_scores(tracks: pd.DataFrame, found: np.ndarray, alpha: float) -> np.ndarray:
    """Return (tracks,) the score at which each is found: its k-th best region's, k the fewest with k / n >= alpha."""
    identity = tracks[["clip", "track"]].assign(found=found)
    scores = []
    for _, group in identity.groupby(["clip", "track"], sort=True):
        regions = np.sort(group["found"].to_numpy())[::-1]
        needed = max(int(np.ceil(alpha * len(regions) - _SLACK)), 1)
        scores.append(regions[needed - 1])
    return np.array(scores)


def _area(found: np.ndarray, false: np.ndarray, n_frames: int) -> float:
    """Return the area under share found against false positives a frame on [0, 1].

    Args:
        found: (n,) score at which each region or track is found; -inf = never.
        false: (m,) scores of the false positives.
        n_frames: test frames.
    """
    steps = np.unique(np.concatenate([found[np.isfinite(found)], false]))[::-1]
    rate = _at_least(found, steps) / len(found)
    alarms = _at_least(false, steps) / n_frames
    x, y = np.append(0.0, alarms), np.append(0.0, rate)
    x, y = np.append(x, max(1.0, x[-1])), np.append(y, y[-1])
    inside = x < 1.0
    cut = int(inside.sum())  # the first point at or beyond 1; the segment that reaches it is cut at 1
    span = x[cut] - x[cut - 1]
    end = y[cut - 1] + (y[cut] - y[cut - 1]) * (1.0 - x[cut - 1]) / span
    return float(np.trapezoid(np.append(y[:cut], end), np.append(x[:cut], 1.0)))


def _at_least(values: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Count, for each threshold, the values at or above it."""
    ranked = np.sort(values)
    return len(ranked) - np.searchsorted(ranked, thresholds, "left")
