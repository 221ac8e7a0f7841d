"""Scores made by other people's code: checked, then on the same road as ours (schema in docs/score-bank.md)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from vadflow.errors import VadflowError
from vadflow.io import read_table

_SCHEMA = "See docs/score-bank.md for the columns."


def accept(path: str | Path, n_frames: int) -> pd.DataFrame:
    """Read one test clip.

    Args:
        path: parquet with frame and raw; `paper` where the published score differs. Other columns are left alone.
        n_frames: decoded frames of the clip.

    Returns:
        a raw table: frame int32, raw float64, paper float64.

    Raises:
        VadflowError: not parquet, a column is missing, frames are not 0 to n_frames - 1, or a score is not finite.
    """
    table = _read(path, ("frame", "raw"))
    if not np.array_equal(table["frame"].to_numpy(), np.arange(n_frames)):
        what = f"expected frames 0 to {n_frames - 1} in order, found {len(table)} rows"
        raise VadflowError(what, where=str(path), fix="Give every decoded frame of the clip one score.")
    _finite(table, path)
    paper = table["paper"] if "paper" in table else np.full(len(table), np.nan)
    return pd.DataFrame({"frame": table["frame"], "raw": table["raw"], "paper": paper}).astype(
        {"frame": "int32", "raw": "float64", "paper": "float64"}
    )


def accept_heldout(path: str | Path | None, clips: Sequence[str]) -> pd.DataFrame:
    """Read held-out normal scores.

    Args:
        path: parquet with clip, frame and raw; None when none were given.
        clips: the training clips: only normal video may calibrate.

    Returns:
        clip, frame int32, raw float64; zero rows without a path.

    Raises:
        VadflowError: not parquet, a column is missing, a clip is no training clip, or a score is not finite.
    """
    if path is None:
        return pd.DataFrame({"clip": pd.Series(dtype="object"), "frame": np.zeros(0, np.int32), "raw": np.zeros(0)})
    table = _read(path, ("clip", "frame", "raw"))
    if strangers := sorted(set(table["clip"].astype(str)) - set(clips)):
        fix = "Hold out training clips: a test clip must not calibrate."
        raise VadflowError(f"{strangers[0]!r} is not a training clip", where=str(path), fix=fix)
    _finite(table, path)
    return table[["clip", "frame", "raw"]].astype({"clip": "object", "frame": "int32", "raw": "float64"})


def _read(path: str | Path, columns: Sequence[str]) -> pd.DataFrame:
    try:
        table = read_table(path)
    except (OSError, ValueError) as fault:  # pyarrow's errors derive from ValueError
        raise VadflowError(f"expected a parquet table: {fault}", where=str(path), fix=_SCHEMA) from fault
    if missing := [name for name in columns if name not in table]:
        raise VadflowError(f"the column {missing[0]!r} is missing", where=str(path), fix=_SCHEMA)
    return table


def _finite(table: pd.DataFrame, path: str | Path) -> None:
    values = pd.to_numeric(table["raw"], errors="coerce").to_numpy(dtype=np.float64)
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise VadflowError(f"the score of row {row} is {table['raw'].iloc[row]}", where=str(path), fix=_SCHEMA)
