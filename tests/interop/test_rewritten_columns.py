"""Columns that a merge rewrites: in tables with stable row ids, and of blobs."""

from __future__ import annotations

import lance
import pyarrow as pa
import pytest

import eider

BLOB = {"lance-encoding:blob": "true"}
LINEAGE = ["a", "b", "_rowid", "_row_created_at_version", "_row_last_updated_at_version"]


def rewrite(ds, source):
    return ds.merge_insert("a").when_matched_update_all().write_mode("rewrite_columns").execute(source)


@pytest.mark.parametrize("first", [eider, lance], ids=["eider first", "pylance first"])
def test_rows_keep_their_ids_and_only_those_that_change_a_new_version(first, tmp_path) -> None:
    seen = []
    for folder, engine in (("one", first), ("two", eider if first is lance else lance)):
        uri = str(tmp_path / folder)
        eider.write_dataset(pa.table({"a": range(30), "b": range(100, 130), "c": ["c"] * 30}), uri, max_rows_per_file=10, enable_stable_row_ids=True)
        eider.dataset(uri).delete("a = 3")
        assert rewrite(engine.dataset(uri), pa.table({"a": [2, 4, 25, 99], "b": [-2, -4, -25, -99]}))["num_updated_rows"] == 3
        other = eider if engine is lance else lance
        assert rewrite(other.dataset(uri), pa.table({"a": [4, 5], "b": [-40, -50]}))["num_updated_rows"] == 2
        for reader in (eider, lance):
            lance.dataset(uri).validate()
            seen.append(reader.dataset(uri).to_table(columns=LINEAGE))
    assert all(table.equals(seen[0]) for table in seen)
    assert dict(zip(seen[0]["a"].to_pylist(), seen[0]["_row_last_updated_at_version"].to_pylist(), strict=True)) == {
        a: {2: 3, 25: 3, 4: 4, 5: 4}.get(a, 1) for a in range(30) if a != 3
    }


def table_with_blobs(uri: str, version: str):
    schema = pa.schema([pa.field("a", pa.int64()), pa.field("b", pa.large_binary(), metadata=BLOB), pa.field("c", pa.int64())])
    data = [None if i % 7 == 0 else bytes([i]) * (i * 1000) for i in range(40)]
    rows = pa.table([pa.array(range(40)), pa.array(data, pa.large_binary()), pa.array(range(40))], schema=schema)
    ds = eider.write_dataset(rows, uri, max_rows_per_file=20, data_storage_version=version)
    ds.delete("a = 3")
    return ds, {i: data[i] for i in range(40) if i != 3}


def blobs_of(engine, uri) -> dict[int, bytes | None]:
    ds = engine.dataset(uri)
    table = ds.to_table(columns=["a", "b"], blob_handling="all_binary")
    return dict(zip(table["a"].to_pylist(), table["b"].to_pylist(), strict=True))


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2"])
def test_blobs_are_replaced_where_they_are(version, tmp_path) -> None:
    uri = str(tmp_path / "t.lance")
    ds, expected = table_with_blobs(uri, version)
    changed = {2: b"new", 5: None, 14: b"was null", 21: b"x" * 200_000}
    source = pa.table({"a": list(changed), "b": pa.array(changed.values(), pa.large_binary())})
    assert rewrite(ds, source)["num_updated_rows"] == 4
    expected |= changed
    for engine in (eider, lance):
        assert blobs_of(engine, uri) == expected, engine.__name__
    lance.dataset(uri).validate()
    assert [len(fragment.data_files()) for fragment in ds.get_fragments()] == [2, 2]


def test_other_columns_leave_blobs_alone(tmp_path) -> None:
    uri = str(tmp_path / "t.lance")
    ds, expected = table_with_blobs(uri, "2.2")
    before = {file.path for fragment in ds.get_fragments() for file in fragment.data_files()}
    rewrite(ds, pa.table({"a": [2, 30], "c": [-2, -30]}))
    assert before <= {file.path for fragment in ds.get_fragments() for file in fragment.data_files()}
    assert blobs_of(eider, uri) == expected


def test_blobs_of_form_v2_come_as_structs(tmp_path) -> None:
    uri = str(tmp_path / "t.lance")
    ds, expected = table_with_blobs(uri, "2.2")
    values = eider.blob_array([b"one", None])
    rewrite(ds, pa.table({"a": [1, 2], "b": values}))
    assert blobs_of(eider, uri) == expected | {1: b"one", 2: None}
