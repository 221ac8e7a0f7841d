"""Fitting a frame into a network's input: scaled without distortion, centred, the rest filled with gray 114, as YOLO was trained."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

FILL = 114


@dataclass(frozen=True)
class Fit:
    """How frames of one size lie in an input.

    Attributes:
        height: of the input, px.
        width: of the input, px.
        inner: (height, width) of the scaled frame, px.
        top: rows of fill above it.
        left: columns of fill left of it.
        ratio: input px a frame px, (vertical, horizontal): equal but for the rounding of `inner`.
    """

    height: int
    width: int
    inner: tuple[int, int]
    top: int
    left: int
    ratio: tuple[float, float]

    def image(self, frame: np.ndarray) -> np.ndarray:
        """Scale and pad a frame.

        Args:
            frame: (H, W, 3) uint8.

        Returns:
            (height, width, 3) uint8.
        """
        h, w = self.inner
        if frame.shape[:2] != (h, w):
            frame = cv2.resize(frame, (w, h), interpolation=cv2.INTER_LINEAR)
        canvas = np.full((self.height, self.width, 3), FILL, np.uint8)
        canvas[self.top : self.top + h, self.left : self.left + w] = frame
        return canvas

    def undo(self, xyxy: np.ndarray) -> np.ndarray:
        """Input px -> frame px.

        Args:
            xyxy: (n, 4).

        Returns:
            (n, 4) float32.
        """
        shift = np.array([self.left, self.top, self.left, self.top], np.float32)
        ratio = np.array([self.ratio[1], self.ratio[0]] * 2)
        return ((xyxy - shift) / ratio).astype(np.float32)


def fit(frame: tuple[int, int], limit: tuple[int, int]) -> Fit:
    """Lay a frame into an input of exactly `limit`.

    Args:
        frame: (height, width) of the frame, px.
        limit: (height, width) of the input, px.

    >>> fit((240, 360), (640, 640)).inner, fit((240, 360), (640, 640)).top
    ((427, 640), 106)
    """
    scale = min(limit[0] / frame[0], limit[1] / frame[1])
    h, w = max(round(frame[0] * scale), 1), max(round(frame[1] * scale), 1)
    # minus 0.1: an odd row of fill goes below, where Ultralytics puts it
    top, left = round((limit[0] - h) / 2 - 0.1), round((limit[1] - w) / 2 - 0.1)
    return Fit(limit[0], limit[1], (h, w), top, left, (h / frame[0], w / frame[1]))


def snug(frame: tuple[int, int], limit: tuple[int, int], stride: int) -> tuple[int, int]:
    """The smallest input that shows the frame as large as `limit` does: no rows computed for fill alone.

    Args:
        frame: (height, width) of the frame, px.
        limit: (height, width) of the model's own input, px.
        stride: the input's sides are multiples of it, px.

    >>> snug((240, 360), (640, 640), 32)
    (448, 640)
    """
    h, w = fit(frame, limit).inner
    return min(-(-h // stride) * stride, limit[0]), min(-(-w // stride) * stride, limit[1])
