"""Parts to pixels: a figure becomes a small anti-aliased picture with its own opacity, or a shadow on the ground."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from vadflow.plaza.camera import Camera
from vadflow.plaza.parts import Part, shade

_SHIFT = 4  # OpenCV's fixed-point drawing: coordinates carry 4 binary digits behind the point
_CORE_SHIFT = 3  # a part's light core lies 3/16 of its thickness up and left, towards the sun


class Sprite(NamedTuple):
    """A picture of one figure.

    Attributes:
        x: left edge in the frame, pixels.
        y: top edge in the frame, pixels.
        colour: (h, w, 3) uint8 RGB, already multiplied by its opacity.
        opacity: (h, w) uint8.
    """

    x: int
    y: int
    colour: np.ndarray
    opacity: np.ndarray


class _Flat(NamedTuple):
    """Parts in the picture: points (N, 2) px, where each part's points end, radius px and order per part."""

    points: np.ndarray
    ends: np.ndarray
    radius: np.ndarray
    order: np.ndarray


def _flatten(parts: Sequence[Part], camera: Camera, shadow: bool = False) -> _Flat:
    world = np.concatenate([part.points for part in parts])
    if shadow:
        fall = np.maximum(world[:, 2:], 0.0)
        world = np.hstack([world[:, :2] + fall * np.array(camera.shadow), np.zeros_like(fall)])
    points, depth = camera.project(world)
    counts = np.array([len(part.points) for part in parts])
    ends = np.cumsum(counts)
    mean = np.add.reduceat(depth, ends - counts) / counts
    radius = np.array([part.radius for part in parts]) * camera.focal_px / mean
    return _Flat(points, ends, radius, np.argsort(-mean - np.array([part.order for part in parts]), kind="stable"))


def _draw(canvas: np.ndarray, fixed: np.ndarray, thick: int, colour: Sequence[int], hollow: bool) -> None:
    """Draw one part on any uint8 canvas: points (N, 2) int32 in fixed point, `thick` in canvas pixels.

    Lines without anti-aliasing, which costs five times as much: the canvas is scaled down or blurred afterwards.
    """
    if hollow:
        cv2.polylines(canvas, [fixed], True, colour, thick, cv2.LINE_8, _SHIFT)
    elif len(fixed) == 1:
        cv2.circle(canvas, fixed[0].tolist(), thick << (_SHIFT - 1), colour, -1, cv2.LINE_8, _SHIFT)
    elif len(fixed) == 2:
        cv2.line(canvas, fixed[0].tolist(), fixed[1].tolist(), colour, thick, cv2.LINE_8, _SHIFT)
    else:
        hull = cv2.convexHull(fixed)
        cv2.fillConvexPoly(canvas, hull, colour, cv2.LINE_8, _SHIFT)
        if thick > 1:
            cv2.polylines(canvas, [hull], True, colour, thick, cv2.LINE_8, _SHIFT)


def _two_tones(canvas: np.ndarray, fixed: np.ndarray, thick: int, part: Part) -> None:
    """Draw a part dark, then a thinner light core towards the sun, so that it looks round."""
    if part.hollow or thick < 4 or len(fixed) > 2:
        _draw(canvas, fixed, thick, (*part.colour, 255), part.hollow)
        return
    _draw(canvas, fixed, thick, (*shade(part.colour, 0.84), 255), False)
    core = fixed - (thick * _CORE_SHIFT)
    _draw(canvas, core, (thick * 5) >> 3, (*shade(part.colour, 1.07), 255), False)


def _fixed(points: np.ndarray) -> np.ndarray:
    return np.rint(points * (1 << _SHIFT)).astype(np.int32)


def sprite(parts: Sequence[Part], camera: Camera) -> Sprite | None:
    """Draw a figure by itself.

    Args:
        parts: in world axes.
        camera: seen from here.

    Returns:
        its picture, cut to the frame; None when it is outside, empty or partly behind the camera.
    """
    if not parts:
        return None
    flat = _flatten(parts, camera)
    reach = float(flat.radius.max()) + 1.5
    low = np.maximum(np.floor(flat.points.min(axis=0) - reach), 0).astype(int)
    high = np.minimum(np.ceil(flat.points.max(axis=0) + reach), (camera.width, camera.height)).astype(int)
    if (high <= low).any() or reach > camera.height:
        return None
    w, h = (high - low).tolist()
    zoom = 4 if h <= 96 else 2  # tall figures have smooth edges with less
    canvas = np.zeros((h * zoom, w * zoom, 4), np.uint8)
    starts = flat.ends - [len(part.points) for part in parts]
    fixed = _fixed((flat.points - low + 0.5) * zoom - 0.5)
    thick = np.maximum(1, np.rint(2 * zoom * flat.radius)).astype(int).tolist()
    for index in flat.order.tolist():
        _two_tones(canvas, fixed[starts[index] : flat.ends[index]], thick[index], parts[index])
    small = cv2.resize(canvas, (w, h), interpolation=cv2.INTER_AREA)
    return Sprite(int(low[0]), int(low[1]), small[:, :, :3], small[:, :, 3])


def cast_shadow(layer: np.ndarray, parts: Sequence[Part], camera: Camera) -> None:
    """Draw a figure's shadow on the ground into a (H, W) uint8 layer, 255 = full shadow."""
    if not parts:
        return
    flat, start = _flatten(parts, camera, shadow=True), 0
    fixed = _fixed(flat.points)
    thick = np.maximum(1, np.rint(2 * flat.radius)).astype(int).tolist()
    for part, end, width in zip(parts, flat.ends.tolist(), thick, strict=True):
        _draw(layer, fixed[start:end], width, (255,), part.hollow)
        start = end


def paste(frame: np.ndarray, picture: Sprite) -> None:
    """Lay a picture over a frame, in place."""
    h, w = picture.opacity.shape
    under = frame[picture.y : picture.y + h, picture.x : picture.x + w]
    clear = (255 - picture.opacity).astype(np.uint16)[:, :, None]
    under[:] = ((under * clear + 127) // 255 + picture.colour).astype(np.uint8)
