"""ImageNet networks that say what a cut-out looks like, behind one seam: pictures in, features out.

A path decides which: an OpenVINO, ONNX or TFLite classifier with residual blocks (MobileNetV2, say; a folder with one, or the file),
or a .pth file with torchvision's ResNet-50 weights, where torchvision can be imported. Nothing is downloaded.

The features are those half-way (at 1/16 of the picture): they still say what lies where in it, and cost a ninth of 224 px and the
whole network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from vadflow.errors import VadflowError
from vadflow.objects.weights import digest

Features = Callable[[np.ndarray], np.ndarray]
"""(N, SIDE, SIDE, 3) uint8 RGB to (N, P, GRID, GRID) float32."""

SIDE, STRIDE = 64, 16
GRID = SIDE // STRIDE
_BATCH = 16
_MOST = 128
"""Channels at most: of more, evenly spaced ones."""
_MEAN, _SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pixels, as torchvision's weights expect them."""


@dataclass(frozen=True)
class ImageNet:
    """A network that was opened.

    Attributes:
        features: see `Features`.
        channels: P.
        digest: (32,) uint8, SHA-256 of its files.
    """

    features: Features
    channels: int
    digest: np.ndarray

    def of(self, crops: np.ndarray) -> np.ndarray:
        """(N, S, S, C) uint8 crops, gray or RGB, to (N, P, GRID, GRID) float32."""
        if not len(crops):
            return np.zeros((0, self.channels, GRID, GRID), np.float32)
        return self.features(pictures(crops))


def load_imagenet(path: str, where: str, *, trained_with: np.ndarray | None = None) -> ImageNet:
    """Open a network.

    Args:
        path: file or folder.
        where: the key of `params.yaml` that names it, for errors.
        trained_with: digest of the network that a model was trained with, where there is one already.

    Raises:
        VadflowError: no such file, not of a known kind, torchvision cannot be imported, or another network than that of the training.
    """
    file = _model_file(path, where)
    found = _digest_of(file)
    if trained_with is not None and not np.array_equal(found, trained_with):
        raise VadflowError(f"the weights at {path} are not those of the training", where=where, fix="Train again.")
    if file.suffix == ".pth":
        features = _resnet50(file, where)
    else:
        from vadflow.objects.openvino import feature_maps

        features = feature_maps(file, SIDE, STRIDE, _BATCH, where=where)
    blank = features(np.zeros((1, SIDE, SIDE, 3), np.uint8))
    return ImageNet(lambda shown: _thinned(features(shown)), _thinned(blank).shape[1], found)


def pictures(crops: np.ndarray) -> np.ndarray:
    """(N, S, S, C) uint8 to (N, SIDE, SIDE, 3) uint8; gray is shown as three equal channels."""
    large = [cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR) for crop in crops]
    return np.stack([np.repeat(one[..., None], 3, -1) if one.ndim == 2 else one for one in large])


def _digest_of(file: Path) -> np.ndarray:
    """Of a network's file and of the .bin beside it, if there is one."""
    parts = [file, *([file.with_suffix(".bin")] if file.with_suffix(".bin").exists() else [])]
    whole = hashlib.sha256(b"".join(bytes.fromhex(digest(part)) for part in parts))
    return np.frombuffer(whole.digest(), np.uint8).copy()


def _model_file(path: str, where: str) -> Path:
    """The one model that a file or folder is."""
    chosen = Path(path).expanduser()
    if not chosen.exists():
        raise VadflowError(f"no weights at {path}", where=where, fix="Correct the path, or set it to null.")
    if chosen.is_file():
        return chosen
    files = sorted(file for file in chosen.iterdir() if file.suffix in (".xml", ".onnx", ".tflite", ".pth"))
    if len(files) != 1:
        raise VadflowError(f"expected one model, found {len(files)} in {path}", where=where, fix="Name the file.")
    return files[0]


def _thinned(features: np.ndarray) -> np.ndarray:
    """(N, P, g, g) with at most _MOST channels."""
    return features[:, :: -(-features.shape[1] // _MOST)]


def _resnet50(path: Path, where: str) -> Features:
    """torchvision's ResNet-50 with weights from a file, up to its third group of blocks."""
    import torch

    try:
        from torchvision.models import resnet50
    except (ImportError, RuntimeError) as fault:  # beside another build of torch its operators do not load
        raise VadflowError(
            "torchvision cannot be imported, so ResNet-50 cannot be asked", where=where, fix="Use an OpenVINO model."
        ) from fault
    network = resnet50(weights=None)
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    network.eval()
    mean, spread = (torch.tensor(value).view(1, 3, 1, 1) for value in (_MEAN, _SPREAD))
    layers = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3")

    @torch.inference_mode()
    def features(shown: np.ndarray) -> np.ndarray:
        found = []
        for start in range(0, len(shown), _BATCH):
            x = torch.from_numpy(shown[start : start + _BATCH]).permute(0, 3, 1, 2).float() / 255
            x = (x - mean) / spread
            for layer in layers:
                x = getattr(network, layer)(x)
            found.append(np.asarray(x))
        return np.concatenate(found)

    return features
