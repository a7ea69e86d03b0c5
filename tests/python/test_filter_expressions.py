"""Filters against DuckDB, through scans: random predicates over random tables, and what a filter may be."""

import random
from collections.abc import Callable

import filter_model
import pyarrow as pa
import pytest

import eider

Write = Callable[..., eider.LanceDataset]


@pytest.mark.parametrize("seed", range(4))
def test_random_predicates_keep_the_rows_that_duckdb_keeps(write: Write, seed: int) -> None:
    duckdb = pytest.importorskip("duckdb")
    rng = random.Random(seed)
    table = filter_model.random_table(rng, 300)
    ds = write(table, max_rows_per_file=120)
    connection = duckdb.connect()
    connection.register("source", table)
    # A copy: filters that DuckDB pushes into Arrow compare NaN as no number there.
    connection.execute("CREATE TABLE t AS SELECT * FROM source")
    predicates = filter_model.Predicates(rng)
    for _ in range(60):
        predicate = predicates.one()
        expected = [row[0] for row in connection.execute(f"SELECT id FROM t WHERE {predicate} ORDER BY id").fetchall()]
        assert ds.to_table(columns=["id"], filter=predicate)["id"].to_pylist() == expected, predicate
        assert ds.count_rows(predicate) == len(expected), predicate


def test_literals_beyond_a_column_compare_exactly(write: Write) -> None:
    ds = write(pa.table({"x": pa.array([1, -128, 127, None], pa.int8()), "h": pa.array([1.0, 2.0, None, 4.0], pa.float16())}))
    assert ds.count_rows("x < 300") == 3
    assert ds.count_rows("x = 1.5") == 0
    assert ds.count_rows("x > 1.5") == 1
    assert ds.count_rows("x NOT IN (300)") == 3
    assert ds.count_rows("h > 1") == 2


def test_arithmetic_is_exact_or_an_error(write: Write) -> None:
    ds = write(pa.table({"x": pa.array([100, 1], pa.int8()), "n": pa.array([2**63 - 1, 1]), "z": pa.array([0, 1])}))
    assert ds.count_rows("x * 100 > 5000") == 1
    with pytest.raises(ValueError, match="64 bits"):
        ds.count_rows("n + 1 > 0")
    with pytest.raises(ValueError, match="division by zero"):
        ds.count_rows("x / z > 0")
    assert ds.count_rows("z <> 0 AND x / z > 0") == 1


def test_nested_fields_lists_and_dictionaries(write: Write) -> None:
    ds = write(
        pa.table(
            {
                "box": pa.array([{"a": 1, "b": "x"}, None, {"a": 3, "b": "y"}], pa.struct([("a", pa.int32()), ("b", pa.string())])),
                "l": pa.array([[1, 2], [], None], pa.list_(pa.int64())),
                "d": pa.array(["u", "v", None]).dictionary_encode(),
            }
        )
    )
    assert ds.to_table(filter="box.a >= 1 AND box['b'] = 'y'").num_rows == 1
    assert ds.count_rows("box.a IS NULL") == 1
    assert ds.count_rows("array_has(l, 2) OR array_length(l) = 0") == 2
    assert ds.count_rows("l[1] = 1") == 1
    assert ds.count_rows("d IN ('u', 'w')") == 1


def test_parameters_stand_for_values(write: Write) -> None:
    ds = write(pa.table({"s": ["a", "it's", "c"], "x": [1, 2, 3]}))
    assert ds.to_table(filter="s = $1 OR x = $2", params=["it's", 3])["x"].to_pylist() == [2, 3]
    assert ds.count_rows("s = $who", params={"who": "a"}) == 1
    with pytest.raises(ValueError, match=r"no value for parameter \$2"):
        ds.count_rows("x = $1 OR x = $2", params=[1])
    with pytest.raises(eider.InvalidError, match="parameter"):
        ds.count_rows("x = $1", params=[10**90])


def test_errors_show_the_place(write: Write) -> None:
    ds = write(pa.table({"price": [1]}))
    with pytest.raises(ValueError, match=r"line 1, column 9: expected an expression(.|\n)*\^"):
        ds.count_rows("price > ")
    with pytest.raises(ValueError, match="the columns are price"):
        ds.count_rows("prize > 1")


def test_in_lists_of_plain_and_other_choices(tmp_path):
    numbers = [None, -128, -1, 0, 1, 2, 3, 100, 127]
    columns = {
        "small": pa.array(numbers, pa.int8()),
        "large": pa.array(numbers, pa.int64()),
        "unsigned": pa.array([None if n is None else n % 2**64 for n in numbers], pa.uint64()),
        "text": pa.array([None if n is None else str(n) for n in numbers], pa.large_string()),
        "category": pa.array([None if n is None else str(n) for n in numbers]).dictionary_encode(),
    }
    ds = eider.write_dataset(pa.table(columns), tmp_path / "in.lance")

    def rows(filter, **kwargs):
        return ds.to_table(["large"], filter, **kwargs)["large"].to_pylist()

    assert rows("small IN (1, 2, 300, -129, 2.0, 1e2, -1)") == [-1, 1, 2, 100]
    assert rows("small NOT IN (1, 2, 300, -1)") == [-128, 0, 3, 100, 127]
    assert rows("small NOT IN (1, 2, NULL)") == []
    assert rows("small IN (1, NULL, 1 + 1, 2.5)") == [1, 2]
    assert rows("large IN (18446744073709551615, -1, $1)", params=[3]) == [-1, 3]
    assert rows("unsigned IN (18446744073709551615, 1, -1)") == [-1, 1]
    assert rows("text IN ('1', '3', $1, NULL)", params=["100"]) == [1, 3, 100]
    assert rows("text NOT IN ('1', '3', lower('100'))") == [-128, -1, 0, 2, 127]
    assert rows("category IN ('1', '3')") == [1, 3]
    with pytest.raises(eider.InvalidError):
        rows("small IN (1, 'x')")
    many = ", ".join(str(n * 7) for n in range(-10_000, 10_000))
    assert rows(f"large IN ({many})") == [0]
    assert rows(f"large NOT IN ({many})") == [-128, -1, 1, 2, 3, 100, 127]
    texts = ", ".join(f"'{n * 7}'" for n in range(-10_000, 10_000))
    assert rows(f"text IN ({texts})") == [0]


def test_tests_of_dictionary_columns(tmp_path):
    words = ["duck", None, "goose", "swan", "Duck", "a b", ""]
    rows = [words[i * 7 % len(words)] if i % 13 else None for i in range(3000)]
    few = pa.array(rows).dictionary_encode()
    many = pa.array([f"{word}{i}" if word else word for i, word in enumerate(rows)]).dictionary_encode()
    ds = eider.write_dataset(pa.table({"few": few, "many": many, "plain": pa.array(rows)}), tmp_path / "words.lance")
    for test in ["{} = 'duck'", "{} <> 'duck'", "{} < 'e'", "{} LIKE '%uck%'", "{} NOT LIKE 'd%'", "{} ILIKE 'DUCK%'", "{} ~ '^[dg]'",
                 "{} IN ('duck', 'swan', 'duck28')", "{} NOT IN ('duck')", "NOT ({} = 'duck')", "{} = NULL", "{} IN ('duck', NULL)", "{} = plain"]:
        expected = ds.to_table(["plain"], test.format("plain"))["plain"].to_pylist()
        assert ds.to_table(["plain"], test.format("few"))["plain"].to_pylist() == expected, test
        decoded = eider.write_dataset(pa.table({"many": many.cast(pa.string()), "plain": pa.array(rows)}), tmp_path / "decoded.lance", mode="overwrite")
        expected = decoded.to_table(["many"], test.format("many"))["many"].to_pylist()
        assert ds.to_table(["many"], test.format("many"))["many"].to_pylist() == expected, test


def test_texts_in_the_other_case_and_numbers_as_texts(write: Write) -> None:
    plain = [None if n % 7 == 0 else "" if n % 11 == 0 else f"aZ@[`{{-{n}" for n in range(5000)]
    mixed = ["Grüße, ΑΓΩΝ" if n == 4321 else text for n, text in enumerate(plain)]
    floats = [0.0, -0.0, 1.5, 1e16, -1.25e-7, 1e300, 123456789.125, float("nan"), float("-inf"), 9999999999999998.0]
    table = pa.table(
        {
            "id": pa.array(range(5000), pa.int16()),
            "plain": plain,
            "mixed": mixed,
            "i": pa.array([n * (2**63 // 5000) * (-1) ** n for n in range(5000)], pa.int64()),
            "d": [floats[n % len(floats)] for n in range(5000)],
        }
    )
    ds = write(table, max_rows_per_file=1900)
    shown = {"0.0": 0, "-0.0": 1, "1.5": 2, "1e16": 3, "-1.25e-7": 4, "1e300": 5, "123456789.125": 6, "NaN": 7, "-inf": 8, "9999999999999998.0": 9}
    columns = {"id": "id", "u": "upper(plain)", "l": "lower(mixed)", "m": "upper(mixed)", "i": "cast(i as string)", "d": "cast(d as string)"}
    for filter in (None, "id % 3 = 1", "id > 4300 AND id < 4330"):
        for row in ds.to_table(columns, filter).to_pylist():
            n = row["id"]
            assert row["u"] == (plain[n].upper() if plain[n] is not None else None)
            assert row["l"] == (mixed[n].lower() if mixed[n] is not None else None)
            assert row["m"] == (mixed[n].upper() if mixed[n] is not None else None)
            assert row["i"] == str(table["i"][n])
            assert shown[row["d"]] == n % len(floats), row["d"]
    assert ds.count_rows("upper(plain) = 'AZ@[`{-4999'") == 1
    assert ds.count_rows("lower(mixed) LIKE '%grüsse%' OR upper(mixed) LIKE 'GRÜSSE%'") == 1
