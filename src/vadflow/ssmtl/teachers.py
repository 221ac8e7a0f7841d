"""The ImageNet teachers of `ssmtl`'s distillation, behind one seam: crops in, class outputs out. The detector's own class
probabilities are the other teacher; they come with the objects table and need no network here.

A path decides which: an OpenVINO model (a folder with one .xml, or an .xml, .onnx or .tflite file; MobileNetV2, say), or a
.pth file with torchvision's ResNet-50 weights, the paper's teacher, where torchvision can be imported. Nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from vadflow.errors import VadflowError

Teacher = Callable[[np.ndarray], np.ndarray]
"""(N, 224, 224, 3) uint8 RGB to (N, P) float32 class outputs."""

SIDE = 224
_BATCH = 16
_WHERE = "params.yaml: systems.ssmtl.imagenet"
_MEAN, _SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pixels, as torchvision's weights expect them."""


def load_teacher(path: str) -> Teacher:
    """Open a teacher.

    Raises:
        VadflowError: no such file, not of a known kind, or torchvision cannot be imported.
    """
    chosen = Path(path).expanduser()
    if not chosen.exists():
        raise VadflowError(f"no weights at {path}", where=_WHERE, fix="Correct the path, or set it to null.")
    if chosen.suffix == ".pth":
        return _resnet50(chosen)
    from vadflow.objects.openvino import classifier

    return classifier(chosen, where=_WHERE)


def lessons(teacher: Teacher, crops: np.ndarray) -> np.ndarray:
    """What the teacher says of crops, each output standardised over them, so that no class outweighs another.

    Args:
        teacher: see `load_teacher`.
        crops: (N, S, S, C) uint8; gray is shown as three equal channels.

    Returns:
        (N, P) float32 of mean 0 and spread 1 per output.
    """
    found = []
    for start in range(0, len(crops), _BATCH):
        large = [
            cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR) for crop in crops[start : start + _BATCH]
        ]
        pictures = np.stack([np.repeat(p[..., None], 3, -1) if p.ndim == 2 else p for p in large])
        found.append(teacher(pictures))
    outputs = np.concatenate(found)
    return ((outputs - outputs.mean(0)) / np.maximum(outputs.std(0), 1e-6)).astype(np.float32)


def _resnet50(path: Path) -> Teacher:
    """torchvision's ResNet-50 with weights from a file, its outputs before softmax."""
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

    @torch.inference_mode()
    def teach(pictures: np.ndarray) -> np.ndarray:
        x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
        return np.asarray(network((x - mean) / spread))

    return teach
