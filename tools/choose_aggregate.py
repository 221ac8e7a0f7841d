"""The choice behind docs/choosing.md: one aggregate for all frame-level systems, picked from a whole grid without a test set.

    PYTHONPATH=src python tools/choose_aggregate.py <workspace> ... [--axis power=0.125,0.25 pool=16,64 ...]

Each workspace is a scene: its datasets are rehearsals (`adapter: rehearsal`) of one dataset's training clips, on which frame-level systems were
trained. What counts in a system's score is sent through every setting of the grid; an axis that is not named stays as the workspace ships it.
The rule stands in `main`: a setting's worth is its micro AUC after the smoother, as a mean over folds, then systems, then scenes; the largest
wins. Nothing is written.
"""

from __future__ import annotations

import argparse
import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from ablate_networks import Workspace

AXES = ("flow_share", "power", "patch_px", "reach_px", "pool", "floor")
Setting = tuple[float, ...]
Stream = list[tuple[Any, int, dict[str, np.ndarray]]]
"""(clip, frame, the system's maps before flow weighs them)."""


@dataclass(frozen=True)
class Fold:
    """One rehearsal as one system sees it."""

    normal: Stream
    judged: dict[str, Stream]
    labels: dict[str, np.ndarray]
    smooth: Any

    def auc(self, system: Any) -> float:
        """Micro AUC in % of the system as its parameters stand, learned anew from the normal frames."""
        from vadflow.metrics.roc import roc_auc

        weigh = getattr(system, "weighed", lambda clip, frame, maps: maps)
        aggregator, scores = system.aggregator, []
        aggregator.fit(weigh(*one) for one in self.normal)
        for clip, stream in self.judged.items():
            values = np.array([aggregator.pool(aggregator.patches(weigh(*one))) for one in stream])
            before = np.repeat(values[:1], len(self.labels[clip]) - len(values))  # frames before the first window
            scores.append(self.smooth(np.concatenate([before, values]), clip))
        joined = np.concatenate([self.labels[clip] for clip in self.judged])
        return 100 * float(roc_auc(joined, np.concatenate(scores)) or np.nan)


def folds(workspace: str) -> Iterator[tuple[str, Any, Fold]]:
    """(system's name, system, fold) of every dataset and trained system of a workspace; from inside it."""
    from vadflow.clip import Segment
    from vadflow.layout import Layout
    from vadflow.params import load
    from vadflow.scoring.smooth import Kernel
    from vadflow.systems.base import load_module
    from vadflow.systems.between import fill_between
    from vadflow.training.split import split_normal
    from vadflow.training.store import load_system

    params = load(Path("params.yaml"))
    for dataset, name in product(params.datasets, params.systems.names):
        space, module = Workspace(dataset, Path("params.yaml")), load_module(name)
        place = Path(Layout(dataset).model("weights.safetensors", name, params.training.seeds[0]))
        if not module.System.stochastic:  # it learns nothing but what is usual, which every setting learns anew
            shape = space.train[0].frames.shape[1:]
            system: Any = module.System(module.Params.model_validate(params.systems.of(name)), shape)
        elif place.exists():
            system = load_system(place.parent)
        else:  # a network that nobody has trained here
            continue
        score, see = getattr(system.params, "score", None), getattr(system, "judged", system.maps)
        fit, _ = split_normal(space.train, params.training.held_out)
        stride, every = getattr(score, "normal_stride", 4), getattr(score, "every", getattr(score, "stride", 1))
        normal = [(part.clip, frame, maps) for part in fit for frame, maps, _ in see(part, stride)]
        judged = {}
        for clip in space.test:
            filled = fill_between(see(Segment(clip, 0, len(clip)), every), len(clip))
            judged[clip.name] = [(clip, frame, maps) for frame, maps, _ in filled]
        kernel = Kernel(params.scoring.smoother, params.scoring.sigma_s, {clip.name: clip.fps for clip in space.test})
        yield name, system, Fold(normal, judged, space.labels, kernel)
        print(f"<!-- {workspace} {dataset} {name} -->", flush=True)


def scene(workspace: str, grid: list[Setting], axes: list[str]) -> dict[tuple[Setting, str], float]:
    """The mean over folds of every setting and system of one workspace."""
    found, here = defaultdict(list), Path.cwd()
    os.chdir(workspace)
    for name, system, fold in folds(workspace):
        shipped, aggregate, done = system.params, system.aggregator.params, {}
        for setting in grid:
            change = dict(zip(axes, setting, strict=True))
            share = {"flow_share": change.pop("flow_share")} if "flow_share" in change else {}
            if not hasattr(system, "weighed"):  # a baseline: flow weighs nothing, so one value serves all shares
                share = {}
            if (key := (*share.values(), *change.values())) not in done:
                system.aggregator.params = aggregate.model_copy(update=change)
                if share:
                    system.params = shipped.model_copy(update={"score": shipped.score.model_copy(update=share)})
                done[key] = fold.auc(system)
            found[setting, name].append(done[key])
    os.chdir(here)
    return {key: float(np.mean(values)) for key, values in found.items()}


def main() -> None:
    """Print the best settings and the worst one, by scene and system."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspaces", nargs="+")
    parser.add_argument("--axis", nargs="+", required=True, help=f"name=value,value of {', '.join(AXES)}")
    parser.add_argument("--rows", type=int, default=20)
    arguments = parser.parse_args()
    given = dict(axis.split("=", 1) for axis in arguments.axis)
    if unknown := set(given) - set(AXES):
        raise SystemExit(f"--axis: expected {', '.join(AXES)}; got {', '.join(sorted(unknown))}")
    grid = list(product(*([float(value) for value in values.split(",")] for values in given.values())))
    scenes = [scene(workspace, grid, list(given)) for workspace in arguments.workspaces]
    columns = [(i, name) for i, found in enumerate(scenes) for name in dict.fromkeys(name for _, name in found)]

    def mean(setting: Setting) -> float:
        per_scene = [[found[key] for key in found if key[0] == setting] for found in scenes]
        return float(np.mean([np.mean(values) for values in per_scene]))

    ranked = sorted(grid, key=mean, reverse=True)
    names = [f"{Path(arguments.workspaces[i]).name} {name}" for i, name in columns]
    print(f"| rank | {' | '.join(given)} | mean | {' | '.join(names)} |\n|{'---|' * (len(names) + len(given) + 2)}")
    for setting in dict.fromkeys([*ranked[: arguments.rows], ranked[-1]]):
        cells = [f"{scenes[i][setting, name]:.1f}" for i, name in columns]
        values = " | ".join(f"{value:g}" for value in setting)
        print(f"| {1 + ranked.index(setting)} | {values} | {mean(setting):.2f} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
