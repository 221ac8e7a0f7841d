"""Windows drawn and streamed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from systems_data import draw_clip

from vadflow.clip import Segment
from vadflow.errors import VadflowError
from vadflow.frames.windows import WindowSampler, as_float, stream_windows


def test_same_generator_same_windows(tmp_path: Path) -> None:
    clip = draw_clip(tmp_path, "a", 20)
    sampler = WindowSampler([Segment(clip, 3, 18)], length=5, crop=16, motion_share=0.5)
    one, two = (sampler.draw(np.random.default_rng(1), 6) for _ in range(2))
    assert one.shape == (6, 5, 16, 16, 1)
    assert np.array_equal(one, two)


def test_crops_follow_motion(tmp_path: Path) -> None:
    clip = draw_clip(tmp_path, "a", 20)
    where = [
        WindowSampler([Segment(clip, 0, 20)], length=5, crop=16, motion_share=share)
        .draw(np.random.default_rng(1), 200)
        .max(axis=(1, 2, 3, 4))
        > 200
        for share in (0.0, 1.0)
    ]
    assert where[1].mean() > where[0].mean() + 0.15


def test_crop_larger_than_the_frame_takes_it_whole(tmp_path: Path) -> None:
    clip = draw_clip(tmp_path, "a", 6)
    sampler = WindowSampler([Segment(clip, 0, 6)], length=5, crop=64, motion_share=1.0)
    assert sampler.draw(np.random.default_rng(0), 1).shape == (1, 5, 32, 48, 1)


def test_too_short_for_a_window(tmp_path: Path) -> None:
    with pytest.raises(VadflowError, match="normal clip of 5 frames"):
        WindowSampler([Segment(draw_clip(tmp_path, "a", 4), 0, 4)], length=5, crop=0, motion_share=0)


@pytest.mark.parametrize(("start", "stop", "stride", "ends"), [(0, 12, 1, range(4, 12)), (2, 9, 2, [6, 8])])
def test_stream_covers_every_window_once(start: int, stop: int, stride: int, ends: list[int]) -> None:
    frames = np.arange(12, dtype=np.uint8).reshape(12, 1, 1, 1)
    found = list(stream_windows(frames, 5, 3, start=start, stop=stop, stride=stride))
    assert [int(e) for _, last in found for e in last] == list(ends)
    assert all(np.array_equal(w[:, -1, 0, 0, 0], last) for w, last in found)
    assert all((np.diff(w[:, :, 0, 0, 0].astype(int)) == 1).all() for w, _ in found)


def test_short_clip_repeats_its_last_frame() -> None:
    frames = np.arange(3, dtype=np.uint8).reshape(3, 1, 1, 1)
    [(windows, last)] = list(stream_windows(frames, 5, 4))
    assert windows[0, :, 0, 0, 0].tolist() == [0, 1, 2, 2, 2]
    assert last.tolist() == [2]
    assert list(stream_windows(frames[:0], 5, 4)) == []


def test_as_float_is_exact_at_the_ends() -> None:
    assert as_float(np.array([0, 255], dtype=np.uint8)).tolist() == [0.0, 1.0]
