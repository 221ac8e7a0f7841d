"""The alarm threshold, from held-out normal video alone, at a stated number of false alarms an hour."""

from __future__ import annotations

import math

import numpy as np
from pydantic import Field

from vadflow.params import Section
from vadflow.scoring.events import find_events, frames_of

_CANDIDATES = 256
_TAIL = 0.95
"""Scores above this quantile make the tail from which rarer scores are extrapolated."""


class Threshold(Section):
    """`threshold.json`."""

    value: float = Field(description="alarm above this calibrated, smoothed score")
    extrapolated: bool = Field(description="true when the held-out video is too short to show the stated rate")
    hours: float = Field(ge=0, description="held-out normal video it was set on")
    false_alarms_per_hour: float = Field(gt=0, description="what was asked for")
    note: str = Field(description="how it was set, for a person")


def fit_threshold(
    clips: dict[str, np.ndarray],
    fps: dict[str, float],
    *,
    false_alarms_per_hour: float,
    merge_gap_s: float,
    min_event_s: float,
) -> Threshold:
    """Find the lowest threshold whose events on held-out normal video are no more than asked for.

    Where the video is so short that less than one false alarm is allowed on it, the threshold lies above its largest score: the
    tail is continued as an exponential, max + mean excess over the 95 % quantile x ln(1 / allowed). That is a guess, and the
    note says so.

    Args:
        clips: clip -> (T,) calibrated, smoothed scores of held-out normal frames.
        fps: clip -> frames a second.
        false_alarms_per_hour: what the alarm may cost.
        merge_gap_s: as in `events.event_table`.
        min_event_s: as in `events.event_table`.
    """
    hours = sum(len(scores) / fps[clip] for clip, scores in clips.items()) / 3600
    asked = {"hours": hours, "false_alarms_per_hour": false_alarms_per_hour}
    pooled = np.concatenate([np.zeros(0), *clips.values()])
    if len(pooled) == 0:
        note = "no held-out normal video: 3 calibrated units, without any evidence"
        return Threshold(value=3.0, extrapolated=True, note=note, **asked)
    allowed = false_alarms_per_hour * hours
    if allowed < 1:
        return Threshold(value=_beyond(pooled, allowed), extrapolated=True, note=_short(hours, allowed), **asked)
    gaps = {clip: (frames_of(merge_gap_s, fps[clip]), frames_of(min_event_s, fps[clip])) for clip in clips}
    value = _lowest(clips, pooled, gaps, allowed)
    note = f"lowest threshold with at most {allowed:.1f} events on {hours:.2f} h of held-out normal video"
    return Threshold(value=value, extrapolated=False, note=note, **asked)


def _beyond(pooled: np.ndarray, allowed: float) -> float:
    tail = float(np.quantile(pooled, _TAIL))
    excess = pooled[pooled > tail] - tail
    mean_excess = float(excess.mean()) if len(excess) else 0.0
    return float(np.nextafter(pooled.max() + mean_excess * math.log(1 / allowed), np.inf))


def _lowest(
    clips: dict[str, np.ndarray], pooled: np.ndarray, gaps: dict[str, tuple[int, int]], allowed: float
) -> float:
    """Walk down from the largest score and stop before the first threshold with too many events."""
    best = float(pooled.max())
    for value in np.unique(np.quantile(pooled, 1 - np.geomspace(1 / len(pooled), 0.5, _CANDIDATES)))[::-1]:
        events = (find_events(s, value, merge_gap=gaps[c][0], min_length=gaps[c][1]) for c, s in clips.items())
        if sum(len(found) for found in events) > allowed:
            break
        best = min(best, float(value))
    return best


def _short(hours: float, allowed: float) -> str:
    return (
        f"extrapolated: {hours * 60:.2g} min of held-out normal video allow {allowed:.2g} false alarms, too few to count; "
        "give more normal video for a measured threshold"
    )
