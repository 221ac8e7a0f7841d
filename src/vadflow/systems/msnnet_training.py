"""The schedule of `msnnet`: each step goes down the gradient, then writes into the memories."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch

from vadflow.frames.windows import WindowSampler
from vadflow.systems.base import Loop
from vadflow.systems.msnnet_model import Predictor
from vadflow.systems.steps import Draw, Rate, Step, descend, learning_rate, total, validation_windows


def train(model: Predictor, sampler: WindowSampler, held_out: WindowSampler | None, loop: Loop) -> None:
    """Fit `model` in place.

    Args:
        model: built, random.
        sampler: windows of normal video to fit on.
        held_out: windows of held-out normal video for the validation loss, or None.
        loop: runs the phase.
    """
    plan = model.plan
    optimiser = torch.optim.Adam(model.parameters(), lr=plan.learning_rate)
    draw = partial(sampler.draw, loop.generator, plan.batch)
    loop.run(
        "train",
        steps=plan.steps,
        modules={"model": model},
        optimisers={"adam": optimiser},
        step=prediction_step(model, draw, optimiser, learning_rate(plan.learning_rate, plan.decay, steps=plan.steps)),
        validate=validation(model, held_out),
        average=plan.average,
    )


def prediction_step(model: Predictor, draw: Draw, optimiser: torch.optim.Optimizer, rate: Rate) -> Step:
    """A step of the network, then a write with the queries it was taken with; statistics of the memory stand beside the losses."""
    every = model.plan.revive_every

    def step(i: int) -> dict[str, float]:
        terms, reads = model.losses(model.prepare(draw()))
        descend(optimiser, total(terms), rate(i))
        statistics = model.write(reads, revive=(i + 1) % every == 0)
        return {name: float(value.detach()) for name, value in terms.items()} | statistics

    return step


def validation(model: Predictor, held_out: WindowSampler | None) -> Callable[[], dict[str, float]] | None:
    """Losses and memory statistics on fixed held-out windows; None where there are none."""
    windows = validation_windows(held_out)
    if windows is None:
        return None

    def validate() -> dict[str, float]:
        terms, reads = model.losses(model.prepare(windows))
        return {name: float(value) for name, value in terms.items()} | model.usage(reads)

    return validate
