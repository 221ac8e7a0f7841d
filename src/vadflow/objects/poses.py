"""Body keypoints of every so many-th frame, only where people are tall enough to have any. OpenVINO or ONNX exports of YOLO pose models.

A table of bodies stands beside the objects and does not change them; whoever needs both joins them by overlap. Without weights, and where
nobody is tall enough, the table has no rows: what needs keypoints is then silent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import Field

from vadflow.errors import VadflowError
from vadflow.objects.base import Boxes
from vadflow.objects.decode import suppress
from vadflow.objects.exports import Reader
from vadflow.objects.letterbox import fit
from vadflow.objects.weights import beside
from vadflow.params import Section

KEYPOINTS = 17
"""COCO's: nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles; left before right."""
COLUMNS = {
    "frame": "int32",
    "x1": "float32",
    "y1": "float32",
    "x2": "float32",
    "y2": "float32",
    "confidence": "float32",
}
_MAX_BODIES = 60
Bodies = tuple[np.ndarray, np.ndarray, np.ndarray]
"""(n, 4) xyxy, (n,) confidence and (n, 17, 3) keypoints of one frame."""


class PosesParams(Section):
    """Body keypoints."""

    weights: str | None = Field(
        description="an *_openvino_model folder or .onnx file of a YOLO pose model; 'beside': the first *pose*_openvino_model folder "
        "beside the detector's weights, if there is one; null: no keypoints, posture is silent"
    )
    every: int = Field(ge=1, le=30, description="look at every so many-th frame")
    min_height: float = Field(
        ge=16,
        description="people whose longer side is less are left out, source px; frames without taller ones are skipped",
    )
    confidence: float = Field(ge=0, lt=1, description="bodies at or below it are dropped")
    nms_iou: float = Field(gt=0, le=1, description="overlap of two bodies from which the weaker is dropped")


BESIDE = "beside"


def find_weights(chosen: str | None, detector: str | None) -> Path | None:
    """Where the pose network lies.

    Args:
        chosen: `PosesParams.weights`.
        detector: the detector's weights as chosen, where it has any.

    Returns:
        a path that need not exist, or None for no keypoints.
    """
    if chosen != BESIDE:
        return Path(chosen).expanduser() if chosen else None
    return beside(detector, "*pose*_openvino_model")


class PoseReader:
    """A YOLO pose network, read and compiled (a second) when the first frame asks for it, and then kept for all clips."""

    def __init__(self, params: PosesParams, threads: int) -> None:
        """Remember what to load, and for how many cores."""
        self.params, self._threads = params, threads

    @cached_property
    def reader(self) -> Reader:
        """The export.

        Raises:
            VadflowError: no such file, or not a pose model.
        """
        path = Path(self.params.weights or "").expanduser()
        where = "params.yaml: systems.attributes.poses.weights"
        if not path.exists():
            raise VadflowError(f"no weights at {path}", where=where, fix="Correct the path, or set it to null.")
        return Reader(path, None, self._threads)

    def bodies(self, frame: np.ndarray) -> Bodies:
        """Find bodies in one frame.

        Args:
            frame: (H, W, 3) uint8 RGB.

        Returns:
            (n, 4) xyxy px, (n,) confidence, (n, 17, 3) keypoints x, y (px) and confidence; by descending confidence.
        """
        size = (frame.shape[0], frame.shape[1])
        lie = fit(size, self.reader.size_for(size))
        boxes, scores = next(self.reader.raw([lie.image(frame)]))
        order = np.flatnonzero(scores[0] > self.params.confidence)
        order = order[np.argsort(-scores[0, order], kind="stable")]
        xyxy = boxes[:, order].T.copy()  # n 4
        if not self.reader.head.corners:
            xyxy = np.concatenate([xyxy[:, :2] - xyxy[:, 2:] / 2, xyxy[:, :2] + xyxy[:, 2:] / 2], axis=1)
        n = len(order)
        found = Boxes(xyxy, scores[0, order], np.zeros(n, np.int16), np.zeros((n, 0), np.float32))
        kept = suppress(found, self.params.nms_iou)[:_MAX_BODIES]
        points = self.reader.extra()[:, order[kept]].T.reshape(-1, KEYPOINTS, 3).copy()
        flat = points[..., :2].reshape(-1, 2)
        points[..., :2] = lie.undo(np.tile(flat, 2))[:, :2].reshape(*points.shape[:2], 2)
        return lie.undo(xyxy[kept]), found.confidence[kept], points


def pose_clip(frames: Iterable[np.ndarray], objects: pd.DataFrame, poses: PoseReader) -> pd.DataFrame:
    """Find the bodies of one clip; memory stays at one frame.

    Args:
        frames: (H, W, 3) uint8 RGB each, source size.
        objects: the clip's objects; a frame in which nobody among them is tall enough is not looked at.
        poses: the network, one for all clips; without weights no frame is looked at.

    Returns:
        `COLUMNS` and `keypoints`, a list of 17 x 3 numbers: x, y (source px) and confidence.
    """
    params = poses.params
    tall = (objects.class_name == "person") & (
        np.maximum(objects.y2 - objects.y1, objects.x2 - objects.x1) >= params.min_height
    )
    wanted = set(objects.frame[tall]) if params.weights else set()
    looked = {t: poses.bodies(frame) for t, frame in enumerate(frames) if t % params.every == 0 and t in wanted}
    return _table(looked, params.min_height)


def _table(looked: Mapping[int, Bodies], min_height: float) -> pd.DataFrame:
    """Tall enough bodies by frame -> one table, built once: a table a frame costs milliseconds each."""
    nobody = (np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, KEYPOINTS, 3), np.float32))
    xyxy, confidence, points = (np.concatenate(parts) for parts in zip(nobody, *looked.values(), strict=True))
    frame = np.repeat(np.array([*looked], int), [len(found[0]) for found in looked.values()])
    tall = (xyxy[:, 2:] - xyxy[:, :2]).max(axis=1) >= min_height
    x1, y1, x2, y2 = xyxy[tall].T
    table = pd.DataFrame({"frame": frame[tall], "x1": x1, "y1": y1, "x2": x2, "y2": y2, "confidence": confidence[tall]})
    table = table.astype(COLUMNS)
    table["keypoints"] = pd.Series(list(points[tall].reshape(-1, 3 * KEYPOINTS).astype(np.float32)), dtype=object)
    return table
