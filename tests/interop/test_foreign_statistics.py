"""Statistics that the reference keeps in its files: scans look at fewer rows for them, and find the same."""

from __future__ import annotations

import decimal
import math
import random
import shutil

import pyarrow as pa
import pytest

import eider

BATCH = 64
ROWS = 20 * BATCH


def texts(rng: random.Random, n: int) -> list[str | None]:
    """Sorted, some empty or null, some longer than statistics keep."""
    values = sorted(f"{rng.randrange(10**6):06d}" + rng.choice(["", "é" * 70, "\U0010ffff" * 20, "x" * 61]) for _ in range(n))
    return [None if i > n // 2 and rng.random() < 0.05 else "" if i > n // 4 and rng.random() < 0.02 else v for i, v in enumerate(values)]


def old_rows(rng: random.Random) -> pa.Table:
    numbers = sorted(rng.randrange(-(10**6), 10**6) for _ in range(ROWS))
    floats = [math.nan if i % 200 == 7 else -0.0 if i % 100 == 3 else n / 8 for i, n in enumerate(numbers)]
    floats[3 * BATCH:4 * BATCH] = [math.nan] * BATCH
    floats[5 * BATCH:6 * BATCH] = [0.0] * BATCH
    hidden = pa.Array.from_buffers(pa.int64(), ROWS, [pa.py_buffer(bytes([0b11101111] * (ROWS // 8))), pa.array(numbers).buffers()[1]])
    return pa.table({
        "whole": pa.array(numbers, pa.int64()),
        "small": pa.array([n % 100 if i < ROWS // 2 else n % 20 + 5 for i, n in enumerate(numbers)], pa.uint8()),
        "some": pa.array([None if 400 < i < 600 and i % 3 else n for i, n in enumerate(numbers)], pa.int32()),
        "under": hidden,
        "float": pa.array(floats, pa.float64()),
        "text": pa.array(texts(rng, ROWS), pa.string()),
        "bytes": pa.array([None if i % 500 == 1 else b"\xff" * 70 if i % 300 == 2 else b"%09d" % (n + 10**6) for i, n in enumerate(numbers)]),
        "date": pa.array([n // 1000 for n in numbers], pa.date32()),
        "decimal": pa.array([decimal.Decimal(n) / 100 for n in numbers], pa.decimal128(12, 2)),
        "inner": pa.array([None if i % 700 == 5 else {"x": n} for i, n in enumerate(numbers)], pa.struct([("x", pa.int64())])),
    })


@pytest.fixture(scope="module")
def old(tmp_path_factory, engine, reference):
    """What is read of it is not what was written: nulls of numbers become what lies below them."""
    if engine.name != "eider":
        pytest.skip("ScanStats are eider's")
    uri = str(tmp_path_factory.mktemp("old") / "t.lance")
    reference.write_dataset(old_rows(random.Random(1)), uri, data_storage_version="legacy", max_rows_per_group=BATCH, max_rows_per_file=ROWS // 2)
    return engine.dataset(uri)


def ask(dataset, condition: str) -> tuple[list, int]:
    """Addresses of the rows that pass, and how many were looked at."""
    stats = eider.ScanStats()
    found = dataset.scanner(filter=condition, with_row_address=True, columns=[], stats=stats).to_table()
    return found["_rowaddr"].to_pylist(), stats.rows_filtered


def literal(value) -> str:
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    if isinstance(value, str):
        return f"'{value}'"
    if isinstance(value, decimal.Decimal):
        return f"decimal(12,2) '{value}'"
    if hasattr(value, "isoformat"):
        return f"date '{value}'"
    return repr(value)


TESTS = {"=": lambda a, b: a == b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
         "!=": lambda a, b: a != b}


def passes(operator: str, a, b) -> bool:
    if a is None:
        return False
    if isinstance(a, float) and math.isnan(a):
        return {"=": False, "<": False, "<=": False}.get(operator, True)
    return TESTS[operator](a, b)


COLUMNS = ["whole", "small", "some", "under", "float", "text", "bytes", "date", "decimal", "inner.x"]


def values_of(table: pa.Table, column: str) -> list:
    return [None if v is None else v["x"] for v in table["inner"].to_pylist()] if column == "inner.x" else table[column].to_pylist()


def check(dataset, column: str, rng: random.Random, tries: int) -> None:
    values = values_of(dataset.to_table(), column)
    addresses = dataset.to_table(columns=[], with_row_address=True)["_rowaddr"].to_pylist()
    known = [v for v in values if v is not None and v == v]
    for _ in range(tries):
        value, operator = rng.choice(known), rng.choice(list(TESTS))
        found, _ = ask(dataset, f"{column} {operator} {literal(value)}")
        assert found == [a for a, v in zip(addresses, values, strict=True) if passes(operator, v, value)], (operator, value)
    assert ask(dataset, f"{column} IS NULL")[0] == [a for a, v in zip(addresses, values, strict=True) if v is None]
    assert dataset.count_rows(f"{column} IS NOT NULL") == sum(v is not None for v in values)


@pytest.mark.parametrize("column", COLUMNS)
def test_filters_over_old_files_find_what_is_read(column, old) -> None:
    check(old, column, random.Random(2), 60)


@pytest.mark.parametrize("column", COLUMNS)
def test_extremes_and_counts_of_old_files_are_those_of_what_is_read(column, old) -> None:
    values = [v for v in values_of(old.to_table(), column) if v is not None]
    got = old.scanner().aggregate({"n": f"count({column})", "low": f"min({column})", "high": f"max({column})"})
    low, high = got["low"].to_pylist()[0], got["high"].to_pylist()[0]
    assert got["n"].to_pylist() == [len(values)]
    if column == "float":
        assert low == min(v for v in values if v == v) and math.isnan(high)
    else:
        assert (low, high) == (min(values), max(values))


@pytest.mark.parametrize("column", COLUMNS)
def test_rows_of_old_files_come_in_order(column, old) -> None:
    if column == "float":
        pytest.skip("zeros and NaNs tie")
    values = [v for v in values_of(old.to_table(), column) if v is not None]
    for ascending in (True, False):
        order = [eider.ColumnOrdering(column, ascending)]
        got = old.scanner(columns=[column.split(".")[0]], order_by=order, limit=20).to_table()
        assert values_of(got, column) == sorted(values, reverse=not ascending)[:20]


@pytest.mark.parametrize("condition", ["whole = {whole}", "float = {float}", "date = date '{date}'", "decimal = {decimal}", "inner.x = {whole}",
                                       "text = '{text}'", "small > 50"])
def test_batches_of_old_files_are_ruled_out(condition, old) -> None:
    table = old.to_table()
    row = {name: table[name][7 * BATCH + 1].as_py() for name in table.column_names if name != "inner"}
    found, looked_at = ask(old, condition.format(**row))
    assert found and looked_at <= (ROWS // 2 if condition.startswith("small") else 4 * BATCH)


def test_what_lies_below_a_null_of_an_old_file_is_found(old) -> None:
    table = old.to_table()
    assert table["under"].null_count == 0
    row = 4 * 8 + 4  # one of the hidden values
    value = table["under"][row].as_py()
    assert row in ask(old, f"under = {value}")[0]
    assert old.count_rows("under IS NULL") == 0


ZONE = 100


def seeded_rows(first: int, count: int, rng: random.Random) -> pa.Table:
    """Sorted, so that zones hardly overlap; the zone at 300 is all null."""
    numbers = range(first, first + count)
    nulls = [300 <= n - first < 400 or (n - first > 500 and rng.random() < 0.1) for n in numbers]
    texts = [f"{n:08d}" + rng.choice(["", "é" * 9, "x" * 2000, "\U0010ffff" * 8]) for n in numbers]
    floats = [math.nan if i % 250 == 3 or 700 <= i < 800 else -0.0 if i % 97 == 5 else n / 4 for i, n in enumerate(numbers)]

    def column(values: list, kind: pa.DataType) -> pa.Array:
        return pa.array([None if null else value for null, value in zip(nulls, values, strict=True)], kind)

    return pa.table({
        "text": column(texts, pa.string()),
        "large": column(texts, pa.large_string()),
        "bytes": column([b"\xff" * (20 if n % 3 == 0 else 3) + b"%08d" % n for n in numbers], pa.binary()),
        "decimal": column([decimal.Decimal(n - 600) / 100 for n in numbers], pa.decimal128(12, 2)),
        "huge": column([decimal.Decimal(n - 600) * 10**30 for n in numbers], pa.decimal256(60, 0)),
        "whole": column(list(numbers), pa.int64()),
        "float": column(floats, pa.float64()),
        "date": column(list(numbers), pa.date32()),
    })


SEEDED = ["text", "large", "bytes", "decimal", "huge", "whole", "float", "date"]


def make_zone_map(dataset, column: str) -> None:
    from lance.indices import IndexConfig

    dataset.create_scalar_index(column, IndexConfig(index_type="zonemap", parameters={"rows_per_zone": ZONE, "use_seeds": True}))


@pytest.fixture(scope="module", params=["2.0", "2.1", "2.2"])
def seeded(request, tmp_path_factory, engine, reference) -> str:
    """One fragment from before the zone maps, one with seeds."""
    if engine.name != "eider":
        pytest.skip("ScanStats are eider's")
    uri = str(tmp_path_factory.mktemp("seeded") / "t.lance")
    rng = random.Random(3)
    written = reference.write_dataset(seeded_rows(0, ROWS, rng), uri, data_storage_version=request.param)
    for column in SEEDED:
        make_zone_map(written, column)
    reference.write_dataset(seeded_rows(ROWS, ROWS, rng), uri, mode="append")
    return uri


def test_the_reference_writes_seeds(seeded, engine) -> None:
    fragment = engine.dataset(seeded).get_fragments()[1]
    reader = engine.file_reader(f"{seeded}/data/{fragment.data_files()[0].path}")
    assert {key.decode() for key in reader.metadata().schema.metadata} == {f"lance.seed.{name}" for name in SEEDED}


@pytest.mark.parametrize("column", SEEDED)
def test_filters_over_files_with_seeds_find_what_the_reference_finds(column, seeded, engine, reference) -> None:
    ours, theirs = engine.dataset(seeded), reference.dataset(seeded)
    values = theirs.to_table(columns=[column])[column].to_pylist()
    known = [v for v in values if v is not None and v == v]
    rng = random.Random(4)
    for _ in range(25):
        value, operator = rng.choice(known), rng.choice(list(TESTS))
        condition = f"{column} {operator} {seeded_literal(column, value)}"
        wanted = [(i // ROWS << 32) + i % ROWS for i, v in enumerate(values) if passes(operator, v, value)]
        assert ask(ours, condition)[0] == wanted, condition
    for condition in (f"{column} IS NULL", f"{column} IS NOT NULL"):
        assert ours.count_rows(condition) == theirs.count_rows(condition)


def seeded_literal(column: str, value) -> str:
    return f"decimal(60,0) '{value}'" if column == "huge" else literal(value)


@pytest.mark.parametrize("column", SEEDED)
def test_zones_are_ruled_out(column, seeded, engine) -> None:
    ours = engine.dataset(seeded)
    value = ours.to_table(columns=[column])[column][ROWS + 210].as_py()
    found, looked_at = ask(ours, f"{column} = {seeded_literal(column, value)}")
    assert 1 << 32 | 210 in found
    if column == "bytes":  # all alike as far as bounds go
        assert looked_at <= 2 * ROWS
    else:
        assert looked_at <= ROWS + 3 * ZONE  # the older file has no seeds
    assert ask(ours, f"{column} IS NULL")[1] <= ROWS + ROWS - 200
    assert ask(ours, f"{column} IS NOT NULL")[1] <= 2 * ROWS - ZONE


@pytest.mark.parametrize("column", SEEDED)
def test_extremes_and_counts_of_files_with_seeds(column, seeded, engine) -> None:
    ours = engine.dataset(seeded)
    values = [v for v in ours.to_table(columns=[column])[column].to_pylist() if v is not None]
    got = ours.scanner().aggregate({"n": f"count({column})", "low": f"min({column})", "high": f"max({column})"})
    assert got["n"].to_pylist() == [len(values)]
    if column == "float":
        assert got["low"][0].as_py() == min(v for v in values if v == v) and math.isnan(got["high"][0].as_py())
    else:
        assert (got["low"][0].as_py(), got["high"][0].as_py()) == (min(values), max(values))


def test_changes_to_a_table_with_seeds_stay_right(seeded, engine, reference, tmp_path) -> None:
    uri = str(tmp_path / "copy.lance")
    shutil.copytree(seeded, uri)
    ours = engine.dataset(uri)
    ours.update({"text": "'zzz'"}, where=f"whole >= {ROWS + 200} AND whole < {ROWS + 210}")
    ours.delete(f"whole = {ROWS + 250}")
    assert ours.count_rows("text = 'zzz'") == 10 and ours.count_rows(f"whole = {ROWS + 250}") == 0
    wanted = reference.dataset(uri).to_table().sort_by("whole").to_pylist()
    ours.optimize.compact_files(target_rows_per_fragment=4 * ROWS)
    assert len(ours.get_fragments()) == 1 and ours.count_rows("text = 'zzz'") == 10
    assert str(reference.dataset(uri).to_table().sort_by("whole").to_pylist()) == str(wanted)
    assert ask(ours, f"text < '{ROWS + 5:08d}' AND text >= '{ROWS:08d}'")[0] != []


def test_a_renamed_column_does_not_take_the_seed_of_another(seeded, engine, reference, tmp_path) -> None:
    uri = str(tmp_path / "renamed.lance")
    shutil.copytree(seeded, uri)
    theirs = reference.dataset(uri)
    value = theirs.to_table(columns=["text"])["text"][ROWS + 210].as_py()
    for name, path in (("was_text", "text"), ("text", "large")):
        theirs.alter_columns({"path": path, "name": name})
    ours = engine.dataset(uri)
    for column in ("text", "was_text"):
        found, looked_at = ask(ours, f"{column} = '{value}'")
        assert found == [1 << 32 | 210] and looked_at <= ROWS + 3 * ZONE
