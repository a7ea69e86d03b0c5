"""Counters of I/O."""

import pathlib

import pyarrow as pa
import pytest

import eider


@pytest.fixture(params=["folder", "memory"])
def big(request, tmp_path):
    uri = tmp_path / "big.lance" if request.param == "folder" else f"memory://io{abs(hash(tmp_path))}"
    table = pa.table({"a": pa.array(range(100_000), pa.int64()), "b": [f"text {i}" for i in range(100_000)]})
    written = eider.write_dataset(table, uri, max_rows_per_file=50_000)
    return eider.dataset(written.uri)


def test_reads_are_counted(big):
    before = (eider.iops_counter(), eider.bytes_read_counter())
    big.io_stats_incremental()
    assert big.io_stats_snapshot() == eider.io_stats.IOStats(0, 0, 0, 0)
    big.to_table(columns=["a"])
    one = big.io_stats_snapshot()
    assert one.read_iops >= 2 and one.read_bytes > 0 and (one.write_iops, one.write_bytes) == (0, 0)
    big.to_table()
    both = big.io_stats_snapshot()
    assert both.read_bytes > 2 * one.read_bytes and big.io_stats_incremental() == both
    assert big.io_stats_snapshot().read_iops == 0
    assert eider.iops_counter() - before[0] >= both.read_iops and eider.bytes_read_counter() - before[1] >= both.read_bytes


def test_a_take_counts_what_it_asks_for(big):
    rows = [70_000, 3, 99_999]
    big.take(rows, columns=["a"])  # page tables and the like are read once
    big.io_stats_incremental()
    stats = eider.ScanStats()
    big.take(rows, columns=["a"], stats=stats)
    counted = big.io_stats_incremental()
    assert (counted.read_iops, counted.read_bytes) == (stats.requests, stats.bytes) and stats.requests > 0
    big.take(rows, columns=["a"])
    assert big.io_stats_snapshot() == counted


def test_writes_through_a_dataset_are_counted(big):
    big.io_stats_incremental()
    more = pa.table({"a": [1], "b": ["x"]})
    written = eider.write_dataset(more, big, mode="append")
    after = big.io_stats_snapshot()
    assert after.write_iops >= 2 and after.written_bytes > 100 and written.io_stats_snapshot() == after
    big.checkout_latest()
    big.insert(more)
    big.delete("a = 7")
    assert big.io_stats_snapshot().write_iops > after.write_iops + 2
    operation = eider.LanceOperation.UpdateConfig(eider.LanceOperation.UpdateMap({"k": "v"}))
    writes = big.io_stats_snapshot().write_iops
    assert eider.LanceDataset.commit(big, operation, big.version).io_stats_snapshot().write_iops > writes


def test_datasets_count_for_themselves(big):
    other = eider.dataset(big.uri)
    other.io_stats_incremental()
    big.to_table()
    assert other.io_stats_snapshot().read_iops == 0
    old = other.checkout_version(1)
    old.to_table()
    assert other.io_stats_snapshot() == old.io_stats_snapshot() and other.io_stats_snapshot().read_iops > 0


def test_files_are_written_once(tmp_path):
    ds = eider.write_dataset(pa.table({"x": [1]}), tmp_path / "t")
    files = [path for path in pathlib.Path(ds.uri).rglob("*") if path.is_file()]
    stats = ds.io_stats_snapshot()
    assert stats.write_iops == len(files) and stats.written_bytes == sum(path.stat().st_size for path in files)
