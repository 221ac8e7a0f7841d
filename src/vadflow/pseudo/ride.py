"""A ride: a drawn cyclist, cart or longboard of the built-in scene crosses the picture, faster than people walk.

`local_skip` makes a walker fast and `local_shape` makes one foreign; neither is both, and neither is in one piece. What people
ride on is: the detector's boxes fit it badly, its class is none that the scene knows, and it glides. It is drawn by `plaza`, so
it needs no photograph; its texture is foreign for that reason too, as that of a pasted object is. Its size is a share of the
frame's height, its speed one of its own; where it passes, something moves. It has colour only where the frame has.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from pydantic import Field, model_validator

from vadflow.clip import ClipView
from vadflow.plaza import camera as cameras
from vadflow.plaza import riders
from vadflow.plaza.motion import Shot
from vadflow.plaza.parts import place
from vadflow.plaza.sprite import Sprite, sprite
from vadflow.pseudo.base import PartParams, Row, moving_box, paste, steps

RIDERS = (riders.cyclist, riders.cart, riders.skater)
_SCENE = "far"
"""The camera of the built-in scene whose ways they ride; they are looked at from another one."""
_ADULT_M = 1.75
_AWAY_M = 30.0
"""Distance of the camera that looks at the rider: far enough to have no perspective of its own."""
_PITCH_DEG = (10.0, 40.0)
"""How steeply that camera looks down, drawn for every ride."""
_SLOPE = 0.15
"""Steepest way up or down the picture, of one along it."""


class Params(PartParams):
    """Somebody rides through; sizes are heights of a grown person."""

    min_speed: float = Field(gt=0, le=2, description="slowest, person heights a frame")
    max_speed: float = Field(
        gt=0, le=2, description="fastest, person heights a frame; slower where the picture is too narrow"
    )

    @model_validator(mode="after")
    def _in_turn(self) -> Params:
        if self.min_speed > self.max_speed:
            raise ValueError("expected min_speed <= max_speed")
        return self


def draw(
    rng: np.random.Generator, clip: ClipView, *, start: int, window: int, params: Params, donors: Sequence[ClipView]
) -> Row:
    """Choose size, speed and a way through a place where something moves; x1..y2 is a person's square there in the first frame."""
    H, W = clip.frames.shape[1:3]
    tall = max(4, round(H * rng.uniform(params.min_size, params.max_size)))
    side = min(tall, H, W)
    box = moving_box(rng, clip, (side, side), start=start, span=window)
    speed = tall * rng.uniform(params.min_speed, params.max_speed) * rng.choice([-1, 1])
    x, dx = _through(box["x1"], speed, W - side, window)
    y, dy = _through(box["y1"], dx * rng.uniform(-_SLOPE, _SLOPE), H - side, window)
    return {"x1": x, "y1": y, "x2": x + side, "y2": y + side, "dx": dx, "dy": dy, "sigma": params.feather_px}


def _through(at: float, move: float, room: float, window: int) -> tuple[float, float]:
    """First position and px a frame along one axis, such that it passes `at` half-way, or as near as it can and stay inside."""
    last = max(window - 1, 1)
    move = float(np.clip(move, -room / last, room / last))
    travel = move * last
    return float(np.clip(at - travel / 2, max(0.0, -travel), room - max(0.0, travel))), move


def replay(row: Any, frames: np.ndarray, window: int, donor: np.ndarray | None) -> np.ndarray:
    """Draw the ride over the window."""
    clip = np.array(frames[steps(row.start, 1, window, len(frames))])  # a copy: memory-mapped frames are read-only
    rng = np.random.default_rng(int(row.seed))
    view = _view(float(row.y2 - row.y1) / _ADULT_M, float(rng.uniform(*_PITCH_DEG)))
    shot = Shot(cameras.load(_SCENE), window, 10.0)
    rider = RIDERS[int(rng.integers(len(RIDERS)))](shot, rng, 0.0)
    heading = 0.0 if row.dx > 0 else math.pi
    grey = clip.shape[3] == 1 or bool((clip[..., :1] == clip).all())
    for t, frame in enumerate(clip):
        parts = [part for actor in rider for part in place(actor.figure(t), 0.0, _AWAY_M, heading)]
        picture = sprite(parts, view)
        if picture is None:
            continue
        colour, opacity, edge = _blurred(picture, float(row.sigma), grey)
        x = (
            (row.x1 + row.x2) / 2 + t * row.dx - (view.width - 1) / 2
        )  # the view's corner: its middle is under the rider
        y = row.y2 + t * row.dy - (view.height - 1) / 2
        paste(frame, colour[..., : frame.shape[2]], opacity, round(y) + picture.y - edge, round(x) + picture.x - edge)
    return clip


def _blurred(picture: Sprite, blur: float, grey: bool) -> tuple[np.ndarray, np.ndarray, int]:
    """A picture as sharp as the scene is: colour (h, w, 3) times opacity, opacity (h, w, 1) in [0, 1], and the border it grew by, px."""
    edge = math.ceil(2 * blur) + 1
    layer = np.dstack([picture.colour, picture.opacity])
    layer = cv2.copyMakeBorder(layer, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0))
    layer = cv2.GaussianBlur(layer, (0, 0), blur) if blur > 0 else layer
    colour = layer[..., :3]
    if grey:
        colour = cv2.cvtColor(cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return colour, layer[..., 3:].astype(np.float32) / 255, edge


def _view(px_per_m: float, pitch_deg: float) -> cameras.Camera:
    """A square picture whose middle is the ground under the rider."""
    pitch = math.radians(pitch_deg)
    side = 2 * max(8, round(2.4 * px_per_m)) + 1
    # the ground under the rider is looked at from above by `pitch`, at a slant distance of _AWAY_M / cos
    lens = {"focal_px": px_per_m * _AWAY_M / math.cos(pitch), "height_m": max(_AWAY_M * math.tan(pitch), 1e-3)}
    content = cameras.load(_SCENE).model_dump() | {"width": side, "height": side, "pitch_deg": pitch_deg, **lens}
    return cameras.Camera.model_construct(**content)
