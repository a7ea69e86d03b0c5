"""Merging rows by key: each clause, what the source may look like, and what is refused."""

from __future__ import annotations

import multiprocessing
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid5

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import eider


@pytest.fixture
def ds(tmp_path) -> eider.LanceDataset:
    table = pa.table({"a": range(20), "s": [None if i % 5 == 0 else f"row {i}" for i in range(20)], "list": [[i] * (i % 3) for i in range(20)]})
    return eider.write_dataset(table, str(tmp_path / "t.lance"), max_rows_per_file=6)


def rows(ds: eider.LanceDataset) -> dict:
    table = ds.to_table()
    assert len(set(table["a"].to_pylist())) == table.num_rows
    return {row["a"]: (row["s"], row["list"]) for row in table.to_pylist()}


def upsert(ds: eider.LanceDataset, on="a") -> eider.MergeInsertBuilder:
    return ds.merge_insert(on).when_matched_update_all().when_not_matched_insert_all()


def columns(ds: eider.LanceDataset, on="a") -> eider.MergeInsertBuilder:
    return ds.merge_insert(on).when_matched_update_all().write_mode("rewrite_columns")


def counts(inserted: int, updated: int, deleted: int) -> dict[str, int]:
    return {"num_inserted_rows": inserted, "num_updated_rows": updated, "num_deleted_rows": deleted}


def test_an_upsert_takes_columns_in_any_order(ds) -> None:
    before = rows(ds)
    source = pa.table({"list": [[7], [8]], "s": ["x", None], "a": [3, 100]})
    assert upsert(ds).execute(source) == counts(1, 1, 0)
    assert rows(ds) == before | {3: ("x", [7]), 100: (None, [8])}
    assert ds.version == ds.latest_version == 2
    assert rows(ds.checkout_version(1)) == before


@pytest.mark.parametrize("make", [
    lambda table: table.to_batches(), lambda table: iter(table.to_batches()), lambda table: table.to_reader(), lambda table: table.to_pylist(),
    lambda table: table.to_pydict(),
])
def test_any_data_is_a_source(ds, make) -> None:
    source = pa.table({"a": [3, 100], "s": ["x", "y"], "list": [[1], [2]]})
    assert upsert(ds).execute(make(source)) == counts(1, 1, 0)


def test_columns_that_the_source_lacks_keep_their_values(ds) -> None:
    before = rows(ds)
    assert upsert(ds).execute(pa.table({"s": ["x", "y"], "a": [4, 100]})) == counts(1, 1, 0)
    assert rows(ds) == before | {4: ("x", before[4][1]), 100: ("y", None)}


def test_fields_of_structs_that_the_source_lacks_keep_their_values(tmp_path) -> None:
    table = pa.table({"k": [1, 2], "s": [{"x": 1, "y": {"p": 1, "q": 1}}, {"x": 2, "y": {"p": 2, "q": 2}}]})
    ds = eider.write_dataset(table, str(tmp_path / "t.lance"))
    source = pa.table({"k": [9, 1], "s": [{"y": {"q": 90}}, {"y": {"q": 10}}]})
    assert upsert(ds, "k").execute(source) == counts(1, 1, 0)
    assert {row["k"]: row["s"] for row in ds.to_table().to_pylist()} == {
        2: {"x": 2, "y": {"p": 2, "q": 2}}, 1: {"x": 1, "y": {"p": 1, "q": 10}}, 9: {"x": None, "y": {"p": None, "q": 90}}}


def test_each_clause(ds) -> None:
    source = pa.table({"a": [3, 4, 100], "s": ["c", "d", "e"], "list": pa.array([[], [], []], pa.list_(pa.int64()))})
    assert ds.merge_insert("a").when_not_matched_insert_all().execute(source.slice(0, 3)) == counts(1, 0, 0)
    assert rows(ds)[3][0] == "row 3"
    assert ds.merge_insert("a").when_matched_update_all().execute(source.slice(0, 1)) == counts(0, 1, 0)
    assert ds.merge_insert("a").when_matched_delete().execute(source.select(["a"]).slice(1)) == counts(0, 0, 2)
    assert sorted(rows(ds)) == [a for a in range(20) if a != 4]
    with pytest.raises(eider.InvalidError, match="a = 3"):
        ds.merge_insert("a").when_matched_fail().when_not_matched_insert_all().execute(source)
    assert ds.merge_insert("a").when_matched_fail().when_not_matched_insert_all().execute(source.slice(1)) == counts(2, 0, 0)
    assert ds.merge_insert("a").when_not_matched_by_source_delete("a < $1", params=[10]).execute(source) == counts(0, 0, 8)
    assert ds.merge_insert("a").when_not_matched_by_source_delete(pc.field("a") < 12).execute(source) == counts(0, 0, 2)
    assert upsert(ds).when_not_matched_by_source_delete().execute(source) == counts(0, 3, 8)
    assert rows(ds) == {3: ("c", []), 4: ("d", []), 100: ("e", [])}


def test_conditions_see_both_rows(ds) -> None:
    source = pa.table({"a": [3, 4, 5, 100], "s": ["row 3", "x", "y", "z"], "list": [[0], [0], [0], [0]]})
    builder = ds.merge_insert("a").when_matched_update_all("source.s <> target.s OR target.s IS NULL AND source.a > $low", params={"low": 4})
    assert builder.when_not_matched_insert_all().execute(source) == counts(1, 2, 0)
    assert {a: rows(ds)[a][0] for a in (3, 4, 5, 100)} == {3: "row 3", 4: "x", 5: "y", 100: "z"}
    assert rows(ds)[3][1] == []
    for bad in ("s = 'x'", "source.nosuch = 1", "target.a", "source", "source.a ="):
        with pytest.raises(eider.InvalidError):
            ds.merge_insert("a").when_matched_update_all(bad).execute(source)


def test_several_rows_of_the_source_for_one_row_are_refused_with_the_key(ds) -> None:
    source = pa.table({"a": [7, 3, 3], "s": ["x", "y", "z"], "list": pa.array([[], [], []], pa.list_(pa.int64()))})
    with pytest.raises(eider.InvalidError, match=r"a = 7, s = row 7"):
        upsert(ds, ["a", "s"]).execute(pa.table({"a": [7, 7], "s": ["row 7"] * 2, "list": pa.array([[], []], pa.list_(pa.int64()))}))
    with pytest.raises(eider.InvalidError, match=r"a = 3"):
        ds.merge_insert("a").when_matched_delete().execute(source)
    twice = pa.table({"a": [100, 100], "s": ["x", "y"], "list": pa.array([[], []], pa.list_(pa.int64()))})
    assert upsert(ds).execute(twice) == counts(2, 0, 0)


@pytest.mark.parametrize("keys", [
    pa.array([1, 2, None, -128], pa.int8()), pa.array([2**64 - 1, 0, None, 5], pa.uint64()), pa.array([True, False, None, None]),
    pa.array(["a", "", None, "a" * 40]), pa.array([b"a", b"", None, b"\0"], pa.large_binary()),
    pa.array([uuid5(UUID(int=0), str(i)).bytes for i in range(3)] + [None], pa.binary(16)),
    pa.array([b"abc", b"abd", None, b"\0\0\0"], pa.binary(3)), pa.array([Decimal("1.50"), Decimal("-1.50"), None, Decimal(0)], pa.decimal128(9, 2)),
    pa.array([float("nan"), 0.0, None, -0.0]), pa.array(np.array([1, 0, -0.0, 7], np.float16)), pa.array([1, 2, None, 3], pa.timestamp("us", "UTC")),
    pa.array([[1], [], None, [1, None]]), pa.array([{"x": 1}, {"x": 2}, None, {"x": None}]), pa.array(["x", "y", None, "zz"]).dictionary_encode(),
], ids=lambda keys: str(keys.type))
def test_keys_of_every_type(tmp_path, keys) -> None:
    table = pa.table({"k": keys, "v": range(4)})
    ds = eider.write_dataset(table, str(tmp_path / "t.lance"))
    nulls = keys.null_count
    assert upsert(ds, "k").execute(pa.table({"k": keys, "v": range(10, 14)})) == counts(nulls, 4 - nulls, 0)
    assert sorted(ds.to_table()["v"].to_pylist()) == sorted([i for i in range(4) if not keys[i].is_valid] + list(range(10, 14)))


def test_a_primary_key_stands_in_for_on(tmp_path) -> None:
    field = pa.field("id", pa.int64(), nullable=False, metadata={"lance-schema:unenforced-primary-key": "true"})
    schema = pa.schema([field, pa.field("v", pa.int64())])
    ds = eider.write_dataset(pa.table([[1, 2], [1, 2]], schema=schema), str(tmp_path / "t.lance"))
    assert upsert(ds, None).execute(pa.table([[2, 3], [20, 30]], schema=schema)) == counts(1, 1, 0)
    assert ds.merge_insert("ID").when_matched_delete().execute(pa.table([[2]], schema=pa.schema([field]))) == counts(0, 0, 1)


def test_nothing_to_change_makes_no_version(ds) -> None:
    assert ds.merge_insert("a").when_matched_update_all().execute(pa.table({"a": [100], "s": ["x"]})) == counts(0, 0, 0)
    assert upsert(ds).execute(ds.schema.empty_table()) == counts(0, 0, 0)
    assert ds.version == ds.latest_version == 1


def test_blobs_and_json_come_along(tmp_path) -> None:
    schema = pa.schema([pa.field("a", pa.int64()), pa.field("b", pa.large_binary(), metadata={"lance-encoding:blob": "true"}),
                        pa.field("j", pa.json_())])
    blobs = [bytes([i]) * 1000 * i for i in range(6)]
    table = pa.table([range(6), pa.array([*blobs[:5], None], pa.large_binary()), pa.array([f'{{"k":{i}}}' for i in range(6)], pa.json_())], schema=schema)
    ds = eider.write_dataset(table, str(tmp_path / "t.lance"))
    assert upsert(ds).execute(pa.table([pa.array([4, 9]), pa.array(['{"k":40}', '{"k":90}'], pa.json_())], names=["a", "j"])) == counts(1, 1, 0)
    assert ds.to_table(columns=["a"])["a"].to_pylist() == [0, 1, 2, 3, 5, 4, 9]
    assert ds.to_table(columns=["j"])["j"].to_pylist()[-2:] == ['{"k":40}', '{"k":90}']
    assert [data for _, data in ds.read_blobs("b", indices=range(7))] == [*blobs[:4], None, blobs[4], None]
    for key in ("b", "j"):
        with pytest.raises(eider.UnsupportedError, match=key):
            upsert(ds, key).execute(ds.to_table())


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda ds, source: ds.merge_insert("a").execute(source), eider.InvalidError, "anything"),
    (lambda ds, source: upsert(ds, None).execute(source), eider.InvalidError, "primary key"),
    (lambda ds, source: upsert(ds, []).execute(source), eider.InvalidError, "primary key"),
    (lambda ds, source: upsert(ds, "nosuch").execute(source), eider.NotFoundError, "nosuch"),
    (lambda ds, source: upsert(ds, 5).execute(source), TypeError, "int"),
    (lambda ds, source: upsert(ds).execute(source.select(["s"])), eider.InvalidError, "'a'"),
    (lambda ds, source: upsert(ds).execute(source.append_column("extra", source["s"])), eider.InvalidError, "extra"),
    (lambda ds, source: upsert(ds).execute(source.set_column(0, "a", pa.array([1], pa.int32()))), eider.InvalidError, "int32"),
    (lambda ds, source: upsert(ds).execute(5), TypeError, "int"),
    (lambda ds, source: upsert(ds).conflict_retries(-1), eider.InvalidError, "max_retries"),
    (lambda ds, source: upsert(ds).retry_timeout("soon"), TypeError, "timeout"),
    (lambda ds, source: upsert(ds).use_index("yes"), TypeError, "use_index"),
    (lambda ds, source: upsert(ds).write_mode("fast"), eider.InvalidError, "fast"),
    (lambda ds, source: upsert(ds).write_mode("rewrite_columns").execute(source.select(["a", "s"])), eider.InvalidError, "inserted"),
    (lambda ds, source: columns(ds).execute(source), eider.InvalidError, "every column"),
    (lambda ds, source: columns(ds).execute(source.select(["a"])), eider.InvalidError, "beside its keys"),
    (lambda ds, source: columns(ds).when_matched_delete().execute(source.select(["a", "s"])), eider.InvalidError, "updated"),
    (lambda ds, source: columns(ds).when_not_matched_by_source_delete().execute(source.select(["a", "s"])), eider.InvalidError, "deleted"),
    (lambda ds, source: columns(ds).execute(pa.table({"a": [3, 3], "s": ["x", "y"]})), eider.InvalidError, "a = 3"),
    (lambda ds, source: upsert(ds).data_storage_version("2.0"), eider.UnsupportedError, "data_storage_version"),
])
def test_odd_arguments_are_named_and_change_nothing(call, error, message, ds) -> None:
    with pytest.raises(error, match=message):
        call(ds, pa.table({"a": [1], "s": ["x"], "list": [[1]]}))
    assert ds.version == ds.latest_version == 1


def test_nulls_cannot_be_inserted_where_there_must_be_none(tmp_path) -> None:
    schema = pa.schema([pa.field("a", pa.int64()), pa.field("b", pa.string(), nullable=False)])
    ds = eider.write_dataset(pa.table([[1, 2], ["x", "y"]], schema=schema), str(tmp_path / "t.lance"))
    assert ds.merge_insert("a").when_matched_update_all().execute(pa.table({"a": [1]})) == counts(0, 1, 0)
    with pytest.raises(eider.InvalidError, match="'b'"):
        upsert(ds).execute(pa.table({"a": [1, 9]}))
    with pytest.raises(eider.InvalidError, match="'b'"):
        upsert(ds).execute(pa.table({"a": [1, 9], "b": ["z", None]}))


def test_two_handles_insert_a_key_once(ds) -> None:
    other = eider.dataset(ds.uri)
    assert upsert(ds).execute(pa.table({"a": [100], "s": ["x"]})) == counts(1, 0, 0)
    assert upsert(other).retry_timeout(timedelta(seconds=60)).execute(pa.table({"a": [100, 101], "s": ["y", "z"]})) == counts(1, 1, 0)
    assert rows(other)[100] == ("y", None)
    stale = eider.dataset(ds.uri, version=1)
    with pytest.raises(eider.RetryableConflictError):
        upsert(stale).conflict_retries(0).execute(pa.table({"a": [101], "s": ["y"]}))


def _upsert_keys(uri: str, worker: int) -> None:
    for k in range(6):
        ds = eider.dataset(uri)
        upsert(ds).conflict_retries(10_000).execute(pa.table({"a": range(1000 + k, 1010 + k), "s": [f"{worker}"] * 10}), durability="none")


def test_processes_that_upsert_the_same_keys_leave_no_duplicates(ds) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_upsert_keys, args=(ds.uri, worker)) for worker in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert sorted(rows(eider.dataset(ds.uri))) == [*range(20), *range(1000, 1015)]


def test_a_source_larger_than_the_budget_is_merged_through_files(tmp_path) -> None:
    rows = 30_000
    text = [None if i % 7 == 0 else f"text number {i % 1000}" * (i % 4) for i in range(rows)]
    source = pa.table({
        "k": [None if i % 50 == 0 else f"key {i}" for i in range(rows)], "i": pa.array(range(rows), pa.int16()), "b": [i % 3 == 0 for i in range(rows)],
        "large": pa.array(text, pa.large_string()), "dict": pa.array(text).dictionary_encode(),
        "list": [[i, None] * (i % 3) for i in range(rows)], "vector": pa.FixedSizeListArray.from_arrays(pa.array(np.arange(rows * 4, dtype=np.float32)), 4),
        "struct": [None if i % 11 == 0 else {"x": i, "y": text[i]} for i in range(rows)], "null": pa.nulls(rows),
    })
    session = eider.Session(memory_limit=1 << 20)
    eider.write_dataset(source.slice(0, 1000), str(tmp_path / "t.lance"))
    ds = eider.dataset(str(tmp_path / "t.lance"), session=session)
    views = source.set_column(0, "k", source["k"].cast(pa.string_view())) if hasattr(pa, "string_view") else source
    assert upsert(ds, "k").execute(views.to_reader(1000)) == counts(rows - 980, 980, 0)
    merged = ds.to_table()
    nulls = merged.filter(pc.is_null(merged["k"]))
    assert nulls.num_rows == rows // 50 + 20
    merged = merged.filter(pc.is_valid(merged["k"])).sort_by("k")
    expected = source.filter(pc.is_valid(source["k"])).sort_by("k")
    for name in source.column_names:
        assert merged[name].to_pylist() == expected[name].to_pylist(), name
    assert session.memory_used <= 1 << 20


def files_of(ds: eider.LanceDataset) -> dict[int, list[list[int]]]:
    return {fragment.fragment_id: [list(file.fields) for file in fragment.metadata.files] for fragment in ds.get_fragments()}


def test_columns_are_rewritten_where_they_are(ds) -> None:
    ds.delete("a IN (2, 7)")
    before, files = rows(ds), files_of(ds)
    addresses = ds.to_table(columns=["a"], with_row_address=True)["_rowaddr"].to_pylist()
    source = pa.table({"s": ["x", None, "lost", "y"], "a": [8, 1, 77, 0]})
    assert columns(ds).execute(source) == counts(0, 3, 0)
    assert rows(ds) == before | {8: ("x", before[8][1]), 1: (None, before[1][1]), 0: ("y", before[0][1])}
    assert ds.to_table(columns=["a"], with_row_address=True)["_rowaddr"].to_pylist() == addresses
    for fragment, now in files_of(ds).items():
        s = files[fragment][0][1]
        assert now == ([[-2 if field == s else field for field in files[fragment][0]], [s]] if fragment < 2 else files[fragment])
    # Again, with a condition: the file that holds nothing any more is not listed.
    assert columns(ds).when_matched_update_all("source.s > target.s").execute(pa.table({"a": [8, 0], "s": ["a", "z"]})) == counts(0, 1, 0)
    assert rows(ds)[0][0] == "z"
    assert rows(ds)[8][0] == "x"
    assert all(len(now) <= 2 for now in files_of(ds).values())
    assert columns(ds).execute(pa.table({"a": [77], "s": ["a"]})) == counts(0, 0, 0)
    version = ds.version
    ds.optimize.compact_files()
    assert ds.version > version
    assert rows(ds)[0][0] == "z"


def test_a_large_source_rewrites_columns_through_files(tmp_path) -> None:
    rows_of = 20_000
    table = pa.table({"k": [f"key {i}" for i in range(rows_of)], "v": range(rows_of), "text": [f"text {i}" for i in range(rows_of)],
                      "s": [{"x": i, "y": i} for i in range(rows_of)], "kept": [b"kept"] * rows_of})
    eider.write_dataset(table, str(tmp_path / "t.lance"), max_rows_per_file=3000)
    ds = eider.dataset(str(tmp_path / "t.lance"), session=eider.Session(memory_limit=1 << 20))
    odd = [i for i in range(rows_of) if i % 3]
    source = pa.table({"text": [None if i % 5 == 0 else f"new {i}" for i in odd], "k": [f"key {i}" for i in odd], "s": [{"y": -i} for i in odd]})
    order = np.random.default_rng(1).permutation(len(odd))
    assert columns(ds, "k").execute(source.take(order).to_reader(1000)) == counts(0, len(odd), 0)
    merged = ds.to_table().to_pylist()
    assert [row["k"] for row in merged] == table["k"].to_pylist()
    for i, row in enumerate(merged):
        new = i % 3 != 0
        assert row["s"] == {"x": i, "y": -i if new else i}
        assert row["text"] == ((None if i % 5 == 0 else f"new {i}") if new else f"text {i}")
        assert (row["v"], row["kept"]) == (i, b"kept")


def test_rows_with_the_same_key_all_take_the_row_of_the_source(tmp_path) -> None:
    """The rows of the source that are written may come twice and leave others out, and are still no slice of it."""
    ds = eider.write_dataset(pa.table({"k": ["a", "a", "c"], "v": [1, 2, 3]}), tmp_path / "t")
    counts = ds.merge_insert("k").when_matched_update_all().execute(pa.table({"k": ["a", "b", "c"], "v": [10, 20, 30]}))
    assert counts["num_updated_rows"] == 3
    assert sorted(ds.to_table().to_pylist(), key=str) == [{"k": "a", "v": 10}, {"k": "a", "v": 10}, {"k": "c", "v": 30}]


@pytest.mark.parametrize("inserts", [False, True])
def test_small_merges_of_keys_that_repeat(inserts, tmp_path) -> None:
    rng = np.random.default_rng(11)
    for case in range(60):
        keys, source = rng.integers(0, 6, rng.integers(1, 9)), rng.permutation(8)[: rng.integers(1, 7)]
        ds = eider.write_dataset(pa.table({"k": keys, "v": np.arange(len(keys))}), tmp_path / f"{case}", max_rows_per_file=3)
        merge = ds.merge_insert("k").when_matched_update_all()
        (merge.when_not_matched_insert_all() if inserts else merge).execute(pa.table({"k": source, "v": source * 100}))
        expected = [(k, k * 100 if k in source else v) for v, k in enumerate(keys)]
        expected += [(k, k * 100) for k in source if inserts and k not in keys]
        assert sorted((row["k"], row["v"]) for row in ds.to_table().to_pylist()) == sorted(expected)


@pytest.mark.parametrize("mode", ["rewrite_rows", "rewrite_columns"])
def test_items_of_lists_come_whole(tmp_path, mode):
    ds = eider.write_dataset(pa.table({"id": [1], "l": [[{"p": 1, "q": 2}]], "x": [0]}), tmp_path / "t")
    source = pa.table({"id": [1], "l": [[{"p": 9}]]})
    with pytest.raises(eider.InvalidError, match="'l'.*'q'|no cast"):
        ds.merge_insert("id").when_matched_update_all().write_mode(mode).execute(source)
    assert ds.to_table()["l"].to_pylist() == [[{"p": 1, "q": 2}]]
    whole = pa.table({"id": [1], "l": [[{"q": 8, "p": 9}]]})
    if mode == "rewrite_rows":
        ds.merge_insert("id").when_matched_update_all().write_mode(mode).execute(whole)
        assert ds.to_table()["l"].to_pylist() == [[{"p": 9, "q": 8}]]


def test_batches_merge_as_other_sources(ds):
    source = pa.table({"a": [3, 77], "s": ["new", "more"]})
    builder = ds.merge_insert("a").when_matched_update_all().when_not_matched_insert_all()
    assert "num_updated_rows=1" in builder.analyze_plan_batches(source)
    transaction, metrics = builder.execute_uncommitted_batches(source)
    assert metrics == builder.execute_batches(source) and transaction.read_version == 1
    assert ds.to_table(filter="a IN (3, 77)").column("s").to_pylist() == ["new", "more"]
