"""Names, nullability and types of columns; config and metadata."""

import pathlib

import numpy as np
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


def test_embeddings_become_half_floats(write):
    """The values are those of numpy: nearest, ties to even, subnormal and infinite ones."""
    values = np.random.default_rng(3).normal(size=(500, 8)).astype(np.float32)
    values[:4] = np.float32([[1e-8, -3e-8, 6e-5, 65519, 65520, -1e6, np.inf, 0.1], [2**-25, 2**-24, 3 * 2**-25, -0.0, 1 + 2**-11, 1 + 3 * 2**-11, 2048.5, -5e-8]] * 2)
    kind = pa.list_(pa.float32(), 8)
    column = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), type=kind)
    ds = write(pa.table({"id": range(500), "plain": column, "some": pa.array([None, *column.to_pylist()[1:]], kind)}), max_rows_per_file=200)
    ds.delete("id = 7")
    with np.errstate(over="ignore"):
        half = values.astype(np.float16)[np.arange(500) != 7]
    for name in ("plain", "some"):
        ds.alter_columns({"path": name, "data_type": pa.list_(pa.float16(), 8)})
        assert ds.schema.field(name).type == pa.list_(pa.float16(), 8)
    found = ds.to_table()
    np.testing.assert_array_equal(found["plain"].combine_chunks().flatten().to_numpy().view(np.uint16), half.ravel().view(np.uint16))
    assert found["some"].to_pylist() == [None, *half.tolist()[1:]]
    ds.alter_columns({"path": "plain", "data_type": kind})
    np.testing.assert_array_equal(ds.to_table()["plain"].combine_chunks().flatten().to_numpy(), half.ravel().astype(np.float32))


def test_doubles_are_rounded_once(write):
    exact = [1 + 2**-11 + 2**-40, 1 + 2**-11 - 2**-40, -(1 + 2**-11 + 2**-40), 1e300, 2**-25 + 2**-60, float("nan"), 1e-310, None]
    ds = write(pa.table({"x": exact}))
    ds.alter_columns({"path": "x", "data_type": pa.float16()})
    with np.errstate(over="ignore"):
        expected = np.array(exact[:-1]).astype(np.float16)
    np.testing.assert_array_equal(np.array(ds.to_table()["x"].to_pylist()[:-1]), expected)
    assert ds.to_table()["x"][-1].as_py() is None


@pytest.mark.parametrize(
    ("kind", "to"),
    [
        (pa.list_(pa.int64()), pa.large_list(pa.int8())),
        (pa.large_list(pa.string()), pa.list_(pa.large_string())),
        (pa.list_(pa.int16(), 2), pa.list_(pa.int32())),
        (pa.list_(pa.list_(pa.int64())), pa.list_(pa.list_(pa.uint8()))),
    ],
)
def test_casts_of_lists(write, kind, to):
    one = ["a", "bc"] if pa.types.is_string(kind.value_type) else [1, 2]
    one = [one, []] if pa.types.is_list(kind.value_type) else one
    rows = [one, None, [one[0], None]] * 20
    ds = write(pa.table({"id": range(60), "c": pa.array(rows, kind)}), max_rows_per_file=25)
    ds.delete("id % 7 = 0")
    ds.alter_columns({"path": "c", "data_type": to})
    assert ds.schema.field("c").type == to
    assert ds.to_table()["c"].to_pylist() == [row for i, row in enumerate(rows) if i % 7 != 0]


def test_casts_of_lists_that_do_not_fit(write):
    ds = write(pa.table({"c": pa.array([[1, 2], [3, 4]], pa.list_(pa.int64(), 2)), "text": [["a"], ["b"]]}))
    for path, to in (("c", pa.list_(pa.int64(), 3)), ("text", pa.list_(pa.int64())), ("text", pa.list_(pa.string(), 1))):
        with pytest.raises(eider.InvalidError, match="is not cast to"):
            ds.alter_columns({"path": path, "data_type": to})
    ds = write(pa.table({"c": [[1], [300]]}))
    with pytest.raises(eider.InvalidError, match="300"):
        ds.alter_columns({"path": "c", "data_type": pa.list_(pa.int8())})


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
