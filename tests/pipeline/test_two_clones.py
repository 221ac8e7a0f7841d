"""Two fresh clones, in folders of other names and depths and with other numbers of cores, make the same bytes.

The root `params.yaml`, shortened: few and short clips, few training steps, a small bootstrap. Every system, size, detector and protocol in
it is the real one. The full comparison is two `make results`; `vadflow verify a/results b/results` then says the same in words.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import tiny
import yaml

from vadflow.layout import AUC_TABLE, AUC_TWIN, AUDIT
from vadflow.verify.stages import STAGES

pytestmark = pytest.mark.slow


def shortened(repository: Path) -> None:
    """Cut the clone's own params.yaml down."""
    path = repository / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["datasets"]["plaza"] |= {"train_clips": 4, "test_clips": 3, "normal_test_clips": 1}
    params["datasets"]["plaza"] |= {"min_frames": 30, "max_frames": 34}
    params["systems"]["std"]["train"] |= {"pretrain_steps": 8, "joint_steps": 4, "centre_vectors": 500}
    params["systems"]["ssmtl"]["tubes"] |= {"stored": 60, "held_out": 20}
    params["systems"]["ssmtl"]["train"] |= {"steps": 6, "batch": 8}
    params["training"]["snapshots"] = 1
    params["metrics"]["bootstrap"] = 50
    path.write_text(yaml.safe_dump(params, sort_keys=False))


def clone(origin: Path, folder: Path, cores: int) -> dict[str, bytes]:
    """Run the whole workflow in a clone; what it made, by file."""
    subprocess.run(["git", "clone", "--quiet", str(origin), str(folder)], check=True)
    shortened(folder)
    tiny.make(folder, repository=folder, cores=cores)
    wanted = [AUC_TABLE, AUC_TWIN, AUDIT, *(pattern for stage in STAGES.values() for pattern in stage)]
    files = sorted({path for pattern in wanted for path in folder.glob(pattern)})
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_two_clones_make_the_same_bytes(tmp_path: Path) -> None:
    origin = tiny.project(tmp_path / "origin")
    one = clone(origin, tmp_path / "a", cores=2)
    two = clone(origin, tmp_path / "another name/much/deeper", cores=1)
    assert one.keys() == two.keys()
    assert [file for file in one if one[file] != two[file]] == []
    made = {file.split("/")[2] for file in one if file.count("/") > 2}
    assert {"frames", "objects", "models", "raw", "snapshot_scores", "scores", "events", "metrics"} <= made
    assert one[AUC_TABLE].count(b"\n") > len(
        yaml.safe_load((tmp_path / "a/params.yaml").read_text())["systems"]["names"]
    )
