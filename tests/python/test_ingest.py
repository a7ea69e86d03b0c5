"""Everything that can be written."""

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pytest

import eider

ROWS = [{"a": 1, "b": "x"}, {"a": 2, "b": None}, {"a": 3, "b": "z"}]
TABLE = pa.Table.from_pylist(ROWS)


class OnlyStream:
    """An Arrow producer that no library knows."""

    def __arrow_c_stream__(self, requested_schema=None):
        return TABLE.__arrow_c_stream__(requested_schema)


class OnlyArray:
    def __arrow_c_array__(self, requested_schema=None):
        return TABLE.to_batches()[0].__arrow_c_array__(requested_schema)


SOURCES = {
    "table": lambda: TABLE,
    "batch": lambda: TABLE.to_batches()[0],
    "reader": lambda: TABLE.to_reader(),
    "dataset": lambda: pyarrow.dataset.dataset(TABLE),
    "scanner": lambda: pyarrow.dataset.dataset(TABLE).scanner(),
    "polars": lambda: pl.DataFrame(ROWS),
    "lazy polars": lambda: pl.DataFrame(ROWS).lazy().filter(pl.col("a") > 0),
    "pandas": lambda: pd.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"]}),
    "duckdb": lambda: duckdb.sql("from (values (1::bigint, 'x'), (2, null), (3, 'z')) t(a, b)"),
    "list of dicts": lambda: ROWS,
    "dict of lists": lambda: {"a": [1, 2, 3], "b": ["x", None, "z"]},
    "dict of arrays": lambda: {"a": np.array([1, 2, 3]), "b": pa.array(["x", None, "z"])},
    "list of batches": lambda: TABLE.to_batches(max_chunksize=2),
    "iterator of batches": lambda: iter(TABLE.to_batches(max_chunksize=1)),
    "generator of tables": lambda: (TABLE.slice(i, 1) for i in range(3)),
    "stream": OnlyStream,
    "array": OnlyArray,
}


@pytest.mark.parametrize("name", SOURCES)
def test_source(write, name):
    assert write(SOURCES[name]()).to_table().to_pylist() == ROWS


@pytest.mark.parametrize("name", SOURCES)
def test_source_with_schema(write, name):
    schema = pa.schema([("b", pa.large_string()), ("a", pa.int16())])
    found = write(SOURCES[name](), schema=schema).to_table()
    assert found.schema.types == [pa.large_string(), pa.int16()]
    assert found.select(["a", "b"]).to_pylist() == ROWS


def test_a_dataset_is_a_source(write, ds, table):
    assert write(ds).to_table() == table
    assert write(ds.scanner(columns=["id"], limit=3)).to_table().to_pydict() == {"id": [0, 1, 2]}
    assert write(ds.get_fragments()[0]).count_rows() == 10


def test_a_generator_is_read_as_it_goes(write):
    seen = []

    def batches():
        for i in range(5):
            seen.append(i)
            yield pa.record_batch({"x": pa.array([i] * 1000)})

    ds = write(batches(), schema=pa.schema([("x", pa.int64())]))
    assert seen == list(range(5))
    assert ds.count_rows() == 5000


def test_an_exception_of_the_source_reaches_the_caller(write, tmp_path):
    class Broken(Exception):
        pass

    def batches():
        yield TABLE.to_batches()[0]
        raise Broken("no more")

    target = tmp_path / "broken.lance"
    with pytest.raises(Broken, match="no more"):
        eider.write_dataset(batches(), target, schema=TABLE.schema)
    with pytest.raises(eider.NotFoundError):
        eider.dataset(target)


def test_batches_of_an_iterator_must_agree(write):
    with pytest.raises(eider.InvalidError, match="'a' of type double where 'a' of type int64"):
        write([pa.record_batch({"a": [1]}), pa.record_batch({"a": [1.5]})])


def test_the_schema_must_name_the_same_columns(write):
    with pytest.raises(eider.InvalidError, match="the schema has"):
        write(TABLE, schema=pa.schema([("a", pa.int64())]))


def test_empty_sources(write):
    assert write([], schema=TABLE.schema).count_rows() == 0
    assert write(iter([]), schema=TABLE.schema).schema == TABLE.schema
    with pytest.raises(eider.InvalidError, match="needs a schema"):
        write([])


@pytest.mark.parametrize("data", [3, "text", b"bytes", None, object()])
def test_what_is_no_table(write, data):
    with pytest.raises(TypeError, match="cannot read tabular data"):
        write(data)


def test_pandas_index_becomes_a_column(write):
    frame = pd.DataFrame({"a": [1, 2]}, index=["r", "s"])
    assert write(frame).to_pandas().equals(frame)


def test_sliced_input_with_odd_offsets(write, table):
    piece = table.slice(3, 5)
    assert write(piece).to_table().to_pylist() == piece.to_pylist()


def test_dictionary_input(write):
    values = pa.array(["x", "y", "x", None]).dictionary_encode()
    assert write(pa.table({"d": values})).to_table().column("d").to_pylist() == ["x", "y", "x", None]


def test_columns_that_only_later_rows_have_are_kept(tmp_path):
    ds = eider.write_dataset([{"a": 1}, {"a": 2, "b": 3}], tmp_path / "rows.lance")
    assert ds.to_table().to_pylist() == [{"a": 1, "b": None}, {"a": 2, "b": 3}]
    with pytest.raises(eider.InvalidError, match="'b'"):
        eider.write_dataset([{"a": 1, "b": 2}], tmp_path / "other.lance", schema=pa.schema([("a", pa.int64())]))


def struct_with_nulls(child: list, *, valid: list[bool], nullable_child: bool) -> pa.Array:
    field = pa.field("x", pa.int32(), nullable=nullable_child)
    return pa.StructArray.from_arrays(
        [pa.array(child, pa.int32())], fields=[field], mask=pa.array([not v for v in valid])
    )


def nested_columns(child: list, *, nullable_child: bool) -> dict[str, pa.Array]:
    """Three rows with a null in the middle; the last row's child is child[2]."""
    struct = struct_with_nulls(child, valid=[True, False, True], nullable_child=nullable_child)
    items = pa.StructArray.from_arrays([pa.array(child, pa.int32())], fields=[struct.type.field(0)])
    return {
        "struct": struct,
        "list": pa.ListArray.from_arrays(pa.array([0, 1, 2, 3], pa.int32()), items, mask=pa.array([False, True, False])),
        "deep": pa.StructArray.from_arrays([struct], names=["s"], mask=pa.array([False, True, False])),
    }


@pytest.mark.parametrize("name", ["struct", "list", "deep"])
def test_nulls_below_a_null_do_not_count_and_others_do(write, name):
    schema = pa.schema([pa.field(name, nested_columns([1, 2, 3], nullable_child=False)[name].type)])
    fine = pa.table([nested_columns([1, None, 3], nullable_child=False)[name]], schema=schema)
    assert write(fine).to_table().column(0).null_count == 1
    bad = pa.table([nested_columns([1, None, None], nullable_child=False)[name]], schema=schema)
    with pytest.raises(eider.InvalidError, match=r"x' is not nullable, but the data hold nulls"):
        write(bad)
    loose = nested_columns([1, None, None], nullable_child=True)[name]
    assert write(pa.table({name: loose})).to_table().column(0).null_count == 1


def test_categories_of_polars(tmp_path):
    frame = pl.DataFrame({"c": pl.Series(["a", "b", None, "a"], dtype=pl.Categorical), "e": pl.Series(["x", "y", "x", None], dtype=pl.Enum(["x", "y"]))})
    found = eider.write_dataset(frame, tmp_path / "t").to_table()
    assert [found["c"].to_pylist(), found["e"].to_pylist()] == [["a", "b", None, "a"], ["x", "y", "x", None]]


def test_datasets_and_scanners_of_the_reference(tmp_path):
    lance = pytest.importorskip("lance")
    made = lance.write_dataset(pa.table({"a": [1, 2, 3]}), str(tmp_path / "made"))
    assert eider.write_dataset(made, tmp_path / "one").to_table() == made.to_table()
    assert eider.write_dataset(made.scanner(filter="a > 1"), tmp_path / "two").to_table()["a"].to_pylist() == [2, 3]


def test_frames_of_polars_have_the_types_that_pylance_gives_them(tmp_path):
    lance = pytest.importorskip("lance")
    frame = pl.DataFrame({"n": [1, 2], "s": ["a", None], "l": [["x"], []], "b": [b"1", b"2"], "t": [{"u": "v"}, {"u": None}]})
    ours, theirs = eider.write_dataset(frame, tmp_path / "ours"), lance.write_dataset(frame, str(tmp_path / "theirs"))
    assert ours.schema == theirs.schema
    eider.write_dataset(frame, tmp_path / "theirs", mode="append")
    lance.write_dataset(frame, str(tmp_path / "ours"), mode="append")
    for uri in ("ours", "theirs"):
        assert eider.dataset(tmp_path / uri).to_polars().equals(pl.concat([frame, frame]))
    assert eider.write_dataset(frame.lazy(), tmp_path / "lazy").schema == theirs.schema
    assert eider.write_dataset([frame, frame], tmp_path / "parts").schema == theirs.schema


def narrow_and_wide():
    names = ["s", "b", "l", "t"]
    narrow = [pa.string(), pa.binary(), pa.list_(pa.string()), pa.struct([("u", pa.string())])]
    wide = [pa.large_string(), pa.large_binary(), pa.large_list(pa.large_string()), pa.struct([("u", pa.large_string())])]
    rows = [{"k": 1, "s": "a", "b": b"1", "l": ["x", None], "t": {"u": "v"}}, {"k": 2, "s": None, "b": b"", "l": None, "t": None}]
    return [pa.Table.from_pylist(rows, pa.schema([("k", pa.int64()), *zip(names, types, strict=True)])) for types in (narrow, wide)]


@pytest.mark.parametrize("first", [0, 1], ids=["narrow table", "wide table"])
def test_texts_and_lists_of_the_other_width_fit(tmp_path, first):
    tables = narrow_and_wide()
    table, data = tables[first], tables[1 - first]
    ds = eider.write_dataset(table, tmp_path / "t")
    ds.insert(data.slice(1))
    ds = eider.write_dataset(data, ds.uri, mode="append")
    eider.LanceDataset.commit(ds.uri, eider.LanceOperation.Append(eider.fragment.write_fragments(data, ds.uri)), read_version=ds.version)
    ds.checkout_latest()
    assert ds.to_table() == pa.concat_tables([table, table.slice(1), table, table])
    ds = eider.write_dataset(table, tmp_path / "merged")
    ds.merge_insert("s").when_matched_update_all().when_not_matched_insert_all().execute(data)
    assert ds.to_table().sort_by("k").schema == table.schema and sorted(ds.to_table()["k"].to_pylist()) == [1, 2, 2]
    ds.merge_insert("k").when_matched_update_all().execute(data.select(["k", "l"]))
    assert sorted(map(str, ds.to_table(["l"])["l"].to_pylist())) == ["None", "None", "['x', None]"]


def test_widths_alone_are_brought_together(write):
    uri = write(pa.table({"s": ["a"], "j": pa.array(["{}"], pa.json_())})).uri
    with pytest.raises(eider.InvalidError, match="large_binary"):
        eider.write_dataset(pa.table({"s": pa.array([b"a"], pa.large_binary())}), uri, mode="append")
    ds = eider.write_dataset(pa.table({"s": pa.array(["b"], pa.large_string()), "j": pa.array(["[1]"], pa.json_(pa.large_string()))}), uri, mode="append")
    assert ds.to_table()["j"].to_pylist() == ["{}", "[1]"]


def test_names_that_scans_give_are_refused(tmp_path):
    ds = eider.write_dataset(pa.table({"a": [1], "s": [{"_rowid": 1}]}), tmp_path / "t")
    for name in ("_rowid", "_rowaddr", "_rowoffset", "_row_created_at_version", "_row_last_updated_at_version"):
        for change in (
            lambda: eider.write_dataset(pa.table({name: [1]}), tmp_path / "other"),
            lambda: ds.add_columns({name: "a"}),
            lambda: ds.alter_columns({"path": "a", "name": name}),
        ):
            with pytest.raises(eider.InvalidError, match=f"'{name}': the name is kept"):
                change()
    ds.alter_columns({"path": "s._rowid", "name": "_rowaddr"})  # nobody mistakes what is in a struct
    assert ds.to_table().to_pylist() == [{"a": 1, "s": {"_rowaddr": 1}}] and not (tmp_path / "other").exists()


def test_items_of_lists_may_have_any_name(tmp_path):
    def lists(name, values):
        return pa.table({"l": pa.array([values], pa.list_(pa.field(name, pa.int64())))})

    ds = eider.write_dataset(lists("item", [1]), tmp_path / "t")
    ds = eider.write_dataset(lists("element", [2]), ds.uri, mode="APPEND")
    assert ds.to_table() == pa.concat_tables([lists("item", [1]), lists("item", [2])])


def test_rows_for_a_table_that_was_replaced_are_refused(tmp_path):
    table = pa.table({"a": [1]})
    old = eider.write_dataset(table, tmp_path / "t")
    eider.write_dataset(table, tmp_path / "t", mode="append")
    old.insert(table)
    assert old.count_rows() == 3
    stale = eider.dataset(tmp_path / "t")
    eider.write_dataset(table, tmp_path / "t", mode="overwrite")
    for write in (lambda: stale.insert(table), lambda: eider.write_dataset(table, stale, mode="append")):
        with pytest.raises(eider.ConflictError, match="overwrite"):
            write()
    new = eider.write_dataset(table, stale, mode="overwrite")
    assert eider.write_dataset(table, new, mode="append").count_rows() == 2
    assert eider.write_dataset(table, tmp_path / "t", mode="append", data_storage_version="stable").count_rows() == 3
