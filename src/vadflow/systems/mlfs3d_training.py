"""The schedule of `mlfs3d`: one phase, each clip of a batch at one of the four tasks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from vadflow.systems.base import Loop
from vadflow.systems.mlfs3d_model import Reconstructor
from vadflow.systems.mlfs3d_tasks import TaskSampler
from vadflow.systems.steps import VALIDATION_SEED, Rate, Step, descend, learning_rate, total

VALIDATION_CLIPS = 8
"""Clips of each task in a validation; each is drawn twice, and 3D convolutions are dear."""


def train(model: Reconstructor, sampler: TaskSampler, held_out: TaskSampler | None, loop: Loop) -> None:
    """Fit `model` in place.

    Args:
        model: built, random.
        sampler: clips of normal video at the four tasks.
        held_out: the same of held-out normal video, for the validation, or None.
        loop: runs the phase.
    """
    plan = model.plan
    optimiser = torch.optim.Adam(model.parameters(), lr=plan.learning_rate)
    rate = learning_rate(plan.learning_rate, plan.decay, steps=plan.steps)
    loop.run(
        "train",
        steps=plan.steps,
        modules={"model": model},
        optimisers={"adam": optimiser},
        step=task_step(model, sampler, loop.generator, optimiser, rate),
        validate=validation(model, held_out),
        average=plan.average,
    )


def task_step(
    model: Reconstructor,
    sampler: TaskSampler,
    generator: np.random.Generator,
    optimiser: torch.optim.Optimizer,
    rate: Rate,
) -> Step:
    """A step over clips of all tasks; the terms are what each task adds to the loss."""

    def step(i: int) -> dict[str, float]:
        terms = model.losses(sampler.draw(generator, model.plan.batch))
        descend(optimiser, total(terms), rate(i))
        return {name: float(value.detach()) for name, value in terms.items()}

    return step


def validation(model: Reconstructor, held_out: TaskSampler | None) -> Callable[[], dict[str, float]] | None:
    """Error of each task against its own target on fixed held-out clips, and how far the pseudo-anomalies stand out.

    `stands_out_<task>` is the error of drawing the odd clip as it is, over that of normal clips: what the negative tasks shall raise.
    """
    if held_out is None:
        return None
    batches = dict(held_out.each(np.random.default_rng(VALIDATION_SEED), VALIDATION_CLIPS))
    inputs = {task: model.prepare(batch.inputs) for task, batch in batches.items()}

    def validate() -> dict[str, float]:
        terms = {task: float(model.errors(batch).mean()) for task, batch in batches.items()}
        own = {task: float((model(x) - x).square().mean()) for task, x in inputs.items()}
        return terms | {f"stands_out_{task}": own[task] / own["normal"] for task in own if task != "normal"}

    return validate
