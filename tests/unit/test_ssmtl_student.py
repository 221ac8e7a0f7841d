"""The student of `ssmtl`: orders, trunks, puzzles, classes and usual errors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ssmtl_data import SHAPE, params
from systems_data import PARAMS

from vadflow.ssmtl.model import IGNORED, Student
from vadflow.ssmtl.puzzles import holed, shuffled
from vadflow.ssmtl.training import FORWARD, draw_batch, draw_orders, irregular_order
from vadflow.ssmtl.tubes import (
    REACH,
    STORED_REACH,
    Tubes,
    TubeShape,
)


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
    pixels = np.full((4, 25, SHAPE.cut, SHAPE.cut, 1), 90, np.uint8)
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
        {"trunk": "3d", "depth": "deep", "width": 32, "streams": "one"},  # the paper's
        {"trunk": "3d", "depth": "shallow", "width": 8, "streams": "two"},
        {"trunk": "2d", "depth": "deep", "width": 8, "streams": "one"},
    ],
)
@pytest.mark.parametrize("side", [32, 64])
def test_every_trunk_takes_a_step_on_every_task(network: dict, side: int) -> None:
    tubes = PARAMS["ssmtl"]["tubes"] | {"side": side}
    chosen = params(
        network=network, tubes=tubes, tasks=["arrow", "irregular", "middle", "classes", "jigsaw", "inpaint"]
    )
    student, E = Student(chosen, 3, 5, 7), TubeShape(side, tubes["tight"], tubes["wide"], 8).cut
    generator = np.random.default_rng(0)
    stored = Tubes(
        generator.integers(0, 256, (4, 25, E, E, 3), dtype=np.uint8),
        generator.random((4, 5)).astype(np.float32),
        *np.zeros((3, 4), int),
    )
    lesson = generator.normal(size=(4, 7)).astype(np.float32)
    batch = draw_batch(student, stored, lesson, generator, 6)
    terms = student.losses(batch, student.answers(student.questions(batch)))
    assert list(terms) and set(terms) == set(chosen.tasks)
    torch.stack(list(terms.values())).sum().backward()
    silent = [name for name, p in student.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert [name for name in silent if not name.endswith("bias")] == []
    values = student.eval().values(stored.pixels[:, FORWARD], stored.classes)
    assert all(value.shape == (4,) and np.isfinite(value).all() for value in values.values())


def test_the_papers_trunk_has_its_size() -> None:
    paper = params(network={"trunk": "3d", "depth": "deep", "width": 32, "streams": "one"})
    weights = [p for p in Student(paper, 3, 80, 0).trunks.parameters() if p.ndim == 5]
    assert sum(p.numel() for p in weights) / 1e6 == pytest.approx(0.417, abs=0.003)


def test_what_tasks_share_passes_their_trunk_once() -> None:
    student, seen = Student(params(), 1, 2, 0).eval(), []
    student.trunks["motion"].register_forward_hook(lambda module, inputs, output: seen.append(len(output)))
    student.values(np.zeros((5, 7, SHAPE.cut, SHAPE.cut, 1), np.uint8), np.zeros((5, 2), np.float32))
    assert seen == [5]


def test_puzzles() -> None:
    view = torch.rand(3, 7, 2, 32, 32)
    moved = shuffled(view, torch.tensor([0, 1, 99]))
    assert torch.equal(moved[0], view[0]) and not torch.equal(moved[1], view[1])
    assert torch.allclose(moved.flatten(3).sort(-1).values, view.flatten(3).sort(-1).values)
    hole = torch.tensor([[0.0, 0.0], [0.5, 0.25], [0.75, 0.75]])
    blank = (holed(view, hole) == 0)[:, 0, 0]
    assert blank.flatten(1).sum(1).tolist() == [64, 64, 64] and blank[1, 16:24, 8:16].all()


def test_an_imagenet_teacher_adds_outputs_and_changes_no_score_of_its_own() -> None:
    """The paper skips the ImageNet network when it judges: its outputs stand behind the detector's classes."""
    student = Student(params(tasks=["classes"]), 1, 2, 5).eval()
    assert student.heads["classes"].linear.out_features == 7
    tubes, seen = np.zeros((1, 7, SHAPE.cut, SHAPE.cut, 1), np.uint8), np.zeros((1, 2), np.float32)
    before = student.values(tubes, seen)["classes"]
    with torch.no_grad():
        student.heads["classes"].linear.bias[2:] += 9
    assert student.values(tubes, seen)["classes"] == before


def test_one_sided_classes() -> None:
    """A detector less sure of a person than the student is no anomaly; one that sees a bicycle is; the paper's is two-sided."""
    student = Student(params(tasks=["classes"]), 1, 2, 0).eval()
    with torch.no_grad():
        student.heads["classes"].linear.weight.zero_()
        student.heads["classes"].linear.bias.copy_(torch.tensor([0.8, 0.0]))
        student.usual.copy_(torch.tensor([0.2, 0.05]))
    tubes = np.zeros((2, 7, SHAPE.cut, SHAPE.cut, 1), np.uint8)
    values = student.values(tubes, np.array([[0.3, 0.0], [0.9, 0.5]], np.float32))
    np.testing.assert_allclose(values["classes"], [0, 10], atol=1e-5)
    np.testing.assert_allclose(values["distance"], [0.25, 0.3], atol=1e-6)


def test_usual_errors_are_learned_per_class_and_never_trusted_to_be_nothing() -> None:
    student = Student(params(tasks=["classes"]), 1, 2, 0).eval()
    with torch.no_grad():
        student.heads["classes"].linear.weight.zero_()
        student.heads["classes"].linear.bias.copy_(torch.tensor([0.5, 0.0]))
    student.learn_usual(np.zeros((2, 7, SHAPE.cut, SHAPE.cut, 1), np.uint8), np.float32([[0.9, 0.0], [0.5, 0.0]]))
    np.testing.assert_allclose(student.usual, [np.sqrt(0.16 / 2), 0.02], rtol=1e-5)
