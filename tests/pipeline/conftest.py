"""One finished tiny workspace for the whole session; tests that change something work on copies of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import workspaces


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which everything was made. Read only."""
    folder = workspaces.write(tmp_path_factory.mktemp("finished") / "workspace")
    workspaces.finish(folder)
    return folder


@pytest.fixture
def workspace(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished workspace, with Snakemake's record of it."""
    return Path(shutil.copytree(finished, tmp_path / "workspace"))
