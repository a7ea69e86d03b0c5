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


def test_what_the_reference_commits_on_top_leaves_our_manifests_and_deletion_files_verifiable(tmp_path: Path) -> None:
    uri = str(tmp_path / "t.lance")
    eider.write_dataset(pa.table({"k": range(1000), "v": range(1000)}), uri, enable_stable_row_ids=True)
    eider.dataset(uri).delete("k % 3 = 0")
    reference = lance.dataset(uri)
    assert reference.count_rows() == 666
    reference.create_scalar_index("v", "BTREE")
    reference.update({"v": "v + 1"}, where="k = 1")
    reference.delete("k = 2")
    lance.write_dataset(pa.table({"k": [1000], "v": [0]}), uri, mode="append")
    eider.dataset(uri).delete("k = 1000")
    reference = lance.dataset(uri)
    reference.validate()
    assert reference.to_table(filter="v = 4").num_rows == 1
    assert sorted(reference.to_table()["k"].to_pylist()) == sorted(eider.dataset(uri).to_table()["k"].to_pylist())
    report = eider.verify(uri)
    assert report.ok, report.findings
    assert report.manifests_without_checksums == 4 and report.deletion_files_without_checksums == 2
    manifests = sorted(Path(uri, "_versions").glob("*.manifest"), reverse=True)
    ours = [manifests[0], manifests[1], manifests[6], next(Path(uri, "_deletions").glob("0-1-*.bin"))]
    for path in ours:
        whole = path.read_bytes()
        assert b"EIDERSUM" in whole
        path.write_bytes(whole[:-20] + bytes([whole[-20] ^ 1]) + whole[-19:])
        found = {finding.path for finding in eider.verify(uri).findings if finding.is_damage}
        assert f"{path.parent.name}/{path.name}" in found
        path.write_bytes(whole)
    assert eider.verify(uri).ok


def test_the_reference_opens_a_repaired_table(tmp_path: Path) -> None:
    uri = str(tmp_path / "t.lance")
    table = pa.table({"k": range(10)})
    for mode in ("create", "append"):
        eider.write_dataset(table, uri, mode=mode)
    torn = min(Path(uri, "_versions").glob("*.manifest"))
    whole = torn.read_bytes()
    torn.with_name("18446744073709551612.manifest").write_bytes(whole[:50])
    with pytest.raises(Exception):  # noqa: B017
        lance.dataset(uri)
    assert [step.done for step in eider.verify(uri, repair=True, force=True).repairs] == [True]
    reference = lance.dataset(uri)
    reference.validate()
    assert (reference.version, reference.count_rows(), len(reference.versions())) == (3, 20, 3)
    assert "UpdateConfig" in str(reference.read_transaction(3))
    lance.write_dataset(table, uri, mode="append")
    assert eider.dataset(uri).count_rows() == 30
