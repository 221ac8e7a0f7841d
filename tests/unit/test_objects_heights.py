"""How tall people are in normal video decides at what size flow is computed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import drawing
from vadflow.frames.decode import Limits
from vadflow.objects.base import Boxes
from vadflow.objects.heights import FIRST, STEP, flow_side, person_heights
from vadflow.types import ClipSource


class Eye:
    """Sees the same boxes in every frame, and counts what it is shown."""

    names = {0: "person", 1: "bag"}  # noqa: RUF012
    weights, sha256, batch, every, needs_weights = "", "", 1, 1, False

    def __init__(self, boxes: list[tuple[float, float, float, float, float, int]]) -> None:
        self.boxes, self.shown, self.clips = np.array(boxes, np.float32).reshape(-1, 6), 0, 0

    def restart(self) -> None:
        self.clips += 1

    def detect(self, frames: Sequence[np.ndarray]) -> list[Boxes]:
        self.shown += len(frames)
        b = self.boxes
        return [Boxes(b[:, :4], b[:, 4], b[:, 5].astype(np.int16), np.zeros((len(b), 0), np.float32)) for _ in frames]


def sources(folder: Path, count: int, length: int) -> list[ClipSource]:
    found = []
    for number in range(count):
        path = folder / f"n{number}.avi"
        drawing.video(path, n=length)
        found.append(ClipSource("train", path.stem, path))
    return found


LIMITS = Limits(max_frames=10_000, max_side=4096, max_seconds=1000.0)


def test_only_whole_and_certain_people_count(tmp_path: Path) -> None:
    inside, cut, unsure, bag = (
        (5, 5, 10, 25, 0.9, 0),
        (5, 0, 10, 30, 0.9, 0),
        (5, 5, 9, 22, 0.3, 0),
        (5, 5, 20, 20, 0.9, 1),
    )
    eye = Eye([inside, cut, unsure, bag])
    heights, longest = person_heights(sources(tmp_path, 2, 60), eye, limits=LIMITS, threads=1)
    assert heights.tolist() == [20.0] * 4, "two clips, frames 0 and 50"
    assert (eye.clips, eye.shown) == (2, 4)
    assert longest == 64


def test_a_long_clip_is_looked_at_in_its_beginning_only(tmp_path: Path) -> None:
    eye = Eye([])
    heights, _ = person_heights(sources(tmp_path, 1, FIRST + 60), eye, limits=LIMITS, threads=1)
    assert eye.shown == FIRST // STEP and len(heights) == 0


@pytest.mark.parametrize(
    ("heights", "side"),
    [
        (np.r_[np.full(6, 40.0), np.full(94, 200.0)], 640),  # more than a twentieth are small: all pixels are needed
        (
            np.r_[np.full(4, 40.0), np.full(96, 200.0)],
            160,
        ),  # a few small ones are not: 640 x 48 / 200 = 154, the least is 160
        (np.full(100, 96.0), 320),
        (np.full(100, 98.0), 320),  # 313 would do; half the frame is quicker
        (np.full(100, 80.0), 384),  # no whole part of 640 is near
        (np.full(29, 96.0), 512),  # too few to tell: the cap
    ],
)
def test_the_smallest_twentieth_decides(heights: np.ndarray, side: int) -> None:
    cap = 512 if len(heights) < 30 else 640
    assert flow_side(heights, 640, person_px=48, max_side=cap) == side
