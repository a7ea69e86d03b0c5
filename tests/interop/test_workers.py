"""Fragments and transactions made by one engine and committed by the other."""

from __future__ import annotations

import importlib
import json

import lance
import pyarrow as pa
import pytest

import eider
from tests.interop.roundtrip import scratch

PAIRS = [(eider, lance), (lance, eider)]


def table(start: int = 0) -> pa.Table:
    return pa.table({"id": pa.array(range(start, start + 10), pa.int64()), "name": [f"n{i}" for i in range(start, start + 10)]})


def fragments_of(module):
    return importlib.import_module(module.__name__ + ".fragment")


def sent(fragment, to):
    """A fragment of one engine as the other has it, through JSON."""
    return fragments_of(to).FragmentMetadata.from_json(json.dumps(fragment.to_json()))


@pytest.fixture(params=PAIRS, ids=["eider works", "pylance works"])
def pair(request):
    return request.param


@pytest.fixture(params=[False, True], ids=["", "stable"])
def uri(request, pair):
    with scratch() as folder:
        uri = str(folder / "d.lance")
        pair[0].write_dataset(table(), uri, max_rows_per_file=4, enable_stable_row_ids=request.param)
        yield uri


def same(uri) -> pa.Table:
    one, two = eider.dataset(uri), lance.dataset(uri)
    assert one.schema == two.schema
    assert one.to_table(with_row_id=True).equals(two.to_table(with_row_id=True))
    return one.to_table()


def test_json_is_the_same(uri):
    for ours, theirs in zip(eider.dataset(uri).get_fragments(), lance.dataset(uri).get_fragments(), strict=True):
        assert ours.metadata.to_json() == theirs.metadata.to_json()
    eider.dataset(uri).delete("id = 1")
    ours, theirs = eider.dataset(uri).get_fragments()[0].metadata, lance.dataset(uri).get_fragments()[0].metadata
    assert ours.to_json() == theirs.to_json()
    assert ours.deletion_file.asdict() == theirs.deletion_file.asdict()
    assert ours.deletion_file.path(0).endswith(theirs.deletion_file.path(0).split("/")[-1])


def test_appends_and_overwrites(pair, uri):
    worker, driver = pair
    made = [sent(f, driver) for f in fragments_of(worker).write_fragments(table(10), uri, max_rows_per_file=7)]
    ds = driver.LanceDataset.commit(uri, driver.LanceOperation.Append(made), read_version=1, commit_message="by workers")
    assert same(uri)["id"].to_pylist() == list(range(20))
    assert eider.dataset(uri).read_transaction(ds.version).transaction_properties == {"__lance_commit_message": "by workers"}
    made = [sent(worker.LanceFragment.create(uri, table(5), mode="overwrite"), driver)]
    driver.LanceDataset.commit(uri, driver.LanceOperation.Overwrite(table().schema, made))
    assert same(uri)["id"].to_pylist() == list(range(5, 15))
    worker.write_dataset(table(), uri, mode="append")
    assert same(uri).num_rows == 20


def test_deletes_columns_and_updates(pair, uri):
    worker, driver = pair
    made = worker.dataset(uri).get_fragments()
    left = sent(made[0].delete("id < 2"), driver)
    driver.LanceDataset.commit(uri, driver.LanceOperation.Delete([left], [], "id < 2"), read_version=1)
    left = sent(worker.dataset(uri).get_fragments()[1].delete_rows([1]), driver)
    driver.LanceDataset.commit(uri, driver.LanceOperation.Delete([left], [], "id = 5"), read_version=2)
    assert same(uri)["id"].to_pylist() == [2, 3, 4, 6, 7, 8, 9]
    merged = [sent(f.merge_columns({"x": "id * 2"})[0], driver) for f in worker.dataset(uri).get_fragments()]
    worker.dataset(uri, version=3)
    schema = driver.schema.LanceSchema.from_pyarrow(same(uri).schema.append(pa.field("x", pa.int64())))
    driver.LanceDataset.commit(uri, driver.LanceOperation.Merge(merged, schema), read_version=3)
    assert same(uri)["x"].to_pylist() == [4, 6, 8, 12, 14, 16, 18]
    new = pa.table({"id": [3, 8], "name": ["three", None]})
    changed = [f.update_columns(new, "id") for f in worker.dataset(uri).get_fragments()]
    update = driver.LanceOperation.Update(updated_fragments=[sent(f, driver) for f, _ in changed], fields_modified=list(changed[0][1]))
    driver.LanceDataset.commit(uri, update, read_version=4)
    assert same(uri)["name"].to_pylist() == ["n2", "three", "n4", "n6", "n7", None, "n9"]
    worker.dataset(uri).optimize.compact_files()
    driver.dataset(uri).update({"x": "0"}, where="id = 2")
    assert sorted(same(uri)["x"].to_pylist()) == [0, 6, 8, 12, 14, 16, 18]


def test_merge(pair, uri):
    one, two = pair
    one.dataset(uri).delete("id = 4")
    one.dataset(uri).merge(pa.table({"key": [9, 0], "v": [1.5, 2.5]}), "id", "key")
    two.dataset(uri).merge(pa.table({"name": ["n7"], "w": ["seven"]}), "name")
    found = same(uri)
    assert found["v"].to_pylist() == [2.5, *[None] * 7, 1.5]
    assert found["w"].to_pylist() == [*[None] * 6, "seven", None, None]


def test_replaced_data_files(pair, uri):
    worker, driver = pair
    worker.dataset(uri).add_columns({"n": "id"})
    other = worker.dataset(uri, version=1).get_fragments()[1].merge_columns({"n": "id + 100"})[0].files[-1]
    files = fragments_of(driver)
    new = files.DataFile(str(other.path), list(other.fields), list(other.column_indices), 2, 2, other.file_size_bytes)
    group = driver.LanceOperation.DataReplacementGroup(1, new)
    driver.LanceDataset.commit(uri, driver.LanceOperation.DataReplacement([group]), read_version=2)
    assert same(uri)["n"].to_pylist() == [0, 1, 2, 3, 104, 105, 106, 107, 8, 9]


def test_transactions_are_read_alike(uri):
    ds = lance.dataset(uri)
    ds.insert(table(10))
    eider.dataset(uri).delete("id = 3")
    lance.dataset(uri).update({"name": "'x'"}, where="id = 1")
    eider.dataset(uri).update({"name": "'y'"}, where="id = 2")
    lance.dataset(uri).add_columns({"x": "id"})
    eider.dataset(uri).add_columns({"y": "id"})
    lance.dataset(uri).drop_columns(["x"])
    eider.dataset(uri).update_config({"a": "b", "c": None})
    lance.dataset(uri).optimize.compact_files()
    eider.dataset(uri).optimize.compact_files(target_rows_per_fragment=3)
    ours, theirs = eider.dataset(uri).get_transactions(20), lance.dataset(uri).get_transactions(20)
    assert len(ours) == len(theirs)
    for one, two in zip(ours, theirs, strict=True):
        assert (one.read_version, one.uuid, one.transaction_properties) == (two.read_version, two.uuid, two.transaction_properties)
        if type(one.operation).__name__ == "Other":
            continue
        assert type(one.operation).__name__ == type(two.operation).__name__
        for name in ("fragments", "updated_fragments", "new_fragments"):
            if hasattr(two.operation, name):
                assert [f.to_json() for f in getattr(one.operation, name)] == [f.to_json() for f in getattr(two.operation, name)]
        for name in ("update_mode", "fields_modified", "predicate", "preserves_nullability", "removed_fragment_ids"):
            if hasattr(two.operation, name):
                assert getattr(one.operation, name) == getattr(two.operation, name), name


def test_detached_versions(pair, uri):
    worker, driver = pair
    fragments = [sent(f, driver) for f in fragments_of(worker).write_fragments(table(10), uri)]
    beside = driver.LanceDataset.commit(uri, driver.LanceOperation.Append(fragments), read_version=1, detached=True)
    for each in pair:
        assert each.dataset(uri).version == 1
        assert each.dataset(uri, version=beside.version).count_rows() == 20
    worker.write_dataset(table(), uri, mode="append")
    assert same(uri).num_rows == 20
