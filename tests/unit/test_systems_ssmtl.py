"""`ssmtl` as a system: fits, scores, regions, resumed fits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ssmtl_data import LONG, SHAPE, clip_of, fit, params, residual_model, with_objects

from vadflow.clip import ClipView, Segment
from vadflow.conformance.checks import Subject, run_checks
from vadflow.io import read_table
from vadflow.objects.tubes import REACH, STORED_REACH, target_frames
from vadflow.params import load
from vadflow.scoring.score import score_clip
from vadflow.ssmtl.batch import Batch
from vadflow.ssmtl.judge import Judge
from vadflow.ssmtl.judged import Judged, linked
from vadflow.ssmtl.model import Student
from vadflow.ssmtl.regions import Explainer
from vadflow.ssmtl.stored import observe, store_tubes
from vadflow.systems.ssmtl import System
from vadflow.training.store import load_system


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[System, Path]:
    folder = tmp_path_factory.mktemp("ssmtl")
    return fit(folder, [clip_of(folder, LONG, seed=i, name=f"n{i}") for i in range(4)]), folder


def test_a_fit_with_an_imagenet_teacher_judges_by_it_and_is_loaded_again(tmp_path: Path) -> None:
    clips = [clip_of(tmp_path, LONG, seed=i, name=f"n{i}") for i in range(4)]
    teacher = residual_model(tmp_path / "tiny.xml")
    system = fit(tmp_path, clips, imagenet=str(teacher), tasks=["arrow", "irregular", "middle", "classes", "knowledge"])
    again = load_system(tmp_path / "model")
    clip = clip_of(tmp_path, 12, seed=9)
    assert [s.score for s in again.score(clip)] == [s.score for s in system.score(clip)]
    told = system._judge().look(Segment(clip, 0, len(clip))).values["knowledge"]  # type: ignore[attr-defined]
    assert np.nanmin(told) > 0 and np.isnan(told).any()
    history = read_table(tmp_path / "model" / "history.parquet")
    assert {"knowledge", "held_out_knowledge", "weight_knowledge"} <= set(history.term)


def test_the_teacher_is_asked_in_every_second_judged_frame(trained: tuple[System, Path], tmp_path: Path) -> None:
    system, _ = trained
    clip, shown = clip_of(tmp_path, 14, seed=5), []

    class Lessons:
        def of(self, crops: np.ndarray) -> np.ndarray:
            shown.append(len(crops))
            return np.zeros((len(crops), 2, 4, 4), np.float16)

    class Listening:
        tasks, channels = system.panel.tasks, 1

        def values(self, tubes: np.ndarray, classes: np.ndarray, knowledge: np.ndarray) -> dict[str, np.ndarray]:
            told = np.isfinite(knowledge).all((1, 2, 3)).astype(np.float32)
            return {"told": told, "moving": np.ones(len(tubes), np.float32)}

    judge = Judge(Listening(), system.shape, system.classes, system.params.score, Lessons())  # type: ignore[arg-type]
    judged = judge.look(Segment(clip, 0, len(clip)))
    assert np.array_equal(judged.values["told"], (judged.seen.frame - REACH) % 2 == 0)
    assert sum(shown) == judged.values["told"].sum() > 0


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
    judged = judge.look(Segment(clip, 0, 20))
    nothing, size = {task: np.zeros(len(judged.seen)) for task in system.params.tasks}, len(judged.seen)

    def words(task: str) -> str:
        loud = nothing | {task: np.full(size, 4.0)}
        return Explainer(judged, loud, system.weights, np.ones(size), system.params.score).reason(0)

    for task, said in (("arrow", "moves backwards"), ("irregular", "motion irregular"), ("middle", "looks unlike")):
        assert words(task).startswith(said)
    assert "as a person does" in words("classes")


def explained(
    trained: System, clip: ClipView, detected: np.ndarray, surprise: list[float], **changes: float
) -> Explainer:
    """Of a clip's objects as they are, those that are not `detected` taken for windows."""
    seen, params = observe(clip, 1), trained.params.score.model_copy(update=changes)
    row = np.where(detected, np.arange(len(seen)), -1)
    judged = Judged(seen, row, linked(seen, detected, params), np.unique(seen.frame), {})
    return Explainer(judged, {"arrow": np.ones(len(seen))}, {"arrow": 1.0}, np.array(surprise), params)


def test_one_thing_with_two_boxes_is_one_region(trained: tuple[System, Path], tmp_path: Path) -> None:
    """Boxes 0 and 1 overlap by more than half, 2 stands apart: the stronger of the pair and the third are written."""
    clip = with_objects(clip_of(tmp_path, 12), [(5, 10, 10, 30, 50), (5, 12, 10, 32, 50), (5, 60, 10, 80, 50)])
    boxes, surprise = np.ones(3, bool), [1.0, 2.0, 0.5]
    assert explained(trained[0], clip, boxes, surprise).strangest(np.arange(3)) == [1, 2]
    assert explained(trained[0], clip, boxes, surprise, region_overlap=1.0).strangest(np.arange(3)) == [1, 0, 2]


def test_a_box_and_a_window_that_agree_are_stronger_as_regions(trained: tuple[System, Path], tmp_path: Path) -> None:
    """Box 0 and window 1 overlap by a third, box 2 lies on box 0: two boxes of one kind do not agree, and nor do strangers far away."""
    boxes = [(5, 0, 0, 20, 20), (5, 10, 0, 30, 20), (5, 0, 0, 20, 20), (5, 60, 0, 80, 20)]
    clip, detected = with_objects(clip_of(tmp_path, 12), boxes), np.array([True, False, True, True])
    found = explained(trained[0], clip, detected, [3.0, 6.0, 1.5, 9.0], smooth_frames=0).strength
    np.testing.assert_allclose(found, [3 + 6 / 3, 6 + 3 / 3, 1.5 + 6 / 3, 9.0])


def test_who_says_nothing_is_explained_by_the_one_beside_it(trained: tuple[System, Path], tmp_path: Path) -> None:
    """Window 1 on box 0, box 2 alone, and the same box 2 a frame later: only box 0 and the later one are objected to."""
    boxes = [(5, 0, 0, 20, 20), (5, 10, 0, 30, 20), (5, 60, 0, 80, 20), (6, 60, 0, 80, 20)]
    clip, detected = with_objects(clip_of(tmp_path, 12), boxes), np.array([True, False, True, True])
    explain = explained(trained[0], clip, detected, [3.0, 0.0, 0.0, 2.0])
    explain = replace(explain, evidence={"arrow": np.array([3.0, 0.0, 0.0, 2.0])})
    said = [explain.reason(row) for row in range(4)]
    assert said[1] == "moves backwards, where the flow is fastest (arrow 3.0)"
    assert said[2] == said[3] == "moves backwards (arrow 2.0)"


def test_region_scores_are_evened_out_along_tracklets(trained: tuple[System, Path], tmp_path: Path) -> None:
    """A moment's doubt about one object is spread over it and touches no other."""
    lasting = [(t, *box) for t in range(9) for box in ((10, 10, 30, 50), (60, 10, 80, 50))]
    clip, surprise = with_objects(clip_of(tmp_path, 12), lasting), np.zeros(18)
    surprise[8] = 1.0  # the first object in frame 4
    found = explained(trained[0], clip, np.ones(18, bool), surprise.tolist(), smooth_frames=1).strength
    kernel = np.exp(-0.5 * np.arange(-2, 3) ** 2)
    np.testing.assert_allclose(found[4:14:2], kernel / kernel.sum(), rtol=1e-5)
    assert not found[1::2].any()


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
    scales = trained[0].scales
    plain, found = scales[0].evidence(judge.smoothed(judged)), judge.evidence(judged, scales)
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
