"""Compaction: fewer fragments, the same rows."""

from __future__ import annotations

import pyarrow as pa
import pytest

import eider


@pytest.fixture
def ds(tmp_path) -> eider.LanceDataset:
    table = pa.table({"a": range(100), "s": [None if i % 10 == 0 else f"row {i}" for i in range(100)]})
    return eider.write_dataset(table, str(tmp_path / "t.lance"), max_rows_per_file=30)


def test_small_fragments_become_one(ds) -> None:
    before = ds.to_table()
    metrics = ds.optimize.compact_files()
    assert (metrics.fragments_removed, metrics.fragments_added, metrics.files_removed, metrics.files_added) == (4, 1, 4, 1)
    assert ds.to_table() == before and ds.version == ds.latest_version == 2
    assert [fragment.fragment_id for fragment in ds.get_fragments()] == [4]
    assert ds.optimize.compact_files() == eider.optimize.CompactionMetrics(0, 0, 0, 0)
    assert ds.version == 2
    assert ds.checkout_version(1).to_table() == before


def test_deleted_rows_are_dropped_where_there_are_many(ds) -> None:
    ds.delete("a < 20 OR a = 40")
    metrics = ds.optimize.compact_files(target_rows_per_fragment=30)
    assert metrics.fragments_removed == 1 and metrics.files_removed == 2
    assert sorted(ds.to_table()["a"].to_pylist()) == [a for a in range(20, 100) if a != 40]
    metrics = ds.optimize.compact_files(target_rows_per_fragment=1, materialize_deletions_threshold=0.0)
    assert metrics.fragments_removed == 1
    assert ds.optimize.compact_files(target_rows_per_fragment=1, materialize_deletions_threshold=0.0).fragments_removed == 0


def test_files_keep_to_their_limits(ds) -> None:
    metrics = ds.optimize.compact_files(target_rows_per_fragment=45)
    assert metrics.fragments_removed == 4
    assert max(fragment.physical_rows for fragment in ds.get_fragments()) < 2 * 45


@pytest.mark.parametrize("version", ["2.1", "2.2"])
def test_blobs_come_along(version, tmp_path) -> None:
    data = [*(bytes([i]) * 100 * i for i in range(9)), None]
    schema = pa.schema([pa.field("a", pa.int64()), pa.field("b", pa.large_binary(), metadata={"lance-encoding:blob": "true"})])
    table = pa.table([pa.array(range(10)), pa.array(data, pa.large_binary())], schema=schema)
    ds = eider.write_dataset(table, str(tmp_path / "t.lance"), max_rows_per_file=3, data_storage_version=version)
    ds.optimize.compact_files()
    assert len(ds.get_fragments()) == 1
    assert [read for _, read in ds.read_blobs("b", indices=range(10))] == data


@pytest.mark.parametrize(("arguments", "error", "message"), [
    ({"target_rows_per_fragment": 0}, eider.InvalidError, "target_rows_per_fragment"),
    ({"max_bytes_per_file": -1}, eider.InvalidError, "max_bytes_per_file"),
    ({"materialize_deletions_threshold": 2}, eider.InvalidError, "between 0 and 1"),
    ({"compaction_mode": "force_binary_copy"}, eider.UnsupportedError, "compaction_mode"),
    ({"defer_index_remap": True}, eider.UnsupportedError, "defer_index_remap"),
    ({"num_threads": "many"}, TypeError, "num_threads"),
])
def test_odd_arguments_are_named(arguments, error, message, ds) -> None:
    with pytest.raises(error, match=message):
        ds.optimize.compact_files(**arguments)
    assert ds.latest_version == 1


def test_stable_row_ids_and_versions_stay_with_their_rows(tmp_path) -> None:
    ds = eider.write_dataset(pa.table({"a": range(50)}), str(tmp_path / "t.lance"), max_rows_per_file=20, enable_stable_row_ids=True)
    ds.delete("a % 3 = 0")
    ds.update({"a": "a + 1000"}, where="a IN (7, 40)")
    columns = ["a", "_rowid", "_row_created_at_version", "_row_last_updated_at_version"]
    before = ds.to_table(columns=columns)
    assert before.slice(before.num_rows - 2).to_pydict() == {
        "a": [1007, 1040], "_rowid": [7, 40], "_row_created_at_version": [1, 1], "_row_last_updated_at_version": [3, 3]}  # fmt: skip
    ds.optimize.compact_files()
    assert len(ds.get_fragments()) == 1
    assert ds.to_table(columns=columns) == before
    assert ds.count_rows("_row_last_updated_at_version > 1") == 2
    assert ds.to_table(columns=["a"], filter="_row_created_at_version = 1 AND _rowid = 40").to_pydict() == {"a": [1040]}


@pytest.mark.parametrize(("rows", "count", "target", "expected"), [(700, 20, 1000, 10), (300, 24, 500, 12), (990, 10, 1000, 5)])
def test_fragments_above_half_of_the_target_become_fewer(rows, count, target, expected, tmp_path) -> None:
    ds = eider.write_dataset(pa.table({"id": range(rows * count)}), tmp_path / "t", max_rows_per_file=rows)
    ds.optimize.compact_files(target_rows_per_fragment=target)
    assert [fragment.count_rows() for fragment in ds.get_fragments()] == [rows * count // expected] * expected
    assert ds.to_table()["id"].to_pylist() == list(range(rows * count))
    assert ds.optimize.compact_files(target_rows_per_fragment=target).fragments_removed == 0
