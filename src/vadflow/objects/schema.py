"""The columns of objects/<clip>.parquet, and the check every table passes: ours, and detections someone brings along."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vadflow.errors import VadflowError

COLUMNS: dict[str, str] = {
    "frame": "int32",
    "x1": "float32",
    "y1": "float32",
    "x2": "float32",
    "y2": "float32",
    "confidence": "float32",
    "class_id": "int16",
    "class_name": "str",
    "probabilities": "object",
    "speed": "float32",
    "dx": "float32",
    "dy": "float32",
    "energy": "float32",
}
"""Name -> dtype. Boxes: source px, half-open; speed, dx, dy: px/frame; energy: [0, 1]; probabilities: float32 per class, or empty."""

BOX = ["x1", "y1", "x2", "y2"]
NUMBERS = [name for name, dtype in COLUMNS.items() if dtype not in ("str", "object")]
_FIX = "See ARCHITECTURE.md, 'The files', objects/<clip>.parquet."


def empty() -> pd.DataFrame:
    """A clip in which nothing was found.

    >>> len(empty()), list(empty().columns)[:2]
    (0, ['frame', 'x1'])
    """
    return pd.DataFrame({name: pd.Series([], dtype=dtype) for name, dtype in COLUMNS.items()})


def conform(table: pd.DataFrame) -> pd.DataFrame:
    """Give a checked table its dtypes, column order and row order (by frame, then descending confidence).

    Args:
        table: columns of `COLUMNS`, of any numeric width.

    Returns:
        a new table; `attrs` are kept.
    """
    ordered = table.sort_values(["frame", "confidence"], ascending=[True, False], kind="stable")
    typed = ordered[list(COLUMNS)].astype({name: dtype for name, dtype in COLUMNS.items() if dtype != "object"})
    lists = [np.asarray(value, dtype=np.float32) for value in ordered["probabilities"]]
    typed["probabilities"] = pd.Series(lists, index=typed.index, dtype=object)
    typed.attrs = dict(table.attrs)
    return typed.reset_index(drop=True)


def validate(table: pd.DataFrame, *, where: str, n_frames: int, size: tuple[int, int]) -> pd.DataFrame:
    """Check a table of boxes against the contract.

    Args:
        table: one row an object.
        where: file or clip, for the error.
        n_frames: decoded frames of the clip.
        size: (height, width) of the source, px.

    Returns:
        the table with the contract's dtypes and order.

    Raises:
        VadflowError: a column is missing or not numeric, or a value is outside its range; names the row.
    """
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        found = ", ".join(map(str, table.columns)) or "none"
        raise VadflowError(f"expected columns {', '.join(missing)}, found {found}", where=where, fix=_FIX)
    if table.empty:
        return conform(table)
    for name in NUMBERS:
        if not pd.api.types.is_numeric_dtype(table[name]):
            raise VadflowError(f"expected numbers in column {name}, found {table[name].dtype}", where=where, fix=_FIX)
    for rule, good in _rules(table, n_frames, size).items():
        _demand(table, rule, good, where)
    return conform(table)


def _rules(table: pd.DataFrame, n_frames: int, size: tuple[int, int]) -> dict[str, np.ndarray]:
    """What must hold in every row -> (n,) bool."""
    values = {name: table[name].to_numpy(dtype=np.float64) for name in NUMBERS}
    H, W = size
    return {
        "finite numbers": np.isfinite(np.stack(list(values.values()))).all(axis=0),
        f"whole frame numbers from 0 to {n_frames - 1}": (values["frame"] % 1 == 0)
        & (values["frame"] >= 0)
        & (values["frame"] < n_frames),
        f"0 <= x1 < x2 <= {W}": (values["x1"] >= 0) & (values["x1"] < values["x2"]) & (values["x2"] <= W),
        f"0 <= y1 < y2 <= {H}": (values["y1"] >= 0) & (values["y1"] < values["y2"]) & (values["y2"] <= H),
        "0 <= confidence <= 1": (values["confidence"] >= 0) & (values["confidence"] <= 1),
        "whole class_id from 0 to 32767": (values["class_id"] % 1 == 0)
        & (values["class_id"] >= 0)
        & (values["class_id"] < 2**15),
        "speed and energy of at least 0": (values["speed"] >= 0) & (values["energy"] >= 0),
        "a name in class_name": table["class_name"].map(lambda name: isinstance(name, str) and name != "").to_numpy(),
        "probabilities between 0 and 1, or an empty list": np.array(list(map(_is_share, table["probabilities"]))),
    }


def _is_share(value: object) -> bool:
    if not isinstance(value, list | tuple | np.ndarray):
        return False
    shares = np.asarray(value, dtype=np.float64)
    return shares.ndim == 1 and bool(((shares >= 0) & (shares <= 1)).all())


def _demand(table: pd.DataFrame, rule: str, good: np.ndarray, where: str) -> None:
    if good.all():
        return
    row = int(np.flatnonzero(~good)[0])
    found = ", ".join(f"{name}={table[name].iloc[row]}" for name in ["frame", *BOX, "confidence", "class_id"])
    raise VadflowError(
        f"expected {rule}, found {int((~good).sum())} rows without, first row {row} ({found})", where=where, fix=_FIX
    )
