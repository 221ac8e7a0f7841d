"""Scenes with known boxes for the built-in scene's detector: frames or cut-outs to train on, frames to measure on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vadflow.plaza import camera
from vadflow.plaza.render import Drawn, draw
from vadflow.plaza.story import Plan, Story, tell
from vadflow.plaza.truth import objects

CROP = 128
"""Side of a cut-out, pixels."""
PACK = (
    *("cyclist", "cyclist", "cart", "skater", "skater", "throw", "abandon", "runner", "close"),
    *("fall", "fall", "fall", "fall", "gesture", "gesture", "gesture"),
)
"""Events of training scenes: rare classes, and people who do not look like walkers, more often than in clips."""
MIN_SHARE = 0.3
"""Objects are to be found when at least this share of them is visible."""


def render_set(folder: Path, seed: int, images: int, crop: int = 0) -> None:
    """Draw scenes of all cameras in turn and write at least `images` images and YOLO label files.

    Args:
        folder: gets `images/` and `labels/`.
        seed: of the scenes.
        images: how many.
        crop: 0 writes whole frames; otherwise square cut-outs of so many pixels around objects, the rare ones first.
    """
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    written = clip = 0
    while written < images:
        rng = np.random.default_rng([seed, clip, 7])
        story, frames = draw_scene(seed, clip, events=8 if crop else 5)
        for t, drawn in enumerate(frames):
            boxes = np.array([(o.kind, *o.box) for o in objects(drawn, story.actors) if o.share >= MIN_SHARE])
            for number, (x, y, w, h) in enumerate(views(boxes.reshape(-1, 5), drawn.image.shape, crop, rng)):
                cut = drawn.image[y : y + h, x : x + w]
                write_example(folder, f"{clip:05d}_{t}_{number}", cut, inside(boxes.reshape(-1, 5), x, y, w, h))
                written += 1
        clip += 1


def camera_of(clip: int) -> str:
    """Name of the camera whose turn it is."""
    return camera.names()[clip % len(camera.names())]


def draw_scene(seed: int, clip: int, events: int, pack: Sequence[str] = PACK) -> tuple[Story, Iterator[Drawn]]:
    """Tell and draw eight frames, all cameras in turn, with so many events of a pack."""
    look, rng = camera_of(clip), np.random.default_rng([seed, clip, 3])
    known = [kind for kind in pack if kind in camera.load(look).events]
    kinds = tuple(str(kind) for kind in rng.choice(known, events))
    plan = Plan(look, seed, "test", clip, (8, 8), 1.6, kinds)  # few frames a second: eight quite different ones
    story = tell(plan)
    return story, draw(plan, story)


def views(boxes: Any, shape: tuple[int, ...], crop: int, rng: Any) -> list[tuple[int, int, int, int]]:
    """Choose the parts (x, y, w, h) of a frame to train on: all of it, or one around each rare thing and one person."""
    H, W = shape[:2]
    if not crop:
        return [(0, 0, W, H)]
    people, others = boxes[boxes[:, 0] == 0], boxes[boxes[:, 0] > 0]
    chosen = [*others, *people[rng.permutation(len(people))[:1]]]
    corners = []
    for _, x1, y1, x2, y2 in chosen:
        x, y = ((x1 + x2) / 2, (y1 + y2) / 2) + rng.uniform(-0.35, 0.35, 2) * crop - crop / 2
        corners.append((int(min(max(x, 0), W - crop)), int(min(max(y, 0), H - crop)), crop, crop))
    return corners


def inside(boxes: Any, x: int, y: int, w: int, h: int) -> list[tuple[int, ...]]:
    """Boxes of a part of a frame, cut to it; what is mostly outside is left out."""
    kept = []
    for kind, x1, y1, x2, y2 in boxes.tolist():
        left, top, right, bottom = max(x1 - x, 0), max(y1 - y, 0), min(x2 - x, w), min(y2 - y, h)
        if right > left and bottom > top and (right - left) * (bottom - top) >= 0.4 * (x2 - x1) * (y2 - y1):
            kept.append((kind, left, top, right, bottom))
    return kept


def write_example(folder: Path, name: str, image: Any, boxes: list[tuple[int, ...]]) -> None:
    """Write one image and its boxes relative to its size."""
    H, W = image.shape[:2]
    write_image(folder, name, image)
    lines = [
        f"{kind} {(x1 + x2) / 2 / W:.6f} {(y1 + y2) / 2 / H:.6f} {(x2 - x1) / W:.6f} {(y2 - y1) / H:.6f}"
        for kind, x1, y1, x2, y2 in boxes
    ]
    (folder / "labels" / f"{name}.txt").write_text("\n".join(lines), encoding="utf-8")


def write_image(folder: Path, name: str, image: Any) -> None:
    """Write an (H, W, 3) RGB image as the video codec would keep it."""
    cv2.imwrite(str(folder / "images" / f"{name}.jpg"), image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])


def held_out(seed: int, images: int) -> Iterator[tuple[str, Any, Any]]:
    """Draw scenes with two events each, as test clips have at most.

    Yields:
        name of the camera, (H, W, 3) uint8 BGR as the codec would keep it, and (N, 6) class, x1, y1, x2, y2, visible share.
    """
    for clip in range(images // 8):
        story, frames = draw_scene(seed, clip, events=2)
        for drawn in frames:
            rows = [(o.kind, *o.box, o.share) for o in objects(drawn, story.actors)]
            code = cv2.imencode(".jpg", drawn.image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])[1]
            yield camera_of(clip), cv2.imdecode(code, cv2.IMREAD_COLOR), np.array(rows, float).reshape(-1, 6)
