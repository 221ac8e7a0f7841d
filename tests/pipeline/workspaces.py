"""Tiny workspaces and how the workflow is run in them: as its users do, by the command `snakemake`, in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).parents[2]
MOTION = {
    "history_frames": 50,
    "variance": 16,
    "difference": 0.08,
    "min_area_px": 30,
    "join_px": 3,
    "max_objects": 50,
}
SYSTEMS = ["constant", "clip_centre", "frame_difference"]
Edit = Callable[[dict[str, Any]], None]


def root_params() -> dict[str, Any]:
    """The root `params.yaml` as it is."""
    return dict(yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8")))


def params(edit: Edit | None = None) -> dict[str, Any]:
    """The root `params.yaml`, made tiny: 3 clips to learn from, 2 to score, one of them normal; no network in any job."""
    found = root_params()
    found["datasets"]["plaza"] |= {"train_clips": 3, "test_clips": 2, "normal_test_clips": 1}
    found["datasets"]["plaza"] |= {"min_frames": 20, "max_frames": 24}
    found["frames"] |= {"height": 48, "width": 64}
    found["objects"] = {"detector": "motion", "motion": dict(MOTION)}
    found["systems"]["names"] = list(SYSTEMS)
    found["fusion"] = {"systems": ["clip_centre", "frame_difference"]}
    found["systems"]["std"]["network"] |= {"width": 8, "centres": 4}
    found["systems"]["std"]["train"] |= {"pretrain_steps": 8, "joint_steps": 8, "batch": 2, "crop": 32}
    found["metrics"]["bootstrap"] = 20
    found["report"] |= {"thumbnails": 2, "worst_clips": 1}
    if edit:
        edit(found)
    return found


def write(folder: Path, edit: Edit | None = None) -> Path:
    """A workspace of these parameters."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "params.yaml").write_text(yaml.safe_dump(params(edit), sort_keys=False), encoding="utf-8")
    return folder


def environment(repository: Path = REPOSITORY) -> dict[str, str]:
    """Tools from this interpreter's folder, the package from `repository`, nothing that calls home."""
    own = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(repository / "src"),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "YOLO_OFFLINE": "true",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    return os.environ | own


def command(workspace: Path, *arguments: str, cores: int = 2, repository: Path = REPOSITORY) -> list[str]:
    """The command line of one run."""
    place = ["--snakefile", str(repository / "Snakefile"), "--directory", str(workspace)]
    return ["snakemake", *place, "--cores", str(cores), *arguments]


def run(
    workspace: Path, *arguments: str, cores: int = 2, repository: Path = REPOSITORY, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run the workflow to its end, whatever that is."""
    return subprocess.run(
        command(workspace, *arguments, cores=cores, repository=repository),
        env=environment(repository),
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
        **options,
    )


def finish(workspace: Path, *arguments: str, **options: Any) -> str:
    """Run the workflow; it must succeed.

    Returns:
        what it wrote to the terminal.
    """
    done = run(workspace, *arguments, **options)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return done.stdout + done.stderr


def planned(workspace: Path, *arguments: str, repository: Path = REPOSITORY) -> dict[str, int]:
    """The jobs a dry run lists, by rule, `all` left out."""
    text = finish(workspace, "--dry-run", *arguments, repository=repository)
    if "Nothing to be done" in text:
        return {}
    rows = re.findall(r"^(\w+) +(\d+)$", text[text.index("Job stats") :], flags=re.MULTILINE)
    return {rule: int(count) for rule, count in rows if rule not in ("all", "total")}


def complaints(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The lines a user is meant to read."""
    assert "Traceback" not in done.stdout + done.stderr, (done.stdout + done.stderr)[-6000:]
    return [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("vadflow: ")]
