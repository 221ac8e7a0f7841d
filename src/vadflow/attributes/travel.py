"""travel: how fast an object gets on, by where its box was and where it will be, and not by what moves in it.

Flow in a box is diluted by the background in it, the more the smaller people are; who runs away from a camera hardly flows at all for a
moment. Over half a second the box itself has moved by several pixels, and that a detector sees.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from vadflow.attributes.motion import MIN_PEOPLE, Fast, Pace, fit_pace, fit_ways
from vadflow.attributes.observations import Observations
from vadflow.attributes.tails import Tail
from vadflow.attributes.tracklets import Smoother, travel

_SPAN_S = 0.25  # before and after


def attach_travel(seen: Observations, smoother: Smoother) -> Observations:
    """Add how far every object gets; only places where its whole box is seen count.

    Args:
        seen: objects with tracklets.
        smoother: causal looks at no later frame.
    """
    rows = np.flatnonzero(seen.whole)
    span = max(2, round(_SPAN_S * seen.fps))
    found = np.full((len(seen), 2), np.nan, np.float32)
    found[rows] = travel(seen.box[rows], seen.frame[rows], seen.track[rows], span=span, smoother=smoother)
    return replace(seen, travel=found)


@dataclass(frozen=True)
class Travel(Fast):
    """Gets on faster than normal people and things that go this way at this depth. As `Fast`, of boxes instead of flow."""

    name: ClassVar[str] = "travel"

    @classmethod
    def fit(cls, normal: Observations, pace: Pace) -> Self | None:
        """Supported by some hundred objects that were seen for half a second; with a perspective of its own."""
        known = _moved(normal.pick(np.isfinite(normal.travel[:, 0])))
        if len(known) < MIN_PEOPLE:
            return None
        own = fit_pace(known, pace.scale)
        return cls(own, fit_ways(known, own))

    def statistic(self, seen: Observations) -> np.ndarray:
        """(N,) pace, px/frame of a person 50 px tall; NaN where the object was not seen long enough."""
        return super().statistic(_moved(seen))

    def reason(self, seen: Observations, row: int, value: float, tail: Tail) -> str:
        """How fast it gets on against what one normal object in a thousand reaches here on this way."""
        said = super().reason(_moved(seen), row, value, tail)
        return said.replace("fast: ", "travel: ", 1).replace(" px/frame;", " px/frame over half a second;", 1)


def _moved(seen: Observations) -> Observations:
    """The same objects, whose speed and way are those of their boxes."""
    return replace(seen, speed=np.linalg.norm(seen.travel, axis=1), velocity=np.nan_to_num(seen.travel))
