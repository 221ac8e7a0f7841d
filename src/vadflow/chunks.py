"""The clips of a dataset as its adapter lists them, without decoding anything, and chunks of them that share a job."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from vadflow import plugins
from vadflow.errors import VadflowError
from vadflow.layout import Layout
from vadflow.types import ClipSource, Split


@dataclass(frozen=True)
class Chunk:
    """Several clips of one split that share a job, because each job pays its interpreter and imports."""

    dataset: str
    split: Split
    number: int
    sources: tuple[ClipSource, ...]

    @property
    def key(self) -> str:
        """Unique name for rules, logs and benchmarks; rule names allow no dots or dashes."""
        return f"{_identifier(self.dataset)}_{self.split}_{self.number:03d}"

    @property
    def clips(self) -> list[str]:
        """Clip names."""
        return [source.name for source in self.sources]

    @property
    def paths(self) -> list[str]:
        """Source videos or image folders."""
        return [str(source.path) for source in self.sources]

    @property
    def fingerprint(self) -> str:
        """Names and sizes of the source files: Snakemake sees a folder's time only, not the images in it."""
        digest = hashlib.sha256()
        for source in self.sources:
            folder = source.path.is_dir()
            for path in sorted(source.path.iterdir()) if folder else []:
                digest.update(f"{path.name} {path.stat().st_size}\n".encode())
        return digest.hexdigest()[:16]

    def outputs(self, kind: str) -> list[str]:
        """This chunk's files of one kind (frames, differences, flow, objects)."""
        return [Layout(self.dataset).clip(kind, self.split, clip) for clip in self.clips]


def _identifier(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)


def list_clips(name: str, section: object) -> list[ClipSource]:
    """All clips of a dataset.

    Raises:
        VadflowError: its folder is missing or not laid out as its adapter says, two clips share a name, or none is for training.
    """
    adapter = plugins.load("datasets", section.adapter, ("clips",), "datasets")  # type: ignore[attr-defined]
    sources = adapter.clips(section, Layout(name).source)
    _distinct(name, sources)
    if not any(source.split == "train" for source in sources):
        raise VadflowError(
            "found no training clip",
            where=f"dataset {name}",
            fix="Normal video to learn from is needed; see its adapter's docstring.",
        )
    return list(sources)


def _distinct(name: str, sources: Sequence[ClipSource]) -> None:
    seen: set[tuple[str, str]] = set()
    for source in sources:
        if (source.split, source.name) in seen:
            raise VadflowError(
                f"two {source.split} clips are called {source.name!r}",
                where=f"dataset {name} ({source.path})",
                fix="Rename one.",
            )
        seen.add((source.split, source.name))
