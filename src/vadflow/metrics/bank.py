"""The score bank: the score files of one dataset, from which any protocol is evaluated again in seconds (docs/score-bank.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vadflow.clip import frame_rates
from vadflow.errors import VadflowError
from vadflow.io import read_json, read_table
from vadflow.metrics.inputs import Labels, Scores

Run = tuple[str, int]


@dataclass(frozen=True)
class Bank:
    """Scores and labels of one dataset.

    Attributes:
        dataset: name.
        labels: clip -> (T,) uint8; empty for a dataset without labels.
        fps: clip -> frames a second.
        runs: (system, seed) -> clip -> score table.
        about: system -> what its metrics file says of it: kind, crop, aggregate; empty for a system without one.
    """

    dataset: str
    labels: Labels
    fps: Mapping[str, float]
    runs: Mapping[Run, Scores]
    about: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def systems(self) -> list[str]:
        """Names, in order."""
        return list(dict.fromkeys(system for system, _ in self.runs))

    def seeds(self, system: str) -> list[Scores]:
        """The scores of one system, by seed.

        Raises:
            VadflowError: the bank has no such system.
        """
        found = [scores for (name, _), scores in sorted(self.runs.items()) if name == system]
        if not found:
            fix = f"There are: {', '.join(self.systems)}."
            raise VadflowError(f"no scores of {system!r}", where=f"dataset {self.dataset}", fix=fix)
        return found


def read_bank(folder: str | Path, runs: Sequence[Run] | None = None, clips: Sequence[str] | None = None) -> Bank:
    """Read a bank.

    Args:
        folder: `results/<dataset>`, or its `scores` folder; `truth/frames.parquet` and `clips_test.parquet` lie beside the scores.
        runs: which systems and seeds; None reads all that are there.
        clips: which clips; None reads all that are there.

    Raises:
        VadflowError: no scores or no truth where they should be.
    """
    root = _root(Path(folder))
    truth = read_table(root / "truth" / "frames.parquet")
    labels = {str(clip): rows["label"].to_numpy() for clip, rows in truth.groupby("clip")}
    found = _list_runs(root) if runs is None else runs
    scores = {run: _read_run(root / "scores" / run[0] / str(run[1]), clips) for run in found}
    about = {system: _about(root / "metrics" / system / f"{seed}.json") for system, seed in reversed(found)}
    return Bank(root.name, labels, frame_rates(root / "clips_test.parquet"), scores, about)


def _root(folder: Path) -> Path:
    root = folder.resolve()
    root = root.parent if root.name == "scores" else root
    for needed in ("scores", "truth/frames.parquet", "clips_test.parquet"):
        if not (root / needed).exists():
            fix = "Name a folder results/<dataset>, with `scores`, `truth` and `clips_test.parquet` in it."
            raise VadflowError(f"expected {needed}, found none", where=str(folder), fix=fix)
    return root


def _list_runs(root: Path) -> list[Run]:
    folders = [path for path in (root / "scores").glob("*/*") if path.is_dir() and path.name.isdigit()]
    return sorted((path.parent.name, int(path.name)) for path in folders)


def _read_run(folder: Path, clips: Sequence[str] | None) -> Scores:
    names = sorted(path.stem for path in folder.glob("*.parquet")) if clips is None else clips
    return {clip: read_table(folder / f"{clip}.parquet") for clip in names}


def _about(path: Path) -> Mapping[str, Any]:
    return read_json(path) if path.is_file() else {}
