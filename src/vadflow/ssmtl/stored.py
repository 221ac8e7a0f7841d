"""The tubes that `ssmtl` learns from: drawn evenly over the clips of normal video and kept in memory, a bounded number of them.

Letters: N tubes, L frames a tube, V views, S px of a network's input, C channels, K classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vadflow.attributes.observations import Observations, count_classes, from_table
from vadflow.clip import ClipView, Segment
from vadflow.objects.tubes import REACH, STORED_REACH, TubeShape, cut_tubes, group


@dataclass(frozen=True)
class Tubes:
    """Stored tubes of normal video.

    Attributes:
        pixels: (N, 2 STORED_REACH + 1, V, S, S, C) uint8; the box's own frame in the middle.
        classes: (N, K) the detector's class probabilities.
        clip: (N,) number of the segment.
        frame: (N,) frame of the box.
        row: (N,) number of the box among the clip's objects.
    """

    pixels: np.ndarray
    classes: np.ndarray
    clip: np.ndarray
    frame: np.ndarray
    row: np.ndarray

    def __len__(self) -> int:
        return len(self.pixels)


def observe(clip: ClipView, classes: int) -> Observations:
    """The clip's objects as arrays."""
    return from_table(clip.objects, size=clip.size, fps=clip.fps, classes=classes)


def classes_of(segments: Sequence[Segment]) -> int:
    """K of the detector, as far as these clips show."""
    return max((count_classes(segment.clip.objects) for segment in segments), default=1)


def store_tubes(
    segments: Sequence[Segment],
    shape: TubeShape,
    *,
    channels: int,
    classes: int,
    total: int,
    generator: np.random.Generator,
) -> Tubes:
    """Draw objects, an equal share from every segment, and cut their tubes in one pass over each source.

    Args:
        segments: normal video.
        shape: see `TubeShape`.
        channels: 1 gray or 3 RGB.
        classes: K.
        total: most tubes over all segments: bounds the memory whatever the length of the video.
        generator: draws; the same state draws the same tubes.

    Returns:
        at most `total` tubes, none where no object was detected.
    """
    share, L = max(1, total // max(len(segments), 1)), 2 * STORED_REACH + 1
    seen = [observe(segment.clip, classes) for segment in segments]
    drawn = [_draw(one.frame, segment, share, generator) for one, segment in zip(seen, segments, strict=True)]
    count, done = sum(map(len, drawn)), 0
    pixels = np.empty(
        (count, L, len(shape.views), shape.side, shape.side, channels), np.uint8
    )  # once: joining parts would double the memory
    known, (clip, frame, row) = np.zeros((count, classes), np.float32), np.zeros((3, count), int)
    for number, (segment, one, rows) in enumerate(zip(segments, seen, drawn, strict=True)):
        wanted = group(one.frame, rows)
        if not wanted:
            continue
        for found, cut in cut_tubes(segment, one.box, wanted, shape=shape, reach=STORED_REACH, channels=channels):
            place = slice(done, done + len(found))
            pixels[place], known[place] = cut, one.probability[found]
            clip[place], frame[place], row[place] = number, one.frame[found], found
            done += len(found)
    return Tubes(pixels, known, clip, frame, row)


def _draw(frame: np.ndarray, segment: Segment, share: int, generator: np.random.Generator) -> np.ndarray:
    """Rows of a segment: of frames with room for every gap if there are any, else of any frame."""
    for reach in (STORED_REACH, REACH, 0):
        rows = np.flatnonzero((frame >= segment.start + reach) & (frame < segment.stop - reach))
        if len(rows):
            return np.sort(generator.choice(rows, min(share, len(rows)), replace=False))
    return np.zeros(0, int)
