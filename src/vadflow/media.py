"""What counts as an image or a video file, in which order, and how one image is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
VIDEO_SUFFIXES = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ts", ".webm", ".wmv"})


def natural_key(path: Path) -> tuple[list[int | str], str]:
    """Sort key that reads digits as numbers.

    >>> [p.name for p in sorted(map(Path, ["10.jpg", "9.jpg", "a2", "a10"]), key=natural_key)]
    ['9.jpg', '10.jpg', 'a2', 'a10']
    """
    parts = re.split(r"([0-9]+)", path.name)
    return [int(part) if index % 2 else part.casefold() for index, part in enumerate(parts)], path.name


def is_junk(path: Path) -> bool:
    """Tell whether a file is a leftover of a file manager (`._001.tif`, `.DS_Store`) and not data."""
    return path.name.startswith(".")


def iter_images(folder: Path) -> Iterator[Path]:
    """Image files directly in `folder`, in no order; junk is left out."""
    return (path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES and not is_junk(path))


def list_images(folder: Path) -> list[Path]:
    """Image files directly in `folder`, in natural order; junk is left out."""
    return sorted(iter_images(folder), key=natural_key)


def is_video(path: Path) -> bool:
    """Tell by its suffix whether `path` is a video file."""
    return path.suffix.lower() in VIDEO_SUFFIXES and path.is_file() and not is_junk(path)


def read_image(path: Path) -> np.ndarray | None:
    """Read one image of any depth.

    Returns:
        (H, W, 3) uint8 RGB, turned as its EXIF tag says; None where it does not decode.
    """
    image = _decode(path, cv2.IMREAD_COLOR)
    return None if image is None else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def read_mask(path: Path) -> np.ndarray | None:
    """Read one mask image.

    Returns:
        (H, W) bool, true where the image is not black; None where it does not decode.
    """
    image = _decode(path, cv2.IMREAD_GRAYSCALE)
    return None if image is None else image > 0


def _decode(path: Path, flag: int) -> np.ndarray | None:
    # through memory: cv2.imread cannot open non-ASCII paths on Windows
    data = np.fromfile(path, dtype=np.uint8)
    if not data.size:
        return None
    try:
        return cv2.imdecode(data, flag)
    except cv2.error:  # raised instead of None for sizes beyond OpenCV's own limit
        return None
