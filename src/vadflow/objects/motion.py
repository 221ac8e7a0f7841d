"""Foreground proposals: whatever moves, named or not. No weights; works on gray video; one pass, in frame order.

A pixel is foreground where the adaptive mixture background (MOG2, shadows left out) or the difference to the frame before says so;
the union closes over gaps, and its connected parts become boxes.

Source: Z. Zivkovic, Improved adaptive Gaussian mixture model for background subtraction, ICPR 2004, as OpenCV's MOG2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from vadflow.objects.base import Boxes
from vadflow.params import Section

_FOREGROUND = 255  # MOG2 marks shadows with 127


class Params(Section):
    """Foreground proposals."""

    history_frames: int = Field(ge=2, le=5000, description="frames the background remembers")
    variance: float = Field(
        gt=0, le=1000, description="squared distance to the background, in variances, that is foreground"
    )
    difference: float = Field(gt=0, le=1, description="change to the frame before that is foreground, [0, 1]")
    min_area_px: int = Field(ge=1, le=1_000_000, description="smaller parts are dropped, source px")
    join_px: int = Field(ge=0, le=99, description="gaps up to this many px inside an object are closed")
    max_objects: int = Field(ge=1, le=1000, description="most boxes a frame; the largest are kept")


class Detector:
    """Foreground proposals behind the detector seam; see `base.Detector`."""

    needs_weights: ClassVar[bool] = False
    names: ClassVar[Mapping[int, str]] = {0: "motion"}
    weights, sha256, batch, every = "", "", 8, 1

    def __init__(self, params: Params, weights: Mapping[str, str] | None, threads: int) -> None:
        """Prepare; `weights` and `threads` are not used."""
        self.params = params
        self.restart()

    def restart(self) -> None:
        """Forget the background: a new clip begins."""
        p = self.params
        self._background = cv2.createBackgroundSubtractorMOG2(p.history_frames, p.variance, detectShadows=True)
        self._before: np.ndarray | None = None

    def detect(self, frames: Sequence[np.ndarray]) -> list[Boxes]:
        """Find what moves; a clip's first frame has nothing to be compared with, and no boxes."""
        return [self._boxes(self._foreground(frame)) for frame in frames]

    def _foreground(self, frame: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 -> (H, W) bool."""
        smooth = cv2.GaussianBlur(frame, (3, 3), 0)
        mask = self._background.apply(smooth) == _FOREGROUND
        if self._before is None:
            self._before = smooth
            return np.zeros_like(mask)
        change = (
            cv2.absdiff(smooth, self._before).max(axis=2) if smooth.ndim == 3 else cv2.absdiff(smooth, self._before)
        )
        self._before = smooth
        return mask | (change > self.params.difference * 255)

    def _boxes(self, mask: np.ndarray) -> Boxes:
        side = self.params.join_px + 1
        closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
        count, _, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
        parts = stats[1:count]  # 0 is the background
        parts = parts[parts[:, cv2.CC_STAT_AREA] >= self.params.min_area_px]
        parts = parts[np.argsort(-parts[:, cv2.CC_STAT_AREA], kind="stable")][: self.params.max_objects]
        if not len(parts):
            return Boxes.none()
        x, y, w, h, area = parts.astype(np.float32).T
        filled = area / (w * h)  # how much of its box an object fills: compact things are surer than streaks
        order = np.argsort(-filled, kind="stable")
        xyxy = np.stack([x, y, x + w, y + h], axis=1)
        n = len(parts)
        return Boxes(xyxy, filled, np.zeros(n, np.int16), np.zeros((n, 0), np.float32)).take(order)
