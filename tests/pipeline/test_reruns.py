"""An edit reruns exactly what it can change: told from the job list of a dry run."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import workspaces

PAGES = {"report", "tracking"}
TABLE = {"auc_table", *PAGES}
METRICS = {"metrics_plaza_frame", "metrics_plaza_local", *TABLE}
SCALE = {"calibrate", "finish_plaza", "leakage_audit", *METRICS}
SCORES = {"score_raw_plaza_test_000", "score_raw_maps_regions_plaza_test_000", "cost_table", *SCALE}
TRAINED = {"train", *SCORES}
OBJECTS = {"objects_plaza_train_000", "objects_plaza_test_000"}
MOTION = {"differences_plaza_train_000", "differences_plaza_test_000", "pseudo_plaza", *OBJECTS, *TRAINED}
INDEX = {"index_train_plaza", "index_test_plaza", "truth_plaza"}
FRAMES = {"frames_plaza_train_000", "frames_plaza_test_000", *INDEX, *MOTION}
LOCAL = {"train", "calibrate", "finish_plaza", "score_raw_maps_regions_plaza_test_000", "metrics_plaza_local"}
ONE_SYSTEM = LOCAL | {"leakage_audit", "cost_table", *TABLE}

EDITS = {
    "scoring.sigma_s": (0.5, SCALE),
    "systems.frame_difference.aggregate.floor": (0.4, ONE_SYSTEM),
    "report.points": (100, {"report"}),
    "tracking.experiment": ("other", {"tracking"}),
    "metrics.bootstrap": (30, METRICS),
    "objects.motion.variance": (20, {"weights", "report", *OBJECTS}),
    "pseudo.per_clip": (2, {"pseudo_plaza"}),
    "training.held_out": (0.5, TRAINED),
    "training.checkpoint_s": (5, {"tracking"}),  # when a checkpoint is written changes no result
    "training.snapshots": (1, {"tracking"}),  # no chosen system is trained by steps
    "differences.cell": (4, MOTION),
    "frames.height": (56, FRAMES),
    "datasets.plaza.seed": (8, {"render_plaza_train_000", "render_plaza_test_000", *FRAMES}),
    "systems.std.train.batch": (4, {"tracking"}),  # not a chosen system: only the config hash of the whole differs
}
# What a parameter of the workspace changes in MLflow's view: the config hash of the whole.
VIEWED = {"tracking", "record"}


def put(params: dict[str, Any], key: str, value: Any) -> None:
    *parents, last = key.split(".")
    for parent in parents:
        params = params[parent]
    assert last in params
    params[last] = value


@pytest.mark.parametrize("key", EDITS)
def test_an_edited_parameter(finished: Path, key: str) -> None:
    value, rules = EDITS[key]
    before = (finished / "params.yaml").read_bytes()
    try:  # a dry run changes nothing, so the one workspace serves every edit
        workspaces.write(finished, lambda params: put(params, key, value))
        found = workspaces.planned(finished)
    finally:
        (finished / "params.yaml").write_bytes(before)
    assert set(found) - VIEWED == rules - VIEWED
    if rules == ONE_SYSTEM:
        assert found["train"] == found["calibrate"] == found["finish_plaza"] == 1


def test_another_seed_trains_nothing_twice(finished: Path) -> None:
    """Nothing here learns from a seed, so the table stays as it is."""
    before = (finished / "params.yaml").read_bytes()
    try:
        workspaces.write(finished, lambda params: put(params, "training.seeds", [0, 1]))
        found = workspaces.planned(finished)
    finally:
        (finished / "params.yaml").write_bytes(before)
    assert set(found) == VIEWED


@pytest.fixture(scope="module")
def copied(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A copy of the repository's code beside a copy of the workspace, at the same distance as the originals."""
    home = tmp_path_factory.mktemp("copied")
    for name in ("src", "workflow", "profiles"):
        shutil.copytree(
            workspaces.REPOSITORY / name, home / "repository" / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(workspaces.REPOSITORY / "Snakefile", home / "repository")
    workspace = workspaces.write(home / "workspace")
    workspaces.finish(workspace, "results/cost_table.csv", repository=home / "repository")
    return home / "repository", workspace


MODULES = {
    "src/vadflow/systems/frame_difference.py": (
        {"train", "score_raw_maps_regions_plaza_test_000"},
        {"score_raw_plaza_test_000", "pseudo_plaza", "frames_plaza_train_000"},
    ),
    "src/vadflow/metrics/costs.py": ({"cost_table"}, {"train", "score_raw_plaza_test_000"}),
    "src/vadflow/plaza/sprite.py": ({"render_plaza_train_000", "render_plaza_test_000"}, {"weights"}),
    "workflow/scripts/score.py": ({"score_raw_plaza_test_000"}, {"train", "frames_plaza_test_000"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("module", MODULES)
def test_an_edited_module(copied: tuple[Path, Path], module: str) -> None:
    repository, workspace = copied
    wanted, untouched = MODULES[module]
    path = repository / module
    before = path.read_text(encoding="utf-8")
    try:
        path.write_text(before + "\n# edited\n", encoding="utf-8")
        found = set(workspaces.planned(workspace, "results/cost_table.csv", repository=repository))
    finally:
        path.write_text(before, encoding="utf-8")
    assert wanted <= found and not untouched & found
