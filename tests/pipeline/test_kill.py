"""kill -9 of everything at once, in the middle of a stage; the same command again ends with the table of an undisturbed run."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import workspaces

from vadflow import layout
from vadflow.layout import Layout

pytestmark = pytest.mark.slow
PLAZA = Layout("plaza")
# stage -> (what to look for while it runs, the command's target)
STAGES = {
    "frames": ("logs/frames/plaza_train_000.log", PLAZA.clip("frames", "train", "01")),
    "train": ("logs/train/plaza_std_0.log", PLAZA.model("weights.safetensors", "std", 0)),
    "score": ("logs/score/plaza_test_000_std_0.log", PLAZA.scored("raw", "02", "std", 0)),
}


def with_std(params: dict[str, Any]) -> None:
    """A tiny network that checkpoints all the time, beside one floor."""
    params["systems"]["names"] = ["constant", "std"]
    params["training"]["checkpoint_s"] = 0.1


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A workspace run to its table without any disturbance, and the table."""
    folder = workspaces.write(tmp_path_factory.mktemp("undisturbed") / "workspace", with_std)
    workspaces.finish(folder, layout.AUC_TABLE)
    return folder, (folder / layout.AUC_TABLE).read_bytes()


def kill_when(seen: Path, workspace: Path) -> None:
    """Start the workflow in a process group of its own and kill the group as soon as `seen` is there."""
    running = subprocess.Popen(
        workspaces.command(workspace, layout.AUC_TABLE),
        env=workspaces.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 600
    while not seen.exists() and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.2)  # the log is opened when the job begins: let it come to its work
    assert running.poll() is None, "the workflow ended before it could be killed"
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()


def test_killed_in_every_stage_in_turn(undisturbed: tuple[Path, bytes], tmp_path: Path) -> None:
    """One workspace that is killed in frames, again in training, again in scoring, and then left alone."""
    place = workspaces.write(tmp_path / "workspace", with_std)
    for log, product in STAGES.values():
        kill_when(place / log, place)
        assert not (place / product).exists() or product.endswith("01.npy")
    workspaces.finish(place, layout.AUC_TABLE)
    assert (place / layout.AUC_TABLE).read_bytes() == undisturbed[1]
    assert not list(place.glob(f"{PLAZA.root}/checkpoints/*/*"))
