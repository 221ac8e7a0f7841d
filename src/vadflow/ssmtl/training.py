"""The schedule of `ssmtl`: for every student batches of stored tubes with their tasks' labels, one Adam, proxy accuracies on held-out tubes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from vadflow.objects.tubes import GAPS, REACH, STORED_REACH
from vadflow.ssmtl.batch import IGNORED, Batch
from vadflow.ssmtl.model import MOTION, Student
from vadflow.ssmtl.panel import Panel
from vadflow.ssmtl.puzzles import HOLE, SHUFFLES
from vadflow.ssmtl.stored import Tubes

if TYPE_CHECKING:
    from vadflow.ssmtl.params import TrainParams
    from vadflow.systems.base import Loop

Teach = Callable[[Tubes], np.ndarray | None]

FORWARD = STORED_REACH + np.arange(-REACH, REACH + 1)
"""(L,) consecutive frames of a stored tube."""
_VALIDATION_TUBES = 256
_VALIDATION_SEED = 0
"""The same held-out tubes, orders and labels at every validation, or the curve would show the draw."""


def irregular_order(generator: np.random.Generator) -> np.ndarray:
    """(L,) frames of a stored tube: from the middle outwards with a random gap of 1 to GAPS a step; never all gaps 1."""
    while True:
        gaps = generator.integers(1, GAPS + 1, (2, REACH))
        if (gaps > 1).any():
            before, after = np.cumsum(gaps, axis=1)
            return STORED_REACH + np.concatenate([-before[::-1], [0], after])


def draw_orders(generator: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A third forward, a third backward, a third irregular: one pass through the trunk serves both motion tasks.

    Returns:
        orders (count, L); arrow labels (count,), IGNORED for irregular tubes; irregularity labels, IGNORED for backward ones.
    """
    kinds = generator.permutation(count) % 3
    orders = np.tile(FORWARD, (count, 1))
    orders[kinds == 1] = FORWARD[::-1]
    for row in np.flatnonzero(kinds == 2):
        orders[row] = irregular_order(generator)
    return orders, np.choose(kinds, [0, 1, IGNORED]), np.choose(kinds, [0, IGNORED, 1])


def draw_batch(
    model: Student, tubes: Tubes, knowledge: np.ndarray | None, generator: np.random.Generator, count: int
) -> Batch:
    """Draw tubes with replacement, flip half of them, and give each its labels; still tubes have no say on motion.

    `knowledge` (M, 2, P, G, G) holds what the ImageNet teacher says of each tube and of its mirror image.
    """
    rows = generator.integers(0, len(tubes), count)
    orders, arrow, irregular = draw_orders(generator, count)
    flip = generator.random(count) < 0.5
    plain, ordered = (_window(tubes.pixels, rows, order, flip) for order in (np.tile(FORWARD, (count, 1)), orders))
    x, device = model.prepare(plain), model.device
    silent = ~model.moving(x)
    ways, gaps = (torch.from_numpy(label).to(device).masked_fill(silent, IGNORED) for label in (arrow, irregular))
    shuffle, hole = generator.integers(0, SHUFFLES, count), generator.random((count, 2)) * (1 - 1 / HOLE)
    return Batch(
        x,
        model.prepare(ordered),
        torch.from_numpy(tubes.classes[rows]).to(device),
        None if knowledge is None else torch.from_numpy(knowledge[rows, flip.astype(int)]).to(device).float(),
        ways,
        gaps,
        torch.from_numpy(shuffle).to(device),
        torch.from_numpy(hole.astype(np.float32)).to(device),
    )


def _window(pixels: np.ndarray, rows: np.ndarray, orders: np.ndarray, flip: np.ndarray) -> np.ndarray:
    """(N, L, V, S, S, C): frames `orders` of tubes `rows`, mirrored left to right where `flip`."""
    found = pixels[rows[:, None], orders]
    found[flip] = found[flip][..., ::-1, :]
    return found


def train(model: Panel, plan: TrainParams, tubes: Tubes, held_out: Tubes, teach: Teach, loop: Loop) -> None:
    """Fit `model` in place.

    Args:
        model: built, random.
        plan: schedule.
        tubes: stored tubes of normal video, at least one.
        held_out: stored tubes of held-out normal video, for the validation terms; may be empty.
        teach: what the ImageNet teacher says of tubes and of their mirror images, (M, 2, P, G, G); None without a teacher.
        loop: runs the phase.
    """
    optimiser = torch.optim.Adam(model.parameters(), lr=plan.learning_rate)
    knowledge = teach(tubes)

    def step(i: int) -> dict[str, float]:
        for group in optimiser.param_groups:
            group["lr"] = plan.learning_rate * 0.5 * (1 + math.cos(math.pi * i / plan.steps))
        terms = _mean(
            [
                _losses(student, draw_batch(student, tubes, knowledge, loop.generator, plan.batch))
                for student in model.students
            ]
        )
        optimiser.zero_grad(set_to_none=True)
        torch.stack(list(terms.values())).sum().backward()
        optimiser.step()
        return {name: float(value.detach()) for name, value in terms.items()}

    loop.run(
        "train",
        steps=plan.steps,
        modules={"panel": model},
        optimisers={"adam": optimiser},
        step=step,
        validate=validation(model, held_out, teach),
        average=plan.average,
    )


def _losses(student: Student, batch: Batch) -> dict[str, torch.Tensor]:
    return student.losses(batch, student.answers(student.questions(batch)))


def _mean(several: Sequence[Mapping[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Of the students; Adam steps as far along a mean as along a sum."""
    return {name: torch.stack([terms[name] for terms in several]).mean() for name in several[0]}


def validation(model: Panel, held_out: Tubes, teach: Teach) -> Callable[[], dict[str, float]] | None:
    """Losses and proxy accuracies on fixed held-out tubes, means over the students; None where there are none."""
    if not len(held_out):
        return None
    generator = np.random.default_rng(_VALIDATION_SEED)
    batch = draw_batch(model.students[0], held_out, teach(held_out), generator, _VALIDATION_TUBES)

    def one(student: Student) -> dict[str, torch.Tensor]:
        answers = student.answers(student.questions(batch))
        found = student.losses(batch, answers)
        for task in sorted(set(answers) & {*MOTION, "jigsaw"}):  # a set has another order in every process
            label = batch.shuffle if task == "jigsaw" else getattr(batch, task)
            kept = label != IGNORED
            if bool(kept.any()):
                found[f"{task}_accuracy"] = (answers[task].argmax(1) == label)[kept].float().mean()
        return found

    def validate() -> dict[str, float]:
        return {name: float(value) for name, value in _mean([one(student) for student in model.students]).items()}

    return validate
