"""One clip's frames -> its table of objects: the detector's boxes, and how they move."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from vadflow.errors import VadflowError
from vadflow.objects import schema
from vadflow.objects.base import Boxes, Detector
from vadflow.objects.between import fill


def detect_clip(
    frames: Iterable[np.ndarray], detector: Detector, *, flow: np.ndarray, differences: np.ndarray, where: str
) -> pd.DataFrame:
    """Stream a clip through a detector; memory stays at one batch of frames.

    Args:
        frames: (H, W, 3) uint8 RGB each, source size.
        detector: see `base.Detector`.
        flow: (T, fh, fw, 2) mean flow per cell, source px/frame.
        differences: (T, gh, gw) mean difference per cell, [0, 1].
        where: the clip, for errors.

    Returns:
        the table of `schema.COLUMNS`; what made it stands in `attrs`, which parquet keeps.

    Raises:
        VadflowError: the number of frames is not that of the arrays.
    """
    detector.restart()
    stream = _Sized(frames)
    found = fill(_shown(stream, detector), detector.every, len(flow))
    arrays = (flow, differences)
    seen = [_moving(t, boxes, arrays, stream.size) for t, boxes in enumerate(found)]
    if not stream.length == len(flow) == len(differences):
        raise VadflowError(
            f"{stream.length} frames decode, but flow has {len(flow)} and differences {len(differences)}",
            where=where,
            fix="The source changed since it was packed: run the workflow again from the frames.",
        )
    table = _table([(t, *one) for t, one in enumerate(seen) if len(one[0])], detector.names)
    table.attrs.update(provenance(detector))
    return table


def provenance(detector: Detector) -> dict[str, Any]:
    """What made the boxes, ready for JSON: detector, weights, sha256, names (class id as text -> name)."""
    return {
        "detector": type(detector).__module__.rpartition(".")[2],
        "weights": detector.weights,
        "sha256": detector.sha256,
        "names": {str(key): name for key, name in detector.names.items()},
    }


class _Sized:
    """Counts the frames that pass, and remembers their (height, width)."""

    def __init__(self, frames: Iterable[np.ndarray]) -> None:
        self._frames, self.length, self.size = frames, 0, (1, 1)

    def __iter__(self) -> Iterator[np.ndarray]:
        for frame in self._frames:
            self.length, self.size = self.length + 1, (frame.shape[0], frame.shape[1])
            yield frame


def _shown(stream: _Sized, detector: Detector) -> Iterator[Boxes]:
    batch: list[np.ndarray] = []
    for t, frame in enumerate(stream):
        if t % detector.every == 0:
            batch.append(frame)
        if len(batch) == detector.batch:
            yield from detector.detect(batch)
            batch = []
    if batch:
        yield from detector.detect(batch)


_Motion = Mapping[str, np.ndarray]


def _moving(
    t: int, boxes: Boxes, arrays: tuple[np.ndarray, np.ndarray], size: tuple[int, int]
) -> tuple[Boxes, _Motion]:
    """The boxes of a frame, clipped to it, and how they move."""
    flow, differences = arrays
    boxes = boxes.within(*size)
    t = min(t, len(flow) - 1, len(differences) - 1)  # a wrong length is told after the last frame, with both numbers
    return boxes, motion(boxes.xyxy, flow[t], differences[t], size)


def _table(seen: Sequence[tuple[int, Boxes, _Motion]], names: Mapping[int, str]) -> pd.DataFrame:
    """One table of a clip's frames, built once: a table a frame costs a millisecond each."""
    if not seen:
        return schema.empty()
    xyxy = np.concatenate([boxes.xyxy for _, boxes, _ in seen])
    kinds = np.concatenate([boxes.class_id for _, boxes, _ in seen])
    moving = {name: np.concatenate([motion[name] for *_, motion in seen]) for name in seen[0][2]}
    columns = {
        "frame": np.repeat([t for t, *_ in seen], [len(boxes) for _, boxes, _ in seen]),
        **dict(zip(schema.BOX, xyxy.T, strict=True)),
        "confidence": np.concatenate([boxes.confidence for _, boxes, _ in seen]),
        "class_id": kinds,
        "class_name": [names[kind] for kind in kinds.tolist()],
        "probabilities": [row for _, boxes, _ in seen for row in boxes.probabilities],
        **moving,
    }
    return schema.conform(pd.DataFrame(columns))


def motion(xyxy: np.ndarray, flow: np.ndarray, differences: np.ndarray, size: tuple[int, int]) -> _Motion:
    """How the boxes of one frame move. Whoever brings own boxes completes them with this.

    Args:
        xyxy: (n, 4) source px, inside the frame.
        flow: (fh, fw, 2) source px/frame.
        differences: (gh, gw) in [0, 1].
        size: (height, width) of the source, px.

    Returns:
        speed, dx, dy (px/frame) and energy ([0, 1]), (n,) float32 each.
    """
    across, along = np.moveaxis(flow, 2, 0).astype(np.float32)  # fh fw
    planes = np.stack([np.sqrt(across * across + along * along), across, along])  # 3 fh fw
    speed, dx, dy = box_means(planes, xyxy, size).T
    energy = box_means(differences.astype(np.float32)[None], xyxy, size)[:, 0]
    return {"speed": speed, "dx": dx, "dy": dy, "energy": energy}


def box_means(cells: np.ndarray, xyxy: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Mean over each box, cells weighted by the area of them that the box covers.

    The summed-area table, read between its points, is exact for values that are constant within a cell.

    Args:
        cells: (K, gh, gw) over the whole frame.
        xyxy: (n, 4) px, boxes of positive area inside the frame.
        size: (height, width) of the frame, px.

    Returns:
        (n, K) float32.
    """
    K, gh, gw = cells.shape
    table = np.zeros((K, gh + 1, gw + 1))
    table[:, 1:, 1:] = cells.astype(np.float64).cumsum(axis=1).cumsum(axis=2)
    x = xyxy[:, [0, 2]].astype(np.float64) * gw / size[1]
    y = xyxy[:, [1, 3]].astype(np.float64) * gh / size[0]
    corner = _read(table, y[:, :, None], x[:, None, :])  # K n 2 2
    total = corner[..., 1, 1] - corner[..., 0, 1] - corner[..., 1, 0] + corner[..., 0, 0]  # K n
    area = (x[:, 1] - x[:, 0]) * (y[:, 1] - y[:, 0])
    means = (total / area).astype(np.float32).T
    flat = cells.reshape(K, gh * gw)
    return np.clip(means, flat.min(axis=1), flat.max(axis=1))  # a mean; rounding must not make it negative


def _read(table: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """(K, ...): planes of `table` at fractional rows y and columns x, broadcast against each other, bilinear."""
    row = np.minimum(y.astype(int), table.shape[1] - 2)
    column = np.minimum(x.astype(int), table.shape[2] - 2)
    b, a = y - row, x - column
    upper = (1 - a) * table[:, row, column] + a * table[:, row, column + 1]
    lower = (1 - a) * table[:, row + 1, column] + a * table[:, row + 1, column + 1]
    return (1 - b) * upper + b * lower
