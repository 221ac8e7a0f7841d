"""Dense optical flow per cell, from the source and not from the packed frames: half resolution costs Ped2 five points.

Source: Kroeger et al., Fast Optical Flow using Dense Inverse Search, ECCV 2016, as OpenCV's DISOpticalFlow. OpenCV
splits the search into a fixed number of stripes, so the result does not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from tqdm import tqdm

from vadflow.errors import VadflowError
from vadflow.frames.cells import average, grid
from vadflow.frames.decode import Decoder, Limits
from vadflow.io import ArrayWriter
from vadflow.types import ClipSource

Preset = Literal["ultrafast", "fast", "medium"]
_PRESETS = {
    "ultrafast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
    "fast": cv2.DISOPTICAL_FLOW_PRESET_FAST,
    "medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
}
_MIN_SIDE = 32  # px; DIS needs a few of its 8 px patches on its coarsest level


def flow_cells(frames: Iterable[np.ndarray], *, cell: int, max_side: int, preset: Preset) -> Iterator[np.ndarray]:
    """Yield the mean flow from t-1 to t per cell; row 0 repeats row 1 (zero for a single frame).

    Args:
        frames: (H, W, 3) uint8 RGB, at source size.
        cell: side of a cell, px of the flow image.
        max_side: longer frames are scaled down to this before flow, px.
        preset: DIS preset.

    Yields:
        (fh, fw, 2) float16: (dx, dy) in source px/frame; one per frame.
    """
    search: Any = cv2.DISOpticalFlow.create(_PRESETS[preset])
    before: np.ndarray | None = None
    waiting = False
    vectors = np.zeros((1, 1, 2), np.float16)
    for frame in frames:
        image = _flow_image(frame, max_side)
        shape = grid(image.shape[0], image.shape[1], cell)
        if before is None:
            before, waiting, vectors = image, True, np.zeros((*shape, 2), np.float16)
            continue
        scale = np.array([frame.shape[1] / image.shape[1], frame.shape[0] / image.shape[0]], np.float32)  # x y
        vectors = (average(search.calc(before, image, None), shape) * scale).astype(np.float16)
        yield from [vectors] * (1 + waiting)
        before, waiting = image, False
    if waiting:
        yield vectors


def write_flow(
    source: ClipSource,
    path: Path,
    *,
    n_frames: int,
    cell: int,
    max_side: int,
    preset: Preset,
    limits: Limits | None = None,
    threads: int = 1,
) -> None:
    """Decode one clip again and write float16 (T, fh, fw, 2) to `path`; memory stays at two frames.

    Args:
        source: the clip.
        path: `.npy` file to write.
        n_frames: T of the packed frames.
        cell: side of a cell, px of the flow image.
        max_side: longer frames are scaled down to this before flow, px.
        preset: DIS preset.
        limits: caps on the source; not needed for one that was packed under them.
        threads: threads of FFmpeg and OpenCV.

    Raises:
        VadflowError: the source no longer decodes to `n_frames`.
    """
    cv2.setNumThreads(threads)
    decoder = Decoder(source.path, limits=limits, fps=source.fps, threads=threads)
    with ArrayWriter(path, dtype="float16") as packed:
        for vectors in flow_cells(decoder, cell=cell, max_side=max_side, preset=preset):
            packed.append(vectors)
        if packed.length != n_frames:
            raise VadflowError(
                f"{packed.length} frames decode, {n_frames} were packed",
                where=f"clip {source.split}/{source.name} ({source.path})",
                fix="The source changed: delete the packed frames of this clip and run again.",
            )


def write_flows(
    sources: Sequence[ClipSource],
    paths: Sequence[Path],
    n_frames: Sequence[int],
    *,
    preset: Preset,
    limits: Limits | None = None,
    **size: int,
) -> None:
    """`write_flow` for several clips with a progress bar; `size` is its `cell`, `max_side` and `threads`."""
    jobs = zip(tqdm(sources, desc="flow", unit="clip"), paths, n_frames, strict=True)
    for source, path, count in jobs:
        write_flow(source, path, n_frames=count, preset=preset, limits=limits, **size)


def _flow_image(frame: np.ndarray, max_side: int) -> np.ndarray:
    """Gray image for DIS: (H, W, 3) uint8 -> (h, w) uint8, longest side at most `max_side`, tiny frames enlarged."""
    gray = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    ratio = min(1.0, max_side / max(gray.shape))
    size = [max(_MIN_SIDE, round(side * ratio)) for side in gray.shape]  # h w
    if size == list(gray.shape):
        return gray
    return cv2.resize(gray, (size[1], size[0]), interpolation=cv2.INTER_AREA)
