"""A system's scores as exactly one a frame: what the held-out normal clips and the test clips both go through."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator

from vadflow.errors import VadflowError
from vadflow.systems.base import FrameScore


def dense_scores(scores: Iterable[FrameScore], length: int, clip: str) -> Iterator[FrameScore]:
    """Yield exactly one score a frame, in order: where the system left frames out, the nearest score (the earlier in a tie).

    Args:
        scores: in frame order, possibly with gaps.
        length: T.
        clip: name, for the error.

    Raises:
        VadflowError: no score at all for T > 0, frames out of order, or a score that is not finite.
    """
    last: FrameScore | None = None
    for score in scores:
        first = 0 if last is None else last.frame + 1
        if not first <= score.frame < length:
            raise ValueError(f"clip {clip}: score of frame {score.frame} where {first} to {length - 1} may come")
        if not math.isfinite(score.score) or not math.isfinite(score.paper or 0.0):
            raise VadflowError(
                f"the score is {score.score}", where=f"clip {clip}, frame {score.frame}", fix="Train the system again."
            )
        for frame in range(first, score.frame):
            nearest = score if last is None or score.frame - frame < frame - last.frame else last
            yield dataclasses.replace(nearest, frame=frame)
        yield score
        last = score
    if last is None and length > 0:
        raise VadflowError(f"expected scores for {length} frames, got none", where=f"clip {clip}")
    if last is not None:
        for frame in range(last.frame + 1, length):
            yield dataclasses.replace(last, frame=frame)
