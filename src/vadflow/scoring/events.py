"""Frames above the threshold become events: what a person is shown, and what a false alarm is counted in."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

EVENT_COLUMNS = ("clip", "start", "end", "peak", "score", "threshold")
REGION_COLUMNS = ("x1", "y1", "x2", "y2", "reason")
"""Where an event is, and why; they follow the others in the event list."""


def find_events(scores: np.ndarray, threshold: float, *, merge_gap: int, min_length: int) -> list[tuple[int, int, int]]:
    """Runs of frames above the threshold.

    Args:
        scores: (T,) smoothed scores of one clip.
        threshold: a frame counts when its score is larger.
        merge_gap: runs with at most this many frames between them are one event.
        min_length: events of fewer frames (after merging) are dropped.

    Returns:
        (start, end, peak) in time order; the event is frames [start, end).

    >>> find_events(np.array([0, 5, 0, 6, 0, 0, 0, 9]), 1, merge_gap=1, min_length=2)
    [(1, 4, 3)]
    """
    above = np.flatnonzero(np.asarray(scores) > threshold)
    if len(above) == 0:
        return []
    parts = np.split(above, np.flatnonzero(np.diff(above) > merge_gap + 1) + 1)
    runs = [(int(part[0]), int(part[-1]) + 1) for part in parts]
    return [
        (start, end, start + int(np.argmax(scores[start:end])))
        for start, end in runs
        if end - start >= max(min_length, 1)
    ]


def event_table(
    clips: dict[str, np.ndarray], threshold: float, fps: dict[str, float], *, merge_gap_s: float, min_event_s: float
) -> pd.DataFrame:
    """Events of all clips of a dataset; the head of `events/<system>/<seed>.csv`.

    Args:
        clips: clip -> (T,) smoothed scores.
        threshold: on the same scale.
        fps: clip -> frames a second.
        merge_gap_s: alarms with no more between them are one event, s.
        min_event_s: shorter alarms are dropped, s.

    Returns:
        EVENT_COLUMNS, by clip and time; zero rows is legal.
    """
    rows = []
    for clip, scores in clips.items():
        gap, length = frames_of(merge_gap_s, fps[clip]), frames_of(min_event_s, fps[clip])
        for start, end, peak in find_events(scores, threshold, merge_gap=gap, min_length=length):
            rows.append((clip, start, end, peak, float(scores[peak]), threshold))
    table = pd.DataFrame(rows, columns=list(EVENT_COLUMNS))
    whole = dict.fromkeys(("start", "end", "peak"), "int32")
    return table.astype({"clip": "object", "score": "float64", "threshold": "float64"} | whole)


def frames_of(seconds: float, fps: float) -> int:
    """Seconds as whole frames."""
    return round(seconds * fps)


def with_regions(events: pd.DataFrame, regions: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Say where each event is: the strongest region of its peak frame.

    Args:
        events: see `event_table`.
        regions: clip -> frame, x1, y1, x2, y2, score, reason; a system that does not localise has none.

    Returns:
        the events with REGION_COLUMNS: source px, half-open, to a tenth; empty where there is no region.
    """
    peaks = zip(events["clip"], events["peak"], strict=True)
    places = [_strongest(regions[clip], int(peak)) if clip in regions else {} for clip, peak in peaks]
    found = pd.DataFrame(places, columns=list(REGION_COLUMNS), index=events.index)
    return events.join(found.astype(dict.fromkeys(("x1", "y1", "x2", "y2"), "float64")).round(1))


def _strongest(regions: pd.DataFrame, frame: int) -> dict[Hashable, Any]:
    here = regions[regions["frame"] == frame].sort_values("score", ascending=False, kind="stable")
    return next(iter(here[list(REGION_COLUMNS)].to_dict("records")), {})
