"""Windows of consecutive frames from packed clips: drawn at random for training, streamed in order for scoring.

Letters: N windows, L frames a window, T frames a clip, h w working px, C channels, gh gw difference cells.
The conversion from uint8 to float32 in [0, 1] is `as_float` and stands nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from vadflow.clip import ClipView, Segment
from vadflow.errors import VadflowError


def as_float(frames: np.ndarray) -> np.ndarray:
    """uint8 to float32 in [0, 1], any shape."""
    return np.asarray(frames, dtype=np.float32) * np.float32(1 / 255)


class WindowSampler:
    """Draws windows from normal segments, cropped where there is motion. Frames stay memory-mapped: a draw reads its crop only."""

    def __init__(
        self, segments: Sequence[Segment], *, length: int, crop: int, motion_share: float, step: int = 1
    ) -> None:
        """Prepare.

        Args:
            segments: normal video; segments shorter than a window are left out.
            length: frames a window.
            crop: side of the square crop, working px; 0 takes whole frames. A frame smaller than this is taken whole.
            motion_share: fraction of the crops drawn where frame differences are large; the rest anywhere.
            step: frames between two frames of a window.

        Raises:
            VadflowError: no segment is as long as one window.
        """
        self.length, self.crop, self.motion_share, self.step = length, crop, motion_share, step
        self.span = (length - 1) * step + 1
        self.segments = [segment for segment in segments if segment.stop - segment.start >= self.span]
        if not self.segments:
            raise VadflowError(
                f"expected at least one normal clip of {self.span} frames, found none",
                where="training",
                fix="Add longer normal clips, or lower training.held_out.",
            )
        starts = np.array([segment.stop - segment.start - self.span + 1 for segment in self.segments], dtype=np.float64)
        self.shares = np.cumsum(starts) / starts.sum()

    def draw(self, generator: np.random.Generator, count: int) -> np.ndarray:
        """Return (count, L, h', w', C) uint8, h' = w' = crop where the frame is large enough."""
        return np.stack([self._window(generator) for _ in range(count)])

    def _window(self, generator: np.random.Generator) -> np.ndarray:
        segment = self.segments[int(np.searchsorted(self.shares, generator.random(), side="right"))]
        start = int(generator.integers(segment.start, segment.stop - self.span + 1))
        frames = segment.clip.frames[start : start + self.span : self.step]  # L h w C
        height, width = frames.shape[1:3]
        if self.crop == 0:
            return np.asarray(frames)
        side = (min(self.crop, height), min(self.crop, width))
        last = start + self.span - 1
        top, left = crop_corner(segment.clip, last, (height, width), side, self.motion_share, generator)
        return np.asarray(frames[:, top : top + side[0], left : left + side[1]])


def crop_corner(
    clip: ClipView,
    t: int,
    frame: tuple[int, int],
    side: tuple[int, int],
    motion_share: float,
    generator: np.random.Generator,
) -> tuple[int, int]:
    """Top left corner of a crop: its middle near a cell drawn in proportion to the squared differences there, or anywhere.

    Args:
        clip: its differences say where there is motion.
        t: frame looked at.
        frame: (height, width), px.
        side: (height, width) of the crop, px; at most the frame's.
        motion_share: probability of a crop where there is motion.
        generator: source of the draw.
    """
    room = (frame[0] - side[0], frame[1] - side[1])
    point = generator.random(2)
    if generator.random() < motion_share:
        cells = np.asarray(clip.differences[t], dtype=np.float64)  # gh gw
        weights = np.cumsum(np.square(cells).ravel())
        if weights[-1] > 0:
            cell = min(int(np.searchsorted(weights, point[0] * weights[-1], side="right")), cells.size - 1)
            place = np.array(divmod(cell, cells.shape[1])) + generator.random(2)
            corner = place / cells.shape * frame - np.array(side) * generator.uniform(0.25, 0.75, 2)
            return tuple(int(np.clip(c, 0, r)) for c, r in zip(corner, room, strict=True))  # type: ignore[return-value]
    return int(point[0] * (room[0] + 1)), int(point[1] * (room[1] + 1))


def stream_windows(
    frames: np.ndarray, length: int, batch: int, *, start: int = 0, stop: int | None = None, stride: int = 1
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield every window in order, in bounded memory. A clip shorter than a window is filled up with its last frame.

    Args:
        frames: (T, h, w, C) uint8, memory-mapped.
        length: frames a window.
        batch: windows at a time.
        start: first frame a window may use.
        stop: one past the last frame a window may use; T when None.
        stride: frames between the starts of two windows.

    Yields:
        (frames (N, L, h, w, C) uint8, index of each window's last frame (N,)); the index stays inside the clip.
    """
    stop = len(frames) if stop is None else stop
    if stop - start <= 0:
        return
    first = np.arange(start, max(stop - length, start) + 1, stride)
    for chunk in range(0, len(first), batch):
        heads = first[chunk : chunk + batch]
        index = np.minimum(heads[:, None] + np.arange(length), stop - 1)  # N L
        block = np.asarray(frames[index[0, 0] : index[-1, -1] + 1])
        yield block[index - index[0, 0]], index[:, -1]
