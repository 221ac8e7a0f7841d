"""What is true of a drawn frame, from who owns which pixel: boxes of all; mask, regions and label of the anomalous."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np

from vadflow.plaza.actors import CLASSES, Actor
from vadflow.plaza.parts import turned
from vadflow.plaza.render import Drawn
from vadflow.plaza.story import Story

MIN_PIXELS = 10
"""Less than this of an object is not seen: no box, no mask, no label."""

NEAR_PX = 2
"""A keypoint is seen where a pixel of its owner is so near: hands and noses lie on the outline."""


class Seen(NamedTuple):
    """One object in one frame.

    Attributes:
        actor: its index in the story.
        kind: class id, a position in CLASSES.
        box: x1, y1, x2, y2 of its visible pixels, half-open.
        share: visible pixels over those it would show if nothing hid it.
    """

    actor: int
    kind: int
    box: tuple[int, int, int, int]
    share: float


def objects(drawn: Drawn, actors: list[Actor]) -> list[Seen]:
    """List the objects that are seen in a frame."""
    count = np.bincount(drawn.owner.ravel(), minlength=len(actors) + 1)
    seen = []
    for index in sorted(drawn.whole):
        pixels = int(count[index + 1])
        if pixels >= MIN_PIXELS:
            x, y, w, h = cv2.boundingRect((drawn.owner == index + 1).view(np.uint8))
            kind = CLASSES.index(actors[index].kind)
            seen.append(Seen(index, kind, (x, y, x + w, y + h), pixels / drawn.whole[index]))
    return seen


def bodies(drawn: Drawn, story: Story, t: int, min_share: float) -> list[tuple[Seen, np.ndarray]]:
    """List the people of a frame of whom at least `min_share` is seen, with COCO's keypoints.

    Returns:
        (17, 3) beside each: x, y in pixels, and 2 where it is seen or 0 where not, as in COCO.
    """
    found = []
    for one in objects(drawn, story.actors):
        actor = story.actors[one.actor]
        if one.share < min_share or actor.joints is None:
            continue
        x, y = actor.motion.at[t]
        world = turned(actor.joints(t), float(actor.motion.heading[t])) + np.array([x, y, 0.0])
        pixels, _ = story.shot.camera.project(world)
        mine = cv2.dilate((drawn.owner == one.actor + 1).view(np.uint8), np.ones((2 * NEAR_PX + 1,) * 2, np.uint8))
        inside = np.all((pixels > -0.5) & (pixels < np.array(mine.shape[::-1]) - 0.5), axis=1)
        column, row = np.rint(np.where(inside[:, None], pixels, 0)).astype(int).T
        found.append((one, np.column_stack([pixels, 2 * (inside & (mine[row, column] > 0))])))
    return found


@dataclass
class Record:
    """The truth of a clip, gathered frame by frame.

    Attributes:
        labels: 0 or 1 per frame.
        masks: packed rows per frame, (H * W / 8,) uint8.
        boxes: (frame, actor, class id, x1, y1, x2, y2) of every object seen.
        regions: (track, frame, x1, y1, x2, y2) of anomalous things; what rides and what is ridden are one track.
    """

    actors: list[Actor]
    labels: list[int] = field(default_factory=list)
    masks: list[np.ndarray] = field(default_factory=list)
    boxes: list[tuple[int, ...]] = field(default_factory=list)
    regions: list[tuple[int, ...]] = field(default_factory=list)

    def add(self, drawn: Drawn) -> None:
        """Take in the next frame."""
        t = len(self.labels)
        seen = objects(drawn, self.actors)
        odd = [item for item in seen if self.actors[item.actor].anomalous[t]]
        marked = np.zeros(len(self.actors) + 1, bool)
        marked[[item.actor + 1 for item in odd]] = True
        owned = marked[drawn.owner]  # (H, W) bool
        self.boxes += [(t, item.actor, item.kind, *item.box) for item in seen]
        for track in sorted({self.actors[item.actor].event for item in odd}):
            group = np.array([item.box for item in odd if self.actors[item.actor].event == track])
            low, high = group[:, :2].min(axis=0).tolist(), group[:, 2:].max(axis=0).tolist()
            self.regions.append((track, t, *low, *high))
        self.masks.append(np.packbits(owned))
        self.labels.append(int(bool(odd)))

    def arrays(self, shape: tuple[int, int]) -> dict[str, np.ndarray]:
        """Give the arrays of the truth file; `shape` is (H, W)."""
        return {
            "labels": np.array(self.labels, np.uint8),
            "masks": np.array(self.masks, np.uint8),
            "shape": np.array(shape, np.int32),
            "boxes": np.array(self.boxes, np.int32).reshape(-1, 7),
            "regions": np.array(self.regions, np.int32).reshape(-1, 6),
        }
