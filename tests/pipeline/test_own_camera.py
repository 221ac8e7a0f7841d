"""`examples/own-camera` on short pieces of real colour video: no labels, so no AUC, but scores, events and a report."""

from __future__ import annotations

from pathlib import Path

import cv2
import pandas as pd
import pytest
import workspaces
import yaml

from vadflow import layout, workspace
from vadflow.layout import Layout

pytestmark = pytest.mark.real
CAMERA = Layout("camera")
FRAMES = 60


def cut(source: Path, path: Path) -> None:
    """The first frames of a video, as a video."""
    path.parent.mkdir(parents=True, exist_ok=True)
    reader = cv2.VideoCapture(str(source))
    frames = [frame for _ in range(FRAMES) if (frame := reader.read()[1]) is not None]
    reader.release()
    assert len(frames) == FRAMES, source
    size = (frames[0].shape[1], frames[0].shape[0])
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, size)
    for frame in frames:
        writer.write(frame)
    writer.release()


@pytest.fixture(scope="module")
def made(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished workspace: three clips to learn from, one to watch."""
    home = tmp_path_factory.mktemp("camera")
    *learn, watch = sorted((shared / "data" / "normal-colour").glob("clip*"))
    for path in learn:
        cut(path, home / "normal" / f"{path.stem}.avi")
    cut(watch, home / "watch" / f"{watch.stem}.avi")
    values = {"NORMAL": str(home / "normal"), "WATCH": str(home / "watch")}
    values["WEIGHTS"] = str(shared / "weights" / "yolo26n_int8_openvino_model")
    path = workspace.create(home / "workspace", "own-camera", values)
    params = yaml.safe_load(path.read_text(encoding="utf-8"))
    params["systems"]["names"] = ["constant", "flow_energy"]
    params["fusion"]["systems"] = []
    params["objects"]["yolo"]["every"] = 8
    path.write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
    workspaces.finish(path.parent)
    return path.parent


def test_no_labels_no_auc_and_the_table_says_so(made: Path) -> None:
    table = pd.read_csv(made / layout.AUC_TABLE)
    assert table["auc_micro"].isna().all()
    assert table["notes"].str.contains("no labels", case=False).all(), list(table["notes"])
    assert "there is no AUC" in (made / layout.AUC_TWIN).read_text(encoding="utf-8")


def test_scores_and_events_are_there(made: Path) -> None:
    events = pd.read_csv(made / CAMERA.events("flow_energy", 0))
    assert list(events.columns)[:4] == ["clip", "start", "end", "peak"]
    assert len(events) <= 3, "next to nothing happens here"
    scores = list((made / CAMERA.scored("scores", "x", "flow_energy", 0)).parent.glob("*.parquet"))
    assert [len(pd.read_parquet(path)) for path in scores] == [FRAMES]


def test_people_are_found_and_the_report_stands_alone(made: Path) -> None:
    found = pd.concat(pd.read_parquet(path) for path in (made / CAMERA.root / "objects").rglob("*.parquet"))
    assert (found["class_name"] == "person").sum() > 100
    page = (made / layout.REPORT).read_text(encoding="utf-8")
    assert "clip" in page and 'src="http' not in page
