"""`mlfs3d` against its spec: sizes, splices, gates, the four tasks, the bounded negative loss."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from systems_data import PARAMS, SHAPE, draw_clip, draw_recipes, paper_profile, small_params

from vadflow.clip import ClipView, Segment
from vadflow.errors import VadflowError
from vadflow.frames.windows import WindowSampler
from vadflow.systems.mlfs3d import Params, System
from vadflow.systems.mlfs3d_model import Reconstructor
from vadflow.systems.mlfs3d_networks import Encoder, Gate, SplicedAutoEncoder, SplicedDecoder, pooled
from vadflow.systems.mlfs3d_tasks import TASKS, Batch, TaskSampler, moves


def params(**sections: dict[str, Any]) -> Params:
    own = PARAMS["mlfs3d"]
    return Params.model_validate({name: section | sections.get(name, {}) for name, section in own.items()})


def count(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def batch_of(inputs: np.ndarray, targets: np.ndarray, *, signs: list[float], tasks: list[int]) -> Batch:
    return Batch(inputs, targets, np.array(tasks), np.array(signs, np.float32))


def noise(n: int = 2, length: int = 8, size: tuple[int, int] = (32, 48)) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, length, *size, 1), dtype=np.uint8)


@pytest.fixture
def clips(tmp_path: Path) -> list[ClipView]:
    return [draw_clip(tmp_path, f"n{i}", 24, seed=i) for i in range(3)]


def sampler_of(clips: list[ClipView], recipes: pd.DataFrame | None = None, **tasks: Any) -> TaskSampler:
    segments = [Segment(clip, 0, len(clip)) for clip in clips]
    windows = WindowSampler(segments, length=8, crop=16, motion_share=1.0)
    recipes = draw_recipes(clips) if recipes is None else recipes
    return TaskSampler(windows, recipes, params(tasks=tasks).tasks)


def test_base_auto_encoder_has_the_published_size() -> None:
    """5.98 M parameters: the relatives' baseline (methods.md 1.3), every splice and gate off."""
    assert round(count(SplicedAutoEncoder(1, 32, encoder=False, decoder=False, gates=False)) / 1e6, 2) == 5.98
    assert 5.98e6 < count(Reconstructor(paper_profile("mlfs3d"), 1)) < 8e6


def test_stages_stand_on_the_grids_of_the_text() -> None:
    shapes = [tuple(f.shape[1:]) for f in Encoder(1, 1, splice=True)(torch.zeros(1, 1, 16, 64, 64))]
    assert shapes == [(3, 16, 32, 32), (4, 8, 16, 16), (8, 4, 8, 8), (8, 2, 4, 4)]


@pytest.mark.parametrize("gates", [True, False])
@pytest.mark.parametrize("decoder", [True, False])
@pytest.mark.parametrize("encoder", [True, False])
def test_every_ablation_draws_a_clip_of_the_same_shape(encoder: bool, decoder: bool, gates: bool) -> None:
    network = SplicedAutoEncoder(3, 1, encoder=encoder, decoder=decoder, gates=gates)
    drawn = network(torch.randn(1, 3, 8, 32, 48))
    assert drawn.shape == (1, 3, 8, 32, 48)
    assert float(drawn.detach().abs().max()) <= 1


def test_splices_carry_what_the_bottleneck_does_not() -> None:
    """With the bottleneck and its gate map held still, a change of stage 1 alone reaches the drawing."""
    decoder = SplicedDecoder(1, 1, gates=True).eval()
    features = Encoder(1, 1, splice=False).eval()(torch.randn(1, 1, 8, 32, 32))
    other = [torch.randn_like(features[0]), *features[1:]]
    with torch.inference_mode():
        assert float((decoder(features) - decoder(other)).abs().max()) > 1e-6


def test_spliced_stages_see_all_earlier_ones() -> None:
    for splice, expected in ((True, [7, 15]), (False, [])):
        assert [mixer.in_channels for mixer in Encoder(1, 1, splice).mixers] == expected


def test_a_gate_weighs_by_what_the_deeper_map_says() -> None:
    gate, x = Gate(4, 6), torch.randn(1, 4, 4, 8, 8)
    attention = gate.attention(x, torch.randn(1, 6, 2, 4, 4))
    assert attention.shape == (1, 1, 4, 8, 8)
    assert 0 < float(attention.detach().min()) <= float(attention.detach().max()) < 1
    torch.nn.init.constant_(gate.psi.bias, -50.0)  # closed everywhere
    shut = gate.eval()(x, torch.randn(1, 6, 2, 4, 4))
    torch.testing.assert_close(shut, gate.out(torch.zeros_like(x)))


def test_pooled_keeps_the_largest() -> None:
    x = torch.zeros(1, 1, 4, 4, 4)
    x[0, 0, 3, 0, 1] = 5
    small = pooled(x, torch.zeros(1, 1, 2, 2, 2))
    assert small[0, 0, 1, 0, 0] == 5
    assert float(small.sum()) == 5


def test_the_negative_loss_is_bounded() -> None:
    """Beyond the bound a raised error pays nothing more and pulls at no weight; below it the gradient points upwards."""
    for bound, pulls in ((1e-6, False), (4.0, True)):
        model = Reconstructor(params(tasks={"negative": "maximise", "bound": bound}), 1)
        odd = noise()
        loss = model.losses(batch_of(odd, odd, signs=[-1, -1], tasks=[2, 3]))
        total = loss["skip"] + loss["reverse"]
        assert float(total.detach()) >= -bound * 1.0001
        total.backward()
        assert any(float(p.grad.abs().sum()) > 0 for p in model.parameters() if p.grad is not None) is pulls


def test_terms_sum_to_the_mean_over_the_batch() -> None:
    model = Reconstructor(small_params("mlfs3d"), 1).eval()
    batch = batch_of(noise(3), noise(3)[::-1].copy(), signs=[1, 1, 1], tasks=[0, 1, 1])
    terms, errors = model.losses(batch), model.errors(batch)
    assert float(sum(terms.values()).detach()) == pytest.approx(float(errors.mean().detach()), rel=1e-5)  # type: ignore[union-attr]
    assert float(terms["noise"].detach()) == pytest.approx(float(errors[1:].sum().detach()) / 3, rel=1e-5)
    assert float(terms["skip"].detach()) == 0


@pytest.mark.parametrize("negative", ["twin", "maximise"])
def test_tasks_have_the_inputs_targets_and_signs_of_the_text(clips: list[ClipView], negative: str) -> None:
    for task in TASKS[1:]:
        rates = {"noise": 0.0, "skip": 0.0, "reverse": 0.0} | {task: 1.0}
        batch = sampler_of(clips, negative=negative, motion=0.0, **rates).draw(np.random.default_rng(1), 6)
        assert [TASKS[i] for i in batch.tasks] == [task] * 6
        rises = negative == "maximise" and task in ("skip", "reverse")
        assert set(batch.signs.tolist()) == {-1.0 if rises else 1.0}
        if rises:
            np.testing.assert_array_equal(batch.inputs, batch.targets)
        elif task == "reverse":
            np.testing.assert_array_equal(batch.inputs, batch.targets[:, ::-1])
        elif task == "skip":
            np.testing.assert_array_equal(batch.inputs[:, 0], batch.targets[:, 0])
            assert (batch.inputs[:, 1:] != batch.targets[:, 1:]).any()
        else:
            assert 0 < np.abs(batch.inputs.astype(int) - batch.targets).mean() < 30


def test_rates_are_kept_and_the_rest_is_normal(clips: list[ClipView]) -> None:
    sampler = sampler_of(clips, noise=0.3, skip=0.0, reverse=0.2, motion=0.0)
    tasks = sampler.draw(np.random.default_rng(0), 600).tasks
    shares = np.bincount(tasks, minlength=4) / 600
    np.testing.assert_allclose(shares, [0.5, 0.3, 0.0, 0.2], atol=0.06)


def test_still_crops_are_no_negatives(clips: list[ClipView]) -> None:
    sampler = sampler_of(clips, noise=0.0, skip=0.0, reverse=1.0, motion=1.0)  # nothing moves more than the whole range
    assert set(sampler.draw(np.random.default_rng(0), 20).tasks) == {0}


def test_motion_is_the_largest_change_from_frame_to_frame() -> None:
    window = np.full((3, 2, 2, 1), 10, np.uint8)
    window[2, 0, 1] = 112
    assert moves(window) == pytest.approx(102 / 255)
    assert moves(window[:1]) == 0


def test_recipes_outside_the_segments_are_never_replayed(clips: list[ClipView]) -> None:
    """Held-out clips, and the held-out end of a clip, are not learned from by way of their recipes."""
    recipes = draw_recipes(clips)
    windows = WindowSampler([Segment(clips[0], 0, 12)], length=8, crop=16, motion_share=1.0)
    sampler = TaskSampler(windows, recipes, params().tasks)
    for kind, rows in sampler.recipes.items():
        assert all(row.clip == "n0" and row.start + row.skip * 7 < 12 for row in rows), kind
    expected = recipes[(recipes["clip"] == "n0") & (recipes.start + recipes.skip * 7 < 12)]
    assert sum(map(len, sampler.recipes.values())) == len(expected) > 0


def test_missing_recipes_are_said_and_the_rest_is_trained(
    clips: list[ClipView], caplog: pytest.LogCaptureFixture
) -> None:
    recipes = draw_recipes(clips)
    sampler = sampler_of(clips, recipes[recipes.kind != "skip"], noise=0.2, skip=0.3, reverse=0.2)
    assert "no skip recipe" in caplog.text
    assert TASKS.index("skip") not in sampler.draw(np.random.default_rng(0), 100).tasks


def test_a_loss_that_runs_away_stops_with_its_name(clips: list[ClipView], tmp_path: Path) -> None:
    from vadflow.training.fit import fit_system

    wild = params(train={"learning_rate": 1.0, "steps": 3}, tasks={"noise": 0.0, "skip": 0.0, "reverse": 0.0})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reconstructor, "forward", lambda self, x: self.network(x) * float("nan"))
        with pytest.raises(VadflowError, match="'normal' became nan at step 0 of 3"):
            fit_system(
                "mlfs3d",
                wild,
                clips,
                frame_shape=SHAPE,
                seed=0,
                held_out=0.25,
                folder=tmp_path / "model",
                checkpoint=tmp_path / "checkpoint",
                checkpoint_s=1000,
                threads=1,
                pseudo=draw_recipes(clips),
            )


@pytest.mark.parametrize(("stride", "frames"), [(1, list(range(4, 21))), (4, list(range(2, 22)))])
def test_the_middle_of_every_window_is_scored(tmp_path: Path, stride: int, frames: list[int]) -> None:
    """At stride 1 the paper's index 8 of 16, here 4 of 8; at stride 4 the four frames around it, each frame once."""
    system = System(params(score={"stride": stride}), SHAPE)
    assert [one.frame for one in system.score(draw_clip(tmp_path, "c", 24))] == frames


def test_error_maps_of_odd_sizes_and_a_perfect_drawing() -> None:
    model = Reconstructor(small_params("mlfs3d"), 1).eval()
    maps, psnr = model.error_maps(noise(size=(40, 50)), 3, 2)
    assert maps.shape == (2, 2, 10, 13)
    assert psnr.shape == (2, 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reconstructor, "forward", lambda self, x: x)
        maps, psnr = model.error_maps(noise(), 3, 2)
        assert float(maps.max()) == 0
        assert (psnr == 100).all()


@pytest.mark.slow
def test_paper_profile_trains_at_full_size() -> None:
    """Two steps of 16 frames of 256 x 256 at width 32: the loss falls on the clip it was taken on."""
    from vadflow.systems.steps import descend, total

    model = Reconstructor(paper_profile("mlfs3d"), 1).train()
    optimiser, clip, losses = (
        torch.optim.Adam(model.parameters(), lr=model.plan.learning_rate),
        noise(1, 16, (256, 256)),
        [],
    )
    for _ in range(2):
        terms = model.losses(batch_of(clip, clip, signs=[1], tasks=[0]))
        losses.append(float(terms["normal"].detach()))
        descend(optimiser, total(terms), model.plan.learning_rate)
    assert losses[1] < losses[0]
