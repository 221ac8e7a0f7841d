"""ground: what people stand on here, by its colour in the empty picture. Nobody need have walked at a place to know that it is lawn.

A map of places (`where`) is blurred, because a few clips hold few walks; the edge between a path and a lawn is sharp in the picture. No
network names the ground: kinds of it are clusters of colour. Ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import cv2
import numpy as np

from vadflow.attributes import scale as scales
from vadflow.attributes.observations import Observations
from vadflow.attributes.scale import Scale
from vadflow.attributes.tails import Tail
from vadflow.clip import Segment

_KINDS = 6  # of ground, by colour
_FRAMES = 60  # that the empty picture is the median of
_GOLDEN = 0.618  # of a stretch from clip to clip: any number of such steps spreads evenly
_MIN_TRACKS = 20
_STANDS = (-0.15, 0.25)  # log of height over that expected: who is lower has his feet hidden, who is taller is two


def empty_picture(segments: Sequence[Segment]) -> np.ndarray:
    """(h, w, C) uint8: the median of frames spread over normal video, in which nobody stays long enough to be seen."""
    some = segments[:: max(1, len(segments) // _FRAMES)]  # thousands of clips need not be held at once
    each = -(-_FRAMES // len(some))
    shown = []
    for number, segment in enumerate(some):
        share = (np.arange(each) + _GOLDEN * number % 1) / each  # never the same moment of every clip
        shown += [segment.clip.frames[t] for t in segment.start + (share * (segment.stop - segment.start)).astype(int)]
    return np.median(np.stack(shown), axis=0).astype(np.uint8)


@dataclass(frozen=True)
class Ground:
    """Stands on what people do not stand on here; silent for things, and for whoever does not show his feet.

    Attributes:
        kinds: (h, w) uint8, kind of ground at every pixel of the working size.
        rate: (K,) share of normal tracklets' steps on each kind.
        area: (K,) its share of the picture.
        scale: of people's heights.
    """

    name: ClassVar[str] = "ground"
    floor: ClassVar[float] = 0.2
    kinds: np.ndarray
    rate: np.ndarray
    area: np.ndarray
    scale: Scale

    @classmethod
    def fit(cls, normal: Observations, scale: Scale, picture: np.ndarray | None) -> Self | None:
        """Supported in colour, where people's heights are known, by some dozens of tracklets; a step counts once in 3 x 3 pixels.

        A grey picture tells a shadow from the light, and not a lawn from a path.
        """
        if picture is None or picture.shape[2] < 3 or not scale.supported:
            return None
        kinds = _kinds_of(picture)
        area = np.bincount(kinds.ravel(), minlength=_KINDS) / kinds.size
        blank = cls(kinds, np.ones(_KINDS) / _KINDS, area, scale)
        stands = normal.pick(blank._stands(normal))
        if len(np.unique(stands.track)) < _MIN_TRACKS:
            return None
        row, column = blank._cells(stands)
        steps = np.unique(np.stack([stands.track, row // 3, column // 3, kinds[row, column]]), axis=1)[-1]
        count = np.bincount(steps, minlength=_KINDS) + 1.0
        return cls(kinds, count / count.sum(), area, scale)

    def statistic(self, seen: Observations) -> np.ndarray:
        """(N,) minus log10 of how often people stand on such ground, against its share of the picture."""
        kind = self.kinds[self._cells(seen)]
        return np.where(self._stands(seen), -np.log10(self.rate / np.maximum(self.area, 1e-4))[kind], np.nan)

    def reason(self, seen: Observations, row: int, value: float, tail: Tail) -> str:
        """Where, and how seldom."""
        one = seen.pick(np.array([row]))
        kind = int(self.kinds[self._cells(one)][0])
        x, y = one.foot[0]
        return (
            f"ground: stands at ({x:.0f}, {y:.0f}) on ground that looks like {100 * self.area[kind]:.0f} % of the picture "
            f"and carried {100 * self.rate[kind]:.1f} % of the steps in normal video"
        )

    def _stands(self, seen: Observations) -> np.ndarray:
        """(N,) bool: a person who shows his feet."""
        low, high = _STANDS
        height = np.log(seen.height / self.scale.height(seen.foot[:, 1]))
        return seen.person & (height > low) & (height < high) & ~seen.sunk

    def _cells(self, seen: Observations) -> tuple[np.ndarray, np.ndarray]:
        """(N,) row and column of the foot at the working size."""
        (height, width), (h, w) = seen.size, self.kinds.shape
        x, y = seen.foot.T
        return np.clip((y - 1) / height * h, 0, h - 1).astype(int), np.clip(x / width * w, 0, w - 1).astype(int)

    def state(self) -> dict[str, np.ndarray]:
        """The map, the shares and the perspective."""
        return {"kinds": self.kinds, "rate": self.rate, "area": self.area, "scale": self.scale.as_array()}

    @classmethod
    def load(cls, state: Mapping[str, np.ndarray]) -> Self:
        """Take back what `state` gave."""
        return cls(state["kinds"], state["rate"], state["area"], scales.from_array(state["scale"]))


def _kinds_of(picture: np.ndarray) -> np.ndarray:
    """(h, w, 3) RGB -> (h, w) uint8: kinds by colour in CIELAB, k-means with a fixed seed."""
    h, w, _ = picture.shape
    colours = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB), (0, 0), 0.7)
    points = colours.reshape(h * w, 3).astype(np.float32)
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 50, 0.1)
    _, kinds, _ = cv2.kmeans(points, _KINDS, np.zeros((h * w, 1), np.int32), stop, 3, cv2.KMEANS_PP_CENTERS)
    return kinds.reshape(h, w).astype(np.uint8)
