"""Single files."""

import os
import stat

import pyarrow as pa
import pytest

import eider
from eider.file import LanceFileReader, LanceFileWriter


@pytest.fixture
def path(tmp_path, table):
    path = tmp_path / "f.lance"
    with LanceFileWriter(path) as writer:
        writer.write_batch(table.slice(0, 6))
        writer.write_batch(table.slice(6).to_batches()[0])
        writer.add_schema_metadata("k", "v")
        assert writer.add_global_buffer(b"hello") == 1
    return path


def test_round_trip(path, table):
    reader = LanceFileReader(path)
    assert reader.num_rows() == 10
    found = reader.read_all().to_table()
    assert found.to_pylist() == table.to_pylist()
    assert found.schema.metadata == {b"k": b"v"}
    assert reader.schema == found.schema


def test_batches(path, table):
    reader = LanceFileReader(path)
    assert [b.num_rows for b in reader.read_all(batch_size=4).to_batches()] == [4, 4, 2]
    assert reader.read_range(3, 4).to_table().to_pylist() == table.slice(3, 4).to_pylist()
    assert pa.table(reader.read_range(3, 4, batch_size=3)).to_pylist() == table.slice(3, 4).to_pylist()
    assert reader.read_range(10, 0).to_table().num_rows == 0
    with pytest.raises(eider.InvalidError, match=r"\[5, 11\).*10 rows"):
        reader.read_range(5, 6)


def test_take(path, table):
    reader = LanceFileReader(path)
    assert reader.take_rows([9, 0, 9]).to_table().to_pylist() == table.take([9, 0, 9]).to_pylist()
    assert [b.num_rows for b in reader.take_rows(range(5), batch_size=2).to_batches()] == [2, 2, 1]
    with pytest.raises(eider.InvalidError, match="10"):
        reader.take_rows([10])


def test_columns(path, table):
    reader = LanceFileReader(path, columns=["id"])
    assert reader.read_all().to_table().to_pydict() == {"id": list(range(10))}
    assert reader.schema.names == ["id"]
    with pytest.raises(eider.NotFoundError, match="nothing") as caught:
        LanceFileReader(path, columns=["nothing"])
    assert isinstance(caught.value, OSError)


def test_metadata(path):
    reader = LanceFileReader(path)
    metadata = reader.metadata()
    assert (metadata.major_version, metadata.minor_version) == (2, 2)
    assert metadata.num_rows == 10
    assert metadata.num_global_buffers >= 2
    assert reader.read_global_buffer(1) == b"hello"
    assert len(reader.read_global_buffer(0)) > 0
    with pytest.raises(eider.InvalidError, match="77"):
        reader.read_global_buffer(77)
    assert "id" in reader.describe()
    assert reader.lance_schema.field("id").id() == 0


@pytest.mark.parametrize("version", ["2.1", "2.2"])
def test_versions(tmp_path, table, version):
    path = tmp_path / "v.lance"
    with LanceFileWriter(path, table.schema, version=version) as writer:
        writer.write_batch(table)
    metadata = LanceFileReader(path).metadata()
    assert f"{metadata.major_version}.{metadata.minor_version}" == ("0.3" if version == "2.0" else version), "as the file has it"
    assert LanceFileReader(path).read_all().to_table() == table


def test_close(tmp_path, table):
    writer = LanceFileWriter(tmp_path / "c.lance")
    with pytest.raises(eider.InvalidError, match="Schema is unknown"):
        writer.close()
    writer.write_batch(table)
    assert not (tmp_path / "c.lance").exists()
    assert writer.close() == 10
    assert writer.close() is None
    assert (tmp_path / "c.lance").exists()
    with pytest.raises(eider.InvalidError, match="closed"):
        writer.write_batch(table)


def test_a_block_that_raises_leaves_no_file(tmp_path, table):
    with pytest.raises(KeyError), LanceFileWriter(tmp_path / "x.lance") as writer:
        writer.write_batch(table)
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_a_batch_of_another_schema(tmp_path, table):
    writer = LanceFileWriter(tmp_path / "s.lance", table.schema)
    with pytest.raises(eider.InvalidError):
        writer.write_batch(pa.table({"other": [1]}))


def test_what_is_no_file(tmp_path):
    with pytest.raises(eider.NotFoundError, match="missing") as caught:
        LanceFileReader(tmp_path / "missing.lance")
    assert isinstance(caught.value, ValueError)
    (tmp_path / "bad.lance").write_bytes(b"x" * 100)
    with pytest.raises(eider.CorruptError, match="bad.lance") as caught:
        LanceFileReader(tmp_path / "bad.lance")
    assert isinstance(caught.value, OSError)
    with pytest.raises(ValueError, match="9.9"):
        LanceFileWriter(tmp_path / "v.lance", pa.schema([("x", pa.int8())]), version="9.9")
    with pytest.raises(TypeError, match="storage_options"):
        LanceFileReader(tmp_path / "bad.lance", {"k": 1})


def test_takes_across_pages_of_different_kinds(tmp_path):
    """Lists whose first page holds values, and whose second page keys of a dictionary."""
    various = [[f"text {row} {i}" for i in range(row % 4)] for row in range(4000)]
    same = [["one", "two"][: row % 3] for row in range(4000)]
    rows = pa.table({"x": pa.array(various + same)})
    with LanceFileWriter(tmp_path / "f.lance", rows.schema, max_page_bytes=16384) as writer:
        writer.write_batch(rows)
    reader = LanceFileReader(tmp_path / "f.lance")
    pages = [page.encoding for page in reader.metadata().columns[0].pages]
    assert len({"ictionary" in encoding for encoding in pages}) == 2, "both kinds of page"
    for picks in ([1, 7999], [3, 3999, 4000, 7997], [5], [7999]):
        assert reader.take_rows(picks).to_table()["x"].to_pylist() == rows.take(picks)["x"].to_pylist()


def test_later_batches_are_matched_by_name(tmp_path):
    with LanceFileWriter(tmp_path / "f.lance") as writer:
        writer.write_batch(pa.table({"x": [1], "z": [7]}))
        writer.write_batch(pa.table({"z": [2], "x": [3]}))
        with pytest.raises(eider.InvalidError, match="the data has columns"):
            writer.write_batch(pa.table({"y": [4], "w": [5]}))
        writer.write_batch(pa.table({"x": [5], "z": [6]}))
    assert LanceFileReader(tmp_path / "f.lance").read_all().to_table().to_pydict() == {"x": [1, 3, 5], "z": [7, 2, 6]}


def test_only_files_are_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(eider.InvalidError, match="pipe': what lies there is no file"):
        LanceFileWriter(tmp_path / "pipe", pa.schema([("x", pa.int64())]))
    assert stat.S_ISFIFO(os.stat(tmp_path / "pipe").st_mode)


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2"])
def test_dictionary_keys_that_lead_nowhere(tmp_path, version):
    keys = pa.array([0, 99], pa.int8())
    rows = pa.table({"x": pa.DictionaryArray.from_arrays(keys, pa.array(["a", "b"]), safe=False)})
    with pytest.raises(eider.InvalidError, match="key 99 of a dictionary of 2 values"):
        eider.write_dataset(rows, tmp_path / "t", data_storage_version=version)


def test_null_structs_without_fields(tmp_path):
    nothing = pa.struct([])
    with pytest.raises(eider.UnsupportedError, match="field 'x': a null row of a struct without fields"):
        eider.write_dataset(pa.table({"x": pa.array([{}, None], nothing)}), tmp_path / "t")
    with pytest.raises(eider.UnsupportedError, match="field 'x.a': a null row of a struct without fields"):
        eider.write_dataset(pa.table({"x": pa.array([{"a": None}], pa.struct([("a", nothing)]))}), tmp_path / "t")
    rows = pa.table({"x": pa.array([{"a": {}}, None], pa.struct([("a", nothing)]))})
    assert eider.write_dataset(rows, tmp_path / "t").to_table().to_pylist() == rows.to_pylist()
