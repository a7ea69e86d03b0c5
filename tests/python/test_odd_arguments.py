"""Arguments of the wrong type or size are errors that name the argument, and never those of the binding beneath."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import eider
from eider.file import LanceFileReader, LanceFileWriter


@pytest.fixture
def rows(tmp_path: Path) -> eider.LanceDataset:
    return eider.write_dataset(pa.table({"a": range(10), "b": [str(i) for i in range(10)]}), tmp_path / "rows.lance")


@pytest.fixture
def blobs(tmp_path: Path) -> eider.LanceDataset:
    table = pa.table([eider.blob_array([b"abc", None, b"defgh"])], schema=pa.schema([eider.blob_field("v")]))
    return eider.write_dataset(table, tmp_path / "blobs.lance")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda ds: ds.take(None), TypeError, "row positions must be a sequence of integers, got NoneType"),
        (lambda ds: ds.take(3), TypeError, "row positions must be a sequence of integers, got int"),
        (lambda ds: ds.take("x"), TypeError, "row positions must be integers, got str"),
        (lambda ds: ds.take([1.5]), TypeError, "row positions must be integers, got float"),
        (lambda ds: ds.take([None]), TypeError, "row positions must be integers, got NoneType"),
        (lambda ds: ds.take([2**64]), eider.InvalidError, "row position 18446744073709551616 is out of range"),
        (lambda ds: ds.head(2**64), eider.InvalidError, "Limit must be below"),
        (lambda ds: ds.to_table(offset=2**64), eider.InvalidError, "Offset must be below"),
        (lambda ds: ds.to_table(batch_size=2**64), eider.InvalidError, "batch_size must be below"),
        (lambda ds: ds.get_fragment(0).head(2**64), eider.InvalidError, "Limit must be below"),
        (lambda ds: ds.get_fragment(0).take(None), TypeError, "NoneType"),
        (lambda ds: ds.get_fragment("x"), TypeError, "fragment_id must be an integer, got str"),
        (lambda ds: ds.get_fragment(-1), eider.InvalidError, "fragment_id must be non-negative"),
        (lambda ds: ds.drop_columns(None), TypeError, "columns must be a list of names, got NoneType"),
        (lambda ds: ds.drop_columns([1]), TypeError, "a column is named by a str, got int"),
        (lambda ds: eider.dataset(ds.uri, version=2**70), eider.InvalidError, "version must be below"),
        (lambda ds: ds.to_table(nearest={}), eider.UnsupportedError, "'nearest' is not supported yet, got {}"),
    ],
)
def test_rows(rows: eider.LanceDataset, call: Callable[[Any], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as raised:
        call(rows)
    assert message in str(raised.value)
    assert "incompatible function arguments" not in str(raised.value)


@pytest.mark.parametrize(
    ("requests", "error", "message"),
    [
        (None, TypeError, "requests must be a list of triples, got NoneType"),
        ([5], eider.InvalidError, "request 0 is no (row, offset, length): 5"),
        ([(0, 0, 1), (0, 1)], eider.InvalidError, "request 1 is no (row, offset, length): (0, 1)"),
        ([(0, 1, 100)], eider.InvalidError, "request 0: bytes [1, +100) of a blob of 3"),
        ([(0, 4, 0)], eider.InvalidError, "request 0: bytes [4, +0) of a blob of 3"),
        ([(0, -1, 1)], eider.InvalidError, "request 0: offset must be non-negative, got -1"),
        ([(0, 1, -1)], eider.InvalidError, "request 0: length must be non-negative, got -1"),
        ([(0, 2**64, 1)], eider.InvalidError, "request 0: offset must be below"),
        ([(0, 0.5, 1)], TypeError, "request 0: offset must be an integer, got float"),
        ([(None, 0, 1)], TypeError, "request 0: row, offset and length must be integers"),
        ([(9, 0, 1)], eider.InvalidError, "row 9: the dataset has 3 rows"),
    ],
)
def test_ranges_of_blobs(blobs: eider.LanceDataset, requests: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as raised:
        blobs.read_blob_ranges("v", requests, selector="indices")
    assert message in str(raised.value)


def test_what_ranges_of_blobs_give(blobs: eider.LanceDataset) -> None:
    found = blobs.read_blob_ranges("v", [(2, 1, 3), (1, 0, 1), (0, 3, 0)], selector="indices")
    assert found == [(0, 2, b"efg"), (1, 1, None), (2, 0, b"")]
    for selector in ("x", None, []):
        with pytest.raises(eider.InvalidError, match="selector"):
            blobs.read_blob_ranges("v", [], selector=selector)
    for call in (blobs.take_blobs, blobs.read_blobs):
        with pytest.raises(TypeError, match="a column is named by a str, got int"):
            call(3, indices=[0])
        with pytest.raises(TypeError, match="sequence of integers, got int"):
            call("v", indices=5)
    with pytest.raises(TypeError, match="buffer_size must be an integer, got str"):
        blobs.take_blobs("v", indices=[0], buffer_size="x")


def test_a_column_named_twice(rows: eider.LanceDataset) -> None:
    assert rows.take([1], columns=["a", "a"]).to_pydict() == {"a": [1]}, "as in pylance"
    with pytest.raises(eider.InvalidError, match="duplicate column name 'a'"):
        rows.to_table(columns=["a", "a"])
    for name in ("_rowid", "_rowaddr", "_rowoffset"):
        taken = rows.take([1], columns=[name, "a", name])
        assert taken.column_names == [name, "a", name] and taken[0] == taken[2], "as in pylance"
        assert rows._take_rows([1], columns=[name, name]).column_names == [name, name]
        with pytest.raises(eider.InvalidError, match=f"duplicate column name '{name}'"):
            rows.to_table(columns=[name, "a", name])


def test_an_unknown_column_of_many_is_named_with_those_near_it(tmp_path: Path) -> None:
    wide = eider.write_dataset(pa.table({f"feature_{i}": [i] for i in range(3000)}), tmp_path / "t.lance")
    for call in (
        lambda: wide.to_table(columns=["featur_77"]),
        lambda: wide.take([0], columns=["featur_77"]),
        lambda: wide.drop_columns(["featur_77"]),
        lambda: wide.take_blobs("featur_77", indices=[0]),
    ):
        with pytest.raises(eider.NotFoundError, match="no column 'featur_77'; did you mean 'feature_77'") as raised:
            call()
        assert len(str(raised.value)) < 300


def test_a_batch_that_does_not_fit_leaves_the_file_writable(tmp_path: Path) -> None:
    schema = pa.schema([pa.field("a", pa.int64(), nullable=False), pa.field("b", pa.string())])
    good = pa.record_batch({"a": [1, 2], "b": ["x", None]}, schema=schema)
    nulls = pa.record_batch([pa.array([1, None]), pa.array(["x", "y"])], names=["a", "b"])
    path = tmp_path / "a.lance"
    with LanceFileWriter(path, schema) as writer:
        writer.write_batch(good)
        for bad in (nulls, pa.table({"a": [1]}), pa.table({"a": ["x"], "b": ["y"]})):
            with pytest.raises(eider.EiderError):
                writer.write_batch(bad)
        writer.write_batch(good)
    assert LanceFileReader(path).read_all().to_table().to_pydict() == {"a": [1, 2, 1, 2], "b": ["x", None, "x", None]}


def test_half_a_write_gives_the_file_up_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.lance"
    schema = pa.schema([pa.field("a", pa.int64(), nullable=False)])
    batches = [
        pa.record_batch([pa.array(v, pa.int64())], schema=pa.schema([("a", pa.int64())])) for v in ([1, 2], [3, None])
    ]
    writer = LanceFileWriter(path, schema)
    with pytest.raises(eider.InvalidError, match="does not fit the schema: Casting field 'a' with null values"):
        writer.write_batch(pa.Table.from_batches(batches))
    for call in (lambda: writer.write_batch(batches[0]), writer.close):
        with pytest.raises(eider.InvalidError, match="given up: batch 1 of a write failed after those before it"):
            call()
    assert not path.exists()
