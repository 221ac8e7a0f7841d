"""The smallest workspace that runs the whole way to the table: 2 training clips, 2 test clips, floors and one baseline."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).parents[2]
TABLE = "results/auc_table.csv"
FRAMES = 26
"""Of every clip."""


def tiny_params(repository: Path = REPOSITORY, **changes: Any) -> dict[str, Any]:
    """`params.yaml` of the repository, cut down; `changes` replace whole sections."""
    params = yaml.safe_load((repository / "params.yaml").read_text())
    plaza = params["datasets"]["plaza"]
    plaza |= {"train_clips": 2, "test_clips": 2, "normal_test_clips": 1, "min_frames": FRAMES, "max_frames": FRAMES}
    params["frames"] |= {"height": 48, "width": 64}
    params["differences"] |= {"flow_max_side": 80, "flow_preset": "ultrafast"}
    params["metrics"] |= {"bootstrap": 50}
    params["systems"]["names"] = ["constant", "frame_index", "frame_difference"]
    params["fusion"] = {"systems": ["frame_index", "frame_difference"]}
    return {**params, "datasets": {"plaza": plaza}} | changes


def workspace(folder: Path, params: dict[str, Any] | None = None) -> Path:
    """A folder with a params.yaml."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "params.yaml").write_text(yaml.safe_dump(params or tiny_params(), sort_keys=False))
    return folder


def snakemake(
    folder: Path, *targets: str, repository: Path = REPOSITORY, cores: int = 2
) -> subprocess.CompletedProcess[str]:
    """Run the workflow of `repository` in a workspace."""
    command = [sys.executable, "-m", "snakemake", "-s", str(repository / "Snakefile"), "-d", str(folder)]
    environment = os.environ | {"PYTHONPATH": str(repository / "src"), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*command, "--cores", str(cores), *targets], env=environment, capture_output=True, text=True, check=False
    )


def make(folder: Path, *targets: str, repository: Path = REPOSITORY, cores: int = 2) -> Path:
    """The same, and it must end well."""
    done = snakemake(folder, *targets, repository=repository, cores=cores)
    assert done.returncode == 0, done.stderr[-4000:]
    return folder


def project(folder: Path) -> Path:
    """A copy of the repository as it stands, committed in a git repository of its own."""
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    listed = subprocess.run(
        ["git", "-C", str(REPOSITORY), "ls-files", "-co", "--exclude-standard", "-z"], capture_output=True, check=True
    ).stdout
    for name in listed.decode().rstrip("\0").split("\0"):
        if (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, folder / name)
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "as it stands"]):
        subprocess.run([*git, "-C", str(folder), *command], check=True)
    return folder
