"""The choice behind docs/choosing.md: one aggregate for all frame-level systems, picked from a whole grid without a test set.

    PYTHONPATH=src python tools/choose_aggregate.py <workspace> ...

Each workspace is a scene: its datasets are rehearsals (`adapter: rehearsal`) of one dataset's training clips, on which frame-level systems were
trained. Every map that counts in a system's score is sent through every setting of the grid. The rule stands in `main`: a setting's worth is its
micro AUC after the smoother, as a mean over folds, then systems, then scenes; the largest wins. Nothing is written.
"""

from __future__ import annotations

import argparse
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

GRID: dict[str, tuple[float, ...]] = {
    "power": (0.125, 0.25, 0.5, 1.0),
    "patch_px": (4.0, 8.0, 16.0, 32.0),
    "reach_px": (16.0, 32.0, 64.0, 128.0),
    "pool": (1.0, 4.0, 16.0, 64.0),
}
Setting = tuple[float, ...]
Stream = list[tuple[int, Mapping[str, np.ndarray]]]


def views(dataset: str, split: str) -> list[Any]:
    """Clip views of one split."""
    from vadflow.clip import ClipView
    from vadflow.io import read_table
    from vadflow.layout import Layout

    place, found = Layout(dataset), []
    for row in read_table(place.index(split)).itertuples():
        paths = {f"{kind}_path": Path(place.clip(kind, split, row.clip)) for kind in ("frames", "differences", "flow")}
        found.append(ClipView(row.clip, float(row.fps), (int(row.height), int(row.width)), **paths))
    return found


def step(system: Any) -> int:
    """Frames between two windows when a test clip is judged."""
    score = getattr(system.params, "score", None)
    return int(getattr(score, "every", getattr(score, "stride", 1)))


def worth(
    aggregator: Any, normal: list[Stream], judged: dict[str, Stream], truth: Any
) -> Iterator[tuple[Setting, float]]:
    """Each setting with its micro AUC on one fold."""
    from vadflow.metrics.roc import roc_auc

    labels, smooth = truth
    joined, shipped = np.concatenate([labels[clip] for clip in judged]), aggregator.params
    for power, patch, reach in product(*(GRID[key] for key in ("power", "patch_px", "reach_px"))):
        change = {"power": power, "patch_px": patch, "reach_px": reach}
        aggregator.params = shipped.model_copy(update=change)
        aggregator.fit(maps for stream in normal for _, maps in stream)
        patches = {clip: [aggregator.patches(maps) for _, maps in stream] for clip, stream in judged.items()}
        for pool in GRID["pool"]:
            aggregator.params = shipped.model_copy(update=change | {"pool": pool})
            scores = []
            for clip, stream in judged.items():
                values = np.array([aggregator.pool(one) for one in patches[clip]])
                frames = np.array([frame for frame, _ in stream])
                nearest = np.abs(frames[None] - np.arange(len(labels[clip]))[:, None]).argmin(axis=1)
                scores.append(smooth(values[nearest]))
            yield (power, patch, reach, pool), 100 * float(roc_auc(joined, np.concatenate(scores)) or np.nan)


def scene(workspace: str) -> dict[tuple[Setting, str], float]:
    """The mean over folds of every setting and system of one workspace."""
    from vadflow.clip import Segment
    from vadflow.io import read_table
    from vadflow.layout import Layout
    from vadflow.params import load
    from vadflow.scoring.smooth import smooth
    from vadflow.systems.base import load_module
    from vadflow.training.split import split_normal
    from vadflow.training.store import load_system

    params, found = load(Path(workspace) / "params.yaml"), defaultdict(list)
    here = Path.cwd()
    os.chdir(workspace)
    for dataset in params.datasets:
        rows = read_table(Layout(dataset).truth("frames"))
        labels = {str(clip): r.sort_values("frame").label.to_numpy() for clip, r in rows.groupby("clip")}
        fit, _ = split_normal(views(dataset, "train"), params.training.held_out)
        for name in params.systems.names:
            place = Path(Layout(dataset).model("weights.safetensors", name, params.training.seeds[0]))
            if place.exists():
                system: Any = load_system(place.parent)
            elif load_module(name).System.stochastic:  # a network that nobody has trained here
                continue
            else:  # it learns nothing but what is usual, which the grid learns anew
                size, module = views(dataset, "train")[0].frames.shape[1:], load_module(name)
                system = module.System(module.Params.model_validate(params.systems.of(name)), size)
            stride = getattr(getattr(system.params, "score", None), "normal_stride", 4)
            normal = [[(f, m) for f, m, _ in system.maps(segment, stride)] for segment in fit]
            test = views(dataset, "test")
            judged = {c.name: [(f, m) for f, m, _ in system.maps(Segment(c, 0, len(c)), step(system))] for c in test}
            s = params.scoring
            for setting, value in worth(
                system.aggregator, normal, judged, (labels, lambda x, s=s: smooth(x, s.smoother, s.sigma_frames))
            ):
                found[setting, name].append(value)
            print(f"<!-- {workspace} {dataset} {name} -->", flush=True)
    os.chdir(here)
    return {key: float(np.mean(values)) for key, values in found.items()}


def main() -> None:
    """Print the best settings, their neighbours and the shipped one, by scene and system."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspaces", nargs="+")
    parser.add_argument("--rows", type=int, default=10)
    arguments = parser.parse_args()
    scenes = [scene(workspace) for workspace in arguments.workspaces]
    columns = [(i, name) for i, found in enumerate(scenes) for name in dict.fromkeys(name for _, name in found)]

    def mean(setting: Setting) -> float:
        per_scene = [[found[key] for key in found if key[0] == setting] for found in scenes]
        return float(np.mean([np.mean(values) for values in per_scene]))

    ranked = sorted(product(*GRID.values()), key=mean, reverse=True)
    names = [f"{Path(arguments.workspaces[i]).name} {name}" for i, name in columns]
    print(f"| rank | {' | '.join(GRID)} | mean | {' | '.join(names)} |\n|{'---|' * (len(names) + 6)}")
    one_away = [s for s in ranked if sum(a != b for a, b in zip(s, ranked[0], strict=True)) == 1]
    for setting in [*ranked[: arguments.rows], *one_away, (0.5, 16.0, 32.0, 16.0), ranked[-1]]:
        cells = [f"{scenes[i][setting, name]:.1f}" for i, name in columns]
        values = " | ".join(f"{value:g}" for value in setting)
        print(f"| {1 + ranked.index(setting)} | {values} | {mean(setting):.2f} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
