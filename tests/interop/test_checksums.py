"""The reference engine reads, scans, takes and compacts files with checksums, and files of its own have none."""

from __future__ import annotations

from pathlib import Path

import lance
import lance.file
import numpy as np
import pyarrow as pa
import pytest

import eider
from eider.file import LanceFileReader, LanceFileWriter, inspect


@pytest.fixture
def table() -> pa.Table:
    return pa.table(
        {
            "id": pa.array(range(5000), pa.int64()),
            "name": pa.array([None if i % 5 == 0 else f"name {i}" for i in range(5000)]),
            "lists": pa.array([list(range(i % 4)) for i in range(5000)], pa.list_(pa.int32())),
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(np.arange(5000 * 128, dtype=np.float32)), 128),
        }
    )


@pytest.mark.parametrize("version", ["2.1", "2.2"])
def test_the_reference_works_with_files_that_have_checksums(tmp_path: Path, table: pa.Table, version: str) -> None:
    uri = str(tmp_path / "t.lance")
    eider.write_dataset(table, uri, data_storage_version=version, max_rows_per_file=2000)
    reference = lance.dataset(uri)
    assert reference.to_table().equals(table)
    assert reference.take([4999, 0, 1234]).equals(table.take([4999, 0, 1234]))
    assert reference.to_table(filter="id >= 4990").num_rows == 10
    assert reference.optimize.compact_files().fragments_removed == 3
    assert lance.dataset(uri).to_table().equals(table)
    assert eider.dataset(uri).to_table().equals(table)


def test_a_global_buffer_of_the_user_keeps_its_index(tmp_path: Path, table: pa.Table) -> None:
    path = str(tmp_path / "a.lance")
    with LanceFileWriter(path, table.schema) as writer:
        assert writer.add_global_buffer(b"first") == 1
        writer.write_batch(table)
        assert writer.add_global_buffer(b"second") == 2
    reference = lance.file.LanceFileReader(path)
    assert [reference.read_global_buffer(i) for i in (1, 2)] == [b"first", b"second"]
    assert reference.read_global_buffer(3).startswith(b"EIDERSUM")
    assert [LanceFileReader(path).read_global_buffer(i) for i in (1, 2)] == [b"first", b"second"]


def test_inspect_agrees_with_the_reference_on_its_files(tmp_path: Path, table: pa.Table) -> None:
    path = str(tmp_path / "a.lance")
    writer = lance.file.LanceFileWriter(path, table.schema)
    writer.write_batch(table)
    writer.close()
    found, theirs = LanceFileReader(path).metadata(), lance.file.LanceFileReader(path).metadata()
    assert inspect(path)["checksum_bytes"] == 0
    for name in (
        "num_rows",
        "major_version",
        "minor_version",
        "num_data_bytes",
        "num_column_metadata_bytes",
        "num_global_buffer_bytes",
    ):
        assert getattr(found, name) == getattr(theirs, name), name
    for ours, column in zip(found.columns, theirs.columns, strict=True):
        assert [[(b.position, b.size) for b in p.buffers] for p in ours.pages] == [
            [(b.position, b.size) for b in p.buffers] for p in column.pages
        ]
    ours_sizes = [(c.num_pages, c.size_bytes) for c in LanceFileReader(path).file_statistics().columns]
    assert ours_sizes == [
        (c.num_pages, c.size_bytes) for c in lance.file.LanceFileReader(path).file_statistics().columns
    ]
