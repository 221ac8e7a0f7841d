"""A workspace from an example: places filled in, nothing touched that did not change, one line on what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from vadflow import cli, workspace
from vadflow.errors import VadflowError

VALUES = {
    "ped2": {"PED2": "/data/ped2", "WEIGHTS": "yolo26n.pt"},
    "own-camera": {"NORMAL": "/data/normal", "WATCH": "/data/watch", "WEIGHTS": "yolo26n.pt"},
}


def test_every_example_is_tested() -> None:
    assert {path.name for path in workspace.EXAMPLES.iterdir()} == set(VALUES)


@pytest.mark.parametrize("example", VALUES)
def test_an_example_holds_and_says_how_to_use_it(tmp_path: Path, example: str) -> None:
    text = workspace.create(tmp_path, example, VALUES[example]).read_text(encoding="utf-8")
    assert "{" not in text.replace("{}", "").replace("{width", "").split("pseudo:")[0].split("\n", 1)[1]
    assert all(f'"{value}"' in text for value in VALUES[example].values())
    assert "make " in (workspace.EXAMPLES / example / "README.md").read_text(encoding="utf-8")


def test_nothing_is_touched_when_nothing_changes(tmp_path: Path) -> None:
    path = workspace.create(tmp_path, "ped2", VALUES["ped2"])
    before = path.stat().st_mtime_ns
    assert workspace.create(tmp_path, "ped2", VALUES["ped2"]).stat().st_mtime_ns == before


def test_paths_become_absolute_and_names_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path('a "strange" one').mkdir()
    path = workspace.create(Path("here"), "ped2", {"PED2": 'a "strange" one', "WEIGHTS": "yolo26n.pt"})
    params = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert params["datasets"]["ped2"]["path"] == str(tmp_path / 'a "strange" one')
    assert params["objects"]["yolo"]["weights"] == "yolo26n.pt"


def test_a_teacher_is_named_found_beside_the_weights_or_left_out(tmp_path: Path) -> None:
    for name in ("yolo_openvino_model", "a_imagenet_model", "mobilenet_imagenet"):
        (tmp_path / name).mkdir()
    weights = tmp_path / "yolo_openvino_model"

    def teacher(**values: str) -> object:
        path = workspace.create(tmp_path / "new", "ped2", {"PED2": "/data/ped2", **values})
        return yaml.safe_load(path.read_text(encoding="utf-8"))["systems"]["ssmtl"]["imagenet"]

    assert teacher(WEIGHTS=str(weights)) == str(tmp_path / "a_imagenet_model")
    assert teacher(WEIGHTS=str(weights), IMAGENET=str(tmp_path / "mobilenet_imagenet")) == str(
        tmp_path / "mobilenet_imagenet"
    )
    assert teacher(WEIGHTS="yolo26n.pt") == ""


@pytest.mark.parametrize(
    ("example", "values", "said"),
    [
        ("ped2", {}, "expected PED2=<value>, found none"),
        ("ped2", {"PED2": "/data/ped2", "WEIGHTS": ""}, "expected WEIGHTS=<value>"),
        ("ped3", {}, "no example 'ped3', there are: own-camera, ped2"),
    ],
)
def test_what_is_missing_is_told(tmp_path: Path, example: str, values: dict[str, str], said: str) -> None:
    with pytest.raises(VadflowError, match=said):
        workspace.create(tmp_path / "new", example, values)
    assert not (tmp_path / "new").exists()


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["workspace", str(tmp_path / "new"), "--example", "ped2", "PED2=/data/ped2", "WEIGHTS=yolo26n.pt"]
    assert cli.main(asked) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'new' / 'params.yaml'}\n"
    assert cli.main(asked[:-2]) == 1
