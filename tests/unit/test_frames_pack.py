"""Packing, the clip index, differences and flow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import drawing
from vadflow.errors import VadflowError
from vadflow.frames import index
from vadflow.frames.decode import Decoder, Limits
from vadflow.frames.differences import cell_differences, rgb_difference, write_differences
from vadflow.frames.flow import flow_cells, write_flow
from vadflow.frames.pack import pack_clip, pack_clips, resize
from vadflow.io import open_array
from vadflow.types import ClipSource

LIMITS = Limits(1000, 1000)
SIZE = {"height": 24, "width": 32, "channels": 1}


def source(path: Path, **more: Any) -> ClipSource:
    return ClipSource("train", path.stem, path, fps=10, **more)


def test_packed_frames_have_the_working_size(tmp_path: Path) -> None:
    clip = source(drawing.images(tmp_path / "a", 5))
    row = pack_clip(clip, tmp_path / "a.npy", limits=LIMITS, on_damage="stop", height=24, width=32, channels=3)
    packed = open_array(tmp_path / "a.npy")
    assert packed.shape == (5, 24, 32, 3) and packed.dtype == np.uint8
    assert (row["n_frames"], row["height"], row["width"], row["status"]) == (5, 48, 64, "ok")
    assert row == index.inspect_clip(clip, LIMITS)


def test_resize_averages_areas_and_keeps_equal_sizes() -> None:
    frame = np.zeros((4, 4, 3), np.uint8)
    frame[::2] = 200
    assert np.all(resize(frame, 2, 2, 3) == 100)
    assert np.array_equal(resize(frame, 4, 4, 3), frame)
    assert resize(frame, 4, 4, 1).shape == (4, 4, 1)


def test_a_damaged_clip_stops_and_leaves_nothing(tmp_path: Path) -> None:
    clip = source(drawing.cut(drawing.video(tmp_path / "in" / "a.avi", 100), 0.6))
    with pytest.raises(VadflowError, match=r"clip train/a .*promises 100 frames, \d+ decode.*Copy"):
        pack_clip(clip, tmp_path / "out" / "a.npy", limits=LIMITS, on_damage="stop", **SIZE)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_damaged_clip_is_kept_when_asked(tmp_path: Path) -> None:
    clip = source(drawing.cut(drawing.video(tmp_path / "a.avi", 100), 0.6))
    row = pack_clip(clip, tmp_path / "a.npy", limits=LIMITS, on_damage="keep", **SIZE)
    assert row["status"] == "short" and len(open_array(tmp_path / "a.npy")) == row["n_frames"] < 100


def test_an_unreadable_clip_stops_under_either_policy(tmp_path: Path) -> None:
    (tmp_path / "a.avi").write_bytes(b"")
    with pytest.raises(VadflowError, match="the file is empty"):
        pack_clip(source(tmp_path / "a.avi"), tmp_path / "a.npy", limits=LIMITS, on_damage="keep", **SIZE)


def test_one_run_names_every_bad_clip(tmp_path: Path) -> None:
    paths = [drawing.video(tmp_path / f"{name}.avi", 20) for name in "abc"]
    drawing.cut(paths[0], 0.5)
    paths[2].write_bytes(b"")
    out = [tmp_path / f"{path.stem}.npy" for path in paths]
    with pytest.raises(VadflowError, match=r"2 of 3 clips.*train/a.*train/c"):
        pack_clips([source(path) for path in paths], out, limits=LIMITS, on_damage="stop", **SIZE)
    assert [path.exists() for path in out] == [False, True, False]


def test_official_frame_counts_are_held(tmp_path: Path) -> None:
    folder = drawing.images(tmp_path / "a", 5)
    short = index.inspect_clip(source(folder, expected_frames=6), LIMITS)
    long = index.inspect_clip(source(folder, expected_frames=4), LIMITS)
    assert (short["status"], long["status"]) == ("short", "damaged")
    assert "official 6 frames, found 5" in short["detail"]


def test_the_index_has_one_schema_even_when_empty(tmp_path: Path) -> None:
    row = index.inspect_clip(source(drawing.images(tmp_path / "a", 2)), LIMITS)
    full, empty = index.table([row]), index.table([])
    assert list(full.columns) == list(empty.columns) == list(index.SCHEMA)
    assert (full.dtypes == empty.dtypes).all() and len(empty) == 0


def test_differences_of_a_walking_square() -> None:
    frames = np.zeros((3, 8, 8, 1), np.uint8)
    frames[1, :4, :4] = 255
    cells = np.stack(list(cell_differences(frames, 4)))
    assert cells.dtype == np.float16
    expected = [[[1, 0], [0, 0]]] * 3  # appears at 1, is gone at 2; row 0 repeats row 1
    assert np.array_equal(cells, expected)


def test_differences_of_one_frame_are_zero(tmp_path: Path) -> None:
    np.save(tmp_path / "f.npy", np.full((1, 8, 8, 3), 9, np.uint8))
    write_differences(tmp_path / "f.npy", tmp_path / "d.npy", cell=4)
    assert np.array_equal(open_array(tmp_path / "d.npy"), np.zeros((1, 2, 2)))


def test_rgb_difference_is_signed_and_bounded() -> None:
    frames = np.zeros((3, 2, 2, 3), np.uint8)
    frames[2] = 255
    assert np.all(rgb_difference(frames, 0, 2) == 1)
    assert np.all(rgb_difference(frames[::-1], 0, 2) == -1)
    for start, span in ((1, 2), (-1, 1), (0, 0)):
        with pytest.raises(IndexError):
            rgb_difference(frames, start, span)


def shifted(n: int, height: int, width: int, step: int) -> list[np.ndarray]:
    """A textured picture that moves right by `step` px a frame."""
    noise = np.random.default_rng(0).integers(0, 256, (height, width + n * step), dtype=np.uint8)
    wide = cv2.cvtColor(cv2.GaussianBlur(noise, (0, 0), 3), cv2.COLOR_GRAY2RGB)
    wide = cv2.normalize(wide, None, 0, 255, cv2.NORM_MINMAX)
    return [np.ascontiguousarray(wide[:, (n - t) * step : (n - t) * step + width]) for t in range(n)]


@pytest.mark.parametrize("max_side", [160, 80])
def test_flow_is_in_source_pixels_whatever_its_resolution(max_side: int) -> None:
    cells = np.stack(list(flow_cells(shifted(4, 96, 160, 4), cell=8, max_side=max_side, preset="medium")))
    inner = cells[:, 2:-2, 2:-2].astype(float)
    assert cells.shape == (4, 96 * max_side // 160 // 8, max_side // 8, 2) and cells.dtype == np.float16
    assert np.median(inner[..., 0]) == pytest.approx(4, abs=0.4)
    assert np.median(inner[..., 1]) == pytest.approx(0, abs=0.2)
    assert np.array_equal(cells[0], cells[1])


def test_flow_of_one_frame_is_zero_and_of_tiny_frames_defined() -> None:
    (only,) = flow_cells([np.zeros((40, 40, 3), np.uint8)], cell=8, max_side=64, preset="fast")
    assert only.shape == (5, 5, 2) and not only.any()
    tiny = list(flow_cells([np.zeros((6, 9, 3), np.uint8)] * 3, cell=8, max_side=64, preset="medium"))
    assert len(tiny) == 3 and np.isfinite(tiny).all()
    assert list(flow_cells([], cell=8, max_side=64, preset="fast")) == []


def test_flow_does_not_depend_on_threads(tmp_path: Path) -> None:
    clip = source(drawing.video(tmp_path / "a.avi", 6, height=120, width=160))
    for threads in (1, 2):
        write_flow(
            clip, tmp_path / f"{threads}.npy", n_frames=6, cell=8, max_side=640, preset="medium", threads=threads
        )
    cv2.setNumThreads(1)
    assert (tmp_path / "1.npy").read_bytes() == (tmp_path / "2.npy").read_bytes()


def test_flow_refuses_a_source_that_changed(tmp_path: Path) -> None:
    clip = source(drawing.video(tmp_path / "a.avi", 6))
    with pytest.raises(VadflowError, match="6 frames decode, 7 were packed"):
        write_flow(clip, tmp_path / "a.npy", n_frames=7, cell=8, max_side=640, preset="fast")
    assert not (tmp_path / "a.npy").exists()


@pytest.mark.real
def test_ped2_flow_is_finite_and_moderate(shared: Path) -> None:
    frames = list(Decoder(shared / "data" / "ped2" / "testing" / "frames" / "01", fps=10))[:5]
    cells = np.stack(list(flow_cells(frames, cell=8, max_side=640, preset="medium")))
    assert cells.shape == (5, 30, 45, 2)
    assert 0.2 < np.abs(cells).max() < 10
