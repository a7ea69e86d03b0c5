"""Adding and dropping columns of existing rows."""

import hashlib
import pathlib

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import eider


@pytest.fixture
def parts(write, table):
    return write(table, max_rows_per_file=4)


def hashes(ds):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in pathlib.Path(ds.uri, "data").iterdir()}


def test_a_table(parts, table):
    before = hashes(parts)
    column = pa.array([i * i for i in range(10)])
    assert parts.add_columns(pa.table({"square": column})) is None
    assert parts.version == 2
    assert parts.to_table() == table.append_column("square", column)
    assert before.items() <= hashes(parts).items()
    assert all(len(f.data_files()) == 2 for f in parts.get_fragments())


def test_old_versions_lack_the_column(parts, table):
    parts.add_columns(pa.table({"square": list(range(10))}))
    assert parts.checkout_version(1).to_table() == table


@pytest.mark.parametrize(
    "source",
    [
        lambda: pa.table({"n": list(range(10))}).to_reader(max_chunksize=3),
        lambda: pl.DataFrame({"n": list(range(10))}),
        lambda: pd.DataFrame({"n": list(range(10))}),
        lambda: (pa.record_batch({"n": [i]}) for i in range(10)),
        lambda: [{"n": i} for i in range(10)],
    ],
    ids=["reader", "polars", "pandas", "generator", "list of dicts"],
)
def test_streams(parts, source):
    parts.add_columns(source())
    assert parts.to_table(columns=["n"]).column("n").to_pylist() == list(range(10))


def test_a_stream_with_its_schema(parts):
    schema = pa.schema([("n", pa.int8())])
    parts.add_columns(iter([pa.record_batch({"n": list(range(10))})]), reader_schema=schema)
    assert parts.schema.field("n").type == pa.int8()


def test_a_decorated_function(parts):
    calls = []

    @eider.batch_udf(output_schema=pa.schema([("twice", pa.int64())]))
    def twice(batch):
        calls.append(batch.num_rows)
        assert batch.schema.names == ["id"]
        return pa.record_batch({"twice": pc.multiply(batch["id"], 2)})

    parts.add_columns(twice, read_columns=["id"], batch_size=3)
    assert parts.to_table(columns=["twice"]).column(0).to_pylist() == [2 * i for i in range(10)]
    assert sum(calls) == 10
    assert max(calls) <= 3


def test_a_function_without_a_schema(parts):
    @eider.batch_udf()
    def length(batch):
        return pa.record_batch({"length": pc.utf8_length(batch["name"])})

    parts.add_columns(length)
    assert parts.schema.field("length").type == pa.int32()
    assert parts.take([3, 4], columns=["length"]).to_pydict() == {"length": [5, None]}


@pytest.mark.parametrize(
    "function",
    [
        lambda b: pa.record_batch({"y": b["id"]}),
        lambda b: pa.table({"y": b["id"]}),
        lambda b: pd.DataFrame({"y": b["id"].to_numpy()}),
        lambda b: {"y": b["id"]},
        lambda b: {"y": b["id"].to_pylist()},
        lambda b: pl.DataFrame({"y": b["id"].to_pylist()}),
    ],
    ids=["batch", "table", "pandas", "dict of arrays", "dict of lists", "polars"],
)
def test_a_plain_function_returns_columns_in_any_form(parts, function):
    parts.add_columns(function, read_columns=["id"])
    assert parts.to_table(columns=["y"]).column(0).to_pylist() == list(range(10))


def test_the_function_reads_nested_columns(parts):
    parts.add_columns(lambda b: {"x2": pc.struct_field(b["box"], "x")}, read_columns=["box.x"])
    assert parts.take([2], columns=["x2"]).to_pydict() == {"x2": [1.0]}


def test_an_exception_of_the_function_reaches_the_caller(parts, table):
    class Broken(Exception):
        pass

    @eider.batch_udf(output_schema=pa.schema([("y", pa.int64())]))
    def broken(batch):
        if batch["id"][0].as_py() >= 4:
            raise Broken("row 4")
        return {"y": batch["id"]}

    with pytest.raises(Broken, match="row 4"):
        parts.add_columns(broken, batch_size=2)
    assert parts.version == 1
    assert eider.dataset(parts.uri).to_table() == table


def test_the_function_must_keep_the_number_of_rows(parts):
    with pytest.raises(eider.InvalidError, match="returned 1 rows for a batch of"):
        parts.add_columns(lambda b: {"y": [1]})
    with pytest.raises(TypeError, match="returned int"):
        parts.add_columns(lambda b: 1)


def test_sql(parts, table):
    before = hashes(parts)
    parts.add_columns({"twice": "id * 2", "c": "1", "d": "'x'", "loud": "upper(name)", "x": "box.x"})
    assert parts.version == 2
    assert before.items() <= hashes(parts).items()
    assert all(len(f.data_files()) == 2 for f in parts.get_fragments())
    found = parts.to_table()
    assert found.select(table.column_names) == table
    assert found["twice"].to_pylist() == [2 * i for i in range(10)]
    assert found["loud"].to_pylist() == pc.utf8_upper(table["name"]).to_pylist()
    assert found["x"].to_pylist() == pc.struct_field(table["box"], "x").to_pylist()
    assert found.schema.field("twice").type == pa.int64()
    assert all(found.schema.field(name).nullable for name in ("twice", "c", "d", "loud", "x"))


def test_sql_takes_parameters_and_arrow_expressions(parts):
    parts.add_columns({"n": "id + $1"}, params=[100])
    parts.add_columns({"large": pc.field("id") > 3})
    assert parts.to_table(columns=["n"]).column(0).to_pylist() == list(range(100, 110))
    assert parts.to_table(columns=["large"]).column(0).to_pylist() == [i > 3 for i in range(10)]
    with pytest.raises(eider.InvalidError, match="params"):
        parts.add_columns(pa.field("f", pa.int8()), params=[1])


def test_sql_skips_deleted_rows(parts):
    parts.delete("id = 0 OR id >= 8")
    parts.add_columns({"inverse": "840 / id"})
    assert parts.to_table(columns=["inverse"]).column(0).to_pylist() == [840 // i for i in range(1, 8)]


@pytest.mark.parametrize(
    "columns, error",
    [
        ({"id": "1"}, "'id'"),
        ({"y": "nothing + 1"}, "nothing"),
        ({"y": "id +"}, "id"),
        ({"y": "10 / id"}, "zero"),
        ({"y": "z", "z": "id"}, "z"),
        ({"a.b": "id"}, "a.b"),
        ({}, "none"),
    ],
)
def test_sql_that_does_not_fit(parts, table, columns, error):
    before = hashes(parts)
    with pytest.raises(eider.InvalidError, match=error):
        parts.add_columns(columns)
    assert hashes(parts) == before
    assert eider.dataset(parts.uri).to_table() == table


def test_null_columns(parts):
    parts.add_columns(pa.field("a", pa.int32()))
    parts.add_columns([pa.field("b", pa.string()), pa.field("c", pa.list_(pa.int8()))])
    parts.add_columns(pa.schema([pa.field("d", pa.float64())]))
    assert parts.version == 4
    found = parts.to_table(columns=["a", "b", "c", "d"])
    assert found.schema.types == [pa.int32(), pa.string(), pa.list_(pa.int8()), pa.float64()]
    assert all(column.null_count == 10 for column in found.columns)
    with pytest.raises(eider.InvalidError, match="'e'"):
        parts.add_columns(pa.field("e", pa.int32(), nullable=False))


@pytest.mark.parametrize("rows", [0, 9, 11])
def test_another_number_of_rows(parts, table, rows):
    with pytest.raises(eider.InvalidError, match="rows"):
        parts.add_columns(pa.table({"n": pa.array(range(rows), pa.int64())}))
    assert eider.dataset(parts.uri).to_table() == table


def test_a_column_that_exists(parts):
    with pytest.raises(eider.InvalidError, match="'id'") as caught:
        parts.add_columns(pa.table({"id": list(range(10))}))
    assert isinstance(caught.value, OSError)


def test_a_column_to_read_that_is_not_there(parts):
    with pytest.raises(eider.NotFoundError, match="nothing"):
        parts.add_columns(lambda b: b, read_columns=["nothing"])


def test_drop_columns(parts, table):
    before = hashes(parts)
    parts.drop_columns(["name", "vector"])
    assert parts.to_table() == table.select(["id", "box"])
    assert hashes(parts) == before
    with pytest.raises(eider.NotFoundError, match="nothing"):
        parts.drop_columns(["nothing"])
    with pytest.raises(ValueError):
        parts.drop_columns(["id", "box"])
    with pytest.raises(TypeError):
        parts.drop_columns("id")


def test_a_result_that_fits_no_batch_is_said_so(monkeypatch):
    from eider import udf

    table = pa.table({"x": pa.chunked_array([["a", "b"], ["c"]])})
    monkeypatch.setattr(udf, "_joined", lambda given: given)  # strings of 2 GiB stay apart when joined
    with pytest.raises(eider.InvalidError, match="3 rows that do not fit one batch .* only 2 do: lower batch_size"):
        udf.as_batch(table, 3, None)


def test_a_function_may_return_tables_of_several_chunks(parts):
    def halves(batch):
        table = pa.table({"twice": pc.multiply(batch["id"], 2)})
        return pa.concat_tables([table.slice(0, 1), table.slice(1)])

    parts.add_columns(halves)
    assert parts.to_table(columns=["twice"]).column(0).to_pylist() == [2 * i for i in range(10)]


def test_a_dict_of_data_is_refused_shortly(ds):
    with pytest.raises(eider.InvalidError, match=r"give data as a table: pyarrow\.table") as caught:
        ds.add_columns({"a": list(range(10))})
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize("made", [lambda n: {"w": [1] * n}, lambda n: pd.DataFrame({"w": [1] * n})], ids=["dict", "pandas"])
def test_a_function_that_returns_other_columns_than_it_says(ds, made):
    @eider.batch_udf(output_schema=pa.schema([("twice", pa.int64())]))
    def function(batch):
        return made(batch.num_rows)

    with pytest.raises(eider.InvalidError, match=r"returned columns \['w'\].*\['twice'\]"):
        ds.add_columns(function)
    assert ds.version == 1
