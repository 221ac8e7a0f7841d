"""Reads what the workflow left in `results/` into what `evaluate` takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from vadflow.datasets.base import select
from vadflow.io import open_array, read_table
from vadflow.metrics.alarms import alarm_metrics
from vadflow.metrics.inputs import Labels, Scores
from vadflow.metrics.local import local_metrics

Paths = Sequence[str | Path]
"""One file a test clip, in the order of the clips."""


def read_scores(clips: Sequence[str], paths: Paths) -> Scores:
    """The score table of every clip."""
    return {clip: read_table(path) for clip, path in zip(clips, paths, strict=True)}


def read_labels(truth: str | Path) -> Labels:
    """The labels of every labelled clip, from `truth/frames.parquet`."""
    return {str(clip): rows["label"].to_numpy() for clip, rows in read_table(truth).groupby("clip")}


def read_snapshots(clips: Sequence[str], paths: Paths) -> dict[str, Scores]:
    """What each snapshot of a training says: snapshot -> clip -> frame, raw; empty without any files or rows."""
    found: dict[str, dict[str, pd.DataFrame]] = {}
    for clip, path in zip(clips, paths, strict=False):  # a system without snapshots has no files
        for name, rows in read_table(path).groupby("snapshot", sort=True):
            found.setdefault(str(name), {})[clip] = rows.reset_index(drop=True)
    return dict(found)


def alarms_at_threshold(events: str | Path, fps: Mapping[str, float], labels: Labels) -> dict[str, float | None]:
    """Event recall, delay and false alarms of one run's event list."""
    return alarm_metrics(pd.read_csv(events, dtype={"clip": str}), labels, fps)


def localisation(
    dataset: str, section: str, clips: Sequence[str], *, tracks: str | Path, regions: Paths, maps: Paths
) -> dict[str, float | None]:
    """Pixel AUC, RBDC and TBDC; nothing for a system that does not localise, which has no such files."""
    if not maps:
        return {}
    chosen = select(dataset, section, "test", clips)
    arrays = dict(zip(clips, map(open_array, maps), strict=True))
    return local_metrics(chosen, read_table(tracks), read_scores(clips, regions), arrays)
