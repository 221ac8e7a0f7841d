"""Writes are whole or absent."""

import errno
import os

import numpy as np
import pandas as pd
import pytest

from vadflow import io
from vadflow.errors import VadflowError


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "table.json"
    io.write_json(path, {"a": 1})
    with pytest.raises(ZeroDivisionError), io.atomic(path) as temporary:
        temporary.write_text("half")
        1 / 0  # noqa: B018
    assert io.read_json(path) == {"a": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_one_clear_line(tmp_path):
    with pytest.raises(VadflowError, match="no space left"), io.atomic(tmp_path / "x.npy"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 3), ()])
@pytest.mark.parametrize("length", [0, 1, 7])
def test_array_writer_equals_numpy(tmp_path, shape, length):
    items = np.random.default_rng(0).integers(0, 255, (length, *shape), dtype=np.uint8)
    with io.ArrayWriter(tmp_path / "a.npy", item_shape=shape) as packed:
        for item in items:
            packed.append(item)
    assert np.array_equal(io.open_array(tmp_path / "a.npy") if items.size else np.load(tmp_path / "a.npy"), items)


def test_array_writer_refuses_another_shape_and_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="expected"), io.ArrayWriter(tmp_path / "a.npy") as packed:
        packed.append(np.zeros((2, 2), np.uint8))
        packed.append(np.zeros((3, 2), np.uint8))
    assert os.listdir(tmp_path) == []  # noqa: PTH208


def test_pickles_are_refused(tmp_path):
    np.save(tmp_path / "bad.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="Python objects"):
        np.asarray(io.open_array(tmp_path / "bad.npy"))


def test_tables_round_trip(tmp_path):
    table = pd.DataFrame({"frame": [0, 1], "raw": [0.5, 1.5]})
    io.write_table(tmp_path / "t.parquet", table)
    pd.testing.assert_frame_equal(io.read_table(tmp_path / "t.parquet"), table)
