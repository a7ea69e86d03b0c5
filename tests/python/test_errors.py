"""Each failure is one class of ours that also is the built-in class expected there."""

import pickle

import pyarrow as pa
import pytest

import eider


def test_kinds():
    kinds = {getattr(eider.error, name).kind for name in eider.error.__all__}
    assert len(kinds) == len(eider.error.__all__)
    for name in eider.error.__all__:
        kind = getattr(eider.error, name)
        assert issubclass(kind, eider.EiderError)
        error = pickle.loads(pickle.dumps(kind("page 7: values")))
        assert str(error) == "page 7: values"
        assert error.kind == kind.kind


def check(call, ours, also, match):
    with pytest.raises(ours, match=match) as caught:
        call()
    for base in also:
        assert isinstance(caught.value, base)


def test_no_dataset(tmp_path):
    missing = tmp_path / "missing.lance"
    check(lambda: eider.dataset(missing), eider.NotFoundError, (ValueError,), "missing.lance")
    (tmp_path / "empty").mkdir()
    check(lambda: eider.dataset(tmp_path / "empty"), eider.NotFoundError, (ValueError,), "empty")
    (tmp_path / "file").write_bytes(b"not a folder")
    with pytest.raises(ValueError):
        eider.dataset(tmp_path / "file")


def test_no_version(ds, uri):
    check(lambda: eider.dataset(uri, version=99), eider.NotFoundError, (ValueError,), "99")
    check(lambda: ds.checkout_version(99), eider.NotFoundError, (OSError,), "99")
    check(lambda: ds.checkout_version("tag"), eider.UnsupportedError, (OSError,), "tag")
    check(lambda: ds.checkout_version(("branch", 1)), eider.UnsupportedError, (), "branch")


def test_no_column(ds):
    check(lambda: ds.to_table(columns=["nothing"]), eider.NotFoundError, (ValueError,), "nothing.*id, name")
    check(lambda: ds.to_table(columns=["box.nothing"]), eider.NotFoundError, (ValueError,), "nothing")
    check(lambda: ds.take([0], columns=["nothing"]), eider.NotFoundError, (ValueError,), "nothing")
    check(lambda: ds.to_table(columns=["ID"]), eider.NotFoundError, (ValueError,), "ID")


def test_create_over_a_dataset(ds, uri, table):
    check(lambda: eider.write_dataset(table, uri), eider.AlreadyExistsError, (OSError,), "t.lance")


def test_wrong_schema_on_append(ds, uri):
    def append(data):
        return lambda: eider.write_dataset(data, uri, mode="append")

    check(append(pa.table({"other": [1]})), eider.InvalidError, (OSError,), "other")
    check(append(pa.table({"id": ["text"]})), eider.InvalidError, (OSError,), "id.*int64.*string|id.*string.*int64")
    assert eider.dataset(uri).version == 1


def test_wrong_mode_and_uri(table, tmp_path):
    check(lambda: eider.write_dataset(table, tmp_path / "x", mode="bogus"), eider.InvalidError, (ValueError,), "bogus")
    check(lambda: eider.write_dataset(table), eider.InvalidError, (ValueError,), "uri")
    check(lambda: eider.dataset(), eider.InvalidError, (ValueError,), "uri")
    check(lambda: eider.dataset("foo://bucket/x"), eider.UnsupportedError, (ValueError,), "foo")
    check(lambda: eider.write_dataset(table, "s3://bucket/x"), eider.UnsupportedError, (ValueError,), "s3")


LATER = {
    "data_cache_bytes": 1,
    "max_page_bytes": 1,
    "commit_lock": print,
    "progress": print,
    "storage_options": {"k": "v"},
    "use_legacy_format": True,
    "auto_cleanup_options": object(),
    "initial_bases": [1],
    "target_bases": ["a"],
    "target_all_bases": True,
    "base_store_params": {"a": {}},
    "external_blob_mode": "ingest",
    "allow_external_blob_outside_bases": True,
    "blob_pack_file_size_threshold": 1,
    "namespace_client": object(),
    "table_id": ["a"],
}


@pytest.mark.parametrize("name", LATER)
def test_an_argument_of_write_that_comes_later_is_refused_by_name(table, tmp_path, name):
    with pytest.raises(eider.UnsupportedError, match=f"'{name}'"):
        eider.write_dataset(table, tmp_path / "x.lance", **{name: LATER[name]})
    assert not (tmp_path / "x.lance").exists()


@pytest.mark.parametrize("name", ["block_size", "commit_lock", "index_cache_size", "storage_options", "read_params"])
def test_an_argument_of_open_that_comes_later_is_refused_by_name(ds, uri, name):
    with pytest.raises(eider.UnsupportedError, match=f"'{name}'"):
        eider.dataset(uri, **{name: {"k": 1}})


def test_truncated_data_file(ds, uri, tmp_path):
    (path,) = (tmp_path / "t.lance" / "data").iterdir()
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(eider.CorruptError, match=path.name) as caught:
        eider.dataset(uri).to_table()
    assert isinstance(caught.value, (OSError, ValueError))


def test_missing_data_file(ds, uri, tmp_path):
    (path,) = (tmp_path / "t.lance" / "data").iterdir()
    path.unlink()
    with pytest.raises(eider.EiderError, match=path.name):
        eider.dataset(uri).to_table()


def test_types_that_come_later(write):
    with pytest.raises(eider.UnsupportedError):
        write(
            pa.table(
                {"u": pa.UnionArray.from_dense(pa.array([0], pa.int8()), pa.array([0], pa.int32()), [pa.array([1])])}
            )
        )


def test_table_metadata_is_set_at_creation_only(ds, uri, table):
    for mode in ("append", "overwrite"):
        with pytest.raises(eider.UnsupportedError, match="table_metadata"):
            eider.write_dataset(table, uri, mode=mode, table_metadata={"k": "v"})
