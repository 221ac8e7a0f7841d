""" "That was fine": frames of watched clips that a person has marked as normal become calibration data.

Only where a dataset has no labels: there the watched video is the camera's own, and nobody is judged on it. On a labelled dataset the
same would calibrate on the test set, and is refused (evaluation.md, laws 1 and 2).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import pandas as pd

from vadflow.errors import VadflowError
from vadflow.io import write_text
from vadflow.layout import NORMAL_EVENTS


@dataclass(frozen=True)
class NormalEvent:
    """Frames [start, end) of a watched clip, and why they are fine."""

    dataset: str
    clip: str
    start: int
    end: int
    note: str = ""

    @property
    def name(self) -> str:
        """How the frames are called among the held-out clips."""
        return f"{self.clip} [{self.start}, {self.end})"


HEADER = tuple(field.name for field in fields(NormalEvent))


def read_events(path: str | Path = NORMAL_EVENTS) -> list[NormalEvent]:
    """Read the workspace's file; none when there is no file.

    Raises:
        VadflowError: another header, or a row that is no span of frames; names the line.
    """
    path = Path(path)
    if not path.is_file():
        return []
    rows = [row for row in csv.reader(path.read_text(encoding="utf-8").splitlines()) if row]
    if not rows or tuple(rows[0]) != HEADER:
        raise VadflowError(f"expected the header {','.join(HEADER)}", where=str(path), fix="Use `vadflow fine`.")
    return [_event(row, f"{path} line {number}") for number, row in enumerate(rows[1:], start=2)]


def add_event(event: NormalEvent, path: str | Path = NORMAL_EVENTS) -> bool:
    """Add a row, in order of dataset, clip and start.

    Returns:
        False when the same frames are marked already; the file is then left as it is.
    """
    known = read_events(path)
    if any(astuple(one)[:4] == astuple(event)[:4] for one in known):
        return False
    write_events([*known, event], path)
    return True


def write_events(events: Iterable[NormalEvent], path: str | Path = NORMAL_EVENTS) -> None:
    """Write the workspace's file, in order."""
    rows = sorted(astuple(one) for one in events)
    write_text(path, "".join(",".join(map(_cell, row)) + "\n" for row in [HEADER, *rows]))


def as_heldout(events: Iterable[NormalEvent], raw: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The raw scores of marked frames, as more held-out normal video.

    Args:
        events: of one dataset.
        raw: clip -> raw table (frame, raw) of a whole clip.

    Returns:
        clip (`NormalEvent.name`), frame, raw.

    Raises:
        VadflowError: an event ends after its clip.
    """
    parts = []
    for event in events:
        table = raw[event.clip]
        if event.end > len(table):
            fix = f"Correct the row in {NORMAL_EVENTS}."
            what = f"frames [{event.start}, {event.end}) of a clip of {len(table)} frames"
            raise VadflowError(what, where=f"clip {event.dataset}/{event.clip}", fix=fix)
        parts.append(table.iloc[event.start : event.end][["frame", "raw"]].assign(clip=event.name))
    return pd.concat(parts, ignore_index=True)[["clip", "frame", "raw"]]


def _event(row: list[str], where: str) -> NormalEvent:
    try:
        dataset, clip, start, end, note = row
        event = NormalEvent(dataset, clip, int(start), int(end), note)
    except ValueError as fault:
        fix = "A row is dataset,clip,start,end,note: frames [start, end)."
        raise VadflowError(f"not a span of frames: {','.join(row)}", where=where, fix=fix) from fault
    if not 0 <= event.start < event.end:
        fix = "Frames count from 0, and the end lies after the start."
        raise VadflowError(f"frames [{event.start}, {event.end})", where=where, fix=fix)
    return event


def _cell(value: object) -> str:
    text = " ".join(str(value).split())
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"') else text
