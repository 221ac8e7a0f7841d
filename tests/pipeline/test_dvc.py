"""DVC keeps what Snakemake makes: neither redoes the other's work, and a clone that pulled has nothing to do."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import workspaces
import yaml

from vadflow import layout

pytestmark = pytest.mark.slow
KEPT_BY_NONE = {"results/mlflow"}  # a view of the files: every clone makes its own


def call(folder: Path, *command: str) -> str:
    """Run a command there; it must succeed."""
    environment = workspaces.environment(folder)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (command, (done.stdout + done.stderr)[-4000:])
    return done.stdout + done.stderr


def commit(folder: Path, message: str) -> None:
    """Commit everything that git does not ignore."""
    call(folder, "git", "add", "--all")
    call(folder, "git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "-m", message)


def clone(source: Path, folder: Path, remote: Path) -> Path:
    """A clone whose DVC remote is a folder beside it."""
    call(source, "git", "clone", "--quiet", str(source), str(folder))
    call(folder, "dvc", "remote", "add", "--default", "--local", "store", str(remote))
    return folder


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, bytes]:
    """A repository with tiny parameters, run by the literal `snakemake`, then `dvc repro`, committed and pushed.

    Returns:
        the repository, the remote, and the table as it was before DVC saw it.
    """
    home = tmp_path_factory.mktemp("dvc")
    origin = home / "origin"
    origin.mkdir()
    listed = call(workspaces.REPOSITORY, "git", "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    for name in listed:
        if (workspaces.REPOSITORY / name).is_file():
            (origin / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(workspaces.REPOSITORY / name, origin / name)
    call(origin, "git", "init", "--quiet")
    workspaces.write(origin, lambda params: params["systems"].update(names=["constant", "frame_difference"]))
    commit(origin, "tiny")
    repository = clone(origin, home / "repository", home / "remote")
    call(repository, "snakemake", "--cores", "8", layout.AUC_TABLE)
    call(repository, "snakemake")
    table = (repository / layout.AUC_TABLE).read_bytes()
    assert "Nothing to be done" in call(repository, "dvc", "repro")
    commit(repository, "results")
    call(repository, "dvc", "push")
    return repository, home / "remote", table


def test_repro_after_snakemake_changes_nothing(reproduced: tuple[Path, Path, bytes]) -> None:
    repository, _, table = reproduced
    assert (repository / layout.AUC_TABLE).read_bytes() == table
    assert "up to date" in call(repository, "dvc", "status")
    assert "Nothing to be done" in call(repository, "snakemake")
    assert "didn't change" in call(repository, "dvc", "repro")


def test_everything_made_is_kept(reproduced: tuple[Path, Path, bytes]) -> None:
    """`dvc.yaml` names every file and folder below results/, so that none is lost to a clone."""
    repository = reproduced[0]
    stage = yaml.safe_load((repository / "dvc.yaml").read_text(encoding="utf-8"))["stages"]["reproduce"]
    kept = {name for entry in stage["outs"] + stage["plots"] for name in entry if name.startswith(layout.RESULTS)}
    made = {f"{layout.RESULTS}/{path.name}" for path in (repository / layout.RESULTS).iterdir()}
    assert made - kept - KEPT_BY_NONE - {"results/README.md"} == set()


def test_a_clone_that_pulled_has_nothing_to_do(reproduced: tuple[Path, Path, bytes], tmp_path: Path) -> None:
    repository, remote, table = reproduced
    copy = clone(repository, tmp_path / "copy", remote)
    call(copy, "dvc", "pull")
    assert (copy / layout.AUC_TABLE).read_bytes() == table
    assert "Nothing to be done" in call(copy, "snakemake", "--dry-run", layout.AUC_TABLE)
    assert workspaces.planned(copy, repository=copy) == {}
    params = yaml.safe_load((copy / "params.yaml").read_text(encoding="utf-8"))
    params["scoring"]["sigma_s"] = 0.5
    (copy / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
    found = workspaces.planned(copy, layout.AUC_TABLE, repository=copy)
    assert found == {
        "calibrate": 2,
        "finish_plaza": 2,
        "metrics_plaza_frame": 1,
        "metrics_plaza_local": 1,
        "auc_table": 1,
    }
