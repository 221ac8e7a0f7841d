"""Weights kept on the way through a training: what someone who picks the best epoch on the test set would pick from.

Nothing in the pipeline chooses among them. They are scored apart, and the readable table shows what such a pick would print
(`metrics/sins.py`). A snapshot holds what the loop trains, averaged as for the validation; whatever else the system learned
(usual errors, scales) is that of the end of the training.

No torch here: a floor, which leaves an empty file, must not pay for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import load_file, save_file

from vadflow.errors import VadflowError
from vadflow.io import atomic
from vadflow.systems.base import System
from vadflow.training.store import load_system

if TYPE_CHECKING:
    import torch

SNAPSHOTS = "snapshots.safetensors"


class Snapshots:
    """The snapshots of one fit. How long it will be is known at its end only, so every phase leaves candidates."""

    def __init__(self, folder: Path, count: int) -> None:
        """Start with none.

        Args:
            folder: where candidates lie while the fit runs; beside its checkpoint, so that a resumed fit finds them.
            count: snapshots to keep beside the final weights; 0 keeps none.
        """
        self.folder, self.count, self.steps = Path(folder), count, 0
        self.candidates: list[tuple[int, str]] = []

    def due(self, phase: str, steps: int) -> dict[int, str]:
        """Enter a phase, also one that a resumed fit has behind it.

        Returns:
            steps of the phase after which a candidate is kept -> its name: the ends of count + 1 equal shares.
        """
        ends = {steps * (k + 1) // (self.count + 1) for k in range(self.count + 1) if self.count and steps}
        names = {end: f"{phase}_{end}" for end in sorted(ends - {0})}
        self.candidates += [(self.steps + end, name) for end, name in names.items()]
        self.steps += steps
        return names

    def keep(self, name: str, modules: Mapping[str, torch.nn.Module]) -> None:
        """Write a candidate: the modules as they are now, as `<module>.<tensor>`."""
        tensors = {
            f"{module}.{key}": np.array(value.detach().cpu().numpy(), order="C")
            for module, network in modules.items()
            for key, value in network.state_dict().items()
        }
        with atomic(self._path(name)) as temporary:
            save_file(tensors, temporary)

    def chosen(self) -> list[str]:
        """The candidates nearest to `count` evenly spaced steps of the whole fit; its end is no snapshot."""
        left = [candidate for candidate in self.candidates if candidate[0] < self.steps]
        found = []
        for k in range(min(self.count, len(left))):
            wanted = self.steps * (k + 1) / (self.count + 1)
            found.append(min(left, key=lambda candidate: abs(candidate[0] - wanted)))
            left.remove(found[-1])
        return [name for _, name in sorted(found)]

    def gather(self) -> dict[str, np.ndarray]:
        """`<snapshot>/<module>.<tensor>` -> values, of the chosen candidates."""
        return {f"{name}/{key}": value for name in self.chosen() for key, value in load_file(self._path(name)).items()}

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.safetensors"


def save_snapshots(tensors: Mapping[str, np.ndarray], system: System, folder: Path) -> None:
    """Write `snapshots.safetensors`, without any tensor where nothing was trained by steps.

    Raises:
        VadflowError: the system's state does not name what the loop trained, so a snapshot could not be loaded.
    """
    known = system.state().keys() if tensors else ()
    if strangers := sorted({key.partition("/")[2] for key in tensors} - set(known)):
        fix = "In `state`, name a network's tensors <module>.<tensor>, the module as it is handed to the loop."
        raise VadflowError(f"{strangers[0]!r} was trained, but is no part of the state", where="training", fix=fix)
    with atomic(folder / SNAPSHOTS) as temporary:
        save_file(dict(tensors), temporary)


def load_snapshots(folder: Path) -> Iterator[tuple[str, System]]:
    """Yield each snapshot's name and the system with its weights in place of the final ones."""
    tensors = load_file(Path(folder) / SNAPSHOTS)
    for name in sorted({key.partition("/")[0] for key in tensors}):
        weights = {key.removeprefix(f"{name}/"): v for key, v in tensors.items() if key.startswith(f"{name}/")}
        yield name, load_system(folder, instead=weights)
