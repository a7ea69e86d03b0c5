"""Each failure is one class of ours that also is the built-in class expected there."""

import os
import pathlib
import pickle
import struct
import time

import numpy as np
import pyarrow as pa
import pytest

import eider


def test_kinds():
    names = [name for name in eider.error.__all__ if not issubclass(getattr(eider.error, name), Warning)]
    assert len({getattr(eider.error, name).kind for name in names}) == len(names) == len(eider.error.__all__) - 1
    for name in names:
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
    check(lambda: ds.checkout_version("tag"), eider.NotFoundError, (OSError,), "no tag 'tag'")
    check(lambda: ds.checkout_version(("branch", 1)), eider.NotFoundError, (), "no branch 'branch'")


def test_no_column(ds):
    check(lambda: ds.to_table(columns=["nothing"]), eider.NotFoundError, (ValueError,), "nothing.*id, name")
    check(lambda: ds.to_table(columns=["box.nothing"]), eider.NotFoundError, (ValueError,), "nothing")
    check(lambda: ds.take([0], columns=["nothing"]), eider.NotFoundError, (ValueError,), "nothing")
    check(lambda: ds.to_table(columns=["ID"]), eider.NotFoundError, (ValueError,), "ID")


def test_create_over_a_dataset(ds, uri, table):
    check(lambda: eider.write_dataset(table, uri), eider.AlreadyExistsError, (OSError,), r"t\.lance.*mode=\"overwrite\"")


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
    "commit_lock": print,
    "use_legacy_format": True,
    "base_store_params": {"a": {}},
    "namespace_client": object(),
    "table_id": ["a"],
}


@pytest.mark.parametrize("name", LATER)
def test_an_argument_of_write_that_comes_later_is_refused_by_name(table, tmp_path, name):
    with pytest.raises(eider.UnsupportedError, match=f"'{name}'"):
        eider.write_dataset(table, tmp_path / "x.lance", **{name: LATER[name]})
    assert not (tmp_path / "x.lance").exists()


@pytest.mark.parametrize("name", ["commit_lock"])
def test_an_argument_of_open_that_comes_later_is_refused_by_name(ds, uri, name):
    with pytest.raises(eider.UnsupportedError, match=f"'{name}'"):
        eider.dataset(uri, **{name: {"k": 1}})


def test_options_of_network_stores_are_none_of_a_local_folder(table, tmp_path):
    options = {"storage_options": {"aws_region": "eu-west-1"}}
    ds = eider.write_dataset(table, tmp_path / "t", **options)
    assert eider.dataset(ds.uri, **options).count_rows() == table.num_rows
    assert ds.shallow_clone(tmp_path / "clone", 1, **options).count_rows() == table.num_rows
    for wrong in ({"k": 1}, "k=v"):
        for use in (lambda: eider.dataset(ds.uri, storage_options=wrong), lambda: eider.write_dataset(table, ds.uri, mode="append", storage_options=wrong)):
            with pytest.raises(TypeError, match="storage_options"):
                use()


@pytest.mark.parametrize("name", ["block_size", "index_cache_size", "metadata_cache_size_bytes", "index_cache_size_bytes"])
def test_a_size_of_a_cache_is_a_count(ds, uri, name):
    assert eider.dataset(uri, **{name: 1 << 20}).count_rows() == ds.count_rows()
    for wrong in (-1, "1", 1.5):
        with pytest.raises((eider.InvalidError, TypeError), match=name):
            eider.dataset(uri, **{name: wrong})


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


def test_a_data_file_cut_short_while_it_is_open(write):
    """Reading on through the mapping would kill the process."""
    ds = write(pa.table({"x": np.random.default_rng(0).random(100_000)}))
    ds.take([0, 99_999])
    (path,) = pathlib.Path(ds.uri, "data").iterdir()
    os.truncate(path, 4096)
    time.sleep(0.05)
    for read in (lambda: ds.take([99_999]), ds.to_table, lambda: ds.slice(0, 10)):
        with pytest.raises(eider.CorruptError, match=f"{path.name}.*cut to 4096 bytes since it was opened"):
            read()


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def test_a_file_that_claims_a_petarow_of_nulls(tmp_path):
    path = tmp_path / "nulls.lance"
    with eider.file.LanceFileWriter(str(path), pa.schema({"n": pa.null()}), checksums=False) as writer:
        writer.write_batch(pa.record_batch({"n": pa.nulls(300)}))
    data = path.read_bytes()
    columns, column_table, *_ = struct.unpack("<QQQIIHH4s", data[-40:])
    position, size = struct.unpack("<QQ", data[column_table : column_table + 16])
    meta = data[position : position + size]
    at = meta.index(b"\x18" + varint(300))  # the length of the page, whose message is shorter than 128 bytes
    page = meta.rindex(b"\x12", 0, at)
    longer = varint(1 << 50)
    meta = (
        meta[: page + 1]
        + bytes([meta[page + 1] + len(longer) - 2])
        + meta[page + 2 : at + 1]
        + longer
        + meta[at + 3 :]
    )
    padded = data[:-40] + meta
    table = len(padded)
    padded += struct.pack("<QQ", len(data) - 40, len(meta))
    path.write_bytes(padded + struct.pack("<QQ", columns, table) + data[-24:])
    with pytest.raises(eider.CorruptError, match="1125899906842624 rows"):
        eider.file.LanceFileReader(str(path)).read_all().to_table()


def test_more_rows_than_a_file_holds(tmp_path):
    with pytest.raises(eider.InvalidError, match="a file holds at most 4294967296"):
        with eider.file.LanceFileWriter(str(tmp_path / "n.lance"), pa.schema({"n": pa.null()})) as writer:
            writer.write_batch(pa.record_batch({"n": pa.Array.from_buffers(pa.null(), 1 << 50, [None])}))
