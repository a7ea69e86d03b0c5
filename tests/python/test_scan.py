"""Scans: columns, ranges, batches, and arguments that come later."""

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import eider


def test_columns_in_the_order_asked(ds, table):
    assert ds.to_table(columns=["name", "id"]) == table.select(["name", "id"])


def test_a_nested_field_becomes_a_column(ds):
    found = ds.to_table(columns=["box.tag", "id", "box.x"])
    assert found.schema.names == ["box.tag", "id", "box.x"]
    assert found.column("box.tag").to_pylist() == [None if i == 7 else f"t{i}" for i in range(10)]
    assert found.column("box.x").to_pylist() == [None if i == 7 else i * 0.5 for i in range(10)]


def test_a_struct_and_its_field(ds, table):
    found = ds.to_table(columns=["box", "box.x"])
    assert found.column("box").to_pylist() == table.column("box").to_pylist()
    assert found.column("box.x").to_pylist()[1] == 0.5


def test_renames(ds, table):
    found = ds.to_table(columns={"key": "id", "x": "box.x"})
    assert found.schema.names == ["key", "x"]
    assert found.column("key").to_pylist() == list(range(10))


def test_a_field_whose_name_has_a_dot(write):
    ds = write(pa.table({"s": [{"a.b": 1, "c": 2}]}))
    assert ds.to_table(columns=["s.`a.b`"]).column(0).to_pylist() == [1]
    assert ds.take([0], columns=["s.`a.b`"]).to_pylist() == [{"s": {"a.b": 1}}]
    with pytest.raises(eider.InvalidError, match="a.b"):  # as in the reference, a top-level name must not have one
        write(pa.table({"a.b": [1]}))


def test_no_columns_keeps_the_number_of_rows(ds):
    assert ds.to_table(columns=[]).num_columns == 0
    assert ds.to_table(columns=[], with_row_id=True).num_rows == 10


@pytest.mark.parametrize(
    ("limit", "offset"), [(0, None), (3, None), (100, None), (None, 4), (3, 4), (3, 9), (3, 99), (0, 0)]
)
def test_limit_and_offset(ds, table, limit, offset):
    assert ds.to_table(limit=limit, offset=offset).equals(table.slice(offset or 0, limit))
    assert ds.scanner(limit=limit, offset=offset).count_rows() == table.slice(offset or 0, limit).num_rows


def test_head_and_slice(ds, table):
    assert ds.head(3) == table.slice(0, 3)
    assert ds.head(3, columns=["id"]).schema.names == ["id"]
    assert ds.slice(2, 5) == table.slice(2, 3)
    assert ds.slice(8, 50) == table.slice(8)
    assert ds.slice(2, 2).num_rows == 0
    assert ds.slice(2, 4, columns=["box.x"]).to_pydict() == {"box.x": [1.0, 1.5]}


def test_batch_sizes(ds):
    assert [b.num_rows for b in ds.to_batches(batch_size=4)] == [4, 4, 2]
    assert ds.to_table(batch_size=3).column("id").num_chunks == 4


def test_batches_of_exact_size(write):
    ds = write(pa.table({"id": range(50)}), max_rows_per_file=15)
    assert [b.num_rows for b in ds.to_batches(batch_size=10)] == [10, 5, 10, 5, 10, 5, 5]
    assert [b.num_rows for b in ds.to_batches(batch_size=20, strict_batch_size=True)] == [20, 20, 10]
    assert ds.to_table(batch_size=20, strict_batch_size=True) == ds.to_table()


def test_batches_of_so_many_bytes(write):
    ds = write(pa.table({"id": range(1000), "name": ["x" * 92] * 1000}))
    sizes = [b.num_rows for b in ds.to_batches(batch_size_bytes=1000)]
    assert sum(sizes) == 1000
    assert max(sizes) <= 10
    assert max(b.num_rows for b in ds.to_batches(batch_size_bytes=1000, batch_size=4)) == 4
    assert next(iter(ds.to_batches(batch_size_bytes=1))).num_rows == 1
    with pytest.raises(eider.InvalidError, match="batch_size_bytes must be at least 1"):
        ds.scanner(batch_size_bytes=0)


def test_wide_rows_come_in_small_batches(write):
    limited = eider.Session(memory_limit=64 << 20)
    ds = write(pa.table({"id": range(100), "image": [b"x" * (1 << 20)] * 100}))
    ds = eider.dataset(ds.uri, session=limited)
    batches = list(ds.to_batches())
    assert sum(b.num_rows for b in batches) == 100
    assert max(b.nbytes for b in batches) <= 33 << 20


def test_batches_in_any_order(write):
    table = pa.table({"id": range(5000), "name": [str(i) for i in range(5000)]})
    ds = write(table, max_rows_per_file=100)
    found = pa.Table.from_batches(ds.to_batches(scan_in_order=False))
    assert found.sort_by("id") == table


def test_empty_strings_of_a_dictionary(write):
    words = [""] * 2000 + ["birch tree"] * 1000 + ["cedar oak"] * 1000
    ds = write(pa.table({"word": words}), profile="compact")
    for first, count in ((0, 100), (0, 2000), (1990, 20), (0, 4000)):
        assert ds.slice(first, first + count)["word"].to_pylist() == words[first : first + count]


def test_tail(ds, table):
    assert ds.tail(3) == table.slice(7)
    assert ds.tail(30) == table
    assert ds.tail(0).num_rows == 0
    assert ds.tail(1, columns=["id"]).to_pydict() == {"id": [9]}
    with pytest.raises(eider.InvalidError, match="tail"):
        ds.tail(-1)


def test_row_offsets(write):
    ds = write(pa.table({"id": range(10)}), max_rows_per_file=4)
    found = ds.to_table(columns=["_rowoffset", "id"], offset=3, limit=3)
    assert found.to_pydict() == {"_rowoffset": [3, 4, 5], "id": [3, 4, 5]}
    assert ds.take([7], columns=["_rowoffset"]).to_pydict() == {"_rowoffset": [7]}


def test_deleted_rows_need_row_ids(ds, table):
    with pytest.raises(eider.InvalidError, match="include_deleted_rows needs with_row_id"):
        ds.to_table(include_deleted_rows=True)
    assert ds.to_table(include_deleted_rows=True, with_row_id=True).drop_columns("_rowid") == table


def test_row_ids_and_addresses(ds):
    found = ds.to_table(columns=["id"], with_row_id=True, with_row_address=True)
    assert found.schema.names == ["id", "_rowid", "_rowaddr"]
    assert found.schema.field("_rowid").type == pa.uint64()
    assert found.column("_rowaddr").to_pylist() == list(range(10))
    assert ds.to_table(columns=["_rowid", "id"]).schema.names == ["_rowid", "id"]
    assert ds.take([3], columns=["_rowaddr"]).to_pydict() == {"_rowaddr": [3]}


def test_scanner(ds, table):
    scanner = ds.scanner(columns=["id"], batch_size=4)
    assert scanner.projected_schema == table.select(["id"]).schema
    assert scanner.dataset_schema == table.schema
    assert scanner.to_table() == scanner.to_table() == table.select(["id"])
    assert scanner.to_reader().read_all() == table.select(["id"])
    assert scanner.head(2).num_rows == 2
    assert scanner.count_rows() == 10
    assert list(scanner.to_pandas()["id"]) == list(range(10))
    assert pa.table(scanner) == table.select(["id"])


def test_sample(ds):
    found = ds.sample(4, columns=["id"], randomize_order=False).column("id").to_pylist()
    assert found == sorted(set(found))
    assert len(found) == 4
    with pytest.raises(eider.InvalidError, match="cannot sample 11 of 10"):
        ds.sample(11)


def test_other_engines_read_it_directly(ds, table):
    assert pa.table(ds) == table
    assert pa.schema(ds) == table.schema
    assert pl.DataFrame(ds).height == 10
    assert duckdb.sql("select sum(id), count(name), max(box.x) from ds").fetchall() == [(45, 9, 4.5)]


def test_stats_count_what_a_scan_asks(ds):
    stats = eider.ScanStats()
    ds.to_table(columns=["id"], stats=stats)
    assert stats.requests >= 1
    assert stats.bytes > 0
    assert "requests=" in repr(stats)


LATER = {
    "nearest": {"column": "vector", "q": [0.0] * 4, "k": 1},
    "index_segments": ["x"],
    "full_text_query": "word",
    "row_addr_allowlist": b"x",
    "row_addr_blocklist": b"x",
}


def test_what_concerns_searches_alone_changes_no_scan(ds):
    assert ds.to_table(fast_search=True, disable_scoring_autoprojection=True) == ds.to_table()


@pytest.mark.parametrize("name", LATER)
def test_an_argument_that_comes_later_is_refused_by_name(ds, name):
    for scan in (ds.scanner, ds.to_table, ds.to_batches, ds.to_pandas):
        with pytest.raises(eider.UnsupportedError, match=f"'{name}'"):
            scan(**{name: LATER[name]})


def test_hints_are_accepted(ds, table):
    found = ds.to_table(
        batch_readahead=4,
        fragment_readahead=2,
        scan_in_order=False,
        prefilter=True,
        use_stats=False,
        io_buffer_size=1 << 20,
        late_materialization=True,
        use_scalar_index=False,
    )
    assert found == table


def test_wrong_arguments(ds):
    with pytest.raises(TypeError, match="columns"):
        ds.to_table(columns="id")
    with pytest.raises(TypeError, match="Limit"):
        ds.to_table(limit=1.5)
    with pytest.raises(TypeError, match="foo"):
        ds.to_table(foo=1)
    with pytest.raises(eider.InvalidError, match="Limit must be non-negative, got -1"):
        ds.to_table(limit=-1)
    with pytest.raises(eider.InvalidError, match="Offset must be non-negative"):
        ds.to_table(offset=-1)
    with pytest.raises(eider.InvalidError, match="batch_size must be at least 1"):
        ds.to_table(batch_size=0)
    with pytest.raises(eider.InvalidError, match="duplicate column name 'id'"):
        ds.to_table(columns=["id", "id"])
    with pytest.raises(TypeError, match="columns: 'y' must be SQL text"):
        ds.to_table(columns={"y": 1})
    with pytest.raises(TypeError, match="foo"):
        ds.count_rows(foo=1)


def test_a_fragment_asked_for_twice_is_read_and_counted_twice(write, table):
    ds = write(table, max_rows_per_file=4)
    first, second, _ = ds.get_fragments()
    scanner = ds.scanner(columns=["id"], fragments=[first, second, first])
    assert scanner.count_rows() == scanner.to_table().num_rows == 12
    assert ds.scanner(fragments=[first, first], offset=3, limit=9).count_rows() == 5


def test_a_fragment_of_another_dataset_is_not_found(write, table):
    ds = write(table)
    foreign = write(table, max_rows_per_file=4).get_fragments()[2]
    for read in (lambda s: s.count_rows(), lambda s: s.to_table()):
        with pytest.raises(eider.NotFoundError, match="fragment 2 is not in version 1"):
            read(ds.scanner(fragments=[foreign]))


def test_every_way_to_read_a_scan_tells_what_it_asked_of_storage(ds):
    ways = {
        "count_rows": lambda scan: scan.count_rows(),
        "to_table": lambda scan: scan.to_table(),
        "to_batches": lambda scan: list(scan.to_batches()),
        "to_reader": lambda scan: scan.to_reader().read_all(),
        "stream": lambda scan: pa.RecordBatchReader.from_stream(scan).read_all(),
        "polars": lambda scan: scan.to_polars(),
        "pandas": lambda scan: scan.to_pandas(),
        "distinct": lambda scan: scan.distinct(),
        "distinct_batches": lambda scan: list(scan.distinct_batches()),
        "head": lambda scan: scan.head(100),
        "aggregate": lambda scan: scan.aggregate({"n": "max(id)"}),
        "analyze_plan": lambda scan: scan.analyze_plan(),
    }
    for name, read in ways.items():
        heard = []
        read(ds.scanner(["id", "name"], "id < 8", scan_stats_callback=heard.append))
        assert len(heard) == 1, name
        assert heard[0].iops > 0 and heard[0].bytes_read > 0, name
    heard = []
    batches = ds.scanner(scan_stats_callback=heard.append).to_reader()
    assert heard == []
    assert len(batches.read_all()) == 10 and len(heard) == 1
    ds.count_rows("id < 8", scan_stats_callback=heard.append)
    assert len(heard) == 2


def test_errors_of_the_options_come_before_the_first_batch(ds):
    for read in (lambda scan: scan.to_batches(), lambda scan: scan.to_reader(), lambda scan: scan.distinct_batches()):
        with pytest.raises(eider.InvalidError, match="nope"):
            read(ds.scanner(filter="nope > 1", scan_stats_callback=print))


def test_parameters_reach_computed_columns(ds):
    assert ds.to_table({"y": "id * $1"}, params=[2])["y"].to_pylist() == [2 * i for i in range(10)]
    assert ds.to_table({"y": "id * $by"}, params={"by": 2}, limit=2)["y"].to_pylist() == [0, 2]
    assert ds.to_table({"y": "id * $1"}, "id > $2", params=[2, 7])["y"].to_pylist() == [16, 18]
    assert ds.to_table({"y": "id * $1"}, pc.field("id") > 7, params=[2])["y"].to_pylist() == [16, 18]
    assert ds.to_table({"y": "id * $1", "name": "name"}, "id > 7", params=[3], order_by=["id"])["y"].to_pylist() == [24, 27]
    assert ds.head(2, columns={"y": "id + $1"}, params=[5])["y"].to_pylist() == [5, 6]
    with pytest.raises(eider.InvalidError, match="parameter"):
        ds.to_table({"y": "id * $2"}, params=[2])
    with pytest.raises(eider.InvalidError, match="params without a filter"):
        ds.to_table(["id"], params=[2])
    with pytest.raises(eider.InvalidError, match="takes no params"):
        ds.to_table(["id"], pc.field("id") > 7, params=[2])
