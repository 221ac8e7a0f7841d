"""`results/auc_table.csv`: one row a dataset and system, the mean over seeds, the same bytes on every run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from vadflow.errors import VadflowError
from vadflow.metrics.columns import COLUMNS, Column

KINDS = ("floor", "baseline", "system")
DECIMALS = 4
PROTOCOL = "vadflow-1"
"""Name of evaluation.md's protocol as implemented here; a change of any definition changes it."""


def auc_table(metrics: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Gather the metric files of all datasets, systems and seeds.

    Args:
        metrics: one mapping a dataset, system and seed, as `evaluate` makes them; a missing or None value stays
            missing.

    Returns:
        one row a dataset and system, columns in the order of COLUMNS; floors, then baselines, then systems, by name
        within.

    Raises:
        VadflowError: a seed appears twice, or seeds of one system were evaluated under different protocols.
    """
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for one in metrics:
        groups.setdefault((one["dataset"], one["system"]), []).append(one)
    rows = [_row(sorted(group, key=lambda one: one["seed"])) for group in groups.values()]
    rows.sort(key=lambda row: (row["dataset"], KINDS.index(row["kind"]), row["system"]))
    _hold_against_baselines(rows)
    return pd.DataFrame({c.name: _series([row[c.name] for row in rows], c) for c in COLUMNS})


def _row(group: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    where = f"{group[0]['dataset']}/{group[0]['system']}"
    seeds = [one["seed"] for one in group]
    if len(set(seeds)) != len(seeds):
        raise VadflowError(f"a seed appears twice in {seeds}", where=where, fix="Pass each metrics file once.")
    for key in ("protocol", "config_hash"):
        if len({one.get(key) for one in group}) > 1:
            raise VadflowError(f"seeds differ in {key}", where=where, fix="Evaluate all seeds again.")
    row: dict[str, Any] = {c.name: _mean([one.get(c.name) for one in group]) for c in COLUMNS if c.over_seeds == "mean"}
    row |= {c.name: group[0].get(c.name) for c in COLUMNS if c.over_seeds == "same"}
    row["kind"] = row["kind"] or "system"
    row["notes"] = "; ".join(sorted({note for one in group for note in one.get("notes", [])}))
    return row | {"seeds": len(seeds), "auc_micro_std": _spread([one.get("auc_micro") for one in group])}


def _hold_against_baselines(rows: Sequence[dict[str, Any]]) -> None:
    """Say in the notes of every system how far it lies above what needs no training: a number of its own does not show that."""
    known = [row for row in rows if row["auc_micro"] is not None]
    for row in known:
        free = [one for one in known if one["kind"] == "baseline" and one["dataset"] == row["dataset"]]
        if row["kind"] != "system" or not free:
            continue
        best = max(free, key=lambda one: one["auc_micro"])
        ahead = 100 * (row["auc_micro"] - best["auc_micro"])
        said = f"{abs(ahead):.1f} points of micro AUC {'below' if ahead < 0 else 'above'} the free {best['system']}"
        row["notes"] = "; ".join(filter(None, [row["notes"], said]))


def _mean(values: Sequence[float | None]) -> float | None:
    """Return the mean over seeds; one missing value makes it missing, so that a mean never hides a failed seed."""
    if any(value is None for value in values):
        return None
    return math.fsum(value for value in values if value is not None) / len(values)


def _spread(values: Sequence[float | None]) -> float | None:
    """Return the sample standard deviation over seeds; missing for a single seed."""
    known = [value for value in values if value is not None]
    return float(np.std(known, ddof=1)) if len(known) == len(values) and len(known) > 1 else None


def _series(values: list[Any], column: Column) -> pd.Series:
    if column.kind == "text":
        return pd.Series(["" if value is None else str(value) for value in values], dtype="object")
    if column.kind == "count":
        return pd.Series([pd.NA if value is None else int(value) for value in values], dtype="Int64")
    return pd.Series([np.nan if value is None else float(value) for value in values], dtype="float64")


def csv_text(table: pd.DataFrame) -> str:
    """Write a table as CSV: four decimals, missing values empty, newline endings; equal tables give equal bytes."""
    return table.to_csv(index=False, float_format=f"%.{DECIMALS}f", lineterminator="\n", na_rep="")
