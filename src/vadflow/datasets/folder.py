"""Any camera: a folder of normal video to learn from and a folder to watch. Labels are optional.

    my-camera/
    ├── normal/                 path_train: normal video only
    │   ├── monday.mp4          a video file, or
    │   └── tuesday/000.jpg ... a folder of images
    ├── watch/                  path_test: the same two forms
    │   └── friday.mp4
    └── labels/                 labels (or null): one file per clip to watch
        └── friday.csv          .csv, .txt or .npy: one 0 (normal) or 1 (anomalous) per frame

A clip is called by its file name, made plain ASCII where it is not (`Été 1.mp4` -> `Ete-1`).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from vadflow.datasets import tree
from vadflow.datasets.labels import read_flags, require_length
from vadflow.errors import VadflowError
from vadflow.params import Section
from vadflow.types import ClipSource, ClipTruth, Split, is_name

OFFICIAL: dict[str, dict[str, int]] = {}
_LABEL_SUFFIXES = (".csv", ".txt", ".npy")


class Params(Section):
    """Where the video lies."""

    adapter: Literal["folder"]
    path_train: str = Field(description="folder of normal videos or image folders")
    path_test: str = Field(description="folder of videos or image folders to watch")
    labels: str | None = Field(
        description="folder of <clip>.csv, .txt or .npy with one 0/1 per frame; null = no labels"
    )
    fps: float = Field(gt=0, le=1000, description="frames a second of image folders; videos say it themselves")


def benchmark(params: Params) -> str | None:
    """None: one's own video is no published benchmark."""
    return None


def clips(params: Params, root: str) -> list[ClipSource]:
    """List the clips of both folders.

    Raises:
        VadflowError: a folder is missing or empty, two clips get the same name, a clip is in both, or a label file
            is missing.
    """
    train, test = _split(params, "train", params.path_train), _split(params, "test", params.path_test)
    learned = {source.path.resolve() for source in train}
    if both := [source.path.name for source in test if source.path.resolve() in learned]:
        raise VadflowError(
            f"{both[0]} is in path_train and in path_test",
            where=params.path_test,
            fix="Watch other video than you learn from, or the scores mean nothing.",
        )
    return train + test


def truth(params: Params, source: ClipSource, n_frames: int) -> ClipTruth:
    """Frame labels where there are any.

    Raises:
        VadflowError: the label file is not 0/1, or not `n_frames` long.
    """
    if source.labels is None:
        return ClipTruth()
    flags = read_flags(source.labels)
    require_length(len(flags), n_frames, source)
    return ClipTruth(flags)


def masks(params: Params, source: ClipSource) -> Iterator[np.ndarray]:
    """Nothing: this layout has no pixel masks."""
    return iter(())


def clip_name(stem: str) -> str:
    """A path-safe name for a file name: always the same, and itself where it is plain already.

    Letters lose their accents, other characters become `-`; where letters have no ASCII form a hash keeps
    different names apart.

    >>> clip_name("clip_01"), clip_name("Été 1"), clip_name("a  b (2)")
    ('clip_01', 'Ete-1', 'a-b-2')
    >>> clip_name("监控")
    'clip-fdc39006'
    """
    if is_name(stem):
        return stem
    text = unicodedata.normalize("NFC", stem)  # macOS hands out decomposed names
    plain = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    name = re.sub(r"[^A-Za-z0-9._]+", "-", plain).strip("-._")
    if not plain.isascii() or len(name) > 64 or not name:
        digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8]
        name = f"{name[:55] or 'clip'}-{digest}"
    return name


def _split(params: Params, split: Split, folder: str) -> list[ClipSource]:
    found: dict[str, ClipSource] = {}
    for path in tree.media(Path(folder).expanduser()):
        stem = path.name if path.is_dir() else path.stem
        name = clip_name(stem)
        other = found.setdefault(
            name.casefold(), ClipSource(split, name, path, _labels(params, split, stem), fps=params.fps)
        )
        if other.path != path:
            raise VadflowError(
                f"{other.path.name} and {path.name} both give the clip name {name!r}",
                where=folder,
                fix="Rename one of them.",
            )
    return list(found.values())


def _labels(params: Params, split: Split, stem: str) -> Path | None:
    if params.labels is None or split == "train":
        return None
    folder = Path(params.labels).expanduser()
    found = [path for suffix in _LABEL_SUFFIXES if (path := folder / f"{stem}{suffix}").is_file()]
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise VadflowError(
            f"expected one label file {stem}.csv, .txt or .npy, found {names}",
            where=f"clip test/{stem} ({folder})",
            fix="Keep one label file per clip to watch, or set `labels: null`.",
        )
    return found[0]
