"""Functions of pyarrow expressions that are more than one function of SQL: each answers as pyarrow does."""

import datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import eider

NAN, INF = float("nan"), float("inf")
REALS = [0.0, -0.5, 0.5, 1.5, -1.5, 2.5, -2.5, 3.49, -3.51, 2.0**52 + 1, 1e300, INF, -INF, NAN, None]
N = len(REALS)


def spread(values: list, kind: pa.DataType | None = None) -> pa.Array:
    return pa.array((values * N)[:N], kind)


TABLE = pa.table(
    {
        "id": pa.array(range(N), pa.int64()),
        "i": spread([1, 4, None, -7], pa.int32()),
        "x": pa.array(REALS, pa.float64()),
        "y": spread([1.0, NAN, None], pa.float64()),
        "f": pa.array(REALS[:10] + [None] * (N - 10), pa.float32()),
        "d": spread([Decimal("1.50"), Decimal("-2.50"), Decimal("0.49"), Decimal("-3.51"), None], pa.decimal128(9, 2)),
        "s": spread(["NaN", "banana", "aaaa", " \u3000a\x1c\t ", "xxaxx", "é a", "", None]),
        "u": spread(["b", "ana", None]),
        "l": spread([[1, 2], [3], [4, 5, 6]], pa.list_(pa.int64())),
        "st": spread([{"in": {"z": 1}}, {"in": None}, None], pa.struct([("in", pa.struct([("z", pa.int64())]))])),
        "t": spread([0, 1_500, 1_709_210_096_007, None, -1], pa.timestamp("ms")),
        "ts": spread([0, 1_709_210_096], pa.timestamp("s")),
        "tz": spread([0, 1_709_210_096_007_008], pa.timestamp("us", "Europe/Berlin")),
        "day": spread([0, 19_782, None], pa.date32()),
        "flag": spread([True, False, None]),
    }
)
F = pc.field
LETTERS = pa.array(["b", None, "ana"])
CALLS = {
    "field": pc.struct_field(F("st"), ["in", "z"]) == 1,
    "field of a field": pc.struct_field(pc.struct_field(F("st"), "in"), "z") == 1,
    "first item": pc.list_element(F("l"), 0) > 2,
    "to even": pc.round(F("x")) == 2,
    "0 and -2": (pc.round(F("x")) == 0) | (pc.round(F("x")) == -2),
    "of integers": pc.round(F("i")) == 4,
    "of floats": pc.round(F("f")) == -4,
    "of decimals": pc.round(F("d")) == pa.scalar(Decimal("2.00"), pa.decimal128(9, 2)),
    "choice": pc.case_when(pc.make_struct(F("flag"), F("i") > 2), F("i"), 20, 30) > 3,
    "choice of nothing": pc.case_when(pc.make_struct(F("flag"), F("i") > 2), 1, 2).is_null(),
    "replaced": pc.replace_substring(F("s"), "a", "xy") == "bxynxynxy",
    "times": pc.count_substring(F("s"), "aa") == 2,
    "once": pc.count_substring(F("s"), "ana") == 1,
    "place": pc.find_substring(F("s"), "a") == 3,
    "no place": pc.find_substring(F("s"), "q") == -1,
    "index": pc.index_in(F("u"), value_set=LETTERS) == 2,
    "index of null": pc.index_in(F("u"), value_set=LETTERS) == 1,
    "index of no null": pc.index_in(F("u"), value_set=LETTERS, skip_nulls=True).is_null(),
    "least": pc.min_element_wise(F("x"), F("y"), 1.5) == 1,
    "least of all": pc.min_element_wise(F("x"), F("y"), skip_nulls=False).is_null(),
    "greatest": pc.max_element_wise(F("x"), F("y")) == 1,
    "greatest is NaN": pc.is_nan(pc.max_element_wise(F("x"), F("y"))),
    "greatest of all": pc.max_element_wise(F("x"), F("y"), skip_nulls=False).is_null(),
    "greatest text": pc.max_element_wise(F("s"), F("u"), "NaN") == "NaN",
    "greatest integer": pc.max_element_wise(F("i"), 2) == 2,
    "blanks": pc.utf8_trim_whitespace(F("s")) == "a",
    "left": pc.utf8_ltrim_whitespace(F("s")) == "a\x1c\t ",
    "right": pc.utf8_rtrim_whitespace(F("s")) == " \u3000a",
    "ASCII blanks": pc.ascii_trim_whitespace(F("s")) == "\u3000a\x1c",
    "characters": pc.utf8_trim(F("s"), "xé ") == "a",
    "left characters": pc.ascii_ltrim(F("s"), "x") == "axx",
    "right characters": pc.utf8_rtrim(F("s"), "x") == "xxa",
    "time": pc.strftime(F("t")) == "2024-02-29T12:34:56.007",
    "fraction": pc.strftime(F("t"), "%S") == "59.999",
    "whole seconds": pc.strftime(F("ts"), "%T %%S") == "12:34:56 %S",
    "zone": pc.strftime(F("tz"), "%F %H:%M:%S") == "2024-02-29 13:34:56.007008",
    "day": pc.strftime(F("day"), "%d %b %Y, %a %j") == "29 Feb 2024, Thu 060",
}
for mode in ["down", "up", "towards_zero", "towards_infinity", "half_down", "half_up", "half_towards_zero", "half_towards_infinity", "half_to_odd"]:
    rounded = pc.round(F("x"), 0, mode)
    CALLS[f"rounded {mode}"] = (rounded == 0) | (rounded == 1) | (rounded == -2) | (rounded == 3) | (rounded == -4) | (rounded == INF)


@pytest.fixture(scope="module")
def ds(tmp_path_factory) -> eider.LanceDataset:
    return eider.write_dataset(TABLE, tmp_path_factory.mktemp("functions") / "f.lance", max_rows_per_file=7)


@pytest.mark.parametrize("name", CALLS)
def test_rows_are_those_of_pyarrow(ds, name):
    expected = TABLE.filter(CALLS[name])["id"].to_pylist()
    assert ds.to_table(["id"], filter=CALLS[name])["id"].to_pylist() == expected
    assert 0 < len(expected) < N


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        (pc.round(F("x"), 2) == 1, "'round' .* to 2 digits"),
        (pc.struct_field(F("st"), [0]).is_valid(), "'struct_field' .* with positions: name the fields"),
        (pc.list_element(F("l"), F("i")) == 1, "'list_element' .* with a position that is no number"),
        (pc.replace_substring(F("s"), "a", "b", max_replacements=1) == "b", "'replace_substring' .* with max_replacements"),
        (pc.count_substring(F("s"), "A", ignore_case=True) == 1, "'count_substring' .* with ignore_case"),
        (pc.ascii_trim(F("s"), "é") == "", "'ascii_btrim|'ascii_trim"),
        (pc.strftime(F("t"), "%Z") == "", "'strftime' .* with '%Z'"),
        (pc.make_struct(F("s"), F("u")) == 1, "'make_struct'"),
        (pc.case_when(F("st"), 1, 2) == 1, "'case_when' .* of conditions in 'make_struct' alone"),
        (pc.field(0) > 5, r"name columns, as in pc.field\('x'\)"),
        (pc.binary_repeat(F("s"), 2) == "", "'binary_repeat'"),
    ],
    ids=str,
)
def test_what_sql_cannot_say_is_refused_by_name(ds, expression, says):
    with pytest.raises(eider.UnsupportedError, match=says):
        ds.count_rows(expression)


def test_positions_of_items_count_from_0(ds):
    with pytest.raises(eider.InvalidError, match="position -1"):
        ds.count_rows(pc.list_element(F("l"), -1) == 1)
    past = pc.list_element(F("l"), 2) == 6  # pyarrow refuses lists that are shorter
    assert ds.count_rows(past) == 5


def test_dates_have_no_clock(ds):
    found = ds.to_table({"at": "to_char(day, '%H:%M:%S')"}, "day = $1", params=[datetime.date(1970, 1, 1)])
    assert set(found["at"].to_pylist()) == {"00:00:00"}
