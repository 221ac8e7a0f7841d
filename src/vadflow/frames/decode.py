"""One reader for video files and image folders. It counts what it *decodes*: a header's frame count is only a promise.

OpenCV is silent about damage (an AVI cut at 60 % reports 100 frames and decodes 59), so the verdict is ours:

    ok          every promised frame decoded
    short       the end is missing
    damaged     frames are missing, unreadable or of another size in the middle
    unreadable  nothing decodes, or the source is beyond the limits
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from vadflow.frames.container import counts_exactly, is_cut
from vadflow.frames.numbering import gaps
from vadflow.media import list_images, read_image
from vadflow.params import FramesParams

Status = Literal["ok", "short", "damaged", "unreadable"]


@dataclass(frozen=True)
class Limits:
    """Caps that hold before and while decoding.

    Attributes:
        max_side: longest allowed side of the source, px.
        max_frames: most frames of a clip.
        max_seconds: longest duration of a clip, s.
    """

    max_side: float
    max_frames: float
    max_seconds: float = math.inf

    @classmethod
    def of(cls, params: FramesParams) -> Limits:
        """Limits as `params.yaml` sets them."""
        return cls(params.max_side, params.max_frames, params.max_seconds)


_NO_LIMITS = Limits(math.inf, math.inf)


@dataclass(frozen=True)
class Found:
    """What decoding a whole source found; sizes in px after any rotation flag, 0 where nothing decoded."""

    n_frames: int
    height: int
    width: int
    fps: float
    status: Status
    detail: str = ""


class Decoder:
    """Iterates over the frames of a source; after the last one, `found` tells how it went.

    Frames that do not decode, or have another size than the first, are left out and told in `found`; a source that
    does not open yields nothing. Use:

        decoder = Decoder(path, limits=limits)
        for frame in decoder:  # (H, W, 3) uint8 RGB
            ...
        decoder.found.status
    """

    def __init__(self, path: Path, *, limits: Limits | None = None, fps: float | None = None, threads: int = 1) -> None:
        """Prepare; nothing is opened yet.

        Args:
            path: video file or folder of images.
            limits: caps on size and length; None for a source that was decoded within them before.
            fps: frames a second of an image folder, or of a video whose header gives none.
            threads: decoding threads of FFmpeg.
        """
        self.path, self.limits, self.fps, self.threads = path, limits or _NO_LIMITS, fps or 0.0, threads
        self._count, self._size = 0, (0, 0)
        self._faults: list[str] = []
        self._verdict: tuple[Status, str] | None = None

    def __iter__(self) -> Iterator[np.ndarray]:
        self._count, self._size, self._faults, self._verdict = 0, (0, 0), [], None
        frames = self._images() if self.path.is_dir() else self._video()
        for frame in frames:
            if self._beyond(frame.shape[0], frame.shape[1], self._count + 1):
                return
            self._size = self._size if self._count else (frame.shape[0], frame.shape[1])
            if frame.shape[:2] != self._size:
                self._faults.append(f"frame {self._count} is {_size(frame.shape)}, expected {_size(self._size)}")
                continue
            self._count += 1
            yield frame
        self._judge()

    @property
    def found(self) -> Found:
        """The verdict. Raises RuntimeError before the last frame was read."""
        if self._verdict is None:
            raise RuntimeError(f"{self.path}: read all frames first")
        return Found(self._count, *self._size, self.fps, *self._verdict)

    def _images(self) -> Iterator[np.ndarray]:
        paths = list_images(self.path)
        if self._beyond(0, 0, len(paths)):
            return
        self._faults += gaps(paths)
        for path in paths:
            image = read_image(path)
            if image is None:
                self._faults.append(f"{path.name} does not decode")
            else:
                yield image

    def _video(self) -> Iterator[np.ndarray]:
        capture = self._open()
        if capture is None:
            return
        try:
            promised = _header(capture, cv2.CAP_PROP_FRAME_COUNT)
            header_fps = _header(capture, cv2.CAP_PROP_FPS)
            self.fps = header_fps if 0 < header_fps <= 1000 else self.fps
            sides = (_header(capture, cv2.CAP_PROP_FRAME_HEIGHT), _header(capture, cv2.CAP_PROP_FRAME_WIDTH))
            if self._beyond(int(sides[0]), int(sides[1]), int(promised)):
                return
            yield from self._grab(capture, promised)
        finally:
            capture.release()

    def _open(self) -> cv2.VideoCapture | None:
        if not self.path.is_file() or not self.path.stat().st_size:
            self._verdict = ("unreadable", "the file is empty" if self.path.is_file() else "no such file")
            return None
        capture = cv2.VideoCapture(str(self.path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, self.threads])
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
        return capture if capture.isOpened() else None

    def _grab(self, capture: cv2.VideoCapture, promised: float) -> Iterator[np.ndarray]:
        last, gap, read = 0.0, "", 0
        while True:
            good, image = capture.read()
            if not good:
                break
            at = _header(capture, cv2.CAP_PROP_POS_MSEC)
            if read and self.fps and not gap and at - last > 1500 / self.fps:
                gap = f"nothing between {last / 1000:.2f} s and {at / 1000:.2f} s"
            last, read = at, read + 1
            yield cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        self._compare(read, promised, gap)

    def _compare(self, read: int, promised: float, gap: str) -> None:
        # estimated counts (duration times rate) may be a little off without any damage
        slack = 0 if counts_exactly(self.path) else 1 if gap else 1 + 0.02 * promised
        if not read or read >= promised - slack:
            return
        cut = is_cut(self.path) or (not gap and not counts_exactly(self.path))
        why = "the end is missing" if cut else gap or "some are lost, or hidden by an edit list"
        text = f"the header promises {promised:.0f} frames, {read} decode; {why}"
        self._verdict = ("short" if cut else "damaged", text)

    def _beyond(self, height: int, width: int, n_frames: int) -> bool:
        seconds = n_frames / self.fps if self.fps else 0.0
        for what, value, cap in (
            (f"frames are {width}x{height} px: longest side", max(height, width), self.limits.max_side),
            ("number of frames", n_frames, self.limits.max_frames),
            ("seconds", seconds, self.limits.max_seconds),
        ):
            if value > cap:
                self._verdict = ("unreadable", f"{what} {value:g} or more, allowed {cap:g}")
                return True
        return False

    def _judge(self) -> None:
        if self._verdict and self._verdict[0] == "unreadable":
            return
        if not self._count:
            cut = self.path.is_file() and is_cut(self.path)
            why = "no frame decodes, the end of the file is missing" if cut else "no frame decodes"
            self._verdict = ("unreadable", "; ".join(self._faults[:2]) or why)
        elif not self.fps:
            self._verdict = ("unreadable", "the header gives no frame rate")
        elif self._faults:
            more = f" and {len(self._faults) - 3} more" if len(self._faults) > 3 else ""
            self._verdict = ("damaged", "; ".join(self._faults[:3]) + more)
        elif self._verdict is None:
            self._verdict = ("ok", "")


def _header(capture: cv2.VideoCapture, what: int) -> float:
    value = float(capture.get(what))
    return value if math.isfinite(value) and value > 0 else 0.0


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}x{shape[0]} px"
