"""The reference engine reads every profile and key that is written here."""

from __future__ import annotations

import random

import lance
import numpy as np
import pyarrow as pa
import pytest

import eider

ROWS = 9_000


def mixed() -> pa.Table:
    npr, source = np.random.default_rng(1), random.Random(1)
    words = [f"word{i} " for i in range(300)]
    text = pa.array([None if i % 11 == 0 else "".join(source.choices(words, k=source.randrange(40))) for i in range(ROWS)])
    return pa.table({
        "text": text, "page": pa.array([t.as_py() * 30 if t.as_py() else None for t in text]), "name": pa.array([words[i % 97] for i in range(ROWS)]),
        "day": pa.array(npr.integers(9000, 9900, ROWS).astype(np.int32)), "time": pa.array(npr.choice(npr.integers(0, 1 << 50, 300), ROWS)),
        "price": pa.array(np.round(npr.normal(9, 2, ROWS), 1)), "noise": pa.array(npr.random(ROWS, dtype=np.float32)),
        "flag": pa.array(npr.random(ROWS) < 0.5), "list": pa.array([list(range(i % 7)) if i % 5 else None for i in range(ROWS)]),
        "vector": pa.FixedSizeListArray.from_arrays(pa.array(npr.random(ROWS * 8, dtype=np.float32)), 8),
        "amount": pa.array(npr.integers(0, 9, ROWS)).cast(pa.decimal128(21, 2)), "large": pa.array(text, pa.large_string())})


@pytest.mark.parametrize("version", ["2.1", "2.2"])
@pytest.mark.parametrize("options", [
    {}, {"profile": "compact"}, {"max_page_bytes": 20_000}, {"profile": "compact", "max_page_bytes": 50_000},
    {"column_options": {"text": {"minichunk-size": "16384"}, "price": {"compression": "lz4", "bss": "on"},
                        "name": {"dict-values-compression": "zstd", "dict-values-compression-level": 5}, "page": {"compression": "fsst"}}},
], ids=["fast", "compact", "small pages", "small compact pages", "by column"])
def test_the_reference_scans_takes_and_filters(tmp_path, version, options):
    table, uri = mixed(), str(tmp_path / "d.lance")
    eider.write_dataset(table, uri, data_storage_version=version, **options)
    rows = np.random.default_rng(2).integers(0, ROWS, 200).tolist()
    for dataset in (lance.dataset(uri), eider.dataset(uri)):
        assert dataset.to_table().equals(table)
        assert dataset.take(rows).equals(table.take(rows))
    assert lance.dataset(uri).to_table(filter="day = 9500 AND flag").num_rows == sum(
        d == 9500 and f for d, f in zip(table["day"].to_pylist(), table["flag"].to_pylist()))


LIMITS = [0, 1, 2, 8, 255, 256, 257, *(limit + step for limit in (4 << 10, 16 << 10, 32 << 10, 64 << 10, 128 << 10, 256 << 10, 1 << 20)
                                      for step in (-40, -24, -16, -1, 0, 1))]


def values_of(lengths: list[int], shrinks: bool) -> pa.Table:
    npr = np.random.default_rng(len(lengths))
    noise = npr.integers(0, 256, 2 << 20, dtype=np.uint8).tobytes()
    content = (noise[:300] * (len(noise) // 300 + 1)) if shrinks else noise
    starts = npr.integers(0, 1 << 19, len(lengths)).tolist()
    return pa.table({"v": pa.array([content[start:start + length] for start, length in zip(starts, lengths)], pa.binary())})


@pytest.mark.parametrize("shrinks", [True, False], ids=["text", "noise"])
@pytest.mark.parametrize("limit", LIMITS)
def test_values_as_long_as_a_chunk_leave_two_in_each(tmp_path, limit, shrinks):
    mixed = [limit, 3, limit, limit, 70, 0, limit, limit, 9, 9, limit, limit, limit]
    for lengths in ([limit] * 7, mixed, [limit]):
        table = values_of(lengths, shrinks)
        for version, options in (("2.2", {"profile": "compact"}), ("2.1", {"profile": "compact"}), ("2.2", {}),
                                 ("2.2", {"column_options": {"v": {"structural-encoding": "miniblock"}}}),
                                 ("2.1", {"column_options": {"v": {"structural-encoding": "miniblock"}}}),
                                 ("2.2", {"column_options": {"v": {"minichunk-size": "1", "structural-encoding": "miniblock"}}})):
            uri = str(tmp_path / f"{limit}.lance")
            eider.write_dataset(table, uri, mode="overwrite", data_storage_version=version, durability="none", **options)
            rows = [len(lengths) - 1, 0, len(lengths) // 2]
            for dataset in (lance.dataset(uri), eider.dataset(uri)):
                assert dataset.to_table().equals(table), (lengths, version, options)
                assert dataset.take(rows).equals(table.take(rows)), (lengths, version, options)


@pytest.mark.parametrize("width", [1, 60, 64, 500, 2000, 5000, 20000])
def test_wide_vectors_in_mini_blocks_leave_two_in_each(tmp_path, width):
    npr, uri = np.random.default_rng(width), str(tmp_path / "d.lance")
    table = pa.table({"v": pa.FixedSizeListArray.from_arrays(pa.array(npr.random(width * 9, dtype=np.float32)), width)})
    for version in ("2.1", "2.2"):
        for keys in ({"structural-encoding": "miniblock"}, {"profile": "compact"}):
            eider.write_dataset(table, uri, mode="overwrite", data_storage_version=version, column_options={"v": keys})
            for dataset in (lance.dataset(uri), eider.dataset(uri)):
                assert dataset.to_table().equals(table)
                assert dataset.take([8, 0, 4]).equals(table.take([8, 0, 4]))


def test_sparse_columns_are_small_and_read_the_same(tmp_path):
    rows, npr = 200_000, np.random.default_rng(4)
    absent = npr.random(rows) >= 0.01
    # Whatever lies under the nulls costs nothing.
    columns = {
        "int": pa.array(npr.integers(0, 1 << 20, rows).astype(np.int32), mask=absent), "flag": pa.array(npr.random(rows) < 0.5, mask=absent),
        "name": pa.array([None if none else f"name {i % 50}" for i, none in enumerate(absent)]),
        "wide": pa.array(npr.integers(0, 1 << 60, rows), mask=absent), "half": pa.array(npr.random(rows).astype(np.float16), mask=absent),
        "amount": pa.array(npr.integers(0, 9, rows), mask=absent).cast(pa.decimal128(30, 2))}
    columns["list"] = pa.ListArray.from_arrays(pa.array(np.arange(0, rows + 1, 4, dtype=np.int32).repeat(4)[:rows + 1]), columns["int"])
    columns["struct"] = pa.StructArray.from_arrays([columns["wide"]], ["x"], mask=pa.array(npr.random(rows) < 0.5))
    bits = {}
    picks = npr.integers(0, rows, 100).tolist()
    for name, array in columns.items():
        uri, table = str(tmp_path / name), pa.table({"v": array})
        eider.write_dataset(table, uri, profile="compact")
        bits[name] = sum(path.stat().st_size for path in (tmp_path / name / "data").iterdir()) * 8 / rows
        for dataset in (lance.dataset(uri), eider.dataset(uri)):
            assert dataset.to_table().equals(table), name
            assert dataset.take(picks).equals(table.take(picks)), name
        assert lance.dataset(uri).to_table(filter="v IS NOT NULL").num_rows == rows - array.null_count
    assert all(bits[name] <= 1 for name in ("int", "flag", "name")) and bits["wide"] < 1.6, bits


def test_repeated_days_take_an_index_of_a_dictionary(tmp_path):
    days = np.random.default_rng(6).integers(8036, 10562, 200_000).astype(np.int32)
    table, uri = pa.table({"v": pa.array(days, pa.date32())}), str(tmp_path / "d.lance")
    eider.write_dataset(table, uri, profile="compact")
    assert sum(path.stat().st_size for path in (tmp_path / "d.lance" / "data").iterdir()) * 8 / len(days) < 12.8
    for dataset in (lance.dataset(uri), eider.dataset(uri)):
        assert dataset.to_table().equals(table)
