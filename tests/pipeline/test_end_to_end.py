"""One command, every file; a second time, nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import workspaces

from vadflow import layout
from vadflow.layout import Layout

PLAZA = Layout("plaza")


def test_the_table_holds_its_floors(finished: Path) -> None:
    table = pd.read_csv(finished / layout.AUC_TABLE).set_index("system")
    assert set(table.index) == set(workspaces.SYSTEMS)
    assert table.loc["constant", "auc_micro"] == 0.5
    assert table["auc_micro"].between(0, 1).all() and (table["auc_micro"].notna()).all()
    assert table.loc["constant", "kind"] == "floor" and table.loc["frame_difference", "kind"] == "baseline"
    assert table["config_hash"].nunique() == len(table)


def test_every_file_a_reader_expects(finished: Path) -> None:
    wanted = [layout.AUC_TABLE, layout.AUC_TWIN, layout.COST_TABLE, layout.AUDIT, layout.REPORT, layout.WEIGHTS]
    wanted += [PLAZA.pseudo, PLAZA.truth("frames"), PLAZA.truth("regions")]
    for split, clips in (("train", ("01", "02", "03")), ("test", ("01", "02"))):
        wanted += [PLAZA.index(split), *[PLAZA.decoded(split, clip) for clip in clips]]
        wanted += [PLAZA.clip(kind, split, c) for kind in ("frames", "differences", "flow", "objects") for c in clips]
    for system in workspaces.SYSTEMS:
        wanted += [PLAZA.events(system, 0), PLAZA.metrics(system, 0), PLAZA.cost("train", system, 0)]
        wanted += [PLAZA.model(file, system, 0) for file in ("weights.safetensors", "calibration.json")]
        wanted += [PLAZA.scored("scores", clip, system, 0) for clip in ("01", "02")]
    assert [path for path in wanted if not (finished / path).is_file()] == []
    assert not list(finished.rglob(".*.tmp*")), "a temporary file stayed"
    assert (finished / layout.REPORT).read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html")


def test_audit_and_tracking_say_what_happened(finished: Path) -> None:
    audit = json.loads((finished / layout.AUDIT).read_text(encoding="utf-8"))
    assert audit["models"] and all(found["test_files"] == 0 for found in audit["models"].values())
    tracking = json.loads((finished / layout.TRACKING).read_text(encoding="utf-8"))
    assert tracking["tracked"], tracking
    assert set(tracking["runs"]) == {f"plaza/{system}/0" for system in workspaces.SYSTEMS}


def test_every_job_left_its_log_and_benchmark(finished: Path) -> None:
    jobs = {path.relative_to(finished / "logs").with_suffix("") for path in (finished / "logs").rglob("*.log")}
    timed = {path.relative_to(finished / "benchmarks").with_suffix("") for path in finished.rglob("*.tsv")}
    assert jobs == timed and len(jobs) > 20


def test_a_second_run_does_nothing_and_says_so(finished: Path) -> None:
    table = (finished / layout.AUC_TABLE).stat().st_mtime_ns
    assert "Nothing to be done" in workspaces.finish(finished)
    assert (finished / layout.AUC_TABLE).stat().st_mtime_ns == table


def test_a_lost_log_reruns_nothing(workspace: Path) -> None:
    for path in [*(workspace / "logs").rglob("*.log"), *(workspace / "benchmarks").rglob("*.tsv")]:
        path.unlink()
    assert workspaces.planned(workspace) == {}


def test_a_user_sees_messages_not_file_lists(workspace: Path) -> None:
    (workspace / layout.COST_TABLE).unlink()
    text = workspaces.finish(workspace, layout.COST_TABLE)
    assert "The cost table" in text and "Reason" not in text
    assert max(map(len, text.splitlines())) < 200
