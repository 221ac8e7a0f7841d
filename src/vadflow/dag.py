"""What the Snakefile needs to know before anything runs: clips, chunks of clips, seeds, and the source files behind a script."""

from __future__ import annotations

import ast
import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from vadflow import plugins
from vadflow.errors import VadflowError
from vadflow.layout import Layout
from vadflow.params import Params
from vadflow.types import SPLITS, ClipSource, Split

PACKAGE = Path(__file__).parent


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


class Plan:
    """All clips of all datasets, listed without decoding anything."""

    def __init__(self, params: Params, clips_per_job: int) -> None:
        """List the clips.

        Raises:
            VadflowError: a dataset's folder is missing or not laid out as its adapter says, or has no training clip.
        """
        self.params, self.clips_per_job = params, clips_per_job
        self.sources = {name: _list_clips(name, section) for name, section in params.datasets.items()}

    @property
    def datasets(self) -> list[str]:
        """Dataset names in the order of `params.yaml`."""
        return list(self.sources)

    def clips(self, dataset: str, split: Split) -> list[str]:
        """Clip names of one split."""
        return [source.name for source in self.sources[dataset] if source.split == split]

    def chunks(self, dataset: str | None = None, split: Split | None = None) -> list[Chunk]:
        """Chunks of a dataset and split; of all when not named. A chunk never mixes splits: training must not touch a test file."""
        found = []
        for name in [dataset] if dataset else self.datasets:
            for part in [split] if split else SPLITS:
                sources = [source for source in self.sources[name] if source.split == part]
                for number, start in enumerate(range(0, len(sources), self.clips_per_job)):
                    found.append(Chunk(name, part, number, tuple(sources[start : start + self.clips_per_job])))
        return found

    def renders(self, dataset: str) -> bool:
        """Whether the dataset makes its own video."""
        return hasattr(self._adapter(dataset), "render")

    def adapter_name(self, dataset: str) -> str:
        """File name of the dataset's adapter."""
        return str(self.params.datasets[dataset].adapter)  # type: ignore[attr-defined]

    def _adapter(self, dataset: str) -> object:
        return plugins.load("datasets", self.adapter_name(dataset), ("clips",), "datasets")

    def seeds(self, system: str) -> list[int]:
        """Seeds a system is trained under: one for what no seed changes."""
        seeds = self.params.training.seeds
        return seeds if _system(system).stochastic else seeds[:1]

    def runs(self) -> list[tuple[str, int]]:
        """All (system, seed) pairs in table order."""
        return [(system, seed) for system in self.params.systems.names for seed in self.seeds(system)]

    def needs(self, system: str) -> list[str]:
        """Artefacts a system's jobs get."""
        return sorted(_system(system).needs)

    def localising(self) -> list[str]:
        """Systems that write maps and regions."""
        return [name for name in self.params.systems.names if _system(name).localises]


def code(*modules: str, root: str | Path = PACKAGE, relative_to: str | Path | None = None) -> list[str]:
    """The package's source files behind some modules: themselves and everything they import, transitively.

    Snakemake does not see what a script imports; without this list an edited module leaves a stale model recorded under new code.
    The list is read from the imports themselves, so it cannot be short; what is loaded by name (a system, a dataset) is named here.

    Args:
        modules: dotted names below `vadflow` ("systems.std"), or paths of scripts.
        root: the package folder.
        relative_to: make paths relative to this folder (default: the current one), so that a clone elsewhere has the same list.
    """
    seen: dict[Path, None] = {}
    waiting = [Path(name) if name.endswith(".py") else _file(name, Path(root)) for name in modules]
    while waiting:
        path = waiting.pop()
        if path is None or path in seen:
            continue
        seen[path] = None
        waiting.extend(_imports(path, Path(root)))
    base = Path(relative_to or Path.cwd())
    return sorted(os.path.relpath(path, base) for path in seen if path.is_relative_to(Path(root)))


@cache
def _imports(path: Path, root: Path) -> tuple[Path, ...]:
    """Files of the package that the file at `path` imports, directly."""
    found: list[Path | None] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [_file(alias.name.removeprefix("vadflow."), root) for alias in node.names if _ours(alias.name)]
        elif isinstance(node, ast.ImportFrom) and node.module and _ours(node.module):
            package = node.module.removeprefix("vadflow").removeprefix(".")
            found.append(_file(package, root) if package else None)
            found += [_file(f"{package}.{alias.name}".removeprefix("."), root) for alias in node.names]
    return tuple(path for path in found if path is not None)


def _ours(name: str) -> bool:
    return name == "vadflow" or name.startswith("vadflow.")


def _file(module: str, root: Path) -> Path | None:
    """The file of a module below the package, or None when the name is not a module."""
    stem = root.joinpath(*module.split("."))
    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
        if path.is_file():
            return path
    return None


def _system(name: str) -> type:
    return plugins.load("systems", name, ("System",), "systems.names").System  # type: ignore[no-any-return]


def _identifier(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)


def _list_clips(name: str, section: object) -> list[ClipSource]:
    adapter = plugins.load("datasets", section.adapter, ("clips",), "datasets")  # type: ignore[attr-defined]
    sources = adapter.clips(section, Layout(name).source)
    _distinct(name, sources)
    if not any(source.split == "train" for source in sources):
        raise VadflowError("found no training clip", where=f"dataset {name}", fix="Normal video to learn from is needed; see its adapter's docstring.")
    return list(sources)


def _distinct(name: str, sources: Sequence[ClipSource]) -> None:
    seen: set[tuple[str, str]] = set()
    for source in sources:
        if (source.split, source.name) in seen:
            raise VadflowError(f"two {source.split} clips are called {source.name!r}", where=f"dataset {name} ({source.path})", fix="Rename one.")
        seen.add((source.split, source.name))


def alternatives(names: Iterable[str]) -> str:
    """A wildcard constraint that matches exactly these names; nothing at all when there are none."""
    return "|".join(sorted(name.replace(".", r"\.") for name in names)) or "(?!)"
