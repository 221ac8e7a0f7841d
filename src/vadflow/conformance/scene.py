"""A drawn clip with every artefact a system can need: a bright box that walks over noise."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from vadflow.clip import ClipView
from vadflow.frames.differences import write_differences
from vadflow.io import write_table
from vadflow.objects import poses
from vadflow.objects.schema import COLUMNS

SIDE = 16
"""Of the walking box, working px."""
CELL = 8
"""Of differences and flow, working px."""


def draw_clip(
    folder: Path, name: str, length: int, *, shape: tuple[int, int, int], needs: Iterable[str], seed: int
) -> ClipView:
    """Draw one clip; only what is needed is declared, so that reading anything else fails.

    Args:
        folder: for its files.
        name: of the clip.
        length: frames, 0 or more.
        shape: (h, w, C) of the packed frames; the source has the same size.
        needs: artefacts the system names.
        seed: of noise and path.
    """
    generator = np.random.default_rng(seed)
    height, width, _ = shape
    paths = {kind: folder / kind / f"{name}.npy" for kind in ("frames", "differences", "flow")}
    for path in paths.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    lefts = [(5 * seed + 2 * t) % max(width - SIDE, 1) for t in range(length)]
    np.save(paths["frames"], _frames(generator, shape, lefts))
    write_differences(paths["frames"], paths["differences"], cell=CELL)
    flow = generator.normal(0, 0.1, (length, -(-height // CELL), -(-width // CELL), 2))
    np.save(paths["flow"], flow.astype(np.float16))
    paths["objects"] = folder / "objects" / f"{name}.parquet"
    write_table(paths["objects"], _objects(lefts, height // 2))
    paths["poses"] = folder / "poses" / f"{name}.parquet"
    write_table(paths["poses"], _poses(lefts, height // 2))
    if "source" in needs:
        paths["source"] = _source(folder / "source" / name, np.load(paths["frames"]))
    given = {"source" if kind == "source" else f"{kind}_path": path for kind, path in paths.items() if kind in needs}
    return ClipView(name, 10.0, (height, width), **given)


def _frames(generator: np.random.Generator, shape: tuple[int, int, int], lefts: list[int]) -> np.ndarray:
    frames = generator.integers(90, 100, (len(lefts), *shape), dtype=np.uint8)
    top = shape[0] // 2
    for t, left in enumerate(lefts):
        frames[t, top : top + SIDE, left : left + SIDE] = 220
    return frames


def _objects(lefts: list[int], top: int) -> pd.DataFrame:
    rows = [
        (t, left, top, left + SIDE, top + SIDE, 0.9, 0, "person", np.full(2, 0.5, np.float32), 2.0, 2.0, 0.0, 0.2)
        for t, left in enumerate(lefts)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _poses(lefts: list[int], top: int) -> pd.DataFrame:
    rows = [(t, left, top, left + SIDE, top + SIDE, 0.9) for t, left in enumerate(lefts)]
    table = pd.DataFrame(rows, columns=list(poses.COLUMNS)).astype(poses.COLUMNS)
    points = [np.tile([left, top, 0.9], poses.KEYPOINTS).astype(np.float32) for left in lefts]
    return table.assign(keypoints=pd.Series(points, dtype=object))


def _source(folder: Path, frames: np.ndarray) -> Path:
    """The clip as a folder of images, which the decoder reads like a video."""
    folder.mkdir(parents=True, exist_ok=True)
    for t, frame in enumerate(frames):
        cv2.imwrite(str(folder / f"{t:04d}.png"), np.ascontiguousarray(frame[..., ::-1]))
    return folder
