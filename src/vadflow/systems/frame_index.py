"""Floor: how late in its clip a frame comes. Test clips begin normally more often than they end so; a system must beat that."""

from __future__ import annotations

from collections.abc import Iterator

from vadflow.clip import ClipView
from vadflow.systems import base


class Params(base.NoParams):
    """Nothing to choose."""


class System(base.System):
    """Scores t / length."""

    needs = frozenset({"differences"})  # the smallest array that has a length; no value of it is read
    kind = "floor"
    stochastic = False

    def score(self, clip: ClipView) -> Iterator[base.FrameScore]:
        """Yield t / length."""
        length = len(clip)
        for frame in range(length):
            yield base.FrameScore(frame, frame / length)
