"""The schedule of `std`: AE steps alone, k-means start, joint steps."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch

from vadflow.frames.windows import WindowSampler
from vadflow.systems.base import Loop
from vadflow.systems.std_model import Dissociation
from vadflow.systems.std_networks import k_means_plus_plus
from vadflow.systems.steps import Draw, Rate, Step, descend, learning_rate, total, validation_windows


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

    def rate(start: float, done: int) -> Rate:
        return learning_rate(start, plan.decay, done=done, steps=plan.pretrain_steps + plan.joint_steps)

    draw = partial(sampler.draw, loop.generator, plan.batch)
    run("pretrain", plan.pretrain_steps, ae_step(model, draw, coders, rate(plan.learning_rate, 0)))
    loop.once("centres", lambda: set_centres(model, draw, loop.generator), modules)
    after = plan.pretrain_steps
    joint = joint_step(
        ae_step(model, draw, coders, rate(plan.learning_rate, after)),
        cluster_step(model, draw, grouped, rate(plan.cluster_learning_rate, after)),
    )
    run("joint", plan.joint_steps, joint)


def ae_step(model: Dissociation, draw: Draw, optimiser: torch.optim.Optimizer, rate: Rate) -> Step:
    """A step of both auto-encoders."""

    def step(i: int) -> dict[str, float]:
        terms = model.losses(model.prepare(draw()))
        descend(optimiser, total(terms), rate(i))
        return {name: float(value.detach()) for name, value in terms.items()}

    return step


def cluster_step(model: Dissociation, draw: Draw, optimiser: torch.optim.Optimizer, rate: Rate) -> Step:
    """A step of the centres and the two projections."""

    def step(i: int) -> dict[str, float]:
        loss = model.cluster_loss(model.prepare(draw()))
        descend(optimiser, loss, rate(i))
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
    windows = validation_windows(held_out)
    if windows is None:
        return None

    def validate() -> dict[str, float]:
        window = model.prepare(windows)
        terms = {name: float(value) for name, value in model.losses(window).items()}
        return terms | {"cluster": float(model.cluster_loss(window)) / len(windows)}

    return validate
