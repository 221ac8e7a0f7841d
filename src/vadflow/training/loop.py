"""The training loop that every system gets: progress, NaN stop, checkpoints, exact resume, weight averages, snapshots, validation, curves."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from vadflow.errors import VadflowError
from vadflow.training.checkpoint import (
    CheckpointFolder,
    Snapshot,
    pack_module,
    pack_optimiser,
    unpack_module,
    unpack_optimiser,
)
from vadflow.training.snapshots import Snapshots

Modules = Mapping[str, torch.nn.Module]
Optimisers = Mapping[str, torch.optim.Optimizer]

CURVE_POINTS = 100
"""Points a phase leaves in each training curve; a point is the mean since the last one."""
VALIDATIONS = 20
"""Validations a phase, evenly spaced; the last one after the last step."""


class TrainingLoop:
    """One fit's loop. `generator` is the source of all its randomness, torch's included."""

    def __init__(
        self, generator: np.random.Generator, folder: CheckpointFolder, *, key: str, every_s: float, snapshots: int = 0
    ) -> None:
        """Take up the checkpoint in `folder`, if it belongs to this fit.

        Args:
            generator: seeded by the caller; torch is seeded from it.
            folder: where checkpoints lie.
            key: hash of all that decides the result.
            every_s: seconds between checkpoints; 0 saves after every step.
            snapshots: weights to keep from along the way; they change nothing in the fit.
        """
        self.generator, self.folder, self.key, self.every_s = generator, folder, key, every_s
        self.snapshots = Snapshots(folder.folder / "snapshots", snapshots)
        self.history: list[tuple[str, int, str, float]] = []
        self.done: list[str] = []
        self._sums: dict[str, list[float]] = {}
        self._seen: dict[str, torch.nn.Module] = {}
        torch.manual_seed(int(generator.integers(2**62)))
        self._resume = folder.load(key)
        if self._resume is not None:
            self.history = list(self._resume.history)

    def run(
        self,
        phase: str,
        *,
        steps: int,
        modules: Modules,
        optimisers: Optimisers,
        step: Callable[[int], Mapping[str, torch.Tensor | float]],
        validate: Callable[[], Mapping[str, float]] | None = None,
        average: float = 0.0,
    ) -> None:
        """Run a phase; see `systems.base.Loop`.

        Raises:
            VadflowError: a term is not finite; names phase, step and term.
        """
        means, due = _Averages(modules, average), self.snapshots.due(phase, steps if modules else 0)
        first = self._take_up(phase, modules, optimisers, means)
        if first is None:
            return
        saved = time.monotonic()
        _mode(modules, training=True)
        for i in tqdm(range(first, steps), initial=first, total=steps, desc=phase, mininterval=2.0, disable=None):
            self._record(phase, i, steps, step(i))
            means.update(i)
            if validate is not None and _due(i, steps, VALIDATIONS):
                self._validate(phase, i, modules, means, validate)
            if i + 1 in due:
                with means.in_place():
                    self.snapshots.keep(due[i + 1], modules)
            if time.monotonic() - saved >= self.every_s:
                self._save(phase, i + 1, optimisers, means)
                saved = time.monotonic()
        means.store()
        self._end(phase, modules)

    def once(self, phase: str, action: Callable[[], None], modules: Modules) -> None:
        """Run `action` once; see `systems.base.Loop`."""
        if self._take_up(phase, modules, {}, _Averages(modules, 0.0)) is not None:
            action()
            self._end(phase, modules)

    def curves(self) -> pd.DataFrame:
        """Loss curves: phase, step, term, value."""
        table = pd.DataFrame(self.history, columns=["phase", "step", "term", "value"])
        return table.astype({"phase": "object", "step": "int64", "term": "object", "value": "float64"})

    def _take_up(self, phase: str, modules: Modules, optimisers: Optimisers, means: _Averages) -> int | None:
        """Restore what the checkpoint knows; return the first step to do, or None when the phase is done."""
        found = self._resume
        self._seen |= modules
        if found is None:
            return 0
        if phase not in found.done and found.phase not in (None, phase):
            raise ValueError(f"the checkpoint stands in phase {found.phase!r}, the fit asks for {phase!r}")
        for name, module in modules.items():
            unpack_module(name, module, found.tensors)
        if (
            phase not in found.done and found.phase is None
        ):  # what was drawn between two phases has been drawn again by now
            self._resume = None
            return 0
        self.generator.bit_generator.state = found.generator
        torch.set_rng_state(found.tensors["random/torch"])
        if phase in found.done:
            self.done.append(phase)
            return None
        self._resume = None
        for name, optimiser in optimisers.items():
            unpack_optimiser(name, optimiser, found.tensors, found.groups[name])
        means.load(found.tensors)
        self._sums = {key: list(value) for key, value in found.groups["sums"].items()}
        return found.step

    def _record(self, phase: str, i: int, steps: int, terms: Mapping[str, torch.Tensor | float]) -> None:
        for term, tensor in terms.items():
            value = float(tensor)
            if not math.isfinite(value):
                raise VadflowError(
                    f"the term {term!r} became {value} at step {i} of {steps}",
                    where=f"training, phase {phase}",
                    fix="Lower the learning rate, or use precision fp32.",
                )
            self._sums.setdefault(term, []).append(value)
        if _due(i, steps, CURVE_POINTS):
            self.history += [(phase, i, term, math.fsum(v) / len(v)) for term, v in self._sums.items() if v]
            self._sums = {}

    def _validate(
        self, phase: str, i: int, modules: Modules, means: _Averages, validate: Callable[[], Mapping[str, float]]
    ) -> None:
        _mode(modules, training=False)
        with torch.no_grad(), means.in_place():
            terms = validate()
        _mode(modules, training=True)
        self.history += [(phase, i, f"held_out_{term}", float(value)) for term, value in terms.items()]

    def _end(self, phase: str, modules: Modules) -> None:
        _mode(modules, training=False)
        self.done.append(phase)
        self._save(None, 0, {}, _Averages(modules, 0.0))

    def _save(self, phase: str | None, step: int, optimisers: Optimisers, means: _Averages) -> None:
        tensors = {"random/torch": torch.get_rng_state(), **means.pack()}
        groups: dict[str, object] = {"sums": self._sums}
        for name, module in self._seen.items():
            tensors |= pack_module(name, module)
        for name, optimiser in optimisers.items():
            packed, groups[name] = pack_optimiser(name, optimiser)
            tensors |= packed
        state = dict(self.generator.bit_generator.state)
        self.folder.save(Snapshot(self.key, self.done, phase, step, tensors, groups, state, self.history))


class _Averages:
    """Exponential moving averages of weights over a phase; off when `decay` is 0."""

    def __init__(self, modules: Modules, decay: float) -> None:
        self.modules, self.decay = modules, decay
        self.values = self._copy() if decay > 0 else {}

    def _live(self) -> dict[str, torch.Tensor]:
        return {f"average/{n}/{k}": v for n, module in self.modules.items() for k, v in module.state_dict().items()}

    def _copy(self) -> dict[str, torch.Tensor]:
        return {name: value.detach().clone() for name, value in self._live().items()}

    @torch.no_grad()
    def update(self, i: int) -> None:
        """Move the averages; early steps count more, so that the start is forgotten."""
        weight = 1 - min(self.decay, (1 + i) / (10 + i))
        for name, value in self._live().items() if self.decay > 0 else ():
            if value.is_floating_point():
                self.values[name].lerp_(value, weight)
            else:
                self.values[name].copy_(value)

    @torch.no_grad()
    def store(self) -> None:
        """Put the averages into the modules."""
        for name, value in self._live().items() if self.decay > 0 else ():
            value.copy_(self.values[name])

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The modules hold the averages inside the block."""
        before = self._copy() if self.decay > 0 else {}
        self.store()
        yield
        for name, value in self._live().items() if before else ():
            value.copy_(before[name])

    def pack(self) -> dict[str, torch.Tensor]:
        return dict(self.values)

    def load(self, tensors: Mapping[str, torch.Tensor]) -> None:
        for name in self.values:
            self.values[name].copy_(tensors[name])


def _due(i: int, steps: int, times: int) -> bool:
    """Whether step i ends one of `times` equal shares of the phase.

    >>> [i for i in range(10) if _due(i, 10, 3)]
    [3, 6, 9]
    """
    return (i + 1) * times // steps > i * times // steps


def _mode(modules: Modules, *, training: bool) -> None:
    for module in modules.values():
        module.train(training)
