"""Weights: found, hashed, checked; clear words where they are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vadflow.errors import VadflowError
from vadflow.objects import weights, yolo
from vadflow.params import ObjectsParams

BASE = {"sha256": None, "image_size": None, "confidence": 0.2, "nms_iou": 0.5, "batch": 2}
REST = {"classes": None, "max_objects": 50, "every": 1}


def params(chosen: object, **changes: Any) -> ObjectsParams:
    section = {**BASE, **REST, "weights": str(chosen), **changes}
    return ObjectsParams.model_validate({"detector": "yolo", "yolo": section})


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("YOLO_OFFLINE", raising=False)
    return tmp_path


def export(folder: Path) -> Path:
    folder.mkdir()
    for name in ("a.xml", "a.bin", "metadata.yaml"):
        (folder / name).write_text(name)
    return folder


def test_a_folder_is_its_parts_whatever_else_lies_there(workspace: Path) -> None:
    first, second = export(workspace / "x_openvino_model"), export(workspace / "y_openvino_model")
    before = weights.digest(first)
    for junk in (".DS_Store", "._a.xml", "MODEL_CARD.md"):
        (first / junk).write_text("junk")
    assert weights.digest(first) == before == weights.digest(second)
    (second / "a.bin").write_text("other")
    assert weights.digest(second) != before


def test_a_path_is_resolved_and_recorded(workspace: Path) -> None:
    folder = export(workspace / "x_openvino_model")
    record = weights.resolve(params(folder))
    assert record == {"path": str(folder), "sha256": weights.digest(folder), "kind": "openvino"}
    assert weights.resolve(params(folder, sha256=record["sha256"])) == record
    assert weights.located(record) == folder


def test_another_hash_than_expected(workspace: Path) -> None:
    with pytest.raises(VadflowError, match=r"objects\.yolo\.sha256: expected hash 0000"):
        weights.resolve(params(export(workspace / "x_openvino_model"), sha256="0" * 64))


def test_weights_that_changed_or_went_since(workspace: Path) -> None:
    file = workspace / "a.pt"
    file.write_bytes(b"one")
    record = weights.resolve(params(file))
    file.write_bytes(b"two")
    with pytest.raises(VadflowError, match="changed since"):
        weights.located(record)
    file.unlink()
    with pytest.raises(VadflowError, match="gone"):
        weights.located(record)


def test_the_bundled_weights_are_recorded_without_a_machine_path(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "BUNDLED_FOLDER", export(workspace / "plaza_openvino_model"))
    record = weights.resolve(params("plaza"))
    assert record["path"] == "plaza" and weights.located(record) == weights.BUNDLED_FOLDER


@pytest.mark.parametrize("chosen", ["nowhere/a.pt", "../x_openvino_model", "a.txt"])
def test_a_path_that_is_not_there(chosen: str) -> None:
    with pytest.raises(VadflowError, match=r"params\.yaml: objects\.yolo\.weights: no weights at"):
        weights.resolve(params(chosen))


def test_a_file_of_another_kind(workspace: Path) -> None:
    (workspace / "a.txt").write_text("hello")
    with pytest.raises(VadflowError, match=r"expected a \.pt or \.onnx file"):
        weights.resolve(params(workspace / "a.txt"))


def test_a_name_is_downloaded_once(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def download(name: str, folder: Path) -> Path:
        calls.append(name)
        (folder / name).write_bytes(b"weights")
        return folder / name

    monkeypatch.setattr(yolo, "download", download)
    assert weights.resolve(params("yolo26n.pt")) == weights.resolve(params("yolo26n.pt"))
    assert calls == ["yolo26n.pt"] and [item.name for item in weights.CACHE.iterdir()] == ["yolo26n.pt"]


def test_no_network_is_one_line_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def download(name: str, folder: Path) -> Path:
        raise ConnectionError("no route\nto host")

    monkeypatch.setattr(yolo, "download", download)
    with pytest.raises(
        VadflowError, match=r"could not be downloaded: no route\. .* or copy yolo26n\.pt .* to "
    ) as fault:
        weights.resolve(params("yolo26n.pt"))
    assert "\n" not in str(fault.value) and not list(weights.CACHE.iterdir())
    monkeypatch.setenv("YOLO_OFFLINE", "true")
    with pytest.raises(VadflowError, match="YOLO_OFFLINE forbids"):
        weights.resolve(params("yolo26n.pt"))


def test_a_detector_without_weights() -> None:
    section = {"history_frames": 10, "variance": 16.0, "difference": 0.1, "min_area_px": 4, "join_px": 2}
    chosen = ObjectsParams.model_validate({"detector": "motion", "motion": {**section, "max_objects": 5}})
    assert weights.resolve(chosen) == {"path": "", "sha256": "", "kind": "none"}
