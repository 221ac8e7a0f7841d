"""Several students of `ssmtl`: whose mean judges, who is trained, what is saved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from ssmtl_data import LONG, PIXELS, clip_of, fit, params

from vadflow.clip import Segment
from vadflow.ssmtl.panel import Panel
from vadflow.systems.ssmtl import System
from vadflow.training.store import load_system

NETWORK = {"trunk": "2d", "depth": "shallow", "width": 4, "streams": "two"}


def test_the_mean_of_the_students_judges() -> None:
    torch.manual_seed(0)
    panel = Panel(params(network=NETWORK | {"students": 3}), 1, 2, 0).eval()
    rng = np.random.default_rng(0)
    tubes, classes = rng.integers(0, 256, (8, 7, *PIXELS), np.uint8), rng.random((8, 2), np.float32)
    found = panel.values(tubes, classes, None)
    alone = [student.values(tubes, classes) for student in panel.students]
    assert not np.allclose(alone[0]["middle"], alone[1]["middle"])
    for task in panel.tasks:
        told = (alone[0][task] + alone[1][task] + alone[2][task]) / 3
        np.testing.assert_allclose(found[task], told, rtol=1e-5)
    assert set(found["moving"]) <= {0.0, 1.0}


def test_every_student_is_trained_and_each_on_batches_of_its_own(tmp_path: Path) -> None:
    system = fit(tmp_path, [clip_of(tmp_path, LONG, seed=i, name=f"n{i}") for i in range(4)])
    assert isinstance(system, System) and system.panel is not None
    fresh = Panel(system.params, 1, system.classes, 0)
    first, second = (student.state_dict() for student in system.panel.students)
    for name, weights in fresh.students[0].state_dict().items():
        if name.endswith("weight") and weights.ndim > 1:
            assert not torch.equal(first[name], second[name]), name
    again = load_system(tmp_path / "model")
    assert isinstance(again, System) and again.panel is not None
    assert torch.equal(again.panel.usual, system.panel.usual) and again.panel.usual.shape == (2, system.classes)
    assert not torch.equal(again.panel.usual[0], again.panel.usual[1])
    clip = Segment(clip_of(tmp_path, 12, seed=9), 0, 12)
    ours, theirs = (one._judge().look(clip).values for one in (system, again))
    for task in system.panel.tasks:
        np.testing.assert_array_equal(ours[task], theirs[task])


def test_one_student_judges_as_it_does_alone() -> None:
    panel = Panel(params(network=NETWORK | {"students": 1}), 1, 2, 0).eval()
    tubes = np.random.default_rng(1).integers(0, 256, (4, 7, *PIXELS), np.uint8)
    classes = np.full((4, 2), 0.5, np.float32)
    found, alone = panel.values(tubes, classes, None), panel.students[0].values(tubes, classes)
    assert found.keys() == alone.keys()
    for task, value in alone.items():
        np.testing.assert_array_equal(found[task], value)
