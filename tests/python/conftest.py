"""Tests of the Python API. They import the installed package, never the source tree."""

import pathlib
from collections.abc import Callable

import pyarrow as pa
import pytest

import eider


@pytest.fixture
def table() -> pa.Table:
    return pa.table(
        {
            "id": pa.array(range(10), pa.int64()),
            "name": pa.array([None if i == 4 else f"row {i}" for i in range(10)]),
            "box": pa.array(
                [None if i == 7 else {"x": i * 0.5, "tag": f"t{i}"} for i in range(10)],
                pa.struct([("x", pa.float64()), ("tag", pa.string())]),
            ),
            "vector": pa.FixedSizeListArray.from_arrays(pa.array([float(i) for i in range(40)], pa.float32()), 4),
        }
    )


@pytest.fixture
def uri(tmp_path: pathlib.Path) -> str:
    return str(tmp_path / "t.lance")


@pytest.fixture
def ds(table: pa.Table, uri: str) -> eider.LanceDataset:
    return eider.write_dataset(table, uri)


@pytest.fixture
def write(tmp_path: pathlib.Path) -> Callable[..., eider.LanceDataset]:
    """Writes data as a fresh dataset."""
    count = iter(range(1000))

    def write_one(data: object, **kwargs: object) -> eider.LanceDataset:
        return eider.write_dataset(data, tmp_path / f"w{next(count)}.lance", **kwargs)

    return write_one
