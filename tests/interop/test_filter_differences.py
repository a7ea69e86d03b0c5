"""Every row of "Differences from Lance 14" in docs/guide/filters.md: what either engine says."""

from __future__ import annotations

import decimal
import math

import numpy as np
import pyarrow as pa
import pytest

#: In place of rows: the engine refuses the filter, or fails on it.
REFUSED = "refused"
DATA = {
    "id": pa.array([0, 1, 2]),
    "s": pa.array([1, 1, None], pa.timestamp("s")),
    "us": pa.array([1_000_000, 1_500_000, None], pa.timestamp("us")),
    "x": pa.array([0.0, -0.0, 1.0]),
    "y": pa.array([-0.0, -0.0, 1.0]),
    "most": pa.array([1.7976931348623157e308, 2.5, None]),
    "f32": pa.array([-0.0, 0.1, math.inf], pa.float32()),
    "f16": pa.array(np.array([0.0, 1.0, 2.0], np.float16)),
    "i8": pa.array([0, -5, 127], pa.int8()),
    "u8": pa.array([1, 2, 3], pa.uint8()),
    "u64": pa.array([2, 2, 2**64 - 1], pa.uint64()),
    "clock": pa.array([0, 36_000_000_000, None], pa.time64("us")),
    "span": pa.array([5_400_000_000, -1, None], pa.duration("us")),
    "i32": pa.array([300, 5, -1], pa.int32()),
    "big": pa.array([2**63 - 1, 1, 2], pa.int64()),
    "price": pa.array([decimal.Decimal("999999.99"), decimal.Decimal("1.50"), None], pa.decimal128(10, 2)),
    "z": pa.array([1_720_693_800_000_000, 4_120_693_800_000_000, None], pa.timestamp("us", "Europe/Athens")),
    "night": pa.array([1_720_648_800_000_000, None, None], pa.timestamp("us", "Europe/Athens")),  # 1 in the morning
    "day": pa.array([19915, 0, 0], pa.date32()),
    "date64": pa.array([0, 86_400_000, None], pa.date64()),
    "word": pa.array(["ash", "bírch", None]),
    "doc": pa.array(['{"a": 5}', '{"a": "x"}', None], pa.json_()),
}
DIFFERENCES = {
    "(i8 + i8) < 0": ([1, 2], [1]),
    "big + 1 < 0": ([0], REFUSED),
    "(u8 - u8 - u8) < 0": ([], [0, 1, 2]),
    "(u64 + 1) / 2 = 1.5": ([0, 1], []),
    "u64 / i32 = 0.4": ([1], [1]),
    "clock > '09:00:00'": (REFUSED, [1]),
    "span >= '90 minutes'": (REFUSED, [0]),
    "span > interval '1 hour'": (REFUSED, [0]),
    "date_part('microsecond', span) = 5400000000": ([], [0]),
    "z = timestamp '2024-07-11 10:30:00Z'": ([], [0]),
    "night < day": ([0], []),
    "f32 = 1e39": ([2], []),
    "coalesce(word, 1) = 'ash'": (REFUSED, REFUSED),
    "0.0 / x > 1": ([], [0, 1]),
    "sqrt(i8) > 20": ([], [1]),
    "f16 + 0.1 > 2.0999999999": ([2], []),
    "f32 + 0.1 = 0.2": ([], [1]),
    "NOT (f32 IN (0.1))": ([0, 1, 2], [0, 2]),
    "(date_trunc('second', us) BETWEEN night AND timestamp '1970-01-01 00:00:01') IS NULL": ([2], [1, 2]),
    "length(CAST(date64 AS string)) = 10": ([], [0, 1]),
    "CAST(price AS int) IN (1)": ([], [1]),
    "price % 0.01 = 0": ([], [0, 1]),
    "round(most, 1) = most": ([1], [0, 1]),
    "x = y": ([1, 2], [0, 1, 2]),
    "i8 = f32": ([], [0]),
    "nullif(x, y) IS NULL": ([1, 2], [0, 1, 2]),
    "s = us": ([0, 1], [0]),
    "us > s": ([], [1]),
    "s = timestamp '1970-01-01 00:00:01.5'": ([0, 1], []),
    "TRY_CAST(i32 AS tinyint) > 0": ([0, 1], [1]),
    "CAST(i32 AS tinyint) > 0": ([0, 1], REFUSED),
    "(f32 IS DISTINCT FROM 0.1) IS FALSE": ([], [1]),
    "(price IN (999999.99, 7.5)) IS DISTINCT FROM false": ([2], [0, 2]),
    "date_part('hour', z) = 8": ([], [1]),
    "json_get_int(doc, 'a') = 5": (REFUSED, [0]),
    "upper(word) = 'BÍRCH'": ([1], [1]),
}


@pytest.fixture(scope="module")
def uri(tmp_path_factory, reference) -> str:
    path = str(tmp_path_factory.mktemp("differences") / "t.lance")
    reference.write_dataset(pa.table(DATA), path)
    return path


@pytest.mark.parametrize("sql", DIFFERENCES)
def test_what_either_engine_says(engine, reference, uri, sql):
    def rows(dataset) -> object:
        try:
            return dataset.to_table(filter=sql, columns=["id"])["id"].to_pylist()
        except Exception as error:
            assert isinstance(error, (ValueError, OSError)), error
            return REFUSED

    assert (rows(reference.dataset(uri)), rows(engine.dataset(uri))) == DIFFERENCES[sql]
