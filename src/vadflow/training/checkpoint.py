"""Where an interrupted fit goes on: weights, optimisers, averages, random states and curves. Safetensors and JSON, never pickle.

A checkpoint is one folder; `checkpoint.json` names the tensor file it belongs to, and is renamed into place last, so a kill at
any moment leaves the old checkpoint or the new one, whole.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from vadflow.io import atomic, read_json, write_json

log = logging.getLogger(__name__)


@dataclass
class Snapshot:
    """All that a fit needs to go on.

    Attributes:
        key: hash of everything that decides the result; another key means another fit.
        done: phases that have ended, in order.
        phase: the phase under way, or None between phases.
        step: steps of it that are done.
        tensors: flat, by `module/<name>/...`, `average/<name>/...`, `optimiser/<name>/<index>/...` and `random/torch`.
        groups: param groups of each optimiser.
        generator: state of the NumPy generator.
        history: rows (phase, step, term, value).
    """

    key: str
    done: list[str] = field(default_factory=list)
    phase: str | None = None
    step: int = 0
    tensors: dict[str, torch.Tensor] = field(default_factory=dict)
    groups: dict[str, Any] = field(default_factory=dict)
    generator: dict[str, Any] = field(default_factory=dict)
    history: list[tuple[str, int, str, float]] = field(default_factory=list)


class CheckpointFolder:
    """The folder of one fit, given by the caller, outside every declared output."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.index = Path(folder), Path(folder) / "checkpoint.json"

    def save(self, snapshot: Snapshot) -> None:
        """Write the tensors under a new name, then the index, then delete the older tensors."""
        tensors = self.folder / f"{len(snapshot.done)}-{snapshot.phase or 'between'}-{snapshot.step}.safetensors"
        with atomic(tensors) as temporary:
            save_file({name: value.detach().cpu().contiguous() for name, value in snapshot.tensors.items()}, temporary)
        fields = {name: value for name, value in vars(snapshot).items() if name != "tensors"}
        write_json(self.index, fields | {"file": tensors.name})
        for old in self.folder.glob("*.safetensors"):
            if old.name != tensors.name:
                old.unlink(missing_ok=True)

    def load(self, key: str) -> Snapshot | None:
        """Return the snapshot, or None when there is none, it is damaged, or it belongs to another fit."""
        if not self.index.is_file():
            return None
        try:
            fields = read_json(self.index)
            tensors = load_file(self.folder / fields.pop("file"))
            history = [(str(p), int(s), str(t), float(v)) for p, s, t, v in fields.pop("history")]
            snapshot = Snapshot(**fields, history=history, tensors=tensors)
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as fault:
            log.warning("checkpoint %s cannot be read (%s): starting from the beginning", self.folder, fault)
            return None
        if snapshot.key != key:
            log.warning("checkpoint %s was made with other parameters or data: discarded", self.folder)
            return None
        return snapshot

    def delete(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def pack_module(name: str, module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Weights and buffers under `module/<name>/`."""
    return {f"module/{name}/{key}": value.detach().clone() for key, value in module.state_dict().items()}


def unpack_module(name: str, module: torch.nn.Module, tensors: Mapping[str, torch.Tensor]) -> None:
    """Load what `pack_module` gave; nothing happens where the snapshot does not know the module."""
    head = f"module/{name}/"
    state = {key.removeprefix(head): value for key, value in tensors.items() if key.startswith(head)}
    if state:
        module.load_state_dict(state)


def pack_optimiser(name: str, optimiser: torch.optim.Optimizer) -> tuple[dict[str, torch.Tensor], Any]:
    """Tensors under `optimiser/<name>/<parameter index>/`, and the JSON part: param groups and plain values."""
    state = optimiser.state_dict()
    tensors, plain = {}, {}
    for index, slots in state["state"].items():
        for slot, value in slots.items():
            if isinstance(value, torch.Tensor):
                tensors[f"optimiser/{name}/{index}/{slot}"] = value.detach().clone()
            else:
                plain[f"{index}/{slot}"] = value
    return tensors, {"groups": state["param_groups"], "plain": plain}


def unpack_optimiser(
    name: str, optimiser: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor], part: Mapping[str, Any]
) -> None:
    """Load what `pack_optimiser` gave."""
    head = f"optimiser/{name}/"
    state: dict[int, dict[str, Any]] = {}
    values = {key.removeprefix(head): value for key, value in tensors.items() if key.startswith(head)}
    for key, value in (values | dict(part["plain"])).items():
        index, slot = key.split("/", 1)
        state.setdefault(int(index), {})[slot] = value
    optimiser.load_state_dict({"state": state, "param_groups": part["groups"]})
