"""Filters: which rows come out, whatever the columns, limits, batches and threads; what a filter reads."""

import random
import tracemalloc

import numpy as np
import pyarrow as pa
import pytest
from eider.sampling import sample_of_batches

import eider

ROWS = 3000


@pytest.fixture(scope="module")
def numbers() -> pa.Table:
    npr = np.random.default_rng(5)
    value = npr.integers(-50, 50, ROWS)
    return pa.table(
        {
            "id": pa.array(range(ROWS), pa.int64()),
            "value": pa.array([None if v % 7 == 0 else int(v) for v in value], pa.int32()),
            "score": pa.array([float("nan") if v % 11 == 0 else v / 4 for v in value], pa.float64()),
            "name": pa.array([None if v == 3 else f"name {v}" for v in value]),
            "box": pa.array([None if v % 13 == 0 else {"x": int(v), "tag": f"t{v}"} for v in value]),
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(npr.random(ROWS * 8), pa.float32()), 8),
        }
    )


@pytest.fixture(scope="module")
def ds(numbers, tmp_path_factory) -> eider.LanceDataset:
    return eider.write_dataset(numbers, tmp_path_factory.mktemp("filters") / "n.lance", max_rows_per_file=700)


def same(found: pa.Table, expected: pa.Table) -> bool:
    """Equal, a NaN to itself."""
    tables = (found.combine_chunks(), expected.combine_chunks())
    bits = [table["score"].combine_chunks().view(pa.int64()) for table in tables]
    return tables[0].drop_columns("score") == tables[1].drop_columns("score") and bits[0].equals(bits[1])


def keep(table: pa.Table, test) -> pa.Table:
    return table.filter(pa.array([test(row) for row in table.select(["id", "value", "score", "name", "box"]).to_pylist()]))


FILTERS = {
    "value > 10": lambda r: r["value"] is not None and r["value"] > 10,
    "value = 3 OR name = 'name 4'": lambda r: r["value"] == 3 or r["name"] == "name 4",
    "NOT (value < 0)": lambda r: r["value"] is not None and not r["value"] < 0,
    "box.x >= 20 AND id < 2000": lambda r: r["box"] is not None and r["box"]["x"] >= 20 and r["id"] < 2000,
    "value IN (1, 2, 3, 99) AND name LIKE 'name%'": lambda r: r["value"] in (1, 2) and r["name"] is not None,
    "value IS NULL": lambda r: r["value"] is None,
    "id = 1234": lambda r: r["id"] == 1234,
    "id >= 0": lambda r: True,
    "id < 0": lambda r: False,
    "_rowoffset >= 1500 AND _rowoffset < 1510": lambda r: 1500 <= r["id"] < 1510,
}


@pytest.mark.parametrize("sql", FILTERS)
def test_rows_that_pass(ds, numbers, sql):
    expected = keep(numbers, FILTERS[sql])
    assert same(ds.to_table(filter=sql), expected)
    assert ds.count_rows(sql) == ds.scanner(filter=sql).count_rows() == expected.num_rows
    assert same(pa.Table.from_batches(ds.to_batches(filter=sql), numbers.schema), expected)


@pytest.mark.parametrize("columns", [["id"], ["name", "vector"], ["box.tag", "score"], ["value"], ["vector", "_rowid"], []])
def test_any_columns(ds, numbers, columns):
    expected = keep(numbers, FILTERS["value > 10"])
    found = ds.to_table(columns, "value > 10")
    assert found.num_rows == expected.num_rows
    assert found.schema.names == columns
    for name in columns:
        if name == "_rowid":
            assert found[name].to_pylist() == ds.to_table(["id"], "value > 10", with_row_id=True)["_rowid"].to_pylist()
        elif name == "box.tag":
            assert found[name].to_pylist() == [box and box["tag"] for box in expected["box"].to_pylist()]
        else:
            assert repr(found[name].to_pylist()) == repr(expected[name].to_pylist())  # NaN equals itself so


def test_counts_know_no_default_limit(ds, numbers):
    limited = eider.dataset(ds.uri, default_scan_options={"limit": 3, "offset": 1})
    assert limited.to_table(filter="value > 10").num_rows == 3
    assert limited.count_rows("value > 10") == keep(numbers, FILTERS["value > 10"]).num_rows
    assert limited.get_fragments()[0].count_rows("value > 10") == ds.get_fragments()[0].count_rows("value > 10")


@pytest.mark.parametrize("limit", [0, 1, 5, 300, 10_000, None])
@pytest.mark.parametrize("offset", [None, 0, 1, 250, 10_000])
def test_limit_and_offset_count_rows_that_pass(ds, numbers, limit, offset):
    expected = keep(numbers, FILTERS["value > 10"]).slice(offset or 0, limit)
    assert same(ds.to_table(filter="value > 10", limit=limit, offset=offset), expected)
    assert ds.count_rows("value > 10", limit=limit, offset=offset) == expected.num_rows


@pytest.mark.parametrize("threads", [0, 1, 4])
@pytest.mark.parametrize("batch_size", [1, 17, 8192])
def test_any_number_of_threads_and_rows_per_batch(ds, numbers, threads, batch_size):
    expected = keep(numbers, FILTERS["value > 10"])
    other = eider.dataset(ds.uri, session=eider.Session(cpu_threads=threads))
    batches = list(other.to_batches(filter="value > 10", batch_size=batch_size, strict_batch_size=True))
    assert [b.num_rows for b in batches[:-1]] == [batch_size] * (len(batches) - 1)
    assert same(pa.Table.from_batches(batches, numbers.schema), expected)
    unordered = pa.Table.from_batches(
        other.to_batches(filter="value > 10", batch_size=batch_size, scan_in_order=False), numbers.schema
    )
    assert same(unordered.sort_by("id"), expected)


def test_fragments(ds, numbers):
    for fragment in ds.get_fragments():
        expected = keep(numbers.slice(fragment.fragment_id * 700, 700), FILTERS["value > 10"])
        assert fragment.count_rows("value > 10") == expected.num_rows
        assert same(fragment.to_table(filter="value > 10"), expected)
        assert fragment.scanner(filter="value > 10", columns=["id"], limit=2).to_table()["id"].to_pylist() == expected[
            "id"
        ].to_pylist()[:2]
    passing = keep(numbers, FILTERS["value > 10"])
    assert same(ds.head(3, filter="value > 10"), passing.slice(0, 3))
    assert same(ds.tail(3, filter="value > 10"), passing.slice(passing.num_rows - 3))


def test_sample_of_the_rows_that_pass(ds):
    found = ds.sample(20, columns=["value"], filter="value > 45")["value"].to_pylist()
    assert len(found) == 20
    assert min(found) > 45
    with pytest.raises(eider.InvalidError, match="cannot sample 5 of 0"):
        ds.sample(5, filter="id < 0")


HINTS = [None, True, False, [], ["vector"], ["box.x", "name"], ["id"]]


@pytest.mark.parametrize("hint", HINTS, ids=str)
def test_late_materialization_never_changes_the_answer(ds, numbers, hint):
    for name, test in FILTERS.items():
        assert same(ds.to_table(filter=name, late_materialization=hint), keep(numbers, test)), name
    options = {"filter": "value > 10", "late_materialization": hint}
    assert ds.to_table(["box.x", "id"], limit=7, offset=5, **options) == ds.to_table(["box.x", "id"], "value > 10", 7, 5)
    assert ds.to_table({"twice": "id * 2"}, **options) == ds.to_table({"twice": "id * 2"}, "value > 10")
    ordered = ds.to_table(["name", "id"], order_by=["name"], **options)
    assert ordered == ds.to_table(["name", "id"], "value > 10", order_by=["name"])
    fragment = ds.get_fragments()[1]
    assert same(fragment.to_table(**options), fragment.to_table(filter="value > 10"))


@pytest.mark.parametrize("passing", [1, 5, 9], ids=lambda tenths: f"{tenths} of 10 pass")
def test_of_wide_columns_rows_that_fail_are_not_read(tmp_path, passing):
    rows, rng = 4000, np.random.default_rng(1)
    table = pa.table(
        {
            "id": np.arange(rows),
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(rng.random(rows * 2048, np.float32)), 2048),
            "blob": [rng.bytes(5000) for _ in range(rows)],
        }
    )
    ds = eider.write_dataset(table, tmp_path / "wide.lance")
    test = f"id * 7 % 10 < {passing}"
    narrow = read_of(ds, ["id"], test)
    for name, width in (("vector", 8192), ("blob", 5000)):
        assert ds.to_table([name], test) == table.filter(pa.array(np.arange(rows) * 7 % 10 < passing)).select([name])
        wanted = rows * width * passing // 10
        assert wanted <= read_of(ds, [name], test) <= 1.03 * wanted + narrow, name
        assert read_of(ds, [name], test, late_materialization=False) >= rows * width, name


def test_late_materialization_says_what_is_read(tmp_path):
    rows = 30_000
    table = pa.table(
        {
            "id": pa.array(np.arange(rows)),
            "wide": pa.FixedSizeListArray.from_arrays(pa.array(np.random.default_rng(1).random(rows * 384, np.float32)), 384),
            "text": [f"{i:040}" for i in range(rows)],
        }
    )
    ds = eider.write_dataset(table, tmp_path / "late.lance")
    narrow = read_of(ds, ["id"], "id % 1000 = 7")

    def beyond(hint, filter="id % 1000 = 7"):
        return read_of(ds, ["id", "wide", "text"], filter, late_materialization=hint) - narrow

    wide_bytes = rows * 1536
    assert beyond(True) < (rows // 1000) * (1536 + (16 << 10))
    assert beyond(None) < (rows // 1000) * (1536 + (16 << 10))
    assert wide_bytes < beyond(False)
    assert beyond(["text"]) > wide_bytes
    assert beyond(["wide"]) < wide_bytes
    # One row in forty passes: of the wide column little is read for the others.
    assert read_of(ds, ["wide"], "id % 40 = 0") - read_of(ds, ["id"], "id % 40 = 0") <= wide_bytes // 30
    assert read_of(ds, ["wide"], "id < 0 OR id % 2 = 3", late_materialization=False) <= narrow
    for hint, line in [
        (None, "reads other columns: late, for the rows that pass, where that costs less than their block"),
        (True, "reads other columns: late, for the rows that pass (hint)"),
        (False, "reads other columns: by blocks (hint)"),
        (["wide"], "reads other columns: late, for the rows that pass, wide; others by blocks (hint)"),
    ]:
        assert line in ds.scanner(filter="id < 5", late_materialization=hint).explain_plan()


def read_of(ds, columns, filter, **options):
    """Bytes that a scan reads."""
    stats = eider.ScanStats()
    ds.to_table(columns, filter, stats=stats, **options)
    return stats.bytes


def test_late_materialization_of_what_is_not_there(ds):
    with pytest.raises(eider.NotFoundError, match="nope"):
        ds.to_table(filter="id < 5", late_materialization=["nope"])
    for wrong in ("id", 3, [3]):
        with pytest.raises(TypeError, match="late_materialization"):
            ds.to_table(filter="id < 5", late_materialization=wrong)


def test_a_seed_makes_the_same_sample(write):
    ds = write(pa.table({"x": np.arange(50_000)}), max_rows_per_file=7_000)
    ds.delete("x % 10 = 3")
    for options in ({}, {"filter": "x % 2 = 0"}):
        samples = []
        for _ in range(2):
            random.seed(11)
            samples.append(ds.sample(900, ["x"], **options)["x"].to_pylist())
        assert samples[0] == samples[1] != sorted(samples[0])
        assert len(set(samples[0])) == 900
        assert not any(x % 10 == 3 for x in samples[0])
        assert 22_000 < np.mean(samples[0]) < 28_000
        assert ds.sample(900, ["x"], **options)["x"].to_pylist() != samples[0]
        ordered = ds.sample(40, ["x"], randomize_order=False, **options)["x"].to_pylist()
        assert ordered == sorted(ordered)
    assert sorted(ds.sample(5_000, ["x"], filter="x % 10 = 4")["x"].to_pylist()) == list(range(4, 50_000, 10))
    assert ds.sample(0, ["x"], filter="x > 5").num_rows == 0


def test_a_sample_with_a_filter_takes_memory_for_the_sample_alone():
    batches = (pa.record_batch({"n": np.arange(i, i + 50_000)}) for i in range(0, 5_000_000, 50_000))
    tracemalloc.start()
    found = sample_of_batches(100, batches)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(set(found)) == 100
    assert peak < 4 << 20


def test_a_default_filter(ds):
    assert eider.dataset(ds.uri, default_scan_options={"filter": "id < 5"}).to_table().num_rows == 5


def test_what_is_no_filter_is_refused(ds):
    with pytest.raises(eider.InvalidError):
        ds.to_table(filter="value >")
    with pytest.raises(eider.InvalidError, match="boolean"):
        ds.to_table(filter="value")
    with pytest.raises((eider.InvalidError, eider.NotFoundError), match="nope"):
        ds.count_rows("nope = 1")
    with pytest.raises(TypeError, match="filter"):
        ds.to_table(filter=3)


def test_a_filter_reads_wide_columns_only_of_rows_that_pass(tmp_path):
    rows, width = 20_000, 1024
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(rows * width // 4, np.float32)), width // 4)
    ds = eider.write_dataset(pa.table({"id": range(rows), "vector": vectors}), tmp_path / "wide.lance")
    stats = eider.ScanStats()
    assert ds.to_table(filter="id = 77 OR id = 15000", stats=stats).num_rows == 2
    assert stats.bytes < rows * 8 + 20 * width
    stats = eider.ScanStats()
    assert ds.scanner(filter="id < 100", stats=stats).count_rows() == 100
    assert stats.bytes <= rows * 8


def test_a_scan_dropped_half_way_leaves_nothing(ds):
    session = eider.Session(memory_limit=256 << 20)
    other = eider.dataset(ds.uri, session=session)
    for _ in range(20):
        batches = iter(other.to_batches(filter="id >= 0", batch_size=16))
        next(batches)
        del batches
    used = session.memory_used
    next(iter(other.to_batches(filter="id >= 0", batch_size=16)))
    assert session.memory_used == used


def test_pages_whose_bounds_rule_them_out_are_not_read(tmp_path):
    rows = 200_000
    random = np.random.default_rng(1)
    table = pa.table(
        {
            "time": pa.array(range(rows), pa.int64()),
            "word": [f"w{i:06d}" for i in range(rows)],
            "noise": random.integers(0, 1000, rows),
        }
    )
    ds = eider.write_dataset(table, tmp_path / "pages.lance", max_rows_per_file=50_000, max_page_bytes=64 << 10)
    whole = eider.ScanStats()
    ds.to_table(["noise", "time"], "noise >= 0", stats=whole)
    for sql, rows_found in {
        "time >= 100000 AND time < 100100": 100,
        "time IN (5, 77, 199999)": 3,
        "time IS NULL": 0,
        "word LIKE 'w00010%'": 10,
        "time = 5 AND noise >= 0": 1,
        "word = 'w000100'": 1,
        "time > 1000000": 0,
        "_rowaddr = 4294967301 AND noise >= 0": 1,
        "_rowoffset >= 70000 AND _rowoffset < 70010": 10,
    }.items():
        stats = eider.ScanStats()
        assert ds.scanner(["noise"], sql, stats=stats).to_table().num_rows == rows_found, sql
        assert stats.bytes * 5 < whole.bytes, sql
        unchecked = eider.dataset(ds.uri, session=eider.Session(verify=False))
        assert unchecked.to_table(filter=sql) == ds.to_table(filter=sql)
def test_parameters(ds):
    assert ds.count_rows("value > $1 AND name <> $2", params=[10, "name 11"]) == ds.count_rows("value > 11")
    assert ds.to_table(["id"], "id = $key", params={"key": 7}).to_pydict() == {"id": [7]}
    hostile = "x' OR '1'='1"
    assert ds.count_rows("name = $1", params=[hostile]) == 0
    with pytest.raises(eider.InvalidError, match="params without a filter"):
        ds.to_table(params=[1])
    with pytest.raises(TypeError, match="params"):
        ds.to_table(filter="id = $1", params="1")




@pytest.mark.parametrize(("condition", "expected"), [
    (r"s LIKE '%a\%'", ["a%", "xa%"]),
    (r"s LIKE '%\%'", ["a%", "a%c%", "xa%"]),
    ("s LIKE '%a!%' ESCAPE '!'", ["a%", "xa%"]),
    ("s LIKE '%a%'", ["a%b", "a%", "a%c%", "xa%", "a_b", "ab", "a.b"]),
    (r"s SIMILAR TO 'a\%b'", ["a%b"]),
    ("s SIMILAR TO 'a!%b' ESCAPE '!'", ["a%b"]),
    (r"s SIMILAR TO 'a\_b'", ["a_b"]),
    ("s SIMILAR TO 'a[%_]b'", ["a%b", "a_b"]),
    ("s SIMILAR TO 'a[^%_]b'", ["a.b"]),
    ("s SIMILAR TO 'a.b|xa_'", ["xa%", "a.b"]),
    ("s SIMILAR TO 'a%b'", ["a%b", "a_b", "ab", "a.b"]),
])
def test_escaped_letters_of_patterns_stand_for_themselves(condition, expected, tmp_path) -> None:
    texts = ["a%b", "a%", "a%c%", "xa%", "a_b", "ab", "a.b"]
    ds = eider.write_dataset(pa.table({"s": texts}), str(tmp_path / "t.lance"))
    assert ds.to_table(filter=condition)["s"].to_pylist() == expected


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2"])
def test_nulls_among_the_values_of_a_dictionary(write, version):
    """Files of version 2.0 keep a null as one of the dictionary's values."""
    words = pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 1], pa.int8()), pa.array(["a", None]))
    ds = write(
        pa.table({"word": words, "none": pa.nulls(4, pa.int16()).dictionary_encode()}), data_storage_version=version
    )
    assert ds.to_table()["word"].to_pylist() == ["a", None, None, None]
    counts = [ds.count_rows(f"word {test}") for test in ("IS NULL", "IS NOT NULL", "= 'a'", "IS DISTINCT FROM 'a'")]
    assert counts == [3, 1, 1, 3]
    assert ds.count_rows("none IS NULL") == 4
    assert ds.scanner().aggregate({"n": "count(word)"}).to_pylist() == [{"n": 1}]
