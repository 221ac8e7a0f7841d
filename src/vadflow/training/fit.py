"""Fits one system under one seed and keeps it as files; loads it back. The same seed gives the same weights on a CPU."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors.numpy import load_file, save_file

from vadflow import __version__, plugins
from vadflow.clip import ClipView, Segment
from vadflow.errors import VadflowError
from vadflow.io import atomic, read_json, write_json, write_table
from vadflow.params import Section
from vadflow.scoring.score import dense_scores
from vadflow.systems.base import NormalVideo, System
from vadflow.training.checkpoint import CheckpointFolder
from vadflow.training.loop import TrainingLoop
from vadflow.training.split import split_normal

log = logging.getLogger(__name__)


def fit_system(
    name: str,
    params: Section,
    clips: Sequence[ClipView],
    *,
    frame_shape: tuple[int, int, int],
    seed: int,
    held_out: float,
    folder: Path,
    checkpoint: Path,
    checkpoint_s: float,
    threads: int,
    pseudo: pd.DataFrame | None = None,
) -> System:
    """Fit a system on normal clips and write `weights.safetensors`, `model.json`, `history.parquet` and `heldout.parquet`.

    Args:
        name: file name in `vadflow/systems/`.
        params: the system's own `Params`.
        clips: training clips with the artefacts in the system's `needs`.
        frame_shape: (h, w, C) of the packed frames.
        seed: decides weights, draws and order.
        held_out: fraction of the normal clips kept for validation and calibration.
        folder: where the four files go.
        checkpoint: folder for checkpoints, outside every declared output; deleted when the fit has ended.
        checkpoint_s: seconds between checkpoints.
        threads: CPU threads; another number may change the last bits of the weights.
        pseudo: pseudo-anomaly recipes, where the system needs them.

    Raises:
        VadflowError: no usable normal video, or the training went to NaN.
    """
    fit, held = split_normal(clips, held_out)
    video = NormalVideo(fit, held, pseudo)
    checkpoints = CheckpointFolder(checkpoint)
    key = _key(name, params, frame_shape, seed, video)
    with _deterministic(threads):
        loop = TrainingLoop(_generator(seed, name), checkpoints, key=key, every_s=checkpoint_s)
        system = _build(name, params, frame_shape)
        system.fit(video, loop)
        heldout = held_out_scores(system, held)
    write_table(Path(folder) / "history.parquet", loop.curves())
    write_table(Path(folder) / "heldout.parquet", heldout)
    _save(system, name, seed, Path(folder))
    checkpoints.delete()
    return system


def load_system(folder: Path) -> System:
    """Load what `fit_system` wrote.

    Raises:
        VadflowError: a file is missing, or its parameters no longer fit the code.
    """
    folder = Path(folder)
    missing = [file for file in ("model.json", "weights.safetensors") if not (folder / file).is_file()]
    if missing:
        raise VadflowError(f"expected {' and '.join(missing)}", where=str(folder), fix="Train the system first.")
    model = read_json(folder / "model.json")
    module = plugins.load("systems", model["system"], ("Params", "System"), f"{folder}/model.json")
    try:
        params = module.Params.model_validate(model["params"])
    except ValueError as fault:
        raise VadflowError(
            "its parameters do not fit this version of the code", where=f"{folder}/model.json", fix="Train it again."
        ) from fault
    system: System = module.System(params, tuple(model["frame_shape"]))
    system.load(load_file(folder / "weights.safetensors"))
    return system


def held_out_scores(system: System, held: Sequence[Segment]) -> pd.DataFrame:
    """Raw scores of held-out normal segments: the whole clip is scored, as a test clip would be, and the segment kept."""
    tables = []
    for segment in held:
        scores = [
            score.score for score in dense_scores(system.score(segment.clip), len(segment.clip), segment.clip.name)
        ]
        frames = np.arange(segment.start, segment.stop, dtype=np.int32)
        tables.append(
            pd.DataFrame({"clip": segment.clip.name, "frame": frames, "raw": scores[segment.start : segment.stop]})
        )
    empty = pd.DataFrame({"clip": pd.Series(dtype="object"), "frame": np.zeros(0, np.int32), "raw": np.zeros(0)})
    return pd.concat(tables, ignore_index=True) if tables else empty


def _save(system: System, name: str, seed: int, folder: Path) -> None:
    with atomic(folder / "weights.safetensors") as temporary:
        save_file({key: np.array(value, order="C") for key, value in system.state().items()}, temporary)
    model = {
        "system": name,
        "params": system.params.model_dump(mode="json"),
        "frame_shape": list(system.frame_shape),
        "seed": seed,
        "code_version": __version__,
    }
    write_json(folder / "model.json", model)


def _build(name: str, params: Section, frame_shape: tuple[int, int, int]) -> System:
    module = plugins.load("systems", name, ("Params", "System"), "systems.names")
    system: System = module.System(params, frame_shape)
    return system


def _generator(seed: int, name: str) -> np.random.Generator:
    """Its own stream per system, so that one system's draws never follow another's."""
    return np.random.default_rng([seed, *name.encode()])


def _key(name: str, params: Section, frame_shape: tuple[int, int, int], seed: int, video: NormalVideo) -> str:
    """Hash of what decides the result: a checkpoint with another key belongs to another fit."""
    segments: list[Any] = [(s.clip.name, s.start, s.stop, _head(s.clip)) for s in (*video.fit, *video.held_out)]
    parts = [name, params.model_dump(mode="json"), list(frame_shape), seed, segments, __version__, torch.__version__]
    recipes = "" if video.pseudo is None else video.pseudo.to_json()
    return hashlib.sha256((json.dumps(parts, sort_keys=True) + recipes).encode()).hexdigest()


def _head(clip: ClipView) -> list[tuple[str, int, int]]:
    """Name, size and time of the clip's array files: repacked frames make a new fit."""
    paths = (clip.frames_path, clip.differences_path, clip.flow_path, clip.objects_path)
    return [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in map(_as_path, paths) if p is not None]


def _as_path(path: Path | None) -> Path | None:
    return None if path is None else Path(path)


@contextmanager
def _deterministic(threads: int) -> Iterator[None]:
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=torch.cuda.is_available())
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        torch.use_deterministic_algorithms(before[1])
