"""The ImageNet teacher of `ssmtl`'s task `knowledge`, behind one seam: crops in, features out. The detector's own class probabilities are the
other teacher; they come with the objects table and need no network here.

A path decides which: an OpenVINO, ONNX or TFLite classifier with residual blocks (MobileNetV2, say; a folder with one, or the file),
or a .pth file with torchvision's ResNet-50 weights, the paper's teacher, where torchvision can be imported. Nothing is downloaded.

The paper distils class outputs. Here it is the features half-way (at 1/16 of the crop): they still say what lies where in the crop,
and cost a ninth of 224 px and the whole network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from vadflow.errors import VadflowError
from vadflow.objects.weights import digest

Teacher = Callable[[np.ndarray], np.ndarray]
"""(N, SIDE, SIDE, 3) uint8 RGB to (N, P, GRID, GRID) float32 features."""

SIDE, STRIDE = 64, 16
GRID = SIDE // STRIDE
_BATCH = 16
_MOST = 128
"""Channels taught at most: of more, evenly spaced ones."""
_WHERE = "params.yaml: systems.ssmtl.imagenet"
_MEAN, _SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pixels, as torchvision's weights expect them."""


@dataclass(frozen=True)
class Lessons:
    """A teacher, and what is usual of its features on normal objects.

    Attributes:
        teacher: see `Teacher`.
        mean, spread: (P,) of every channel.
        digest: SHA-256 of the teacher's file, 32 uint8.
    """

    teacher: Teacher
    mean: np.ndarray
    spread: np.ndarray
    digest: np.ndarray

    def of(self, crops: np.ndarray) -> np.ndarray:
        """(N, S, S, C) uint8 crops, gray or RGB, to (N, P, GRID, GRID) float16 features of mean 0 and spread 1 on normal objects."""
        found = self.teacher(pictures(crops)) if len(crops) else np.zeros((0, len(self.mean), GRID, GRID), np.float32)
        return ((found - self.mean[:, None, None]) / self.spread[:, None, None]).astype(np.float16)

    def state(self) -> dict[str, np.ndarray]:
        """Arrays to save."""
        return {"lessons": np.stack([self.mean, self.spread]), "teacher": self.digest}


def learn_lessons(path: str, crops: np.ndarray) -> Lessons:
    """Open a teacher and learn what is usual on crops (N, S, S, C) uint8 of normal objects, at least one."""
    teacher = load_teacher(path)
    found = teacher(pictures(crops))
    return Lessons(teacher, found.mean((0, 2, 3)), np.maximum(found.std((0, 2, 3)), 1e-3), digest_of(path))


def load_lessons(path: str, state: Mapping[str, np.ndarray]) -> Lessons:
    """The teacher of a path with what `Lessons.state` gave.

    Raises:
        VadflowError: as `load_teacher`, or it is not the teacher of the training.
    """
    found = digest_of(path)
    if not np.array_equal(found, state["teacher"]):
        raise VadflowError(
            f"the weights at {path} are not those that ssmtl was trained with", where=_WHERE, fix="Train it again."
        )
    mean, spread = np.array(state["lessons"])
    return Lessons(load_teacher(path), mean, spread, found)


def digest_of(path: str) -> np.ndarray:
    """(32,) uint8: SHA-256 of a teacher's file and of the .bin beside it, if there is one."""
    file = model_file(path)
    parts = [file, *([file.with_suffix(".bin")] if file.with_suffix(".bin").exists() else [])]
    whole = hashlib.sha256(b"".join(bytes.fromhex(digest(part)) for part in parts))
    return np.frombuffer(whole.digest(), np.uint8).copy()


def pictures(crops: np.ndarray) -> np.ndarray:
    """(N, S, S, C) uint8 to (N, SIDE, SIDE, 3) uint8; gray is shown as three equal channels."""
    large = [cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR) for crop in crops]
    return np.stack([np.repeat(one[..., None], 3, -1) if one.ndim == 2 else one for one in large])


def load_teacher(path: str) -> Teacher:
    """Open a teacher.

    Raises:
        VadflowError: no such file, not of a known kind, or torchvision cannot be imported.
    """
    file = model_file(path)
    if file.suffix == ".pth":
        features = _resnet50(file)
    else:
        from vadflow.objects.openvino import feature_maps

        features = feature_maps(file, SIDE, STRIDE, _BATCH, where=_WHERE)
    return lambda shown: _thinned(features(shown))


def model_file(path: str) -> Path:
    """The one model that a file or folder is.

    Raises:
        VadflowError: nothing is there, or not just one.
    """
    chosen = Path(path).expanduser()
    if not chosen.exists():
        raise VadflowError(f"no weights at {path}", where=_WHERE, fix="Correct the path, or set it to null.")
    if chosen.is_file():
        return chosen
    files = sorted(file for file in chosen.iterdir() if file.suffix in (".xml", ".onnx", ".tflite", ".pth"))
    if len(files) != 1:
        raise VadflowError(f"expected one model, found {len(files)} in {path}", where=_WHERE, fix="Name the file.")
    return files[0]


def _thinned(features: np.ndarray) -> np.ndarray:
    """(N, P, g, g) with at most _MOST channels."""
    return features[:, :: -(-features.shape[1] // _MOST)]


def _resnet50(path: Path) -> Teacher:
    """torchvision's ResNet-50 with weights from a file, up to its third group of blocks."""
    import torch

    try:
        from torchvision.models import resnet50
    except (ImportError, RuntimeError) as fault:  # beside another build of torch its operators do not load
        raise VadflowError(
            "torchvision cannot be imported, so ResNet-50 cannot teach", where=_WHERE, fix="Use an OpenVINO model."
        ) from fault
    network = resnet50(weights=None)
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    network.eval()
    mean, spread = (torch.tensor(value).view(1, 3, 1, 1) for value in (_MEAN, _SPREAD))
    layers = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3")

    @torch.inference_mode()
    def teach(shown: np.ndarray) -> np.ndarray:
        found = []
        for start in range(0, len(shown), _BATCH):
            x = torch.from_numpy(shown[start : start + _BATCH]).permute(0, 3, 1, 2).float() / 255
            x = (x - mean) / spread
            for layer in layers:
                x = getattr(network, layer)(x)
            found.append(np.asarray(x))
        return np.concatenate(found)

    return teach
