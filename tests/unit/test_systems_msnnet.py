"""`msnnet` against its spec, slow loops and hand computation."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from systems_data import PARAMS, draw_clip, paper_profile, small_params

from vadflow.systems.cells import moving
from vadflow.systems.frame_networks import on_cells
from vadflow.systems.msnnet import Params, System
from vadflow.systems.msnnet_memory import MemoryPool, entropy, usage
from vadflow.systems.msnnet_model import Predictor


def params(**network: Any) -> Params:
    return Params.model_validate(PARAMS["msnnet"] | {"network": PARAMS["msnnet"]["network"] | network})


def pool_of(items: list[list[float]], top: int = 2, temperature: float = 0.5) -> MemoryPool:
    pool = MemoryPool(len(items), len(items[0]), top, temperature)
    pool.items.copy_(torch.nn.functional.normalize(torch.tensor(items), dim=1))
    return pool


def windows(size: tuple[int, int] = (32, 48), channels: int = 1) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, 5, *size, channels), dtype=np.uint8)


def test_a_read_equals_a_slow_loop() -> None:
    pool, features = MemoryPool(5, 4, 3, 0.7), torch.randn(2, 4, 2, 3)
    read, place = pool.read(features), 0
    for n in range(2):
        for row in range(2):
            for column in range(3):
                q = features[n, :, row, column] / features[n, :, row, column].norm()
                cosines = [float(q @ item) for item in pool.items]
                best = sorted(range(5), key=lambda i: -cosines[i])[:3]
                mass = sum(math.exp(cosines[i] / 0.7) for i in best)
                expected = sum(math.exp(cosines[i] / 0.7) / mass * pool.items[i] for i in best)
                torch.testing.assert_close(read.items[place], expected, rtol=1e-5, atol=1e-6)
                assert read.order[place].tolist() == best[:2]
                place += 1


def test_a_write_is_the_weighted_sum_by_hand() -> None:
    """Two queries own item 0, none owns item 1; the weights are exp(cosine - largest cosine of that item)."""
    pool = pool_of([[1.0, 0.0], [-1.0, 0.0]], top=1)
    queries = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
    pool.write(pool.read(queries.T.reshape(1, 2, 1, 2)))
    moved = torch.tensor([1.0, 0.0]) + queries[0] + math.exp(0.6 - 1.0) * queries[1]
    torch.testing.assert_close(pool.items[0], moved / moved.norm())
    torch.testing.assert_close(pool.items[1], torch.tensor([-1.0, 0.0]))
    assert pool.counts.tolist() == [2.0, 0.0]


def test_only_dead_items_are_seeded_anew() -> None:
    pool = pool_of([[1.0, 0.0], [0.8, 0.6], [-1.0, 0.0]], top=1)
    read = pool.read(torch.tensor([[1.0, 0.0], [0.8, 0.6], [0.9, 0.1]]).T.reshape(1, 2, 1, 3))
    pool.write(read)
    before = pool.items.clone()
    assert pool.revive(read, dead_share=0.1) == 1
    torch.testing.assert_close(pool.items[:2], before[:2])
    assert min((pool.items[2] - query).norm() for query in read.queries) < 1e-6
    assert pool.counts.tolist() == [0.0, 0.0, 0.0]


def test_losses_by_hand() -> None:
    pool = pool_of([[1.0, 0.0], [0.0, 1.0]], top=2, temperature=1.0)
    losses = pool.losses(pool.read(torch.tensor([0.8, 0.6]).reshape(1, 2, 1, 1)))
    near, far = math.hypot(0.2, 0.6), math.hypot(0.8, 0.4)
    assert float(losses["compact"]) == pytest.approx(near**2 / 2)
    assert float(losses["separate"]) == pytest.approx(near - far + 1, abs=1e-5)
    assert float(losses["information"]) == pytest.approx(0, abs=1e-6)  # of one place: its entropy is the mean's entropy


def test_information_is_least_when_places_decide_and_all_items_are_used() -> None:
    pool = pool_of([[1.0, 0.0], [0.0, 1.0]], temperature=0.01)
    one_each = pool.losses(pool.read(torch.tensor([[1.0, 0.0], [0.0, 1.0]]).reshape(1, 2, 1, 2)))["information"]
    all_one = pool.losses(pool.read(torch.tensor([[1.0, 1.0], [0.0, 0.0]]).reshape(1, 2, 1, 2)))["information"]
    assert float(one_each) == pytest.approx(-math.log(2), abs=1e-4)
    assert float(all_one) == pytest.approx(0, abs=1e-4)


def test_entropy_has_a_finite_gradient_at_zero() -> None:
    weights = torch.tensor([1.0, 0.0], requires_grad=True)
    entropy(weights).backward()
    assert weights.grad is not None
    assert torch.isfinite(weights.grad).all()


def test_usage_tells_even_from_dead() -> None:
    pool = pool_of([[1.0, 0.0], [0.0, 1.0]], top=1)
    even = usage(pool.read(torch.tensor([[1.0, 0.0], [0.0, 1.0]]).reshape(1, 2, 1, 2)))
    one = usage(pool.read(torch.tensor([[1.0, 0.9], [0.0, 0.1]]).reshape(1, 2, 1, 2)))
    assert even == {"usage": pytest.approx(1.0), "unused": 0.0, "sharpness": 1.0}
    assert one == {"usage": pytest.approx(0.0, abs=1e-5), "unused": 1.0, "sharpness": 1.0}


def test_no_gradient_reaches_the_items_and_every_loss_reaches_the_encoder() -> None:
    model = Predictor(params(draws="frame"), 1)
    terms, _ = model.losses(model.prepare(windows()))
    assert set(terms) == {"prediction", "gradient", "compact", "separate", "information"}
    for name, term in terms.items():
        moved = torch.autograd.grad(
            term, list(model.network.encoder.parameters()), retain_graph=True, allow_unused=True
        )
        assert any(g is not None and float(g.abs().sum()) > 0 for g in moved), name
    assert not any("items" in name for name, _ in model.named_parameters())


def test_statistics_of_every_pool_stand_in_the_curves() -> None:
    model = Predictor(params(), 1)
    _, reads = model.losses(model.prepare(windows()))
    names = set(model.write(reads, revive=True))
    levels = ("half", "quarter", "eighth")
    assert names == {f"{n}_{level}" for n in ("usage", "unused", "sharpness", "revived") for level in levels}


def test_the_control_has_no_memory_at_all() -> None:
    model = Predictor(params(memory=False), 1)
    terms, reads = model.losses(model.prepare(windows()))
    assert not model.pools()
    assert not reads
    assert set(terms) == {"prediction", "gradient"}
    maps, _ = model.error_maps(windows())
    assert float(np.abs(maps["distance"]).max()) == 0


def test_the_decoder_sees_nothing_of_a_level_but_what_its_items_say() -> None:
    """With one item in every pool read alone, any two inputs give the same drawing: nothing leaks past the memories."""
    one = {"reads": dict.fromkeys(("half", "quarter", "eighth"), "items"), "items": 1, "draws": "frame"}
    model = Predictor(params(**one), 1).eval()
    with torch.inference_mode():
        drawn = [model(model.prepare(w))[0] for w in (windows(), 255 - windows())]
    torch.testing.assert_close(drawn[0], drawn[1])
    leaky = Predictor(params(**one | {"reads": {"half": "plain", "quarter": "items", "eighth": "items"}}), 1).eval()
    with torch.inference_mode():
        drawn = [leaky(leaky.prepare(w))[0] for w in (windows(), 255 - windows())]
    assert float((drawn[0] - drawn[1]).abs().max()) > 1e-3


@pytest.mark.parametrize("stem", ["convolution", "space_to_depth"])
@pytest.mark.parametrize("channels", [1, 3])
def test_stems_channels_and_odd_sizes(stem: str, channels: int) -> None:
    model = Predictor(params(stem=stem), channels)
    maps, psnr = model.error_maps(windows((40, 50), channels))
    assert {m.shape for m in maps.values()} == {(2, 10, 13)}
    assert psnr.shape == (2,)


def test_a_perfect_prediction_has_no_error_and_the_target_is_the_last_frame() -> None:
    still = np.repeat(windows()[:, :1], 5, axis=1)
    model = Predictor(params(), 1)  # untrained it draws no difference
    maps, psnr = model.error_maps(still)
    assert float(maps["prediction"].max()) == 0
    still[:, 4] = 255 - still[:, 4]
    maps, worse = model.error_maps(still)
    assert float(maps["prediction"].min()) > 0
    assert (worse < psnr).all()


def test_what_the_network_sees_is_the_four_frames_in_another_basis() -> None:
    model = Predictor(params(difference_gain=5.0), 1)
    inputs = model.prepare(windows()).inputs
    seen = model.seen(inputs)
    back = [seen[:, 3:]]
    for change in (2, 1, 0):
        back.insert(0, back[0] - seen[:, change : change + 1] / 5)
    torch.testing.assert_close(torch.cat(back, 1), inputs, rtol=1e-5, atol=1e-5)
    assert Predictor(params(difference_gain=0), 1).seen(inputs) is inputs


def test_published_score_adds_both_parts_in_their_normal_ranges() -> None:
    system = System(small_params("msnnet"), (32, 48, 1))
    system.ranges = np.array([10.0, 0.5], np.float32)
    score, terms = system.published(30.0, {"distance_mean": 0.2})
    assert score == pytest.approx(-0.6 * 3 + 0.4 * 0.4) and terms == {"psnr": 30.0}


def test_error_counts_where_something_moves(tmp_path: Path) -> None:
    clip = draw_clip(tmp_path, "c", 8)
    flow = np.zeros((8, 4, 6, 2), np.float16)
    flow[:, 2, 3] = 3
    np.save(clip.flow_path, flow)  # type: ignore[arg-type]
    system = System(small_params("msnnet"), (32, 48, 1))
    from vadflow.clip import Segment

    _, maps, _ = next(iter(system.maps(Segment(clip, 0, 8), 1)))
    assert maps["moving"].shape == (8, 12)  # cells of 4 px, twice as fine as the flow's
    assert np.argwhere(maps["moving"]).tolist() == [[4, 6], [4, 7], [5, 6], [5, 7]]
    assert maps["moving"][4, 6] == pytest.approx(np.sqrt(maps["prediction"][4, 6] * 18), rel=1e-4)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.8, 1.0])
def test_the_share_of_flow_in_what_moves(tmp_path: Path, share: float) -> None:
    """Error 2e-4 and flow (3, 4), a squared length of 25, in one cell; nothing moves in the others."""
    clip = draw_clip(tmp_path, "c", 8)
    flow = np.zeros((8, 4, 6, 2), np.float16)
    flow[5, 1, 2] = 3, 4
    np.save(clip.flow_path, flow)  # type: ignore[arg-type]
    found = moving(clip, 5, np.full((4, 6), 2e-4, np.float32), share)
    assert found.dtype == np.float32
    assert found[1, 2] == pytest.approx(2e-4 ** (1 - share) * 25**share, rel=1e-5)
    assert float(np.delete(found, 8).max()) == pytest.approx(2e-4 if share == 0 else 0, rel=1e-5)


@pytest.mark.parametrize("side", [2, 4, 8])
def test_distances_of_every_level_stand_on_the_cells_of_the_error(side: int) -> None:
    """Means where a level is finer than the cells, repeated where it is coarser; the mean over the frame stays."""
    grid = torch.rand(2, 32 // side, 48 // side)
    found = on_cells(grid, torch.zeros(2, 8, 12))
    same = {
        2: torch.nn.functional.avg_pool2d(grid, 2),
        4: grid,
        8: grid.repeat_interleave(2, 1).repeat_interleave(2, 2),
    }
    torch.testing.assert_close(found, same[side])


def test_paper_profile_is_of_its_relatives_order() -> None:
    """MNAD's U-Net, without pools and with one more skip, has 15.65 M parameters (methods.md 2.3)."""
    model = Predictor(paper_profile("msnnet"), 3)
    assert 13e6 < sum(p.numel() for p in model.parameters()) < 18e6
    assert {level: tuple(pool.items.shape) for level, pool in model.pools().items()} == {
        "half": (10, 128),
        "quarter": (10, 256),
        "eighth": (10, 512),
    }


@pytest.mark.slow
def test_paper_profile_trains_at_full_size() -> None:
    """Two steps of two colour frames of 256 x 256: the loss falls on the batch it was taken on. In fp32: bf16 is for a GPU."""
    from vadflow.systems.steps import descend, total

    profile = paper_profile("msnnet")
    fp32 = profile.model_copy(update={"train": profile.train.model_copy(update={"precision": "fp32"})})  # type: ignore[attr-defined]
    model = Predictor(fp32, 3).train()  # type: ignore[arg-type]
    optimiser = torch.optim.Adam(model.parameters(), lr=model.plan.learning_rate)
    batch, losses = model.prepare(windows((256, 256), 3)), []
    for _ in range(2):
        terms, reads = model.losses(batch)
        losses.append(float(terms["prediction"].detach()))
        descend(optimiser, total(terms), model.plan.learning_rate)
        model.write(reads, revive=False)
    assert losses[1] < losses[0]
