"""Aggregates without groups, held against DuckDB and against plain Python."""

import datetime
import decimal
import math

import duckdb
import numpy as np
import pyarrow as pa
import pytest

import eider
from eider.dataset import ColumnOrdering


def one(ds, call, **options):
    return ds.scanner(**options).aggregate({"answer": call}).column(0)[0].as_py()


@pytest.fixture(params=[True, False], ids=["statistics", "values"])
def many(request, write):
    rng = np.random.default_rng(5)
    rows = 20_000
    nulls = lambda: rng.random(rows) < 0.1  # noqa: E731
    table = pa.table(
        {
            "i8": pa.array(rng.integers(-128, 128, rows).astype(np.int8), mask=nulls()),
            "u64": pa.array(rng.integers(0, 1 << 40, rows, dtype=np.uint64), mask=nulls()),
            "f32": pa.array(rng.normal(size=rows).astype(np.float32), mask=nulls()),
            "f64": pa.array(rng.normal(size=rows), mask=nulls()),
            "dec": pa.array(
                [decimal.Decimal(int(i)).scaleb(-2) for i in rng.integers(-(10**9), 10**9, rows)], pa.decimal128(12, 2)
            ),
            "day": pa.array(rng.integers(-10_000, 10_000, rows).astype(np.int32), mask=nulls()).cast(pa.date32()),
            "stamp": pa.array(rng.integers(0, 10**15, rows), mask=nulls()).cast(pa.timestamp("us")),
            "text": pa.array([f"{i:030d} of a long beginning" for i in rng.integers(0, 10**6, rows)], mask=nulls()),
            "flag": pa.array(rng.random(rows) < 0.5, mask=nulls()),
            "none": pa.nulls(rows, pa.int32()),
        }
    )
    return write(table, max_rows_per_file=7_000, checksums=request.param), table


CALLS = [
    f"{name}({column})"
    for column in ("i8", "u64", "f32", "f64", "dec", "day", "stamp", "text", "flag", "none")
    for name in ("count", "min", "max")
]
CALLS += [f"{name}({column})" for column in ("i8", "u64", "f32", "f64", "dec") for name in ("sum", "avg")]
CALLS += ["count(*)", "max(u64 * 2 + 1)", "min(abs(f64))", "sum(i8 + u64)", "max(length(text))"]


@pytest.mark.parametrize("test", [None, "i8 > 10", "f64 < 0 AND flag", "text LIKE '%7%'", "i8 IS NULL", "u64 < 0"])
def test_as_duckdb(many, test):
    ds, table = many
    found = ds.scanner(filter=test).aggregate({call: call for call in CALLS})
    assert found.column_names == CALLS
    where = f" WHERE {test}" if test else ""
    wanted = duckdb.sql(f"SELECT {', '.join(CALLS)} FROM wanted_rows{where}", connection=connect(table)).fetchone()
    for call, ours, theirs in zip(CALLS, found.to_pylist()[0].values(), wanted):
        if isinstance(theirs, float):
            assert math.isclose(float(ours), theirs, rel_tol=1e-9, abs_tol=1e-9), call
        else:
            assert ours == theirs, call


def connect(table):
    connection = duckdb.connect()
    connection.register("wanted_rows", table)
    return connection


def test_deleted_rows_do_not_count(tmp_path):
    lance = pytest.importorskip("lance")
    rows = 10_000
    table = pa.table(
        {
            "x": pa.array([None if i % 5 == 0 else i for i in range(rows)], pa.int64()),
            "t": [f"{i:05d}" for i in range(rows)],
        }
    )
    eider.write_dataset(table, tmp_path / "d.lance", max_rows_per_file=3_000)
    lance.dataset(str(tmp_path / "d.lance")).delete("x > 9000 OR x < 20 OR (x > 4000 AND x < 4500)")
    ds, left = eider.dataset(tmp_path / "d.lance"), None
    left = [v for v in ds.to_table(["x"]).column(0).to_pylist() if v is not None]
    found = ds.scanner().aggregate(
        {"n": "count(*)", "c": "count(x)", "lo": "min(x)", "hi": "max(x)", "s": "sum(x)", "t": "max(t)"}
    )
    assert found.to_pylist()[0] == {
        "n": ds.count_rows(),
        "c": len(left),
        "lo": 21,
        "hi": 8999,
        "s": sum(left),
        "t": "09995",
    }


def test_types_of_the_answers(write):
    table = pa.table(
        {
            "i": pa.array([1], pa.int16()),
            "u": pa.array([1], pa.uint8()),
            "f": pa.array([1.5], pa.float32()),
            "h": pa.array([1.5], pa.float16()),
            "d": pa.array([decimal.Decimal("1.25")], pa.decimal128(5, 2)),
            "w": pa.array([decimal.Decimal("1.25")], pa.decimal256(50, 2)),
            "span": pa.array([5], pa.duration("ms")),
            "zoned": pa.array([5], pa.timestamp("ns", "UTC")),
            "key": pa.array(["a"]).dictionary_encode(),
            "fixed": pa.array([b"abc"], pa.binary(3)),
            "box": [{"x": 7}],
            "list": [[1, None]],
        }
    )
    ds = write(table)

    def kind(call):
        return ds.scanner().aggregate({"answer": call}).schema.field(0).type

    assert kind("sum(i)") == pa.int64()
    assert kind("sum(u)") == pa.uint64()
    assert kind("sum(f)") == kind("mean(i)") == pa.float64()
    assert kind("min(f)") == kind("min(h)") == pa.float32()
    assert kind("sum(d)") == pa.decimal128(38, 2)
    assert kind("sum(w)") == pa.decimal256(76, 2)
    assert kind("max(d)") == pa.decimal128(5, 2)
    assert kind("sum(span)") == pa.duration("ms")
    assert kind("max(zoned)") == pa.timestamp("ns", "UTC")
    assert kind("count(list)") == pa.int64()
    assert one(ds, "max(key)") == "a"
    assert one(ds, "max(fixed)") == b"abc"
    assert one(ds, "max(box.x)") == 7
    assert one(ds, "max(array_length(list))") == 2
    assert one(ds, "sum(w)") == decimal.Decimal("1.25")
    for call in ("min(list)", "max(box)", "sum(key)", "sum(zoned)", "mean(span)"):
        with pytest.raises(eider.InvalidError, match="have no"):
            one(ds, call)


def test_no_rows(write):
    for ds in (write(pa.table({"x": pa.array([], pa.int32())})), write(pa.table({"x": pa.array([None], pa.int32())}))):
        found = ds.scanner().aggregate({"n": "count(x)", "lo": "min(x)", "hi": "max(x)", "s": "sum(x)", "m": "mean(x)"})
        assert found.to_pylist() == [{"n": 0, "lo": None, "hi": None, "s": None, "m": None}]


def test_rows_of_the_scan(ds):
    assert one(ds, "max(id)", limit=4) == 3
    assert one(ds, "min(id)", order_by=[ColumnOrdering("id", ascending=False)], limit=4) == 6
    assert one(ds, "count(*)", offset=4) == 6
    assert one(ds, "count(*)") == 10
    assert one(ds, "count(box.x)") == 9
    assert one(ds, "max(_rowid)") == 9
    assert one(ds.get_fragments()[0], "sum(id)") == 45


def test_arithmetic_stays_as_wide_as_it_computes(write):
    ds = write(pa.table({"x": pa.array([100, 27], pa.int8())}))
    assert one(ds, "max(x * 2 + 1)") == 201
    assert one(ds, "sum(x * 2)") == 254


def test_parameters(ds):
    scanner = ds.scanner(filter="id < $1", params=[5])
    assert scanner.aggregate({"a": "sum(id * $1)"}, params=[10]).to_pylist() == [{"a": 100}]
    assert scanner.aggregate({"a": "max(id + $step)"}, params={"step": 1}).to_pylist() == [{"a": 5}]


def test_statistics_spare_the_values(write):
    ds = write(pa.table({"x": pa.array(np.arange(200_000))}), max_rows_per_file=50_000)
    stats = eider.ScanStats()
    assert ds.scanner(stats=stats).aggregate({"lo": "min(x)", "hi": "max(x)", "n": "count(x)"}).to_pylist() == [
        {"lo": 0, "hi": 199_999, "n": 200_000}
    ]
    assert stats.bytes_copied == 0


def test_errors(ds):
    for call, message in (
        ("median(id)", "'median\\(id\\)' is none of count"),
        ("max(nme)", "no column 'nme'"),
        ("id", "none of"),
        ("max(id) - 1", "none of"),
        ("max(id +)", "aggregate 'answer'"),
        ("sum(name)", "have no sum"),
    ):
        with pytest.raises((eider.InvalidError, eider.NotFoundError), match=message):
            one(ds, call)
    with pytest.raises(TypeError, match="dict of names"):
        ds.scanner().aggregate(["max(id)"])
    with pytest.raises(TypeError):
        ds.scanner().aggregate({"a": None})


def test_a_sum_too_large_says_how_to_ask(write):
    ds = write(pa.table({"x": pa.array([2**63 - 1, 1])}))
    with pytest.raises(eider.InvalidError, match="9223372036854775808, which int64 does not hold; cast"):
        one(ds, "sum(x)")
    assert one(ds, "sum(cast(x as decimal(38, 0)))") == 2**63
    assert one(ds, "max(x)") == 2**63 - 1


def test_times(write):
    ds = write(pa.table({"t": pa.array([datetime.time(1, 2), None, datetime.time(0, 5)])}))
    assert one(ds, "min(t)") == datetime.time(0, 5)
