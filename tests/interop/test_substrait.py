"""Conditions as Substrait: bytes to us; the reference gets the pyarrow expression, which it sends through Substrait itself."""

from __future__ import annotations

import decimal

import pyarrow as pa
import pyarrow.compute as pc
import pytest

substrait = pytest.importorskip("pyarrow.substrait")


def columns() -> pa.Table:
    return pa.table({
        "id": pa.array(range(6), pa.int64()),
        "a": pa.array([1, 2, None, -5, 7, 2], pa.int32()),
        "s": pa.array(["x", "apple", None, "", "b", "x"]),
        "x": pa.array([0.5, float("nan"), None, -1.0, 1e9, 2.0]),
        "b": pa.array([True, False, None, True, True, False]),
        "t": pa.array([0, 1, 2, None, 4, 10**15], pa.timestamp("us")),
        "z": pa.array([0, 1, 2, None, 4, 10**15], pa.timestamp("us", "UTC")),
        "d": pa.array([0, 5, None, 7, 8, 20000], pa.date32()),
        "u": pa.array([0, 255, 3, None, 4, 5], pa.uint8()),
        "m": pa.array([decimal.Decimal("1.50"), None, decimal.Decimal("-2.25"), decimal.Decimal(0), decimal.Decimal("9.99"), decimal.Decimal("1.5")],
                      pa.decimal128(10, 2)),
        "y": pa.array([b"ab", None, b"", b"\xff", b"ab", b"c"]),
        "st": pa.array([{"v": 1, "in": {"w": "p"}}, {"v": None, "in": None}, None, {"v": 4, "in": {"w": "q"}}, {"v": 5, "in": None}, {"v": 6, "in": {"w": "p"}}],
                       pa.struct([("v", pa.int64()), ("in", pa.struct([("w", pa.string())]))])),
        "f": pa.array([0.1, 1.5, None, 2.0, -0.0, 0.0], pa.float32()),
        "odd `name`": pa.array([1, 2, 3, 4, 5, 6]),
    })


F = pc.field
CONDITIONS = {
    "greater": F("a") > 1, "not equal": F("a") != 2, "chain": (F("a") > 0) & (F("s") == "x") & F("b"), "or not": (F("a") > 5) | ~F("b"),
    "null": F("a").is_null(), "valid": F("s").is_valid(), "in": F("a").isin([2, 7]), "field": F(("st", "v")) > 3, "deep field": F(("st", "in", "w")) == "p",
    "arithmetic": (F("a") + 1) * 2 - 3 > 1, "division": F("a") / 2 >= 1, "timestamp": F("t") > pa.scalar(1, pa.timestamp("us")),
    "moment": F("z") > pa.scalar(1, pa.timestamp("us", "UTC")), "date": F("d") >= pa.scalar(7, pa.date32()), "uint8": F("u") > pa.scalar(3, pa.uint8()),
    "decimal": F("m") >= pa.scalar(decimal.Decimal("1.50"), pa.decimal128(10, 2)), "bytes": F("y") == b"ab", "starts": pc.starts_with(F("s"), "a"),
    "ends": pc.ends_with(F("s"), "e"), "choice": pc.if_else(F("b"), F("a"), 0) > 0, "coalesce": pc.coalesce(F("a"), 3) > 2, "nan": pc.is_nan(F("x")),
    "float": F("f") > pa.scalar(0.1, pa.float32()), "null literal": F("a") == pa.scalar(None, pa.int32()), "boolean": F("b"), "abs": pc.abs(F("a")) > 4,
    "cast": F("a").cast(pa.int64(), safe=False) > 1, "large": F("s") == pa.scalar("x", pa.large_string()), "name": F("odd `name`") < 3,
    "power": pc.power(F("a"), 2) > 3, "bits": pc.bit_wise_and(F("a"), 1) == 1,
}
#: What the reference refuses, or answers otherwise; the pyarrow scan of the table is the witness.
OURS_ALONE = {"nan", "bits", "field", "deep field", "uint8", "name"}


@pytest.fixture(scope="module")
def uri(tmp_path_factory, reference) -> str:
    path = str(tmp_path_factory.mktemp("substrait") / "t.lance")
    reference.write_dataset(columns(), path)
    return path


@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions_keep_the_rows_that_arrow_keeps(engine, reference, uri, name):
    table, condition = columns(), CONDITIONS[name]
    message = substrait.serialize_expressions([condition], ["condition"], table.schema)
    expected = table.filter(condition)["id"].to_pylist()
    dataset = engine.dataset(uri)
    assert dataset.to_table(filter=bytes(message), columns=["id"])["id"].to_pylist() == expected
    assert dataset.count_rows(message) == len(expected)
    if name not in OURS_ALONE:
        assert reference.dataset(uri).to_table(filter=condition, columns=["id"])["id"].to_pylist() == expected


def test_structs_within_lists(engine, tmp_path):
    inner = pa.struct([("k", pa.int64()), ("m", pa.map_(pa.string(), pa.struct([("v", pa.int64())])))])
    table = pa.table({
        "a": range(9), "l": pa.array([[{"k": 1, "m": []}]] * 9, pa.list_(inner)), "s": pa.array([{"l": [None]}] * 9, pa.struct([("l", pa.list_(inner))])),
        "b": range(9),
    })
    dataset = engine.write_dataset(table, str(tmp_path / "l.lance"))
    for condition in (F("a") > 5, F("b") > 5):
        assert dataset.count_rows(bytes(substrait.serialize_expressions([condition], ["f"], dataset.schema))) == 3


def test_long_chains(engine, uri):
    condition = F("a") > -100
    for i in range(8):  # the size of what pyarrow writes doubles with each
        condition = condition & (F("a") != i + 10)
    message = substrait.serialize_expressions([condition], ["condition"], columns().schema)
    assert engine.dataset(uri).count_rows(message) == 5


def test_what_is_no_condition_is_refused(engine, errors, uri):
    dataset, schema = engine.dataset(uri), columns().schema
    with pytest.raises(errors.InvalidError, match="are no ExtendedExpression"):
        dataset.count_rows(b"nothing of the kind")
    with pytest.raises(errors.InvalidError, match="2 expressions where one is wanted"):
        dataset.count_rows(substrait.serialize_expressions([F("a") > 1, F("b")], ["one", "two"], schema))
    with pytest.raises(errors.InvalidError, match="expected a boolean, found int32"):
        dataset.count_rows(substrait.serialize_expressions([F("a")], ["one"], schema))
    with pytest.raises(errors.InvalidError, match="takes no params"):
        dataset.to_table(filter=b"", params=[1])
    with pytest.raises(TypeError, match="Substrait"):
        dataset.count_rows(12)
    other = pa.schema([("nowhere", pa.int32())])
    with pytest.raises(errors.InvalidError, match="there is no column 'nowhere'"):
        dataset.count_rows(substrait.serialize_expressions([F("nowhere") > 1], ["one"], other))
