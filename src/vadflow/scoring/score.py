"""Scores one clip as a stream and writes what the system says: raw table, anomaly map, regions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd

from vadflow.clip import ClipView
from vadflow.io import ArrayWriter, write_table
from vadflow.systems.base import FrameScore, System
from vadflow.systems.dense import dense_scores

REGION_COLUMNS = ("frame", "x1", "y1", "x2", "y2", "score", "reason")


def score_clip(
    system: System, clip: ClipView, raw_path: Path, maps_path: Path | None = None, regions_path: Path | None = None
) -> pd.DataFrame:
    """Score a clip; every frame gets a score, a map and regions, at the edges those of the nearest scored frame.

    Maps go to disk frame by frame; the tables hold a few numbers a frame.

    Args:
        system: a loaded system.
        clip: any clip, also of one frame or none.
        raw_path: parquet: frame, raw, paper (null where the system has none), one column `term_<name>` a term.
        maps_path: float16 (T, gh, gw) array; None writes none.
        regions_path: parquet with REGION_COLUMNS, source px; None writes none.

    Returns:
        the raw table.

    Raises:
        VadflowError: the system gave no score, or one that is not finite.
    """
    rows: list[dict[str, float]] = []
    regions: list[tuple[object, ...]] = []
    with ExitStack() as stack:
        maps = stack.enter_context(_MapWriter(maps_path)) if maps_path is not None else None
        for score in dense_scores(system.score(clip), len(clip), clip.name):
            rows.append(_row(score))
            regions += [(score.frame, r.x1, r.y1, r.x2, r.y2, r.score, r.reason) for r in score.regions]
            if maps is not None:
                maps.append(np.zeros(maps.item_shape or (1, 1)) if score.map is None else score.map)
    raw = _raw_table(rows)
    write_table(raw_path, raw)
    if regions_path is not None:
        write_table(regions_path, _region_table(regions))
    return raw


def score_snapshots(systems: Mapping[str, System], clip: ClipView) -> pd.DataFrame:
    """Score a clip with several states of one system.

    Args:
        systems: snapshot -> the system with its weights; empty gives zero rows.
        clip: any clip.

    Returns:
        snapshot, frame int32, raw float64: every frame once a snapshot.
    """
    found = [
        (name, score.frame, score.score)
        for name, system in systems.items()
        for score in dense_scores(system.score(clip), len(clip), clip.name)
    ]
    table = pd.DataFrame(found, columns=["snapshot", "frame", "raw"])
    return table.astype({"snapshot": "object", "frame": "int32", "raw": "float64"})


class _MapWriter(ArrayWriter):
    """Writes maps as float16; an empty clip leaves (0, 1, 1)."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, dtype="float16")

    def append(self, item: np.ndarray) -> None:
        """Append one map, clipped to what float16 holds."""
        super().append(np.clip(item, -65504, 65504).astype(np.float16))

    def __exit__(self, kind: object, value: object, trace: object) -> None:
        if kind is None and self.item_shape is None:
            self.item_shape = (1, 1)
        super().__exit__(kind, value, trace)


def _row(score: FrameScore) -> dict[str, float]:
    paper = math.nan if score.paper is None else float(score.paper)
    terms = {f"term_{name}": float(value) for name, value in score.terms.items()}
    return {"frame": score.frame, "raw": float(score.score), "paper": paper, **terms}


def _raw_table(rows: list[dict[str, float]]) -> pd.DataFrame:
    table = pd.DataFrame(rows) if rows else pd.DataFrame({"frame": [], "raw": [], "paper": []})
    kinds = dict.fromkeys(table.columns, "float64") | {"frame": "int32"}
    return table.astype(kinds)


def _region_table(regions: list[tuple[object, ...]]) -> pd.DataFrame:
    table = pd.DataFrame(regions, columns=list(REGION_COLUMNS))
    numbers = dict.fromkeys(("x1", "y1", "x2", "y2", "score"), "float32")
    return table.astype({"frame": "int32", "reason": "object"} | numbers)
