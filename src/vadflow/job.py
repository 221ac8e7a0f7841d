"""What every workflow script shares: thread limits, a log file, and one clear line for a user's fault."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from vadflow import guard
from vadflow.errors import VadflowError
from vadflow.layout import CLIP_KINDS

log = logging.getLogger("vadflow")

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VADFLOW_THREADS",
)


def run(main: Callable[[Any], None], snakemake: Any) -> None:
    """Run a script's `main(snakemake)` under the job's thread limit, with its log, and end with one line on a user's fault."""
    limit_threads(int(snakemake.threads))
    start_log(str(snakemake.log[0]) if snakemake.log else None)
    try:
        with fenced(snakemake):
            main(snakemake)
    except VadflowError as fault:
        log.error("%s", fault)
        sys.exit(1)
    except MemoryError:
        log.error("out of memory in rule %s. Lower the batch or the working size in params.yaml.", snakemake.rule)
        sys.exit(1)
    except Exception:  # a bug of ours keeps its traceback, in the job's log too
        log.exception("rule %s failed", snakemake.rule)
        sys.exit(1)


def fenced(snakemake: Any) -> contextlib.AbstractContextManager[None]:
    """A training or calibration job (its rule has a parameter `closed`) can open its declared files only; any other job is free."""
    closed = snakemake.params.get("closed")
    if not closed:
        return contextlib.nullcontext()
    scratch = [snakemake.params.get("checkpoint")]
    return guard.guarded(closed, snakemake.input, snakemake.output, [path for path in scratch if path])


def limit_threads(threads: int) -> None:
    """Let OpenMP, BLAS, OpenCV and, once imported, torch use `threads` threads and no more than the machine has."""
    threads = max(1, min(threads, available_cores()))
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, str(threads)))
    import cv2

    cv2.setNumThreads(threads)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)


def available_cores() -> int:
    """Cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads() -> int:
    """The limit that `limit_threads` set, for libraries that take a number."""
    return int(os.environ.get("VADFLOW_THREADS", "1"))


def start_log(path: str | None) -> None:
    """Log to the job's file (with times) and to the terminal (plain)."""
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    handlers[0].setFormatter(logging.Formatter("vadflow: %(message)s"))
    if path:
        file = logging.FileHandler(path, mode="w", encoding="utf-8")
        file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        handlers.append(file)
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    logging.captureWarnings(True)


@contextlib.contextmanager
def measured() -> Iterator[dict[str, Any]]:
    """Measure a block: seconds, peak memory of the process (MB), threads, device. The caller adds what it counted."""
    cost: dict[str, Any] = {"threads": threads(), "device": "cpu"}
    start = time.perf_counter()
    yield cost
    cost["seconds"] = round(time.perf_counter() - start, 3)
    cost["peak_mem_mb"] = round(_peak_memory_mb(), 1)


def _peak_memory_mb() -> float:
    try:
        import resource
    except ImportError:  # Windows has no resource module; memory is then not reported
        return 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def clip_files(snakemake: Any) -> dict[str, list[str]]:
    """The per-clip files a job was given, by kind: what it was not given it cannot read."""
    given = {kind: listed(snakemake.input, kind) for kind in ("source", *CLIP_KINDS)}
    return {kind: paths for kind, paths in given.items() if paths}


def listed(files: Any, kind: str) -> list[str]:
    """The files of one name among a job's inputs or outputs: Snakemake gives a single one as a bare string, and none as nothing."""
    value = files.get(kind, [])
    return [str(value)] if isinstance(value, str) else [str(path) for path in value]


def subject(snakemake: Any) -> dict[str, Any]:
    """Whose cost or score it is."""
    wanted = snakemake.wildcards
    return {"dataset": snakemake.params.dataset, "system": wanted.system, "seed": int(wanted.seed)}
