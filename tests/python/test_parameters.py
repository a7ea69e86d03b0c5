"""Parameters of expressions: values that SQL text has no form for, and what is wrong with them."""

import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import eider

GREAT = 2**64 - 1


@pytest.fixture(scope="module")
def ds(tmp_path_factory) -> eider.LanceDataset:
    table = pa.table(
        {
            "rn": pa.array([1, 2, 3], pa.int64()),
            "u": pa.array([1, GREAT, 2**63], pa.uint64()),
            "day": pa.array([0, 1, None], pa.date32()),
            "time": pa.array([0, 1_500_000, None], pa.timestamp("us")),
            "flag": pa.array([True, False, None]),
        }
    )
    return eider.write_dataset(table, tmp_path_factory.mktemp("parameters") / "p.lance")


def rows(ds: eider.LanceDataset, filter: object, params: object = None) -> list[int]:
    return ds.to_table(columns=["rn"], filter=filter, params=params)["rn"].to_pylist()


@pytest.mark.parametrize(
    ("filter", "params", "expected"),
    [
        ("u = $1", [GREAT], [2]),
        ("u >= $1", [2**63], [2, 3]),
        ("u IN ($1)", [GREAT], [2]),
        ("u IN ($1, $2)", [GREAT, 1], [1, 2]),
        ("u = $1", [np.uint64(GREAT)], [2]),
        ("u < $1", [2**64], [1, 2, 3]),
        ("rn > $1", [-(2**90)], [1, 2, 3]),
        ("array_has($1, u)", [[1, GREAT]], [1, 2]),
        ("day = $1", [np.datetime64("1970-01-01")], [1]),
        ("time = $1", [np.datetime64("1970-01-01T00:00:01.5")], [2]),
        ("time >= $t", {"t": np.datetime64("1970-01-01T00")}, [1, 2]),
        ("time - timestamp '1970-01-01 00:00:00' > $1", [np.timedelta64(1, "s")], [2]),
        ("day = $1", [np.datetime64("NaT")], []),
        ("day = $1", [datetime.date(1970, 1, 2)], [2]),
        ("rn = $1 AND '$2' <> \"$3\" -- $4", [2], [2]),
    ],
)
def test_values(ds, filter, params, expected):
    assert rows(ds, filter, params) == expected


@pytest.mark.parametrize(
    ("filter", "params", "surplus"),
    [
        ("rn = 1", [5], r"\$1"),
        ("rn = $1", [1, 2], r"\$2"),
        ("rn = $a", {"a": 1, "b": 2}, r"\$b"),
        ("rn = $1 AND '$2' = '$2'", [1, 2], r"\$2"),
    ],
)
def test_a_value_that_nothing_asks_for_is_refused(ds, filter, params, surplus):
    with pytest.raises(eider.InvalidError, match=surplus):
        ds.count_rows(filter, params=params)
    with pytest.raises(eider.InvalidError, match=surplus):
        ds.to_table(filter=filter, params=params)


def test_expressions_share_values(ds, tmp_path):
    found = ds.scanner().aggregate({"a": "max(rn + $1)", "b": "min(rn + $2)"}, params=[10, 20])
    assert found.to_pylist() == [{"a": 13, "b": 21}]
    with pytest.raises(eider.InvalidError, match=r"\$3"):
        ds.scanner().aggregate({"a": "max(rn + $1)", "b": "min(rn + $2)"}, params=[10, 20, 30])
    own = eider.write_dataset(ds.to_table(), tmp_path / "own.lance")
    assert own.update({"rn": "rn + $1"}, where="rn = $2", params=[10, 3]) == {"num_rows_updated": 1}
    with pytest.raises(eider.InvalidError, match=r"\$3"):
        own.update({"rn": "rn + $1"}, where="rn = $2", params=[10, 3, 4])
    assert sorted(own.to_table()["rn"].to_pylist()) == [1, 2, 13]


def test_those_of_a_scan_reach_its_aggregates(ds):
    assert ds.scanner(filter="rn > $1", params=[1]).aggregate({"a": "max(rn + $1)"}).to_pylist() == [{"a": 4}]
    assert ds.scanner(filter="rn > $1", params=[1, 10]).aggregate({"a": "max(rn + $2)"}).to_pylist() == [{"a": 13}]
    assert ds.scanner(params={"more": 5}).aggregate({"a": "min(rn + $more)"}).to_pylist() == [{"a": 6}]
    assert ds.scanner(filter="rn > $1", params=[1]).aggregate({"a": "min(rn + $1)"}, params=[7]).to_pylist() == [{"a": 9}]
    assert ds.scanner(filter=pc.field("rn") > 1).aggregate({"a": "min(rn + $1)"}, params=[7]).to_pylist() == [{"a": 9}]
    for scan in (ds.scanner(params=[5]), ds.scanner(filter="rn = 1", params=[5])):
        with pytest.raises(eider.InvalidError, match=r"no \$1 in the expression"):
            scan.aggregate({"a": "max(rn)"})
        with pytest.raises(eider.InvalidError, match=r"params without a filter|no \$1 in the expression"):
            scan.aggregate({"a": "max(rn + $1)"}, params=[1])
        for read in (scan.to_table, scan.count_rows, scan.explain_plan, lambda scan=scan: list(scan.to_batches())):
            with pytest.raises(eider.InvalidError, match=r"params without a filter|no \$1 in the expression"):
                read()


@pytest.mark.parametrize("params", [5, "5", {1, 2}, np.array([5])])
def test_what_parameters_must_be(ds, params):
    says = "params must be a list .* or a dict .*, got " + type(params).__name__
    for call in (
        lambda: ds.count_rows("rn = $1", params=params),
        lambda: ds.to_table({"x": "rn + $1"}, params=params),
        lambda: ds.scanner().aggregate({"a": "max(rn + $1)"}, params=params),
        lambda: ds.filter("rn = $1", params),
    ):
        with pytest.raises(TypeError, match=says):
            call()


@pytest.mark.parametrize(
    ("filter", "params", "says"),
    [
        ("rn > $2", [1], r"no value for parameter \$2"),
        ("rn > $1", {"a": 1}, r"no value for parameter \$1"),
        ("rn > $limit", [1], r"no value for parameter \$limit"),
        ("rn IN $1", [[1]], r"expected parentheses: IN \(\$1\), found '\$1'"),
        ("rn $1", [1], r"found '\$1'"),
    ],
)
def test_the_parameter_that_is_wrong_is_named(ds, filter, params, says):
    with pytest.raises(eider.InvalidError, match=says):
        ds.count_rows(filter, params=params)


def test_values_of_a_default_filter_stay_with_it(ds):
    filtered = eider.dataset(ds.uri, default_scan_options={"filter": "rn = $1", "params": [2]})
    assert filtered.to_table()["rn"].to_pylist() == [2]
    assert filtered.to_table(filter="rn = 3")["rn"].to_pylist() == [3]


@pytest.mark.parametrize(
    ("filter", "params", "says"),
    [
        ("rn = 1 OR '\udc80' = 'a'", None, "UTF-8"),
        ("rn = $1", ["\udc80"], "parameter '1'"),
        ("rn = $1", [["a", "\udc80"]], "parameter '1'"),
        ("rn = $1", [object()], "parameter '1'"),
        ("rn = $name", {"name": 10**90}, "parameter 'name'"),
    ],
)
def test_what_has_no_value_is_refused_by_name(ds, filter, params, says):
    with pytest.raises(eider.InvalidError, match=says) as caught:
        ds.count_rows(filter, params=params)
    assert len(str(caught.value)) < 1000


def test_words_of_sql_are_no_columns(ds, tmp_path):
    found = ds.to_table(columns={"rn": "rn", "x": "null", "y": "TRUE", "z": "false"})
    assert found["x"].to_pylist() == [None] * 3
    assert found["y"].to_pylist() == [True] * 3
    assert found["z"].to_pylist() == [False] * 3
    own = eider.write_dataset(pa.table({"null": [7]}), tmp_path / "null.lance")
    assert own.to_table(columns={"x": "null"})["x"].to_pylist() == [7]


def test_row_ids_come_once_and_last(ds):
    names = lambda **options: ds.to_table(**options).column_names  # noqa: E731
    assert names(columns=["_rowid", "rn"]) == ["_rowid", "rn"]
    assert names(columns=["_rowid", "rn"], with_row_id=True) == ["rn", "_rowid"]
    assert names(columns=["_rowaddr", "_rowid", "rn"], with_row_id=True) == ["_rowaddr", "rn", "_rowid"]
    assert names(columns=["_rowaddr", "_rowid", "rn"], with_row_id=True, with_row_address=True) == [
        "rn",
        "_rowid",
        "_rowaddr",
    ]
    renamed = ds.to_table(columns={"_rowid": "rn"}, with_row_id=True)
    assert renamed.column_names == ["_rowid"]
    assert renamed["_rowid"].to_pylist() == [1, 2, 3]


def test_if_else_of_null_is_null(ds):
    chosen = pc.if_else(pc.field("flag"), 1, pc.if_else(pc.field("flag"), 2, 3))
    assert rows(ds, chosen == 3) == [2]
    assert rows(ds, chosen == 1) == [1]
    assert rows(ds, chosen.is_null()) == [3]


def test_scans_are_taken_from(ds):
    scanner = eider.LanceScanner.from_dataset(ds, filter="rn > 1", batch_size=1)
    assert scanner.take([1, 0, 1])["rn"].to_pylist() == [3, 2, 3]
    assert scanner.take([]).schema == ds.schema
    assert eider.LanceScanner.from_fragment(ds.get_fragments()[0]).count_rows() == 3
    for indices in ([2], [-1], ["a"]):
        with pytest.raises(eider.InvalidError, match="take"):
            scanner.take(indices)


def test_builders_describe_scans(ds):
    from eider.dataset import LanceStats, ScannerBuilder, SqlQuery, SqlQueryBuilder

    builder = (
        ScannerBuilder(ds)
        .columns(["rn"])
        .filter("rn > $1", params=[1])
        .with_row_id()
        .batch_size(1)
        .order_by([eider.ColumnOrdering("rn", ascending=False)])
    )
    assert builder.to_scanner().to_table().to_pydict() == {"rn": [3, 2], "_rowid": [2, 1]}
    assert builder.limit(1).to_scanner().count_rows() == 1
    assert ScannerBuilder(ds).apply_defaults({"limit": 2, "columns": ["u"]}).to_scanner().to_table().column_names == [
        "u"
    ]
    with pytest.raises(eider.InvalidError, match="nope"):
        ScannerBuilder(ds).apply_defaults({"nope": 2})
    with pytest.raises(eider.UnsupportedError, match="nearest"):
        builder.nearest("v", [1.0])
    assert isinstance(ds.stats, LanceStats)
    assert isinstance(ds.sql("SELECT 1"), SqlQueryBuilder)
    assert isinstance(ds.sql("SELECT 1").build(), SqlQuery)
