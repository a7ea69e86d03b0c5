"""Scans in the order of keys; computed columns; what a scan says of itself."""

import pathlib
import resource
import threading
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from scan_model import ranked

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


def test_a_key_may_be_a_computed_column(ds, table):
    rows = [row for row in table.to_pylist() if row["number"] is not None]
    far = sorted(rows, key=lambda row: (-abs(row["number"] - 30), row["id"]))
    for limit in (None, 20, 2000):
        found = ds.to_table(
            {"far": "abs(number - 30)", "id": "id"},
            filter="number IS NOT NULL",
            order_by=[ColumnOrdering("far", ascending=False), "id"],
            limit=limit,
        )
        assert found["id"].to_pylist() == [row["id"] for row in far][:limit]
        assert found["far"].to_pylist() == [abs(row["number"] - 30) for row in far][:limit]


def test_a_stored_column_goes_before_a_computed_one_of_its_name(ds):
    found = ds.to_table({"id": "-id"}, order_by=["id"], limit=3)
    assert found["id"].to_pylist() == [0, -1, -2]


def test_a_computed_key_may_have_any_name(ds):
    found = ds.to_table({"a.b c": "-id", "id": "id"}, order_by=["a.b c"], limit=3)
    assert found["id"].to_pylist() == [ROWS - 1, ROWS - 2, ROWS - 3]


def test_computed_keys_spill(large):
    session = eider.Session(memory_limit=1 << 20, cpu_threads=2)
    found = eider.dataset(large, session=session).to_table({"minus": "-id"}, order_by=["minus"])
    assert found["minus"].to_numpy().tolist() == list(range(1 - ROWS_TO_SPILL, 1))


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


@pytest.fixture(scope="module", params=[False, True])
def with_deletions(request, table, tmp_path_factory) -> eider.LanceDataset:
    ds = eider.write_dataset(
        table, tmp_path_factory.mktemp("deleted") / "d.lance", max_rows_per_file=900, enable_stable_row_ids=request.param
    )
    ds.delete("id % 7 = 0 OR (id > 1000 AND id < 1700) OR number = 12")
    return ds


@pytest.mark.parametrize("threads", [0, 2])
@pytest.mark.parametrize("keys", KEYS)
def test_deleted_rows_on_request(with_deletions, keys, threads):
    ds = eider.dataset(with_deletions.uri, session=eider.Session(cpu_threads=threads, memory_limit=1 << 20))
    options = {"include_deleted_rows": True, "with_row_id": True, "with_row_address": True}
    columns = [*ds.schema.names, "_rowoffset"]
    for filter in (None, "number > 20"):
        rows = ds.to_table(columns, filter, **options).to_pylist()
        assert 0 < sum(row["_rowid"] is None for row in rows) < len(rows)
        for key, ascending, nulls_first in reversed(keys):
            rows = ranked(rows, key, ascending, nulls_first)
        order = [ColumnOrdering(*key) for key in keys]
        for limit, offset in ((None, None), (10, None), (700, 1500)):
            found = ds.to_table(columns, filter, limit, offset, order_by=order, **options).to_pylist()
            first = offset or 0
            assert str(found) == str(rows[first : None if limit is None else first + limit]), (filter, limit)


def test_deleted_rows_in_order_with_what_is_computed_of_them(with_deletions):
    options = {"include_deleted_rows": True, "with_row_id": True, "order_by": [ColumnOrdering("far", ascending=False), "id"]}
    found = with_deletions.to_table({"far": "abs(id - 1500)", "id": "id"}, "id % 2 = 0", limit=1200, **options)
    expected = sorted(range(0, ROWS, 2), key=lambda i: (-abs(i - 1500), i))[:1200]
    assert found["id"].to_pylist() == expected
    assert found["far"].to_pylist() == [abs(i - 1500) for i in expected]
    gone = set(expected) - set(with_deletions.to_table(["id"])["id"].to_pylist())
    assert gone and {i for i, row in zip(expected, found["_rowid"].to_pylist()) if row is None} == gone


def test_deleted_rows_in_order_need_row_ids(with_deletions):
    with pytest.raises(eider.InvalidError, match="include_deleted_rows needs with_row_id"):
        with_deletions.to_table(include_deleted_rows=True, order_by=["id"])


@pytest.fixture(scope="module")
def of_dictionaries(tmp_path_factory) -> eider.LanceDataset:
    """Pages whose dictionaries are larger than what a session of a megabyte keeps of them, and of which rows in order want all."""
    random = np.random.default_rng(4)
    words = pa.array([f"{n:04} " + "".join(chr(97 + c) for c in random.integers(0, 26, 1200)) for n in range(100)])
    rows = 6000
    chosen = words.take(pa.array(random.integers(0, len(words), 3 * rows)))
    offsets = pa.array(np.sort(random.integers(0, len(chosen), rows + 1)).astype(np.int32))
    table = pa.table({"key": random.permutation(rows), "text": chosen[:rows], "texts": pa.ListArray.from_arrays(offsets, chosen)})
    uri = tmp_path_factory.mktemp("dictionaries") / "d.lance"
    return eider.write_dataset(table, uri, max_rows_per_file=2000, profile="compact")


@pytest.mark.parametrize("threads", [0, 1, 16])
def test_rows_of_many_pages_with_large_dictionaries(of_dictionaries, threads):
    files = [f"{of_dictionaries.uri}/data/{file.path}" for fragment in of_dictionaries.get_fragments() for file in fragment.data_files()]
    assert sum(eider.LanceFileReader(file).describe().count("dictionary(") for file in files) >= 6
    expected = of_dictionaries.to_table().sort_by("key")
    ds = eider.dataset(of_dictionaries.uri, session=eider.Session(memory_limit=1 << 20, cpu_threads=threads))
    found = ds.to_table(order_by=["key"])
    for name in expected.column_names:
        assert found[name].combine_chunks() == expected[name].combine_chunks()
    places = np.random.default_rng(5).integers(0, len(expected), 2000)
    assert ds.take(places) == of_dictionaries.take(places)
    assert ds.to_table() == of_dictionaries.to_table()


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


def test_structs_are_ordered_by_their_fields(ds, table):
    boxes = sorted((row["box"] for row in table.to_pylist()), key=lambda box: (box is None, *(box or {}).values()))
    assert ds.to_table(["box"], order_by=["box"])["box"].to_pylist() == boxes


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
    assert "evaluate the filter" in done and "read 3 rows" in done
    assert "bytes" in ds.scanner(filter="number < 5").analyze_plan(count_rows=True)


def test_statistics_count_rows_and_times_of_stages(ds):
    stats = eider.ScanStats()
    found = ds.to_table(["id"], "_rowoffset < 100 AND number < 5", order_by=["word"], stats=stats)
    assert stats.rows_filtered == 100  # the others are ruled out by where they are
    assert stats.rows_read == 2 * found.num_rows  # keys, and the rows in their order
    assert min(stats.filter_read_ns, stats.filter_ns, stats.sort_ns, stats.read_ns) > 0
    taken = eider.ScanStats()
    ds.take([1, 2], ["id"], stats=taken)
    assert (taken.rows_read, taken.rows_filtered, taken.sort_ns) == (2, 0, 0)
    assert "rows_read=2" in repr(taken)


def test_a_callback_hears_what_was_read(ds):
    heard = []
    ds.scanner(["id"], "number < 5", scan_stats_callback=heard.append).to_table()
    list(ds.to_batches(["id"], scan_stats_callback=heard.append))
    assert len(heard) == 2
    assert all(stats.bytes_read > 0 and stats.iops > 0 for stats in heard)
    assert isinstance(heard[0], eider.ScanStatistics)


def anonymous_bytes() -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("RssAnon"))


ROWS_TO_SPILL, BUDGET = 2_000_000, 8 << 20


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> pathlib.Path:
    """Sorting its keys takes ten times the budget."""
    uri = tmp_path_factory.mktemp("spill") / "large.lance"
    ids = np.random.default_rng(0).permutation(ROWS_TO_SPILL)
    eider.write_dataset(pa.table({"id": pa.array(ids), "few": pa.array((ids % 7).astype(np.int8))}), uri, max_rows_per_file=300_000)
    return uri


def test_a_sort_of_ten_times_the_budget_stays_within_it(large, monkeypatch, tmp_path):
    monkeypatch.setenv("EIDER_SPILL_FOLDER", str(tmp_path))
    session = eider.Session(memory_limit=BUDGET, cpu_threads=2)
    small = eider.dataset(large, session=session)
    small.to_table(["id"], limit=10)
    before, peak, expected, done = anonymous_bytes(), 0, 0, threading.Event()

    def watch():
        nonlocal peak
        while not done.wait(0.001):
            peak = max(peak, anonymous_bytes() - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for batch in small.to_batches(["id"], order_by=["id"]):
        ids = batch["id"].to_numpy()
        assert (ids == np.arange(expected, expected + len(ids))).all()
        expected += len(ids)
        assert list(tmp_path.iterdir()) == []
    done.set()
    watcher.join()
    assert expected == ROWS_TO_SPILL
    assert session.memory_used <= BUDGET
    assert peak < 2 * BUDGET, f"{peak >> 20} MB"


def test_a_half_read_sort_leaves_nothing(large, monkeypatch, tmp_path):
    monkeypatch.setenv("EIDER_SPILL_FOLDER", str(tmp_path))
    session = eider.Session(memory_limit=BUDGET)
    small = eider.dataset(large, session=session)
    small.to_table(["id"], limit=1)
    used, files = session.memory_used, len(list(pathlib.Path("/proc/self/fd").iterdir()))
    batches = iter(small.to_batches(["id"], order_by=["few", "id"]))
    assert next(batches)["id"][:3].to_pylist() == [0, 7, 14]
    assert len(list(pathlib.Path("/proc/self/fd").iterdir())) > files
    del batches
    assert session.memory_used <= used + (64 << 10)
    assert len(list(pathlib.Path("/proc/self/fd").iterdir())) == files
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_an_error(large, monkeypatch, tmp_path):
    monkeypatch.setenv("EIDER_SPILL_FOLDER", str(tmp_path / "missing"))
    small = eider.dataset(large, session=eider.Session(memory_limit=BUDGET))
    with pytest.raises(eider.EiderError, match="EIDER_SPILL_FOLDER.*missing"):
        small.to_table(["id"], order_by=["id"])
    monkeypatch.setenv("EIDER_SPILL_FOLDER", str(tmp_path))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 10, limits[1]))
    try:
        with pytest.raises(eider.EiderError, match="temporary file of .*EIDER_SPILL_FOLDER"):
            small.to_table(["id"], order_by=["id"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert small.to_table(["id"], order_by=["id"], limit=2)["id"].to_pylist() == [0, 1]


@pytest.mark.parametrize("threads", [0, 1, 3])
@pytest.mark.parametrize("budget", [1 << 20, 64 << 20])
def test_any_way_of_asking_gives_the_same_rows(large, threads, budget):
    ids = eider.dataset(large).to_table(["id"])["id"].to_numpy()
    expected = ids[np.argsort(-(ids % 7), kind="stable")]
    ds = eider.dataset(large, session=eider.Session(memory_limit=budget, cpu_threads=threads))
    order = [ColumnOrdering("few", ascending=False)]
    for limit, offset, batch in [(5, 0, 8192), (1000, 299_900, 100), (70_000, 400_000, 5000), (3, ROWS_TO_SPILL - 2, 1), (0, 7, 10)]:
        found = ds.to_table(["id"], order_by=order, limit=limit, offset=offset, batch_size=batch)["id"].to_numpy()
        assert (found == expected[offset : offset + limit]).all()
        assert len(found) == min(limit, ROWS_TO_SPILL - offset)


def test_pages_that_cannot_hold_the_first_rows_are_not_read(tmp_path):
    rows = 400_000
    numbers = np.arange(rows)
    table = pa.table({"number": numbers, "real": numbers[::-1] / 7.0, "text": [f"{n:09}" for n in numbers]})
    ds = eider.write_dataset(table, tmp_path / "sorted.lance", max_rows_per_file=rows // 8)
    ds.delete("number = 399999") if hasattr(ds, "delete") else None

    def bytes_read(**kwargs):
        heard = []
        found = ds.to_table(["number"], scan_stats_callback=heard.append, **kwargs)["number"].to_pylist()
        return found, heard[0].bytes_read

    _, whole = bytes_read(order_by=["number"])
    last = ds.to_table(["number"])["number"].to_pylist()[-3:][::-1]
    for key, first, final in [("number", [0, 1, 2], last), ("real", last, [0, 1, 2]), ("text", [0, 1, 2], last)]:
        for ascending, expected in [(True, first), (False, final)]:
            found, read = bytes_read(order_by=[ColumnOrdering(key, ascending)], limit=3)
            assert found == expected
            assert read < whole, (key, ascending)
    found, _ = bytes_read(order_by=[ColumnOrdering("number", False)], limit=3, filter="number < 100000")
    assert found == [99_999, 99_998, 99_997]


def test_most_rows_in_order_come_from_memory_or_from_files(tmp_path):
    """Rows that fit are read once; with a small limit, of some fragments, or beside deleted rows they are taken where they lie. All the same."""
    rng = np.random.default_rng(2)
    table = pa.table({"k": rng.integers(0, 50, 30_000), "text": [f"{i % 977:04} of a row" for i in range(30_000)], "id": range(30_000)})
    ds = eider.write_dataset(table, tmp_path / "t", max_rows_per_file=7_000)
    ds.delete("id % 5 = 1")
    expected = table.filter(pc.invert(pc.equal(pc.subtract(table["id"], pc.multiply(pc.divide(table["id"], 5), 5)), 1)))
    expected = expected.sort_by([("k", "ascending"), ("id", "ascending")])
    small = eider.dataset(ds.uri, session=eider.Session(memory_limit=2 << 20))
    for each in (ds, small):
        assert each.to_table(order_by=["k"]) == expected
        assert each.to_table(["text", "id"], order_by=["k"], limit=20_000, offset=100) == expected.select(["text", "id"]).slice(100, 20_000)
        assert each.to_table({"twice": "id * 2"}, order_by=["k"])["twice"].to_pylist() == [2 * i for i in expected["id"].to_pylist()]
    ids = [0, 3]
    some = ds.scanner(order_by=["k"], fragments=[ds.get_fragments()[i] for i in ids]).to_table()
    within = pc.or_(pc.less(expected["id"], 7_000), pc.greater_equal(expected["id"], 21_000))
    assert some == expected.filter(pc.and_(within, pc.less(expected["id"], 28_000)))
