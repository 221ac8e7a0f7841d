"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("vadflow", deadline=None)
"""A first call pays for imports, and a machine may be busy: what may take how long is asked by the tests marked `timing`."""
settings.load_profile("vadflow")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of the real data: VADFLOW_SHARED, else `shared` beside the repository."""
    folder = Path(os.environ.get("VADFLOW_SHARED", Path(__file__).parents[2] / "shared"))
    if not (folder / "data" / "ped2").is_dir():
        pytest.skip(f"no real data: {folder / 'data' / 'ped2'} is missing (set VADFLOW_SHARED)")
    return folder
