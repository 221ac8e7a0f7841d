"""Reads what the workflow left in `results/` into the report's inputs; pictures are opened only when one is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from vadflow.io import open_array, read_json, read_table
from vadflow.layout import Layout
from vadflow.report.model import ClipInput, DatasetInput, SystemInput


def dataset_input(dataset: str, clips: Sequence[str], runs: Sequence[tuple[str, int, str]]) -> DatasetInput:
    """Gather one dataset.

    Args:
        dataset: name.
        clips: test clips, in order.
        runs: (system, seed, kind) of every run; the page shows each system under its first seed.

    Returns:
        scores and events as tables; maps, regions, frames and objects behind getters.
    """
    place = Layout(dataset)
    index = read_table(place.index("test")).set_index("clip")
    truth = read_table(place.truth("frames"))
    shown = {system: (seed, kind) for system, seed, kind in reversed(runs)}
    return DatasetInput(
        name=dataset,
        clips=[_clip(name, index.loc[name]) for name in clips],
        labels={str(clip): rows["label"].to_numpy() for clip, rows in truth.groupby("clip")},
        systems=[_system(place, clips, name, *shown[name]) for name in dict.fromkeys(system for system, _, _ in runs)],
        frames=_if_there(lambda clip: place.clip("frames", "test", clip), open_array),
        objects=_if_there(lambda clip: place.clip("objects", "test", clip), read_table),
        events_csv=f"../{dataset}/events/",
    )


def _clip(name: str, row: Any) -> ClipInput:
    return ClipInput(name, float(row["fps"]), int(row["n_frames"]), (int(row["height"]), int(row["width"])))


def _system(place: Layout, clips: Sequence[str], name: str, seed: int, kind: str) -> SystemInput:
    return SystemInput(
        name=name,
        kind=kind,
        scores={clip: read_table(place.scored("scores", clip, name, seed)) for clip in clips},
        events=pd.read_csv(place.events(name, seed), dtype={"clip": str}),
        threshold=read_json(place.model("threshold.json", name, seed))["value"],
        maps=_if_there(lambda clip: place.scored("maps", clip, name, seed), open_array),
        regions=_if_there(lambda clip: place.scored("regions", clip, name, seed), read_table),
    )


def _if_there(path_of: Callable[[str], str], read: Callable[[str], Any]) -> Callable[[str], Any]:
    def get(clip: str) -> Any:
        path = path_of(clip)
        return read(path) if Path(path).is_file() else None

    return get
