"""The schedule of `std`: AE steps alone, k-means start, joint steps."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch

from vadflow.frames.windows import WindowSampler
from vadflow.systems.base import Loop
from vadflow.systems.std_model import Dissociation
from vadflow.systems.std_networks import k_means_plus_plus

Step = Callable[[int], dict[str, float]]

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

    def ae(steps: int) -> Step:
        return ae_step(model, sampler, coders, loop.generator, steps)

    run("pretrain", plan.pretrain_steps, ae(plan.pretrain_steps))
    loop.once("centres", lambda: set_centres(model, sampler, loop.generator), modules)
    cluster = cluster_step(model, sampler, grouped, loop.generator, plan.joint_steps)
    run("joint", plan.joint_steps, joint_step(ae(plan.joint_steps), cluster))


def ae_step(
    model: Dissociation,
    sampler: WindowSampler,
    optimiser: torch.optim.Optimizer,
    generator: np.random.Generator,
    steps: int,
) -> Step:
    """A step of both auto-encoders."""
    plan = model.weights

    def step(i: int) -> dict[str, float]:
        _set_rate(optimiser, plan.learning_rate * _decay(plan.decay, i, steps))
        terms = model.losses(model.prepare(sampler.draw(generator, plan.batch)))
        _descend(optimiser, torch.stack(list(terms.values())).sum())
        return {name: float(value.detach()) for name, value in terms.items()}

    return step


def cluster_step(
    model: Dissociation,
    sampler: WindowSampler,
    optimiser: torch.optim.Optimizer,
    generator: np.random.Generator,
    steps: int,
) -> Step:
    """A step of the centres and the two projections."""
    plan = model.weights

    def step(i: int) -> dict[str, float]:
        _set_rate(optimiser, plan.cluster_learning_rate * _decay(plan.decay, i, steps))
        loss = model.cluster_loss(model.prepare(sampler.draw(generator, plan.batch)))
        _descend(optimiser, loss)
        return {"cluster": float(loss.detach())}

    return step


def joint_step(first: Step, second: Step) -> Step:
    """An AE step, then a cluster step."""
    return lambda i: first(i) | second(i)


def set_centres(model: Dissociation, sampler: WindowSampler, generator: np.random.Generator) -> None:
    """Start the centres by k-means++ on codes of random windows."""
    plan, points, count = model.weights, [], 0
    model.eval()
    while count < plan.centre_vectors:
        points.append(model.codes(model.prepare(sampler.draw(generator, plan.batch)), plan.centre_features).cpu())
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


def _decay(kind: str, i: int, steps: int) -> float:
    return 1.0 if kind == "constant" else 0.5 * (1 + math.cos(math.pi * i / max(steps, 1)))
