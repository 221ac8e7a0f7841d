"""Which normal video is learned from and which is kept aside. Only training clips ever come here."""

from __future__ import annotations

import math
from collections.abc import Sequence

from vadflow.clip import ClipView, Segment
from vadflow.errors import VadflowError

_CLIPS_TO_HOLD_OUT_WHOLE = 4
"""With fewer clips than this, holding one out would lose a whole scene or time of day: every clip gives its end instead."""


def split_normal(clips: Sequence[ClipView], fraction: float) -> tuple[list[Segment], list[Segment]]:
    """Split normal clips into (fit, held out); the same clips and fraction give the same split.

    With four clips or more, ceil(fraction x n) whole clips are held out, evenly spaced in name order (neighbouring names are
    often one scene). With fewer, the last fraction of each clip.

    Args:
        clips: training clips; those without frames are left out.
        fraction: of the clips, in (0, 1).

    Raises:
        VadflowError: there is no normal frame to fit on.
    """
    usable = sorted((clip for clip in clips if len(clip) > 0), key=lambda clip: clip.name)
    if not usable:
        raise VadflowError("expected normal clips with frames, found none", where="training", fix="Add normal video.")
    if len(usable) < _CLIPS_TO_HOLD_OUT_WHOLE:
        return _split_ends(usable, fraction)
    count = min(math.ceil(fraction * len(usable)), len(usable) - 1)
    held = {int((i + 0.5) * len(usable) / count) for i in range(count)}
    whole = [Segment(clip, 0, len(clip)) for clip in usable]
    return [s for i, s in enumerate(whole) if i not in held], [s for i, s in enumerate(whole) if i in held]


def _split_ends(clips: Sequence[ClipView], fraction: float) -> tuple[list[Segment], list[Segment]]:
    fit, held = [], []
    for clip in clips:
        cut = max(1, len(clip) - math.ceil(fraction * len(clip)))
        fit.append(Segment(clip, 0, cut))
        if cut < len(clip):
            held.append(Segment(clip, cut, len(clip)))
    return fit, held
