"""The four tasks of `mlfs3d`: what goes in, what must come out, and whether the error shall fall or rise.

Letters: N clips of a batch, L frames, h w px, C channels.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vadflow.clip import ClipView, Segment
from vadflow.frames.windows import WindowSampler, crop_corner
from vadflow.pseudo import noise, reverse, skip
from vadflow.pseudo.base import steps
from vadflow.pseudo.recipes import TRIES

if TYPE_CHECKING:
    from vadflow.systems.mlfs3d import TaskParams

log = logging.getLogger(__name__)

KINDS = {"noise": noise, "skip": skip, "reverse": reverse}
"""Imported by name and not loaded by the recipe's word: so the training rule knows their files, and reruns when one is edited."""
TASKS = ("normal", *KINDS)
NEGATIVE = frozenset({"skip", "reverse"})


@dataclass(frozen=True)
class Batch:
    """Clips of one step.

    Attributes:
        inputs: (N, L, h, w, C) uint8.
        targets: (N, L, h, w, C) uint8, what the network must draw.
        tasks: (N,) number in TASKS.
        signs: (N,) float32, 1 where the error shall fall, -1 where it shall rise.
    """

    inputs: np.ndarray
    targets: np.ndarray
    tasks: np.ndarray
    signs: np.ndarray


class TaskSampler:
    """Draws each clip of a batch for one task: normal windows at random, the others from recipes of the same segments."""

    def __init__(self, windows: WindowSampler, recipes: pd.DataFrame, params: TaskParams) -> None:
        """Prepare.

        Args:
            windows: of the normal segments; also says window length, crop and motion share.
            recipes: of pseudo-anomalies, of any clips; those outside the segments are left out.
            params: rates and form.
        """
        self.windows, self.params = windows, params
        self.clips = {segment.clip.name: segment.clip for segment in windows.segments}
        self.recipes = {task: _inside(recipes, task, windows) for task in TASKS[1:]}
        self.rates = {task: getattr(params, task) for task in TASKS[1:]}
        for task in [task for task, rate in self.rates.items() if rate > 0 and not self.recipes[task]]:
            log.warning(
                "mlfs3d: no %s recipe lies inside the %d normal segments; the task is left out", task, len(self.clips)
            )

    def draw(self, generator: np.random.Generator, count: int) -> Batch:
        """A batch of `count` clips; a pseudo-anomaly that never moves enough gives way to a normal clip."""
        rows = [self._sample(generator, self._task(generator)) for _ in range(count)]
        inputs, targets, names = (list(column) for column in zip(*rows, strict=True))
        rises = [self.params.negative == "maximise" and name in NEGATIVE for name in names]
        numbers = np.array([TASKS.index(name) for name in names])
        return Batch(np.stack(inputs), np.stack(targets), numbers, np.where(rises, -1, 1).astype(np.float32))

    def each(self, generator: np.random.Generator, count: int) -> Iterator[tuple[str, Batch]]:
        """Yield a batch of `count` clips of every task that has recipes, for validation."""
        for task in TASKS:
            if task == "normal" or (self.recipes[task] and self.rates[task] > 0):
                rows = [row for row in (self._sample(generator, task) for _ in range(count)) if row[2] == task]
                if rows:
                    inputs, targets, _ = zip(*rows, strict=True)
                    number = np.full(len(rows), TASKS.index(task))
                    yield task, Batch(np.stack(inputs), np.stack(targets), number, np.ones(len(rows), np.float32))

    def _task(self, generator: np.random.Generator) -> str:
        """One task by the rates; normal takes the remaining mass."""
        point = generator.random()
        for task, rate in self.rates.items():
            if point < rate and self.recipes[task]:
                return task
            point -= rate
        return "normal"

    def _sample(self, generator: np.random.Generator, task: str) -> tuple[np.ndarray, np.ndarray, str]:
        if task != "normal":
            recipes = self.recipes[task]
            for _ in range(TRIES):
                inputs, twin = self._replayed(recipes[int(generator.integers(len(recipes)))], generator)
                if moves(inputs) > self.params.motion:
                    rises = self.params.negative == "maximise" and task in NEGATIVE
                    return inputs, inputs if rises else twin, task
        window = self.windows.draw(generator, 1)[0]
        return window, window, "normal"

    def _replayed(self, row: Any, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """One crop of a recipe's window and of its normal twin, (L, h, w, C) each."""
        clip, length = self.clips[row.clip], self.windows.length
        odd = KINDS[row.kind].replay(row, clip.frames, length, None)
        twin = clip.frames[steps(row.start, 1, length, len(clip.frames))]
        height, width = odd.shape[1:3]
        crop = self.windows.crop or max(height, width)
        side = (min(crop, height), min(crop, width))
        last = int(steps(row.start, row.skip, length, len(clip.frames))[-1])
        top, left = crop_corner(clip, last, (height, width), side, self.windows.motion_share, generator)
        part = np.s_[:, top : top + side[0], left : left + side[1]]
        return np.asarray(odd[part]), np.asarray(twin[part])


def moves(window: np.ndarray) -> float:
    """Largest change of a pixel from frame to frame, [0, 1]: reversed bare ground is bare ground."""
    change = np.abs(np.diff(window.astype(np.int16), axis=0))
    return float(change.max(initial=0)) / 255


def _inside(recipes: pd.DataFrame, kind: str, windows: WindowSampler) -> list[Any]:
    """Recipes of one kind whose frames lie inside one of the segments."""

    def fits(row: Any, segments: Sequence[Segment]) -> bool:
        return any(s.start <= row.start and _last(row, s.clip, windows.length) < s.stop for s in segments)

    by_clip: dict[str, list[Segment]] = {}
    for segment in windows.segments:
        by_clip.setdefault(segment.clip.name, []).append(segment)
    rows = recipes[recipes.kind == kind].itertuples()
    return [row for row in rows if fits(row, by_clip.get(str(row.clip), []))]


def _last(row: Any, clip: ClipView, length: int) -> int:
    """Last frame a recipe's window reads; also of its normal twin, which is never longer."""
    return int(steps(row.start, row.skip, length, len(clip.frames))[-1])
