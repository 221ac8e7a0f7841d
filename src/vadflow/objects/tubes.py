"""Object tubes: one box cut out of consecutive frames, without tracking, from a stream of source frames.

A tube holds several views of the object, each a cut of its own.

Letters: N tubes, L frames a tube, V views, R frames in the ring, S px of a network's input, C channels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np

from vadflow.clip import Segment
from vadflow.errors import VadflowError
from vadflow.frames.decode import Decoder

REACH = 3
"""Frames on each side of the middle one (methods.md 3.2: seven in all)."""
GAPS = 4
"""Largest gap of an irregular sequence, frames."""
STORED_REACH = REACH * GAPS
"""Frames on each side that a stored tube needs for every irregular sequence."""


@dataclass(frozen=True)
class View:
    """What of an object's surroundings is shown.

    Attributes:
        share: of the side, added on each side of it.
        square: as wide as high, after the longer side of the box: proportions stay, and with them speeds against the object's size.
            Otherwise the box is stretched to a square, so that everything is as wide as everything else.
    """

    share: float
    square: bool = False


@dataclass(frozen=True)
class TubeShape:
    """How a box becomes a tube.

    Attributes:
        side: S, px.
        views: V of them; the first is what appearance sees.
        least: smaller sides of a box are enlarged to this first, source px.
    """

    side: int
    views: tuple[View, ...]
    least: float

    def sides(self, boxes: np.ndarray, view: View) -> np.ndarray:
        """(N, 4) boxes -> (N, 4) int corners x1, y1, x2, y2 of what is cut, at least 1 px, possibly beyond the frame."""
        centre = (boxes[:, :2] + boxes[:, 2:]) / 2
        sides = np.maximum(boxes[:, 2:] - boxes[:, :2], self.least)
        if view.square:
            sides = np.repeat(sides.max(axis=1, keepdims=True), 2, axis=1)
        half = sides * (1 + 2 * view.share) / 2
        low = np.floor(centre - half).astype(int)
        return np.concatenate([low, np.maximum(np.ceil(centre + half).astype(int), low + 1)], axis=1)


class _Ring:
    """The last R frames as one array (H, W, R C): one resize then cuts a box out of all of them."""

    def __init__(self, length: int, shape: TubeShape, channels: int) -> None:
        self.length, self.shape, self.channels = length, shape, channels
        self.frames = np.zeros((0, 0, 0), np.uint8)

    def put(self, t: int, frame: np.ndarray) -> None:
        """Take in frame t, (H, W, 3) RGB."""
        C = self.channels
        if not self.frames.size:
            self.frames = np.zeros((*frame.shape[:2], self.length * C), np.uint8)
        if C == 1:
            frame = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)[..., None]
        slot = t % self.length
        self.frames[..., slot * C : (slot + 1) * C] = frame

    def tubes(self, boxes: np.ndarray, index: np.ndarray) -> np.ndarray:
        """Cut boxes (N, 4) out of the frames `index` (L,), which the ring still holds: (N, L, V, S, S, C)."""
        S, slots = self.shape.side, index % self.length
        found = np.empty((len(boxes), len(index), len(self.shape.views), S, S, self.channels), np.uint8)
        for v, view in enumerate(self.shape.views):
            for n, (x1, y1, x2, y2) in enumerate(self.shape.sides(boxes, view)):
                cut = _resized(self._part(x1, y1, x2, y2), S)
                found[n, :, v] = cut.reshape(S, S, self.length, self.channels)[:, :, slots].transpose(2, 0, 1, 3)
        return found

    def _part(self, x1: int, y1: int, x2: int, y2: int) -> np.ndarray:
        """(y2 - y1, x2 - x1, R C); the frame's border is repeated beyond it."""
        height, width = self.frames.shape[:2]
        if x1 >= 0 and y1 >= 0 and x2 <= width and y2 <= height:
            return self.frames[y1:y2, x1:x2]
        rows = np.clip(np.arange(y1, y2), 0, height - 1)
        return np.ascontiguousarray(self.frames[rows][:, np.clip(np.arange(x1, x2), 0, width - 1)])


def _resized(pixels: np.ndarray, side: int) -> np.ndarray:
    """(h, w, R C) to (side, side, R C): by area where both sides shrink to a half or less, or thin things would come and go."""
    if min(pixels.shape[:2]) < 2 * side:
        return np.asarray(cv2.resize(pixels, (side, side), interpolation=cv2.INTER_LINEAR))
    parts = []  # OpenCV averages at most four channels at a time
    for start in range(0, pixels.shape[2], 4):
        part = np.ascontiguousarray(pixels[..., start : start + 4])
        parts.append(cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA).reshape(side, side, -1))
    return np.concatenate(parts, axis=2)


def cut_tubes(
    segment: Segment,
    boxes: np.ndarray,
    wanted: Mapping[int, np.ndarray],
    *,
    shape: TubeShape,
    reach: int,
    channels: int,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Read the source once, holding 2 reach + 1 frames, and cut the wanted boxes.

    Args:
        segment: frames a tube may use; beyond its ends the end frame is repeated.
        boxes: (n, 4) xyxy of the clip, source px.
        wanted: frame -> rows of `boxes`.
        shape: see `TubeShape`.
        reach: frames on each side of the box's own.
        channels: 1 gray or 3 RGB.

    Yields:
        (rows (m,), tubes (m, 2 reach + 1, V, S, S, C) uint8), frame by frame.

    Raises:
        VadflowError: the source has no frame where objects were found.
    """
    ring, last = _Ring(2 * reach + 1, shape, channels), segment.start - 1

    def at(t: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        rows = wanted.get(t)
        if rows is not None and len(rows):
            index = np.clip(np.arange(t - reach, t + reach + 1), segment.start, last)
            yield rows, ring.tubes(boxes[rows], index)

    for last, frame in enumerate(_source(segment), start=segment.start):  # `at` reads it
        ring.put(last, frame)
        if last - reach >= segment.start:
            yield from at(last - reach)
    for t in range(max(last - reach + 1, segment.start), last + 1):
        yield from at(t)
    if any(t > last for t in wanted):
        raise VadflowError(
            f"objects in frame {max(wanted)}, but only {last + 1} frames decode",
            where=f"clip {segment.clip.name} ({segment.clip.source})",
            fix="The source changed since objects were detected: run the workflow again.",
        )


def _source(segment: Segment) -> Iterable[np.ndarray]:
    clip = segment.clip
    if clip.source is None:
        raise KeyError(f"clip {clip.name}: its source was not declared as an input of this job")
    return islice(Decoder(clip.source, fps=clip.fps), segment.start, segment.stop)


def target_frames(start: int, stop: int, reach: int, stride: int = 1) -> range:
    """Frames whose whole tube lies in [start, stop); the middle frame where none does.

    >>> list(target_frames(0, 10, 3)), list(target_frames(0, 4, 3)), list(target_frames(0, 0, 3))
    ([3, 4, 5, 6], [2], [])
    """
    if stop - start > 2 * reach:
        return range(start + reach, stop - reach, stride)
    middle = (start + stop) // 2
    return range(middle, min(middle + 1, stop))


def group(frame: np.ndarray, rows: np.ndarray) -> dict[int, np.ndarray]:
    """Frame -> those of `rows` that lie in it, in order."""
    order = rows[np.argsort(frame[rows], kind="stable")]
    starts = np.flatnonzero(np.diff(frame[order], prepend=-1))
    return {int(frame[part[0]]): part for part in np.split(order, starts[1:]) if len(part)}
