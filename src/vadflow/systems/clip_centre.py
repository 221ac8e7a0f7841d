"""Floor: how near the middle of its clip a frame lies. People cut test clips around the event; a system must beat the cutter."""

from __future__ import annotations

from collections.abc import Iterator

from vadflow.clip import ClipView
from vadflow.systems import base


class Params(base.NoParams):
    """Nothing to choose."""


class System(base.System):
    """Scores 1 at mid-clip, falling to 0 at both ends."""

    needs = frozenset({"differences"})  # the smallest array that has a length; no value of it is read
    kind = "floor"
    stochastic = False

    def score(self, clip: ClipView) -> Iterator[base.FrameScore]:
        """Yield 1 - |2 t / (length - 1) - 1|; a clip of one frame is all middle."""
        last = len(clip) - 1
        for frame in range(last + 1):
            yield base.FrameScore(frame, 1.0 - abs(2 * frame - last) / max(last, 1))
