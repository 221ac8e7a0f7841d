"""The AUC table as a page shows it: a block a dataset, floors set apart, intervals as bars, columns explained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from vadflow.metrics.columns import COLUMN, Column

GROUPS = {
    "floor": "Floors: what a score reaches that learned nothing",
    "baseline": "Baselines",
    "system": "Systems",
}
_IN_INTERVAL = ("ci_low", "ci_high")  # drawn as a bar beside the headline
_NO_CELL = ("dataset", "system", "kind", "protocol", "config_hash", "notes", "paper_source", "n_macro", "prevalence")


@dataclass(frozen=True)
class Bar:
    """The interval of one row, in percent of the bar's width; `floor` is where the best floor stands."""

    left: float
    width: float
    dot: float
    floor: float | None
    text: str


@dataclass(frozen=True)
class Cell:
    """One number: what is printed, and what hovering adds."""

    text: str
    hint: str
    best: bool = False


@dataclass(frozen=True)
class Row:
    """One system: cells in the order of the block's columns."""

    system: str
    kind: str
    cells: Sequence[Cell]
    bar: Bar | None
    notes: str
    config_hash: str


@dataclass(frozen=True)
class Block:
    """One dataset's part of the table; `under` stands below the headings; bars run from `low` (AUC) to 1."""

    dataset: str
    columns: Sequence[Column]
    under: Sequence[str]
    groups: Sequence[tuple[str, Sequence[Row]]]
    low: float
    protocol: str
    judged: bool


def blocks(table: pd.DataFrame, *, all_columns: bool = False) -> list[Block]:
    """Lay out the table of `metrics.table.auc_table`.

    Args:
        table: all datasets.
        all_columns: keep columns that are empty for a dataset.

    Returns:
        one block a dataset, by name.
    """
    return [_block(str(name), part, all_columns) for name, part in table.groupby("dataset", sort=True)]


def _block(dataset: str, part: pd.DataFrame, all_columns: bool) -> Block:
    numbers = [c for c in COLUMN.values() if c.name not in _NO_CELL and c.name not in _IN_INTERVAL]
    columns = [c for c in numbers if all_columns or part[c.name].notna().any()]
    floors = part.loc[part["kind"] == "floor", "auc_micro"].dropna()
    floor = float(floors.max()) if len(floors) else None
    lowest = part[["auc_micro", "ci_low"]].min().min()
    low = 0.4 if pd.isna(lowest) else min(0.4, int(float(lowest) * 10) / 10)
    best = {c.name: _best(part, c) for c in columns}
    groups = []
    for kind, title in GROUPS.items():
        rows = [_row(row, columns, best, low, floor) for row in part[part["kind"] == kind].to_dict("records")]
        if rows:
            groups.append((title, rows))
    return Block(
        dataset,
        columns,
        _under(part, columns),
        groups,
        low,
        str(part["protocol"].iloc[0]),
        bool(part["auc_micro"].notna().any()),
    )


def _best(part: pd.DataFrame, column: Column) -> float | None:
    """Return the best honest number of a column among what is not a floor; only columns a reader may rank by."""
    if column.name not in ("auc_micro", "auc_micro_raw", "auc_macro_skip", "ap", "eer", "auc_pixel", "rbdc", "tbdc"):
        return None
    values = part.loc[part["kind"] != "floor", column.name].dropna()
    if len(values) < 2:
        return None
    return float(values.min() if column.name == "eer" else values.max())


def _row(row: dict, columns: Sequence[Column], best: dict[str, float | None], low: float, floor: float | None) -> Row:
    cells = [
        Cell(
            number(row[c.name], c),
            row["paper_source"] if c.name == "paper_auc" else "",
            best[c.name] is not None and row[c.name] == best[c.name],
        )
        for c in columns
    ]
    return Row(row["system"], row["kind"], cells, _bar(row, low, floor), row["notes"], row["config_hash"])


def _under(part: pd.DataFrame, columns: Sequence[Column]) -> list[str]:
    """Return what belongs below each heading: facts of the dataset that are the same for every system."""
    beside = {"auc_macro_skip": ("n_macro", "over {} clips"), "ap": ("prevalence", "prevalence {}")}
    words = []
    for column in columns:
        other, text = beside.get(column.name, ("", ""))
        known = part[other].dropna() if other else part.iloc[:0, 0]
        words.append(text.format(number(known.iloc[0], COLUMN[other])) if len(known) else "")
    return words


def _bar(row: dict, low: float, floor: float | None) -> Bar | None:
    if pd.isna(row["ci_low"]) or pd.isna(row["auc_micro"]):
        return None

    def place(auc: float) -> float:
        return round(100 * (auc - low) / (1 - low), 2)

    text = f"95 % interval over clips: {row['ci_low']:.3f} to {row['ci_high']:.3f}"
    left = place(row["ci_low"])
    mark = None if floor is None else place(floor)
    return Bar(left, round(place(row["ci_high"]) - left, 2), place(row["auc_micro"]), mark, text)


def number(value: object, column: Column) -> str:
    """Print a value as the CSV does; an en dash where it is not defined.

    >>> number(0.98765, COLUMN["auc_micro"]), number(float("nan"), COLUMN["ap"]), number(8, COLUMN["n_macro"])
    ('0.9877', '–', '8')
    """
    if value is None or value is pd.NA or (isinstance(value, float) and pd.isna(value)):
        return "–"
    if column.kind == "text":
        return str(value)
    return f"{value:.4f}" if column.kind == "number" else f"{int(value)}"  # type: ignore[call-overload]
