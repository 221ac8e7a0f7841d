"""Every detector file keeps the contract of `objects/base.py`; YOLO in all its forms; motion."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import tiny_yolo
from vadflow.errors import VadflowError
from vadflow.objects import base, exports, weights, yolo
from vadflow.schema import plugin_names

YOLO = {
    "weights": "x",
    "sha256": None,
    "image_size": None,
    "confidence": 0.5,
    "nms_iou": 0.7,
    "batch": 4,
    "classes": None,
    "max_objects": 100,
    "every": 1,
}
MOTION = {
    "history_frames": 50,
    "variance": 16.0,
    "difference": 0.1,
    "min_area_px": 20,
    "join_px": 15,
    "max_objects": 20,
}
EXAMPLES: dict[str, dict[str, Any]] = {"yolo": YOLO, "motion": MOTION}
"""Add a section here when you add a detector file."""


def scene(t: int = 0) -> np.ndarray:
    """A black frame with a red cell and a green square that walks right."""
    frame = np.zeros((64, 96, 3), np.uint8)
    frame[16:24, 32:40, 0] = 255
    frame[32:48, 16 + 2 * t : 32 + 2 * t, 1] = 255
    return frame


def detector(path: Path, **changes: Any) -> yolo.Detector:
    record = {"path": str(path), "sha256": weights.digest(path), "kind": weights.kind(path)}
    return yolo.Detector(yolo.Params.model_validate({**YOLO, **changes}), record, 1)


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_yolo.write_openvino(tmp_path_factory.mktemp("tiny") / "tiny_openvino_model")


@pytest.fixture(scope="module", params=plugin_names("objects"))
def make(request: pytest.FixtureRequest, export: Path) -> Callable[[], Any]:
    """Builds the detector under test anew."""
    module = base.load(request.param)
    assert request.param in EXAMPLES, f"give objects/{request.param}.py an example section in this test"
    params = module.Params.model_validate(EXAMPLES[request.param])
    record = {"path": str(export), "sha256": weights.digest(export), "kind": "openvino"}
    return lambda: module.Detector(params, record if module.Detector.needs_weights else None, 1)


def test_contract_shapes_and_ranges(make: Callable[[], Any]) -> None:
    found = make()
    assert found.batch >= 1 and found.every >= 1 and isinstance(found.sha256, str)
    assert found.detect([]) == []
    results = found.detect([scene(t) for t in range(4)])
    assert len(results) == 4 and any(len(item) for item in results)
    for item in results:
        n = len(item)
        assert item.xyxy.shape == (n, 4) and item.xyxy.dtype == np.float32
        assert item.confidence.shape == (n,) and ((item.confidence >= 0) & (item.confidence <= 1)).all()
        assert (np.diff(item.confidence) <= 0).all() and item.class_id.shape == (n,)
        assert all(int(kind) in found.names for kind in item.class_id)
        assert item.probabilities.shape[0] == n and item.probabilities.shape[1] in (0, len(found.names))


def test_contract_an_empty_scene_is_legal(make: Callable[[], Any]) -> None:
    assert [len(item) for item in make().detect([np.zeros((64, 96, 3), np.uint8)] * 2)] == [0, 0]


def test_contract_batches_and_restarts_change_nothing(make: Callable[[], Any]) -> None:
    frames = [scene(t) for t in range(5)]
    one = make()
    whole = one.detect(frames)
    one.restart()
    single = [one.detect([frame])[0] for frame in frames]
    again = make().detect(frames)
    for first, second, third in zip(whole, single, again, strict=True):
        for name in ("xyxy", "confidence", "class_id", "probabilities"):
            assert np.array_equal(getattr(first, name), getattr(second, name))
            assert np.array_equal(getattr(first, name), getattr(third, name))


def test_contract_other_frame_sizes(make: Callable[[], Any]) -> None:
    found = make()
    for size in ((30, 100), (200, 64)):
        found.restart()
        assert len(found.detect([np.zeros((*size, 3), np.uint8)])) == 1


def test_an_export_finds_its_cells_with_all_probabilities(export: Path) -> None:
    found = detector(export).detect([scene()])[0]
    red = found.take(found.class_id == 0)
    assert red.xyxy.tolist() == [[32, 16, 40, 24]]
    assert red.probabilities[0] == pytest.approx([1 / (1 + np.exp(-4)), 1 / (1 + np.exp(12))], rel=1e-3)


def test_onnx_is_read_like_openvino(export: Path, tmp_path: Path) -> None:
    other = detector(tiny_yolo.write_onnx(tmp_path / "tiny.onnx"))
    assert other.names == tiny_yolo.NAMES
    first, second = detector(export).detect([scene()])[0], other.detect([scene()])[0]
    assert np.allclose(first.xyxy, second.xyxy) and np.allclose(first.probabilities, second.probabilities, atol=1e-5)


def test_a_head_with_centres_gives_the_same_boxes(export: Path, tmp_path: Path) -> None:
    other = detector(tiny_yolo.write_openvino(tmp_path / "b_openvino_model", end2end=False))
    first, second = detector(export).detect([scene()])[0], other.detect([scene()])[0]
    assert np.allclose(np.sort(first.xyxy, axis=0), np.sort(second.xyxy, axis=0))


def test_a_static_export_is_refitted_to_the_frames(tmp_path: Path) -> None:
    large = detector(tiny_yolo.write_openvino(tmp_path / "c_openvino_model", 96, 96))
    small = detector(tiny_yolo.write_openvino(tmp_path / "d_openvino_model", 64, 96))
    assert large.reader.size_for((64, 96)) == (64, 96)
    first, second = large.detect([scene()])[0], small.detect([scene()])[0]
    assert np.array_equal(first.xyxy, second.xyxy) and np.allclose(first.probabilities, second.probabilities)


def test_a_size_the_export_cannot_take(export: Path) -> None:
    with pytest.raises(VadflowError, match=r"image_size: the export takes \(64, 96\), not \(128, 96\)"):
        detector(export, image_size=(128, 96)).detect([scene()])


def test_classes_by_name(export: Path) -> None:
    found = detector(export, classes=["go"]).detect([scene()])[0]
    assert len(found) and set(found.class_id) == {1} and found.probabilities.shape[1] == 2
    with pytest.raises(VadflowError, match=r"no class cat; they know stop, go"):
        detector(export, classes=["cat"])


def test_exports_that_are_not_detectors(export: Path, tmp_path: Path) -> None:
    folder = tmp_path / "e_openvino_model"
    folder.mkdir()
    with pytest.raises(VadflowError, match=r"expected one \.xml with its .bin, found nothing"):
        exports.Reader(folder, None, 1)
    (folder / "a.xml").write_text("<net/>")
    (folder / "a.bin").write_bytes(b"")
    with pytest.raises(VadflowError, match="cannot read it"):
        exports.Reader(folder, None, 1)
    for name in ("tiny.xml", "tiny.bin"):
        (folder / name).write_bytes((export / name).read_bytes())
    for name in ("a.xml", "a.bin"):
        (folder / name).unlink()
    with pytest.raises(VadflowError, match="class names"):
        exports.Reader(folder, None, 1)
    (folder / "metadata.yaml").write_text("task: obb\nnames: {0: a}\n")
    with pytest.raises(VadflowError, match="found obb"):
        exports.Reader(folder, None, 1)


@pytest.mark.parametrize("size", [[100, 64], [0, 32], [32]])
def test_sizes_are_checked(size: list[int]) -> None:
    with pytest.raises(ValueError, match="image_size"):
        yolo.Params.model_validate({**YOLO, "image_size": size})


def random_weights(name: str, path: Path) -> Path:
    """A network with random weights whose batch norms have seen something: it answers differently from place to place."""
    yolo.offline_ultralytics(path.parent / "config")
    import torch
    import ultralytics

    torch.manual_seed(0)
    model = ultralytics.YOLO(f"{name}.yaml")
    network: Any = model.model
    for part in network.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.momentum = None
    network.train()
    with torch.no_grad():
        network(torch.rand(4, 3, 32, 48).repeat_interleave(4, 2).repeat_interleave(4, 3))
    network.eval()
    head = network.model[-1]
    for branch in getattr(head, "one2one_cv3", None) or head.cv3:
        branch[-1].bias.data[:] = -3
        branch[-1].weight.data *= 0.3
    model.save(str(path))
    return path


@pytest.mark.parametrize("name", ["yolov8n", "yolo26n", "yolov8n-pose"])
def test_pt_files_give_ultralytics_boxes_without_torchvision(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = random_weights(name, tmp_path / f"{name}.pt")
    frame = np.random.default_rng(0).integers(0, 256, (30, 45, 3), np.uint8).repeat(4, 0).repeat(4, 1)
    options = {"image_size": (128, 192), "confidence": 0.001, "max_objects": 300}
    confidence = float(np.sort(detector(path, **options).detect([frame])[0].confidence)[-31:-29].mean())
    found = detector(path, **{**options, "confidence": confidence}).detect([frame])[0]
    assert found.probabilities.shape == (len(found), 1 if name.endswith("pose") else 80)
    yolo.lend_nms()
    import ultralytics

    nms = False if name == "yolo26n" else None
    theirs = ultralytics.YOLO(path).predict(
        frame[..., ::-1], imgsz=(128, 192), conf=confidence, iou=0.7, nms=nms, max_det=300, verbose=False, rect=False
    )
    clipped = np.clip(found.xyxy, 0, [180, 120, 180, 120])
    apart = np.abs(theirs[0].boxes.xyxy.numpy()[:, None] - clipped[None]).max(axis=2)
    assert len(found) > 5 and apart.min(axis=0).max() < 1 and apart.min(axis=1).max() < 1


def test_a_pt_file_that_is_no_detector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.pt").write_bytes(b"not a model")
    with pytest.raises(VadflowError, match=r"a\.pt: cannot load"):
        detector(tmp_path / "a.pt")


def test_motion_finds_the_walker_and_not_what_stands() -> None:
    module = base.load("motion")
    found = module.Detector(module.Params.model_validate(MOTION), None, 1).detect([scene(t) for t in range(20)])
    assert len(found[0]) == 0
    for t in range(5, 20):
        assert len(found[t]) == 1
        x1, y1, x2, y2 = found[t].xyxy[0]
        assert y1 >= 30 and y2 <= 50 and x1 <= 32 + 2 * t and x2 >= 30 + 2 * t


@pytest.mark.real
def test_int8_yolo26_on_ped2_equals_ultralytics(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = shared / "weights" / "yolo26n_int8_openvino_model"
    files = [shared / "data" / "ped2" / "testing" / "frames" / "01" / f"{t:03d}.jpg" for t in (60, 120, 170)]
    frames = [np.ascontiguousarray(cv2.imread(str(file))[..., ::-1]) for file in files]
    ours = detector(path, image_size=(640, 640), confidence=0.15).detect(frames)
    yolo.offline_ultralytics(tmp_path / "config")
    import openvino
    import ultralytics

    compile_model = openvino.Core.compile_model

    def exactly(self: Any, *arguments: Any, config: dict[str, Any], **others: Any) -> Any:
        """As ours does: left to itself OpenVINO takes bfloat16 where the processor has it, and other boxes come out."""
        return compile_model(self, *arguments, config=config | {"INFERENCE_PRECISION_HINT": "f32"}, **others)

    monkeypatch.setattr(openvino.Core, "compile_model", exactly)
    model = ultralytics.YOLO(str(path), task="detect")
    for frame, found in zip(frames, ours, strict=True):
        theirs = model.predict(frame[..., ::-1], conf=0.15, imgsz=640, verbose=False)[0].boxes
        mine = found.within(*frame.shape[:2])
        apart = np.abs(theirs.xyxy.numpy()[:, None] - mine.xyxy[None]).max(axis=2)
        assert len(mine) >= 5 and apart.min(axis=0).max() < 1 and apart.min(axis=1).max() < 1
        same = mine.probabilities[apart.argmin(axis=1), theirs.cls.numpy().astype(int)]
        assert mine.probabilities.shape[1] == 80 and np.allclose(same, theirs.conf.numpy(), atol=1e-4)


@pytest.mark.real
def test_int8_yolo26_on_ped2_loses_nothing_without_the_empty_rows(shared: Path) -> None:
    path = shared / "weights" / "yolo26n_int8_openvino_model"
    frame = cv2.imread(str(shared / "data" / "ped2" / "testing" / "frames" / "01" / "120.jpg"))[..., ::-1]
    small, full = detector(path), detector(path, image_size=(640, 640))
    assert small.reader.size_for((240, 360)) == (448, 640)
    first, second = small.detect([frame])[0], full.detect([frame])[0]
    apart = np.abs(first.xyxy[:, None] - second.xyxy[None]).max(axis=2)
    assert (apart.min(axis=0) < 3).mean() > 0.8


@pytest.mark.real
def test_the_pose_export_loads(shared: Path) -> None:
    path = shared / "weights" / "yolov8n-pose_int8_openvino_model"
    frame = cv2.imread(str(shared / "data" / "ped2" / "testing" / "frames" / "01" / "120.jpg"))[..., ::-1]
    found = detector(path, confidence=0.15).detect([frame])[0]
    assert len(found) and found.probabilities.shape[1] == 1
