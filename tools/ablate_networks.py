"""Ablation tables of docs/networks.md: one row per change of a network's parameters, fitted and judged outside the DAG.

    PYTHONPATH=src python tools/ablate_networks.py <workspace> <dataset> <system> [--params file] [--keep folder] [--seeds 0] \\
        --row "as shipped" --row "no memory: network.memory=false" --row "no flow: score.moving=0"

Reads the artefacts of a finished run (frames, differences, flow, truth); nothing of the workspace is changed. A row names parameters by
dotted keys of the system's section; `--set` changes all rows. Rows that differ in `score` only share one training. With a rehearsal
dataset (`datasets/rehearsal.py`) no test label is read: that is where settings are chosen. Training time is CPU seconds of this process.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
import zlib
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

KINDS = ("frames", "differences", "flow")
COLUMNS = ("auc_micro", "auc_micro_raw", "auc_legacy", "auc_paper")


class Quiet:
    """A training loop that trains nothing: for rows whose weights are known already."""

    generator = np.random.default_rng(0)

    def run(self, *arguments: Any, **options: Any) -> None:
        """Keep the weights."""

    def once(self, *arguments: Any, **options: Any) -> None:
        """Keep the weights."""


class Workspace:
    """The normal clips, the test clips and the labels of one dataset."""

    def __init__(self, dataset: str, params: Path) -> None:
        from vadflow.layout import Layout
        from vadflow.metrics.gather import read_labels
        from vadflow.params import load

        self.params, place = load(params), Layout(dataset)
        self.train, self.test = self._views(place, "train"), self._views(place, "test")
        self.labels = read_labels(place.truth("frames"))
        self._pseudo = Path(place.pseudo)

    def _views(self, place: Any, split: Any) -> list[Any]:
        from vadflow.clip import views
        from vadflow.io import read_table

        index = read_table(place.index(split))
        names = list(index["clip"])
        return views(index, names, {kind: [place.clip(kind, split, name) for name in names] for kind in KINDS})

    @cached_property
    def pseudo(self) -> pd.DataFrame:
        """Recipes: those of the run, or drawn anew where its systems needed none."""
        from vadflow.io import read_table
        from vadflow.pseudo.recipes import build

        if self._pseudo.exists():
            return read_table(self._pseudo)
        p = self.params.pseudo
        kinds = {kind: p.of(kind) for kind in p.kinds}
        return build(self.train, kinds, per_clip=p.per_clip, window=p.window, motion=p.motion, seed=p.seed)


def changed(section: dict[str, Any], changes: list[str]) -> dict[str, Any]:
    """A copy of a section with `a.b=value` changes; values are YAML."""
    section = json.loads(json.dumps(section))
    for change in changes:
        key, value = change.split("=", 1)
        *path, last = key.split(".")
        inner = section
        for part in path:
            inner = inner[part]
        if last not in inner:
            raise SystemExit(f"no such parameter: {key}")
        inner[last] = yaml.safe_load(value)
    return section


def home(name: str, params: Any, seed: int, folder: Path) -> Path:
    """Folder of one training: of everything but the score's parameters."""
    network = {key: value for key, value in params.model_dump(mode="json").items() if key != "score"}
    return folder / f"{name}_{seed}_{zlib.crc32(json.dumps(network, sort_keys=True).encode()):x}"


def trained(space: Workspace, name: str, params: Any, seed: int, place: Path) -> tuple[Any, float]:
    """The system of one row, and the CPU seconds of its training (0 where another row has paid)."""
    from safetensors.numpy import load_file

    from vadflow.systems.base import NormalVideo, load_module
    from vadflow.training.fit import fit_system
    from vadflow.training.split import split_normal

    shape, held_out = space.train[0].frames.shape[1:], space.params.training.held_out
    if not (place / "model.json").exists():
        start = time.process_time()
        system = fit_system(
            name,
            params,
            space.train,
            frame_shape=shape,
            seed=seed,
            held_out=held_out,
            folder=place,
            checkpoint=place / "checkpoint",
            checkpoint_s=30,
            threads=int(os.environ.get("OMP_NUM_THREADS", "1")),
            pseudo=space.pseudo,
        )
        return system, time.process_time() - start
    system = load_module(name).System(params, shape)
    system.load(load_file(place / "weights.safetensors"))
    system.fit(NormalVideo(*split_normal(space.train, held_out), space.pseudo), Quiet())  # type: ignore[arg-type]
    return system, 0.0


def held_out_losses(place: Path) -> dict[str, float]:
    """The last validation of a training, on normal clips it did not learn from."""
    history = pd.read_parquet(place / "history.parquet")
    rows = history[history.term.str.startswith("held_out_")]
    return {str(term): float(values.iloc[-1]) for term, values in rows.groupby("term").value}


def judge(space: Workspace, system: Any) -> dict[str, float]:
    """The table's numbers, the AUC of every term, and frames a second (one process, scoring alone)."""
    from vadflow.metrics.protocol import frame_metrics
    from vadflow.metrics.roc import roc_auc
    from vadflow.scoring.smooth import Kernel
    from vadflow.systems.dense import dense_scores

    s = space.params.scoring
    start, tables = time.process_time(), {}
    for clip in space.test:
        rows = [
            {"frame": one.frame, "raw": one.score, "paper": one.paper, **{f"term {k}": v for k, v in one.terms.items()}}
            for one in dense_scores(system.score(clip), len(clip), clip.name)
        ]
        tables[clip.name] = pd.DataFrame(rows)
    seconds = time.process_time() - start

    kernel = Kernel(s.smoother, s.sigma_s, {clip.name: clip.fps for clip in space.test})
    for name, table in tables.items():
        table["calibrated"], table["smoothed"] = table.raw, kernel(table.raw.to_numpy(), name)
    found = frame_metrics(tables, space.labels, smooth=kernel, crop=system.paper_crop)
    truth = np.concatenate([space.labels[name] for name in tables])
    terms = [column for column in next(iter(tables.values())) if column.startswith("term ")]
    alone = {
        c: roc_auc(truth, np.concatenate([kernel(table[c].to_numpy(), name) for name, table in tables.items()]))
        for c in terms
    }
    frames = sum(len(table) for table in tables.values())
    return {**{name: found[name] for name in COLUMNS}, **alone, "fps": frames / seconds}  # type: ignore[dict-item]


def main() -> None:
    """Print a Markdown table, row by row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace")
    parser.add_argument("dataset")
    parser.add_argument("system")
    parser.add_argument("--params", help="another params.yaml than the workspace's")
    parser.add_argument("--row", action="append", help="name: key=value key=value")
    parser.add_argument("--set", nargs="*", default=[], help="key=value for every row")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--keep", help="folder for trained models, taken up by the next call")
    arguments = parser.parse_args()
    from vadflow.systems.base import load_module

    source = Path(arguments.params or Path(arguments.workspace) / "params.yaml").resolve()
    section = yaml.safe_load(source.read_text(encoding="utf-8"))["systems"][arguments.system]
    keep = Path(arguments.keep or tempfile.mkdtemp()).resolve()
    os.chdir(arguments.workspace)
    space = Workspace(arguments.dataset, source)
    print("| row | seed | micro | raw | legacy | paper protocol | training, core-s | frames/s |\n|" + "---|" * 8)
    for row in arguments.row or ["as given"]:
        name, _, changes = row.partition(":")
        params = load_module(arguments.system).Params.model_validate(
            changed(section, [*arguments.set, *changes.split()])
        )
        for seed in arguments.seeds:
            place = home(arguments.system, params, seed, keep)
            system, seconds = trained(space, arguments.system, params, seed, place)
            found = judge(space, system)
            cells = " | ".join("" if found[c] is None else f"{100 * found[c]:.1f}" for c in COLUMNS)
            print(f"| {name} | {seed} | {cells} | {seconds:.0f} | {found['fps']:.1f} |", flush=True)
            alone = {key: round(100 * value, 1) for key, value in found.items() if key.startswith("term ")}
            losses = {term: float(f"{value:.4g}") for term, value in held_out_losses(place).items()}
            print(f"<!-- AUC of each term: {alone}; last validation: {losses} -->", flush=True)


if __name__ == "__main__":
    main()
