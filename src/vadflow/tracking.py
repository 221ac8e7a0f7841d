"""MLflow, the view: one parent run per table, nested runs per dataset, system and seed. The only file that imports mlflow.

Everything logged here is also a file in `results/`. Without MLflow, or with a broken store, the same files come out and
`results/tracking.json` says what was missing.
"""

from __future__ import annotations

import logging
import math
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from vadflow.io import read_json, read_table
from vadflow.layout import Layout

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = logging.getLogger(__name__)

CURVE_POINTS = 60
"""Points kept of a loss curve: the whole curve is in history.parquet, and nobody reads more than a screen's width."""


@dataclass(frozen=True)
class RunRecord:
    """One dataset, system and seed, as it will be shown.

    Attributes:
        params: flat, by dotted key.
        metrics: by name; missing ones are None.
        history: phase, step, term, value.
        scores: clip -> smoothed score per frame, with a `label` column where labels exist.
    """

    dataset: str
    system: str
    seed: int
    params: Mapping[str, Any]
    metrics: Mapping[str, Any]
    history: pd.DataFrame
    scores: Mapping[str, pd.DataFrame]


def read_record(dataset: str, clips: Sequence[str], system: str, seed: int, config: Mapping[str, Any]) -> RunRecord:
    """Read one nested run from its files.

    Args:
        dataset: name.
        clips: test clips.
        system: name.
        seed: of the training.
        config: sections of `params.yaml`; of `systems` the system's own is kept.
    """
    place = Layout(dataset)
    truth = read_table(place.truth("frames"))
    scores = {}
    for clip in clips:
        table = read_table(place.scored("scores", clip, system, seed))
        labelled = table.merge(truth[truth["clip"] == clip][["frame", "label"]], on="frame")
        scores[clip] = labelled if len(labelled) else table
    own = {key: value for key, value in config["systems"].items() if key == system}
    params, metrics = dict(flatten({**config, "systems": own})), read_json(place.metrics(system, seed))
    return RunRecord(
        dataset, system, seed, params, metrics, read_table(place.model("history.parquet", system, seed)), scores
    )


def log_table(
    records: list[RunRecord], *, store: str | Path, experiment: str, table: str | Path, tags: Mapping[str, str]
) -> dict[str, Any]:
    """Log one table as a parent run with its nested runs.

    Args:
        records: the nested runs.
        store: SQLite file; made and upgraded here, before anything is logged.
        experiment: experiment name.
        table: the AUC table, kept as an artefact of the parent run.
        tags: git commit, config hash.

    Returns:
        run ids, or the reason why there are none: never raises.
    """
    try:
        with _quiet():
            return _log(records, Path(store), experiment, Path(table), dict(tags))
    except Exception as fault:  # a view must never fail the pipeline
        log.warning("MLflow tracking skipped: %s. The files in results/ are complete.", fault)
        return {"tracked": False, "reason": f"{type(fault).__name__}: {fault}".splitlines()[0]}


def git_commit(folder: str | Path) -> str:
    """The commit of the code, with `+` when the tree has changes; `unknown` outside git."""
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def flatten(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Flatten nested sections to dotted keys.

    >>> dict(flatten({"frames": {"height": 64}, "seeds": [0, 1]}))
    {'frames.height': 64, 'seeds': '[0, 1]'}
    """
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from flatten(item, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, str(value) if isinstance(value, list) else value


def _log(records: list[RunRecord], store: Path, experiment: str, table: Path, tags: dict[str, str]) -> dict[str, Any]:
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ.setdefault("DO_NOT_TRACK", "1")
    import mlflow
    from mlflow.tracking import MlflowClient

    store.parent.mkdir(parents=True, exist_ok=True)
    client = MlflowClient(f"sqlite:///{store}")
    found = client.get_experiment_by_name(experiment)
    identity = (
        found.experiment_id
        if found
        else client.create_experiment(experiment, (store.parent / "artifacts").resolve().as_uri())
    )
    parent = client.create_run(identity, run_name="auc_table", tags=tags)
    client.log_artifact(parent.info.run_id, str(table))
    runs = {}
    for record in records:
        name = f"{record.dataset}/{record.system}/{record.seed}"
        nested = tags | {"mlflow.parentRunId": parent.info.run_id, "dataset": record.dataset, "system": record.system}
        run = client.create_run(identity, run_name=name, tags=nested).info.run_id
        _log_run(mlflow, client, run, record)
        client.set_terminated(run)
        runs[name] = run
    client.set_terminated(parent.info.run_id)
    return {"tracked": True, "store": str(store), "experiment": experiment, "parent": parent.info.run_id, "runs": runs}


def _log_run(mlflow: Any, client: Any, run: str, record: RunRecord) -> None:
    params = [mlflow.entities.Param(key, str(value)[:500]) for key, value in record.params.items()]
    metrics = [
        mlflow.entities.Metric(key, float(value), 0, 0) for key, value in record.metrics.items() if _is_number(value)
    ]
    for term, curve in record.history.groupby(["phase", "term"], sort=False):
        kept = curve.iloc[:: max(1, math.ceil(len(curve) / CURVE_POINTS))]
        name = ".".join(map(str, term))
        metrics += [
            mlflow.entities.Metric(name, float(value), 0, int(step))
            for step, value in zip(kept["step"], kept["value"], strict=True)
            if math.isfinite(value)
        ]
    for start in range(0, max(len(params), 1), 100):
        client.log_batch(run, params=params[start : start + 100])
    for start in range(0, len(metrics), 1000):
        client.log_batch(run, metrics=metrics[start : start + 1000])
    client.log_figure(run, _plot(record), "scores.png")


def _plot(record: RunRecord) -> Figure:
    """All clips in one row, as the field draws them: score over frames, labelled spans shaded, a line between clips."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(min(60, max(14, 0.5 * len(record.scores))), 3))
    figure.subplots_adjust(left=0.04, right=0.99, bottom=0.2)
    axis, start, middles = figure.subplots(), 0, []
    for clip, scores in record.scores.items():
        frames = start + scores["frame"].to_numpy()
        axis.plot(frames, scores["smoothed"], linewidth=1, color="tab:blue")
        if "label" in scores:
            inside = scores["label"].to_numpy() > 0
            axis.fill_between(
                frames, 0, 1, where=inside, transform=axis.get_xaxis_transform(), alpha=0.2, color="tab:red"
            )
        middles.append((start + len(scores) / 2, clip))
        start += len(scores)
        axis.axvline(start, linewidth=0.5, color="grey")
    axis.set_xticks([middle for middle, _ in middles], [clip for _, clip in middles], fontsize=7, rotation=30)
    axis.set_xlim(0, max(start, 1))
    axis.set_title(f"{record.dataset}: {record.system}, seed {record.seed}", fontsize=9)
    return figure


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


@contextmanager
def _quiet() -> Iterator[None]:
    """Alembic announces every migration of a new store; nobody needs that in a pipeline's output."""
    noisy = [logging.getLogger(name) for name in ("alembic", "mlflow")]
    levels = [logger.level for logger in noisy]
    for logger in noisy:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger, level in zip(noisy, levels, strict=True):
            logger.setLevel(level)
