"""Several students of the same tasks, whose mean judges.

How a student judges what it has never seen is for a good part the luck of its training, and large ones are surer of it than they should be:
three small students together say more than a large one, for no more time (docs/ssmtl-choices.md, *Three small students*).

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
        """In the order they were built in."""
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

    def values(self, tubes: np.ndarray, classes: np.ndarray, knowledge: np.ndarray | None) -> dict[str, np.ndarray]:
        """Means over the students of what each says of each object; arguments and answer as of `Student.values`."""
        several = [student.values(tubes, classes, knowledge) for student in self.students]
        return {name: np.mean([one[name] for one in several], axis=0) for name in several[0]}
