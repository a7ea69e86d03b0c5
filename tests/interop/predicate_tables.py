"""Random tables for random predicates: every kind of column, nulls, extremes, several fragments, deletions, either engine as writer."""

from __future__ import annotations

import datetime
import decimal
import json
import math
import random
from typing import Any

import numpy as np
import pyarrow as pa

from tests.interop.predicate_model import DAY, INTEGERS, Term, to_utc

WORDS = ("", "a", "ash", "Ash", "birch", "BIRCH", "cedar oak", "%", "10%", "a_b", "a\\b", "élan", "ÉLAN", "12", "-7", " pad ", "x" * 40, "it's", "a,b,c")
CUT = decimal.Decimal(1).scaleb(-2)
ARROW = {"i8": pa.int8(), "i16": pa.int16(), "i32": pa.int32(), "i64": pa.int64(), "u8": pa.uint8(), "u16": pa.uint16(), "u32": pa.uint32(),
         "u64": pa.uint64(), "f16": pa.float16(), "f32": pa.float32(), "f64": pa.float64()}
INNER = pa.struct([("y", pa.float64()), ("flag", pa.bool_())])
BOX = pa.struct([("x", pa.int32()), ("tag", pa.string()), ("inner", INNER)])


def random_integer(rng: random.Random, kind: str) -> int:
    domain = INTEGERS[kind]
    return rng.choice((domain[0], domain[-1], domain[-1] - 1, 0, 1, *(rng.randrange(max(domain[0], -9), 10) for _ in range(8)), rng.randrange(100)))


def random_float(rng: random.Random, kind: str) -> float:
    largest = {"f16": 65504.0, "f32": float(np.finfo(np.float32).max), "f64": 1.7976931348623157e308}[kind]
    value = rng.choice((0.0, -0.0, math.nan, math.inf, -math.inf, largest, -largest, 0.1, 0.5, -1.5, 2.0, float(rng.randrange(-9, 10)), rng.randrange(80) / 8))
    width = {"f16": np.float16, "f32": np.float32, "f64": np.float64}[kind]
    return float(width(value))


def random_decimal(rng: random.Random) -> decimal.Decimal:
    whole = rng.choice((0, 1, 150, -250, 99999999, -99999999, rng.randrange(-900, 900)))
    return decimal.Decimal(whole).scaleb(-2)


def random_day(rng: random.Random) -> int:
    """From 1900 to 2100; January and July, as a zone knows those hours without doubt."""
    day = datetime.date(rng.choice((1900, 1969, 1970, 1999, 2000, 2024, 2024, 2100)), rng.choice((1, 7)), rng.choice((1, 2, 15, 29, 31)))
    return (day - datetime.date(1970, 1, 1)).days


def random_clock(rng: random.Random) -> int:
    second = rng.choice((0, 1, 3599, 43200, 86399, rng.randrange(86400)))
    return random_day(rng) * DAY + second * 1_000_000 + rng.choice((0, 0, 0, 1, 500_000))


def random_zoned(rng: random.Random) -> int:
    """Before 2038, when the tables of the reference end."""
    return to_utc(min(random_day(rng), 20000) * DAY + rng.randrange(6, 22) * 3_600_000_000 + rng.choice((0, 1, 1_800_000_000)))


def random_span(rng: random.Random) -> int:
    return rng.choice((0, 1, -1, 5, 3600, -86400, rng.randrange(-(10**6), 10**6))) * 1_000_000


def random_json(rng: random.Random) -> str:
    value: Any = {}
    if rng.random() < 0.8:
        value["a"] = rng.choice((1, -5, 2.5, "ash", True, None, {"b": rng.randrange(5)}, [1, "x", 2]))
    if rng.random() < 0.6:
        value["n"] = rng.randrange(10)
    if rng.random() < 0.6:
        value["s"] = rng.choice(("ash", "", "élan"))
    return json.dumps(value)


def random_box(rng: random.Random, nulls: bool) -> dict:
    inner = None if nulls and rng.random() < 0.2 else {"y": random_float(rng, "f64"), "flag": rng.choice((True, False, None))}
    return {"x": rng.choice((None, *range(-3, 9))), "tag": rng.choice((None, *WORDS)), "inner": inner}


class PredicateTable:
    """`table`, and its columns as terms: what a predicate is made of."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.version = rng.choice(("2.0", "2.1", "2.1", "2.2"))
        self.rows = rng.choice((rng.randrange(1, 40), rng.randrange(1, 40), rng.randrange(40, 150), rng.randrange(150, 500)))
        self.terms: list[Term] = []
        self.columns: dict[str, pa.Array] = {}
        self._numbers()
        self._times()
        self._texts()
        self._nested()
        self.table = pa.table(self.columns)

    def _values(self, make) -> list:
        share = self.rng.choice((0, 0, 0.1, 0.4, 1))
        return [None if self.rng.random() < share else make() for _ in range(self.rows)]

    def _add(self, name: str, kind: str, values: list, array: pa.Array) -> None:
        self.columns[name] = array
        self.terms.append(Term(name, kind, values))

    def _numbers(self) -> None:
        ids = list(range(self.rows))
        self._add("id", "i64", ids, pa.array(ids, pa.int64()))
        for kind in INTEGERS:
            values = self._values(lambda: random_integer(self.rng, kind))
            self._add(kind, kind, values, pa.array(values, ARROW[kind]))
        base = self.rng.choice((0, 1000, -(2**40)))
        steps = sorted(base + self.rng.randrange(100) for _ in range(self.rows))  # so that pages and fragments rule rows out
        self._add("step", "i64", steps, pa.array(steps, pa.int64()))
        for kind in ("f16", "f32", "f64"):
            values = self._values(lambda: random_float(self.rng, kind))
            typed = np.array([0 if value is None else value for value in values], ARROW[kind].to_pandas_dtype())
            self._add(kind, kind, values, pa.array(typed, ARROW[kind], mask=np.array([value is None for value in values])))
        for name, precision in (("price", 10), ("wide", 38)):
            values = self._values(lambda: random_decimal(self.rng))
            self._add(name, "decimal", values, pa.array(values, pa.decimal128(precision, 2)))
        values = self._values(lambda: self.rng.random() < 0.5)
        self._add("flag", "bool", values, pa.array(values, pa.bool_()))

    def _times(self) -> None:
        days = self._values(lambda: random_day(self.rng))
        self._add("day", "date", days, pa.array(days, pa.int32()).cast(pa.date32()))
        for name, unit, step in (("seconds", "s", 1_000_000), ("micros", "us", 1)):
            clocks = [value if value is None else value // step * step for value in self._values(lambda: random_clock(self.rng))]
            self._add(name, "ts", clocks, pa.array([v if v is None else v // step for v in clocks], pa.int64()).cast(pa.timestamp(unit)))
        for name, unit, step in (("date64", "ms", 1000), ("nanos", "ns", 1)):
            kind = "ts" if unit == "ns" else "date"
            values = self._values(lambda kind=kind: random_clock(self.rng) if kind == "ts" else random_day(self.rng))
            stored = [v if v is None else v * (1000 if kind == "ts" else DAY // step) for v in values]
            self._add(name, kind, values, pa.array(stored, pa.int64()).cast(pa.timestamp("ns") if kind == "ts" else pa.date64()))
        for name, kind, step in (("span", pa.duration("us"), 1), ("spans", pa.duration("s"), 1_000_000)):
            values = self._values(lambda: random_span(self.rng))
            self._add(name, "span", values, pa.array([v if v is None else v // step for v in values], pa.int64()).cast(kind))
        for name, kind, step in (("clock", pa.time64("us"), 1), ("clocks", pa.time32("s"), 1_000_000)):
            values = [v if v is None else v % DAY // step * step for v in self._values(lambda: random_clock(self.rng))]
            whole = pa.int64() if step == 1 else pa.int32()
            self._add(name, "clock", values, pa.array([v if v is None else v // step for v in values], whole).cast(kind))
        zoned = self._values(lambda: random_zoned(self.rng))
        self._add("zoned", "tz", zoned, pa.array(zoned, pa.int64()).cast(pa.timestamp("us", "Europe/Athens")))

    def _texts(self) -> None:
        for name, kind in (("word", pa.string()), ("large", pa.large_string())):
            values = self._values(lambda: self.rng.choice(WORDS))
            self._add(name, "text", values, pa.array(values, kind))
        values = self._values(lambda: self.rng.choice(WORDS))
        self._add("dict", "text", values, pa.array(values, pa.string()).dictionary_encode().cast(pa.dictionary(pa.int8(), pa.string())))
        values = self._values(lambda: random_integer(self.rng, "i16"))
        self._add("code", "i16", values, pa.array(values, pa.int16()).dictionary_encode())
        values = self._values(lambda: bytes([self.rng.choice((0, 97, 255))]) * self.rng.randrange(4))
        self._add("bytes", "bytes", values, pa.array(values, pa.binary()))
        values = self._values(lambda: bytes(self.rng.choice((0, 97, 255)) for _ in range(2)))
        self._add("fixed", "bytes", values, pa.array(values, pa.binary(2)))

    def _nested(self) -> None:
        rng = self.rng
        values = self._values(lambda: [rng.choice((None, 1, 2, 3, -(2**63))) for _ in range(rng.randrange(5))])
        self._add("list", "list", values, pa.array(values, pa.list_(pa.int64())))
        values = self._values(lambda: [rng.choice((1, 2, 3)) for _ in range(rng.randrange(4))])
        self._add("large_list", "list", values, pa.array(values, pa.large_list(pa.int64())))
        values = self._values(lambda: [rng.choice(WORDS[:8]) for _ in range(rng.randrange(4))])
        self._add("words", "list_text", values, pa.array(values, pa.list_(pa.string())))
        values = self._values(lambda: [float(rng.randrange(4)) for _ in range(3)])
        self._add("vector", "vector", values, pa.array(values, pa.list_(pa.float32(), 3)))
        if self.version == "2.0":  # which has no null structs
            boxes = [random_box(rng, False) for _ in range(self.rows)]
        else:
            boxes = self._values(lambda: random_box(rng, True))
        self._add("box", "struct", boxes, pa.array(boxes, BOX))
        self._member("box.x", "i32", lambda box: box["x"], boxes)
        self._member("box.tag", "text", lambda box: box["tag"], boxes)
        self._member("box.inner", "struct", lambda box: box["inner"], boxes)
        self._member("box.inner.y", "f64", lambda box: box["inner"] and box["inner"]["y"], boxes)
        self._member("box.inner.flag", "bool", lambda box: box["inner"] and box["inner"]["flag"], boxes)
        texts = self._values(lambda: random_json(rng))
        self._add("doc", "json", texts, pa.array(texts, pa.json_()))

    def _member(self, path: str, kind: str, get, boxes: list) -> None:
        self.terms.append(Term(path, kind, [None if box is None else get(box) for box in boxes]))

    def of_kind(self, *kinds: str) -> list[Term]:
        return [term for term in self.terms if term.kind in kinds]


def write(made: PredicateTable, uri: str, ours: Any, theirs: Any) -> str:
    """By either engine, in several fragments, some of its rows deleted; says how."""
    rng = made.rng
    writer = rng.choice((ours, theirs))
    step = rng.choice((7, 50, 10_000)) if made.rows < 100 else rng.choice((30, 100, 10_000))
    options: dict[str, Any] = {"data_storage_version": made.version, "enable_stable_row_ids": rng.random() < 0.3}
    for first in range(0, made.rows, step):  # taken, not sliced: the reference's writer fails on slices of nullable structs
        part = made.table.take(pa.array(range(first, min(first + step, made.rows))))
        writer.write_dataset(part, uri, mode="append" if first else "create", **options)
    deleted = None
    if rng.random() < 0.6:
        deleted = rng.choice(("id % 3 = 0", "id % 17 = 4", "id > 20 AND id < 130", "id % 10 <> 1", "id >= 100"))
        theirs.dataset(uri).delete(deleted)
    return f"{writer.name} {options}, {step} rows a fragment, deleted {deleted}"
