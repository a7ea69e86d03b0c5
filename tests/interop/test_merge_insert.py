"""Merges against the reference: random tables, sources and clauses on both engines, alternating on one table, and at the same time."""

from __future__ import annotations

import random
import shutil
from decimal import Decimal
from typing import Any

import lance
import pyarrow as pa
import pytest

import eider

TYPES = {
    "int64": (pa.int64(), lambda r: r.randrange(30)),
    "int16": (pa.int16(), lambda r: r.randrange(-10, 10)),
    "uint32": (pa.uint32(), lambda r: r.randrange(30)),
    "string": (pa.string(), lambda r: "k" * r.randrange(3) + str(r.randrange(12))),
    "binary": (pa.binary(), lambda r: bytes([r.randrange(4)] * r.randrange(4))),
    "uuid": (pa.binary(16), lambda r: bytes([r.randrange(20)] * 16)),
    "decimal": (pa.decimal128(12, 2), lambda r: Decimal(r.randrange(-10, 10)) / 4),
    "double": (pa.float64(), lambda r: r.choice([float("nan"), 0.0, -0.0, 1.5, -1.5, 1e300])),
    "float": (pa.float32(), lambda r: r.choice([float("nan"), 0.0, -0.0, 1.5])),
    "bool": (pa.bool_(), lambda r: r.random() < 0.5),
    "date": (pa.date32(), lambda r: r.randrange(20)),
    "timestamp": (pa.timestamp("us"), lambda r: r.randrange(20)),
}


def random_rows(r: random.Random, keys: list[str], rows: int, unique: bool) -> pa.Table:
    columns: dict[str, Any] = {}
    for i, key in enumerate(keys):
        kind, value = TYPES[key]
        columns[f"k{i}"] = pa.array([None if r.random() < 0.1 else value(r) for _ in range(rows)], kind)
    columns["v"] = pa.array([r.choice([None, *range(100)]) for _ in range(rows)], pa.int64())
    columns["t"] = pa.array([r.choice([None, "", "x", "y" * 20]) for _ in range(rows)], pa.string())
    columns["l"] = pa.array([r.choice([None, [], [1], [2, None]]) for _ in range(rows)], pa.list_(pa.int32()))
    table = pa.table(columns)
    if not unique:
        return table
    seen: set[str] = set()
    kept = []
    for i, row in enumerate(table.select([f"k{i}" for i in range(len(keys))]).to_pylist()):
        if repr(row) not in seen or None in row.values():
            kept.append(i)
        seen.add(repr(row))
    return table.take(pa.array(kept, pa.int64()))


def random_clauses(r: random.Random) -> dict[str, Any]:
    return {
        "matched": r.choice(["update", "update", "update", "if", "nothing", "fail", "delete"]),
        "insert": r.random() < 0.7,
        "by_source": r.choice([None, None, "all", "v > 50 OR t IS NULL"]),
    }


def merge(ds: Any, on: list[str], clauses: dict[str, Any], source: pa.Table) -> dict[str, int] | str:
    builder = ds.merge_insert(on)
    matched = clauses["matched"]
    if matched == "update":
        builder.when_matched_update_all()
    elif matched == "if":
        builder.when_matched_update_all("source.v > target.v OR target.v IS NULL")
    elif matched == "fail":
        builder.when_matched_fail()
    elif matched == "delete":
        builder.when_matched_delete()
    if clauses["insert"]:
        builder.when_not_matched_insert_all()
    if clauses["by_source"]:
        builder.when_not_matched_by_source_delete(None if clauses["by_source"] == "all" else clauses["by_source"])
    try:
        return builder.execute(source)
    except (OSError, ValueError, eider.EiderError) as error:
        text = str(error)
        for word in ("Ambiguous", "several rows"):
            if word in text:
                return "ambiguous"
        for word in ("found matching row", "matches a row"):
            if word in text:
                return "matched"
        if "logical plan pruning bug" in text:
            return "the reference fails"
        if "not configured to change" in text or "anything" in text:
            return "idle"
        raise


def content(ds: Any) -> list[str]:
    return sorted(map(repr, ds.to_table().to_pylist()))


@pytest.mark.parametrize("seed", range(60))
def test_both_engines_merge_alike(seed, tmp_path) -> None:
    r = random.Random(seed)
    keys = [r.choice([*TYPES])] if r.random() < 0.6 else r.sample([*TYPES], 2)
    on = [f"k{i}" for i in range(len(keys))]
    version = r.choice(["2.0", "2.1", "2.2"])
    stable = r.random() < 0.3
    lance.write_dataset(random_rows(r, keys, 60, r.random() < 0.7), str(tmp_path / "both.lance"), data_storage_version=version,
                        max_rows_per_file=25, enable_stable_row_ids=stable)
    for engine in ("eider", "lance"):
        shutil.copytree(tmp_path / "both.lance", tmp_path / f"{engine}.lance")
    for step in range(4):
        clauses = random_clauses(r)
        source = random_rows(r, keys, r.choice([0, 5, 40]), r.random() < 0.8)
        if r.random() < 0.4 and clauses["matched"] == "update":  # with other clauses the reference fails for want of columns
            source = source.select([*on, r.choice(["v", "t", "l"])])
        source = source.select(r.sample(source.column_names, source.num_columns))
        theirs = merge(lance.dataset(str(tmp_path / "lance.lance")), on, clauses, source)
        if theirs == "the reference fails":
            assert clauses["matched"] != "update"
            continue
        ours = merge(eider.dataset(str(tmp_path / "eider.lance")), on, clauses, source)
        # On one table they take turns.
        first = (eider, lance)[step % 2]
        turns = merge(first.dataset(str(tmp_path / "both.lance")), on, clauses, source)
        assert ours == theirs == turns, (seed, step, clauses, keys)
        expected = content(lance.dataset(str(tmp_path / "lance.lance")))
        for name in ("eider", "both"):
            assert content(lance.dataset(str(tmp_path / f"{name}.lance"))) == expected, (seed, step, name, clauses, keys)
            assert content(eider.dataset(str(tmp_path / f"{name}.lance"))) == expected, (seed, step, name, clauses, keys)
            lance.dataset(str(tmp_path / f"{name}.lance")).validate()


PRIMARY = {"lance-schema:unenforced-primary-key": "true"}


@pytest.mark.parametrize("kind", [pa.int64(), pa.int32(), pa.string(), pa.binary(), pa.int16()], ids=str)
@pytest.mark.parametrize("first", [eider, lance])
def test_a_new_key_comes_in_once_when_both_engines_insert_it(kind, first, tmp_path) -> None:
    """Both from the same version, the key being the table's primary key: the second sees what the first inserted, and runs again."""
    schema = pa.schema([pa.field("k", kind, nullable=False, metadata=PRIMARY), pa.field("v", pa.string())])

    def rows(numbers: list[int], text: str) -> pa.Table:
        keys = pa.array(numbers, kind) if pa.types.is_integer(kind) else pa.array([str(n) for n in numbers]).cast(kind)
        return pa.table([keys, [text] * len(numbers)], schema=schema)

    second = lance if first is eider else eider
    uri = str(tmp_path / "t.lance")
    lance.write_dataset(rows([1, 2, 3], "old"), uri)
    handles = [engine.dataset(uri) for engine in (first, second)]
    results = [ds.merge_insert("k").when_matched_update_all().when_not_matched_insert_all().execute(rows([10, 11 + i], f"{i}"))
               for i, ds in enumerate(handles)]
    assert results[0]["num_inserted_rows"] == 2
    table = lance.dataset(uri).to_table()
    once = len(set(table["k"].to_pylist())) == table.num_rows
    if second is lance and kind == pa.int16():
        pytest.xfail("the reference does not compare keys of this type")  # whatever the first one wrote
    assert once
    assert results[1] == {"num_inserted_rows": 1, "num_updated_rows": 1, "num_deleted_rows": 0}
    # Keys that differ do not get in each other's way.
    handles = [engine.dataset(uri) for engine in (first, second)]
    for i, ds in enumerate(handles):
        builder = ds.merge_insert("k").when_not_matched_insert_all().conflict_retries(10 if kind == pa.int16() else 0)
        assert builder.execute(rows([100 + i], "new"))["num_inserted_rows"] == 1


@pytest.mark.parametrize("on", ["k", "other"])
def test_a_row_that_the_reference_brought_in_meanwhile_is_seen(on, tmp_path) -> None:
    uri = str(tmp_path / "t.lance")
    table = pa.table({"k": [1, 2], "other": ["a", "b"]})
    lance.write_dataset(table, uri)
    new = pa.table({"k": [9], "other": ["z"]})
    changes = [
        lambda: lance.dataset(uri).insert(new),
        lambda: lance.dataset(uri).merge_insert("k").when_not_matched_insert_all().execute(new),
        lambda: lance.dataset(uri).update({"k": "9", "other": "'z'"}, "k = 1"),
    ]
    for change in changes:
        shutil.rmtree(uri)
        lance.write_dataset(table, uri)
        ours = eider.dataset(uri)
        change()
        result = ours.merge_insert(on).when_matched_update_all().when_not_matched_insert_all().execute(new)
        assert result == {"num_inserted_rows": 0, "num_updated_rows": 1, "num_deleted_rows": 0}
        assert lance.dataset(uri).count_rows("k = 9") == 1
