"""A short version of `examples/ped2` on the real frames and masks, with real YOLO26."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import workspaces
import yaml

from vadflow import layout, workspace
from vadflow.layout import Layout

pytestmark = pytest.mark.real
PED2 = Layout("ped2")
CLIPS = ("01", "02", "03")
SYSTEMS = ["constant", "frame_index", "flow_energy", "std"]


def shorten(params: dict[str, Any]) -> None:
    """A part of the benchmark, few steps: the road is tested, not the number."""
    params["datasets"]["ped2"]["official"] = False
    params["systems"]["names"] = SYSTEMS
    params["systems"]["std"]["network"] |= {"width": 8, "centres": 4}
    params["systems"]["std"]["train"] |= {"pretrain_steps": 10, "joint_steps": 10, "batch": 4, "crop": 32}
    params["fusion"]["systems"] = []
    params["objects"]["yolo"]["every"] = 8
    params["metrics"]["bootstrap"] = 50


@pytest.fixture(scope="module")
def made(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished workspace of three training and three test clips."""
    home = tmp_path_factory.mktemp("ped2")
    for part in ("training/frames", "testing/frames", "testing/masks"):
        (home / "data" / part).mkdir(parents=True)
        for clip in CLIPS:
            (home / "data" / part / clip).symlink_to((shared / "data" / "ped2" / part / clip).resolve())
    values = {"PED2": str(home / "data"), "WEIGHTS": str(shared / "weights" / "yolo26n_int8_openvino_model")}
    path = workspace.create(home / "workspace", "ped2", values)
    params = yaml.safe_load(path.read_text(encoding="utf-8"))
    shorten(params)
    path.write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
    workspaces.finish(path.parent)
    return path.parent


def test_the_labels_are_the_masks(made: Path) -> None:
    truth = pd.read_parquet(made / PED2.truth("frames"))
    spans = {
        clip: (rows["frame"][rows["label"] == 1].min(), rows["frame"][rows["label"] == 1].max(), len(rows))
        for clip, rows in truth.groupby("clip")
    }
    assert spans == {"01": (60, 179, 180), "02": (94, 179, 180), "03": (0, 145, 150)}
    assert not pd.read_parquet(made / PED2.truth("regions")).empty


def test_yolo_finds_people_and_what_rides(made: Path) -> None:
    found = pd.concat(pd.read_parquet(made / PED2.clip("objects", "test", clip)) for clip in CLIPS)
    people = found[found["class_name"] == "person"]
    assert 5 < len(people) / 510 < 40, "people a frame"
    assert "bicycle" in set(found["class_name"])
    assert ((found["x1"] >= 0) & (found["x2"] <= 360) & (found["y2"] <= 240)).all()


def test_the_table_is_finite_and_its_floors_are_floors(made: Path) -> None:
    table = pd.read_csv(made / layout.AUC_TABLE).set_index("system")
    assert set(table.index) == set(SYSTEMS)
    assert table.loc["constant", "auc_micro"] == 0.5
    assert table[["auc_micro", "auc_micro_raw", "ap", "eer"]].notna().all(axis=None)
    assert table.loc["flow_energy", "auc_micro"] > table.loc["constant", "auc_micro"]
    assert (made / layout.REPORT).stat().st_size > 10_000
