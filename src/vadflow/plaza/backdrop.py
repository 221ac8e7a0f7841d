"""What never moves: ground, building front and standing props, painted once per camera."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from vadflow.plaza import camera as cameras
from vadflow.plaza.camera import Camera
from vadflow.plaza.parts import Colour, Part, place
from vadflow.plaza.sprite import Sprite, cast_shadow, sprite
from vadflow.plaza.things import prop

_PX_PER_M = 36
_X, _Y = (-24.0, 24.0), (2.0, 32.0)  # painted ground, metres
SHADE = 0.46
"""How much light a shadow takes."""


@dataclass(frozen=True)
class Standing:
    """A prop: its distance, and its picture."""

    distance: float
    picture: Sprite


@dataclass(frozen=True)
class Backdrop:
    """The empty scene.

    Attributes:
        image: (H, W, 3) uint8 RGB with the shadows of the props but without the props.
        props: what to paint between people, by distance.
    """

    image: np.ndarray
    props: tuple[Standing, ...]


@lru_cache(maxsize=4)
def backdrop(name: str) -> Backdrop:
    """Paint the empty scene of a camera; always the same, whatever the seed."""
    camera, rng = cameras.load(name), np.random.default_rng(20)
    image = _ground(camera, rng)
    _front(image, camera, rng)
    standing, layer = [], np.zeros(image.shape[:2], np.uint8)
    for item in sorted(camera.props, key=lambda prop: -prop.at[1]):
        parts = place(prop(item.kind, item.size, rng), item.at[0], item.at[1], 0.0)
        cast_shadow(layer, parts, camera)
        picture = sprite(parts, camera)
        if picture is not None:
            standing.append(Standing(item.at[1], picture))
    return Backdrop(darken(image, layer), tuple(standing))


def darken(image: np.ndarray, layer: np.ndarray) -> np.ndarray:
    """Take light away from (H, W, 3) uint8 where the (H, W) uint8 shadow layer says so, with soft edges."""
    soft = cv2.GaussianBlur(layer, (5, 5), 1.0)
    gain = cv2.cvtColor(255 - cv2.convertScaleAbs(soft, alpha=SHADE), cv2.COLOR_GRAY2RGB)
    return cv2.multiply(image, gain, scale=1 / 255)


def _noise(shape: tuple[int, int], cell: int, rng: np.random.Generator) -> np.ndarray:
    """(H, W) float32 smooth noise around 0, blobs of about `cell` pixels."""
    coarse = rng.standard_normal((shape[0] // cell + 2, shape[1] // cell + 2)).astype(np.float32)
    return cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)


def _texture(camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """(H, W, 3) float32 RGB: the ground from above, _PX_PER_M pixels a metre, far edge on top."""
    H, W = round((_Y[1] - _Y[0]) * _PX_PER_M), round((_X[1] - _X[0]) * _PX_PER_M)
    mottle = 5 * _noise((H, W), 2, rng) + 5 * _noise((H, W), 9, rng) + 6 * _noise((H, W), 70, rng)
    image = np.array([98, 126, 70], np.float32) + mottle[..., None] * np.array([1.0, 1.1, 0.7], np.float32)
    ways = [(way, np.rint([_pixel(point) for point in way.points]).astype(np.int32)) for way in camera.paths]
    kerb, paved = np.zeros((H, W), np.uint8), np.zeros((H, W), np.uint8)
    for way, line in ways:
        cv2.polylines(kerb, [line], False, 255, round((way.width + 0.3) * _PX_PER_M))
        cv2.polylines(paved, [line], False, 255, round(way.width * _PX_PER_M))
    image[kerb > 0] = np.array([168, 164, 154])
    return np.where(paved[..., None] > 0, _paving((H, W), rng), image)


def _pixel(point: tuple[float, float]) -> tuple[float, float]:
    return (point[0] - _X[0]) * _PX_PER_M, (_Y[1] - point[1]) * _PX_PER_M


def _paving(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """(H, W, 3) float32: slabs of 0.6 x 0.9 m in running bond, each its own tone, with joints."""
    row, column = np.indices(shape)
    course = row // 22
    slab = (column + (course % 2) * 16) // 32
    tone = rng.normal(0, 5.0, (course.max() + 1, slab.max() + 1))[course, slab]
    joint = ((row % 22) < 2) | (((column + (course % 2) * 16) % 32) < 2)
    grain = 2.5 * _noise(shape, 2, rng) + 4 * _noise(shape, 60, rng)
    value = (tone + grain - 22 * joint).astype(np.float32)
    return np.array([186, 176, 160], np.float32) + value[..., None]


def _ground(camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """(H, W, 3) uint8: the ground in perspective, painted at twice the size and scaled down."""
    corners = np.array([(x, y) for y in _Y[::-1] for x in _X])
    above = np.array([_pixel((x, y)) for x, y in corners], np.float32)
    seen, _ = camera.project(np.column_stack([corners, np.zeros(4)]))
    matrix = cv2.getPerspectiveTransform(above, ((seen + 0.5) * 2 - 0.5).astype(np.float32))
    texture = np.clip(_texture(camera, rng), 0, 255).astype(np.uint8)
    large = cv2.warpPerspective(texture, matrix, (2 * camera.width, 2 * camera.height), flags=cv2.INTER_AREA)
    return cv2.resize(large, (camera.width, camera.height), interpolation=cv2.INTER_AREA)


def _front(image: np.ndarray, camera: Camera, rng: np.random.Generator) -> None:
    """Paint the building front with its shop windows, doors and plinth onto the image, in place."""
    y = camera.wall_y
    panes: list[Part] = [
        _plate((-40, 40), 0.0, 9.0, y, (176, 150, 124)),
        _plate((-40, 40), 0.0, 0.45, y - 0.02, (120, 112, 104)),
    ]
    for index, x in enumerate(np.arange(-17.5, 18, 3.5)):
        door = index % 3 == 1
        glass = (70 + int(rng.integers(20)), 84 + int(rng.integers(24)), 96 + int(rng.integers(24)))
        bottom = 0.05 if door else 0.65
        panes.append(_plate((x - 1.15, x + 1.15), bottom - 0.05, 2.7, y - 0.04, (224, 216, 200)))
        panes.append(_plate((x - 1.02, x + 1.02), bottom, 2.6, y - 0.06, (96, 62, 44) if door else glass))
        panes.append(_plate((x - 0.03, x + 0.03), bottom, 2.6, y - 0.08, (214, 206, 190)))
        if not door:
            light = (glass[0] + 26, glass[1] + 26, glass[2] + 26)
            panes.append(
                Part(
                    np.array([(x - 0.8, y - 0.1, 2.5), (x - 0.2, y - 0.1, 2.5), (x - 0.7, y - 0.1, bottom)]), 0.0, light
                )
            )
    for pane in panes:
        picture = sprite([pane], camera)
        if picture is not None:
            h, w = picture.opacity.shape
            area = image[picture.y : picture.y + h, picture.x : picture.x + w]
            cover = picture.opacity[..., None] / 255.0
            area[:] = (area * (1 - cover) + picture.colour).astype(np.uint8)


def _plate(sides: tuple[float, float], low: float, high: float, y: float, colour: Colour) -> Part:
    left, right = sides
    return Part(np.array([(left, y, low), (right, y, low), (right, y, high), (left, y, high)]), 0.0, colour)
