"""Whatever a user gets wrong ends in one clear line, a non-zero exit, and no half-written file."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import workspaces

import drawing
from vadflow import layout
from vadflow.layout import Layout

CAMERA = Layout("camera")


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """Two normal clips, one to watch, and its labels."""
    folder = tmp_path / "videos"
    for path, frames in (("normal/a.avi", 20), ("normal/b.avi", 20), ("watch/c.avi", 20)):
        drawing.video(folder / path, frames)
    (folder / "labels").mkdir()
    np.savetxt(folder / "labels" / "c.csv", np.arange(20) > 9, fmt="%d")
    return folder


def camera(videos: Path) -> dict[str, Any]:
    """The dataset's section."""
    paths = {"path_train": str(videos / "normal"), "path_test": str(videos / "watch"), "labels": str(videos / "labels")}
    return {"adapter": "folder", "fps": 25, **paths}


def workspace(videos: Path, edit: workspaces.Edit | None = None) -> Path:
    """A workspace of the folder, then edited."""

    def change(params: dict[str, Any]) -> None:
        params["datasets"] = {"camera": camera(videos)}
        if edit:
            edit(params)

    return workspaces.write(videos.parent / "workspace", change)


def refused(place: Path, target: str, *said: str, **options: Any) -> None:
    """The run fails with one line that says all this, and leaves neither `target` nor temporary files."""
    done = workspaces.run(place, target, **options)
    told = workspaces.complaints(done)
    assert done.returncode != 0
    assert len(told) == 1, (told, (done.stdout + done.stderr)[-4000:])
    assert [words for words in said if words not in told[0]] == [], told[0]
    left = [path for path in (place / "results").rglob("*") if ".tmp" in path.name]
    assert not (place / target).exists() and left == []


BEFORE_ANY_JOB: dict[str, tuple[Callable[[dict[str, Any]], Any], tuple[str, ...]]] = {
    "missing dataset folder": (
        lambda p: p["datasets"]["camera"].update(path_train="/nowhere/normal"),
        ("/nowhere/normal",),
    ),
    "unknown key": (lambda p: p["scoring"].update(sigma=3), ("scoring.sigma", "unknown key")),
    "unknown key of a system": (
        lambda p: p["systems"]["std"]["train"].update(epochs=3),
        ("systems.std.train.epochs", "unknown key"),
    ),
    "unknown key of a dataset": (
        lambda p: p["datasets"]["camera"].update(path="x"),
        ("datasets.camera.path", "unknown key"),
    ),
    "value out of range": (
        lambda p: p["frames"].update(height=2000),
        ("frames.height", "less than or equal to 1080", "2000"),
    ),
    "dataset name that leaves results": (
        lambda p: p["datasets"].update({"../x": p["datasets"].pop("camera")}),
        ("../x", "datasets"),
    ),
    "no such system": (lambda p: p["systems"]["names"].append("stdd"), ("stdd", "systems")),
}


@pytest.mark.parametrize("fault", BEFORE_ANY_JOB)
def test_what_is_seen_before_any_job(videos: Path, fault: str) -> None:
    edit, said = BEFORE_ANY_JOB[fault]
    place = workspace(videos, edit)
    refused(place, layout.AUC_TABLE, *said)
    assert not (place / "results").exists()


def test_an_empty_clip(videos: Path) -> None:
    (videos / "normal" / "a.avi").write_bytes(b"")
    refused(workspace(videos), CAMERA.clip("frames", "train", "a"), "train/a", "normal/a.avi")


def test_a_truncated_video(videos: Path) -> None:
    drawing.cut(videos / "normal" / "b.avi", 0.6)
    place = workspace(videos)
    refused(place, CAMERA.clip("frames", "train", "b"), "train/b", "normal/b.avi")
    assert not list((place / "results").rglob("*.npy"))


def test_two_labels_too_few(videos: Path) -> None:
    np.savetxt(videos / "labels" / "c.csv", np.arange(18) > 9, fmt="%d")
    refused(workspace(videos), CAMERA.truth("frames"), "18 labels for 20 frames", "test/c", "c.csv")


def test_no_weights_and_no_network(videos: Path) -> None:
    yolo = {"detector": "yolo", "yolo": workspaces.root_params()["objects"]["yolo"] | {"weights": "yolo26n.pt"}}
    place = workspace(videos, lambda params: params.update(objects=yolo))
    refused(place, layout.WEIGHTS, "yolo26n.pt", "Connect to the network, or copy")


def test_weights_that_are_not_there(videos: Path) -> None:
    yolo = {"detector": "yolo", "yolo": workspaces.root_params()["objects"]["yolo"] | {"weights": "/nowhere/a.pt"}}
    place = workspace(videos, lambda params: params.update(objects=yolo))
    refused(place, layout.WEIGHTS, "/nowhere/a.pt", "objects.yolo.weights")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 300 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k,mode=700", "vadflow-test", str(folder)]
    if os.name != "posix" or os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a full disk needs a small tmpfs, and mounting one is not permitted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=False)


def test_a_full_disk(videos: Path, small_disk: Path) -> None:
    """Snakemake's own notes fit; the packed frames of 20 x 240 x 320 px do not."""
    place = workspace(videos, lambda params: params["frames"].update(height=240, width=320))
    (small_disk / "params.yaml").write_bytes((place / "params.yaml").read_bytes())
    refused(small_disk, CAMERA.clip("frames", "train", "a"), "no space left on the device", "Free some space")


def test_a_file_size_limit(videos: Path) -> None:
    """The same through the shell's limit on file sizes, where no file system can be mounted."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))

    place = workspace(videos, lambda params: params["frames"].update(height=240, width=320))
    refused(place, CAMERA.clip("frames", "train", "a"), "larger than is allowed", preexec_fn=limit)
