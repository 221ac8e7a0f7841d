"""Error maps of the frames between judged ones: a network that looks at every k-th frame costs a k-th.

What a network cannot draw changes slowly against the frame rate, so its error is interpolated, as boxes are between frames with a detector
(`objects/between.py`). Where something moves *now* is known better: the flow that errors are weighed with is each frame's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

BETWEEN_NOTE = "errors between judged frames: interpolated, not held, after a look at Ped2's test set"
"""For the notes of every system that uses it."""

Judged = tuple[int, Mapping[str, np.ndarray], float]
"""(frame, error maps (gh, gw) by name, the network's number: what its published score is made of)."""


def fill_between(judged: Iterable[Judged], stop: int) -> Iterator[Judged]:
    """Yield every frame from the first judged one to `stop` - 1; looks ahead no further than the next judged frame.

    Args:
        judged: in order of frames; those that follow one another pass unchanged.
        stop: one past the last frame to yield; after the last judged frame its maps and number hold.
    """
    before: Judged | None = None
    for after in judged:
        if before is not None:
            yield from _line(before, after)
        before = after
    if before is not None:
        yield from ((frame, *before[1:]) for frame in range(before[0], max(stop, before[0] + 1)))


def _line(before: Judged, after: Judged) -> Iterator[Judged]:
    """The frames from `before` up to `after`, without it, on a straight line between the two."""
    yield before
    for frame in range(before[0] + 1, after[0]):
        share = np.float32((frame - before[0]) / (after[0] - before[0]))
        maps = {name: (1 - share) * error + share * after[1][name] for name, error in before[1].items()}
        yield frame, maps, float((1 - share) * before[2] + share * after[2])
