"""`std` against its published facts, slow loops and hand computation."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from systems_data import PARAMS, small_params

from vadflow.systems.frame_networks import gradient_loss
from vadflow.systems.std import Params, System
from vadflow.systems.std_model import Dissociation
from vadflow.systems.std_networks import (
    DeepKMeans,
    MotionAutoEncoder,
    SpatialAutoEncoder,
    VarianceAttention,
    joint_code,
    k_means_plus_plus,
)

PAPER_NETWORK = {"width": 32, "attention": True, "attention_tile": 16, "centres": 32, "sharpness": 25.0}


def count(*modules: torch.nn.Module) -> int:
    return sum(p.numel() for module in modules for p in module.parameters())


def test_parameter_counts_are_the_published_ones() -> None:
    spatial, motion = SpatialAutoEncoder(3, 32), MotionAutoEncoder(12, 3, 32, 16, True)
    assert round(count(spatial.stem, spatial.levels, spatial.projection) / 1e6, 2) == 2.14
    assert round(count(spatial.ups, spatial.head) / 1e6, 2) == 1.26
    assert round(count(motion.stem, motion.levels, motion.projection) / 1e6, 2) == 2.23
    assert round(count(motion.up3, motion.up2, motion.up1, motion.head) / 1e6, 2) == 0.48
    whole = Dissociation(Params.model_validate(PARAMS["std"] | {"network": PAPER_NETWORK}), 3)
    assert round(count(whole) / 1e6, 2) == 6.12


@pytest.mark.parametrize("tile", [2, 4])
@torch.no_grad()
def test_variance_attention_equals_a_slow_loop(tile: int) -> None:
    layer, x = VarianceAttention(5, 2, tile), torch.randn(2, 5, 8, 12)
    expected = x.clone()
    for n in range(2):
        mixed = torch.einsum("oc,chw->ohw", layer.mix.weight[:, :, 0, 0], x[n])
        spread = torch.zeros(4, 6)
        for row in range(4):
            for column in range(6):
                cell = mixed[:, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2].mean((1, 2))
                spread[row, column] = ((cell - cell.mean()) ** 2).sum()
        for row in range(8):
            for column in range(12):
                r, c = row // 2, column // 2
                top, left = r // tile * tile, c // tile * tile
                block = spread[top : top + tile, left : left + tile]
                weight = math.exp(spread[r, c]) / float(block.exp().sum())
                expected[n, :, row, column] *= math.exp(weight)
    torch.testing.assert_close(layer(x), expected, rtol=1e-5, atol=1e-5)


def test_cluster_distance_by_hand() -> None:
    layer = DeepKMeans(2, 2, 25.0)
    with torch.no_grad():
        layer.centres.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
    spatial, motion = torch.full((1, 1, 1, 1), 3.0), torch.full((1, 1, 1, 1), 4.0)  # L2-normalised: 0.6, 0.8
    near, far = math.sqrt(0.6**2 + 0.2**2), math.sqrt(0.4**2 + 0.8**2)
    weight = math.exp(-25 * (far - near))
    expected = (near + far * weight) / (1 + weight) / 2
    assert float(layer(spatial, motion)) == pytest.approx(expected, rel=1e-5)


def test_cluster_loss_moves_centres_and_projections_only() -> None:
    model = Dissociation(small_params("std"), 1)
    windows = np.random.default_rng(0).integers(0, 256, (2, 5, 16, 16, 1), dtype=np.uint8)
    torch.nn.init.normal_(model.clusters.centres)
    model.cluster_loss(model.prepare(windows)).backward()
    moved = {name for name, p in model.named_parameters() if p.grad is not None}
    assert moved == {"clusters.centres", "spatial.projection.weight", "motion.projection.weight"}


def test_gradient_loss_ignores_brightness() -> None:
    image = torch.rand(1, 1, 6, 6)
    assert float(gradient_loss(image + 0.3, image)) == pytest.approx(0, abs=1e-6)
    assert float(gradient_loss(2 * image, image)) > 0


def test_k_means_finds_separate_clouds() -> None:
    clouds = torch.eye(3).repeat_interleave(20, 0) + 0.01 * torch.randn(60, 3)
    centres = k_means_plus_plus(clouds, 3, 5, torch.Generator().manual_seed(0))
    assert sorted(centres.argmax(1).tolist()) == [0, 1, 2]


def test_k_means_with_fewer_points_than_centres() -> None:
    assert k_means_plus_plus(torch.ones(2, 4), 5, 2, torch.Generator().manual_seed(0)).shape == (5, 4)


@pytest.mark.parametrize("variant", ["pr2022", "eccv2020"])
@pytest.mark.parametrize("channels", [1, 3])
def test_variants_and_odd_sizes(variant: str, channels: int) -> None:
    system = System(Params.model_validate(PARAMS["std"] | {"variant": variant}), (40, 50, channels))
    windows = np.random.default_rng(0).integers(0, 256, (2, 5, 40, 50, channels), dtype=np.uint8)
    maps, published = system.model.error_maps(windows)
    assert {m.shape for m in maps.values()} == {(2, 10, 13)}
    assert (published < 0).all()


def test_targets_of_both_variants() -> None:
    windows = np.arange(5, dtype=np.uint8).reshape(1, 5, 1, 1, 1).repeat(16, 2).repeat(16, 3)
    for variant, base, targets in (("pr2022", 0, [4]), ("eccv2020", 4, [0, 1, 2, 3])):
        model = Dissociation(Params.model_validate(PARAMS["std"] | {"variant": variant}), 1)
        window = model.prepare(windows)
        assert round(255 * float(window.base[0, 0, 0, 0])) == base
        assert (255 * window.targets[0, :, 0, 0]).round().int().tolist() == targets


def test_crop_and_frame_agree_away_from_the_border() -> None:
    """Attention tiles make a crop on tile borders see what the whole frame sees."""
    layer, x = VarianceAttention(4, 2, 2), torch.randn(1, 4, 16, 16)
    torch.testing.assert_close(layer(x)[:, :, 4:8, 8:16], layer(x[:, :, 4:8, 8:16]))


def test_joint_code_is_unit_length() -> None:
    code = joint_code(torch.rand(1, 3, 2, 2), torch.rand(1, 3, 2, 2))
    torch.testing.assert_close(code.norm(dim=-1), torch.ones(1, 2, 2))
