"""Pixel AUC from low-resolution anomaly maps and pixel masks, frame by frame, in fixed memory and without rounding.

Maps are float16 on disk, and float16 has only 65,536 values: a histogram with one bin a value is exact, whatever the
range.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

_VALUES = 1 << 16


class PixelCounts:
    """Counts anomalous and normal source pixels for every float16 map value."""

    def __init__(self) -> None:
        """Start at zero."""
        self._anomalous = np.zeros(_VALUES, dtype=np.int64)
        self._normal = np.zeros(_VALUES, dtype=np.int64)

    def add(self, heat: np.ndarray, mask: np.ndarray) -> None:
        """Count one frame. Each source pixel takes the value of the map cell it lies in.

        Args:
            heat: (h, w) float, higher = more anomalous; taken as float16.
            mask: (H, W) bool or non-zero = anomalous, source size, H >= h and W >= w.
        """
        h, w = heat.shape
        marked = (np.asarray(mask) != 0).astype(np.int64)
        rows, columns = _edges(marked.shape[0], h), _edges(marked.shape[1], w)
        anomalous = np.add.reduceat(np.add.reduceat(marked, rows[:-1], axis=0), columns[:-1], axis=1)
        pixels = np.outer(np.diff(rows), np.diff(columns))
        bins = _rank16(heat).ravel()
        self._anomalous += np.bincount(bins, anomalous.ravel(), minlength=_VALUES).astype(np.int64)
        self._normal += np.bincount(bins, (pixels - anomalous).ravel(), minlength=_VALUES).astype(np.int64)

    def auc(self) -> float | None:
        """Return the AUC over all pixels counted so far, ties counting half; None when a class is missing."""
        anomalous, normal = self._anomalous.sum(), self._normal.sum()
        if anomalous == 0 or normal == 0:
            return None
        below = np.cumsum(self._normal) - self._normal
        won = np.sum(self._anomalous.astype(np.float64) * (below + 0.5 * self._normal))
        return float(won / (float(anomalous) * float(normal)))


def pixel_auc(clips: Iterable[tuple[np.ndarray, Iterable[np.ndarray]]]) -> float | None:
    """Return the pixel AUC of a dataset.

    Args:
        clips: per clip the (T, h, w) map (memory-mapped is fine) and its (H, W) masks in frame order.

    Returns:
        AUC in [0, 1]; None without masks or with one class only.

    Raises:
        ValueError: a clip has another number of masks than map frames.
    """
    counts = PixelCounts()
    for maps, masks in clips:
        for heat, mask in zip(maps, masks, strict=True):
            counts.add(np.asarray(heat), mask)
    return counts.auc()


def _edges(pixels: int, cells: int) -> np.ndarray:
    """Return (cells + 1,) where each cell begins, in source pixels."""
    if pixels < cells:
        raise ValueError(f"a map of {cells} cells is finer than its mask of {pixels} pixels")
    return -(-np.arange(cells + 1) * pixels // cells)


def _rank16(values: np.ndarray) -> np.ndarray:
    """Map float16 values to 0..65535 so that order is kept (negative numbers count backwards in binary)."""
    bits = np.ascontiguousarray(values, dtype=np.float16).view(np.uint16).astype(np.int64)
    bits = np.where(bits == 0x8000, 0, bits)  # -0 is 0
    return np.where(bits >= 0x8000, 0xFFFF - bits, bits + 0x8000)
