"""A coarse grid over a frame: the one rule by which pixels are averaged into cells."""

from __future__ import annotations

import cv2
import numpy as np


def grid(height: int, width: int, cell: int) -> tuple[int, int]:
    """Cells in a frame; their number is rounded, so that all are equal and cover the frame.

    Args:
        height: px.
        width: px.
        cell: side of a cell, px.

    >>> grid(240, 360, 16), grid(5, 360, 16)
    ((15, 22), (1, 22))
    """
    return max(1, round(height / cell)), max(1, round(width / cell))


def average(image: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Mean of each cell, by area where a cell's edge falls inside a pixel.

    Args:
        image: (H, W) or (H, W, C) float32.
        shape: (gh, gw) cells.

    Returns:
        (gh, gw) or (gh, gw, C) float32.
    """
    return cv2.resize(image, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
