"""How tall people are in normal video, and so how large a frame optical flow needs.

Flow costs by the pixel. People 16 px wide need every pixel there is: half the resolution costs Ped2 five points (platform notes). People
six times as large move as visibly in a frame a sixth as wide. Only training clips are looked at, a few frames of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np
from tqdm import tqdm

from vadflow.frames.decode import Decoder, Limits
from vadflow.objects.base import Detector, whole
from vadflow.types import ClipSource

CLIPS = 12
"""Training clips looked at, spread evenly."""
FIRST, STEP = 250, 50
"""Frames of a clip looked at: every 50th of the first 250."""
_CONFIDENCE = 0.4
_LEAST_PEOPLE = 30
_SMALL = 0.05
_EVEN = 1.1
_LEAST_SIDE = 160  # px; below, the coarsest level of the flow search has nothing left


def person_heights(
    sources: Sequence[ClipSource], detector: Detector, *, limits: Limits, threads: int
) -> tuple[np.ndarray, int]:
    """Heights of the people in a few frames of some clips.

    Args:
        sources: normal clips.
        detector: see `base.Detector`.
        limits: caps on the sources.
        threads: of the decoder.

    Returns:
        (n,) px, of people whom the frame's border does not cut; the longest side of a frame, px (0 where none decodes).
    """
    found: list[float] = []
    longest = 0
    for source in tqdm(sources, desc="people", unit="clip"):
        detector.restart()
        decoder = Decoder(source.path, limits=limits, fps=source.fps, threads=threads)
        for frame in islice(decoder, 0, FIRST, STEP):
            longest = max(longest, *frame.shape[:2])
            found += _heights(frame, detector)
    return np.array(found, np.float32), longest


def _heights(frame: np.ndarray, detector: Detector) -> list[float]:
    (boxes,) = detector.detect([frame])
    person = np.array([detector.names.get(int(kind)) == "person" for kind in boxes.class_id], bool)
    kept = person & (boxes.confidence >= _CONFIDENCE) & whole(boxes.xyxy, (frame.shape[0], frame.shape[1]))
    return (boxes.xyxy[:, 3] - boxes.xyxy[:, 1])[kept].tolist()


def flow_side(heights: np.ndarray, longest: int, *, person_px: float, max_side: int) -> int:
    """The longest side that frames are scaled to before flow, px; never more than `max_side`.

    A half, a third, ... of the frame is taken where that is a tenth more at most: a mean of whole pixels is computed forty times as
    fast as one of parts of them, which at 640x360 is a millisecond a frame.

    Args:
        heights: (n,) px of people in the source.
        longest: longest side of the source, px.
        person_px: what the smallest twentieth of them shall be at least.
        max_side: the cap, and the answer where fewer than 30 people were seen.

    >>> flow_side(np.full(100, 96.0), 640, person_px=48, max_side=640)
    320
    >>> flow_side(np.full(100, 98.0), 640, person_px=48, max_side=640)  # 313 would do
    320
    >>> flow_side(np.full(100, 36.0), 360, person_px=48, max_side=640)
    360
    >>> flow_side(np.full(3, 200.0), 640, person_px=48, max_side=512)
    512
    """
    if len(heights) < _LEAST_PEOPLE:
        return max_side
    ratio = person_px / float(np.quantile(heights, _SMALL))
    least = min(longest, max(_LEAST_SIDE, round(longest * ratio)))
    parts = longest // least
    even = longest // parts
    return min(max_side, even if longest % parts == 0 and even <= _EVEN * least else least)
