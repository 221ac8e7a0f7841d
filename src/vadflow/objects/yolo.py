"""YOLO: `.pt` files through Ultralytics, which only this file imports; OpenVINO and ONNX exports directly, see `exports`.

Our own preparation and decoding serve all three, so that every box comes with the probability of every class, and neither
NMS-free models (YOLO26) nor others ever need torchvision, whose compiled operators do not load beside CPU torch.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from pydantic import Field, field_validator

from vadflow.errors import VadflowError
from vadflow.objects import exports
from vadflow.objects.base import Boxes
from vadflow.objects.decode import Head, decode
from vadflow.objects.letterbox import fit, snug
from vadflow.objects.weights import located
from vadflow.params import Section

CONFIG_DIR = Path(".cache/ultralytics")
"""Where Ultralytics keeps its settings: inside the workspace, not in the user's home."""


_FIX_WEIGHTS = "Use the weights of a YOLO detection, pose or segmentation model."


class Params(Section):
    """A YOLO detector."""

    weights: str = Field(
        min_length=1,
        description="a .pt or .onnx file, an *_openvino_model folder, 'plaza', or a name such as yolo26n.pt",
    )
    sha256: str | None = Field(pattern="^[0-9a-f]{64}$", description="expected hash of the weights, or null")
    image_size: tuple[int, int] | None = Field(
        description="[height, width] of the network's input, px, multiples of 32; null: the model's own, without empty rows"
    )
    confidence: float = Field(
        ge=0, lt=1, description="boxes at or below it are dropped; low (0.15) where people are small"
    )
    nms_iou: float = Field(gt=0, le=1, description="overlap for non-maximum suppression; NMS-free models do not use it")
    batch: int = Field(ge=1, le=64, description="frames at once")
    classes: list[str] | None = Field(description="names of the classes kept, or null for all")
    max_objects: int = Field(ge=1, le=1000, description="most boxes a frame")
    every: int = Field(ge=1, le=30, description="detect in every so many-th frame and interpolate in between")

    @field_validator("image_size")
    @classmethod
    def _multiples(cls, size: tuple[int, int] | None) -> tuple[int, int] | None:
        if size is not None and any(side % 32 or not 32 <= side <= 4096 for side in size):
            raise ValueError("expected multiples of 32 from 32 to 4096")
        return size


class _Reader(Protocol):
    names: dict[int, str]
    head: Head

    def __init__(self, path: Path, image_size: tuple[int, int] | None, threads: int) -> None: ...

    def size_for(self, frame: tuple[int, int]) -> tuple[int, int]: ...

    def raw(self, images: Iterable[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]: ...


class Detector:
    """A YOLO network behind the detector seam; see `base.Detector`."""

    needs_weights: ClassVar[bool] = True

    def __init__(self, params: Params, weights: Mapping[str, str] | None, threads: int) -> None:
        """Load the weights that `weights.resolve` found."""
        if weights is None:
            raise ValueError("yolo needs resolved weights")
        path = located(weights)
        self.params, self.weights, self.sha256 = params, path.name, weights["sha256"]
        self.batch, self.every = params.batch, params.every
        make: type[_Reader] = TorchReader if weights["kind"] == "pt" else exports.Reader
        self.reader = make(path, params.image_size, threads)
        self.names = self.reader.names
        self._classes = _class_ids(params.classes, self.names)

    def restart(self) -> None:
        """Nothing is kept between frames."""

    def detect(self, frames: Sequence[np.ndarray]) -> list[Boxes]:
        """Find objects; boxes in px of the frames."""
        if not frames:
            return []
        size = (frames[0].shape[0], frames[0].shape[1])
        box = fit(size, self.reader.size_for(size))
        raw = self.reader.raw(box.image(frame) for frame in frames)
        return [self._boxes(boxes, scores, box.undo) for boxes, scores in raw]

    def _boxes(self, boxes: np.ndarray, scores: np.ndarray, undo: Any) -> Boxes:
        p = self.params
        found = decode(
            boxes,
            scores,
            self.reader.head,
            confidence=p.confidence,
            nms_iou=p.nms_iou,
            classes=self._classes,
            max_objects=p.max_objects,
        )
        return Boxes(undo(found.xyxy), found.confidence, found.class_id, found.probabilities)


def _class_ids(names: list[str] | None, known: Mapping[int, str]) -> np.ndarray | None:
    if names is None:
        return None
    ids = {name: key for key, name in known.items()}
    unknown = [name for name in names if name not in ids]
    if unknown:
        raise VadflowError(
            f"the weights know no class {', '.join(unknown)}; they know {', '.join(ids)}",
            where="params.yaml: objects.yolo.classes",
            fix="Correct the names, or set it to null.",
        )
    return np.array([ids[name] for name in names], np.int64)


class TorchReader:
    """A `.pt` file, read by Ultralytics with its restricted loader."""

    _STRIDE = 32

    def __init__(self, path: Path, image_size: tuple[int, int] | None, threads: int) -> None:
        """Load the network and let its head return all classes of all anchors.

        Raises:
            VadflowError: not the weights of a YOLO detector.
        """
        offline_ultralytics()
        import torch
        from ultralytics.nn.modules.head import OBB, Detect
        from ultralytics.nn.tasks import load_checkpoint

        torch.set_num_threads(threads)
        try:
            network = load_checkpoint(path)[0]
        except Exception as fault:  # whatever a foreign or damaged file does to the unpickler
            raise VadflowError(f"cannot load: {_first_line(fault)}", where=str(path), fix=_FIX_WEIGHTS) from fault
        last = network.model[-1]
        if not isinstance(last, Detect) or isinstance(last, OBB):
            raise VadflowError(
                f"expected a detection head, found {type(last).__name__}", where=str(path), fix=_FIX_WEIGHTS
            )
        # Ultralytics 8.4 prefers YOLO26's one-to-many head with suppression unless told otherwise
        last.end2end = ranked = hasattr(last, "one2one_cv2")
        if ranked:  # shadow the ranking: B A 4+K -> B 4+K A, the shape of every other head
            vars(last)["postprocess"] = lambda predictions: predictions.permute(0, 2, 1)
        self._network = network.fuse(verbose=False).float().eval()
        self.names = {int(key): str(name) for key, name in network.names.items()}
        self.head = Head(corners=ranked, one_each=ranked)
        side = int((getattr(network, "args", None) or {}).get("imgsz") or 640)
        self._asked, self._own = image_size, (side, side)

    def size_for(self, frame: tuple[int, int]) -> tuple[int, int]:
        """Input (height, width) used for frames of this (height, width), px."""
        return self._asked or snug(frame, self._own, self._STRIDE)

    def raw(self, images: Iterable[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Run the network on all images at once; see `exports.Reader.raw`."""
        import torch

        batch = torch.from_numpy(np.stack(list(images))).permute(0, 3, 1, 2).float() / 255  # B 3 h w
        with torch.inference_mode():
            out = self._network(batch)
        while isinstance(out, tuple | list):
            out = out[0]
        rows = out.numpy()  # B 4+K+extra A
        K = len(self.names)
        for row in rows:
            yield row[:4], row[4 : 4 + K]


def _first_line(fault: Exception) -> str:
    return (str(fault).strip().splitlines() or [type(fault).__name__])[0][:200]


def offline_ultralytics(config_dir: Path | None = None, *, network: bool = False) -> None:
    """Import Ultralytics so that it neither calls home, installs packages, logs to MLflow, nor needs torchvision's operators.

    Args:
        config_dir: where it keeps its settings; `.cache/ultralytics` by default.
        network: allow the download of weights.
    """
    folder = (config_dir or CONFIG_DIR).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.update(
        YOLO_CONFIG_DIR=str(folder),
        YOLO_OFFLINE=str(not network).lower(),
        YOLO_AUTOINSTALL="false",
        YOLO_VERBOSE="false",
        ULTRALYTICS_SAFE_LOAD="true",
    )
    from ultralytics.utils import SETTINGS

    off = {"sync": False, "mlflow": False}
    if any(SETTINGS.get(key) != value for key, value in off.items()):
        SETTINGS.update(off)


def lend_nms() -> None:
    """Where torchvision's compiled operators do not load, lend Ultralytics its own suppression under that name.

    Its predictor, validator and trainer import torchvision for `nms` alone. Our detector does not use them; whoever trains or
    validates a detector calls this first.
    """
    try:
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError):
        from ultralytics.utils.nms import TorchNMS

        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        stand_in: Any = types.ModuleType("torchvision")
        stand_in.__spec__ = importlib.util.spec_from_loader("torchvision", loader=None)
        stand_in.__version__, stand_in.ops = "0", types.SimpleNamespace(nms=TorchNMS.nms)
        sys.modules["torchvision"] = stand_in


def download(name: str, folder: Path) -> Path:
    """Let Ultralytics download weights by their name; the one function here that uses the network.

    Raises:
        VadflowError: it knows no such name.
        OSError: the network or the server failed.
    """
    offline_ultralytics(network=True)
    from ultralytics.utils.downloads import GITHUB_ASSETS_NAMES, attempt_download_asset

    if name not in GITHUB_ASSETS_NAMES:
        raise VadflowError(
            f"{name!r} is neither a file nor a name Ultralytics knows",
            where="params.yaml: objects.yolo.weights",
            fix="Give a path, or a name such as yolo26n.pt.",
        )
    return Path(attempt_download_asset(str(folder / name)))
