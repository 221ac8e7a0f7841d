"""What a guard would say of the alarms: how many events were seen, how late, and how often it rang for nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from vadflow.metrics.inputs import Labels

ALARM_NUMBERS = ("event_recall", "detection_delay_s", "false_alarms_per_hour")


def true_events(labels: np.ndarray) -> list[tuple[int, int]]:
    """Runs of anomalous frames, [start, end): what the labels call one event.

    >>> true_events(np.array([0, 1, 1, 0, 1]))
    [(1, 3), (4, 5)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(labels, np.int8), [0]])))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def alarm_metrics(alarms: pd.DataFrame, labels: Labels, fps: Mapping[str, float]) -> dict[str, float | None]:
    """Hold the alarms at the threshold of held-out normal video against the labels.

    An event is seen when an alarm overlaps it. The delay runs from the event's first frame to the first frame of it that lies in an
    alarm; an alarm that was on already has none. A false alarm overlaps no anomalous frame.

    Args:
        alarms: clip, start, end: frames [start, end) above the threshold (`events/<system>/<seed>.csv`).
        labels: clip -> (T,) uint8; empty for a dataset without labels.
        fps: clip -> frames a second.

    Returns:
        ALARM_NUMBERS: share of events seen in [0, 1]; mean delay of the seen ones, s; false alarms an hour of normal frames. None
        where there is no event, none was seen, or there is no normal frame.
    """
    spans = {str(clip): list(zip(r["start"], r["end"], strict=True)) for clip, r in alarms.groupby("clip")}
    delays: list[float | None] = []
    false, hours = 0, 0.0
    for clip, flags in labels.items():
        found = spans.get(clip, [])
        delays += [_delay(event, found, fps[clip]) for event in true_events(flags)]
        false += sum(not np.any(flags[start:end]) for start, end in found)
        hours += int(np.sum(np.asarray(flags) == 0)) / fps[clip] / 3600
    seen = [delay for delay in delays if delay is not None]
    return {
        "event_recall": len(seen) / len(delays) if delays else None,
        "detection_delay_s": float(np.mean(seen)) if seen else None,
        "false_alarms_per_hour": false / hours if hours else None,
    }


def _delay(event: tuple[int, int], alarms: list[tuple[int, int]], fps: float) -> float | None:
    first = [max(start, event[0]) for start, end in alarms if start < event[1] and end > event[0]]
    return (min(first) - event[0]) / fps if first else None
