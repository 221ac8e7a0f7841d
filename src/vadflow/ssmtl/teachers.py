"""The ImageNet teacher of `ssmtl`'s task `knowledge`: what it says of normal objects, on one scale. The detector's own class
probabilities are the other teacher; they come with the objects table and need no network here.

The paper distils class outputs. Here it is features half-way, which still have places (`objects/imagenet.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vadflow.objects.imagenet import ImageNet, load_imagenet

_WHERE = "params.yaml: systems.ssmtl.imagenet"


@dataclass(frozen=True)
class Lessons:
    """A teacher, and what is usual of its features on normal objects.

    Attributes:
        teacher: see `ImageNet`.
        mean, spread: (P,) of every channel.
    """

    teacher: ImageNet
    mean: np.ndarray
    spread: np.ndarray

    def of(self, crops: np.ndarray) -> np.ndarray:
        """(N, S, S, C) uint8 crops, gray or RGB, to (N, P, GRID, GRID) float16 features of mean 0 and spread 1 on normal objects."""
        return ((self.teacher.of(crops) - self.mean[:, None, None]) / self.spread[:, None, None]).astype(np.float16)

    def state(self) -> dict[str, np.ndarray]:
        """Arrays to save."""
        return {"lessons": np.stack([self.mean, self.spread]), "teacher": self.teacher.digest}


def learn_lessons(path: str, crops: np.ndarray) -> Lessons:
    """Open a teacher and learn what is usual on crops (N, S, S, C) uint8 of normal objects, at least one."""
    teacher = load_imagenet(path, _WHERE)
    found = teacher.of(crops)
    return Lessons(teacher, found.mean((0, 2, 3)), np.maximum(found.std((0, 2, 3)), 1e-3))


def load_lessons(path: str, state: Mapping[str, np.ndarray]) -> Lessons:
    """The teacher of a path with what `Lessons.state` gave.

    Raises:
        VadflowError: as `load_imagenet`, or it is not the teacher of the training.
    """
    mean, spread = np.array(state["lessons"])
    return Lessons(load_imagenet(path, _WHERE, trained_with=state["teacher"]), mean, spread)
