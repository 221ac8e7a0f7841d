"""Floor: every frame scores the same. Its AUC is 0.5, or some step of the protocol has leaked a clip's identity or its borders."""

from __future__ import annotations

from collections.abc import Iterator

from vadflow.clip import ClipView
from vadflow.systems import base


class Params(base.NoParams):
    """Nothing to choose."""


class System(base.System):
    """Scores 0."""

    needs = frozenset({"differences"})  # the smallest array that has a length; no value of it is read
    kind = "floor"
    stochastic = False

    def score(self, clip: ClipView) -> Iterator[base.FrameScore]:
        """Yield 0 for every frame."""
        for frame in range(len(clip)):
            yield base.FrameScore(frame, 0.0)
