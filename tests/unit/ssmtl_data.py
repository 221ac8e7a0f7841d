"""Drawn clips, tubes and fits for the tests of `ssmtl`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from systems_data import PARAMS

from vadflow.clip import ClipView, Segment
from vadflow.conformance.scene import draw_clip
from vadflow.io import write_table
from vadflow.objects import schema
from vadflow.objects.openvino import runtime
from vadflow.objects.tubes import REACH, STORED_REACH, TubeShape, View, cut_tubes
from vadflow.systems.ssmtl import Params, System
from vadflow.training.fit import fit_system

SHAPE = TubeShape(side=32, views=(View(0.15), View(0.4), View(0.4, square=True)), least=8)
TIGHT, WIDE, SQUARE = SHAPE.views
PIXELS = (3, 32, 32, 1)
"""Of one frame of a tube: V, S, S, C."""
NEEDS = System.needs
LONG = 2 * STORED_REACH + 6


def params(**changes: object) -> Params:
    return Params.model_validate(PARAMS["ssmtl"] | changes)


def clip_of(folder: Path, length: int = LONG, seed: int = 0, name: str = "c") -> ClipView:
    return draw_clip(folder, name, length, shape=(64, 96, 1), needs=NEEDS, seed=seed)


def with_objects(clip: ClipView, boxes: list[tuple[int, float, float, float, float]]) -> ClipView:
    """The clip with other objects: (frame, x1, y1, x2, y2)."""
    rows = [(t, *box, 0.9, 0, "person", np.full(2, 0.5, np.float32), 1.0, 1.0, 0.0, 0.1) for t, *box in boxes]
    table = pd.DataFrame(rows, columns=list(schema.COLUMNS)) if rows else schema.empty()
    path = clip.objects_path.with_name(f"other_{len(boxes)}.parquet")  # type: ignore[union-attr]
    write_table(path, schema.conform(table) if rows else table)
    return replace(clip, objects_path=path)


def cut(clip: ClipView, boxes: np.ndarray, t: int, reach: int = REACH, channels: int = 1) -> np.ndarray:
    segment = Segment(clip, 0, len(clip))
    found = list(cut_tubes(segment, boxes, {t: np.arange(len(boxes))}, shape=SHAPE, reach=reach, channels=channels))
    assert [rows.tolist() for rows, _ in found] == [list(range(len(boxes)))]
    return found[0][1]


def frames_of(clip: ClipView) -> np.ndarray:
    paths = sorted(clip.source.glob("*.png"))  # type: ignore[union-attr]
    return np.stack([cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in paths])


class NoLoop:
    """Enough of a loop for what trains nothing."""

    generator = np.random.default_rng(0)


def fit(folder: Path, clips: list[ClipView], seed: int = 1, every_s: float = 1e6, **changes: object) -> System:
    return fit_system(  # type: ignore[return-value]
        "ssmtl", params(**changes), clips, frame_shape=(64, 96, 1), seed=seed, held_out=0.25,
        folder=folder / "model", checkpoint=folder / "checkpoint", checkpoint_s=every_s, threads=1,
    )  # fmt: skip


def residual_model(path: Path, *, plain: bool = False) -> Path:
    """A classifier of 32 px pictures: strides of 16 in one convolution, a bias, a sum with itself, a head."""
    ov = runtime()
    op, rng = ov.opset13, np.random.default_rng(1)
    image = op.parameter([1, 3, 32, 32], np.float32)
    kernel = op.constant(rng.normal(size=(4, 3, 16, 16)).astype(np.float32))
    grown = op.convolution(image, kernel, [16, 16], [0, 0], [0, 0], [1, 1])
    moved = op.add(grown, op.constant(np.ones((1, 4, 1, 1), np.float32)))
    whole = moved if plain else op.add(moved, op.relu(moved))
    head = op.reduce_mean(whole, op.constant(np.array([2, 3])), keep_dims=False)
    ov.save_model(ov.Model([op.softmax(head, 1)], [image], "tiny"), path, compress_to_fp16=False)
    return path
