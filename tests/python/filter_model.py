"""Random tables and random predicates that DuckDB and the filter dialect read alike."""

from __future__ import annotations

import datetime
import decimal
import random

import pyarrow as pa

EPOCH = datetime.datetime(1970, 1, 1)
WORDS = ["", "a", "b", "foo", "foobar", "barfoo", "Foo", "x%y", "a_b", "é", "日本", "zz"]
DOUBLES = [0.0, -0.0, 1.0, -1.5, 0.1, 1e300, -1e300, float("nan"), float("inf"), float("-inf")]
COMPARISONS = ["=", "<>", "<", "<=", ">", ">="]
NUMBERS = ["i8", "i32", "i64", "f64", "dec"]


def random_table(rng: random.Random, num_rows: int) -> pa.Table:
    """Small values, so that columns meet; a fifth is null."""

    def column(make, type_: pa.DataType) -> pa.Array:
        return pa.array([None if rng.random() < 0.2 else make() for _ in range(num_rows)], type_)

    return pa.table(
        {
            "id": pa.array(range(num_rows), pa.int64()),
            "i8": column(lambda: rng.choice([-128, -1, 0, 1, 2, 3, 127]), pa.int8()),
            "i32": column(lambda: rng.randint(-5, 5), pa.int32()),
            "i64": column(lambda: rng.choice([-(2**63), -1, 0, 1, 2, 100, 2**53 + 1, 2**63 - 1]), pa.int64()),
            "u64": column(lambda: rng.choice([0, 1, 2, 2**63, 2**64 - 1]), pa.uint64()),
            "f64": column(lambda: rng.choice(DOUBLES), pa.float64()),
            "dec": column(lambda: decimal.Decimal(rng.randint(-300, 300)) / 100, pa.decimal128(10, 2)),
            "s": column(lambda: rng.choice(WORDS), pa.string()),
            "b": column(lambda: rng.random() < 0.5, pa.bool_()),
            "day": column(lambda: datetime.date(1970, 1, 1) + datetime.timedelta(rng.randint(-3, 3)), pa.date32()),
            "ts": column(lambda: EPOCH + datetime.timedelta(hours=rng.randint(-50, 50)), pa.timestamp("us")),
        }
    )


class Predicates:
    """Predicates of a bounded depth."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def one(self, depth: int = 3) -> str:
        if depth == 0 or self.rng.random() < 0.3:
            return self.rng.choice(
                [self.numbers, self.integers, self.unsigned, self.texts, self.days, self.stamps, self.lists, self.nulls, self.like, self.between, self.booleans]
            )()
        left, right = self.one(depth - 1), self.one(depth - 1)
        return self.rng.choice(
            [
                f"({left} AND {right})",
                f"({left} OR {right})",
                f"NOT ({left})",
                f"({left}) IS TRUE",
                f"({left}) IS NOT FALSE",
                f"(({left}) IS NULL)",
                f"CASE WHEN {left} THEN {right} ELSE {self.one(depth - 1)} END",
                f"coalesce({left}, {right})",
            ]
        )

    def compare(self) -> str:
        return self.rng.choice(COMPARISONS)

    def number(self) -> str:
        return self.rng.choice(["0", "1", "-1", "2", "127", "128", "-129", "300", "1.5", "-0.5", "2.25", "2.255", "1e3", "9223372036854775807"])

    def numbers(self) -> str:
        column = self.rng.choice(NUMBERS)
        other = self.number() if self.rng.random() < 0.7 else self.rng.choice(["i8", "i32", "i64"] if column != "f64" else ["f64", "i8", "i32"])
        return f"{column} {self.compare()} {other}"

    def integers(self) -> str:
        operator = self.rng.choice("+-*")
        return f"CAST(i8 AS bigint) {operator} {self.rng.choice(['CAST(i32 AS bigint)', '7', '-3'])} {self.compare()} {self.rng.randint(-9, 9)}"

    def unsigned(self) -> str:
        return f"u64 {self.compare()} {self.rng.choice(['0', '1', '9223372036854775808', '18446744073709551615', '-1'])}"

    def word(self) -> str:
        return "'" + self.rng.choice(WORDS) + "'"

    def texts(self) -> str:
        value = self.rng.choice(["s", "lower(s)", "upper(s)", "s || 'x'", "reverse(s)", "left(s, 2)", "replace(s, 'o', '0')"])
        return f"{value} {self.compare()} {self.word()}" if self.rng.random() < 0.8 else f"length(s) {self.compare()} {self.rng.randint(0, 6)}"

    def days(self) -> str:
        return f"day {self.compare()} DATE '1970-01-0{self.rng.randint(1, 4)}'"

    def stamps(self) -> str:
        return f"ts {self.compare()} TIMESTAMP '1970-01-0{self.rng.randint(1, 3)} {self.rng.randint(10, 23)}:00:00'"

    def lists(self) -> str:
        negated = self.rng.choice(["", "NOT "])
        column, choices = self.rng.choice([("i32", ["1", "2", "-3", "NULL", "300"]), ("s", ["'a'", "'foo'", "NULL", "''"]), ("f64", ["0.0", "1.0", "1e300"]), ("i8", ["1", "127", "300"])])
        return f"{column} {negated}IN ({', '.join(self.rng.choices(choices, k=self.rng.randint(1, 4)))})"

    def nulls(self) -> str:
        column = self.rng.choice(["i8", "f64", "s", "b", "ts", "dec"])
        return self.rng.choice([f"{column} IS NULL", f"{column} IS NOT NULL", f"i8 IS DISTINCT FROM {self.rng.choice(['1', 'NULL', 'i32'])}"])

    def like(self) -> str:
        pattern = self.rng.choice(["foo%", "%foo", "%o%", "f__", "_oo%", "%a%b%", "%", "", "é", "_", "F%", "__"])
        return f"s {self.rng.choice(['', 'NOT '])}{self.rng.choice(['LIKE', 'ILIKE'])} '{pattern}'"

    def between(self) -> str:
        return f"{self.rng.choice(NUMBERS)} {self.rng.choice(['', 'NOT '])}BETWEEN {self.number()} AND {self.number()}"

    def booleans(self) -> str:
        return self.rng.choice(["b", "NOT b", "b = true", "b <> false", "b IS NULL"])
