"""What a detector file offers, and the one place that loads it by its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from vadflow import plugins


@dataclass(frozen=True)
class Boxes:
    """The objects of one frame, by descending confidence.

    Attributes:
        xyxy: (n, 4) float32, px of the frame, half-open.
        confidence: (n,) float32 in [0, 1].
        class_id: (n,) int16.
        probabilities: (n, classes) float32 in [0, 1], each class on its own (they need not sum to 1); (n, 0) where unknown.
    """

    xyxy: np.ndarray
    confidence: np.ndarray
    class_id: np.ndarray
    probabilities: np.ndarray

    def __len__(self) -> int:
        return len(self.xyxy)

    @classmethod
    def none(cls, classes: int = 0) -> Boxes:
        """A frame without objects.

        >>> len(Boxes.none())
        0
        """
        return cls(
            np.zeros((0, 4), np.float32),
            np.zeros(0, np.float32),
            np.zeros(0, np.int16),
            np.zeros((0, classes), np.float32),
        )

    def take(self, index: np.ndarray) -> Boxes:
        """Rows by position or by a (n,) bool mask."""
        return Boxes(self.xyxy[index], self.confidence[index], self.class_id[index], self.probabilities[index])

    def within(self, height: int, width: int) -> Boxes:
        """Clip to the frame; what is thinner than one pixel then is dropped.

        Args:
            height: px.
            width: px.
        """
        limit = np.array([width, height, width, height], np.float32)
        clipped = np.clip(self.xyxy, 0, limit).astype(np.float32)
        kept = ((clipped[:, 2:] - clipped[:, :2]) >= 1).all(axis=1)
        return Boxes(clipped, self.confidence, self.class_id, self.probabilities).take(kept)


def whole(xyxy: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Which boxes do not touch the border of the frame, so that height and foot are the object's own.

    Args:
        xyxy: (n, 4) px.
        size: (height, width) of the frame, px.

    Returns:
        (n,) bool.
    """
    height, width = size
    margin = 2.0
    low = (xyxy[:, :2] > margin).all(axis=1)
    return np.asarray(low & (xyxy[:, 2] < width - margin) & (xyxy[:, 3] < height - margin))


class Detector(Protocol):
    """A detector. Adding `objects/<key>.py` with `Params` and a class `Detector` of this shape is all it takes to add one."""

    names: Mapping[int, str]
    """Class id -> name."""
    weights: str
    """File or folder name of the weights; empty where there are none."""
    sha256: str
    """Hash of the weights; empty where there are none."""
    batch: int
    """Most frames `detect` likes at once."""
    every: int
    """Only every so many-th frame needs to be shown; boxes in between are interpolated."""
    needs_weights: ClassVar[bool]
    """Whether its `Params` name weights to resolve."""

    def __init__(self, params: Any, weights: Mapping[str, str] | None, threads: int) -> None:
        """Load.

        Args:
            params: the detector's own `Params`.
            weights: what `weights.resolve` gave; None or kind `none` where `needs_weights` is false.
            threads: cores it may use.
        """

    def restart(self) -> None:
        """Forget everything about the clip before: a new one begins."""

    def detect(self, frames: Sequence[np.ndarray]) -> list[Boxes]:
        """Find the objects of consecutive shown frames of one clip.

        Args:
            frames: (H, W, 3) uint8 RGB each, all of one size.

        Returns:
            one `Boxes` a frame; they may reach over the frame's edge.
        """


def load(key: str) -> Any:
    """Import the detector file `vadflow/objects/<key>.py`.

    Raises:
        VadflowError: there is no such file, or it offers no `Params` and `Detector`.
    """
    return plugins.load("objects", key, ("Params", "Detector"), "objects.detector")
