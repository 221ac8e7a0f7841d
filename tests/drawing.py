"""Draws tiny videos, image folders and whole datasets in their official layouts, and damages them on purpose."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from scipy.io import savemat


def picture(t: int, height: int = 48, width: int = 64) -> np.ndarray:
    """Frame t of a bright square that walks right: (H, W, 3) uint8 BGR."""
    image = np.full((height, width, 3), 40, np.uint8)
    image[10:22, (2 * t) % (width - 12) : (2 * t) % (width - 12) + 12] = (40, 120, 220)
    return image


def mask(t: int, on: Sequence[int], height: int = 48, width: int = 64) -> np.ndarray:
    """(H, W) uint8: the square of `picture` where t is in `on`, else empty."""
    image = np.zeros((height, width), np.uint8)
    if t in on:
        image[10:22, (2 * t) % (width - 12) : (2 * t) % (width - 12) + 12] = 1
    return image


def video(path: Path, n: int = 12, *, height: int = 48, width: int = 64, fourcc: str = "MJPG", fps: float = 25) -> Path:
    """Write a video of n frames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*fourcc), fps, (width, height))
    assert writer.isOpened(), f"OpenCV cannot write {fourcc} here"
    for t in range(n):
        writer.write(picture(t, height, width))
    writer.release()
    return path


def images(
    folder: Path, n: int = 12, *, suffix: str = ".jpg", first: int = 0, height: int = 48, width: int = 64
) -> Path:
    """Write n images 000, 001, ... into a folder."""
    for t in range(n):
        image(folder / f"{t + first:03d}{suffix}", picture(t, height, width))
    return folder


def masks(folder: Path, n: int, on: Sequence[int], *, suffix: str = ".png", first: int = 0) -> Path:
    """Write n mask images, not empty at the frames `on`."""
    for t in range(n):
        image(folder / f"{t + first:03d}{suffix}", mask(t, on) * 255)
    return folder


def image(path: Path, pixels: np.ndarray) -> Path:
    """Write one image under any name, non-ASCII too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    good, data = cv2.imencode(path.suffix, pixels)
    assert good
    path.write_bytes(data.tobytes())
    return path


def cut(path: Path, fraction: float) -> Path:
    """Keep only the first part of a file."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * fraction)])
    return path


def hurt(path: Path, start: float, stop: float) -> Path:
    """Zero the bytes between two fractions of a file."""
    data = bytearray(path.read_bytes())
    first, last = int(len(data) * start), int(len(data) * stop)
    data[first:last] = bytes(last - first)
    path.write_bytes(data)
    return path


def turn(path: Path) -> Path:
    """Set the rotation flag of an MP4 to 90 degrees: the matrix of its track header, 48 bytes into the box."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    turned = (0, 0x00010000, 0, 0xFFFF0000, 0, 0, 0, 0, 0x40000000)
    data[at : at + 36] = b"".join(value.to_bytes(4, "big") for value in turned)
    path.write_bytes(data)
    return path


def vary_rate(path: Path, *, slower: float = 0.5) -> Path:
    """Make an MP4's frame rate variable: the second half of its time-to-sample table lasts `slower` times as long.

    Above 1, the edit list that OpenCV writes hides the frames that now lie beyond the old duration.
    """
    data = bytearray(path.read_bytes())
    at = data.index(b"stts") - 4
    assert int.from_bytes(data[at + 12 : at + 16], "big") == 1, "expected a constant rate"
    n, delta = (int.from_bytes(data[at + 16 + 4 * i : at + 20 + 4 * i], "big") for i in range(2))
    entries = (n // 2, delta, n - n // 2, int(slower * delta))
    data[at + 12 : at + 24] = (2).to_bytes(4, "big") + b"".join(value.to_bytes(4, "big") for value in entries)
    for box in (b"stts", b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        size = data.rindex(box, 0, at + 8) - 4 if box != b"stts" else at
        data[size : size + 4] = (int.from_bytes(data[size : size + 4], "big") + 8).to_bytes(4, "big")
    path.write_bytes(data)
    return path


def ucsd_official(root: Path) -> Path:
    """Two training clips and one test clip of 6 frames as the official Ped2 archive lays them out, with its junk."""
    base = root / "UCSDped2"
    for number in (1, 2):
        images(base / "Train" / f"Train{number:03d}", 6, suffix=".tif", first=1)
    images(base / "Test" / "Test001", 6, suffix=".tif", first=1)
    masks(base / "Test" / "Test001_gt", 6, (2, 3), suffix=".bmp", first=1)
    for junk in ("Train/Train001/._001.tif", "Test/Test001/._001.tif", "Test/Test001_gt/._001.bmp", "Test/._Test001"):
        (base / junk).write_bytes(b"Mac OS X resource fork")
    (base / "Test" / "UCSDped2.m").write_text("TestVideoFile{end+1}.gt_frame = [2:3];")
    return base


def ucsd_community(root: Path) -> Path:
    """The same clips in the community layout."""
    for number in (1, 2):
        images(root / "training" / "frames" / f"{number:02d}", 6)
    images(root / "testing" / "frames" / "01", 6)
    masks(root / "testing" / "masks" / "01", 6, (2, 3))
    return root


def avenue(root: Path) -> Path:
    """One training and two test videos with their mask volumes; test clip 2 is anomalous in frames 4 and 5."""
    video(root / "training_videos" / "01.avi", 8)
    for number, on in ((1, ()), (2, (4, 5))):
        video(root / "testing_videos" / f"{number:02d}.avi", 8)
        cells = np.empty((1, 8), dtype=object)
        cells[0, :] = [mask(t, on) for t in range(8)]
        (root / "testing_label_mask").mkdir(exist_ok=True)
        savemat(root / "testing_label_mask" / f"{number}_label.mat", {"volLabel": cells})
    return root


def shanghaitech(root: Path) -> Path:
    """One training video and one test clip of 7 frames, anomalous in frames 1 to 3."""
    video(root / "training" / "videos" / "01_001.avi", 8)
    images(root / "testing" / "frames" / "01_0014", 7)
    volume = np.stack([mask(t, (1, 2, 3)) for t in range(7)])
    for folder, values in (("test_frame_mask", volume.any(axis=(1, 2)).astype(np.uint8)), ("test_pixel_mask", volume)):
        (root / "testing" / folder).mkdir(parents=True)
        np.save(root / "testing" / folder / "01_0014.npy", values)
    return root
