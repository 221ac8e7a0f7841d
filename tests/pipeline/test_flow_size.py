"""With `differences.flow_person_px` flow is computed at the size that people in normal video need, for both splits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tiny import make, tiny_params, workspace

from vadflow.frames.cells import grid
from vadflow.io import read_json
from vadflow.layout import Layout

PLACE = Layout("plaza")


def test_flow_follows_the_people_of_normal_video(tmp_path: Path) -> None:
    params = tiny_params()
    params["datasets"]["plaza"] |= {"min_frames": 110, "max_frames": 110}  # three frames a clip are looked at
    params["differences"] |= {"flow_max_side": 320, "flow_person_px": 16}
    clips = {split: PLACE.clip("flow", split, name) for split, name in (("train", "01"), ("test", "01"))}
    make(workspace(tmp_path, params), *clips.values())
    size = read_json(tmp_path / PLACE.flow_size)
    side = size["max_side"]
    assert 160 <= side < 320 and size["people"] >= 30 and size["median_height"] > 16
    for path in clips.values():
        flow = np.load(tmp_path / path)
        assert flow.shape[1:3] == grid(round(side * 240 / 320), side, params["differences"]["flow_cell"])
    looked = (tmp_path / "logs/flow_size/plaza.log").read_text()
    assert "test" not in looked
