"""The schedule of `std`: AE steps alone, k-means start, joint steps."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch

from vadflow.frames.windows import WindowSampler
from vadflow.systems.base import Loop
from vadflow.systems.std_model import Dissociation
from vadflow.systems.std_networks import k_means_plus_plus

if TYPE_CHECKING:
    from vadflow.systems.std import TrainParams

Step = Callable[[int], dict[str, float]]
Rate = Callable[[int], float]
Draw = Callable[[], np.ndarray]

_VALIDATION_WINDOWS = 64
_VALIDATION_SEED = 0
"""The same held-out windows at every validation, or the curve would show the draw."""


def train(model: Dissociation, sampler: WindowSampler, held_out: WindowSampler | None, loop: Loop) -> None:
    """Fit `model` in place.

    Args:
        model: built, random.
        sampler: windows of normal video to fit on.
        held_out: windows of held-out normal video for the validation loss, or None.
        loop: runs the phases.
    """
    plan = model.weights
    coders = torch.optim.Adam([*model.spatial.parameters(), *model.motion.parameters()], lr=plan.learning_rate)
    grouped = torch.optim.Adam(model.cluster_parameters(), lr=plan.cluster_learning_rate)
    optimisers = {"ae": coders, "cluster": grouped}
    modules, validate = {"model": model}, validation(model, held_out)

    def run(phase: str, steps: int, step: Step) -> None:
        loop.run(
            phase,
            steps=steps,
            modules=modules,
            optimisers=optimisers,
            step=step,
            validate=validate,
            average=plan.average,
        )

    total = plan.pretrain_steps + plan.joint_steps
    draw = partial(sampler.draw, loop.generator, plan.batch)
    run("pretrain", plan.pretrain_steps, ae_step(model, draw, coders, _rates(plan, plan.learning_rate, 0, total)))
    loop.once("centres", lambda: set_centres(model, draw, loop.generator), modules)
    after = plan.pretrain_steps
    joint = joint_step(
        ae_step(model, draw, coders, _rates(plan, plan.learning_rate, after, total)),
        cluster_step(model, draw, grouped, _rates(plan, plan.cluster_learning_rate, after, total)),
    )
    run("joint", plan.joint_steps, joint)


def ae_step(model: Dissociation, draw: Draw, optimiser: torch.optim.Optimizer, rate: Rate) -> Step:
    """A step of both auto-encoders."""

    def step(i: int) -> dict[str, float]:
        _set_rate(optimiser, rate(i))
        terms = model.losses(model.prepare(draw()))
        _descend(optimiser, torch.stack(list(terms.values())).sum())
        return {name: float(value.detach()) for name, value in terms.items()}

    return step


def cluster_step(model: Dissociation, draw: Draw, optimiser: torch.optim.Optimizer, rate: Rate) -> Step:
    """A step of the centres and the two projections."""

    def step(i: int) -> dict[str, float]:
        _set_rate(optimiser, rate(i))
        loss = model.cluster_loss(model.prepare(draw()))
        _descend(optimiser, loss)
        return {"cluster": float(loss.detach())}

    return step


def joint_step(first: Step, second: Step) -> Step:
    """An AE step, then a cluster step."""
    return lambda i: first(i) | second(i)


def set_centres(model: Dissociation, draw: Draw, generator: np.random.Generator) -> None:
    """Start the centres by k-means++ on codes of random windows."""
    plan, points, count = model.weights, [], 0
    model.eval()
    while count < plan.centre_vectors:
        points.append(model.codes(model.prepare(draw()), plan.centre_features).cpu())
        count += len(points[-1])
    seed = torch.Generator().manual_seed(int(generator.integers(2**62)))
    cloud = torch.cat(points)[: plan.centre_vectors]
    centres = k_means_plus_plus(cloud, len(model.clusters.centres), plan.centre_rounds, seed)
    with torch.no_grad():
        model.clusters.centres.copy_(centres)


def validation(model: Dissociation, held_out: WindowSampler | None) -> Callable[[], dict[str, float]] | None:
    """Losses on fixed held-out windows; None where there are none."""
    if held_out is None:
        return None
    windows = held_out.draw(np.random.default_rng(_VALIDATION_SEED), _VALIDATION_WINDOWS)

    def validate() -> dict[str, float]:
        window = model.prepare(windows)
        terms = {name: float(value) for name, value in model.losses(window).items()}
        return terms | {"cluster": float(model.cluster_loss(window)) / len(windows)}

    return validate


def _descend(optimiser: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()


def _set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate


def _rates(plan: TrainParams, start: float, done: int, total: int) -> Rate:
    """Learning rate at step i of a phase that begins when `done` of `total` steps are over: one curve over both phases."""

    def rate(i: int) -> float:
        return start if plan.decay == "constant" else start * 0.5 * (1 + math.cos(math.pi * (done + i) / total))

    return rate
