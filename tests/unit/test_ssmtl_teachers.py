"""Teachers behind their seam."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from ssmtl_data import residual_model

from vadflow.errors import VadflowError
from vadflow.ssmtl.teachers import GRID, SIDE, Lessons, digest_of, learn_lessons, load_lessons, load_teacher, pictures


def halved(shown: np.ndarray) -> np.ndarray:
    """A teacher of two channels: means over cells, and nothing."""
    cell = SIDE // GRID
    means = shown[..., 0].reshape(len(shown), GRID, cell, GRID, cell).mean((2, 4))
    return np.stack([means, np.ones_like(means)], axis=1).astype(np.float32)


def crops_of(count: int, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 32, 32, channels), dtype=np.uint8)


def test_lessons_are_standardised_and_gray_is_shown_in_three_channels(tmp_path: Path) -> None:
    shown = pictures(crops_of(3))
    assert shown.shape == (3, SIDE, SIDE, 3) and (shown[..., 0] == shown[..., 2]).all()
    features = halved(pictures(crops_of(20)))
    lessons = Lessons(halved, features.mean((0, 2, 3)), np.array([features[:, 0].std(), 1e-3]), np.zeros(32, np.uint8))
    found = lessons.of(crops_of(20)).astype(np.float32)
    np.testing.assert_allclose([found[:, 0].mean(), found[:, 0].std(), found[:, 1].max()], [0, 1, 0], atol=2e-3)
    assert lessons.of(crops_of(0)).shape == (0, 2, GRID, GRID)


def test_the_graph_is_cut_at_its_last_residual_sum(tmp_path: Path) -> None:
    """Not at a bias; the batch is filled up, and what fills it is dropped: one picture is seen as among many."""
    teacher = load_teacher(str(residual_model(tmp_path / "tiny.xml")))
    shown = pictures(crops_of(17, 3))
    found = teacher(shown)
    assert found.shape == (17, 4, GRID, GRID)
    kernel = np.random.default_rng(1).normal(size=(4, 3, 16, 16)).astype(np.float32)
    cell = (shown[5, :16, 16:32].astype(np.float32) - 127.5) / 127.5
    moved = (kernel * cell.transpose(2, 0, 1)).sum((1, 2, 3)) + 1
    np.testing.assert_allclose(found[5, :, 0, 1], moved + np.maximum(moved, 0), rtol=1e-3, atol=1e-2)
    np.testing.assert_allclose(teacher(shown[16:])[0], found[16], rtol=1e-5)
    plain = residual_model(tmp_path / "plain.xml", plain=True)
    with pytest.raises(VadflowError, match="finds no residual image classifier"):
        load_teacher(str(plain))


def test_another_teacher_than_that_of_the_training_is_refused(tmp_path: Path) -> None:
    path = residual_model(tmp_path / "tiny.xml")
    lessons = learn_lessons(str(path), crops_of(8))
    again = load_lessons(str(path), lessons.state())
    np.testing.assert_array_equal(again.of(crops_of(4)), lessons.of(crops_of(4)))
    before = digest_of(str(path))
    weights = path.with_suffix(".bin")
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\1")
    assert not np.array_equal(digest_of(str(path)), before)
    with pytest.raises(VadflowError, match="not those that ssmtl was trained with"):
        load_lessons(str(path), lessons.state())


def test_a_teacher_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(VadflowError, match="no weights at"):
        load_teacher(str(tmp_path / "none"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(VadflowError, match="expected one model, found 0"):
        load_teacher(str(tmp_path / "empty"))


class _Blocks(torch.nn.Module):
    """Stands for ResNet-50: its groups of layers, 16 times smaller after the third."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = torch.nn.Conv2d(3, 130, 1)
        self.bn1, self.relu, self.maxpool = (torch.nn.Identity() for _ in range(3))
        self.layer1, self.layer2 = (torch.nn.AvgPool2d(4) for _ in range(2))
        self.layer3, self.layer4 = torch.nn.Identity(), torch.nn.Conv2d(130, 2, 1)


def test_resnet50_teaches_where_torchvision_can_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved, models = _Blocks(), ModuleType("torchvision.models")
    torch.save(saved.state_dict(), tmp_path / "resnet50.pth")
    models.resnet50 = lambda weights: _Blocks()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchvision", ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.models", models)
    white = np.full((1, SIDE, SIDE, 3), 255, np.uint8)
    normalised = (torch.ones(3) - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor([0.229, 0.224, 0.225])
    expected = saved.conv1(normalised.view(3, 1, 1)).detach().numpy()[::2]  # 130 channels are thinned to 65
    found = load_teacher(str(tmp_path / "resnet50.pth"))(white)
    assert found.shape == (1, 65, GRID, GRID)
    np.testing.assert_allclose(found[0, :, :1, :1], expected, atol=1e-5)
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    with pytest.raises(VadflowError, match="torchvision cannot be imported"):
        load_teacher(str(tmp_path / "resnet50.pth"))


@pytest.mark.real
def test_mobilenet_tells_pictures_apart(shared: Path) -> None:
    teacher = load_teacher(str(shared / "weights" / "mobilenet_v2_imagenet_int8"))
    ramp = np.tile(np.arange(SIDE, dtype=np.uint8)[:, None, None] * 3, (1, SIDE, 3))
    found = teacher(np.stack([np.zeros((SIDE, SIDE, 3), np.uint8), ramp]))
    assert found.shape == (2, 96, GRID, GRID) and np.abs(found[0] - found[1]).mean() > 0.1
