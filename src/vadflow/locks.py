"""A workspace that was left locked by a killed run opens again for the same command; one that is in use stays locked."""

from __future__ import annotations

from pathlib import Path
from typing import IO

_HELD: list[IO[bytes]] = []
"""Open files whose lock this process keeps until it ends, however it ends."""


def release_stale(folder: Path = Path(".snakemake")) -> bool:
    """Delete Snakemake's lock files when no run is alive here, and be seen as alive from now on.

    Snakemake's locks are files that nobody deletes after a kill -9. A lock on an open file ends with its process, so: every run holds
    a shared one, and only a run that gets it exclusively first, hence alone, deletes what others left.

    Args:
        folder: Snakemake's own folder in the workspace.

    Returns:
        whether this process was alone.
    """
    try:
        import fcntl
    except ImportError:  # Windows: `snakemake --unlock` after a kill
        return False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "alive.lock").open("ab")
    except OSError:  # a read-only workspace: Snakemake says so better
        return False
    alone = _locked(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    if alone:
        for path in (folder / "locks").glob("*.lock"):
            path.unlink(missing_ok=True)
    _locked(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    _HELD.append(file)
    return alone


def _locked(file: IO[bytes], operation: int) -> bool:
    import fcntl

    try:
        fcntl.flock(file, operation)
    except OSError:
        return False
    return True
