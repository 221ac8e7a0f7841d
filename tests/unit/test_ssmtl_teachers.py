"""What the ImageNet teacher says of normal objects, on one scale."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ssmtl_data import residual_model

from vadflow.errors import VadflowError
from vadflow.objects.imagenet import GRID, SIDE, ImageNet, pictures
from vadflow.ssmtl.teachers import Lessons, learn_lessons, load_lessons


def halved(shown: np.ndarray) -> np.ndarray:
    """A teacher of two channels: means over cells, and nothing."""
    cell = SIDE // GRID
    means = shown[..., 0].reshape(len(shown), GRID, cell, GRID, cell).mean((2, 4))
    return np.stack([means, np.ones_like(means)], axis=1).astype(np.float32)


def crops_of(count: int, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 32, 32, channels), dtype=np.uint8)


def test_lessons_are_standardised() -> None:
    features = halved(pictures(crops_of(20)))
    teacher = ImageNet(halved, 2, np.zeros(32, np.uint8))
    lessons = Lessons(teacher, features.mean((0, 2, 3)), np.array([features[:, 0].std(), 1e-3]))
    found = lessons.of(crops_of(20)).astype(np.float32)
    np.testing.assert_allclose([found[:, 0].mean(), found[:, 0].std(), found[:, 1].max()], [0, 1, 0], atol=2e-3)
    assert lessons.of(crops_of(0)).shape == (0, 2, GRID, GRID)


def test_another_teacher_than_that_of_the_training_is_refused(tmp_path: Path) -> None:
    path = residual_model(tmp_path / "tiny.xml")
    lessons = learn_lessons(str(path), crops_of(8))
    again = load_lessons(str(path), lessons.state())
    np.testing.assert_array_equal(again.of(crops_of(4)), lessons.of(crops_of(4)))
    weights = path.with_suffix(".bin")
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\1")
    with pytest.raises(VadflowError, match="are not those of the training"):
        load_lessons(str(path), lessons.state())
