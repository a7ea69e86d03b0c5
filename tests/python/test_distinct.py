"""Distinct rows, held against Python's dicts and DuckDB."""

import duckdb
import numpy as np
import pyarrow as pa
import pytest

import eider


@pytest.fixture
def many(write):
    rng = np.random.default_rng(3)
    rows = 30_000
    table = pa.table(
        {
            "a": pa.array(rng.integers(0, 50, rows), mask=rng.random(rows) < 0.1),
            "b": pa.array([f"kind {i}" for i in rng.integers(0, 20, rows)], mask=rng.random(rows) < 0.1),
            "c": pa.array(rng.choice([0.0, -0.0, 1.5, np.nan, -np.nan], rows)),
            "d": pa.array([[int(i)] * (int(i) % 3) for i in rng.integers(0, 9, rows)], pa.list_(pa.int32())),
            "e": pa.array(
                [{"x": int(i), "y": None} if i else None for i in rng.integers(0, 4, rows)],
                pa.struct([("x", pa.int8()), ("y", pa.string())]),
            ),
            "f": pa.array(rng.random(rows) < 0.5, mask=rng.random(rows) < 0.3),
            "k": pa.array([str(i % 7) for i in range(rows)]).dictionary_encode(),
        }
    )
    return write(table, max_rows_per_file=11_000), table


def firsts(table):
    """The first of each kind of rows."""

    def key(value):
        if isinstance(value, float):
            return "nan" if value != value else value + 0.0
        return repr(value)

    seen = {}
    for row in table.to_pylist():
        seen.setdefault(tuple(key(value) for value in row.values()), row)
    return list(seen.values())


@pytest.mark.parametrize(
    "columns", [["a"], ["b"], ["c"], ["d"], ["e"], ["f"], ["k"], ["a", "b"], ["d", "c", "f"], ["e", "k"]]
)
def test_first_of_each_kind_in_row_order(many, columns):
    ds, table = many
    found = ds.scanner(columns=columns).distinct()
    assert found.schema == ds.to_table(columns, limit=0).schema
    assert repr(found.to_pylist()) == repr(firsts(table.select(columns)))


def test_of_what_the_scan_yields(many):
    ds, table = many
    found = ds.scanner(columns={"twice": "a * 2"}, filter="b = 'kind 3' AND a < 10").distinct()
    assert sorted(found.column("twice").to_pylist()) == [2 * i for i in range(10)]
    assert ds.scanner(columns=["a"], limit=5).distinct().num_rows == len(firsts(table.select(["a"]).slice(0, 5)))
    assert ds.scanner(columns=["f"], order_by=["f"]).distinct().column(0).to_pylist() == [False, True, None]
    assert ds.scanner(columns=["e.x"]).distinct().num_rows == 4


def test_as_duckdb(many):
    ds, table = many
    connection = duckdb.connect()
    connection.register("rows_", table)
    wanted = connection.execute("SELECT count(*) FROM (SELECT DISTINCT a, b, f FROM rows_)").fetchone()[0]
    assert ds.scanner(columns=["a", "b", "f"]).distinct().num_rows == wanted


def test_no_rows_and_no_columns(write, ds):
    assert write(pa.table({"x": pa.array([], pa.int8())})).scanner().distinct().num_rows == 0
    assert ds.scanner(columns=[]).distinct().num_columns == 0
    assert ds.scanner().distinct() == ds.to_table().combine_chunks()


def in_little_memory(ds, megabytes=4):
    return eider.dataset(ds.uri, session=eider.Session(memory_limit=megabytes << 20))


@pytest.mark.parametrize("kind", ["number", "text", "rows", "nested", "dictionary", "repeated"])
def test_what_does_not_fit_the_budget_goes_through_files(write, kind):
    rng, rows = np.random.default_rng(1), 300_000
    numbers = rng.permutation(np.arange(rows) % (rows // 2))
    texts = pa.array([f"text {i} of many" for i in numbers])
    columns = {
        "number": {"n": pa.array(numbers, mask=rng.random(rows) < 0.001)},
        "text": {"t": texts},
        "rows": {"n": numbers, "t": texts, "f": pa.array(numbers % 3 == 0)},
        "nested": {
            "l": pa.array([[i, None] if i % 2 else ([] if i % 3 else None) for i in numbers.tolist()]),
            "s": pa.array([{"x": i, "y": str(i)} if i % 5 else None for i in numbers.tolist()]),
        },
        "dictionary": {"n": numbers, "k": pa.array([f"kind {i % 9}" for i in numbers.tolist()]).dictionary_encode()},
        "repeated": {"v": np.where(rng.random(rows) < 0.7, numbers % 7, numbers)},
    }[kind]
    ds = write(pa.table(columns), max_rows_per_file=90_000)
    everything = ds.scanner().distinct()
    small = in_little_memory(ds)
    assert small.scanner().distinct().cast(everything.schema) == everything
    assert repr(everything.to_pylist()) == repr(firsts(ds.to_table()))
    batches = small.scanner().distinct_batches()
    assert sum(batch.num_rows for batch in batches) == everything.num_rows
    assert small.session().memory_used < 2 << 20


def test_dictionaries_of_fragments_may_have_more_values_than_a_key_can_name(write):
    rng, fragments, rows = np.random.default_rng(4), 12, 20_000
    kinds = pa.dictionary(pa.int8(), pa.string())

    def fragment(number):
        keys = rng.integers(0, 100, rows).astype(np.int8)
        names = pa.array([f"kind {number * 50 + i}" for i in range(100)])
        ids = rng.integers(0, 100_000, rows)
        return pa.table({"k": pa.DictionaryArray.from_arrays(keys, names), "n": ids}).cast(
            pa.schema([("k", kinds), ("n", pa.int64())])
        )

    first, *others = [fragment(number) for number in range(fragments)]
    ds = write(first)
    for table in others:
        ds = eider.write_dataset(table, ds.uri, mode="append")
    found = [row for batch in in_little_memory(ds, 2).scanner().distinct_batches() for row in batch.to_pylist()]
    assert found == firsts(pa.concat_tables([first, *others]))


def test_parts_that_do_not_fit_are_divided_again(write):
    rows = 2_000_000
    numbers = np.random.default_rng(2).permutation(rows)
    ds = in_little_memory(write(pa.table({"x": numbers, "y": numbers % 1000})), 1)
    found = ds.scanner().distinct()
    assert found.column("x").to_numpy().tolist() == numbers.tolist()


def test_a_reader_may_be_dropped_halfway(write):
    ds = in_little_memory(write(pa.table({"x": np.random.default_rng(3).permutation(500_000)})))
    batches = ds.scanner().distinct_batches()
    assert next(batches).num_rows > 0
    del batches
    assert ds.session().memory_used < 2 << 20
