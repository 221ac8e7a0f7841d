"""look: what an object looks like to a network that knows ImageNet. Optional: it needs the video itself and one more network.

The statistic is the distance to the third nearest normal cut-out, in features of spread 1 on normal objects. Source: density of deep
features by kNN, as in Reiss & Hoshen, Attribute-based Representations for Accurate and Interpretable Video Anomaly Detection, 2022
(there CLIP's).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
from pydantic import Field

from vadflow.attributes.limbs import nearest
from vadflow.attributes.observations import Observations
from vadflow.attributes.tails import Tail
from vadflow.attributes.tracklets import latest
from vadflow.clip import ClipView, Segment
from vadflow.objects.imagenet import SIDE, ImageNet
from vadflow.objects.tubes import TubeShape, View, cut_tubes, group
from vadflow.params import Section

_CONTEXT = View(0.1, square=True)  # stretched to a square, a wide thing and a tall one would look alike
_HOLD_S = 0.15  # a look is believed for so long after it was taken
_MIN_LOOKS = 300
_BANK = 1500  # normal looks kept


class LookParams(Section):
    """Looks at cut-outs."""

    weights: str | None = Field(
        description="path to an ImageNet network (see `objects/imagenet.py`); needed where `look` is among `attributes`"
    )
    every: int = Field(ge=1, le=30, description="look at the objects of every so many-th frame")
    min_side: float = Field(ge=8, description="objects whose longer side is less are not looked at, source px")


def attach_looks(seen: Observations, clip: ClipView, network: ImageNet, params: LookParams) -> Observations:
    """Give every large enough object of every so many-th frame its features, and hold them until the next look.

    Args:
        seen: the clip's objects, with tracklets.
        clip: read once as a stream; memory stays at one frame and P numbers an object.
        network: the one that looks.
        params: see `LookParams`.
    """
    look = np.full((len(seen), network.channels), np.nan, np.float32)
    rows = np.flatnonzero((seen.frame % params.every == 0) & (seen.length >= params.min_side) & seen.whole)
    if not len(rows):
        return replace(seen, look=look)
    shape, wanted = TubeShape(SIDE, (_CONTEXT,), 1.0), group(seen.frame, rows)
    whole = Segment(clip, 0, int(seen.frame[rows].max()) + 1)
    for some, tubes in cut_tubes(whole, seen.box, wanted, shape=shape, reach=0, channels=3):
        look[some] = network.of(tubes[:, 0, 0]).mean(axis=(2, 3))  # n P: what there is, wherever it is
    newest = latest(seen.frame, seen.track, np.isfinite(look[:, 0]), hold=max(1, round(_HOLD_S * seen.fps)))
    look[newest >= 0] = look[newest[newest >= 0]]
    return replace(seen, look=look)


@dataclass(frozen=True)
class Look:
    """Something that looks like nothing normal.

    Attributes:
        bank: (B, P) normal looks.
        spread: (P,) of every channel on normal objects.
    """

    name: ClassVar[str] = "look"
    floor: ClassVar[float] = 0.02
    bank: np.ndarray
    spread: np.ndarray

    @classmethod
    def fit(cls, normal: Observations) -> Self | None:
        """Supported by some hundred looks."""
        looks = normal.look[_taken(normal)]
        if len(looks) < _MIN_LOOKS:
            return None
        spread = np.maximum(looks.std(axis=0), 1e-3)
        return cls(looks[np.linspace(0, len(looks) - 1, min(len(looks), _BANK)).astype(int)], spread)

    def statistic(self, seen: Observations) -> np.ndarray:
        """(N,) distance to the third nearest normal look, in normal spreads per channel."""
        found, rows = np.full(len(seen), np.nan, np.float32), _taken(seen)
        query, bank = seen.look[rows] / self.spread, self.bank / self.spread
        found[rows] = nearest(query, np.ones_like(query), bank, np.ones_like(bank), least=1)
        return found

    def reason(self, seen: Observations, row: int, value: float, tail: Tail) -> str:
        """How many times farther than usual the nearest normal look is."""
        return f"look: nearest normal look {value / max(tail.level(0.5), 1e-6):.1f} times farther than usual"

    def state(self) -> dict[str, np.ndarray]:
        """The bank."""
        return {"bank": self.bank, "spread": self.spread}

    @classmethod
    def load(cls, state: Mapping[str, np.ndarray]) -> Self:
        """Take back what `state` gave."""
        return cls(state["bank"], state["spread"])


def _taken(seen: Observations) -> np.ndarray:
    """(N,) bool: looked at."""
    return np.isfinite(seen.look).all(axis=1) & (seen.look.shape[1] > 0)
