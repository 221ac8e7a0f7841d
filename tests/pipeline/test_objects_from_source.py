"""A system that cuts its objects out of the source video runs the whole road, behind the guard of its training job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import workspaces

from vadflow import layout
from vadflow.layout import Layout


def small(found: dict[str, Any]) -> None:
    """`ssmtl` with a few steps."""
    found["systems"]["names"] = ["constant", "ssmtl"]
    found["systems"]["ssmtl"]["tubes"] |= {"stored": 60, "held_out": 20}
    found["systems"]["ssmtl"]["network"] |= {"width": 4}
    found["systems"]["ssmtl"]["train"] |= {"steps": 6, "batch": 8}


def test_ssmtl_from_video_to_table(tmp_path: Path) -> None:
    workspaces.finish(workspaces.write(tmp_path, small), layout.AUC_TABLE)
    table = pd.read_csv(tmp_path / layout.AUC_TABLE).set_index("system")
    assert table.loc["ssmtl", "auc_micro"] > 0
    place = Layout("plaza")
    history = pd.read_parquet(tmp_path / place.model("history.parquet", "ssmtl", 0))
    assert "held_out_irregular_accuracy" in set(history[history.phase == "train"].term)
    regions = sorted((tmp_path / place.root / "regions" / "ssmtl" / "0").glob("*.parquet"))
    assert regions and all(set(pd.read_parquet(path).columns) >= {"frame", "x1", "score", "reason"} for path in regions)
