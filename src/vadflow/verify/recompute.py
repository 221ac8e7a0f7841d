"""Makes a results folder again from what its record says: the commit and the parameters, in a clone and a workspace of their own."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from vadflow.errors import VadflowError
from vadflow.io import read_json, write_text
from vadflow.layout import AUC_TABLE, EXTERNAL, NORMAL_EVENTS, RECORD
from vadflow.scoring.feedback import NormalEvent, write_events

log = logging.getLogger(__name__)

REPOSITORY = Path(__file__).parents[3]


def recompute(
    results: Path, folder: Path, *, cores: int, commit: str | None = None, repository: Path = REPOSITORY
) -> Path:
    """Run the pipeline up to the table.

    Args:
        results: a results folder with a `record.json`.
        folder: an empty folder for the clone and the workspace; the caller deletes it.
        cores: for Snakemake.
        commit: overrides the recorded one.
        repository: the git repository that has the commit.

    Returns:
        the new results folder.

    Raises:
        VadflowError: no record, a commit that cannot be had, or a pipeline that fails.
    """
    record = _record(results)
    code = clone(repository, commit or _clean_commit(record, results), folder / "code")
    marked = [NormalEvent(*row) for row in record.get("normal_events", ())]
    workspace = prepare(record["params"], marked, results.resolve().parent, folder / "workspace")
    log.info("recomputing commit %s in %s", record["commit"], workspace)
    command = [sys.executable, "-m", "snakemake", "-s", str(code / "Snakefile"), "-d", str(workspace)]
    environment = os.environ | {"PYTHONPATH": str(code / "src")}
    _run([*command, "--cores", str(cores), AUC_TABLE], "Run it by hand to see why.", environment)
    return workspace / "results"


def clone(repository: Path, commit: str, folder: Path) -> Path:
    """Check out one commit beside everything else; no network, no copy of the history."""
    fix = f"Is it in {repository}? Fetch it, or name another: --commit <sha>."
    _run(["git", "clone", "--quiet", "--shared", "--no-checkout", str(repository), str(folder)], fix)
    _run(["git", "-C", str(folder), "checkout", "--quiet", "--detach", commit], fix)
    return folder


def prepare(params: Any, marked: Sequence[NormalEvent], old: Path, new: Path) -> Path:
    """Make a workspace with the same parameters and events marked as normal; what they name by relative paths is linked."""
    write_text(new / "params.yaml", yaml.safe_dump(params, sort_keys=False, allow_unicode=True))
    named = {value for section in params["datasets"].values() for value in section.values() if isinstance(value, str)}
    for name in sorted(named | {EXTERNAL}):
        if name and not Path(name).is_absolute() and (old / name).exists() and not (new / name).exists():
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            (new / name).symlink_to((old / name).resolve())
    if marked:
        write_events(marked, new / NORMAL_EVENTS)
    return new


def _record(results: Path) -> dict[str, Any]:
    path = results / Path(RECORD).name
    if not path.is_file():
        fix = "Run the pipeline once more: it records its commit and parameters beside the table."
        raise VadflowError("no such file", where=str(path), fix=fix)
    return read_json(path)


def _clean_commit(record: dict[str, Any], results: Path) -> str:
    commit = str(record["commit"])
    if commit == "unknown" or commit.endswith("+"):
        what = "made outside git" if commit == "unknown" else f"made from {commit[:-1]} with uncommitted changes"
        fix = "Commit and run again, or name the commit to hold it against: --commit <sha>."
        raise VadflowError(f"{what}, which nobody can recompute", where=str(results), fix=fix)
    return commit


def _run(command: Sequence[str], fix: str, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last = " | ".join(done.stderr.strip().splitlines()[-3:])
        raise VadflowError(f"it failed: {last}", where=" ".join(command), fix=fix)
