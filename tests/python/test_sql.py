"""`LanceDataset.sql`: queries that DuckDB runs over a dataset."""

import sys

import pyarrow as pa
import pytest
from words import words_table

import eider

OPTIONS = {
    "none": lambda query: query,
    "with_row_id": lambda query: query.with_row_id(),
    "with_row_addr": lambda query: query.with_row_addr(),
    "batch_size": lambda query: query.batch_size(7),
    "batch_size_bytes": lambda query: query.batch_size_bytes(100),
    "blob_handling": lambda query: query.blob_handling("all_binary"),
    "all": lambda query: (
        query.with_row_id().with_row_addr().batch_size(7).batch_size_bytes(100).blob_handling("blobs_descriptions")
    ),
}


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return words_table()


@pytest.fixture(scope="module")
def ds(table, tmp_path_factory) -> eider.LanceDataset:
    return eider.write_dataset(table, tmp_path_factory.mktemp("sql") / "a.lance", max_rows_per_file=60)


def one(query) -> object:
    return query.to_arrow().to_pylist()[0]["n"]


def test_sql_over_a_dataset(ds):
    assert one(ds.sql("SELECT count(*) AS n FROM dataset WHERE value > 10")) == ds.count_rows("value > 10")
    batches = ds.sql("SELECT id FROM t ORDER BY id DESC LIMIT 3").table_name("t").build().to_batch_records()
    assert pa.Table.from_batches(batches)["id"].to_pylist() == [199, 198, 197]
    rows = (
        ds.sql("SELECT _rowid, _rowaddr FROM dataset WHERE id = 61")
        .with_row_id()
        .with_row_addr()
        .batch_size(10)
        .build()
    )
    for _ in range(2):
        assert rows.to_stream_reader().read_all().to_pylist() == [{"_rowid": (1 << 32) + 1, "_rowaddr": (1 << 32) + 1}]


@pytest.mark.parametrize("option", OPTIONS)
def test_a_query_may_read_the_dataset_many_times(ds, option):
    sql = lambda text: OPTIONS[option](ds.sql(text))  # noqa: E731
    assert one(sql("SELECT count(*) AS n FROM dataset a JOIN dataset b ON a.id = b.id")) == 200
    assert one(sql("SELECT count(*) AS n FROM dataset a, dataset b WHERE a.id = b.id + 1 AND b.value > 10")) == sum(
        1 for i in range(199) if i % 5 and i % 50 > 10
    )
    both = "SELECT (SELECT count(*) FROM dataset WHERE id < 50) * 1000 + (SELECT count(*) FROM dataset WHERE value IS NULL) AS n"
    assert one(sql(both)) == 50 * 1000 + 40
    assert one(sql("SELECT count(*) AS n FROM (FROM dataset UNION ALL FROM dataset UNION ALL FROM dataset)")) == 600


@pytest.mark.parametrize("option", ["with_row_id", "all"])
def test_row_ids_join_with_themselves(ds, option):
    sql = (
        "SELECT count(*) AS n FROM dataset a JOIN dataset b USING (_rowid) WHERE a.id = b.id AND a._rowid >= 4294967296"
    )
    assert one(OPTIONS[option](ds.sql(sql))) == 140


def test_a_query_with_options_reads_the_columns_and_rows_that_it_names(ds, monkeypatch):
    asked = []
    scanner = eider.LanceDataset.scanner

    def watched(self, columns=None, filter=None, *args, **kwargs):
        asked.append((columns, filter is not None))
        return scanner(self, columns, filter, *args, **kwargs)

    monkeypatch.setattr(eider.LanceDataset, "scanner", watched)
    assert one(ds.sql("SELECT sum(id) AS n FROM dataset WHERE value > 47").with_row_id().batch_size(10)) == sum(
        i for i in range(200) if i % 5 and i % 50 > 47
    )
    assert [set(columns) for columns, filtered in asked if filtered] == [{"id", "value"}]


def test_the_schema_of_a_dataset_with_default_options_is_that_of_its_scans(ds):
    shown = eider.dataset(ds.uri, default_scan_options={"columns": ["word", "id"], "with_row_id": True})
    assert shown.schema.names == ["word", "id", "_rowid"] == shown.to_table().schema.names
    assert ds.schema.names == ["id", "value", "word"]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT nope FROM dataset",
        "SELECT CAST(word AS INT) FROM dataset",
        "SELECT error('no') FROM dataset WHERE id = 199",
        "SELEC 1",
    ],
)
def test_errors_of_a_query_are_ours_when_it_runs_too(ds, sql):
    for run in (lambda q: q.to_arrow(), lambda q: q.to_stream_reader().read_all(), lambda q: q.to_batch_records()):
        with pytest.raises(eider.InvalidError, match="sql: "):
            run(ds.sql(sql).build())


@pytest.mark.parametrize("name", ["rows", "connection", "self", "reader", "relation", "table", "name"])
def test_a_query_sees_no_variable_of_python(ds, table, name):
    assert isinstance(table, pa.Table)  # a variable of the caller that DuckDB could read
    with pytest.raises(eider.InvalidError, match="does not exist"):
        ds.sql(f'FROM "{name}"').to_arrow()


def test_a_query_without_rows_or_result(ds):
    assert ds.sql("SELECT id FROM dataset WHERE id < 0").to_arrow().num_rows == 0
    with pytest.raises(eider.InvalidError, match="no result"):
        ds.sql("CREATE TABLE t (a INT)").to_arrow()


@pytest.mark.parametrize(
    ("package", "call"),
    [("duckdb", lambda ds: ds.sql("FROM dataset").to_arrow()), ("polars", lambda ds: ds.scanner().to_polars())],
)
def test_a_package_that_is_not_installed_is_an_import_error(ds, monkeypatch, package, call):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=f"needs the package '{package}'"):
        call(ds)


def test_integers_stay_integers(ds):
    table = ds.sql("SELECT 7 / 2 AS q, sum(id) AS s, count(*) AS n FROM dataset").to_arrow()
    assert table.schema.types == [pa.int64() if name == "s" else table.schema.field(name).type for name in table.schema.names]
    assert table["q"].to_pylist() == [3] and pa.types.is_integer(table.schema.field("q").type)
    assert table["s"].to_pylist() == [sum(ds.to_table(["id"])["id"].to_pylist())]
    with pytest.raises(eider.InvalidError, match="past int64.*DECIMAL"):
        ds.sql("SELECT sum(9223372036854775807) FROM dataset").to_arrow()
    large = ds.sql("SELECT sum(9223372036854775807)::DECIMAL(38, 0) AS n FROM dataset").to_arrow()
    assert int(large["n"][0].as_py()) == ds.count_rows() * (2**63 - 1)


def test_columns_that_duckdb_has_no_type_for_are_left_out(tmp_path):
    halves = pa.array([[1, 2], [3, 4]], pa.list_(pa.float32(), 2)).cast(pa.list_(pa.float16(), 2))
    ds = eider.write_dataset(pa.table({"id": [1, 2], "v": halves, "d": pa.array([1, 2], pa.decimal256(50, 2))}), tmp_path / "t")
    with pytest.warns(UserWarning, match="'v', 'd'"):
        assert ds.sql("SELECT * FROM dataset WHERE id > 1").to_arrow().to_pylist() == [{"id": 2}]
    assert ds.filter("id > 1").sql("SELECT count(id) AS n FROM dataset").to_arrow()["n"].to_pylist() == [1]
    with pytest.raises(eider.InvalidError, match="left out are .'v', 'd'."):
        ds.sql("SELECT v FROM dataset").to_arrow()
