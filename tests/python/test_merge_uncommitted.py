"""Merges without a commit, what they say they do, and keys that are UUIDs."""

import json
import pathlib
import pickle
import uuid

import pyarrow as pa
import pytest

import eider

lance = pytest.importorskip("lance")


@pytest.fixture
def table(write):
    return write(pa.table({"id": range(6), "v": [float(i) for i in range(6)], "w": ["a"] * 6}), max_rows_per_file=3)


def upsert(ds, on="id"):
    return ds.merge_insert(on).when_matched_update_all().when_not_matched_insert_all()


def rows_of(ds):
    return sorted(ds.to_table(columns=["id", "v"]).to_pylist(), key=lambda row: row["id"])


NEW = pa.table({"id": [2, 9], "v": [20.0, 90.0], "w": ["x", "y"]})


def test_a_merge_is_committed_by_another(table):
    transaction, metrics = upsert(table).execute_uncommitted(NEW)
    assert metrics == {"num_inserted_rows": 1, "num_updated_rows": 1, "num_deleted_rows": 0}
    assert isinstance(transaction.operation, eider.LanceOperation.Update)
    assert eider.dataset(table.uri).version == 1
    committed = eider.LanceDataset.commit(table.uri, pickle.loads(pickle.dumps(transaction)))
    assert committed.version == 2
    assert [row["v"] for row in rows_of(committed)] == [0, 1, 20, 3, 4, 5, 90]
    assert rows_of(lance.dataset(table.uri)) == rows_of(committed)


def test_the_transaction_is_as_pylance_has_it(table):
    mine, _ = upsert(table).execute_uncommitted(NEW)
    theirs, _ = upsert(lance.dataset(table.uri)).execute_uncommitted(NEW)
    for name in ("removed_fragment_ids", "fields_modified", "fields_for_preserving_frag_bitmap", "update_mode"):
        assert getattr(mine.operation, name) == getattr(theirs.operation, name)
    for name in ("updated_fragments", "new_fragments"):
        shapes = [[(f.id, f.physical_rows, f.num_deletions) for f in getattr(t.operation, name)] for t in (mine, theirs)]
        assert shapes[0] == shapes[1]


def test_pylance_commits_ours(table):
    mine, _ = upsert(table).execute_uncommitted(NEW)
    fragments = {}
    for name in ("updated_fragments", "new_fragments"):
        given = getattr(mine.operation, name)
        fragments[name] = [lance.FragmentMetadata.from_json(json.dumps(fragment.to_json())) for fragment in given]
    operation = lance.LanceOperation.Update(**fragments, fields_for_preserving_frag_bitmap=mine.operation.fields_for_preserving_frag_bitmap)
    lance.LanceDataset.commit(table.uri, operation, read_version=1)
    assert [row["v"] for row in rows_of(eider.dataset(table.uri))] == [0, 1, 20, 3, 4, 5, 90]


def test_of_two_that_insert_the_same_key_one_is_committed(table):
    first, _ = upsert(table).execute_uncommitted(NEW)
    second, _ = upsert(table).execute_uncommitted(pa.table({"id": [9], "v": [1.0], "w": ["z"]}))
    apart, _ = upsert(table).execute_uncommitted(pa.table({"id": [77], "v": [1.0], "w": ["z"]}))
    eider.LanceDataset.commit(table.uri, pickle.loads(pickle.dumps(first)))
    with pytest.raises(eider.RetryableConflictError):
        eider.LanceDataset.commit(table.uri, pickle.loads(pickle.dumps(second)))
    assert eider.LanceDataset.commit(table.uri, apart).count_rows() == 8


def test_columns_alone(table):
    builder = table.merge_insert("id").when_matched_update_all().write_mode("rewrite_columns")
    transaction, metrics = builder.execute_uncommitted(NEW.select(["id", "v"]))
    assert metrics["num_updated_rows"] == 1
    assert transaction.operation.update_mode == "rewrite_columns"
    committed = eider.LanceDataset.commit(table.uri, transaction)
    assert committed.to_table(columns=["v"]).column(0).to_pylist() == [0, 1, 20, 3, 4, 5]


def test_a_plan_names_what_is_read_and_written(table):
    builder = table.merge_insert("id").when_matched_update_all("source.v > target.v").when_not_matched_insert_all()
    plan = builder.explain_plan(pa.schema([("id", pa.int64()), ("v", pa.float64())]))
    assert plan.splitlines()[0] == "MergeInsert: on=[id], when_matched=UpdateIf, when_not_matched=InsertAll, when_not_matched_by_source=Keep"
    assert "Scan: columns=[id, v], row_address=true, num_fragments=2" in plan
    assert "TakeRows: of rows that match, columns=[w]" in plan
    assert "TakeRows" not in upsert(table).explain_plan(), "a source with every column needs none"
    assert "null keys" in upsert(table).explain_plan(verbose=True)
    everything = upsert(table).when_not_matched_by_source_delete("v > 3").explain_plan()
    assert "when_not_matched_by_source=DeleteIf" in everything
    assert "filter=v > 3" in everything
    assert "WriteRows" not in table.merge_insert("id").when_matched_delete().explain_plan()
    first = upsert(lance.dataset(table.uri)).explain_plan().splitlines()[0]
    assert upsert(table).explain_plan().splitlines()[0] == first
    with pytest.raises(eider.InvalidError, match="not told"):
        table.merge_insert("id").explain_plan()
    with pytest.raises(eider.InvalidError, match="'id'"):
        upsert(table).explain_plan(pa.schema([("v", pa.float64())]))


def test_an_analysis_leaves_nothing_behind(table):
    def files():
        return sorted(path for path in pathlib.Path(table.uri).rglob("*") if path.is_file())

    before = files()
    plan = upsert(table).analyze_plan(iter([NEW]), schema=NEW.schema)
    assert "num_inserted_rows=1, num_updated_rows=1, num_deleted_rows=0, bytes_written=" in plan
    assert "num_files_written=1" in plan
    assert files() == before
    assert eider.dataset(table.uri).version == 1


def uuids(numbers, kind):
    return pa.array([uuid.uuid5(uuid.NAMESPACE_OID, str(i)).bytes for i in numbers], pa.binary(16)).cast(kind)


@pytest.mark.parametrize("kind", [pa.binary(16), pa.uuid()], ids=["fixed_size_binary", "arrow.uuid"])
class TestUuids:
    def table(self, write, kind):
        return write(pa.table({"id": uuids(range(6), kind), "v": [float(i) for i in range(6)]}), max_rows_per_file=3)

    def source(self, kind, numbers):
        return pa.table({"id": uuids(numbers, kind), "v": [float(10 * i) for i in numbers]})

    def test_rows_are_updated_and_inserted(self, write, kind):
        ds = self.table(write, kind)
        assert upsert(ds).execute(self.source(kind, [2, 9])) == {"num_inserted_rows": 1, "num_updated_rows": 1, "num_deleted_rows": 0}
        assert sorted(ds.to_table(columns=["v"]).column(0).to_pylist()) == [0, 1, 3, 4, 5, 20, 90]
        assert ds.merge_insert("id").when_matched_delete().execute(self.source(kind, [0, 9]).select(["id"]))["num_deleted_rows"] == 2

    def test_concurrent_upserts_of_a_key_do_not_both_insert_it(self, write, kind):
        ds = self.table(write, kind)
        stale = [eider.dataset(ds.uri) for _ in range(3)]
        assert upsert(ds).execute(self.source(kind, [7, 8]))["num_inserted_rows"] == 2
        assert upsert(stale[0]).execute(self.source(kind, [8, 9])) == {"num_inserted_rows": 1, "num_updated_rows": 1, "num_deleted_rows": 0}
        upsert(stale[1]).conflict_retries(0).execute(self.source(kind, [11]))
        with pytest.raises(eider.RetryableConflictError):
            upsert(stale[2]).conflict_retries(0).execute(self.source(kind, [9]))
        keys = eider.dataset(ds.uri).to_table(columns=["id"]).column(0).to_pylist()
        assert len(keys) == len(set(keys)) == 10

    def test_nor_when_pylance_was_first(self, write, kind):
        ds = self.table(write, kind)
        upsert(lance.dataset(ds.uri)).execute(self.source(kind, [7, 8]))
        assert upsert(ds).execute(self.source(kind, [8, 9])) == {"num_inserted_rows": 1, "num_updated_rows": 1, "num_deleted_rows": 0}
        assert ds.count_rows() == 9

    def test_nulls_match_nothing(self, write, kind):
        ds = self.table(write, kind)
        source = pa.table({"id": pa.array([None, None], pa.binary(16)).cast(kind), "v": [1.0, 2.0]})
        assert upsert(ds).execute(source)["num_inserted_rows"] == 2
        assert upsert(ds).execute(source)["num_inserted_rows"] == 2
