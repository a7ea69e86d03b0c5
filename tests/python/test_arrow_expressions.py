"""Expressions of pyarrow as filters, and engines that push them into a dataset."""

import pickle

import datafusion
import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads
import pytest
from eider.arrow_expression import sql_of
from words import words_table

import eider

FIELD = pc.field


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return words_table()


@pytest.fixture(scope="module")
def ds(table, tmp_path_factory) -> eider.LanceDataset:
    return eider.write_dataset(table, tmp_path_factory.mktemp("arrow") / "a.lance", max_rows_per_file=60)


def test_the_text_that_an_expression_becomes():
    text, values = sql_of((FIELD("a") > 5) & ~FIELD("b", "c d").is_null())
    assert text == "((`a` > $1) AND (NOT (`b`.`c d` IS NULL)))"
    assert values == [pa.scalar(5)]
    assert sql_of(FIELD("a").isin([1, None])) == (
        "((`a` IS NOT NULL AND `a` IN ($1)) OR `a` IS NULL)",
        [pa.scalar([1])],
    )
    assert sql_of(pc.starts_with(FIELD("a"), "x"))[0] == "starts_with(`a`, $1)"
    assert sql_of(pc.match_like(FIELD("a"), "x%", ignore_case=True))[0] == "(`a` ILIKE $1)"
    assert sql_of(FIELD("a").cast(pa.int64()) == 1)[0] == "(CAST(`a` AS bigint) = $1)"
    assert sql_of(pc.if_else(FIELD("a"), 1, 2) == 1)[0] == "((CASE `a` WHEN TRUE THEN $1 WHEN FALSE THEN $2 END) = $3)"
    with pytest.raises(eider.UnsupportedError, match="utf8_zero_fill|ascii_reverse"):
        sql_of(pc.ascii_reverse(FIELD("a")) == "x")


def test_a_dataset_is_one_of_pyarrows(ds):
    assert isinstance(ds, pads.Dataset)
    assert isinstance(ds, eider.LanceDataset)
    assert type(ds) is eider.LanceDataset
    assert pickle.loads(pickle.dumps(ds)).count_rows() == 200


EXPRESSIONS = [
    FIELD("value") > 10,
    (FIELD("value") >= 3) & (FIELD("word") == "w7"),
    (FIELD("value") < 3) | (FIELD("word") != "w7"),
    FIELD("value").is_null(),
    ~(FIELD("value") == 3),
    FIELD("value").isin([1, 2, 3]),
    FIELD("value").isin([1, None]),
    ~FIELD("value").isin([1, 2]),
    FIELD("value").is_valid(),
    pc.starts_with(FIELD("word"), "w1"),
    FIELD("value") + 1 > 40,
]
QUERIES = [
    "SELECT sum(id), count(*) FROM ds WHERE value > 10",
    "SELECT id FROM ds WHERE value BETWEEN 3 AND 9 AND word = 'w7' ORDER BY id",
    "SELECT count(*) FROM ds WHERE value IS NULL OR id = 3",
    "SELECT word, count(*) FROM ds WHERE id < 50 GROUP BY word ORDER BY word",
    "SELECT id FROM ds WHERE value IN (1, 2, 77) AND word >= 'w2' ORDER BY id",
    "SELECT a.id FROM ds a JOIN ds b ON a.id = b.value WHERE b.id < 40 ORDER BY 1",
]


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=str)
def test_the_rows_are_pyarrows(ds, table, expression):
    expected = table.filter(expression)
    assert ds.to_table(filter=expression) == expected
    assert ds.count_rows(expression) == expected.num_rows
    with pytest.raises(eider.InvalidError, match="params"):
        ds.to_table(filter=expression, params=[1])


def test_casts_and_tests_of_floats(tmp_path):
    rows = pa.table(
        {
            "x": [1.5, float("nan"), float("inf"), None],
            "n": [0, 1, 86_400, None],
            "day": pa.array([0, 1, 2, None], pa.int32()).cast(pa.date32()),
            "b": [True, False, True, None],
            "c": [True, True, None, None],
        }
    )
    ds = eider.write_dataset(rows, tmp_path / "casts")
    moment = pa.scalar(86_400_000_000, pa.timestamp("us"))
    for expression in (
        pc.xor(FIELD("b"), FIELD("c")),
        pc.is_finite(FIELD("x")),
        pc.is_inf(FIELD("x")),
        FIELD("day").cast(pa.timestamp("us")) == moment,
        FIELD("day").cast(pa.timestamp("s")).cast(pa.timestamp("us")) > moment,
        FIELD("n").cast(pa.large_string()) == pa.scalar("86400", pa.large_string()),
        FIELD("n").cast(pa.decimal128(21, 2)) == pa.scalar(1).cast(pa.decimal128(21, 2)),
        FIELD("day").cast(pa.timestamp("ns", "UTC")).is_valid(),
    ):
        assert ds.to_table(filter=expression)["n"].to_pylist() == rows.filter(expression)["n"].to_pylist(), expression
    with pytest.raises(eider.UnsupportedError, match="a cast to timestamp"):
        ds.to_table(filter=FIELD("day").cast(pa.timestamp("us", "Europe/Paris")).is_valid())


@pytest.mark.parametrize("size", [250, 3000])
def test_chains_are_flat_however_long(ds, table, size):
    either, both = FIELD("id") == 0, FIELD("id") >= 0
    for i in range(1, size):
        either, both = either | (FIELD("id") == 3 * i), (FIELD("id") != 3 * i) & both
    assert ds.to_table(filter=either) == table.filter(pc.field("id").isin([3 * i for i in range(size)]))
    assert ds.count_rows(both) == ds.count_rows("id % 3 <> 0 OR id = 0")
    assert ds.count_rows(~either | both) == ds.count_rows("id % 3 <> 0 OR id = 0")
    with pytest.raises(eider.InvalidError, match="deep"):
        deep = FIELD("id")
        for _ in range(size):
            deep = pc.negate(deep)
        ds.count_rows(deep == 0)


def test_long_lists_are_one_parameter(ds):
    expression = FIELD("id").isin(range(0, 40_000, 2)) & ~FIELD("word").isin([f"w{i}" for i in range(10_000, 20_000)])
    text, values = sql_of(expression)
    assert len(values) == 2 and len(values[0]) == 20_000
    assert ds.count_rows(expression) == 100
    assert ds.count_rows("id IN ($1)", params=[[1, 2, None, 900]]) == 2
    assert ds.count_rows("id NOT IN ($1)", params=[[1, 2]]) == 198
    assert ds.count_rows("id NOT IN ($1)", params=[[1, None]]) == 0
    assert ds.count_rows("id IN ($1)", params=[[]]) == 0
    assert ds.count_rows("id IN (5, $1, $2)", params=[[1, 2, 2.5], [3]]) == 4
    assert ds.count_rows("word IN ($1, 'w5')", params=[["w1", "w2"]]) == ds.count_rows("word IN ('w1', 'w2', 'w5')") > 0


@pytest.mark.parametrize("query", QUERIES)
def test_duckdb_pushes_into_a_dataset(ds, table, query):
    found = duckdb.sql(query).fetchall()
    plain = table  # noqa: F841  (the query finds it by name)
    assert found == duckdb.sql(query.replace("FROM ds", "FROM plain").replace("JOIN ds", "JOIN plain")).fetchall()


def test_what_duckdb_pushes(ds):
    seen = []

    class Watched(eider.LanceDataset):
        def scanner(self, *args, **kwargs):
            seen.append(kwargs)
            return super().scanner(*args, **kwargs)

    watched = Watched(ds.uri)  # noqa: F841  (named in the query)
    assert duckdb.sql("SELECT id FROM watched WHERE value > 47").fetchall() == [(48,), (49,), (98,), (99,), (148,), (149,), (198,), (199,)]
    assert seen[-1]["columns"] == ["id"] or set(seen[-1]["columns"]) == {"id", "value"}
    assert "value" in str(seen[-1]["filter"])


def test_polars_pushes_into_a_dataset(ds, table):
    lazy = pl.scan_pyarrow_dataset(ds)
    found = lazy.filter((pl.col("value") > 10) & (pl.col("word") == "w7")).select("id").collect()
    assert found["id"].to_list() == table.filter((FIELD("value") > 10) & (FIELD("word") == "w7"))["id"].to_pylist()


def test_what_polars_pushes(ds):
    seen = []

    class Watched(eider.LanceDataset):
        def to_batches(self, *args, **kwargs):
            seen.append(kwargs)
            return super().to_batches(*args, **kwargs)

    found = pl.scan_pyarrow_dataset(Watched(ds.uri)).filter(pl.col("value") > 47).select("id").collect()
    assert found["id"].to_list() == [48, 49, 98, 99, 148, 149, 198, 199]
    assert len(seen) == 1
    assert {*seen[0]["columns"]} <= {"id", "value"} and "value > 47" in str(seen[0]["filter"])


@pytest.mark.parametrize("query", [*QUERIES[:5], "SELECT count(*), sum(value), max(word) FROM ds"])
def test_datafusion_pushes_into_a_dataset(ds, table, query):
    answers = []
    for rows in (ds, pads.dataset(table)):
        context = datafusion.SessionContext()
        context.register_dataset("ds", rows)
        answers.append(context.sql(query).to_arrow_table().to_pydict())
    assert answers[0] == answers[1]


def test_what_datafusion_pushes(ds, monkeypatch):
    seen = []
    scanner = eider.LanceFragment.scanner
    monkeypatch.setattr(eider.LanceFragment, "scanner", lambda self, *args, **kwargs: seen.append(kwargs) or scanner(self, *args, **kwargs))
    context = datafusion.SessionContext()
    context.register_dataset("ds", ds)
    found = context.sql("SELECT id FROM ds WHERE value > 47 AND word IS NOT NULL ORDER BY id").to_arrow_table()
    assert found["id"].to_pylist() == [48, 49, 98, 148, 149, 199]
    assert len(seen) == len(ds.get_fragments())
    assert all(kwargs["columns"] == ["id"] and "value > 47" in str(kwargs["filter"]) for kwargs in seen)


def test_a_fragment_takes_no_other_schema(ds):
    fragment = ds.get_fragments(FIELD("id") > 3)[0]
    assert fragment.scanner(ds.schema, columns=["id"]).to_table().num_rows == 60
    with pytest.raises(eider.UnsupportedError, match="schema"):
        fragment.scanner(pa.schema([("id", pa.int8())]))
    with pytest.raises(TypeError, match="filter"):
        ds.get_fragments(5)


def test_joins_and_sorts(ds, table):
    other = pa.table({"id": [3, 5, 999], "extra": ["x", "y", "z"]})
    expected = table.join(other, "id", join_type="inner").sort_by("id")
    for right in (other, pads.dataset(other)):
        assert ds.join(right, "id", join_type="inner").to_table().sort_by("id") == expected
    assert ds.join(ds, "id", right_keys="id", right_suffix="_r").to_table().num_columns == 5
    assert ds.sort_by([("value", "descending"), ("id", "ascending")]).to_table() == table.sort_by([("value", "descending"), ("id", "ascending")])
    assert ds.sort_by("word").to_table()["word"].to_pylist() == table.sort_by("word")["word"].to_pylist()
    asof = ds.join_asof(pa.table({"id": [10, 150], "extra": [1, 2]}), "id", [], 5)
    assert asof.to_table().filter(pc.field("extra").is_valid())["id"].to_pylist() == [5, 6, 7, 8, 9, 10, *range(145, 151)]
    with pytest.raises(TypeError, match="right side"):
        ds.join(5, "id")
    with pytest.raises(eider.InvalidError, match="sort_by"):
        ds.sort_by([("id", "up")])


KINDS = pa.table(
    {
        "row": range(5),
        "n": pa.array([3, -4, 0, 7, None], pa.int64()),
        "x": [2.25, -0.5, float("inf"), float("nan"), None],
        "t": pa.array([0, 1_706_693_645_123_456, -86_400_000_001, 1_735_516_800_000_000, None], pa.timestamp("us")),
        "d": pa.array([0, 19753, -1, 20087, None], pa.date32()),
        "s": ["A_b%", "a\\\\b", "xA_B", "", None],
        "p": [True, False, True, None, None],
        "q": [True, True, False, True, None],
        "l": [[1], [], None, [1, 2, 3], [None]],
    }
)
CONDITIONS = [
    *(
        getattr(pc, part)(FIELD(name)) == value
        for part, value in [
            ("year", 2024),
            ("quarter", 1),
            ("month", 12),
            ("day", 31),
            ("day_of_week", 0),
            ("day_of_year", 1),
            ("iso_week", 1),
            ("week", 5),
            ("iso_year", 2025),
        ]
        for name in "td"
    ),
    *(
        getattr(pc, part)(FIELD("t")) == value
        for part, value in [
            ("hour", 9),
            ("minute", 34),
            ("second", 59),
            ("millisecond", 123),
            ("microsecond", 999),
            ("nanosecond", 0),
        ]
    ),
    pc.day_of_week(FIELD("t")) > 3,
    pc.power(FIELD("n"), 2) == 16,
    pc.power(FIELD("x"), 0.5) == 1.5,
    pc.sqrt(FIELD("x")) == 1.5,
    pc.trunc(FIELD("x")) == 2,
    pc.is_finite(FIELD("x")),
    ~pc.is_finite(FIELD("x")),
    pc.is_inf(FIELD("x")),
    pc.and_not(FIELD("p"), FIELD("q")),
    pc.and_not_kleene(FIELD("p"), FIELD("q")),
    pc.xor(FIELD("p"), FIELD("q")),
    pc.bit_wise_and(FIELD("n"), 1) == 1,
    pc.bit_wise_or(FIELD("n"), 4) == 7,
    pc.bit_wise_xor(FIELD("n"), 3) == 0,
    pc.bit_wise_not(FIELD("n")) == 3,
    pc.shift_left(FIELD("n"), 1) == 14,
    pc.shift_right(FIELD("n"), 1) == -2,
    pc.list_value_length(FIELD("l")) == 0,
    pc.list_value_length(FIELD("l")) >= 1,
    *(
        function(FIELD("s"), text, ignore_case=True)
        for function in (pc.match_substring, pc.starts_with, pc.ends_with)
        for text in ("a_B", "A\\\\", "B%", "")
    ),
    pc.if_else(FIELD("p"), 1, 2) == 2,
    pc.is_null(pc.if_else(FIELD("p"), 1, 2)),
]


@pytest.mark.parametrize("condition", CONDITIONS, ids=str)
def test_functions_are_those_of_arrow(condition, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "kinds.lance"
    ds = eider.dataset(folder) if folder.exists() else eider.write_dataset(KINDS, folder)
    assert (
        ds.to_table(columns=["row"], filter=condition)["row"].to_pylist() == KINDS.filter(condition)["row"].to_pylist()
    )
