"""The table: order, empties, bytes."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from vadflow.errors import VadflowError
from vadflow.metrics.columns import COLUMNS
from vadflow.metrics.costs import cost_csv, cost_table
from vadflow.metrics.table import auc_table, csv_text


def one(dataset="ped2", system="std", seed=0, kind="system", **more) -> dict:
    return {
        "dataset": dataset,
        "system": system,
        "seed": seed,
        "kind": kind,
        "protocol": "p",
        "config_hash": "h",
        **more,
    }


def test_rows_are_ordered_and_seeds_averaged():
    files = [one(seed=1, auc_micro=0.9), one(seed=0, auc_micro=0.8), one(system="flow", kind="baseline", auc_micro=0.7)]
    files += [one(system="constant", kind="floor", auc_micro=0.5), one("avenue", auc_micro=0.6)]
    table = auc_table(files)
    assert list(table["system"]) == ["std", "constant", "flow", "std"] and list(table["dataset"]) == [
        "avenue",
        *["ped2"] * 3,
    ]
    assert list(table.columns) == [c.name for c in COLUMNS]
    last = table.iloc[-1]
    assert last["auc_micro"] == pytest.approx(0.85) and last["seeds"] == 2
    assert last["auc_micro_std"] == pytest.approx(np.std([0.8, 0.9], ddof=1))
    assert csv_text(table) == csv_text(auc_table(reversed(files)))


def test_every_system_is_held_against_the_better_free_baseline_of_its_dataset():
    files = [one(system=name, kind="baseline", auc_micro=auc) for name, auc in (("difference", 0.7), ("flow", 0.9))]
    files += [one(system="better", auc_micro=0.95, notes=["seen"]), one(system="worse", auc_micro=0.876)]
    files += [one(system="alone", kind="floor", auc_micro=0.5), one("avenue", auc_micro=0.6)]
    notes = auc_table(files).set_index("system").notes
    assert notes["better"] == "seen; 5.0 points of micro AUC above the free flow"
    assert notes["worse"] == "2.4 points of micro AUC below the free flow"
    assert not any(notes[name] for name in ("difference", "flow", "alone", "std"))


def test_missing_values_are_empty_and_never_zero():
    text = csv_text(auc_table([one(auc_micro=None, n_macro=None)]))
    row = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False).iloc[0]
    numbers = [c.name for c in COLUMNS if c.kind != "text" and c.name != "seeds"]
    assert set(row[numbers]) == {""} and "nan" not in text.lower() and row["seeds"] == "1"


def test_numbers_have_four_decimals_and_counts_none():
    row = csv_text(auc_table([one(auc_micro=0.5, n_macro=8, notes=["b", "a"])])).splitlines()[1]
    assert ",0.5000," in row and ",8," in row and row.endswith("a; b")


def test_one_failed_seed_makes_the_mean_missing():
    table = auc_table([one(seed=0, auc_micro=0.9), one(seed=1, auc_micro=None)])
    assert np.isnan(table["auc_micro"][0]) and np.isnan(table["auc_micro_std"][0])


def test_mixed_protocols_and_doubled_seeds_are_refused():
    with pytest.raises(VadflowError, match="seeds differ in config_hash"):
        auc_table([one(), one(seed=1) | {"config_hash": "other"}])
    with pytest.raises(VadflowError, match="a seed appears twice"):
        auc_table([one(), one()])


def test_no_files_give_a_header_only():
    assert csv_text(auc_table([])).strip() == ",".join(c.name for c in COLUMNS)


def test_costs_add_up_jobs_and_leave_the_unknown_empty():
    job = {"dataset": "ped2", "system": "std", "seconds": 60.0, "device": "cpu"}
    records = [{**job, "seed": s, "stage": "train", "peak_mem_mb": 100 + s} for s in (0, 1)]
    records += [{**job, "seed": s, "stage": "score", "frames": 1200} for s in (0, 1)]
    row = cost_table(records).iloc[0]
    assert (row["fps"], row["train_minutes"], row["peak_mem_mb"], row["seeds"]) == (20.0, 1.0, 101.0, 2)
    assert np.isnan(row["disk_mb"]) and ",," in cost_csv(cost_table(records))
