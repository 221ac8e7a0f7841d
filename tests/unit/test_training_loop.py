"""The loop: exact resume after a kill anywhere, NaN stop, averages, curves, checkpoints of another fit."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from systems_data import SHAPE, draw_clip, draw_recipes, small_params

from vadflow.errors import VadflowError
from vadflow.training.checkpoint import CheckpointFolder
from vadflow.training.fit import fit_system
from vadflow.training.loop import TrainingLoop


class Killed(Exception):  # noqa: N818  # not an error: what the operating system does to a job
    pass


def toy_fit(folder: Path, *, kill_at: int | None = None, key: str = "k", average: float = 0.9) -> dict[str, np.ndarray]:
    """Two phases with a start between them, on noise; `kill_at` counts steps over both."""
    loop = TrainingLoop(np.random.default_rng(3), CheckpointFolder(folder), key=key, every_s=0)
    model, bias = torch.nn.Linear(3, 2), torch.nn.Linear(2, 1)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.1)
    second = torch.optim.SGD([*model.parameters(), *bias.parameters()], lr=0.1, momentum=0.9)
    done = 0

    def step(optimiser: torch.optim.Optimizer) -> dict[str, float]:
        nonlocal done
        if kill_at is not None and done == kill_at:
            raise Killed
        done += 1
        x = torch.from_numpy(loop.generator.normal(size=(4, 3)).astype(np.float32)) + 0.1 * torch.randn(4, 3)
        loss = bias(model(x)).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return {"loss": float(loss.detach())}

    def start() -> None:
        with torch.no_grad():
            bias.weight.fill_(float(loop.generator.normal()))

    both = {"model": model, "bias": bias}
    loop.run(
        "first",
        steps=5,
        modules={"model": model},
        optimisers={"adam": optimiser},
        step=lambda _: step(optimiser),
        average=average,
    )
    loop.once("start", start, {"bias": bias})
    loop.run("second", steps=4, modules=both, optimisers={"sgd": second}, step=lambda _: step(second), average=average)
    state = {f"{n}.{k}": v.numpy().copy() for n, m in both.items() for k, v in m.state_dict().items()}
    return state | {"curves": loop.curves()["value"].to_numpy()}


@pytest.mark.parametrize("kill_at", range(9))
def test_resume_is_bit_equal_wherever_it_was_killed(tmp_path: Path, kill_at: int) -> None:
    whole = toy_fit(tmp_path / "whole")
    with pytest.raises(Killed):
        toy_fit(tmp_path / "cut", kill_at=kill_at)
    resumed = toy_fit(tmp_path / "cut")
    assert all(np.array_equal(whole[name], resumed[name]) for name in whole)


@pytest.mark.parametrize(
    ("name", "module", "network"),
    [
        ("std", "std_model", "Dissociation"),
        ("msnnet", "msnnet_model", "Predictor"),
        ("mlfs3d", "mlfs3d_model", "Reconstructor"),
    ],
)
def test_networks_resume_bit_equal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, module: str, network: str
) -> None:
    """Killed twice: weights (memories among them), curves and statistics end as if nothing had happened."""
    kind = getattr(import_module(f"vadflow.systems.{module}"), network)

    def fit(folder: Path) -> bytes:
        fit_system(
            name,
            small_params(name),
            clips,
            frame_shape=SHAPE,
            seed=1,
            held_out=0.25,
            folder=folder / "model",
            checkpoint=folder / "checkpoint",
            checkpoint_s=0,
            threads=1,
            pseudo=draw_recipes(clips),
        )
        return (folder / "model/weights.safetensors").read_bytes() + (folder / "model/history.parquet").read_bytes()

    clips = [draw_clip(tmp_path, f"n{i}", 12, seed=i) for i in range(4)]
    whole, original = fit(tmp_path / "whole"), kind.losses
    for calls_left in (2, 5):
        calls = iter(range(calls_left))
        with monkeypatch.context() as patch:
            patch.setattr(kind, "losses", lambda *a, calls=calls: original(*a) if _next(calls) else _kill())
            with pytest.raises(Killed):
                fit(tmp_path / "cut")
    assert fit(tmp_path / "cut") == whole


def _next(calls: Iterator[int]) -> bool:
    return next(calls, None) is not None


def _kill() -> dict[str, torch.Tensor]:
    raise Killed


def test_checkpoint_of_another_fit_is_discarded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Killed):
        toy_fit(tmp_path / "cut", kill_at=7, key="old")
    caplog.set_level("WARNING")
    resumed = toy_fit(tmp_path / "cut", key="new")
    whole = toy_fit(tmp_path / "whole", key="new")
    assert all(np.array_equal(whole[name], resumed[name]) for name in whole)
    assert "discarded" in caplog.text


def test_damaged_checkpoint_starts_afresh(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Killed):
        toy_fit(tmp_path / "cut", kill_at=7)
    next((tmp_path / "cut").glob("*.safetensors")).write_bytes(b"half")
    caplog.set_level("WARNING")
    whole, resumed = toy_fit(tmp_path / "whole"), toy_fit(tmp_path / "cut")
    assert all(np.array_equal(whole[name], resumed[name]) for name in whole)
    assert "starting from the beginning" in caplog.text


def test_nan_stops_with_phase_step_and_term(tmp_path: Path) -> None:
    loop = TrainingLoop(np.random.default_rng(0), CheckpointFolder(tmp_path), key="k", every_s=100)
    with pytest.raises(VadflowError, match=r"phase warm: the term 'error' became nan at step 3 of 9"):
        loop.run(
            "warm",
            steps=9,
            modules={},
            optimisers={},
            step=lambda i: {"fine": 1.0, "error": float("nan") if i == 3 else 0},
        )


def test_validation_sees_averages_and_evaluation_mode(tmp_path: Path) -> None:
    loop = TrainingLoop(np.random.default_rng(0), CheckpointFolder(tmp_path), key="k", every_s=100)
    model, seen = torch.nn.Linear(1, 1, bias=False), []

    def step(i: int) -> dict[str, float]:
        assert model.training
        with torch.no_grad():
            model.weight.fill_(i)
        return {"i": i}

    def validate() -> dict[str, float]:
        assert not model.training
        seen.append(float(model.weight.detach()))
        return {"weight": seen[-1]}

    loop.run("p", steps=40, modules={"m": model}, optimisers={}, step=step, validate=validate, average=0.9)
    assert len(seen) == 20
    assert seen[-1] == float(model.weight.detach()) < 39
    curves = loop.curves()
    assert curves[curves.term == "held_out_weight"]["step"].iloc[-1] == 39


def test_no_steps_is_a_phase_too(tmp_path: Path) -> None:
    loop = TrainingLoop(np.random.default_rng(0), CheckpointFolder(tmp_path), key="k", every_s=0)
    loop.run("none", steps=0, modules={}, optimisers={}, step=lambda _: {})
    assert loop.done == ["none"]
    assert len(loop.curves()) == 0
