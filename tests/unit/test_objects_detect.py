"""A clip through a detector: rows, motion attributes, counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadflow.errors import VadflowError
from vadflow.objects import schema
from vadflow.objects.base import Boxes
from vadflow.objects.detect import box_means, detect_clip, motion

T, H, W = 9, 24, 32


class Follower:
    """Finds one box that starts at the value of pixel (0, 0); nothing where that is 255."""

    names: ClassVar = {0: "thing"}
    weights, sha256, needs_weights = "none", "", False

    def __init__(self, every: int = 1, batch: int = 2) -> None:
        self.every, self.batch, self.shown, self.restarts = every, batch, 0, 0

    def restart(self) -> None:
        self.restarts += 1

    def detect(self, frames: Sequence[np.ndarray]) -> list[Boxes]:
        assert len(frames) <= self.batch
        self.shown += len(frames)
        return [self._one(int(frame[0, 0, 0])) for frame in frames]

    def _one(self, x: int) -> Boxes:
        if x == 255:
            return Boxes.none(1)
        one = np.ones(1, np.float32)
        return Boxes(np.array([[x, 2, x + 8, 40]], np.float32), one, np.zeros(1, np.int16), one[:, None])


def clip(values: Sequence[int]) -> list[np.ndarray]:
    return [np.full((H, W, 3), value, np.uint8) for value in values]


def run(detector: Any, values: Sequence[int], length: int = T) -> Any:
    flow = np.zeros((length, 3, 4, 2), np.float16)
    flow[..., 0], flow[..., 1] = 3, -4
    return detect_clip(
        clip(values), detector, flow=flow, differences=np.full((length, 3, 4), 0.25, np.float16), where="clip 01"
    )


def test_rows_obey_the_contract_and_say_what_made_them() -> None:
    detector = Follower()
    found = run(detector, range(T))
    schema.validate(found, where="here", n_frames=T, size=(H, W))
    assert found.frame.tolist() == list(range(T)) and found.y2.tolist() == [H] * T
    assert found.speed.tolist() == [5] * T and found.dx[0] == 3 and found.dy[0] == -4 and found.energy[0] == 0.25
    assert found.attrs == {
        "detector": "test_objects_detect",
        "weights": "none",
        "sha256": "",
        "names": {"0": "thing"},
    }
    assert detector.restarts == 1


def test_frames_and_clips_without_objects() -> None:
    assert run(Follower(), [255, 3] + [255] * 7).frame.tolist() == [1]
    nothing = run(Follower(), [255] * T)
    assert len(nothing) == 0 and list(nothing.columns) == list(schema.COLUMNS) and nothing.attrs["weights"] == "none"


def test_every_third_frame_is_shown_and_the_rest_interpolated() -> None:
    detector = Follower(every=3)
    assert run(detector, range(T)).x1.tolist() == [0, 1, 2, 3, 4, 5, 6, 6, 6]
    assert detector.shown == 3


@pytest.mark.parametrize("n", [T - 2, T + 2])
def test_a_source_of_another_length_is_told(n: int) -> None:
    with pytest.raises(VadflowError, match=rf"clip 01: {n} frames decode, but flow has {T}"):
        run(Follower(), range(n))


@settings(max_examples=100)
@given(st.integers(0, 2**32 - 1))
def test_box_means_equal_the_mean_over_pixels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gh, gw, scale = int(rng.integers(1, 6)), int(rng.integers(1, 6)), 4
    cells = rng.normal(size=(2, gh, gw))
    pixels = cells.repeat(scale, 1).repeat(scale, 2)
    y1, x1 = int(rng.integers(0, gh * scale)), int(rng.integers(0, gw * scale))
    y2, x2 = int(rng.integers(y1 + 1, gh * scale + 1)), int(rng.integers(x1 + 1, gw * scale + 1))
    found = box_means(cells, np.array([[x1, y1, x2, y2]], np.float32), (gh * scale, gw * scale))
    assert np.allclose(found[0], pixels[:, y1:y2, x1:x2].mean(axis=(1, 2)), atol=1e-5)


def test_motion_of_no_boxes() -> None:
    found = motion(np.zeros((0, 4), np.float32), np.zeros((2, 2, 2)), np.zeros((2, 2)), (H, W))
    assert {name: value.shape for name, value in found.items()} == dict.fromkeys(("speed", "dx", "dy", "energy"), (0,))
