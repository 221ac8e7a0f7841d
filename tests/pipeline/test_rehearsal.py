"""The built-in scene rehearsed, from its normal video to a table with regions, and the tools that choose by it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import workspaces

from vadflow import layout

pytestmark = pytest.mark.slow
PART = {"min_size": 0.3, "max_size": 0.5, "feather_px": 2}


def rehearsed(found: dict[str, Any]) -> None:
    """Two of four training clips spoiled in a part of the frame; two systems that localise, a few steps for the one that has steps."""
    scene = found["datasets"]["plaza"] | {"train_clips": 4, "min_frames": 40, "max_frames": 40}
    kinds = {"local_skip": {"skips": [2]} | PART, "local_shape": dict(PART)}
    again = {"adapter": "rehearsal", "of": scene, "every": 2, "first": 0, "kinds": kinds}
    found["datasets"] = {"again": again | {"normal": 8, "span": 8, "at_once": 1, "seed": 0, "fps": 25}}
    found["systems"]["names"] = ["attributes", "ssmtl"]
    found["systems"]["ssmtl"]["tubes"] |= {"stored": 60, "held_out": 20}
    found["systems"]["ssmtl"]["network"] |= {"width": 4}
    found["systems"]["ssmtl"]["train"] |= {"steps": 6, "batch": 8}
    found["systems"]["ssmtl"]["score"] |= {"choose": False}  # equal weights, as in the tool's first row


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished workspace."""
    made = workspaces.write(tmp_path_factory.mktemp("rehearsal"), rehearsed)
    workspaces.finish(made, layout.AUC_TABLE)
    return made


def first_row(tool: str, workspace: Path) -> list[str]:
    """Cells of the row "as it is" that a tool prints."""
    done = subprocess.run(
        [sys.executable, str(workspaces.REPOSITORY / "tools" / tool), str(workspace), "again"],
        env=workspaces.environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    row = next(line for line in done.stdout.splitlines() if line.startswith("| as it is |"))
    return [cell.strip() for cell in row.strip("|").split("|")][1:]


def test_the_table_says_when_and_where(finished: Path) -> None:
    table = pd.read_csv(finished / layout.AUC_TABLE).set_index("system")
    assert table.loc[["attributes", "ssmtl"], ["auc_micro", "auc_pixel", "rbdc", "tbdc"]].notna().all(axis=None)


def test_the_tool_for_regions_measures_what_the_table_says(finished: Path) -> None:
    known = pd.read_csv(finished / layout.AUC_TABLE).set_index("system").loc["attributes", ["rbdc", "tbdc"]]
    shown = [float(number) for number in first_row("rehearse_regions.py", finished)[0].split(" / ")]
    assert shown == pytest.approx(100 * known.to_numpy(float), abs=0.056)  # one is rounded to 0.1, the other to 0.01


def test_the_tool_for_task_values_measures_what_the_table_says(finished: Path) -> None:
    known = pd.read_csv(finished / layout.AUC_TABLE).set_index("system").loc["ssmtl", "auc_micro"]
    assert float(first_row("rehearse_ssmtl.py", finished)[0]) == pytest.approx(100 * known, abs=0.011)
