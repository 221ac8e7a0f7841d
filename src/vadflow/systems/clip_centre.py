"""Floor: how near the middle of its clip a frame lies. People cut test clips around the event; a system must beat the cutter."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

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
        """Yield 1 - |x|, x from -1 to 1 over the clip, as published label files were judged: its rounding decides ties."""
        for frame, place in enumerate(np.linspace(-1, 1, len(clip))):
            yield base.FrameScore(frame, float(1.0 - abs(place)))
