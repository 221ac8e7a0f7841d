"""The table a sceptic believes, on the real workflow: rows made of scores, leaks, recomputation, one's own system.

Everything happens in copies of one bundle (`project/`, the repository, and `workspace/`, finished once): a copy keeps file times and
relative paths, so only what a test changes runs again.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny
import yaml

from vadflow.cli import main
from vadflow.metrics.columns import COLUMNS
from vadflow.rows import NO_HELDOUT, UNPROVEN
from vadflow.verify.recompute import recompute
from vadflow.verify.stages import compare_results

pytestmark = pytest.mark.slow

PROOFS = (tiny.TABLE, "results/auc_table.html", "results/leakage_audit.json", "results/record.json")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository and a finished tiny workspace, with one row scored by other people's code."""
    root = tmp_path_factory.mktemp("bundle")
    tiny.project(root / "project")
    theirs = {"theirs": {"dataset": "plaza", "note": "drawn by a test"}}
    folder = tiny.workspace(root / "workspace", tiny.tiny_params(external=theirs))
    (folder / "external_scores/theirs").mkdir(parents=True)
    for clip in ("01", "02"):
        scores = pd.DataFrame({"frame": range(tiny.FRAMES), "raw": np.linspace(0, int(clip), tiny.FRAMES)})
        scores.to_parquet(folder / f"external_scores/theirs/{clip}.parquet")
    tiny.make(folder, *PROOFS, repository=root / "project")
    return root


@pytest.fixture
def copied(bundle: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A copy of it to change: repository and workspace."""
    shutil.copytree(bundle, tmp_path / "copy")
    return tmp_path / "copy/project", tmp_path / "copy/workspace"


def table(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / tiny.TABLE).set_index("system")


def test_every_row_stands_in_the_table_and_the_twin(bundle: Path) -> None:
    rows = table(bundle / "workspace")
    assert set(rows.index) == {"constant", "frame_index", "frame_difference", "fusion", "theirs"}
    assert list(rows.reset_index().columns.sort_values()) == sorted(column.name for column in COLUMNS)
    assert rows["auc_micro"]["constant"] == rows["auc_micro_raw"]["constant"] == 0.5
    assert "frame_index, frame_difference" in rows["notes"]["fusion"]
    assert UNPROVEN in rows["notes"]["theirs"] and NO_HELDOUT in rows["notes"]["theirs"]
    assert rows["event_recall"].notna().all()
    assert " beats " in (bundle / "workspace/results/auc_table.html").read_text()
    audit = json.loads((bundle / "workspace/results/leakage_audit.json").read_text())
    assert "results/plaza/models/fusion/0/threshold.json" in audit["models"]


def test_the_score_bank_gives_the_table_again(bundle: Path, tmp_path: Path) -> None:
    assert main(["evaluate", str(bundle / "workspace/results/plaza"), "--csv", str(tmp_path / "again.csv")]) == 0
    again = pd.read_csv(tmp_path / "again.csv").set_index("system")
    expected = table(bundle / "workspace")["auc_micro"]
    assert again["auc"].to_dict() == pytest.approx(expected.to_dict(), abs=1e-4)


def test_a_recomputation_is_the_same_to_the_byte(bundle: Path, tmp_path: Path) -> None:
    """From the recorded commit and parameters, in a fresh clone and another folder."""
    results = bundle / "workspace/results"
    new = recompute(results, tmp_path, cores=2, repository=bundle / "project")
    assert (new / "auc_table.csv").read_bytes() == (results / "auc_table.csv").read_bytes()
    assert not any(stage.differences for stage in compare_results(results, new))


def test_one_pixel_is_found_with_its_stage_and_clip(
    bundle: Path, copied: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = copied[1] / "results/plaza/frames/test/02.npy"
    frames = np.load(path)
    frames[7, 3, 5, 0] ^= 1
    np.save(path, frames)
    assert main(["verify", str(bundle / "workspace/results"), str(copied[1] / "results")]) == 1
    said = capsys.readouterr().out
    assert "first stage that differs is: frames" in said
    assert f"clip plaza/test/02: 1 of {frames.size} values, by at most 1, the first in frame 7" in said


def test_a_forbidden_edge_fails_the_audit_with_its_name(copied: tuple[Path, Path]) -> None:
    project, folder = copied
    rules = project / "workflow/rules/train.smk"
    honest = "    return inputs | {\n"
    assert honest in rules.read_text()
    leak = '    if wildcards.system == "constant":\n        inputs["leak"] = place.clip("frames", "test", "02")\n'
    rules.write_text(rules.read_text().replace(honest, leak + honest))
    done = tiny.snakemake(folder, "results/leakage_audit.json", repository=project)
    assert done.returncode != 0
    assert "leakage: the test file results/plaza/frames/test/02.npy is an ancestor" in done.stderr


def test_a_training_job_that_helps_itself_fails_with_one_line(copied: tuple[Path, Path]) -> None:
    project, folder = copied
    system = project / "src/vadflow/systems/constant.py"
    thief = '\n    def fit(self, video, loop):\n        open("results/plaza/frames/test/02.npy", "rb")\n'
    system.write_text(system.read_text().rstrip() + "\n" + thief)
    done = tiny.snakemake(folder, "results/plaza/models/constant/0/model.json", repository=project)
    assert done.returncode != 0
    assert "vadflow: results/plaza/frames/test/02.npy: a training or calibration job opens a file" in done.stderr


def test_the_recipe_in_contributing_works_to_the_letter(copied: tuple[Path, Path]) -> None:
    project, folder = copied
    recipe = (project / "CONTRIBUTING.md").read_text().split("## Add a system")[1].split("\n## ")[0]
    code = re.search(r"```python\n(.*?)```", recipe, re.S)
    named = re.search(r"`systems\.names: \[\.\.\., (\w+)\]` and `systems\.(\w+): (\{.*?\})`", recipe)
    assert code and named and named[1] == named[2]
    (project / f"src/vadflow/systems/{named[1]}.py").write_text(code[1])
    params = yaml.safe_load((folder / "params.yaml").read_text())
    params["systems"]["names"].append(named[1])
    params["systems"][named[1]] = yaml.safe_load(named[3])
    tiny.workspace(folder, params)
    tiny.make(folder, tiny.TABLE, "results/leakage_audit.json", repository=project)
    row = table(folder).loc[named[1]]
    assert row["kind"] == "system" and row["auc_micro"] > 0.5 and row["seeds"] == 1


def test_that_was_fine_reruns_calibration_and_what_follows(bundle: Path, tmp_path: Path) -> None:
    """On video without labels: the tiny scene's own files, as a camera."""
    videos = bundle / "workspace/results/plaza/source"
    camera = {"adapter": "folder", "path_train": str(videos / "train"), "path_test": str(videos / "test")}
    params = tiny.tiny_params(datasets={"camera": camera | {"labels": None, "fps": 25}}, fusion={"systems": []})
    params["systems"]["names"] = ["frame_difference"]
    folder = tiny.workspace(tmp_path / "camera", params)
    tiny.make(folder, tiny.TABLE, "results/leakage_audit.json", repository=bundle / "project")
    threshold = folder / "results/camera/models/frame_difference/0/threshold.json"
    before = json.loads(threshold.read_text())
    assert main(["fine", "camera", "02", "0", "20", "--note", "a delivery", "--workspace", str(folder)]) == 0
    dry = tiny.snakemake(folder, "-n", tiny.TABLE, "results/leakage_audit.json", repository=bundle / "project").stdout
    jobs = set(re.findall(r"^(\w+) +\d+$", dry, re.M)) - {"total"}
    assert jobs == {"calibrate", "finish_camera", "metrics_camera_local", "auc_table", "leakage_audit"}
    tiny.make(folder, tiny.TABLE, "results/leakage_audit.json", repository=bundle / "project")
    after = json.loads(threshold.read_text())
    assert after["hours"] > before["hours"] and after["value"] != before["value"]
    assert "person marked as normal" in json.loads((folder / "results/leakage_audit.json").read_text())["verdict"]


def test_the_recorded_commit_is_clean(bundle: Path) -> None:
    record = json.loads((bundle / "workspace/results/record.json").read_text())
    head = subprocess.run(
        ["git", "-C", str(bundle / "project"), "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert head.startswith(record["commit"]) and record["params"]["fusion"]["systems"]
