"""The table "Rehearsed" of docs/ssmtl-choices.md: ways to turn task values into scores, compared on spoiled training clips.

    PYTHONPATH=src python tools/rehearse_ssmtl.py <workspace> <dataset>[=<student's dataset>] ...

Every dataset is one of `adapter: rehearsal` in the workspace, with the artefacts of its spoiled clips (objects, truth) and of the
training clips of the dataset whose student judges it, which is itself unless another is named: two rehearsals that hold out the same
clips need one student. One setting is changed at a time; a column holds micro AUC after the smoother, in %; the last two, the mean
gain over the first row, and in how many datasets there is one.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

CHANGES: dict[str, dict[str, Any]] = {
    "as it is": {},
    "not smoothed along tracklets": {"smooth_frames": 0.0},
    "smoothed by 1": {"smooth_frames": 1.0},
    "2": {"smooth_frames": 2.0},
    "3": {"smooth_frames": 3.0},
    "4": {"smooth_frames": 4.0},
    "6": {"smooth_frames": 6.0},
    "10": {"smooth_frames": 10.0},
    "presence": {"presence": True},
    "presence, smoothed by 3": {"presence": True, "smooth_frames": 3.0},
    "nothing truncated": {"truncate": -10.0},
    "truncated at 0": {"truncate": 0.0},
    "0.5": {"truncate": 0.5},
    "1.5": {"truncate": 1.5},
    "2 spreads": {"truncate": 2.0},
    "tails instead of z": {"calibration": "tail"},
    "linked from IoU 0.1": {"link_iou": 0.1},
    "0.5 IoU": {"link_iou": 0.5},
    "unseen for 1 frame": {"link_gap": 1},
    "6 frames": {"link_gap": 6},
}
SHARES = (0.25, 0.5, 2.0)


def ways(rows: Any) -> Iterator[tuple[str, float]]:
    """Name and micro AUC after the smoother of every way."""
    equal = dict.fromkeys(rows.system.params.learned, 1.0)
    for name, change in CHANGES.items():
        yield name, rows.measure(equal, **change)[1]
    yield "the detector's boxes alone", rows.measure(equal, windows=False)[1]
    for task in equal:
        for share in SHARES:
            yield f"{task} weighs {share:g}", rows.measure({**equal, task: share})[1]
    for least in (0.15, 0.3):
        yield f"detector confidence {least:g}", rows.measure(equal, least=least)[1]
    yield "plain mean of raw values, as in the paper", rows.paper()[1]


def judged(params: Any, dataset: str, student: str) -> Any:
    """What the student of one rehearsal says of the spoiled clips of another that holds out the same clips."""
    from ablate_ssmtl import Rows, clip_views

    from vadflow.layout import Layout
    from vadflow.metrics.gather import read_labels
    from vadflow.training.split import split_normal
    from vadflow.training.store import load_system

    normal, spoiled = clip_views(params, student, "train"), clip_views(params, dataset, "test")
    if shared := {clip.name for clip in normal} & {clip.name for clip in spoiled}:
        raise SystemExit(f"{dataset}={student}: the student has seen {', '.join(sorted(shared))}")
    _, held = split_normal(normal, params.training.held_out)
    labels = read_labels(Layout(dataset).truth("frames"))
    model = Path(Layout(student).model("weights.safetensors", "ssmtl", 0)).parent
    return Rows(load_system(model), held, spoiled, labels, params.scoring)


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace")
    parser.add_argument("datasets", nargs="+")
    arguments = parser.parse_args()
    os.chdir(arguments.workspace)
    from vadflow.params import load

    params, columns = load("params.yaml"), {}
    for given in arguments.datasets:
        dataset, _, student = given.partition("=")
        columns[dataset] = dict(ways(judged(params, dataset, student or dataset)))
    print(f"| row | {' | '.join(columns)} | mean gain | gains in |\n|{'---|' * (len(columns) + 3)}")
    first = np.array([column["as it is"] for column in columns.values()])
    for name in next(iter(columns.values())):
        values = np.array([column[name] for column in columns.values()])
        gain, told = 100 * (values - first), " | ".join(f"{100 * value:.2f}" for value in values)
        print(f"| {name} | {told} | {gain.mean():+.2f} | {(gain > 0).sum()} of {len(gain)} |")


if __name__ == "__main__":
    main()
