"""A told clip to frames: people and props painted by distance, with exact visibility, shadows, light and noise."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np

from vadflow.plaza.actors import Actor
from vadflow.plaza.backdrop import Backdrop, backdrop, darken
from vadflow.plaza.parts import Part, place
from vadflow.plaza.sprite import Sprite, cast_shadow, paste, sprite
from vadflow.plaza.story import Plan, Story, tell

NOISE, COLOUR_NOISE = 1.9, 0.8
"""Standard deviation of the sensor noise, of 255: common to the three colours, and of each by itself."""


class Drawn(NamedTuple):
    """One frame.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        owner: (H, W) uint16; 0 = background or prop, otherwise 1 + the index of the actor seen there.
        whole: pixels each actor would show if nothing hid it (the part outside the frame not counted), by actor index.
    """

    image: np.ndarray
    owner: np.ndarray
    whole: dict[int, int]


def frames(plan: Plan) -> Iterator[Drawn]:
    """Draw a clip frame by frame."""
    yield from draw(plan, tell(plan))


def draw(plan: Plan, story: Story) -> Iterator[Drawn]:
    """Draw a told clip frame by frame, in bounded memory."""
    scene, rng = backdrop(plan.camera), story.rng
    shape = scene.image.shape
    grain = _grain(shape[0] + 64, shape[1] + 64, rng)
    level, cloud = float(rng.uniform(0.96, 1.04)), float(rng.uniform(0, 6.28))
    for t in range(story.shot.n_frames):
        image, owner, whole = _compose(scene, story, t)
        light = level + 0.015 * math.sin(0.8 * t / plan.fps + cloud)
        y, x = rng.integers(0, 64, 2)
        noise = grain[int(rng.integers(2)), y : y + shape[0], x : x + shape[1]]
        yield Drawn(cv2.add(cv2.convertScaleAbs(image, alpha=light), noise, dtype=cv2.CV_8U), owner, whole)


def _grain(H: int, W: int, rng: np.random.Generator) -> np.ndarray:
    """(2, H, W, 3) int16 noise, larger than a frame: frames take pieces of it, as drawing anew is slow."""
    grey, colour = rng.normal(0, NOISE, (2, H, W, 1)), rng.normal(0, COLOUR_NOISE, (2, H, W, 3))
    return np.rint(grey + colour).astype(np.int16)


def _compose(scene: Backdrop, story: Story, t: int) -> tuple[np.ndarray, np.ndarray, dict[int, int]]:
    camera = story.shot.camera
    shadow = np.zeros(scene.image.shape[:2], np.uint8)
    pictures: list[tuple[float, int, Sprite]] = [(prop.distance, 0, prop.picture) for prop in scene.props]
    for index, actor in enumerate(story.actors):
        if not _near(actor, story, t):
            continue
        parts = _parts(actor, t)
        picture = sprite(parts, camera)
        if picture is not None:
            cast_shadow(shadow, parts, camera)
            pictures.append((float(actor.motion.at[t, 1]) + actor.order, index + 1, picture))
    image, owner, whole = darken(scene.image, shadow), np.zeros(shadow.shape, np.uint16), {}
    for _, number, picture in sorted(pictures, key=lambda item: -item[0]):
        paste(image, picture)
        h, w = picture.opacity.shape
        solid = picture.opacity > 127
        owner[picture.y : picture.y + h, picture.x : picture.x + w][solid] = number
        if number:
            whole[number - 1] = int(np.count_nonzero(solid))
    return image, owner, whole


def _parts(actor: Actor, t: int) -> list[Part]:
    x, y = actor.motion.at[t]
    return place(actor.figure(t), float(x), float(y), float(actor.motion.heading[t]))


def _near(actor: Actor, story: Story, t: int) -> bool:
    """Tell whether an actor could be in the picture at all, before its parts are made."""
    camera, (x, y) = story.shot.camera, actor.motion.at[t]
    if not 1.0 < y < camera.wall_y:
        return False
    half_width = camera.width / 2 / camera.focal_px * (y + camera.height_m)  # never less than the picture shows
    return bool(abs(x) < half_width + 2.0)
