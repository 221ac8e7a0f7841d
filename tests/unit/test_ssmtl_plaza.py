"""On the built-in scene every head of `ssmtl` learns its task, and a clip played backwards is told from the clip itself."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from systems_data import PARAMS

from vadflow.clip import ClipView, Segment
from vadflow.frames.decode import Decoder
from vadflow.io import read_table, write_table
from vadflow.objects import schema
from vadflow.plaza.actors import CLASSES
from vadflow.plaza.story import Plan
from vadflow.plaza.write import read_truth, write_clip
from vadflow.ssmtl.judged import Judged
from vadflow.ssmtl.stored import store_tubes
from vadflow.ssmtl.training import FORWARD
from vadflow.systems.ssmtl import Params, System
from vadflow.training.fit import fit_system

FRAMES = 100
LEARN = {
    "tubes": PARAMS["ssmtl"]["tubes"] | {"stored": 1200, "held_out": 300, "still": 0.01},
    "network": {"students": 1, "trunk": "2d", "depth": "shallow", "width": 16, "streams": "two"},
    "train": PARAMS["ssmtl"]["train"] | {"steps": 300, "batch": 64, "average": 0.98},
    "score": PARAMS["ssmtl"]["score"] | {"batch": 128},
}


def objects(boxes: np.ndarray) -> pd.DataFrame:
    """What a perfect detector would find: (N, 7) frame, actor, class, x1, y1, x2, y2."""
    table = pd.DataFrame(boxes[:, [0, 2, 3, 4, 5, 6]], columns=["frame", "class_id", "x1", "y1", "x2", "y2"])
    table = table.assign(confidence=0.9, class_name=[CLASSES[kind] for kind in table.class_id])
    table["probabilities"] = [0.9 * np.eye(len(CLASSES), dtype=np.float32)[kind] for kind in table.class_id]
    return schema.conform(table.assign(speed=1.0, dx=0.0, dy=0.0, energy=0.1))


def draw_clip(folder: Path, index: int) -> ClipView:
    video, truth = folder / f"{index}.avi", folder / f"{index}.npz"
    write_clip(Plan("far", 5, "train", index, (FRAMES, FRAMES), 25.0), video, truth)
    found = read_truth(truth)
    write_table(folder / f"{index}.parquet", objects(found["boxes"]))
    np.save(folder / f"{index}.npy", np.zeros((FRAMES, 1, 1), np.float16))
    height, width = found["shape"].tolist()
    return ClipView(
        f"{index}", 25.0, (height, width), source=video,
        differences_path=folder / f"{index}.npy", objects_path=folder / f"{index}.parquet",
    )  # fmt: skip


def backwards(clip: ClipView, folder: Path) -> ClipView:
    """The clip played backwards: its frames in reverse, its objects with them."""
    pictures = list(Decoder(clip.source, fps=clip.fps))  # type: ignore[arg-type]
    (folder / "back").mkdir()
    for t, picture in enumerate(reversed(pictures)):
        cv2.imwrite(str(folder / "back" / f"{t:04d}.png"), picture[..., ::-1])
    table = clip.objects.assign(frame=FRAMES - 1 - clip.objects.frame)
    write_table(folder / "back.parquet", schema.conform(table))
    return ClipView(
        "back", 25.0, clip.size, source=folder / "back",
        differences_path=clip.differences_path, objects_path=folder / "back.parquet",
    )  # fmt: skip


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[ClipView]:
    folder = tmp_path_factory.mktemp("plaza")
    return [draw_clip(folder, index) for index in range(5)]


@pytest.fixture(scope="module")
def learned(
    clips: list[ClipView], tmp_path_factory: pytest.TempPathFactory
) -> tuple[System, pd.DataFrame, list[ClipView]]:
    return *learn(clips, tmp_path_factory.mktemp("learned")), clips


def learn(clips: list[ClipView], folder: Path, **changes: object) -> tuple[System, pd.DataFrame]:
    """A system fitted to all clips but the last, and how it went."""
    system = fit_system(
        "ssmtl", Params.model_validate(PARAMS["ssmtl"] | LEARN | changes), clips[:4], frame_shape=(120, 160, 1), seed=0,
        held_out=0.25, folder=folder / "model", checkpoint=folder / "checkpoint", checkpoint_s=1e6, threads=1,
    )  # fmt: skip
    return system, read_table(folder / "model/history.parquet")  # type: ignore[return-value]


def curve(history: pd.DataFrame, term: str) -> np.ndarray:
    return history[(history.phase == "train") & (history.term == f"held_out_{term}")].value.to_numpy()


@pytest.mark.slow
def test_every_head_learns(learned: tuple) -> None:
    """On held-out normal clips: motion tasks above chance (0.5), the two others far below where they began."""
    _, history, _ = learned
    last = {term: curve(history, term)[-1] for term in ("irregular_accuracy", "arrow_accuracy")}
    gain = {term: curve(history, term)[-1] / curve(history, term)[0] for term in ("middle", "classes")}
    assert last["irregular_accuracy"] > 0.75 and last["arrow_accuracy"] > 0.6, last
    assert gain["middle"] < 0.5 and gain["classes"] < 0.6, gain


@pytest.mark.slow
def test_a_clip_played_backwards_moves_backwards(learned: tuple, tmp_path: Path) -> None:
    """On a clip that neither the fit nor the calibration has seen."""
    system, _, clips = learned
    fresh = clips[4]

    def arrow(clip: ClipView) -> float:
        judged: Judged = system._judge().look(Segment(clip, 0, FRAMES))
        return float(np.nanmean(judged.values["arrow"]))

    assert arrow(backwards(fresh, tmp_path)) > arrow(fresh) + 0.1


@pytest.mark.slow
@pytest.mark.real
def test_what_mobilenet_sees_is_learned(clips: list[ClipView], tmp_path: Path, shared: Path) -> None:
    """On held-out normal clips; and most upside down people are further from what was learned than the same upright."""
    teacher = str(shared / "weights" / "mobilenet_v2_imagenet_int8")
    system, history = learn(clips, tmp_path, tasks=["knowledge"], imagenet=teacher)
    told = curve(history, "knowledge")
    assert told[-1] < 0.7 * told[0], told
    judge, fresh = system._judge(), clips[4]
    tubes = store_tubes([Segment(fresh, 0, FRAMES)], system.shape, channels=1, classes=system.classes, total=200,
                        generator=np.random.default_rng(0))  # fmt: skip
    asked = np.ones(len(tubes), bool)
    upright, fallen = (
        judge._ask(shown, tubes.classes, asked)["knowledge"]
        for shown in (tubes.pixels[:, FORWARD], tubes.pixels[:, FORWARD, :, ::-1])
    )
    assert (fallen > upright).mean() > 0.65
