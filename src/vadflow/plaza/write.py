"""A clip to its two files: the video and, beside it, its truth."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from vadflow.errors import VadflowError
from vadflow.io import atomic
from vadflow.packed import read_arrays
from vadflow.plaza.render import draw
from vadflow.plaza.story import Plan, tell
from vadflow.plaza.truth import Record


def write_clip(plan: Plan, video: Path, truth: Path) -> None:
    """Draw a clip and write its video (AVI, motion JPEG) and truth (`.npz`); the truth comes last.

    Raises:
        VadflowError: a file cannot be written.
    """
    story = tell(plan)
    camera, record = story.shot.camera, Record(story.actors)
    with atomic(video) as temporary:
        writer = _open(temporary, plan.fps, (camera.width, camera.height), video)
        for drawn in draw(plan, story):
            writer.write(cv2.cvtColor(drawn.image, cv2.COLOR_RGB2BGR))
            record.add(drawn)
        writer.release()
        _complete(temporary, len(record.labels), video)
    with atomic(truth) as temporary:
        np.savez_compressed(temporary, **record.arrays((camera.height, camera.width)))  # type: ignore[arg-type]


def _open(path: Path, fps: float, size: tuple[int, int], shown: Path) -> cv2.VideoWriter:
    """Open OpenCV's own motion-JPEG writer: it puts no date or version into the file, and threads do not change it."""
    code = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(path), cv2.CAP_OPENCV_MJPEG, code, fps, size)
    if not writer.isOpened():
        raise VadflowError("cannot write the video", where=str(shown), fix="Check that the folder is writable.")
    return writer


def _complete(path: Path, frames: int, shown: Path) -> None:
    """Notice a full disk: OpenCV's writer does not say when it could not write."""
    capture = cv2.VideoCapture(str(path))
    found = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
    capture.release()
    if found != frames:
        what = f"wrote {frames} frames, found {found}"
        raise VadflowError(what, where=str(shown), fix="Free some space and run the same command again.")


def read_truth(path: Path) -> dict[str, np.ndarray]:
    """Read a truth file without its masks.

    Returns:
        `labels` (T,) uint8; `shape` (2,) H and W; `boxes` (N, 7) frame, object, class id, x1, y1, x2, y2;
        `regions` (R, 6) track, frame, x1, y1, x2, y2. All but the labels are int32.

    Raises:
        VadflowError: the file is missing or damaged.
    """
    return read_arrays(path, "labels", "shape", "boxes", "regions")
