"""Every write of the project: to a temporary name in the same folder, then renamed, so nothing half-written is ever read."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vadflow.errors import VadflowError

_DISK_FAULTS = {
    errno.ENOSPC: ("no space left on the device", "Free some space and run the same command again; nothing is lost."),
    errno.EDQUOT: ("the disk quota is used up", "Free some space and run the same command again; nothing is lost."),
    errno.EFBIG: (
        "the file is larger than is allowed here",
        "Raise the limit (`ulimit -f`) and run the same command again.",
    ),
    errno.EROFS: ("the file system is read-only", "Choose a workspace folder you may write to."),
    errno.EACCES: ("permission denied", "Choose a workspace folder you may write to, or fix its permissions."),
}


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; rename it to `path` if the block ends well, delete it otherwise.

    The temporary name keeps the suffix of `path`, because writers choose their format by it.

    Raises:
        VadflowError: the disk is full, read-only or not permitted.
    """
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.stem[:40]}.", suffix=f".tmp{path.suffix}", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as fault:
        if fault.errno not in _DISK_FAULTS:
            raise
        what, fix = _DISK_FAULTS[fault.errno]
        raise VadflowError(f"cannot write: {what}", where=str(path), fix=fix) from fault
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` as JSON with sorted keys, so that equal values give equal bytes."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: str | Path) -> Any:
    """Read a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write `table` as parquet (without its index; zstd)."""
    with atomic(path) as temporary:
        table.to_parquet(temporary, index=False, compression="zstd")


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a parquet table."""
    return pd.read_parquet(path)


def open_array(path: str | Path) -> np.ndarray:
    """Memory-map one packed array; pickled content is refused.

    Returns:
        read-only array view; nothing is read until it is indexed.
    """
    return np.load(path, mmap_mode="r", allow_pickle=False)


class ArrayWriter:
    """Writes a (T, ...) array frame by frame into a `.npy` file whose length is known only at the end.

    The header is written last, so memory stays at one frame and a killed job leaves no file under the final name. Use:

        with ArrayWriter(path) as packed:
            for frame in decode(...):
                packed.append(frame)
    """

    _HEADER_BYTES = 128  # numpy pads small headers to a multiple of 64; two blocks hold every shape used here

    def __init__(
        self, path: str | Path, dtype: str | np.dtype = "uint8", item_shape: tuple[int, ...] | None = None
    ) -> None:
        """Prepare; the first appended frame fixes the item shape when `item_shape` is not given."""
        self.path, self.dtype, self.item_shape, self.length = Path(path), np.dtype(dtype), item_shape, 0
        self._context = atomic(self.path)

    def __enter__(self) -> ArrayWriter:
        self._temporary = self._context.__enter__()
        try:
            self._file = self._temporary.open("wb")
            self._file.write(b"\0" * self._HEADER_BYTES)
        except OSError as fault:
            self._context.__exit__(type(fault), fault, fault.__traceback__)
            raise
        return self

    def append(self, item: np.ndarray) -> None:
        """Append one item (every item has the same shape and the writer's dtype)."""
        if self.item_shape is None:
            self.item_shape = item.shape
        if item.shape != self.item_shape or item.dtype != self.dtype:
            raise ValueError(f"{self.path}: expected {self.item_shape} {self.dtype}, got {item.shape} {item.dtype}")
        self._file.write(np.ascontiguousarray(item).tobytes())
        self.length += 1

    def __exit__(self, kind: Any, value: Any, trace: Any) -> None:
        try:
            if kind is None:
                self._file.seek(0)
                self._file.write(self._header())
            self._file.close()
        except OSError as fault:
            kind, value, trace = type(fault), fault, fault.__traceback__
        self._context.__exit__(kind, value, trace)

    def _header(self) -> bytes:
        shape = (self.length, *(self.item_shape or ()))
        text = f"{{'descr': {self.dtype.str!r}, 'fortran_order': False, 'shape': {shape!r}, }}"
        magic = b"\x93NUMPY\x01\x00"
        room = self._HEADER_BYTES - len(magic) - 2
        if len(text) >= room:
            raise ValueError(f"{self.path}: array header does not fit {self._HEADER_BYTES} bytes: {text}")
        return magic + room.to_bytes(2, "little") + (text.ljust(room - 1) + "\n").encode("latin1")
