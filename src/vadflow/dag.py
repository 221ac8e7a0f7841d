"""What the Snakefile needs to know before anything runs: clips, chunks of clips, systems, seeds, and what each job may read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from vadflow import plugins
from vadflow.errors import VadflowError
from vadflow.layout import Layout
from vadflow.params import Params
from vadflow.types import SPLITS, ClipSource, Split

CLIP_KINDS = ("frames", "differences", "flow", "objects", "poses")


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

    def paths(self, dataset: str, split: Split) -> list[str]:
        """Source videos or image folders of one split."""
        return [str(source.path) for source in self.sources[dataset] if source.split == split]

    def label_files(self, dataset: str) -> list[str]:
        """Label files of the test clips, where there are any."""
        return sorted({str(s.labels) for s in self.sources[dataset] if s.split == "test" and s.labels is not None})

    def test_paths(self) -> dict[str, list[str]]:
        """Source videos and label files that no training job may have among its ancestors, per dataset."""
        return {name: self.paths(name, "test") + self.label_files(name) for name in self.datasets}

    @cached_property
    def systems(self) -> dict[str, Any]:
        """The `System` class of every chosen system, in table order."""
        return {name: _system(name) for name in self.params.systems.names}

    def seeds(self, system: str) -> list[int]:
        """Seeds a system is trained under: one for what no seed changes."""
        seeds = self.params.training.seeds
        return seeds if self.systems[system].stochastic else seeds[:1]

    def runs(self) -> list[tuple[str, int]]:
        """All (system, seed) pairs in table order."""
        return [(system, seed) for system in self.systems for seed in self.seeds(system)]

    def needs(self, system: str) -> frozenset[str]:
        """Artefacts a system's jobs get."""
        return frozenset(self.systems[system].needs)

    def clip_kinds(self, system: str) -> list[str]:
        """The per-clip artefacts a system's jobs get."""
        return [kind for kind in CLIP_KINDS if kind in self.needs(system)]

    def posing(self) -> str | None:
        """The first system that reads poses: its section says how they are made. None where no system does."""
        return next((name for name in self.systems if "poses" in self.needs(name)), None)

    def is_network(self, system: str) -> bool:
        """Whether the system learns by gradients: it gets more threads and memory."""
        return bool(self.systems[system].kind == "system")

    def localising(self) -> list[str]:
        """Systems that write maps and regions."""
        return [name for name, system in self.systems.items() if system.localises]

    def only_scoring(self) -> list[str]:
        """Systems that give a score per frame and no place."""
        return [name for name, system in self.systems.items() if not system.localises]

    def claim(self, dataset: str, system: str) -> dict[str, Any]:
        """What the table says beside our number: the published one, its source and kind, and how the paper crops its clips."""
        benchmark = getattr(self._adapter(dataset), "benchmark", lambda section: None)(self.params.datasets[dataset])
        chosen = self.systems[system]
        claim: dict[str, Any] = {"kind": chosen.kind, "crop": list(chosen.paper_crop), "notes": list(chosen.notes)}
        found = chosen.paper.get(benchmark)
        if found is not None:
            aggregate = "macro" if found.kind == "macro" else "micro"
            claim |= {"paper_auc": found.auc, "paper_source": f"{found.kind}: {found.source}", "aggregate": aggregate}
        return claim


def _system(name: str) -> type:
    return plugins.load("systems", name, ("System",), "systems.names").System  # type: ignore[no-any-return]


def _identifier(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)


def _list_clips(name: str, section: object) -> list[ClipSource]:
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


def alternatives(names: Iterable[str]) -> str:
    """A wildcard constraint that matches exactly these names; nothing at all when there are none."""
    return "|".join(sorted(name.replace(".", r"\.") for name in names)) or "(?!)"
