"""On the built-in scene as it is shipped, `std` has learned something: three seeds, each far above every floor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import workspaces
import yaml

from vadflow import layout

SEEDS = [0, 1, 2]
FLOORS = ["constant", "frame_index", "clip_centre"]


def shipped(found: dict[str, Any]) -> dict[str, Any]:
    """The root parameters, with three seeds and no more systems than are compared; boxes play no part in them."""
    found["training"]["seeds"] = SEEDS
    found["systems"]["names"] = [*FLOORS, "std"]
    found["fusion"]["systems"] = []
    found["tracking"]["enabled"] = False
    found["training"]["snapshots"] = 0
    return found


@pytest.mark.slow
def test_std_beats_every_floor_by_ten_points(tmp_path: Path) -> None:
    """Mean over three seeds at least 10 points of micro AUC above the best floor, and no seed below it."""
    text = yaml.safe_dump(shipped(workspaces.root_params()), sort_keys=False)
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    workspaces.finish(tmp_path, layout.AUC_TABLE)
    table = pd.read_csv(tmp_path / layout.AUC_TABLE).set_index("system")
    best = table.loc[FLOORS, "auc_micro"].max()
    assert table.loc["std", "seeds"] == len(SEEDS)
    assert table.loc["std", "auc_micro"] >= best + 0.10, table["auc_micro"].to_dict()
    place = layout.Layout("plaza")
    each = [json.loads((tmp_path / place.metrics("std", seed)).read_text())["auc_micro"] for seed in SEEDS]
    assert min(each) > best, each
