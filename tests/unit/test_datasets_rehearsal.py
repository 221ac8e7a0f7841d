"""A rehearsal takes another dataset's training clips, spoils some, and never touches its test split."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import drawing
from vadflow.datasets import rehearsal
from vadflow.errors import VadflowError
from vadflow.frames.decode import Decoder
from vadflow.types import ClipSource

T = 60


def normal_clips(root: Path, count: int) -> Path:
    """`count` image folders of T frames, whose level says clip and number; beside them a test split that nobody may decode."""
    for i in range(count):
        for t in range(T):
            drawing.image(root / f"{i:02d}" / f"{t:03d}.png", np.full((48, 64, 3), 4 * t + i, np.uint8))
    watch = root.parent / "watch" / "one"
    watch.mkdir(parents=True)
    (watch / "000.png").write_bytes(b"whoever decodes this has read the test split")
    return root


def params(folder: Path, **more: Any) -> rehearsal.Params:
    of = {
        "adapter": "folder",
        "path_train": str(folder),
        "path_test": str(folder.parent / "watch"),
        "labels": None,
        "fps": 10,
    }
    kinds = {"skip": {"skips": [2]}}
    given = {"of": of, "every": 2, "first": 1, "kinds": kinds, "normal": 10, "span": 8} | more
    given = {"at_once": 1, "seed": 0, "fps": 10} | given
    return rehearsal.Params.model_validate({"adapter": "rehearsal", **given})


def made(chosen: rehearsal.Params, root: Path) -> list[tuple[ClipSource, np.ndarray, list[int]]]:
    found = []
    for source in rehearsal.clips(chosen, str(root)):
        source.path.parent.mkdir(parents=True, exist_ok=True)
        rehearsal.render(chosen, source)
        frames = np.stack(list(Decoder(source.path)))
        truth = rehearsal.truth(chosen, source, len(frames))
        found.append((source, frames, np.asarray(truth.labels).tolist()))
    return found


def levels(frames: np.ndarray) -> list[int]:
    return frames[:, 24, 32, 0].tolist()


def test_training_clips_are_copied_and_the_held_out_ones_spoiled(tmp_path: Path) -> None:
    clips = made(params(normal_clips(tmp_path / "normal", 4)), tmp_path / "made")
    assert [f"{source.split}/{source.name}" for source, *_ in clips] == ["train/00", "train/02", "test/01", "test/03"]
    _, frames, labels = clips[0]
    assert levels(frames) == [4 * t for t in range(T)] and not any(labels)
    _, frames, labels = clips[2]
    one_turn = [0] * 10 + [1] * 8
    assert labels == one_turn * 2 + [0] * 8
    assert levels(frames)[:18] == [4 * t + 1 for t in [*range(10), *range(10, 26, 2)]]
    assert levels(frames)[18] == 4 * 26 + 1, "the clip goes on where the pseudo-anomaly ended: no jump back"


def test_each_clip_can_be_held_out_once(tmp_path: Path) -> None:
    folder, held = normal_clips(tmp_path / "normal", 5), []
    for first in range(2):
        held += [s.name for s in rehearsal.clips(params(folder, first=first), "made") if s.split == "test"]
    assert sorted(held) == ["00", "01", "02", "03", "04"]
    with pytest.raises(ValueError, match="first < every"):
        params(folder, first=2)


def test_what_is_wrong_in_a_box_lets_the_rest_play_on(tmp_path: Path) -> None:
    local = {"local_skip": {"skips": [2], "min_size": 0.2, "max_size": 0.2, "feather_px": 0}}
    _, frames, labels = made(params(normal_clips(tmp_path / "normal", 2), kinds=local), tmp_path / "made")[1]
    outside = np.array([np.bincount(frame[..., 0].ravel()).argmax() for frame in frames])
    assert outside.tolist() == [4 * t + 1 for t in range(T)] and len(labels) == T
    spoiled = np.array(
        [(frame != frame[0, 0]).any() or (frame != level).any() for frame, level in zip(frames, outside, strict=True)]
    )
    assert spoiled[10] == 0 and spoiled[11:18].all(), "at first both show the same frame, then the box runs ahead"
    assert not spoiled[:10].any() and not spoiled[18:28].any()


def test_a_patch_changes_pixels_and_the_draw_repeats(tmp_path: Path) -> None:
    patch = {"patch": {"min_size": 0.2, "max_size": 0.4, "max_move_px": 2, "feather_px": 0}}
    chosen = params(normal_clips(tmp_path / "normal", 2), kinds=patch)
    (_, first, labels), (_, again, _) = (made(chosen, tmp_path / name)[1] for name in "ab")
    assert np.array_equal(first, again)
    plain = np.array([(frame == frame[0, 0]).all() for frame in first])
    assert plain[np.array(labels) == 0].all() and not plain[np.array(labels) == 1].all()


def walkers(root: Path, count: int) -> Path:
    """`count` image folders: a bright block of 12 x 8 px that walks to the right by 1 px a frame over a grey place."""
    for i in range(count):
        for t in range(T):
            frame = np.full((48, 64, 3), 90, np.uint8)
            frame[18:30, 2 + t % 50 : 10 + t % 50] = 220
            drawing.image(root / f"{i:02d}" / f"{t:03d}.png", frame)
    (root.parent / "watch" / "one").mkdir(parents=True)
    drawing.image(root.parent / "watch" / "one" / "000.png", np.zeros((48, 64, 3), np.uint8))
    return root


def test_masks_show_what_is_strange_and_not_the_hole_it_left(tmp_path: Path) -> None:
    local = {"local_skip": {"skips": [3], "min_size": 1.0, "max_size": 1.0, "feather_px": 0}}
    chosen = params(walkers(tmp_path / "normal", 2), kinds=local)
    source, frames, labels = made(chosen, tmp_path / "made")[1]
    found = list(rehearsal.masks(chosen, source))
    assert len(found) == len(frames) == T
    assert not any(mask.any() for mask, label in zip(found, labels, strict=True) if not label)
    t = 10 + 6  # six frames into the first pseudo-anomaly the walker is 12 px ahead of himself: nothing overlaps
    bright = frames[t, ..., 0] > 150
    assert bright.sum() == 12 * 8 and np.array_equal(found[t], bright)
    truth = rehearsal.truth(chosen, source, T)
    x = np.flatnonzero(bright.any(axis=0))
    assert truth.has_masks and [r[1:] for r in truth.regions if r[1] == t] == [(t, x[0], 18, x[-1] + 1, 30)]
    assert len({r[0] for r in truth.regions if 12 <= r[1] < 18}) == 1, "one walker is one track"


def test_two_at_once_are_two_regions(tmp_path: Path) -> None:
    ride = {"ride": {"min_size": 0.3, "max_size": 0.3, "min_speed": 0.1, "max_speed": 0.2, "feather_px": 0}}
    folder, most = walkers(tmp_path / "normal", 4), {}
    for at_once in (1, 2):
        chosen = params(folder, kinds=ride, at_once=at_once, every=4, first=0)
        source, frames, _ = made(chosen, tmp_path / str(at_once))[-1]
        truth = rehearsal.truth(chosen, source, len(frames))
        most[at_once] = np.bincount([region[1] for region in truth.regions]).max()
    assert most[2] > most[1] == 1


def test_a_speck_is_no_region_and_a_gap_no_border() -> None:
    empty = np.zeros((40, 40, 3), np.uint8)
    frame = empty.copy()
    frame[2:4, 2:4] = 200  # a speck
    frame[10:30, 10:18] = frame[10:30, 21:28] = 200  # one thing with a gap of 3 px
    found = rehearsal.strange(frame, empty, empty)
    assert not found[:8, :8].any() and found[12:28, 12:26].all()
    assert not rehearsal.strange(frame, frame, empty).any(), "what the original shows too is not strange"


def test_where_whole_frames_are_spoiled_nothing_is_said_about_places(tmp_path: Path) -> None:
    chosen = params(walkers(tmp_path / "normal", 2))
    source, frames, _ = made(chosen, tmp_path / "made")[1]
    truth = rehearsal.truth(chosen, source, len(frames))
    assert not truth.has_masks and not truth.regions and not list(rehearsal.masks(chosen, source))


def test_a_damaged_truth_is_named(tmp_path: Path) -> None:
    chosen = params(walkers(tmp_path / "normal", 2))
    source, frames, _ = made(chosen, tmp_path / "made")[1]
    assert source.labels is not None
    source.labels.write_bytes(b"no archive")
    with pytest.raises(VadflowError, match="truth cannot be read"):
        rehearsal.truth(chosen, source, len(frames))


def test_the_built_in_scene_can_be_rehearsed(tmp_path: Path) -> None:
    """Its clips do not exist yet: they are drawn on the way."""
    scene: dict[str, Any] = {"adapter": "plaza", "camera": "far", "seed": 3, "train_clips": 2, "test_clips": 1}
    scene |= {"normal_test_clips": 1, "min_frames": 20, "max_frames": 20, "fps": 25}
    clips = made(params(tmp_path, of=scene, normal=4, span=4), tmp_path / "made")
    assert [len(frames) for _, frames, _ in clips] == [20, 16]
    assert sum(clips[1][2]) == 4


def test_what_cannot_be_rehearsed(tmp_path: Path) -> None:
    with pytest.raises(VadflowError, match="more than 1 training clips, found 1"):
        rehearsal.clips(params(normal_clips(tmp_path / "normal", 1)), "made")
    with pytest.raises(ValueError, match="skips"):
        params(tmp_path, kinds={"skip": {"skips": []}})
    with pytest.raises((VadflowError, ValueError), match="nowhere"):
        params(tmp_path, of={"adapter": "nowhere"})
