"""Object tubes of `ssmtl`: one box cut out of consecutive frames, without tracking, from a stream of source frames.

A tube holds several views of the object, each a cut of its own.

Letters: N tubes, L frames a tube, V views, R frames in the ring, S px of a network's input, C channels, K classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np

from vadflow.attributes.observations import Observations, count_classes, from_table
from vadflow.clip import ClipView, Segment
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


def group(frame: np.ndarray, rows: np.ndarray) -> dict[int, np.ndarray]:
    """Frame -> those of `rows` that lie in it, in order."""
    order = rows[np.argsort(frame[rows], kind="stable")]
    starts = np.flatnonzero(np.diff(frame[order], prepend=-1))
    return {int(frame[part[0]]): part for part in np.split(order, starts[1:]) if len(part)}


def _draw(frame: np.ndarray, segment: Segment, share: int, generator: np.random.Generator) -> np.ndarray:
    """Rows of a segment: of frames with room for every gap if there are any, else of any frame."""
    for reach in (STORED_REACH, REACH, 0):
        rows = np.flatnonzero((frame >= segment.start + reach) & (frame < segment.stop - reach))
        if len(rows):
            return np.sort(generator.choice(rows, min(share, len(rows)), replace=False))
    return np.zeros(0, int)
