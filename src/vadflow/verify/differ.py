"""By how much two files differ, in words: by content, so that a parquet file written by another version is still equal."""

from __future__ import annotations

import filecmp
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vadflow.io import open_array, read_json, read_table

_BLOCK = 64
"""Frames compared at once: memory stays small for long clips."""


def differ(a: Path, b: Path) -> str:
    """Compare two files of one kind.

    Args:
        a: .npy, .parquet, .json, .csv or .safetensors.
        b: the same.

    Returns:
        the size of the difference in words; "" when the contents are equal (NaN equals NaN).
    """
    if filecmp.cmp(a, b, shallow=False):
        return ""
    return _KINDS[a.suffix](a, b)


def _arrays(a: Path, b: Path) -> str:
    one, two = open_array(a), open_array(b)
    if one.shape != two.shape or one.dtype != two.dtype:
        return f"{one.dtype} {one.shape} against {two.dtype} {two.shape}"
    count, largest, first = 0, 0.0, -1
    for start in range(0, len(one), _BLOCK):
        own, other = (np.asarray(x[start : start + _BLOCK], np.float64) for x in (one, two))
        unequal = ~((own == other) | (np.isnan(own) & np.isnan(other)))
        if unequal.any():
            count += int(unequal.sum())
            largest = max(largest, float(np.nanmax(np.abs(own - other))))
            first = start + int(np.flatnonzero(unequal.reshape(len(own), -1).any(axis=1))[0]) if first < 0 else first
    return f"{count} of {one.size} values, by at most {largest:g}, the first in frame {first}" if count else ""


def _tables(a: Path, b: Path) -> str:
    return _frames(read_table(a), read_table(b))


def _csv(a: Path, b: Path) -> str:
    return _frames(pd.read_csv(a, dtype={"clip": str}), pd.read_csv(b, dtype={"clip": str}))


def _frames(one: pd.DataFrame, two: pd.DataFrame) -> str:
    if list(one.columns) != list(two.columns):
        return f"columns {', '.join(one.columns)} against {', '.join(two.columns)}"
    if len(one) != len(two):
        return f"{len(one)} rows against {len(two)}"
    return "; ".join(filter(None, (_column(name, one[name], two[name]) for name in one.columns)))


def _column(name: str, one: pd.Series, two: pd.Series) -> str:
    if one.dtype.kind in "fiub" and two.dtype.kind in "fiub":
        return _values(name, one.to_numpy(np.float64), two.to_numpy(np.float64))
    own, other = ([_plain(value) for value in column] for column in (one, two))
    rows = [row for row, (x, y) in enumerate(zip(own, other, strict=True)) if x != y]
    return f"{name} in {len(rows)} rows, the first is row {rows[0]}" if rows else ""


def _plain(value: Any) -> str:
    """Cells compare as text: lists, missing values and the string types of two pandas versions alike."""
    return json.dumps(value.tolist() if isinstance(value, np.ndarray) else value, default=str)


def _values(name: str, own: np.ndarray, other: np.ndarray) -> str:
    if own.shape != other.shape:
        return f"{name}: {own.shape} against {other.shape}"
    unequal = ~((own == other) | (np.isnan(own) & np.isnan(other)))
    if not unequal.any():
        return ""
    gaps = np.abs(own - other)[unequal]
    size = f"by at most {np.nanmax(gaps):g}" if not np.isnan(gaps).all() else "defined in one of them only"
    first = f", the first is row {int(np.flatnonzero(unequal)[0])}" if own.ndim == 1 and own.size > 1 else ""
    return f"{name} in {int(unequal.sum())} of {own.size} values, {size}{first}"


def _json(a: Path, b: Path) -> str:
    one, two = dict(_flat(read_json(a))), dict(_flat(read_json(b)))
    parts = [f"{key} only in one of them" for key in sorted(one.keys() ^ two.keys())]
    for key in sorted(one.keys() & two.keys()):
        x, y = one[key], two[key]
        if x != y:
            numbers = all(isinstance(value, int | float) for value in (x, y))
            parts.append(f"{key} by {abs(x - y):g}" if numbers else f"{key}: {x!r} against {y!r}")
    return "; ".join(parts[:5]) + (f"; and {len(parts) - 5} more" if len(parts) > 5 else "")


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        yield prefix, value
    for key, item in items or ():
        yield from _flat(item, f"{prefix}.{key}" if prefix else str(key))


def _weights(a: Path, b: Path) -> str:
    from safetensors.numpy import load_file

    one, two = load_file(a), load_file(b)
    parts = [f"{name} only in one of them" for name in sorted(one.keys() ^ two.keys())]
    for name in sorted(one.keys() & two.keys()):
        parts.append(_values(name, one[name].astype(np.float64), two[name].astype(np.float64)))
    found = [part for part in parts if part]
    return "; ".join(found[:5]) + (f"; and {len(found) - 5} more tensors" if len(found) > 5 else "")


_KINDS = {".npy": _arrays, ".parquet": _tables, ".json": _json, ".csv": _csv, ".safetensors": _weights}
