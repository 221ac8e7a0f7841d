"""`results/cost_table.csv`: what a number cost. Kept apart from the AUC table, because costs differ from run to run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from vadflow.metrics.table import csv_text

COST_COLUMNS = ("dataset", "system", "fps", "train_minutes", "peak_mem_mb", "disk_mb", "threads", "device", "seeds")


def cost_table(records: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Add up the cost files of all jobs.

    Args:
        records: one mapping a job: dataset, system, seed, stage (`train` or `score`), seconds, and where known frames,
            peak_mem_mb, disk_mb, threads, device.

    Returns:
        one row a dataset and system, mean over seeds: fps = frames scored a second, train_minutes, and the largest
        peak_mem_mb and disk_mb of any job; unknown values are NaN, never 0.
    """
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for record in records:
        groups.setdefault((record["dataset"], record["system"]), []).append(record)
    rows = [_row(dataset, system, jobs) for (dataset, system), jobs in sorted(groups.items())]
    return pd.DataFrame(rows, columns=list(COST_COLUMNS))


def cost_csv(table: pd.DataFrame) -> str:
    """Write the cost table as CSV, one decimal for minutes and megabytes."""
    return csv_text(table.round({"fps": 1, "train_minutes": 2, "peak_mem_mb": 0, "disk_mb": 2}))


def _row(dataset: str, system: str, jobs: list[Mapping[str, Any]]) -> dict[str, Any]:
    seeds = sorted({job["seed"] for job in jobs})
    training = [job for job in jobs if job["stage"] == "train"]
    scoring = [job for job in jobs if job["stage"] == "score"]
    frames, seconds = (sum(job.get(key) or 0 for job in scoring) for key in ("frames", "seconds"))
    return {
        "dataset": dataset,
        "system": system,
        "fps": frames / seconds if frames and seconds else np.nan,
        "train_minutes": sum(job["seconds"] for job in training) / 60 / len(seeds) if training else np.nan,
        "peak_mem_mb": _largest(jobs, "peak_mem_mb"),
        "disk_mb": _largest(jobs, "disk_mb"),
        "threads": _largest(jobs, "threads"),
        "device": " + ".join(sorted({str(job["device"]) for job in jobs if job.get("device")})),
        "seeds": len(seeds),
    }


def _largest(jobs: list[Mapping[str, Any]], key: str) -> float:
    known = [float(job[key]) for job in jobs if job.get(key) is not None]
    return max(known) if known else np.nan
