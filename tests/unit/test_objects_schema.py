"""objects/<clip>.parquet: what is refused and what comes back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vadflow import io
from vadflow.errors import VadflowError
from vadflow.objects import schema


def table(**changes: object) -> pd.DataFrame:
    row = {
        "frame": [3, 0, 3],
        "x1": [1.0, 0.0, 2.0],
        "y1": [1.0, 0.0, 2.0],
        "x2": [5.0, 4.0, 6.0],
        "y2": [5.0, 4.0, 6.0],
        "confidence": [0.2, 0.5, 0.9],
        "class_id": [0, 1, 0],
        "class_name": ["person", "bicycle", "person"],
        "probabilities": [[0.2, 0.1], [], [0.9, 0.0]],
        "speed": [0.0, 1.0, 2.0],
        "dx": [0.0, -1.0, 2.0],
        "dy": [0.0, 0.0, 0.0],
        "energy": [0.0, 0.1, 0.2],
    }
    return pd.DataFrame({**row, **changes})


def validate(found: pd.DataFrame) -> pd.DataFrame:
    return schema.validate(found, where="clip 01", n_frames=4, size=(10, 20))


def test_no_objects_at_all_survives_the_file(tmp_path: Path) -> None:
    io.write_table(tmp_path / "a.parquet", schema.empty())
    back = validate(io.read_table(tmp_path / "a.parquet"))
    assert len(back) == 0 and list(back.columns) == list(schema.COLUMNS)


def test_good_rows_come_back_typed_sorted_and_with_what_made_them(tmp_path: Path) -> None:
    good = validate(table())
    good.attrs = {"sha256": "abc", "names": {"0": "person"}}
    io.write_table(tmp_path / "a.parquet", good)
    back = io.read_table(tmp_path / "a.parquet")
    assert back.attrs == good.attrs
    assert back.frame.tolist() == [0, 3, 3] and back.confidence.tolist() == pytest.approx([0.5, 0.9, 0.2])
    assert {name: str(back[name].dtype) for name in schema.COLUMNS} == schema.COLUMNS
    assert back.probabilities.iloc[1].dtype == np.float32 and len(back.probabilities.iloc[0]) == 0
    validate(back)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"x1": [1.0, 0.0, np.nan]}, "finite numbers"),
        ({"x2": [5.0, 4.0, 21.0]}, "x1 < x2 <= 20"),
        ({"x2": [1.0, 4.0, 6.0]}, "x1 < x2"),
        ({"y1": [-1.0, 0.0, 2.0]}, "0 <= y1"),
        ({"frame": [4, 0, 3]}, "from 0 to 3"),
        ({"frame": [0.5, 0, 3]}, "whole frame numbers"),
        ({"confidence": [0.2, 1.5, 0.9]}, "confidence <= 1"),
        ({"class_id": [-1, 1, 0]}, "class_id"),
        ({"class_id": ["a", "b", "c"]}, "expected numbers in column class_id"),
        ({"class_name": ["", "b", "c"]}, "class_name"),
        ({"probabilities": [[2.0], [], []]}, "probabilities"),
        ({"probabilities": [None, [], []]}, "probabilities"),
        ({"energy": [0.0, -0.1, 0.0]}, "energy"),
    ],
)
def test_a_bad_row_is_named(changes: dict[str, object], said: str) -> None:
    with pytest.raises(VadflowError, match=r"clip 01: ") as fault:
        validate(table(**changes))
    assert said in str(fault.value) and "ARCHITECTURE.md" in str(fault.value)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(VadflowError, match="expected columns dx, energy"):
        validate(table().drop(columns=["dx", "energy"]))
