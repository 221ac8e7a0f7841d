"""Fits one system under one seed and keeps it as files; loads it back. The same seed gives the same weights on a CPU."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from vadflow import __version__
from vadflow.clip import ClipView, Segment
from vadflow.io import write_table
from vadflow.params import Section
from vadflow.systems.base import Loop, NormalVideo, System, load_module
from vadflow.systems.dense import dense_scores
from vadflow.training.snapshots import save_snapshots
from vadflow.training.split import split_normal
from vadflow.training.store import save_system

if TYPE_CHECKING:
    from vadflow.training.loop import TrainingLoop

NO_CURVES = pd.DataFrame({"phase": [], "step": [], "term": [], "value": []}).astype(
    {"phase": "object", "step": "int64", "term": "object", "value": "float64"}
)
"""The history of what is not trained by steps."""


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
    snapshots: int = 0,
) -> System:
    """Fit a system on normal clips and write the files of a model, `layout.MODEL_FILES`.

    Args:
        name: file name in `vadflow/systems/`.
        params: the system's own `Params`.
        clips: training clips with the artefacts in the system's `needs`.
        frame_shape: (h, w, C) of the packed frames.
        seed: decides weights, draws and order.
        held_out: fraction of the normal clips kept for validation and calibration.
        folder: where the files go.
        checkpoint: folder for checkpoints, outside every declared output; deleted when the fit has ended.
        checkpoint_s: seconds between checkpoints.
        threads: CPU threads; another number may change the last bits of the weights.
        pseudo: pseudo-anomaly recipes, where the system needs them.
        snapshots: weights to keep from along the way, beside the final ones; they change nothing else.

    Raises:
        VadflowError: no usable normal video, or the training went to NaN.
    """
    fit, held = split_normal(clips, held_out)
    video = NormalVideo(fit, held, pseudo)
    module, generator = load_module(name), _generator(seed, name)
    with ExitStack() as stack:
        loop: TrainingLoop | None = None
        if module.System.kind == "system":
            key = _key(name, params, frame_shape, seed, snapshots, video)
            loop = stack.enter_context(_gradients(generator, checkpoint, key, checkpoint_s, threads, snapshots))
        system: System = module.System(params, frame_shape)
        system.fit(video, cast(Loop, loop))
        heldout = held_out_scores(system, held)
        curves = loop.curves() if loop else NO_CURVES
        write_table(Path(folder) / "history.parquet", curves)
        write_table(Path(folder) / "heldout.parquet", heldout)
        save_snapshots(loop.snapshots.gather() if loop else {}, system, Path(folder))
        save_system(system, name, seed, Path(folder))
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


def _generator(seed: int, name: str) -> np.random.Generator:
    """Its own stream per system, so that one system's draws never follow another's."""
    return np.random.default_rng([seed, *name.encode()])


def _key(
    name: str, params: Section, frame_shape: tuple[int, int, int], seed: int, snapshots: int, video: NormalVideo
) -> str:
    """Hash of what decides the files: a checkpoint with another key belongs to another fit."""
    segments: list[Any] = [(s.clip.name, s.start, s.stop, _head(s.clip)) for s in (*video.fit, *video.held_out)]
    numbers = [list(frame_shape), seed, snapshots]
    parts = [name, params.model_dump(mode="json"), *numbers, segments, __version__, version("torch")]
    recipes = "" if video.pseudo is None else video.pseudo.to_json()
    return hashlib.sha256((json.dumps(parts, sort_keys=True) + recipes).encode()).hexdigest()


def _head(clip: ClipView) -> list[tuple[str, int, int]]:
    """Name, size and time of the clip's array files: repacked frames make a new fit."""
    paths = (clip.frames_path, clip.differences_path, clip.flow_path, clip.objects_path)
    return [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in map(_as_path, paths) if p is not None]


def _as_path(path: Path | None) -> Path | None:
    return None if path is None else Path(path)


@contextmanager
def _gradients(
    generator: np.random.Generator, checkpoint: Path, key: str, every_s: float, threads: int, snapshots: int
) -> Iterator[TrainingLoop]:
    """The loop for training by gradients, deterministic; its checkpoint is deleted when all has ended well.

    Torch is imported here, not above: a floor or baseline learns without it, and its import costs more than their work.
    """
    import torch

    from vadflow.training.checkpoint import CheckpointFolder
    from vadflow.training.loop import TrainingLoop

    memory: Any = torch.utils.deterministic
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled(), memory.fill_uninitialized_memory
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=torch.cuda.is_available())
    # nothing reads fresh memory, and filling it costs 4 to 8 % of a training step
    memory.fill_uninitialized_memory = False
    checkpoints = CheckpointFolder(checkpoint)
    try:
        yield TrainingLoop(generator, checkpoints, key=key, every_s=every_s, snapshots=snapshots)
        checkpoints.delete()
    finally:
        torch.set_num_threads(before[0])
        torch.use_deterministic_algorithms(before[1])
        memory.fill_uninitialized_memory = before[2]
