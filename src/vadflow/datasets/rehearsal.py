"""A rehearsal of another dataset, for choosing parameters without its test set: its training clips alone, some of them held out and
spoiled with pseudo-anomalies.

Nothing of the other dataset's test split is listed, opened or decoded. The clips to learn from are copied; the held-out ones play on
normally for `normal` frames, then show one pseudo-anomaly for `span` frames (label 1), and so on in turn. The same workflow then
trains, scores and judges: what wins here may be chosen, and the choice has seen no test label. A pseudo-anomaly is not an anomaly: a table
of a rehearsal compares settings and promises nothing.

Where every kind spoils a part of the frame there are masks too, and so RBDC, TBDC and pixel AUC: the pixels that neither the original shows
there nor the place without anybody. A walker made fast leaves a hole where he would have been; nothing strange is to be seen in it.

Layout (all of it made by `render`, one clip at a time):

    results/<dataset>/source/
    ├── train/
    │   ├── 01.avi        a normal clip, lossless
    │   └── 01.npz        its labels: zeros
    └── test/
        ├── 04.avi        a held-out normal clip, spoiled here and there
        └── 04.npz        one 0 or 1 a frame, and masks
"""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from pydantic import Field, field_validator, model_validator

from vadflow import plugins
from vadflow.datasets import tracks
from vadflow.datasets.labels import require_length
from vadflow.errors import VadflowError
from vadflow.frames.decode import Decoder
from vadflow.io import atomic
from vadflow.packed import read_arrays, read_masks, truth_file, write_masks
from vadflow.params import Section
from vadflow.types import ClipSource, ClipTruth

OFFICIAL: dict[str, dict[str, int]] = {}
_SEEN = 16
"""Grey levels from which a pixel counts as changed: the soft edge of a part is no region."""
_SPECK = 25
"""Smaller regions are no thing, px."""


class Params(Section):
    """What is rehearsed, and how it is spoiled."""

    adapter: Literal["rehearsal"]
    of: dict[str, Any] = Field(description="section of the dataset whose training clips are taken")
    every: int = Field(ge=2, description="every so many-th of its training clips is held out and spoiled")
    first: int = Field(
        ge=0, description="number of the first clip held out; 0 to every - 1 in turn hold out each clip once"
    )
    kinds: dict[str, dict[str, Any]] = Field(
        min_length=1, description="pseudo-anomalies in turn, each with its own section"
    )
    normal: int = Field(ge=1, description="normal frames before each pseudo-anomaly")
    span: int = Field(ge=2, description="frames of each pseudo-anomaly")
    at_once: int = Field(
        ge=1,
        le=8,
        description="so many of each kind in the same frames, for kinds that spoil a part of the frame; 1: one",
    )
    seed: int = Field(ge=0, description="of all draws")
    fps: float = Field(gt=0, le=1000, description="frames a second of the video written")

    @model_validator(mode="after")
    def _within(self) -> Params:
        if self.first >= self.every:
            raise ValueError("expected first < every")
        return self

    @field_validator("of")
    @classmethod
    def _dataset(cls, value: dict[str, Any]) -> dict[str, Any]:
        _inner(value)
        return value

    @field_validator("kinds")
    @classmethod
    def _known(cls, value: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for kind, section in value.items():
            _kind(kind).Params.model_validate(section)
        return value


@dataclass(frozen=True)
class _Clip:
    """What a pseudo-anomaly wants to know of a clip: frames (T, H, W, 3) uint8 at source size."""

    name: str
    frames: np.ndarray


def _inner(section: dict[str, Any]) -> tuple[Any, Any]:
    adapter = plugins.load("datasets", str(section.get("adapter")), ("Params", "clips"), "datasets.<name>.of.adapter")
    return adapter, adapter.Params.model_validate(section)


def _kind(name: str) -> Any:
    return plugins.load("pseudo", name, ("Params", "draw", "replay"), "datasets.<name>.kinds")


def _in_part(kind: str) -> bool:
    return getattr(_kind(kind).Params, "in_part", False)


def benchmark(params: Params) -> str | None:
    """None: nobody published a number on it."""
    return None


def clips(params: Params, root: str) -> list[ClipSource]:
    """List the clips: of the other dataset's training clips, those held out are the test split.

    Raises:
        VadflowError: there are too few clips to hold one out.
    """
    names = [source.name for source in _originals(params, root)]
    held = set(names[params.first :: params.every])
    if not held:
        what = f"expected more than {params.first} training clips, found {len(names)}"
        raise VadflowError(what, where="rehearsal", fix="Lower `first`, or cut the video into clips.")
    train = [_source(root, "train", name) for name in names if name not in held]
    return train + [_source(root, "test", name) for name in names if name in held]


def _originals(params: Params, root: str) -> list[ClipSource]:
    adapter, section = _inner(params.of)
    return sorted((s for s in adapter.clips(section, root) if s.split == "train"), key=lambda source: source.name)


def _source(root: str, split: Literal["train", "test"], name: str) -> ClipSource:
    folder = Path(root) / split
    return ClipSource(split, name, folder / f"{name}.avi", folder / f"{name}.npz")


def render(params: Params, source: ClipSource) -> None:
    """Write one clip, spoiled if it is held out, and its labels.

    Raises:
        VadflowError: the video cannot be read or written.
    """
    frames = _read(params, source)
    if source.labels is None:
        raise ValueError(f"clip {source.name} has no place for its labels")
    shape = (frames.shape[1], frames.shape[2])
    nothing = np.zeros(shape, bool)
    spoiled = spoil(params, _Clip(source.name, frames)) if source.split == "test" else ((f, 0, nothing) for f in frames)
    flags, masks = [], []
    with atomic(source.path) as temporary:
        writer = cv2.VideoWriter(
            str(temporary), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"FFV1"), params.fps, shape[::-1]
        )
        if not writer.isOpened():
            raise VadflowError(
                "cannot write the video", where=str(source.path), fix="Check that the folder is writable."
            )
        for frame, flag, mask in spoiled:
            writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
            flags.append(flag)
            masks.append(mask)
        writer.release()
    write_masks(source.labels, flags, masks, shape)


def _read(params: Params, source: ClipSource) -> np.ndarray:
    """All frames of the original, (T, H, W, 3) uint8; drawn first where it is a scene that draws itself."""
    adapter, section = _inner(params.of)
    with tempfile.TemporaryDirectory() as folder:
        original = next(one for one in _originals(params, folder) if one.name == source.name)
        if hasattr(adapter, "render"):
            original.path.parent.mkdir(parents=True, exist_ok=True)
            adapter.render(section, original)
        decoder = Decoder(original.path, fps=original.fps)
        frames = list(decoder)
    if not frames:
        raise VadflowError(f"no frame decodes ({decoder.found.detail})", where=str(original.path), fix="Copy it again.")
    return np.stack(frames)


def spoil(params: Params, clip: _Clip) -> Iterator[tuple[np.ndarray, int, np.ndarray]]:
    """Yield (frame (H, W, 3) uint8, label, mask (H, W) bool) of a clip with its pseudo-anomalies, until its frames run out."""
    rng = np.random.default_rng([params.seed, zlib.crc32(clip.name.encode())])
    nothing = np.zeros(clip.frames.shape[1:3], bool)
    # the place without anybody; only where masks are asked for
    empty = np.median(clip.frames, axis=0).astype(np.uint8) if _masked(params) else None
    at, length = 0, len(clip.frames)
    for kind, section in cycle(sorted(params.kinds.items())):
        for frame in clip.frames[at : at + params.normal]:
            yield frame, 0, nothing
        at += params.normal
        module = _kind(kind)
        chosen = module.Params.model_validate(section)
        if at + params.span > length:
            yield from ((frame, 0, nothing) for frame in clip.frames[at:])
            return
        row = module.draw(rng, clip, start=at, window=params.span, params=chosen, donors=[clip])
        needed = params.span * int(row.get("skip", 1))
        if at + needed <= length:
            spoiled = _replay(kind, row, clip, at, params.span, rng)
            for _ in range(params.at_once - 1 if _in_part(kind) else 0):
                again = _Clip(clip.name, np.concatenate([clip.frames[:at], spoiled, clip.frames[at + params.span :]]))
                row = module.draw(rng, again, start=at, window=params.span, params=chosen, donors=[clip])
                spoiled = _replay(kind, row, again, at, params.span, rng)
            for number, frame in enumerate(spoiled):
                yield frame, 1, nothing if empty is None else strange(frame, clip.frames[at + number], empty)
            at += params.span if _in_part(kind) else needed  # what is wrong in a box only lets the rest play on


def _replay(kind: str, row: dict[str, Any], clip: _Clip, at: int, span: int, rng: np.random.Generator) -> np.ndarray:
    """(span, H, W, 3) uint8: frames from `at` on with one pseudo-anomaly."""
    recipe = _Recipe({"start": at, "kind": kind, "seed": int(rng.integers(2**31)), "skip": 1} | row)
    return np.asarray(_kind(kind).replay(recipe, clip.frames, span, clip.frames))


def strange(frame: np.ndarray, original: np.ndarray, empty: np.ndarray) -> np.ndarray:
    """(H, W) bool: what a spoiled frame shows that neither the original nor the empty place does, without gaps and specks."""
    changed = (cv2.absdiff(frame, original).max(axis=2) > _SEEN) & (cv2.absdiff(frame, empty).max(axis=2) > _SEEN)
    closed = cv2.morphologyEx(changed.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    _, parts, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    large = stats[:, cv2.CC_STAT_AREA] >= _SPECK
    large[0] = False  # the rest of the frame
    return np.asarray(large[parts])


class _Recipe:
    """A row of pseudo.parquet, columns as attributes."""

    def __init__(self, row: dict[str, Any]) -> None:
        self.__dict__.update(row)


def truth(params: Params, source: ClipSource, n_frames: int) -> ClipTruth:
    """Frame labels and, where every kind spoils a part of the frame, region tracks.

    Raises:
        VadflowError: the labels are missing, damaged or not `n_frames` long.
    """
    flags = read_arrays(truth_file(source), "labels")["labels"]
    require_length(len(flags), n_frames, source)
    if not _masked(params):
        return ClipTruth(flags)
    return ClipTruth(flags, tracks.link(masks(params, source))[1], has_masks=True)


def masks(params: Params, source: ClipSource) -> Iterator[np.ndarray]:
    """Yield (H, W) bool per frame; nothing where a kind spoils whole frames, which have no pixels that are wrong."""
    return read_masks(truth_file(source)) if _masked(params) else iter(())


def _masked(params: Params) -> bool:
    """Whether every kind spoils a part of the frame only, so that there are pixels that are wrong."""
    return all(map(_in_part, params.kinds))
