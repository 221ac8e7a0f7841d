"""`ssmtl`: tubes at every border, tasks that learn, a choice that needs no label, exact resume, and the paper's trunk."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from systems_data import PARAMS

from vadflow.attributes.tails import fit_tail
from vadflow.clip import ClipView, Segment
from vadflow.conformance.checks import Subject, run_checks
from vadflow.conformance.scene import draw_clip
from vadflow.errors import VadflowError
from vadflow.io import read_table, write_table
from vadflow.objects import schema
from vadflow.params import load
from vadflow.scoring.score import score_clip
from vadflow.ssmtl.choice import CHANGES, SHARES, Trial, auc, choose
from vadflow.ssmtl.judge import Judge
from vadflow.ssmtl.model import IGNORED, Batch, Student
from vadflow.ssmtl.puzzles import holed, shuffled
from vadflow.ssmtl.scale import fit_scale, rarity_of
from vadflow.ssmtl.teachers import lessons, load_teacher
from vadflow.ssmtl.training import FORWARD, draw_batch, draw_orders, irregular_order
from vadflow.ssmtl.tubes import (
    REACH,
    STORED_REACH,
    Tubes,
    TubeShape,
    cut_tubes,
    observe,
    store_tubes,
    target_frames,
)
from vadflow.systems.base import NormalVideo
from vadflow.systems.ssmtl import Params, System
from vadflow.training.fit import fit_system
from vadflow.training.store import load_system

SHAPE = TubeShape(side=32, tight=0.15, wide=0.4, least=8)
NEEDS = System.needs
LONG = 2 * STORED_REACH + 6


def params(**changes: object) -> Params:
    return Params.model_validate(PARAMS["ssmtl"] | changes)


def clip_of(folder: Path, length: int = LONG, seed: int = 0, name: str = "c") -> ClipView:
    return draw_clip(folder, name, length, shape=(64, 96, 1), needs=NEEDS, seed=seed)


def with_objects(clip: ClipView, boxes: list[tuple[int, float, float, float, float]]) -> ClipView:
    """The clip with other objects: (frame, x1, y1, x2, y2)."""
    rows = [(t, *box, 0.9, 0, "person", np.full(2, 0.5, np.float32), 1.0, 1.0, 0.0, 0.1) for t, *box in boxes]
    table = pd.DataFrame(rows, columns=list(schema.COLUMNS)) if rows else schema.empty()
    path = clip.objects_path.with_name(f"other_{len(boxes)}.parquet")  # type: ignore[union-attr]
    write_table(path, schema.conform(table) if rows else table)
    return replace(clip, objects_path=path)


def cut(clip: ClipView, boxes: np.ndarray, t: int, reach: int = REACH, channels: int = 1) -> np.ndarray:
    segment = Segment(clip, 0, len(clip))
    found = list(cut_tubes(segment, boxes, {t: np.arange(len(boxes))}, shape=SHAPE, reach=reach, channels=channels))
    assert [rows.tolist() for rows, _ in found] == [list(range(len(boxes)))]
    return found[0][1]


def frames_of(clip: ClipView) -> np.ndarray:
    paths = sorted(clip.source.glob("*.png"))  # type: ignore[union-attr]
    return np.stack([cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in paths])


def test_a_tube_is_the_same_box_in_seven_frames(tmp_path: Path) -> None:
    clip, box = clip_of(tmp_path), np.array([[30, 20, 50, 44]], np.float32)
    tube = cut(clip, box, 10)[0]
    assert tube.shape == (7, SHAPE.cut, SHAPE.cut, 1)
    x1, y1, x2, y2 = SHAPE.sides(box)[0]
    assert x2 - x1 == pytest.approx(20 * 1.8, abs=1.01)
    for offset, picture in zip(range(-3, 4), tube, strict=True):
        expected = cv2.resize(frames_of(clip)[10 + offset, y1:y2, x1:x2], (SHAPE.cut, SHAPE.cut))
        assert np.abs(picture[..., 0].astype(int) - expected).max() <= 1, offset


@pytest.mark.parametrize("box", [(-0.0, 0, 12, 20), (84, 44, 96, 64), (40, 30, 41, 31), (0, 0, 96, 64)])
@pytest.mark.parametrize("channels", [1, 3])
def test_boxes_over_the_border_and_of_one_pixel_are_cut(tmp_path: Path, box: tuple, channels: int) -> None:
    tube = cut(clip_of(tmp_path), np.array([box], np.float32), 10, channels=channels)
    assert tube.shape == (1, 7, SHAPE.cut, SHAPE.cut, channels)
    assert tube.min() >= 80  # the border repeated, not black: the scene's noise lies between 90 and 100


def test_beyond_the_border_the_border_is_repeated(tmp_path: Path) -> None:
    clip = clip_of(tmp_path)
    tube, frame = cut(clip, np.array([[0, 0, 20, 20]], np.float32), 10)[0, 3, :, :, 0], frames_of(clip)[10]
    x1, y1, x2, y2 = SHAPE.sides(np.array([[0, 0, 20, 20]], np.float32))[0]
    padded = np.pad(frame, 40, mode="edge")[y1 + 40 : y2 + 40, x1 + 40 : x2 + 40]
    assert np.abs(tube.astype(int) - cv2.resize(padded, (SHAPE.cut, SHAPE.cut))).max() <= 1


def test_at_the_ends_of_a_segment_its_end_frame_is_repeated(tmp_path: Path) -> None:
    clip, box = clip_of(tmp_path, 12), np.array([[30, 20, 50, 44]], np.float32)
    first, last = cut(clip, box, 0)[0], cut(clip, box, 11)[0]
    assert all(np.array_equal(first[i], first[3]) for i in range(3)) and not np.array_equal(first[3], first[4])
    assert all(np.array_equal(last[i], last[3]) for i in range(4, 7)) and not np.array_equal(last[2], last[3])


def test_frames_outside_a_segment_are_never_used(tmp_path: Path) -> None:
    clip, box = clip_of(tmp_path, 20), np.array([[30, 20, 50, 44]], np.float32)
    wanted = {8: np.array([0])}
    ((_, short),) = cut_tubes(Segment(clip, 8, 10), box, wanted, shape=SHAPE, reach=REACH, channels=1)
    assert np.array_equal(short[0, 0], short[0, 3]) and np.array_equal(short[0, 4], short[0, 6])


def test_objects_in_frames_that_do_not_decode_are_told(tmp_path: Path) -> None:
    clip = clip_of(tmp_path, 8)
    wanted = {9: np.array([0])}
    with pytest.raises(VadflowError, match="only 8 frames decode"):
        list(cut_tubes(Segment(clip, 0, 20), np.ones((1, 4)), wanted, shape=SHAPE, reach=REACH, channels=1))


def test_the_inner_part_is_the_tight_view() -> None:
    boxes = np.array([[100, 100, 200, 300]], np.float32)
    wide, tight = SHAPE.sides(boxes)[0], TubeShape(32, 0.15, 0.15, 8).sides(boxes)[0]
    margin = (SHAPE.cut - SHAPE.side) / 2 / SHAPE.cut
    assert wide[0] + margin * (wide[2] - wide[0]) == pytest.approx(tight[0], abs=2)
    assert wide[3] - margin * (wide[3] - wide[1]) == pytest.approx(tight[3], abs=4)


def test_stored_tubes_are_bounded_spread_and_repeatable(tmp_path: Path) -> None:
    segments = [Segment(clip_of(tmp_path, LONG, seed=i, name=f"n{i}"), 0, LONG) for i in range(3)]
    known = {"channels": 1, "classes": 2, "total": 10}
    first, again = (store_tubes(segments, SHAPE, generator=np.random.default_rng(5), **known) for _ in range(2))
    assert first.pixels.shape == (9, 25, SHAPE.cut, SHAPE.cut, 1)
    assert np.bincount(first.clip).tolist() == [3, 3, 3]
    assert (first.frame >= STORED_REACH).all() and (first.frame < LONG - STORED_REACH).all()
    assert all(np.array_equal(getattr(first, name), getattr(again, name)) for name in vars(first))


def test_no_object_anywhere_gives_no_tube(tmp_path: Path) -> None:
    clip = with_objects(clip_of(tmp_path), [])
    found = store_tubes(
        [Segment(clip, 0, LONG)], SHAPE, channels=1, classes=2, total=5, generator=np.random.default_rng(0)
    )
    assert len(found) == 0
    with pytest.raises(VadflowError, match="nothing to learn from"):
        System(params(), (64, 96, 1)).fit(NormalVideo([Segment(clip, 0, LONG)], []), _Loop())


class _Loop:
    generator = np.random.default_rng(0)


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


def test_changes_change_what_they_say() -> None:
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (8, 25, 12, 12, 1), dtype=np.uint8)
    tubes = Tubes(pixels, np.tile(np.float32([0.8, 0.1]), (8, 1)), *np.zeros((3, 8), int))
    found = {name: change(tubes, np.random.default_rng(1)) for name, change in CHANGES.items()}
    assert np.array_equal(found["reversed"][0], pixels[:, FORWARD[::-1]])
    assert np.array_equal(found["skipped"][0][:, REACH], pixels[:, STORED_REACH])
    assert not np.array_equal(found["skipped"][0], pixels[:, FORWARD])
    assert np.array_equal(found["swapped"][0][:, :REACH], pixels[:, FORWARD[:REACH]])
    share = (found["patched"][0] == pixels[:, FORWARD]).mean((1, 2, 3, 4))
    assert ((share > 0.5) & (share < 1)).all()
    assert np.array_equal(found["foreign"][0], pixels[:, FORWARD])
    assert (found["foreign"][1][:, 1] >= 0.1).all() and (tubes.classes[:, 1] == np.float32(0.1)).all()


def test_auc_counts_pairs() -> None:
    low, high = np.array([0.0, 1.0, 1.0]), np.array([1.0, 2.0])
    pairs = [(h > v) + 0.5 * (h == v) for h in high for v in low]
    assert auc(low, high) == pytest.approx(np.mean(pairs))


def test_a_noisy_task_loses_weight_and_the_search_is_repeatable() -> None:
    generator = np.random.default_rng(0)
    normal = {"good": generator.normal(size=400), "noise": generator.normal(size=400) * 3}
    changed = {"skipped": {"good": generator.normal(3, 1, 100), "noise": generator.normal(size=100) * 3}}
    trial = Trial(normal, np.arange(400) // 4, changed, {"skipped": np.arange(100)})
    tries = choose(trial, ["good", "noise"], search=True)
    assert tries[-1].weights == {"good": 1.0, "noise": min(SHARES)}
    assert tries[-1].mean > tries[0].mean + 0.02
    assert [t.row() for t in tries] == [t.row() for t in choose(trial, ["good", "noise"], search=True)]
    assert len(choose(trial, ["good", "noise"], search=False)) == 2


@pytest.mark.parametrize("kind", ["z", "tail"])
def test_tasks_come_to_one_scale(kind: str) -> None:
    generator = np.random.default_rng(0)
    normal = {"small": generator.normal(0.05, 0.01, 2000), "large": generator.normal(50, 10, 2000)}
    evidence = fit_scale(normal, kind, 0.0).evidence(
        {"small": np.array([0.08, np.nan]), "large": np.array([80.0, np.nan])}
    )
    assert evidence["small"][0] == pytest.approx(evidence["large"][0], rel=0.15)
    assert evidence["small"][1] == evidence["large"][1] == 0
    less = fit_scale(normal, kind, 1.0).evidence({"small": np.array([0.08, 0.05]), "large": np.array([80.0, 50.0])})
    np.testing.assert_allclose(less["small"], [evidence["small"][0] - 1, 0], atol=1e-6)


def test_an_object_to_which_no_task_objects_is_as_usual_as_nothing() -> None:
    tail = fit_tail(np.r_[np.zeros(50), np.arange(50)], floor=0.01)
    surprise = rarity_of(np.array([0.0, 1.0, 40.0]), tail)
    assert surprise[0] == 0 < surprise[1] < surprise[2]


def test_teacher_outputs_are_standardised_and_gray_is_shown_in_three_channels() -> None:
    shown = []

    def teacher(pictures: np.ndarray) -> np.ndarray:
        shown.append(pictures)
        return np.stack([pictures.mean((1, 2, 3)), np.ones(len(pictures))], axis=1).astype(np.float32)

    crops = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 1), dtype=np.uint8)
    found = lessons(teacher, crops)
    assert all(p.shape[1:] == (224, 224, 3) and (p[..., 0] == p[..., 2]).all() for p in shown)
    np.testing.assert_allclose([found[:, 0].mean(), found[:, 0].std(), found[:, 1].max()], [0, 1, 0], atol=1e-4)


def test_a_teacher_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(VadflowError, match="no weights at"):
        load_teacher(str(tmp_path / "none"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(VadflowError, match="expected one model, found 0"):
        load_teacher(str(tmp_path / "empty"))


class _Pooled(torch.nn.Module):
    """Stands for ResNet-50: 3 channel means to 2 outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x.mean((2, 3)))


def test_resnet50_teaches_where_torchvision_can_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved, models = _Pooled(), ModuleType("torchvision.models")
    torch.save(saved.state_dict(), tmp_path / "resnet50.pth")
    models.resnet50 = lambda weights: _Pooled()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchvision", ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.models", models)
    white = np.full((1, 8, 8, 3), 255, np.uint8)
    normalised = (torch.ones(3) - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor([0.229, 0.224, 0.225])
    expected = saved.linear(normalised).detach().numpy()
    np.testing.assert_allclose(load_teacher(str(tmp_path / "resnet50.pth"))(white)[0], expected, atol=1e-5)
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    with pytest.raises(VadflowError, match="torchvision cannot be imported"):
        load_teacher(str(tmp_path / "resnet50.pth"))


@pytest.mark.real
def test_mobilenet_tells_pictures_apart(shared: Path) -> None:
    teacher = load_teacher(str(shared / "weights" / "mobilenet_v2_imagenet_int8"))
    pictures = np.stack(
        [np.zeros((224, 224, 3), np.uint8), np.tile(np.arange(224, dtype=np.uint8)[:, None, None], (1, 224, 3))]
    )
    found = teacher(pictures)
    assert found.shape == (2, 1000) and not np.array_equal(found[0], found[1])


def fit(folder: Path, clips: list[ClipView], seed: int = 1, every_s: float = 1e6, **changes: object) -> System:
    return fit_system(  # type: ignore[return-value]
        "ssmtl", params(**changes), clips, frame_shape=(64, 96, 1), seed=seed, held_out=0.25,
        folder=folder / "model", checkpoint=folder / "checkpoint", checkpoint_s=every_s, threads=1,
    )  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[System, Path]:
    folder = tmp_path_factory.mktemp("ssmtl")
    return fit(folder, [clip_of(folder, LONG, seed=i, name=f"n{i}") for i in range(4)]), folder


def test_a_fit_with_an_imagenet_teacher_is_loaded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vadflow.ssmtl import teachers

    def teacher(pictures: np.ndarray) -> np.ndarray:
        return pictures.reshape(len(pictures), -1)[:, :6].astype(np.float32)

    monkeypatch.setattr(teachers, "load_teacher", lambda path: teacher)
    clips = [clip_of(tmp_path, LONG, seed=i, name=f"n{i}") for i in range(4)]
    system = fit(tmp_path, clips, imagenet="somewhere")
    again = load_system(tmp_path / "model")
    assert again.knowledge == 6  # type: ignore[attr-defined]
    clip = clip_of(tmp_path, 12, seed=9)
    assert [s.score for s in again.score(clip)] == [s.score for s in system.score(clip)]


def test_it_conforms(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    workspace = load(request.config.rootpath / "params.yaml")
    small = workspace.model_copy(
        update={"frames": workspace.frames.model_copy(update={"height": 32, "width": 48, "colour": "gray"})}
    )
    faults = {check: fault for check, fault in run_checks(Subject("ssmtl", params(), small, tmp_path)) if fault}
    assert faults == {}


def test_odd_objects_are_scored(trained: tuple[System, Path], tmp_path: Path) -> None:
    """Frames without objects, a one-pixel box, boxes over the border; nothing seen is the least score there is."""
    system, clip = trained[0], clip_of(tmp_path, 16)
    odd = with_objects(clip, [(5, 0, 0, 3, 3), (6, 40, 30, 41, 31), (6, 88, 56, 96, 64), (7, 0, 0, 96, 64)])
    raw = score_clip(system, odd, tmp_path / "raw.parquet", tmp_path / "maps.npy", tmp_path / "regions.parquet")
    assert len(raw) == 16 and np.isfinite(raw.raw).all()
    assert (raw.raw[[3, 4, 8, 12]] == 0).all()
    assert set(read_table(tmp_path / "regions.parquet").frame) <= {5, 6, 7}
    none = score_clip(system, with_objects(clip, []), tmp_path / "raw.parquet")
    assert (none.raw == 0).all() and (none.paper == 0).all()


@pytest.mark.parametrize("length", [1, 2, 6, 7, 8])
def test_clips_shorter_than_a_tube_are_scored(trained: tuple[System, Path], tmp_path: Path, length: int) -> None:
    scores = list(trained[0].score(clip_of(tmp_path, length, seed=2)))
    assert [s.frame for s in scores] == list(target_frames(0, length, REACH))
    assert all(s.regions for s in scores)


def test_regions_name_the_task_that_objected(trained: tuple[System, Path], tmp_path: Path) -> None:
    system, clip = trained[0], clip_of(tmp_path, 20, seed=3)
    region = next(iter(system.score(clip))).regions[0]
    assert all(task in region.reason for task in system.params.tasks)
    judge = system._judge()
    from vadflow.ssmtl.regions import Explainer

    seen = judge.look(Segment(clip, 0, 20)).seen
    evidence = {task: np.zeros(len(seen)) for task in system.params.tasks}
    for task, words in (("arrow", "moves backwards"), ("irregular", "motion irregular"), ("middle", "looks unlike")):
        explain = Explainer(
            seen, evidence | {task: np.full(len(seen), 4.0)}, system.weights, np.ones(len(seen)), system.params.score
        )
        assert explain.reason(0).startswith(words)
    explain = Explainer(
        seen, evidence | {"classes": np.full(len(seen), 4.0)}, system.weights, np.ones(len(seen)), system.params.score
    )
    assert "as a person does" in explain.reason(0)


def test_one_thing_with_two_boxes_is_one_region(trained: tuple[System, Path], tmp_path: Path) -> None:
    """Boxes 0 and 1 overlap by more than half, 2 stands apart: the stronger of the pair and the third are written."""
    from vadflow.ssmtl.regions import Explainer

    boxes = [(5, 10, 10, 30, 50), (5, 12, 10, 32, 50), (5, 60, 10, 80, 50)]
    seen = observe(with_objects(clip_of(tmp_path, 12), boxes), 1)
    evidence = {"arrow": np.ones(3)}
    score = trained[0].params.score
    explain = Explainer(seen, evidence, {"arrow": 1.0}, np.array([1.0, 2.0, 0.5]), score)
    assert explain.strangest(np.arange(3)) == [1, 2]
    both = Explainer(seen, evidence, {"arrow": 1.0}, explain.surprise, score.model_copy(update={"region_overlap": 1.0}))
    assert both.strangest(np.arange(3)) == [1, 0, 2]


def test_a_box_that_flickers_up_is_hardly_evidence(trained: tuple[System, Path], tmp_path: Path) -> None:
    """One box lasts, one is seen in a single frame; where the video ends, nobody could have been seen, and nothing is lost."""
    lasting, flicker = [(t, 10, 10, 30, 50) for t in range(20)], [(10, 60, 10, 80, 50)]
    clip = with_objects(clip_of(tmp_path, 20), sorted(lasting + flicker))
    judge = trained[0]._judge()
    judged = judge.look(Segment(clip, 0, 20))
    present, single = judge.presence(judged), judged.seen.box[:, 0] == 60
    np.testing.assert_allclose(present[~single], 1)
    kernel = np.exp(-0.5 * np.arange(-2, 3) ** 2)  # width 1, two widths to each side
    np.testing.assert_allclose(present[single], 1 / kernel.sum())
    scale = trained[0].scale
    assert scale is not None
    plain, found = scale.evidence(judge.smoothed(judged)), judge.evidence(judged, scale)
    for task in trained[0].params.tasks:
        np.testing.assert_allclose(found[task], plain[task] * present)
    assert judged.row.tolist() == list(range(3, 18))  # 3 to 16 and the flicker


def test_a_changed_tube_is_present_as_its_object_is(trained: tuple[System, Path], tmp_path: Path) -> None:
    boxes = sorted([(t, 10, 10, 30, 50) for t in range(LONG)] + [(STORED_REACH + 1, 60, 10, 80, 50)])
    clip = with_objects(clip_of(tmp_path, LONG), boxes)
    judge, segment = trained[0]._judge(), Segment(clip, 0, LONG)
    aside = store_tubes([segment], SHAPE, channels=1, classes=1, total=99, generator=np.random.default_rng(0))
    present = judge._presence_of(aside, [judge.look(segment)])
    assert [boxes[row][0] for row in aside.row] == aside.frame.tolist()
    single = np.array([boxes[row][1] == 60 for row in aside.row])
    assert single.sum() == 1 and present[single] < 0.5 and (present[~single] == 1).all()


def test_held_out_clips_are_judged_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The held-out scores that follow a fit take what calibration saw; a loaded system looks for itself, and finds the same."""
    looked, original = [], Judge.look

    def look(self: Judge, segment: Segment) -> object:
        looked.append(segment.clip.name)
        return original(self, segment)

    monkeypatch.setattr(Judge, "look", look)
    clips = [clip_of(tmp_path, LONG, seed=i, name=f"n{i}") for i in range(4)]
    fit(tmp_path, clips)
    assert len(looked) == len(set(looked)) > 0
    heldout = read_table(tmp_path / "model" / "heldout.parquet")
    clip = next(c for c in clips if c.name == looked[0])
    raw = score_clip(load_system(tmp_path / "model"), clip, tmp_path / "raw.parquet")
    np.testing.assert_array_equal(raw.raw, heldout[heldout["clip"] == clip.name].raw)


def test_every_second_frame_can_be_left_to_its_neighbour(trained: tuple[System, Path], tmp_path: Path) -> None:
    system, folder = trained
    sparse = load_system(folder / "model")
    sparse.params = system.params.model_copy(update={"score": system.params.score.model_copy(update={"every": 2})})
    clip = clip_of(tmp_path, 20)
    assert [s.frame for s in sparse.score(clip)] == list(range(3, 17, 2))


def test_resume_after_a_kill_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(Exception):  # noqa: N818
        pass

    clips = [clip_of(tmp_path, LONG, seed=i, name=f"n{i}") for i in range(4)]
    files = ("weights.safetensors", "history.parquet", "heldout.parquet")
    fit(tmp_path / "whole", clips, every_s=0)
    original, calls = Student.losses, []

    def dies(self: Student, batch: Batch, answers: dict) -> dict:
        calls.append(1)
        if len(calls) == 5:
            raise Killed
        return original(self, batch, answers)

    monkeypatch.setattr(Student, "losses", dies)
    with pytest.raises(Killed):
        fit(tmp_path / "cut", clips, every_s=0)
    monkeypatch.setattr(Student, "losses", original)
    judged = Judge.trial

    def dies_late(self: Judge, *arguments: object) -> None:
        raise Killed

    monkeypatch.setattr(Judge, "trial", dies_late)
    with pytest.raises(Killed):
        fit(tmp_path / "cut", clips, every_s=0)
    monkeypatch.setattr(Judge, "trial", judged)
    fit(tmp_path / "cut", clips, every_s=0)
    for file in files:
        assert (tmp_path / "cut/model" / file).read_bytes() == (tmp_path / "whole/model" / file).read_bytes(), file
