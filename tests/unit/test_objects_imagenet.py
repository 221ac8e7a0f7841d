"""Networks that know ImageNet, behind their seam."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from ssmtl_data import residual_model

from vadflow.errors import VadflowError
from vadflow.objects.imagenet import GRID, SIDE, load_imagenet, pictures

WHERE = "params.yaml: somewhere"


def crops_of(count: int, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 32, 32, channels), dtype=np.uint8)


def test_gray_is_shown_in_three_channels() -> None:
    shown = pictures(crops_of(3))
    assert shown.shape == (3, SIDE, SIDE, 3) and (shown[..., 0] == shown[..., 2]).all()


def test_the_graph_is_cut_at_its_last_residual_sum(tmp_path: Path) -> None:
    """Not at a bias; the batch is filled up, and what fills it is dropped: one picture is seen as among many."""
    network = load_imagenet(str(residual_model(tmp_path / "tiny.xml")), WHERE).features
    shown = pictures(crops_of(17, 3))
    found = network(shown)
    assert found.shape == (17, 4, GRID, GRID)
    kernel = np.random.default_rng(1).normal(size=(4, 3, 16, 16)).astype(np.float32)
    cell = (shown[5, :16, 16:32].astype(np.float32) - 127.5) / 127.5
    moved = (kernel * cell.transpose(2, 0, 1)).sum((1, 2, 3)) + 1
    np.testing.assert_allclose(found[5, :, 0, 1], moved + np.maximum(moved, 0), rtol=1e-3, atol=1e-2)
    np.testing.assert_allclose(network(shown[16:])[0], found[16], rtol=1e-5)
    plain = residual_model(tmp_path / "plain.xml", plain=True)
    with pytest.raises(VadflowError, match="finds no residual image classifier"):
        load_imagenet(str(plain), WHERE)


def test_nothing_is_asked_about_no_crop(tmp_path: Path) -> None:
    network = load_imagenet(str(residual_model(tmp_path / "tiny.xml")), WHERE)
    assert network.of(crops_of(0)).shape == (0, network.channels, GRID, GRID) and network.channels == 4


def test_a_network_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(VadflowError, match="no weights at"):
        load_imagenet(str(tmp_path / "none"), WHERE)
    (tmp_path / "empty").mkdir()
    with pytest.raises(VadflowError, match="expected one model, found 0"):
        load_imagenet(str(tmp_path / "empty"), WHERE)


class _Blocks(torch.nn.Module):
    """Stands for ResNet-50: its groups of layers, 16 times smaller after the third."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = torch.nn.Conv2d(3, 130, 1)
        self.bn1, self.relu, self.maxpool = (torch.nn.Identity() for _ in range(3))
        self.layer1, self.layer2 = (torch.nn.AvgPool2d(4) for _ in range(2))
        self.layer3, self.layer4 = torch.nn.Identity(), torch.nn.Conv2d(130, 2, 1)


def test_resnet50_looks_where_torchvision_can_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved, models = _Blocks(), ModuleType("torchvision.models")
    torch.save(saved.state_dict(), tmp_path / "resnet50.pth")
    models.resnet50 = lambda weights: _Blocks()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchvision", ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.models", models)
    white = np.full((1, SIDE, SIDE, 3), 255, np.uint8)
    normalised = (torch.ones(3) - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor([0.229, 0.224, 0.225])
    expected = saved.conv1(normalised.view(3, 1, 1)).detach().numpy()[::2]  # 130 channels are thinned to 65
    found = load_imagenet(str(tmp_path / "resnet50.pth"), WHERE).features(white)
    assert found.shape == (1, 65, GRID, GRID)
    np.testing.assert_allclose(found[0, :, :1, :1], expected, atol=1e-5)
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    with pytest.raises(VadflowError, match="torchvision cannot be imported"):
        load_imagenet(str(tmp_path / "resnet50.pth"), WHERE)


@pytest.mark.real
def test_mobilenet_tells_pictures_apart(shared: Path) -> None:
    network = load_imagenet(str(shared / "weights" / "mobilenet_v2_imagenet_int8"), WHERE).features
    ramp = np.tile(np.arange(SIDE, dtype=np.uint8)[:, None, None] * 3, (1, SIDE, 3))
    found = network(np.stack([np.zeros((SIDE, SIDE, 3), np.uint8), ramp]))
    assert found.shape == (2, 96, GRID, GRID) and np.abs(found[0] - found[1]).mean() > 0.1
