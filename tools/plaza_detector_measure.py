"""How well an export finds what is drawn in held-out scenes, per camera and class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from plaza_detector_scenes import MIN_SHARE, held_out

Part = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Of one frame: which boxes hit, their confidence and class, and the classes that are to be found."""


def measure(target: Path, size: tuple[int, int], seed: int, images: int) -> dict[str, dict[str, float]]:
    """mAP50, read as the pipeline reads the export: camera -> class -> value, and their `mean`.

    Args:
        target: the export's folder.
        size: (height, width) of its input.
        seed: of the scenes.
        images: frames, of all cameras in turn.
    """
    from ultralytics import YOLO

    model, parts = YOLO(str(target), task="detect"), {}
    for look, image, truth in held_out(seed, images):
        found = model.predict(image, imgsz=list(size), conf=0.001, nms=False, verbose=False)[0].boxes
        order = np.argsort(-found.conf.numpy(), kind="stable")
        kinds, boxes = found.cls.numpy().astype(int)[order], found.xyxy.numpy()[order]
        hit, counted = matches(boxes, kinds, truth)
        wanted = truth[truth[:, 5] >= MIN_SHARE, 0].astype(int)
        parts.setdefault(look, []).append((hit[counted], found.conf.numpy()[order][counted], kinds[counted], wanted))
    return {look: _average_precision(several, model.names) for look, several in parts.items()}


def _average_precision(parts: list[Part], names: dict[int, str]) -> dict[str, float]:
    from ultralytics.utils.metrics import ap_per_class

    hits, *rest = (np.concatenate(column) for column in zip(*parts, strict=True))
    result = ap_per_class(hits[:, None], *rest)
    named = {names[int(k)]: float(v) for k, v in zip(result[6], result[5][:, 0], strict=True)}
    return {"mean": float(np.mean(list(named.values()))), **named}


def matches(boxes: Any, kinds: Any, truth: Any) -> tuple[Any, Any]:
    """Match found boxes, best first, to true ones of their class at IoU 0.5, each at most once.

    Returns:
        (N,) bool hits, and (N,) bool which boxes count: not those on an object that is hidden by more than MIN_SHARE
        allows, which nobody has to find and nobody is blamed for finding.
    """
    free, hit, counted = np.ones(len(truth), bool), np.zeros(len(boxes), bool), np.ones(len(boxes), bool)
    for index, (box, kind) in enumerate(zip(boxes, kinds, strict=True)):
        low, high = np.maximum(truth[:, 1:3], box[:2]), np.minimum(truth[:, 3:5], box[2:])
        shared = np.clip(high - low, 0, None).prod(axis=1)
        area = (truth[:, 3:5] - truth[:, 1:3]).prod(axis=1) + (box[2:] - box[:2]).prod()
        overlap = shared / (area - shared) * (free & (truth[:, 0] == kind))
        if len(overlap) and overlap.max() >= 0.5:
            best = int(overlap.argmax())
            free[best], hit[index], counted[index] = False, True, truth[best, 5] >= MIN_SHARE
    return hit, counted
