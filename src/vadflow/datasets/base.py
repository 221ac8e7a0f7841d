"""What a dataset file offers. `plugins.load("datasets", name, WANTED, key)` finds it by its name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from pydantic import Field

from vadflow import plugins
from vadflow.errors import VadflowError
from vadflow.layout import Layout
from vadflow.params import Section
from vadflow.types import ClipSource, ClipTruth, Split

WANTED = ("Params", "OFFICIAL", "benchmark", "clips", "truth", "masks")
"""What `plugins.load("datasets", ...)` asks of a dataset file."""


class Published(Section):
    """What every published benchmark says of itself."""

    path: str = Field(description="folder of the dataset, in a layout that the docstring of its adapter draws")
    official: bool = Field(description="true holds the folder against the published counts; false for a part of it")


class PublishedImages(Published):
    """The same, of one whose frames are images, which have no rate of their own."""

    fps: float = Field(gt=0, le=1000, description="frames a second of the images: 10 for Ped2, 24 for ShanghaiTech")


class Adapter(Protocol):
    """A dataset module. Adding `datasets/<key>.py` with these names is all it takes to add a dataset.

    A module that also has `render(params, source)` makes its own video: the workflow calls it once per clip and then
    reads the file back through the same decoder as any camera.
    """

    Params: type[Section]
    OFFICIAL: dict[str, dict[str, int]]
    """Published counts per split, `{"train": {"clips": 16, "frames": 2550}}`; empty where none are published."""

    def benchmark(self, params: Any) -> str | None:
        """Key of the published benchmark (`ped2`, `avenue`, `shanghaitech`) this folder is, or None."""

    def clips(self, params: Any, root: str) -> list[ClipSource]:
        """List the clips of both splits in name order, without decoding anything.

        Args:
            params: the dataset's `Params`.
            root: folder for datasets that render themselves (`results/<dataset>/source`); others have their own key.

        Raises:
            VadflowError: the folder is missing, empty or not laid out as the docstring draws it.
        """

    def truth(self, params: Any, source: ClipSource, n_frames: int) -> ClipTruth:
        """Read the labels and region tracks of one test clip of `n_frames` decoded frames.

        Raises:
            VadflowError: the labels are missing, unreadable or not `n_frames` long.
        """

    def masks(self, params: Any, source: ClipSource) -> Iterator[np.ndarray]:
        """Yield (H, W) bool per frame, source size; nothing where the dataset has no pixel masks."""


@dataclass(frozen=True)
class Chosen:
    """Some clips of one dataset with the adapter that lists them: what a workflow script works on."""

    adapter: Any
    params: Any
    sources: list[ClipSource]

    @property
    def official(self) -> dict[str, dict[str, int]]:
        """Published counts, where this folder is the published benchmark."""
        return self.adapter.OFFICIAL if self.adapter.benchmark(self.params) else {}


def select(dataset: str, sections: str, split: Split, names: Sequence[str]) -> Chosen:
    """Find clips by name, in the order of `names`.

    Args:
        dataset: name in params.yaml.
        sections: JSON of `Params.section("datasets.<dataset>", ...)`.
        split: train or test.
        names: clip names.

    Raises:
        VadflowError: a clip went away since the workflow listed it.
    """
    section = json.loads(sections)[f"datasets.{dataset}"]
    adapter = plugins.load("datasets", section["adapter"], WANTED, f"datasets.{dataset}.adapter")
    params = adapter.Params.model_validate(section)
    listed = {s.name: s for s in adapter.clips(params, Layout(dataset).source) if s.split == split} if names else {}
    missing = [name for name in names if name not in listed]
    if missing:
        fix = "Run the same command again: the workflow lists the clips anew."
        raise VadflowError(f"clips went away: {', '.join(missing[:5])}", where=f"dataset {dataset}, {split}", fix=fix)
    return Chosen(adapter, params, [listed[name] for name in names])
