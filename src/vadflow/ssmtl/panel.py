"""Several students of the same tasks, who take turns frame by frame.

How a student judges what it has never seen is for a good part the luck of its training. Task values are smoothed along tracklets anyway,
so where neighbouring frames are judged by different students the smoothed value is a mean over students, for no more time than one
student takes. Only training costs more (docs/ssmtl.md, *Two students*).

Letters: N tubes, K classes of the detector; those of `model.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch import Tensor, nn

from vadflow.ssmtl.model import Student

if TYPE_CHECKING:
    from vadflow.ssmtl.params import Params


class Panel(nn.Module):
    """The students; each has its own weights and its own batches."""

    def __init__(self, params: Params, channels: int, classes: int, knowledge: int) -> None:
        """Build them with random weights; arguments as of `Student`."""
        super().__init__()
        count = params.network.students
        self.members = nn.ModuleList(Student(params, channels, classes, knowledge) for _ in range(count))
        self.tasks, self.channels = params.learned, channels

    @property
    def students(self) -> list[Student]:
        """In the order of their turns."""
        return [cast("Student", member) for member in self.members]

    @property
    def usual(self) -> Tensor:
        """(students, K) see `Student.usual`; no weight, so `state_dict` lacks it."""
        return torch.stack([student.usual for student in self.students])

    def take_usual(self, usual: np.ndarray) -> None:
        """Take back what `usual` gave."""
        for student, own in zip(self.students, usual, strict=True):
            student.usual.copy_(torch.from_numpy(np.array(own)))

    def learn_usual(self, tubes: np.ndarray, classes: np.ndarray) -> None:
        """Every student's, on the same normal tubes; see `Student.learn_usual`."""
        for student in self.students:
            student.learn_usual(tubes, classes)

    def values(
        self, tubes: np.ndarray, classes: np.ndarray, knowledge: np.ndarray | None, turn: np.ndarray
    ) -> dict[str, np.ndarray]:
        """What the student whose turn it is says of each object.

        Args:
            tubes, classes, knowledge: of N objects, as in `Student.values`.
            turn: (N,) int, the same for all objects of a frame and one more in the next one.

        Returns:
            (N,) float32 per task, and what else `Student.values` names.
        """
        found: dict[str, np.ndarray] = {}
        whose = turn % len(self.students)
        for number in np.unique(whose):
            rows = np.flatnonzero(whose == number)
            taught = None if knowledge is None else knowledge[rows]
            for name, value in self.students[number].values(tubes[rows], classes[rows], taught).items():
                found.setdefault(name, np.empty(len(tubes), np.float32))[rows] = value
        return found
