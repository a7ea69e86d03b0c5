"""The same filters over the same random tables by both engines: nulls, NaN, deletions, several fragments, nested columns."""

from __future__ import annotations

import os
import random

import numpy as np
import pyarrow as pa
import pytest

TABLES = int(os.environ.get("EIDER_INTEROP_FILTERS", "12"))
PER_TABLE = 25
WORDS = ("ash", "birch", "Birch", "", "cedar oak", "%", "élan", "zz" * 20)


def optional(rng: random.Random, make, rows: int, kind: pa.DataType) -> pa.Array:
    share = rng.choice((0, 0, 0.1, 0.5, 1))
    return pa.array([None if rng.random() < share else make() for _ in range(rows)], kind)


def random_table(rng: random.Random, rows: int) -> pa.Table:
    specials = (0.0, -0.0, float("nan"), float("inf"), -float("inf"), 1.5)
    struct = pa.struct([("x", pa.int32()), ("tag", pa.string())])
    base = rng.choice((0, 1000))
    return pa.table(
        {
            "id": pa.array(range(rows), pa.int64()),
            "small": optional(rng, lambda: rng.randrange(-5, 6), rows, pa.int8()),
            "number": optional(rng, lambda: base + rng.randrange(40), rows, pa.int64()),
            "big": optional(rng, lambda: rng.choice((0, 2**63, 2**64 - 1, 5)), rows, pa.uint64()),
            "real": optional(rng, lambda: rng.choice(specials), rows, pa.float64()),
            "single": optional(rng, lambda: np.float32(rng.randrange(8) / 4), rows, pa.float32()),
            "word": optional(rng, lambda: rng.choice(WORDS), rows, pa.string()),
            "flag": optional(rng, lambda: rng.random() < 0.5, rows, pa.bool_()),
            "box": optional(rng, lambda: {"x": rng.randrange(9), "tag": rng.choice(WORDS)}, rows, struct),
            "bytes": optional(rng, lambda: bytes([rng.randrange(3)]) * rng.randrange(300), rows, pa.binary()),
        }
    )


def random_test(rng: random.Random) -> str:
    operator = rng.choice(("=", "<>", "<", "<=", ">", ">="))
    quoted = "'" + rng.choice(WORDS) + "'"
    return rng.choice(
        (
            f"small {operator} {rng.randrange(-6, 7)}",
            f"number {operator} {rng.choice((0, 1000)) + rng.randrange(45)}",
            f"big {operator} {rng.choice((0, 5, 2**63, 2**64 - 1))}",
            f"real {operator} {rng.choice(('0.0', '1.5', '-1e300'))}",
            f"single {operator} 0.5",
            f"word {operator} {quoted}",
            # One value in all: the reference folds two sets that share none to FALSE, forgetting that a null is in neither.
            f"number IN (1007, {', '.join(str(rng.choice((0, 1000)) + rng.randrange(40)) for _ in range(rng.randrange(1, 6)))})",
            f"number BETWEEN {1000 + rng.randrange(20)} AND {1010 + rng.randrange(30)}",
            f"word IN ({quoted}, 'ash')",
            "word LIKE '%r%'",
            "word LIKE 'b%'",
            f"{rng.choice(('small', 'number', 'real', 'word', 'flag', 'box', 'bytes'))} IS {rng.choice(('', 'NOT '))}NULL",
            "flag",
            f"box.x {operator} {rng.randrange(9)}",
            f"id {operator} {rng.randrange(600)}",
            f"_rowaddr {operator} {rng.choice((0, 1 << 32)) + rng.randrange(200)}",
            f"_rowid {operator} {rng.choice((0, 1 << 32)) + rng.randrange(200)}",
        )
    )


def random_filter(rng: random.Random, depth: int = 2) -> str:
    if depth == 0 or rng.random() < 0.3:
        return random_test(rng)
    left, right = random_filter(rng, depth - 1), random_filter(rng, depth - 1)
    return rng.choice((f"({left}) AND ({right})", f"({left}) AND ({right})", f"({left}) OR ({right})", f"NOT ({left})"))


def scan_of(rng: random.Random) -> dict[str, object]:
    names = ("id", "number", "word", "box", "bytes", "real")
    scan: dict[str, object] = {"columns": rng.sample(names, rng.randint(1, 4))}
    if rng.random() < 0.5:
        scan["limit"] = rng.choice((0, 1, 7, 1000))
        scan["offset"] = rng.choice((0, 1, 50))
    if rng.random() < 0.3:
        scan["with_row_id"] = True
    if rng.random() < 0.3:
        scan["with_row_address"] = True
    return scan


def cells(table: pa.Table) -> str:
    """All rows as text: there a NaN equals itself."""
    return str({name: table[name].to_pylist() for name in table.schema.names})


@pytest.mark.parametrize("seed", range(TABLES))
@pytest.mark.parametrize("writer", ["reference", "engine"])
def test_the_same_rows(engine, reference, tmp_path, seed, writer):
    rng = random.Random(seed * 2 + (writer == "engine"))
    table = random_table(rng, rng.randrange(1, 600))
    uri = str(tmp_path / "t.lance")
    rows_per_file = rng.choice((50, 200, 1000))
    if writer == "engine":
        engine.write_dataset(table, uri, max_rows_per_file=rows_per_file)
    else:
        reference.write_dataset(table, uri, max_rows_per_file=rows_per_file, data_storage_version=rng.choice(("2.1", "2.2")))
    if rng.random() < 0.7:
        reference.dataset(uri).delete(rng.choice(("id % 3 = 0", "id % 17 = 4", "id > 20 AND id < 130", "id % 10 <> 1")))
    theirs = reference.dataset(uri)
    session = getattr(engine.module, "Session", None)
    ours = engine.dataset(uri, session=session and session(cpu_threads=rng.choice((0, 1, 3))))
    for _ in range(PER_TABLE):
        sql, scan = random_filter(rng), scan_of(rng)
        expected = theirs.to_table(filter=sql, **scan)
        found = ours.to_table(filter=sql, batch_size=rng.choice((1, 7, 8192)), **scan)
        assert found.schema.names == expected.schema.names, (seed, sql, scan)
        assert cells(found) == cells(expected), (seed, sql, scan)
        assert ours.count_rows(sql) == theirs.count_rows(sql), (seed, sql)


def test_deleted_rows_on_request(engine, reference, tmp_path):
    uri = str(tmp_path / "t.lance")
    reference.write_dataset(pa.table({"id": range(100), "word": [f"w{i}" for i in range(100)]}), uri, max_rows_per_file=30)
    reference.dataset(uri).delete("id % 7 = 0 OR (id > 40 AND id < 50)")
    ordered = {"order_by": ["word"], "limit": 60, "offset": 20}
    for scan in ({}, {"limit": 20, "offset": 35}, {"columns": ["word"]}, {"with_row_address": True}, ordered):
        expected = reference.dataset(uri).to_table(include_deleted_rows=True, with_row_id=True, **scan)
        assert engine.dataset(uri).to_table(include_deleted_rows=True, with_row_id=True, **scan) == expected, scan
    expected = reference.dataset(uri).to_table(columns=["id", "_rowoffset"])
    assert engine.dataset(uri).to_table(columns=["id", "_rowoffset"]) == expected


def test_floats_become_the_same_text(tmp_path, engine, reference):
    rng = np.random.default_rng(3)
    bits = rng.integers(0, 2**32, 4000, dtype=np.uint32).view(np.float32)
    sizes = (10 ** rng.uniform(-8, 16, 4000) * rng.choice([1, -1], 4000)).astype(np.float32)
    edges = np.float32([0, -0.0, 1e-6, 9.99e-7, 1e13, 9.999999e12, 16777216, 3e7, -2.5e9, 123456789, 29051818000, np.nan, np.inf, -np.inf])
    reference.write_dataset(pa.table({"f": np.concatenate([bits, sizes, edges])}), str(tmp_path / "t"))
    columns = {"text": "cast(f as string)"}
    assert engine.dataset(str(tmp_path / "t")).to_table(columns=columns) == reference.dataset(str(tmp_path / "t")).to_table(columns=columns)
