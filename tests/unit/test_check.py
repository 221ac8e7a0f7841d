"""`vadflow check`: what a user sees of a sound and of a broken dataset."""

from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace

import pytest

import drawing
from vadflow import check, cli
from vadflow.datasets import folder, ucsd
from vadflow.params import FramesParams, Section
from vadflow.types import ClipSource

FRAMES = FramesParams.model_construct(
    height=24, width=32, colour="gray", on_damage="stop", max_frames=1000, max_side=1000, max_seconds=1000
)


def ped2(path: Path, *, official: bool = False) -> dict[str, Section]:
    return {"ped2": ucsd.Params(adapter="ucsd", path=str(path), fps=10, official=official)}


def test_a_sound_dataset(tmp_path: Path) -> None:
    lines = check.check(ped2(drawing.ucsd_community(tmp_path)), FRAMES)
    assert [line.clip for line in lines] == ["train/01", "train/02", "test/01", "train", "test"]
    assert not check.in_trouble(lines)
    assert check.table(lines).endswith("all is well\n")
    assert "ped2     test/01   6 frames  6 frames" in check.table(lines)


def test_an_incomplete_benchmark(tmp_path: Path) -> None:
    lines = check.check(ped2(drawing.ucsd_community(tmp_path), official=True), FRAMES)
    text = check.table(lines)
    assert check.in_trouble(lines)
    assert "expected 16 clips and 2550 frames, found 2 and 12" in text
    assert "expected the official 120 frames, found 6" in text
    assert "official: false" in text and text.endswith("5 to fix\n")


def test_labels_and_damage_are_told_together(tmp_path: Path) -> None:
    base = drawing.ucsd_community(tmp_path)
    (base / "testing" / "masks" / "01" / "005.png").unlink()
    (base / "training" / "frames" / "02" / "003.jpg").unlink()
    text = check.table(check.check(ped2(base), FRAMES))
    assert "5 masks for 6 frames" in text and "004.jpg follows 002.jpg: 1 missing" in text and "2 to fix" in text


def test_a_dataset_that_cannot_be_listed_is_one_line(tmp_path: Path) -> None:
    lines = check.check(ped2(tmp_path / "none"), FRAMES)
    assert [line.status for line in lines] == ["trouble"] and "no such folder" in lines[0].trouble


def test_no_labels_is_no_trouble(tmp_path: Path) -> None:
    for name in ("normal", "watch"):
        drawing.video(tmp_path / name / "a.avi", 3)
    params = folder.Params(
        adapter="folder", path_train=str(tmp_path / "normal"), path_test=str(tmp_path / "watch"), labels=None, fps=25
    )
    lines = check.check({"own": params}, FRAMES)
    assert not check.in_trouble(lines) and "no labels" in [line.expected for line in lines]


def test_the_command_explains_a_missing_workspace(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        assert cli.main(["check", "--workspace", str(tmp_path / "none")]) == 1
        assert cli.main(["check", "--workspace", str(tmp_path)]) == 1
    assert "no such folder" in caplog.text and "params.yaml" in caplog.text


@pytest.mark.parametrize(("broken", "status"), [(False, 0), (True, 1)])
def test_the_command_reads_paths_from_the_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], broken: bool, status: int
) -> None:
    base = drawing.ucsd_community(tmp_path / "data")
    if broken:
        (base / "testing" / "masks" / "01" / "000.png").unlink()
    chosen = SimpleNamespace(datasets=ped2(Path("data")), frames=FRAMES)
    monkeypatch.setattr("vadflow.params.load", lambda: chosen)
    before = Path.cwd()
    assert cli.main(["check", "--workspace", str(tmp_path)]) == status
    assert ("1 to fix" if broken else "all is well") in capsys.readouterr().out
    assert Path.cwd() == before


def test_rendered_video_may_come_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = SimpleNamespace(
        render=None,
        OFFICIAL={},
        benchmark=lambda _: None,
        clips=lambda *_: [ClipSource("test", "a", tmp_path / "a.avi")],
    )
    monkeypatch.setattr("vadflow.plugins.load", lambda *_: adapter)
    lines = check.check_dataset("plaza", SimpleNamespace(adapter="plaza"), FRAMES)
    assert lines[0].status == "later" and not check.in_trouble(lines)


def test_a_subcommand_is_needed() -> None:
    with pytest.raises(SystemExit):
        cli.main([])


@pytest.mark.real
def test_real_ped2_is_complete(shared: Path) -> None:
    lines = check.check(ped2(shared / "data" / "ped2", official=True), FRAMES)
    assert not check.in_trouble(lines), check.table(lines)
    assert [line.found for line in lines[-2:]] == ["16 clips, 2550 frames", "12 clips, 2010 frames"]
