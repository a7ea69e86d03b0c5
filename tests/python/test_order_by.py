"""Scans in the order of keys; computed columns; what a scan says of itself."""

import pathlib
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

import eider
from eider.dataset import ColumnOrdering

ROWS = 4000


@pytest.fixture(scope="module")
def table() -> pa.Table:
    random = np.random.default_rng(11)
    number = random.integers(0, 60, ROWS)
    return pa.table(
        {
            "id": pa.array(range(ROWS), pa.int64()),
            "number": pa.array([None if n == 7 else int(n) for n in number], pa.int16()),
            "real": pa.array(random.choice([0.5, -1.0, float("inf"), float("nan"), -float("inf"), 3.25], ROWS)),
            "word": pa.array([None if n == 9 else "long common prefix " * (n % 2) + str(n) for n in number]),
            "bytes": pa.array([bytes([n % 3, n]) for n in number]),
            "when": pa.array(random.integers(0, 10**6, ROWS), pa.timestamp("us")),
            "price": pa.array([Decimal(int(n) - 30) / 100 for n in number], pa.decimal128(9, 2)),
            "flag": pa.array([bool(n % 2) for n in number]),
            "box": pa.array([None if n == 3 else {"x": int(n) % 5} for n in number]),
        }
    )


@pytest.fixture(scope="module")
def ds(table, tmp_path_factory) -> eider.LanceDataset:
    return eider.write_dataset(table, tmp_path_factory.mktemp("order") / "o.lance", max_rows_per_file=900)


def ranked(rows: list[dict], name: str, ascending: bool, nulls_first: bool) -> list[dict]:
    """A stable sort: nulls where they are wanted, NaN after every number."""

    def value(row):
        found = row
        for part in name.split("."):
            found = None if found is None else found[part]
        return found

    def key(row):
        found = value(row)
        return (found != found, 0.0 if found != found else found)

    nulls = [row for row in rows if value(row) is None]
    values = sorted((row for row in rows if value(row) is not None), key=key, reverse=not ascending)
    if not ascending:  # reverse keeps equal rows in their order
        values = sorted((row for row in rows if value(row) is not None), key=key, reverse=True)
    return nulls + values if nulls_first else values + nulls


KEYS = [
    [("number", True, False)],
    [("number", False, True), ("id", False, False)],
    [("real", True, False), ("number", False, False)],
    [("real", False, False)],
    [("word", True, True), ("when", True, False)],
    [("bytes", False, False), ("word", True, False)],
    [("price", True, False)],
    [("flag", False, False), ("price", False, False)],
    [("box.x", True, True)],
    [("when", True, False)],
]


@pytest.mark.parametrize("keys", KEYS, ids=str)
@pytest.mark.parametrize(("limit", "offset"), [(None, None), (10, None), (25, 100), (0, None), (None, 3990)])
def test_every_kind_of_key(ds, table, keys, limit, offset):
    rows = table.to_pylist()
    for name, ascending, nulls_first in reversed(keys):
        rows = ranked(rows, name, ascending, nulls_first)
    begin = offset or 0
    expected = [row["id"] for row in rows[begin : None if limit is None else begin + limit]]
    order = [ColumnOrdering(*key) for key in keys]
    assert ds.to_table(["id"], order_by=order, limit=limit, offset=offset)["id"].to_pylist() == expected


def test_with_a_filter_and_other_columns(ds):
    found = ds.to_table(["word", "id", "_rowid"], "number < 5", order_by=["when"], batch_size=7, strict_batch_size=True)
    everything = ds.to_table(["word", "id", "when"], "number < 5", with_row_id=True).sort_by("when")
    assert found["_rowid"].to_pylist() == everything["_rowid"].to_pylist()
    assert found["word"].to_pylist() == everything["word"].to_pylist()
    assert [len(chunk) for chunk in found["id"].chunks[:-1]] == [7] * (found["id"].num_chunks - 1)


def test_wrong_keys(ds):
    with pytest.raises(TypeError, match="order_by"):
        ds.to_table(order_by="id")
    with pytest.raises(TypeError, match="order_by"):
        ds.to_table(order_by=[3])
    with pytest.raises(eider.NotFoundError, match="nope"):
        ds.to_table(order_by=["nope"])
    with pytest.raises(eider.InvalidError, match="no order"):
        ds.to_table(order_by=["box"])


def test_computed_columns(ds, table):
    found = ds.to_table({"twice": "number * 2", "word": "word", "x": "box.x", "shout": "upper(word)"}, "id < 50", order_by=["when"])
    rows = sorted(table.slice(0, 50).to_pylist(), key=lambda row: row["when"])
    assert found.schema.names == ["twice", "word", "x", "shout"]
    assert found["twice"].to_pylist() == [None if r["number"] is None else r["number"] * 2 for r in rows]
    assert found["x"].to_pylist() == [None if r["box"] is None else r["box"]["x"] for r in rows]
    assert found["shout"].to_pylist() == [None if r["word"] is None else r["word"].upper() for r in rows]
    taken = ds.take([5, 3], columns={"y": "id + 1", "id": "id"})
    assert taken.to_pydict() == {"y": [6, 4], "id": [5, 3]}
    assert ds.to_table({"y": "id + 1"}, limit=2, with_row_id=True).to_pydict() == {"y": [1, 2], "_rowid": [0, 1]}
    with pytest.raises(eider.InvalidError):
        ds.to_table({"y": "id +"})


def test_a_plan_for_people(ds):
    plan = ds.scanner(["id"], "number < 5 AND _rowoffset < 100", order_by=["word"], limit=3).explain_plan()
    assert "filter: number < 5 AND _rowoffset < 100" in plan
    assert "looks at 100 of 4000 rows; statistics and addresses rule out 4 of 5 fragments" in plan
    assert "order by: word ascending, nulls last" in plan
    assert "columns: id" in plan
    done = ds.scanner(["id"], "number < 5", limit=3).analyze_plan()
    assert "3 rows in 1 batches" in done
    assert "bytes" in ds.scanner(filter="number < 5").analyze_plan(count_rows=True)


def test_a_callback_hears_what_was_read(ds):
    heard = []
    ds.scanner(["id"], "number < 5", scan_stats_callback=heard.append).to_table()
    list(ds.to_batches(["id"], scan_stats_callback=heard.append))
    assert len(heard) == 2
    assert all(stats.bytes_read > 0 and stats.iops > 0 for stats in heard)
    assert isinstance(heard[0], eider.ScanStatistics)


def test_a_sort_beyond_the_budget_is_refused(tmp_path: pathlib.Path):
    rows = 500_000
    uri = tmp_path / "wide.lance"
    eider.write_dataset(pa.table({"id": pa.array(np.random.default_rng(0).permutation(rows))}), uri)
    small = eider.dataset(uri, session=eider.Session(memory_limit=4 << 20))
    assert small.to_table(order_by=["id"], limit=3)["id"].to_pylist() == [0, 1, 2]
    with pytest.raises(eider.OutOfBudgetError, match="rows to sort"):
        small.to_table(order_by=["id"])
