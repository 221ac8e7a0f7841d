"""What a dataset file offers. `plugins.load("datasets", name, WANTED, key)` finds it by its name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from vadflow.params import Section
from vadflow.types import ClipSource, ClipTruth

WANTED = ("Params", "OFFICIAL", "benchmark", "clips", "truth", "masks")
"""What `plugins.load("datasets", ...)` asks of a dataset file."""


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
