"""The tables of docs/choosing.md: how the one aggregate of all frame-level systems was chosen, without a test set.

    PYTHONPATH=src python tools/choose_aggregate.py <workspace>:<dataset> ...

Each workspace must have trained `std`, on a rehearsal (`adapter: rehearsal`) or on another day of the built-in scene. Every error map that
`std` makes is sent through variants of the aggregate; printed is the micro AUC after the smoother. Nothing is written.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

MAPS = ("flow", "prediction", "motion", "moving")
VARIANTS: dict[str, dict[str, float]] = {
    "as in params.yaml": {},
    "power 1 (squared errors)": {"power": 1.0},
    "power 0.25": {"power": 0.25},
    "patch 8 px": {"patch_px": 8},
    "patch 8 px, reach 16 px, pool 4": {"patch_px": 8, "reach_px": 16, "pool": 4.0},
    "patch 32 px": {"patch_px": 32},
    "reach 16 px": {"reach_px": 16},
    "floor 0.5": {"floor": 0.5},
    "pool 1 (mean)": {"pool": 1.0},
    "pool 4": {"pool": 4.0},
    "pool 64 (largest)": {"pool": 64.0},
}
Stream = dict[str, list[tuple[int, Mapping[str, np.ndarray]]]]


def views(dataset: str, split: str) -> list[Any]:
    """Clip views of one split."""
    from vadflow.clip import ClipView
    from vadflow.io import read_table
    from vadflow.layout import Layout

    place, found = Layout(dataset), []
    for row in read_table(place.index(split)).itertuples():
        paths = {f"{kind}_path": Path(place.clip(kind, split, row.clip)) for kind in ("frames", "flow")}
        found.append(ClipView(row.clip, float(row.fps), (int(row.height), int(row.width)), **paths))
    return found


def maps_of(system: Any, segment: Any, stride: int) -> list[tuple[int, Mapping[str, np.ndarray]]]:
    """(frame, error maps) of one segment, the flow among them."""
    from vadflow.systems.cells import flow_energy

    found = []
    for frame, maps, _ in system.maps(segment, stride):
        shape = maps["prediction"].shape
        found.append((frame, {**maps, "flow": flow_energy(segment.clip, frame, shape)}))
    return found


def gather(
    dataset: str,
) -> tuple[Any, tuple[int, ...], Stream, Stream, dict[str, np.ndarray], Callable[[np.ndarray], np.ndarray]]:
    """Everything the variants need: shipped aggregate, frame shape, maps of normal and of judged clips, labels, smoother."""
    from vadflow.clip import Segment
    from vadflow.io import read_table
    from vadflow.layout import Layout
    from vadflow.params import load
    from vadflow.scoring.smooth import smooth
    from vadflow.training.split import split_normal
    from vadflow.training.store import load_system

    params = load("params.yaml")
    system: Any = load_system(
        Path(Layout(dataset).model("weights.safetensors", "std", params.training.seeds[0])).parent
    )
    fit, _ = split_normal(views(dataset, "train"), params.training.held_out)
    normal = {s.clip.name: maps_of(system, s, system.params.score.normal_stride) for s in fit}
    judged = {clip.name: maps_of(system, Segment(clip, 0, len(clip)), 1) for clip in views(dataset, "test")}
    truth = read_table(Layout(dataset).truth("frames"))
    labels = {str(clip): rows.sort_values("frame").label.to_numpy() for clip, rows in truth.groupby("clip")}
    scoring = params.scoring
    return (
        system.params.score.aggregate,
        system.frame_shape,
        normal,
        judged,
        labels,
        lambda x: smooth(x, scoring.smoother, scoring.sigma_frames),
    )


def rows(dataset: str) -> Iterator[tuple[str, list[float]]]:
    """Each variant with the AUC of every map."""
    from vadflow.metrics.roc import roc_auc
    from vadflow.systems.aggregate import Aggregator

    shipped, shape, normal, judged, labels, smooth = gather(dataset)
    truth = np.concatenate([labels[clip] for clip in judged])
    for name, change in VARIANTS.items():
        values = []
        for kind in MAPS:
            aggregator = Aggregator(shipped.model_copy(update=change), {kind: 1.0}, shape)
            aggregator.fit(maps for stream in normal.values() for _, maps in stream)
            scores = [smooth(nearest(aggregator, stream, len(labels[clip]))) for clip, stream in judged.items()]
            values.append(100 * (roc_auc(truth, np.concatenate(scores)) or np.nan))
        yield name, values


def nearest(aggregator: Any, stream: list[tuple[int, Mapping[str, np.ndarray]]], length: int) -> np.ndarray:
    """One score a frame: where a window does not reach, that of the nearest frame."""
    frames = np.array([frame for frame, _ in stream])
    scores = np.array([aggregator.score(maps)[0] for _, maps in stream])
    return scores[np.abs(frames[None] - np.arange(length)[:, None]).argmin(axis=1)]


def main() -> None:
    """Print a Markdown table per workspace."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenes", nargs="+", metavar="workspace:dataset")
    for scene in parser.parse_args().scenes:
        workspace, dataset = scene.rsplit(":", 1)
        os.chdir(Path(workspace).resolve())
        print(f"\n{dataset}\n\n| variant | {' | '.join(MAPS)} |\n|---|{'---|' * len(MAPS)}")
        for name, values in rows(dataset):
            print(f"| {name} | {' | '.join(f'{value:.1f}' for value in values)} |", flush=True)


if __name__ == "__main__":
    main()
