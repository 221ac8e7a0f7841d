"""The fence of a training job: declared files open, everything else under the guarded folders does not."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pandas as pd
import pytest

from vadflow import guard, job
from vadflow.errors import VadflowError
from vadflow.frames.decode import Decoder, Limits
from vadflow.io import open_array, read_table, write_json


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for split in ("train", "test"):
        folder = tmp_path / "results" / split
        folder.mkdir(parents=True)
        np.save(folder / "01.npy", np.zeros((3, 4)))
        pd.DataFrame({"frame": [0]}).to_parquet(folder / "01.parquet")
        cv2.imwrite(str(folder / "0.png"), np.zeros((8, 8, 3), np.uint8))
        writer = cv2.VideoWriter(str(folder / "01.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 25, (32, 32))
        for _ in range(3):
            writer.write(np.zeros((32, 32, 3), np.uint8))
        writer.release()
    return tmp_path


def fence(place: Path) -> AbstractContextManager[None]:
    inputs = [str(place / "results/train")]
    return guard.guarded([str(place / "results")], inputs, [str(place / "results/models/model.json")], [])


READERS = {
    "array": lambda folder: open_array(folder / "01.npy"),
    "fromfile": lambda folder: np.fromfile(folder / "01.npy", np.uint8),
    "table": lambda folder: read_table(folder / "01.parquet"),
    "bytes": lambda folder: (folder / "0.png").read_bytes(),
    "picture": lambda folder: cv2.imread(str(folder / "0.png")),
    "video": lambda folder: cv2.VideoCapture(str(folder / "01.avi")).read(),
    "decoder": lambda folder: list(Decoder(folder / "01.avi", limits=Limits(4096, 100))),
}


@pytest.mark.parametrize("reader", READERS)
def test_declared_files_open_and_test_files_do_not(place, reader):
    with fence(place):
        READERS[reader](place / "results/train")
        with pytest.raises(VadflowError, match=r"results/test.*did not declare"):
            READERS[reader](place / "results/test")
    READERS[reader](place / "results/test")  # the fence falls with the job


def test_a_link_or_a_detour_leads_to_the_same_file(place):
    (place / "results/train/link.npy").symlink_to(place / "results/test/01.npy")
    for path in ("results/train/link.npy", "results/train/../test/01.npy"):
        with fence(place), pytest.raises(VadflowError, match=r"results/test/01\.npy"):
            open_array(place / path)


def fork_and_exec(command):
    """As os.spawnv does; the child says by its status that it was refused."""
    child = os.fork()
    if child == 0:
        try:
            os.execv(command[0], command)
        except VadflowError:
            os._exit(7)
        finally:
            os._exit(8)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7:
        raise VadflowError("starts another program")


PROGRAMS = {
    "subprocess": lambda command: subprocess.run(command, check=True),
    "shell": lambda command: subprocess.run(" ".join(command[:1]), shell=True, check=True),
    "system": lambda command: os.system(command[0]),
    "popen": lambda command: os.popen(command[0]).read(),
    "posix_spawn": lambda command: os.posix_spawn(command[0], command, {}),
    "exec": fork_and_exec,
    "spawned worker": lambda command: multiprocessing.get_context("spawn").Process(target=len).start(),
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="POSIX ways to start a program")
@pytest.mark.parametrize("way", PROGRAMS)
def test_no_program_is_started_whatever_it_would_open(place, way):
    """A child has no hook: `python -c open(...)` or ffmpeg could read what the job may not."""
    reads = f"open({str(place / 'results/test/01.npy')!r}); open({str(place / 'seen')!r}, 'w')"
    command = [sys.executable, "-c", reads]
    with fence(place), pytest.raises(VadflowError, match="starts another program"):
        PROGRAMS[way](command)
    assert not (place / "seen").exists()
    subprocess.run(command, check=True)  # a program is free outside the fence, and would have read the file
    assert (place / "seen").exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forked workers here")
def test_a_forked_worker_is_watched_like_the_job(place):
    def work(split):
        try:
            open_array(place / "results" / split / "01.npy")
        except VadflowError:
            os._exit(7)
        os._exit(0)

    with fence(place):
        workers = [multiprocessing.get_context("fork").Process(target=work, args=(s,)) for s in ("train", "test")]
        for worker in workers:
            worker.start()
            worker.join()
    assert [worker.exitcode for worker in workers] == [0, 7]


def test_outputs_are_written_through_their_temporary_names(place):
    with fence(place):
        write_json(place / "results/models/model.json", {"a": 1})
        write_json(place / "elsewhere.json", {})
        with pytest.raises(VadflowError, match="did not declare"):
            write_json(place / "results/scores/other.json", {})


def test_a_training_job_that_opens_a_test_file_ends_with_one_line(place):
    script = f"""
from types import SimpleNamespace
from vadflow import job
class Names(list):
    get = lambda self, name, default=None: {{"closed": [{str(place / "results")!r}]}}.get(name, default)
task = SimpleNamespace(threads=1, log=[], rule="train", params=Names(), input=[], output=[])
job.run(lambda snakemake: open({str(place / "results/test/01.npy")!r}), task)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "test/01.npy" in done.stderr


def test_a_job_without_a_fence_is_free(place):
    with job.fenced(SimpleNamespace(params={})):
        open_array(place / "results/test/01.npy")
