"""The ablation table of docs/attributes.md: each attribute alone, each left out, the prior weights, and the causal variant.

    PYTHONPATH=src python tools/ablate_attributes.py <workspace> <dataset>

Reads the artefacts of a finished run (frames, flow, objects, poses, truth) and refits once per row; nothing of the workspace is changed.
Every row chooses its own weights on pseudo-anomalies, as a run with those attributes would.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np


class Quiet:
    """A training loop that keeps nothing."""

    generator = np.random.default_rng(0)

    def run(self, *arguments: Any, **options: Any) -> None:
        """Keep no curve."""

    def once(self, *arguments: Any, **options: Any) -> None:
        """Nothing is resumed."""


def views(dataset: str, split: str) -> list[Any]:
    """Clip views of one split, from the files of a finished run."""
    from vadflow.clip import ClipView
    from vadflow.io import read_table
    from vadflow.layout import Layout

    place, kinds = Layout(dataset), ("frames", "flow", "objects", "poses")
    found = []
    for row in read_table(place.index(split)).itertuples():
        paths = {f"{kind}_path": Path(place.clip(kind, split, row.clip)) for kind in kinds}
        found.append(ClipView(row.clip, float(row.fps), (int(row.height), int(row.width)), **paths))
    return found


def rows(params: Any) -> Iterator[tuple[str, Any]]:
    """Name and parameters of every row."""
    names = params.attributes
    yield "all", params
    yield "all, weights at their prior", params.model_copy(update={"choose": False})
    yield "all, causal", params.model_copy(update={"smoother": "causal"})
    for name in names:
        yield f"only {name}", params.model_copy(update={"attributes": [name]})
    for name in names:
        yield f"without {name}", params.model_copy(update={"attributes": [one for one in names if one != name]})


def measure(params: Any, fit: list[Any], test: list[Any], labels: dict[str, np.ndarray], sigma_s: float) -> list[float]:
    """Micro AUC of one row: raw, Gaussian, causal."""
    from vadflow.metrics.roc import roc_auc
    from vadflow.scoring.smooth import smooth
    from vadflow.systems.attributes import System
    from vadflow.systems.base import NormalVideo

    system = System(params, (1, 1, 1))
    system.fit(NormalVideo(fit, []), Quiet())  # type: ignore[arg-type]
    scores = {clip.name: np.array([one.score for one in system.score(clip)]) for clip in test}
    truth = np.concatenate([labels[clip.name] for clip in test])
    found = []
    for smoother in ("none", "gaussian", "causal"):
        each = [smooth(scores[clip.name], smoother, sigma_s * clip.fps) for clip in test]  # type: ignore[arg-type]
        found.append(roc_auc(truth, np.concatenate(each)))
    return [float("nan") if value is None else value for value in found]


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace")
    parser.add_argument("dataset")
    arguments = parser.parse_args()
    os.chdir(arguments.workspace)
    from vadflow.layout import Layout
    from vadflow.metrics.gather import read_labels
    from vadflow.params import load
    from vadflow.training.split import split_normal

    params = load("params.yaml")
    own = params.systems.of("attributes")
    fit, _ = split_normal(views(arguments.dataset, "train"), params.training.held_out)
    test = views(arguments.dataset, "test")
    labels = read_labels(Layout(arguments.dataset).truth("frames"))
    print("| row | raw | smoothed | causal |\n|---|---|---|---|")
    for name, section in rows(own):
        values = measure(section, fit, test, labels, params.scoring.sigma_s)
        print(f"| {name} | " + " | ".join(f"{100 * value:.2f}" for value in values) + " |", flush=True)


if __name__ == "__main__":
    main()
