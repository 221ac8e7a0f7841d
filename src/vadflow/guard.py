"""The run-time guard of training and calibration jobs: under the guarded folders a job can open what it declared, and nothing else.

The leakage audit proves from the workflow's records that no training job *was given* a test file. The guard sees to it that none
*helps itself* to one. Python tells an audit hook of every `open` before it happens (numpy, pandas and forked workers included);
OpenCV, parquet and safetensors open files in C, so their few entry points are wrapped. What another program opens cannot be seen from
here, so a guarded job may start none; a forked worker keeps the hook and is watched like the job itself. It is a guard against
mistakes, not against malice.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any
from unittest.mock import patch

from vadflow.errors import VadflowError

_C_READERS = {
    "cv2": ("VideoCapture", "imread", "imreadmulti"),
    "pandas": ("read_parquet",),
    "pyarrow.parquet": ("read_table", "ParquetFile"),
    "safetensors.numpy": ("load_file",),
    "safetensors.torch": ("load_file",),
}
"""Functions that open a file behind Python's back; the first argument is its path."""

_STARTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "pty.spawn")
"""Audit events of a program that is about to run; the first argument names it."""

_CODE = (sys.prefix, sys.base_prefix, str(Path(__file__).parent))
"""Programs are no data: modules can be imported even where someone keeps both in one folder."""


@dataclass(frozen=True)
class Fence:
    """What is closed, and what is open in it. Real paths.

    Attributes:
        closed: folders under which nothing may be opened,
        allowed: but these files and whatever lies in these folders,
        written: and new files in these folders (outputs are written under a temporary name beside their own).
    """

    closed: tuple[str, ...]
    allowed: tuple[str, ...]
    written: frozenset[str]

    def permits(self, path: str, *, writing: bool) -> bool:
        """Whether a file may be opened."""
        if not _below(path, self.closed) or _below(path, self.allowed):
            return True
        return writing and str(Path(path).parent) in self.written


_fence: Fence | None = None
_hooked = False


@contextmanager
def guarded(
    closed: Iterable[str], inputs: Iterable[str], outputs: Iterable[str], scratch: Iterable[str]
) -> Iterator[None]:
    """Guard a block; the Python process can have one fence at a time.

    Args:
        closed: folders (or files) in which only what is declared can be opened; those that do not exist count too.
        inputs: declared inputs; a folder stands for all that is in it.
        outputs: declared outputs.
        scratch: folders of the job's own, the checkpoint for example.

    Raises:
        VadflowError: inside the block, when something else is opened; names the file.
    """
    global _fence, _hooked  # noqa: PLW0603 an audit hook is global and can never be taken away again
    made = [_real(path) for path in outputs]
    allowed = tuple([_real(path) for path in (*inputs, *scratch, *_CODE)] + made)
    _fence = Fence(tuple(map(_real, closed)), allowed, frozenset(str(Path(path).parent) for path in made))
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked = True
    try:
        with _wrapped_readers():
            yield
    finally:
        _fence = None


def check(path: Any, *, writing: bool = False) -> None:
    """Stop when the fence does not permit a file; nothing happens outside a guarded block.

    Raises:
        VadflowError: the file is under a closed folder and was not declared.
    """
    fence = _fence
    if fence is None or not isinstance(path, str | bytes | os.PathLike):
        return
    real = _real(path)
    if not fence.permits(real, writing=writing):
        raise VadflowError(
            "a training or calibration job opens a file that it did not declare",
            where=os.path.relpath(real) if real.startswith(str(Path.cwd())) else real,
            fix="A job may read its declared inputs only; see `needs` in systems/base.py. Test files are never among them.",
        )


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _fence is None:
        return
    if event == "open":
        path, _, flags = arguments
        check(path, writing=bool((flags or 0) & (os.O_WRONLY | os.O_CREAT)))
    elif event in _STARTS:
        _refuse_program(arguments[0] or arguments[1])


def _refuse_program(named: Any) -> None:
    """Raise VadflowError: whatever it is, nobody can tell what it opens."""
    first = named[0] if isinstance(named, list | tuple) else named
    raise VadflowError(
        "a training or calibration job starts another program, and what that opens cannot be seen",
        where=os.fsdecode(first)[:80],
        fix="Do its work in Python on the declared inputs; parallel workers may be forked, not spawned.",
    )


@contextmanager
def _wrapped_readers() -> Iterator[None]:
    with ExitStack() as stack:
        for name, readers in _C_READERS.items():
            module = sys.modules.get(name)
            for reader in readers if module is not None else ():
                stack.enter_context(patch.object(module, reader, _checked(getattr(module, reader))))
        # Spawned workers of multiprocessing are programs too, started without an audit event.
        stack.enter_context(patch("multiprocessing.util.spawnv_passfds", lambda path, *_: _refuse_program(path)))
        yield


def _checked(reader: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(reader, updated=())
    def opened(*arguments: Any, **named: Any) -> Any:
        if arguments:
            check(arguments[0])
        return reader(*arguments, **named)

    return opened


def _real(path: Any) -> str:
    return os.path.realpath(os.fsdecode(path))


def _below(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(folder.rstrip(os.sep) + os.sep) for folder in folders)
