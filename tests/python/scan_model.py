"""What a scan must give, in plain Python: rows as dicts, in the order of the table."""

from __future__ import annotations

import math
import random
from typing import Any

import pyarrow as pa

WORDS = ["", "ash", "birch", "cedar oak", "élan", "a long common prefix 1", "a long common prefix 2"]
REALS = [0.0, -0.0, 1.5, -2.25, math.nan, math.inf, -math.inf]

FILTERS = [
    (None, lambda row: True),
    ("number > 3", lambda row: row["number"] is not None and row["number"] > 3),
    ("number IS NULL", lambda row: row["number"] is None),
    ("id % 7 = 2", lambda row: row["id"] % 7 == 2),
    ("id BETWEEN 20 AND 90", lambda row: 20 <= row["id"] <= 90),
    ("word LIKE 'a%'", lambda row: row["word"] is not None and row["word"].startswith("a")),
    ("word IN ('ash', 'birch') OR flag", lambda row: row["word"] in ("ash", "birch") or row["flag"] is True),
    ("NOT flag AND real >= 0", lambda row: row["flag"] is False and (row["real"] is not None and not row["real"] < 0)),
    ("box.x = 2", lambda row: row["box"] is not None and row["box"]["x"] == 2),
    ("array_length(list) > 1", lambda row: row["list"] is not None and len(row["list"]) > 1),
    ("id < 0", lambda row: False),
]


def random_table(rng: random.Random, rows: int) -> pa.Table:
    """Values are few, so that keys of a sort meet."""

    def column(make: Any, kind: pa.DataType) -> pa.Array:
        nulls = rng.choice((0, 0.1, 0.4))
        return pa.array([None if rng.random() < nulls else make() for _ in range(rows)], kind)

    return pa.table(
        {
            "id": pa.array(range(rows), pa.int64()),
            "number": column(lambda: rng.randrange(8), pa.int16()),
            "real": column(lambda: rng.choice(REALS), pa.float64()),
            "word": column(lambda: rng.choice(WORDS), pa.string()),
            "flag": column(lambda: rng.random() < 0.5, pa.bool_()),
            "box": column(lambda: {"x": rng.randrange(4)}, pa.struct([("x", pa.int32())])),
            "list": column(lambda: [rng.randrange(9)] * rng.randrange(4), pa.list_(pa.int64())),
        }
    )


def without_null_structs(table: pa.Table) -> pa.Table:
    """The same with structs of nulls instead, which version 2.0 can store."""
    place = table.column_names.index("box")
    box = table["box"].combine_chunks()
    return table.set_column(place, "box", pa.StructArray.from_arrays(box.flatten(), fields=list(box.type)))


def without_null_words(table: pa.Table) -> pa.Table:
    return table.set_column(table.column_names.index("word"), "word", table["word"].fill_null("ash"))


def value_of(row: dict, path: str) -> Any:
    found: Any = row
    for part in path.split("."):
        found = None if found is None else found[part]
    return found


def ranked(rows: list[dict], path: str, ascending: bool, nulls_first: bool) -> list[dict]:
    """A stable sort: nulls where they are wanted, NaN after every number, -0.0 before 0.0."""

    def key(row: dict) -> tuple:
        found = value_of(row, path)
        if isinstance(found, float):
            return (
                math.isnan(found),
                0.0 if math.isnan(found) else found,
                math.copysign(1, found) if found == 0 else 0,
            )
        return (found,)

    nulls = [row for row in rows if value_of(row, path) is None]
    values = [row for row in rows if value_of(row, path) is not None]
    values.sort(key=key, reverse=not ascending)  # which keeps equal rows in their order, either way
    return nulls + values if nulls_first else values + nulls


def plain(row: dict) -> str:
    """Equal for equal rows: NaN is NaN, and 0.0 is not -0.0."""
    return repr(row)
