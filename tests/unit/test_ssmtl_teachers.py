"""Teachers behind their seam."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from vadflow.errors import VadflowError
from vadflow.ssmtl.teachers import lessons, load_teacher


def test_teacher_outputs_are_standardised_and_gray_is_shown_in_three_channels() -> None:
    shown = []

    def teacher(pictures: np.ndarray) -> np.ndarray:
        shown.append(pictures)
        return np.stack([pictures.mean((1, 2, 3)), np.ones(len(pictures))], axis=1).astype(np.float32)

    crops = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 1), dtype=np.uint8)
    found = lessons(teacher, crops)
    assert all(p.shape[1:] == (224, 224, 3) and (p[..., 0] == p[..., 2]).all() for p in shown)
    np.testing.assert_allclose([found[:, 0].mean(), found[:, 0].std(), found[:, 1].max()], [0, 1, 0], atol=1e-4)


def test_a_teacher_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(VadflowError, match="no weights at"):
        load_teacher(str(tmp_path / "none"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(VadflowError, match="expected one model, found 0"):
        load_teacher(str(tmp_path / "empty"))


class _Pooled(torch.nn.Module):
    """Stands for ResNet-50: 3 channel means to 2 outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x.mean((2, 3)))


def test_resnet50_teaches_where_torchvision_can_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved, models = _Pooled(), ModuleType("torchvision.models")
    torch.save(saved.state_dict(), tmp_path / "resnet50.pth")
    models.resnet50 = lambda weights: _Pooled()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchvision", ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.models", models)
    white = np.full((1, 8, 8, 3), 255, np.uint8)
    normalised = (torch.ones(3) - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor([0.229, 0.224, 0.225])
    expected = saved.linear(normalised).detach().numpy()
    np.testing.assert_allclose(load_teacher(str(tmp_path / "resnet50.pth"))(white)[0], expected, atol=1e-5)
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    with pytest.raises(VadflowError, match="torchvision cannot be imported"):
        load_teacher(str(tmp_path / "resnet50.pth"))


@pytest.mark.real
def test_mobilenet_tells_pictures_apart(shared: Path) -> None:
    teacher = load_teacher(str(shared / "weights" / "mobilenet_v2_imagenet_int8"))
    pictures = np.stack(
        [np.zeros((224, 224, 3), np.uint8), np.tile(np.arange(224, dtype=np.uint8)[:, None, None], (1, 224, 3))]
    )
    found = teacher(pictures)
    assert found.shape == (2, 1000) and not np.array_equal(found[0], found[1])
