"""What the Snakefile needs to know before anything runs: clips, chunks of clips, systems, seeds, and what each job may read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple
from functools import cached_property
from pathlib import Path
from typing import Any

from vadflow import plugins
from vadflow.chunks import Chunk, list_clips
from vadflow.errors import VadflowError
from vadflow.layout import CLIP_KINDS, EXTERNAL, FUSION, NORMAL_EVENTS, RESULTS
from vadflow.params import Params
from vadflow.rows import MadeRow, external_row, fusion_row
from vadflow.scoring.feedback import NormalEvent, read_events
from vadflow.types import SPLITS, Split

SECTIONS = {
    "differences": ("differences",),
    "flow": ("differences",),
    "objects": ("objects", "differences"),
    "poses": ("objects", "differences"),
    "pseudo": ("pseudo", "differences"),
}
"""The sections of `params.yaml` behind what a system may need; `frames` and the dataset's own are behind everything."""


class Plan:
    """All clips of all datasets, listed without decoding anything."""

    def __init__(self, params: Params, clips_per_job: int) -> None:
        """List the clips.

        Raises:
            VadflowError: a dataset's folder is missing or not laid out as its adapter says, or has no training clip.
        """
        self.params, self.clips_per_job = params, clips_per_job
        self.sources = {name: list_clips(name, section) for name, section in params.datasets.items()}
        self.fed_back = self._fed_back(read_events())

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

    def _benchmark(self, dataset: str) -> str | None:
        found = getattr(self._adapter(dataset), "benchmark", lambda section: None)(self.params.datasets[dataset])
        return str(found) if found is not None else None

    def paths(self, dataset: str, split: Split) -> list[str]:
        """Source videos or image folders of one split."""
        return [str(source.path) for source in self.sources[dataset] if source.split == split]

    def label_files(self, dataset: str) -> list[str]:
        """Label files of the test clips, where there are any."""
        return sorted({str(s.labels) for s in self.sources[dataset] if s.split == "test" and s.labels is not None})

    def test_paths(self) -> dict[str, list[str]]:
        """Source videos and label files that no training job may have among its ancestors, per dataset."""
        return {name: self.paths(name, "test") + self.label_files(name) for name in self.datasets}

    def closed(self, dataset: str) -> list[str]:
        """Folders in which a training or calibration job may open its declared inputs only.

        All results, scores made elsewhere, and every path the dataset's section names.
        """
        section = self.params.datasets[dataset].model_dump()
        paths = {Path(value).expanduser() for value in section.values() if isinstance(value, str)}
        return [RESULTS, EXTERNAL, *sorted(str(path) for path in paths if path.exists())]

    def labelled(self, dataset: str) -> bool:
        """Whether anyone is judged on its test clips."""
        return bool(self.label_files(dataset)) or self._benchmark(dataset) is not None

    def _fed_back(self, events: Sequence[NormalEvent]) -> dict[str, list[NormalEvent]]:
        """What a person has marked as normal, per dataset."""
        found: dict[str, list[NormalEvent]] = {}
        for event in events:
            self.require_unlabelled(event)
            found.setdefault(event.dataset, []).append(event)
        return found

    def require_unlabelled(self, event: NormalEvent) -> None:
        """Refuse to calibrate on test frames that judge someone.

        Raises:
            VadflowError: the dataset has labels, or there is no such clip to watch.
        """
        where = f"{NORMAL_EVENTS}: {event.dataset}/{event.clip}"
        if event.dataset not in self.sources or event.clip not in self.clips(event.dataset, "test"):
            raise VadflowError("no such watched clip", where=where, fix="Correct the name.")
        if self.labelled(event.dataset):
            raise VadflowError(
                "the dataset has labels, so its test frames must not calibrate anything",
                where=where,
                fix="Events are marked as fine on video without labels only.",
            )

    @cached_property
    def systems(self) -> dict[str, Any]:
        """The `System` class of every chosen system, in table order."""
        return {name: _system(name) for name in self.params.systems.names}

    @cached_property
    def made(self) -> dict[str, MadeRow]:
        """The rows that no system file makes: `fusion`, and what other people's code scored."""
        members = self.params.fusion.systems
        stochastic = any(self.systems[name].stochastic for name in members)
        fused = {FUSION: fusion_row(members, stochastic=stochastic)} if members else {}
        return fused | {name: external_row(name, made.note) for name, made in self.params.external.items()}

    def made_for(self, dataset: str) -> list[str]:
        """Those of them that a dataset's part of the table has."""
        external = self.params.external
        return [name for name in self.made if name not in external or external[name].dataset == dataset]

    def rows(self, dataset: str) -> list[tuple[str, int]]:
        """All (system, seed) pairs that are judged on a dataset: what was trained, and what was made from scores."""
        return self.runs() + [(name, seed) for name in self.made_for(dataset) for seed in self.seeds(name)]

    def row(self, system: str) -> Any:
        """What is known of a row: its `System` class, or a `MadeRow`."""
        return self.systems.get(system) or self.made[system]

    def member_runs(self, seed: int | str) -> list[tuple[str, int]]:
        """The members of `fusion` under one seed; what no seed changes has one run only."""
        members = self.params.fusion.systems
        return [(name, int(seed) if int(seed) in self.seeds(name) else self.seeds(name)[0]) for name in members]

    def seeds(self, system: str) -> list[int]:
        """Seeds a system is trained under: one for what no seed changes."""
        seeds = self.params.training.seeds
        return seeds if self.row(system).stochastic else seeds[:1]

    def runs(self) -> list[tuple[str, int]]:
        """All (system, seed) pairs that are trained, in table order."""
        return [(system, seed) for system in self.systems for seed in self.seeds(system)]

    def needs(self, system: str) -> frozenset[str]:
        """Artefacts a system's jobs get."""
        return frozenset(self.systems[system].needed(self.params.systems.of(system)))

    def clip_kinds(self, system: str) -> list[str]:
        """The per-clip artefacts a system's jobs get."""
        return [kind for kind in CLIP_KINDS if kind in self.needs(system)]

    def digest(self, dataset: str, system: str) -> str:
        """Hash of what stands behind one system's row of the table: sections of `params.yaml` and what a person marked as normal.

        Seeds are no part of it, so that adding one changes no other.
        """
        common, marked = (
            ("frames", f"datasets.{dataset}", "training.held_out", "scoring", "metrics"),
            self.marked(dataset),
        )
        if system in self.params.external:
            return self.params.digest(*common, f"external.{system}", beside=marked)
        members = [system] if system in self.systems else self.params.fusion.systems
        needs = frozenset[str]().union(*map(self.needs, members))
        behind = {section for need in needs for section in SECTIONS.get(need, ())}
        behind |= {"objects"} if "differences" in behind and self.sizing() else set()
        own = [f"systems.{member}" for member in members] + (["fusion"] if system in self.made else [])
        return self.params.digest(*common, *sorted(behind), *own, beside=marked)

    def digest_of_all(self) -> str:
        """Hash of everything that can change the table."""
        return self.params.digest(beside=[row for dataset in self.datasets for row in self.marked(dataset)])

    def marked(self, dataset: str) -> list[tuple[str, str, int, int]]:
        """The frames a person marked as normal, in order, without the notes, which change no number."""
        return sorted(astuple(event)[:4] for event in self.fed_back.get(dataset, ()))

    def sizing(self) -> bool:
        """Whether people's heights decide at what size flow is computed."""
        return self.params.differences.flow_person_px is not None

    def few(self, dataset: str, clips: int) -> Chunk:
        """Training clips spread evenly over a dataset, for a first look."""
        sources = [source for source in self.sources[dataset] if source.split == "train"]
        step = -(-len(sources) // clips)
        return Chunk(dataset, "train", 0, tuple(sources[::step]))

    def posing(self) -> str | None:
        """The first system that reads poses: its section says how they are made. None where no system does."""
        return next((name for name in self.systems if "poses" in self.needs(name)), None)

    def is_network(self, system: str) -> bool:
        """Whether the system learns by gradients: it gets more threads and memory."""
        return bool(self.systems[system].kind == "system")

    def stepwise(self) -> list[str]:
        """Systems trained by steps: the loop keeps snapshots of them."""
        return [name for name in self.systems if self.is_network(name) and self.systems[name].stochastic]

    def snapshots(self, system: str) -> int:
        """How many snapshots a system's training keeps."""
        return self.params.training.snapshots if system in self.stepwise() else 0

    def localising(self) -> list[str]:
        """Systems that write maps and regions."""
        return [name for name, system in self.systems.items() if system.localises]

    def only_scoring(self) -> list[str]:
        """Systems that give a score per frame and no place."""
        return [name for name, system in self.systems.items() if not system.localises]

    def claim(self, dataset: str, system: str) -> dict[str, Any]:
        """What the table says beside our number: the published one, its source and kind, and how the paper crops its clips."""
        benchmark = self._benchmark(dataset)
        chosen = self.row(system)
        claim: dict[str, Any] = {"kind": chosen.kind, "crop": list(chosen.paper_crop), "notes": list(chosen.notes)}
        found = (chosen.paper or {}).get(benchmark)
        if found is not None:
            aggregate = "macro" if found.kind == "macro" else "micro"
            claim |= {"paper_auc": found.auc, "paper_source": f"{found.kind}: {found.source}", "aggregate": aggregate}
        return claim


def _system(name: str) -> type:
    return plugins.load("systems", name, ("System",), "systems.names").System


def alternatives(names: Iterable[str]) -> str:
    """A wildcard constraint that matches exactly these names; nothing at all when there are none."""
    return "|".join(sorted(name.replace(".", r"\.") for name in names)) or "(?!)"
