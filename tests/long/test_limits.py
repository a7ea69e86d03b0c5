"""Ten thousand columns, and values of a gigabyte: as tests/python/test_limits.py, at full size."""

import lance
import numpy as np
import pyarrow as pa
import pytest

import eider
from tests.python.test_limits import write_wide


def test_ten_thousand_columns(tmp_path):
    uri = str(tmp_path / "wide")
    write_wide(uri, 10_000, 1000, 8)
    expected = np.concatenate([np.arange(1000) + 1000 * b + 9999 for b in range(8)]).tolist()
    assert eider.dataset(uri).to_table(columns=["c9999"])["c9999"].to_numpy().tolist() == expected
    assert lance.dataset(uri).to_table(columns=["c9999"])["c9999"].to_numpy().tolist() == expected


@pytest.mark.parametrize(("kind", "zeros"), [(pa.string(), True), (pa.large_binary(), False)])
def test_values_of_a_gigabyte(tmp_path, kind, zeros):
    size = 1 << 30
    data = bytes(size) if zeros else np.random.default_rng(1).integers(32, 127, size, dtype=np.uint8).tobytes()
    width = np.int32 if kind == pa.string() else np.int64
    offsets = np.array([0, 5, size], width)
    array = pa.Array.from_buffers(kind, 2, [None, pa.py_buffer(offsets), pa.py_buffer(data)])
    uri = str(tmp_path / "large")
    table = pa.table({"v": array})
    eider.write_dataset(table, uri, durability="none")
    assert eider.dataset(uri).to_table().equals(table)
    assert lance.dataset(uri).to_table().equals(table)
