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


def test_more_than_the_budget_is_an_error(write):
    uri = write(pa.table({"x": pa.array(np.arange(2_000_000))})).uri
    ds = eider.dataset(uri, session=eider.Session(memory_limit=16 << 20))
    with pytest.raises(eider.OutOfBudgetError, match="distinct rows"):
        ds.scanner(columns=["x"]).distinct()
    assert ds.scanner(columns={"m": "x % 1000"}).distinct().num_rows == 1000
    assert ds.session().memory_used < 8 << 20
