"""The student of `ssmtl`: orders, trunks, puzzles, classes and usual errors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ssmtl_data import PIXELS, params
from systems_data import PARAMS

from vadflow.objects.imagenet import GRID
from vadflow.objects.tubes import REACH, STORED_REACH
from vadflow.ssmtl.batch import IGNORED
from vadflow.ssmtl.model import Student
from vadflow.ssmtl.params import Params
from vadflow.ssmtl.puzzles import holed, shuffled
from vadflow.ssmtl.stored import Tubes
from vadflow.ssmtl.training import FORWARD, draw_batch, draw_orders, irregular_order


def test_orders_are_what_their_labels_say() -> None:
    generator = np.random.default_rng(0)
    orders, arrow, irregular = draw_orders(generator, 300)
    for order, way, gaps in zip(orders, arrow, irregular, strict=True):
        steps = np.diff(order)
        assert order[REACH] == STORED_REACH and order.min() >= 0 and order.max() <= 2 * STORED_REACH
        if gaps == 1:
            assert way == IGNORED and (steps >= 1).all() and (steps <= 4).all() and (steps > 1).any()
        else:
            assert (steps == (-1 if way == 1 else 1)).all() and (gaps == 0) == (way == 0)
    assert np.bincount(arrow[arrow != IGNORED]).tolist() == [100, 100]
    assert irregular_order(generator).shape == (7,)


def test_still_tubes_have_no_say_on_motion() -> None:
    student = Student(params(), 1, 2, 0)
    pixels = np.full((4, 25, *PIXELS), 90, np.uint8)
    pixels[2:, FORWARD[-1]] = 200
    tubes = Tubes(pixels, np.ones((4, 2), np.float32), *np.zeros((3, 4), int))
    batch = draw_batch(student, tubes, None, np.random.default_rng(0), 60)
    still = (batch.plain[:, -1] == batch.plain[:, 0]).flatten(1).all(1)
    assert still.any() and not still.all()
    assert (batch.arrow[still] == IGNORED).all() and (batch.irregular[still] == IGNORED).all()
    assert (batch.arrow[~still] != IGNORED).any()


def test_the_student_never_sees_what_it_draws() -> None:
    """The middle box is hidden from `middle`, and all others are hidden from `classes`."""
    student = Student(params(), 1, 2, 0).eval()
    view = torch.rand(2, 7, 1, 32, 32)
    other = view.clone()
    other[:, REACH] = 0.5
    assert torch.equal(student.without_middle(view), student.without_middle(other))
    other = torch.rand(2, 7, 1, 32, 32)
    other[:, REACH] = view[:, REACH]
    assert torch.equal(student.middle_only(view), student.middle_only(other))


@pytest.mark.parametrize(
    "network",
    [
        {"students": 1, "trunk": "3d", "depth": "deep", "width": 32, "streams": "one"},  # the paper's
        {"students": 1, "trunk": "3d", "depth": "shallow", "width": 8, "streams": "two"},
        {"students": 1, "trunk": "2d", "depth": "deep", "width": 8, "streams": "one"},
        {"students": 1, "trunk": "2d", "depth": "deep", "width": 8, "streams": "three"},
    ],
)
@pytest.mark.parametrize("side", [32, 64])
def test_every_trunk_takes_a_step_on_every_task(network: dict, side: int) -> None:
    tubes = PARAMS["ssmtl"]["tubes"] | {"side": side}
    tasks = ["arrow", "irregular", "middle", "classes", "knowledge", "jigsaw", "inpaint"]
    chosen = params(network=network, tubes=tubes, tasks=tasks, imagenet="somewhere")
    student = Student(chosen, 3, 5, 7)
    generator = np.random.default_rng(0)
    stored = Tubes(
        generator.integers(0, 256, (4, 25, 3, side, side, 3), dtype=np.uint8),
        generator.random((4, 5)).astype(np.float32),
        *np.zeros((3, 4), int),
    )
    lesson = generator.normal(size=(4, 2, 7, GRID, GRID)).astype(np.float16)
    batch = draw_batch(student, stored, lesson, generator, 6)
    terms = student.losses(batch, student.answers(student.questions(batch)))
    assert list(terms) and set(terms) == set(chosen.tasks)
    torch.stack(list(terms.values())).sum().backward()
    silent = [name for name, p in student.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert [name for name in silent if not name.endswith("bias")] == []
    values = student.eval().values(stored.pixels[:, FORWARD], stored.classes, lesson[:, 0])
    assert all(value.shape == (4,) and np.isfinite(value).all() for value in values.values())


def test_the_papers_trunk_has_its_size() -> None:
    paper = params(network={"students": 1, "trunk": "3d", "depth": "deep", "width": 32, "streams": "one"})
    weights = [p for p in Student(paper, 3, 80, 0).trunks.parameters() if p.ndim == 5]
    assert sum(p.numel() for p in weights) / 1e6 == pytest.approx(0.417, abs=0.003)


def test_what_tasks_share_passes_their_trunk_once() -> None:
    """Without a square of its own, motion irregularity sees what the arrow of time sees; with one, both pass as one batch."""
    alike = params(tubes=PARAMS["ssmtl"]["tubes"] | {"square": None})
    for chosen, passed in ((alike, 5), (params(), 10)):
        assert trunk_passes(chosen) == [passed]


def trunk_passes(chosen: Params) -> list[int]:
    """Tubes of every pass through the motion trunk when five are judged."""
    student, seen = Student(chosen, 1, 2, 0).eval(), []
    student.trunks["motion"].register_forward_hook(lambda module, inputs, output: seen.append(len(output)))
    student.values(np.zeros((5, 7, len(chosen.views), *PIXELS[1:]), np.uint8), np.zeros((5, 2), np.float32))
    return seen


def test_puzzles() -> None:
    view = torch.rand(3, 7, 2, 32, 32)
    moved = shuffled(view, torch.tensor([0, 1, 99]))
    assert torch.equal(moved[0], view[0]) and not torch.equal(moved[1], view[1])
    assert torch.allclose(moved.flatten(3).sort(-1).values, view.flatten(3).sort(-1).values)
    hole = torch.tensor([[0.0, 0.0], [0.5, 0.25], [0.75, 0.75]])
    blank = (holed(view, hole) == 0)[:, 0, 0]
    assert blank.flatten(1).sum(1).tolist() == [64, 64, 64] and blank[1, 16:24, 8:16].all()


def test_knowledge_is_how_far_the_student_is_from_the_teacher() -> None:
    """NaN where the teacher was not asked; the paper's mean and the other tasks do not change."""
    student = Student(params(tasks=["classes", "knowledge"], imagenet="somewhere"), 1, 2, 5).eval()
    tubes, seen = np.zeros((3, 7, *PIXELS), np.uint8), np.zeros((3, 2), np.float32)
    with torch.no_grad():
        student.heads["knowledge"].layers[-1].weight.zero_()
        student.heads["knowledge"].layers[-1].bias.fill_(1)
    taught = np.stack([np.full((5, GRID, GRID), value, np.float16) for value in (1, 3, np.nan)])
    values = student.values(tubes, seen, taught)
    np.testing.assert_allclose(values["knowledge"], [0, 4, np.nan], atol=1e-5)
    assert set(values) == {"classes", "distance", "knowledge", "moving"}


def test_without_a_teacher_there_is_no_knowledge() -> None:
    assert params(tasks=["classes", "knowledge"]).learned == ("classes",)
    assert Student(params(tasks=["classes", "knowledge"]), 1, 2, 0).tasks == ("classes",)
    with pytest.raises(ValueError, match="another task than knowledge"):
        params(tasks=["knowledge"])


def test_one_sided_classes() -> None:
    """A detector less sure of a person than the student is no anomaly; one that sees a bicycle is; the paper's is two-sided."""
    student = Student(params(tasks=["classes"]), 1, 2, 0).eval()
    with torch.no_grad():
        student.heads["classes"].linear.weight.zero_()
        student.heads["classes"].linear.bias.copy_(torch.tensor([0.8, 0.0]))
        student.usual.copy_(torch.tensor([0.2, 0.05]))
    tubes = np.zeros((2, 7, *PIXELS), np.uint8)
    values = student.values(tubes, np.array([[0.3, 0.0], [0.9, 0.5]], np.float32))
    np.testing.assert_allclose(values["classes"], [0, 10], atol=1e-5)
    np.testing.assert_allclose(values["distance"], [0.25, 0.3], atol=1e-6)


def test_usual_errors_are_learned_per_class_and_never_trusted_to_be_nothing() -> None:
    student = Student(params(tasks=["classes"]), 1, 2, 0).eval()
    with torch.no_grad():
        student.heads["classes"].linear.weight.zero_()
        student.heads["classes"].linear.bias.copy_(torch.tensor([0.5, 0.0]))
    student.learn_usual(np.zeros((2, 7, *PIXELS), np.uint8), np.float32([[0.9, 0.0], [0.5, 0.0]]))
    np.testing.assert_allclose(student.usual, [np.sqrt(0.16 / 2), 0.02], rtol=1e-5)
