"""Names, nullability and types of columns; config and metadata."""

import pathlib

import pyarrow as pa
import pytest

import eider


@pytest.fixture
def parts(write, table):
    return write(table, max_rows_per_file=4)


def files(ds):
    return sorted(p.name for p in pathlib.Path(ds.uri, "data").iterdir())


def test_rename(parts, table):
    before = files(parts)
    assert parts.alter_columns({"path": "id", "name": "name"}, {"path": "name", "name": "id"}, {"path": "box.x", "name": "left"}) is None
    assert parts.version == 2
    assert files(parts) == before
    found = parts.to_table()
    assert found["name"].to_pylist() == table["id"].to_pylist()
    assert found["id"].to_pylist() == table["name"].to_pylist()
    assert found.schema.field("box").type.field(0).name == "left"


def test_nullable(parts):
    parts.alter_columns({"path": "id", "nullable": False})
    assert not parts.schema.field("id").nullable
    with pytest.raises(eider.InvalidError, match="null"):
        parts.alter_columns({"path": "name", "nullable": False})
    parts.alter_columns({"path": "id", "nullable": True})
    assert parts.schema.field("id").nullable


def test_cast(parts, table):
    before = files(parts)
    parts.alter_columns({"path": "id", "data_type": pa.int16(), "name": "n"}, {"path": "name", "data_type": pa.large_string()})
    assert parts.schema.field("n").type == pa.int16()
    assert parts.schema.names == ["n", *table.column_names[1:]]
    assert len(files(parts)) == len(before) + 3
    assert parts.to_table()["n"].to_pylist() == table["id"].to_pylist()
    assert parts.to_table()["name"].to_pylist() == table["name"].to_pylist()


def test_cast_of_a_field_of_a_struct(write):
    rows = [{"a": 1, "in": {"b": 2, "c": "x"}}, None, {"a": None, "in": None}, {"a": 4, "in": {"b": None, "c": None}}]
    kind = pa.struct([("a", pa.int64()), ("in", pa.struct([("b", pa.int64()), ("c", pa.string())]))])
    ds = write(pa.table({"s": pa.array(rows * 3, kind)}), max_rows_per_file=5)
    ds.delete("s.a = 4 AND _rowoffset < 5")
    ds.alter_columns({"path": "s.in.b", "data_type": pa.int8()})
    assert ds.schema.field("s").type.field("in").type.field("b").type == pa.int8()
    assert ds.to_table()["s"].to_pylist() == (rows * 3)[:3] + (rows * 3)[4:]
    assert all(len(f.data_files()) == 2 for f in ds.get_fragments())
    ds.drop_columns(["s.in.b"])
    assert ds.to_table()["s"].to_pylist()[0] == {"a": 1, "in": {"c": "x"}}


@pytest.mark.parametrize(
    "before, after",
    [
        (pa.float64(), pa.float32()),
        (pa.timestamp("us"), pa.timestamp("ns")),
        (pa.date32(), pa.timestamp("us")),
        (pa.binary(), pa.large_binary()),
        (pa.decimal128(10, 2), pa.decimal128(12, 2)),
        (pa.duration("s"), pa.duration("ms")),
        (pa.time32("s"), pa.time64("us")),
        (pa.dictionary(pa.int8(), pa.string()), pa.string()),
    ],
)
def test_types_of_one_kind(write, before, after):
    ds = write(pa.table({"c": pa.array([None, None], before)}))
    ds.alter_columns({"path": "c", "data_type": after})
    assert ds.schema.field("c").type == after
    assert ds.to_table()["c"].null_count == 2


@pytest.mark.parametrize(
    "alteration, error",
    [
        ({"path": "nothing", "name": "x"}, eider.NotFoundError),
        ({"path": "id", "name": "name"}, eider.InvalidError),
        ({"path": "id", "name": "a.b"}, eider.InvalidError),
        ({"path": "id", "data_type": pa.string()}, eider.InvalidError),
        ({"path": "id", "data_type": pa.float32()}, eider.InvalidError),
        ({"path": "id"}, ValueError),
        ({"name": "x"}, ValueError),
        ({"path": "id", "nmae": "x"}, ValueError),
        ({"path": "id", "data_type": "int64"}, TypeError),
        ({"path": "id", "nullable": "no"}, TypeError),
        ("id", TypeError),
    ],
)
def test_alterations_that_do_not_fit(parts, alteration, error):
    before = files(parts)
    with pytest.raises(error):
        parts.alter_columns(alteration)
    assert (parts.version, files(parts)) == (1, before)


def test_casts_of_lists_are_refused(write):
    ds = write(pa.table({"c": [[1]]}))
    with pytest.raises(eider.UnsupportedError, match="list"):
        ds.alter_columns({"path": "c", "data_type": pa.large_list(pa.int64())})


def test_values_that_do_not_fit(write):
    ds = write(pa.table({"x": [1, 300]}))
    with pytest.raises(eider.InvalidError, match="300"):
        ds.alter_columns({"path": "x", "data_type": pa.int8()})
    assert eider.dataset(ds.uri).to_table()["x"].to_pylist() == [1, 300]


def test_metadata_and_config(parts):
    assert parts.update_metadata({"a": "1", "b": "2"}) == {"a": "1", "b": "2"}
    assert parts.update_metadata({"a": None, "none": None}) == {"b": "2"}
    assert parts.update_metadata({"c": "3", "d": None}, replace=True) == {"c": "3"}
    assert parts.metadata == {"c": "3"}
    assert parts.update_config({"k": "v", "l": "w"}) == {"k": "v", "l": "w"}
    assert parts.delete_config_keys(["k", "nothing"]) is None
    assert parts.config() == {"l": "w"}
    assert parts.update_schema_metadata({"s": "t"}) == {"s": "t"}
    assert parts.schema.metadata == {b"s": b"t"}
    with pytest.warns(DeprecationWarning):
        parts.replace_schema_metadata({"u": "v"})
    assert parts.schema_metadata == {"u": "v"}
    assert eider.dataset(parts.uri).config() == {"l": "w"}


def test_metadata_of_fields(parts):
    parts.update_field_metadata({"id": {"unit": "m"}, "box.x": {"unit": "px", "axis": "0"}})
    assert parts.schema.field("id").metadata == {b"unit": b"m"}
    assert parts.schema.field("box").type.field("x").metadata == {b"unit": b"px", b"axis": b"0"}
    parts.update_field_metadata({"box.x": {"unit": None}})
    assert parts.schema.field("box").type.field("x").metadata == {b"axis": b"0"}
    with pytest.warns(DeprecationWarning):
        parts.replace_field_metadata("id", {"k": "v"})
    assert parts.schema.field("id").metadata == {b"k": b"v"}
    with pytest.raises(eider.NotFoundError, match="nothing"):
        parts.update_field_metadata({"nothing": {"a": "b"}})


def test_metadata_is_text(parts):
    for values in ({"a": 1}, {1: "a"}, ["a"], {"a": b"b"}):
        with pytest.raises(TypeError):
            parts.update_metadata(values)
    with pytest.raises(TypeError):
        parts.update_field_metadata({"id": "unit"})
    with pytest.raises(TypeError):
        parts.delete_config_keys("k")
    assert parts.version == 1


def test_writers_of_the_same_key_conflict(parts):
    other = eider.dataset(parts.uri)
    parts.update_config({"a": "1"})
    other.update_config({"b": "2"})
    assert other.config() == {"a": "1", "b": "2"}
    with pytest.raises(eider.ConflictError):
        eider.dataset(parts.uri, version=1).update_config({"a": "3"})
