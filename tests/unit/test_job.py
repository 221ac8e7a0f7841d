"""What every workflow script shares: its log, its exit, its threads."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import pytest

from vadflow import job
from vadflow.errors import VadflowError


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Put back what a job sets for its whole process."""
    variables, threads, root = dict(os.environ), cv2.getNumThreads(), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in set(root.handlers) - set(handlers):
        handler.close()
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)
    cv2.setNumThreads(threads)
    os.environ.clear()
    os.environ.update(variables)


def snakemake(tmp_path: Path, threads: int = 1) -> Any:
    return SimpleNamespace(threads=threads, log=[str(tmp_path / "job.log")], rule="frames", params={})


def fail(fault: Exception) -> Any:
    def main(_: Any) -> None:
        raise fault

    return main


def test_a_users_fault_is_one_line_here_and_in_the_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        job.run(fail(VadflowError("178 labels for 180 frames", where="clip test/03")), snakemake(tmp_path))
    assert ended.value.code == 1
    assert capsys.readouterr().err == "vadflow: clip test/03: 178 labels for 180 frames\n"
    lines = (tmp_path / "job.log").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 and "ERROR vadflow: clip test/03" in lines[0]


def test_a_bug_keeps_its_traceback(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        job.run(fail(ZeroDivisionError("ours")), snakemake(tmp_path))
    text = (tmp_path / "job.log").read_text(encoding="utf-8")
    assert "rule frames failed" in text and "Traceback" in text and "ZeroDivisionError: ours" in text


def test_no_memory_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        job.run(fail(MemoryError()), snakemake(tmp_path))
    assert "out of memory in rule frames" in capsys.readouterr().err


def test_threads_are_the_jobs_and_never_more_than_the_machine_has(tmp_path: Path) -> None:
    seen = []
    job.run(lambda _: seen.append((job.threads(), cv2.getNumThreads())), snakemake(tmp_path, 1))
    job.run(lambda _: seen.append((job.threads(), os.environ["OMP_NUM_THREADS"])), snakemake(tmp_path, 4096))
    assert seen == [(1, 1), (job.available_cores(), str(job.available_cores()))]


def test_costs_are_measured() -> None:
    with job.measured() as cost:
        pass
    assert 0 <= cost["seconds"] < 5 and cost["peak_mem_mb"] > 1 and cost["threads"] == job.threads()


def test_one_file_many_files_no_file() -> None:
    assert job.listed({"raw": "a"}, "raw") == ["a"]
    assert job.listed({"raw": ["a", "b"]}, "raw") == ["a", "b"]
    assert job.listed({}, "raw") == []
