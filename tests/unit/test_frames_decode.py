"""The decoder's verdict on sound, odd and broken sources."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

import drawing
from vadflow.frames.decode import Decoder, Found, Limits


def decode(path: Path, **options: object) -> tuple[list[np.ndarray], Found]:
    decoder = Decoder(path, **options)  # type: ignore[arg-type]
    return list(decoder), decoder.found


@pytest.mark.parametrize(
    ("name", "fourcc"),
    [("a.avi", "MJPG"), ("a.avi", "XVID"), ("a.mp4", "mp4v"), ("a.mkv", "FFV1"), ("é 1 监.avi", "MJPG")],
)
def test_sound_videos_are_ok(tmp_path: Path, name: str, fourcc: str) -> None:
    frames, found = decode(drawing.video(tmp_path / name, 20, fourcc=fourcc, fps=12.5))
    assert found == Found(20, 48, 64, 12.5, "ok")
    assert all(frame.shape == (48, 64, 3) and frame.dtype == np.uint8 for frame in frames)


def test_frames_are_rgb_in_order(tmp_path: Path) -> None:
    frames, _ = decode(drawing.images(tmp_path, 12, suffix=".png"), fps=10)
    assert np.array_equal(frames, [drawing.picture(t)[..., ::-1] for t in range(12)])


def test_images_are_read_in_natural_order(tmp_path: Path) -> None:
    for t in range(12):
        drawing.image(tmp_path / f"f{t}.png", np.full((8, 8, 3), t, np.uint8))
    frames, found = decode(tmp_path, fps=10)
    assert [int(frame[0, 0, 0]) for frame in frames] == list(range(12))
    assert found == Found(12, 8, 8, 10, "ok")


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_gray_and_sixteen_bit_images(tmp_path: Path, suffix: str) -> None:
    deep = np.full((9, 7), 128 * 257, np.uint16)
    drawing.image(tmp_path / f"0{suffix}", deep)
    (frame,), found = decode(tmp_path, fps=10)
    assert frame.shape == (9, 7, 3) and np.all(frame == 128)
    assert found.status == "ok"


def test_odd_sizes(tmp_path: Path) -> None:
    drawing.images(tmp_path / "images", 3, suffix=".png", height=49, width=63)
    assert decode(tmp_path / "images", fps=1)[1] == Found(3, 49, 63, 1, "ok")
    assert decode(drawing.video(tmp_path / "a.avi", 3, height=50, width=70))[1] == Found(3, 50, 70, 25, "ok")


def test_rotation_flag_is_honoured(tmp_path: Path) -> None:
    path = drawing.turn(drawing.video(tmp_path / "phone.mp4", 5, fourcc="mp4v"))
    frames, found = decode(path)
    assert (found.height, found.width) == (64, 48) == frames[0].shape[:2]


def test_variable_frame_rate_keeps_every_frame(tmp_path: Path) -> None:
    _, found = decode(drawing.vary_rate(drawing.video(tmp_path / "vfr.mp4", 20, fourcc="mp4v")))
    assert (found.n_frames, found.status) == (20, "ok")
    assert found.fps == pytest.approx(100 / 3, rel=0.02)  # 10 frames of 40 ms, 10 of 20 ms


@pytest.mark.parametrize(("name", "fourcc"), [("a.avi", "MJPG"), ("a.avi", "XVID"), ("a.mkv", "MJPG")])
def test_a_cut_video_is_short(tmp_path: Path, name: str, fourcc: str) -> None:
    frames, found = decode(drawing.cut(drawing.video(tmp_path / name, 100, fourcc=fourcc), 0.6))
    assert found.status == "short"
    assert 30 < found.n_frames == len(frames) < 70
    assert "promises 100 frames" in found.detail


@pytest.mark.parametrize(
    ("name", "fourcc"), [("a.avi", "MJPG"), ("a.avi", "XVID"), ("a.mp4", "mp4v"), ("a.mkv", "FFV1")]
)
def test_damage_in_the_middle_is_damaged(tmp_path: Path, name: str, fourcc: str) -> None:
    frames, found = decode(drawing.hurt(drawing.video(tmp_path / name, 100, fourcc=fourcc), 0.4, 0.5))
    assert found.status == "damaged", found
    assert found.n_frames == len(frames) < 100


@pytest.mark.parametrize("content", [b"", b"not a video", b"\0" * 4096])
def test_foreign_bytes_are_unreadable(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.avi"
    path.write_bytes(content)
    frames, found = decode(path)
    assert frames == [] and found.status == "unreadable" and found.detail


def test_a_cut_mp4_says_why(tmp_path: Path) -> None:
    _, found = decode(drawing.cut(drawing.video(tmp_path / "a.mp4", 50, fourcc="mp4v"), 0.6))
    assert found.status == "unreadable" and "end of the file is missing" in found.detail


def test_an_edit_list_that_hides_frames_is_told(tmp_path: Path) -> None:
    path = drawing.vary_rate(drawing.video(tmp_path / "a.mp4", 20, fourcc="mp4v"), slower=3)
    _, found = decode(path)
    assert found.status == "damaged" and "edit list" in found.detail


def test_a_missing_file_and_an_empty_folder_are_unreadable(tmp_path: Path) -> None:
    assert decode(tmp_path / "none.avi")[1].detail == "no such file"
    assert decode(tmp_path)[1].status == "unreadable"


def test_image_folder_with_damage(tmp_path: Path) -> None:
    drawing.images(tmp_path, 10)
    (tmp_path / "003.jpg").write_bytes(b"")
    (tmp_path / "007.jpg").unlink()
    drawing.image(tmp_path / "005.jpg", drawing.picture(5, 24, 32))
    frames, found = decode(tmp_path, fps=10)
    assert found.status == "damaged" and found.n_frames == len(frames) == 7
    for told in ("003.jpg does not decode", "008.jpg follows 006.jpg: 1 missing", "is 32x24 px, expected 64x48 px"):
        assert told in found.detail


def test_junk_is_not_a_frame(tmp_path: Path) -> None:
    drawing.images(tmp_path, 4)
    (tmp_path / "._000.jpg").write_bytes(b"junk")
    (tmp_path / "Thumbs.db").write_bytes(b"junk")
    assert decode(tmp_path, fps=10)[1] == Found(4, 48, 64, 10, "ok")


@pytest.mark.parametrize("limits", [Limits(63, 100), Limits(64, 19), Limits(64, 100, max_seconds=0.5)])
def test_limits_hold_before_decoding(tmp_path: Path, limits: Limits) -> None:
    video = drawing.video(tmp_path / "a.avi", 20)
    folder = drawing.images(tmp_path / "a", 20)
    for path in (video, folder):
        frames, found = decode(path, limits=limits, fps=25)
        assert found.status == "unreadable" and "allowed" in found.detail
        assert len(frames) == 0
    assert decode(video, limits=Limits(64, 20, 1))[1].status == "ok"


def test_found_before_the_end_is_a_bug(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        _ = Decoder(tmp_path).found


def test_decoding_twice_gives_the_same(tmp_path: Path) -> None:
    decoder = Decoder(drawing.video(tmp_path / "a.avi", 5))
    assert np.array_equal(list(decoder), list(decoder)) and decoder.found.n_frames == 5


def test_deep_video_comes_as_eight_bit(tmp_path: Path) -> None:
    path = tmp_path / "deep.mkv"
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"FFV1"), 25, (32, 16), [cv2.VIDEOWRITER_PROP_DEPTH, cv2.CV_16U, cv2.VIDEOWRITER_PROP_IS_COLOR, 0])  # fmt: skip  # noqa: E501
    if not writer.isOpened():
        pytest.skip("this OpenCV writes no deep video")
    for _ in range(4):
        writer.write(np.full((16, 32), 40000, np.uint16))
    writer.release()
    frames, found = decode(path)
    assert found.status == "ok" and frames[0].dtype == np.uint8


@pytest.mark.real
def test_real_colour_video(shared: Path) -> None:
    found = {path.name: decode(path)[1] for path in sorted((shared / "data" / "normal-colour").glob("clip1[26].avi"))}
    assert found == {"clip12.avi": Found(145, 360, 640, 25, "ok"), "clip16.avi": Found(244, 360, 640, 25, "ok")}
