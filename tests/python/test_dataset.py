"""Opening, versions, and what a dataset says about itself."""

import datetime
import os
import pathlib
import pickle
import uuid

import numpy as np
import pyarrow as pa
import pytest

import eider


def test_round_trip(ds, table):
    assert ds.to_table() == table
    assert ds.schema == table.schema
    assert ds.count_rows() == len(ds) == 10


def test_says_what_it_is(ds, uri):
    assert ds.uri == uri
    assert ds.version == ds.latest_version == 1
    assert ds.data_storage_version == "2.2"
    assert repr(ds) == f"LanceDataset(uri={uri!r}, version=1)"


def test_accepts_a_path(table, tmp_path):
    eider.write_dataset(table, tmp_path / "p.lance")
    assert eider.dataset(tmp_path / "p.lance").count_rows() == 10
    assert eider.LanceDataset(pathlib.Path(tmp_path / "p.lance")).count_rows() == 10


def test_versions(ds, table, uri):
    eider.write_dataset(table.slice(0, 3), uri, mode="append")
    found = eider.dataset(uri).versions()
    assert [v["version"] for v in found] == [1, 2]
    assert all(isinstance(v["timestamp"], datetime.datetime) for v in found)
    assert abs(found[-1]["timestamp"] - datetime.datetime.now()) < datetime.timedelta(minutes=5)
    assert found[-1]["metadata"]["total_rows"] == "13"


def test_old_versions_stay_readable(ds, table, uri):
    new = eider.write_dataset(table, uri, mode="append")
    assert new.count_rows() == 20
    assert ds.count_rows() == 10
    assert ds.latest_version == 2
    assert new.checkout_version(1).count_rows() == 10
    assert new.checkout_version((None, 1)).count_rows() == 10
    assert eider.dataset(uri, version=1).to_table() == table
    ds.checkout_latest()
    assert ds.version == 2


def test_asof(ds, table, uri):
    between = datetime.datetime.now()
    eider.write_dataset(table, uri, mode="append")
    assert eider.dataset(uri, asof=between).version == 1
    assert eider.dataset(uri, asof=between.astimezone(datetime.timezone.utc)).version == 1
    assert eider.dataset(uri, asof=datetime.datetime.now()).version == 2
    assert eider.dataset(uri, asof=datetime.datetime.now().isoformat()).version == 2
    with pytest.raises(eider.NotFoundError, match="earlier than the first version"):
        eider.dataset(uri, asof="2000-01-01")


def test_append_may_lack_nullable_columns_and_reorder(ds, uri):
    more = pa.table({"name": ["new"], "id": pa.array([99], pa.int64())})
    ds = eider.write_dataset(more, uri, mode="append")
    assert ds.take([10]).to_pylist() == [{"id": 99, "name": "new", "box": None, "vector": None}]


def test_append_creates_what_is_not_there(table, uri):
    assert eider.write_dataset(table, uri, mode="append").count_rows() == 10


def test_overwrite(ds, uri):
    ds = eider.write_dataset(pa.table({"k": [1]}), uri, mode="overwrite")
    assert ds.schema.names == ["k"]
    assert ds.version == 2
    assert ds.checkout_version(1).count_rows() == 10


def test_write_into_a_dataset(ds, table):
    appended = eider.write_dataset(table, ds, mode="append")
    assert appended.uri == ds.uri
    assert appended.count_rows() == 20
    ds.insert(table)
    assert ds.version == 3
    assert ds.count_rows() == 30


def test_lance_schema(ds):
    schema = ds.lance_schema
    assert [(f.name(), f.id()) for f in schema.fields()] == [("id", 0), ("name", 1), ("box", 2), ("vector", 5)]
    assert [c.name() for c in schema.field("box").children()] == ["x", "tag"]
    assert schema.field("box.x").parent_id == 2
    assert schema.field("nothing") is None
    assert schema.to_pyarrow() == ds.schema
    assert schema.field("id").to_arrow() == ds.schema.field("id")
    assert ds.max_field_id == 5
    assert "box: struct" in repr(schema)
    assert eider.LanceSchema.from_pyarrow(ds.schema).field("vector").logical_type == "fixed_size_list:float:4"


def test_metadata_is_kept(write):
    schema = pa.schema([pa.field("x", pa.int64(), metadata={"unit": "m"})], metadata={"origin": "test"})
    ds = write(pa.table({"x": [1]}, schema=schema), table_metadata={"snapshot": "7"})
    assert ds.schema.field("x").metadata == {b"unit": b"m"}
    assert ds.schema.metadata == {b"origin": b"test"}
    assert ds.schema_metadata == {"origin": "test"}
    assert ds.metadata == {"snapshot": "7"}


def test_extension_types_are_kept(write):
    tensor = pa.FixedShapeTensorArray.from_numpy_ndarray(np.zeros((3, 2, 4), dtype=np.uint8))
    ids = pa.array([uuid.UUID(int=i).bytes for i in range(3)], pa.binary(16)).cast(pa.uuid())
    ds = write(pa.table({"image": tensor, "id": ids}))
    assert ds.schema.field("image").type == tensor.type
    assert ds.schema.field("id").type == pa.uuid()
    assert ds.take([1]).column("image").combine_chunks().to_numpy_ndarray().shape == (1, 2, 4)


def test_file_versions(write, table):
    assert write(table, data_storage_version="2.1").data_storage_version == "2.1"
    assert write(table, data_storage_version="stable").data_storage_version == "2.2"
    assert write(table.drop_columns(["box"]), data_storage_version="2.0").data_storage_version == "2.0"
    for version in ("legacy", "2.3", "next", "9.9"):
        with pytest.raises(ValueError):
            write(table, data_storage_version=version)


def test_commit_message_and_durability(write, table):
    assert write(table, commit_message="first", durability="none").version == 1
    assert write(table, durability="full").version == 1
    with pytest.raises(eider.InvalidError, match="durability"):
        write(table, durability="maybe")


def test_zero_rows(write, table):
    ds = write(table.slice(0, 0))
    assert ds.count_rows() == 0
    assert ds.to_table().schema == table.schema
    assert ds.to_table().num_rows == 0
    assert list(ds.to_batches()) == []
    assert ds.take([]).num_rows == 0


def test_session(write, table, uri):
    session = eider.Session(memory_limit=1 << 28)
    assert session.memory_limit == 1 << 28
    ds = eider.write_dataset(table, uri, session=session)
    assert ds.session().is_same_as(session)
    assert eider.dataset(uri, session=session).to_table() == table
    assert not eider.dataset(uri).session().is_same_as(session)
    assert eider.Session(1 << 20, 1 << 20).memory_limit == eider.Session().memory_limit  # hints without effect
    with pytest.raises(eider.InvalidError, match="index_cache_size_bytes"):
        eider.Session(-1)
    with pytest.raises(eider.UnsupportedError, match="index_cache_backend"):
        eider.Session(index_cache_backend=object())


def test_default_scan_options(ds, uri):
    ds = eider.dataset(uri, default_scan_options={"columns": ["id"], "batch_size": 4})
    assert [b.num_rows for b in ds.to_batches()] == [4, 4, 2]
    assert ds.to_table().schema.names == ["id"]
    assert ds.to_table(columns=["name"]).schema.names == ["name"]


def test_memory_uri(table):
    ds = eider.write_dataset(table, "memory://python/t.lance")
    assert ds.to_table() == table
    assert eider.dataset("memory://python/t.lance").count_rows() == 10


def test_file_uri(ds, uri, table):
    assert eider.dataset("file://" + os.path.abspath(uri)).to_table() == table


def test_defaults_that_no_scan_obeys_are_refused(uri, ds):
    with pytest.raises(eider.UnsupportedError, match="nearest"):
        eider.dataset(uri, default_scan_options={"nearest": {}})
    with pytest.raises(eider.InvalidError, match="asof"):
        eider.dataset(uri, version=1, asof="2999-01-01")


def test_schemas_and_fields_are_equal_by_what_they_say(ds, uri, table):
    schema = ds.lance_schema
    for other in (eider.dataset(uri).lance_schema, pickle.loads(pickle.dumps(schema))):
        assert schema == other and hash(schema) == hash(other) and not schema != other
    first, second = schema.fields()[:2]
    assert first == eider.dataset(uri).lance_schema.fields()[0] and first != second and hash(first) == hash(schema.fields()[0])
    ds.alter_columns({"path": "id", "name": "key"})
    assert schema != ds.lance_schema and first != ds.lance_schema.fields()[0]
    assert schema != None and schema != 1 and first != "id"  # noqa: E711
