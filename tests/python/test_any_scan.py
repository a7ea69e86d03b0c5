"""Any limit, offset, order, batch size, number of threads, filter and choice of fragments gives the rows that plain Python gives."""

import os
import random
from collections import Counter

import lance
import pytest
import scan_model

import eider
from eider.dataset import ColumnOrdering

TABLES, PER_TABLE = int(os.environ.get("EIDER_SCAN_TABLES", "12")), 30
VERSIONS = ("2.0", "2.1", "2.2", "2.3")
KEYS = ["id", "number", "real", "word", "flag", "box.x"]


class Case:
    """A dataset of several fragments, some of its rows deleted, and its rows."""

    def __init__(self, seed: int, uri: str) -> None:
        self.rng = rng = random.Random(seed)
        table = scan_model.random_table(rng, rng.choice((1, 60, 200, 1500)))
        step = rng.choice((7, 50, 400, 10_000))
        version = VERSIONS[seed % len(VERSIONS)]
        if version == "2.0":
            table = scan_model.without_null_structs(table)
        if version == "2.3":  # offsets of runs of equal ends are not read yet
            table = scan_model.without_null_words(table)
        writer = lance if version == "2.3" else eider  # which only the reference writes
        writer.write_dataset(table, uri, max_rows_per_file=max(step, table.num_rows // 40), data_storage_version=version)
        self.uri = uri
        ds = eider.dataset(uri)
        if rng.random() < 0.6:
            ds.delete(rng.choice(("id % 3 = 1", "id % 17 = 4", "id > 20 AND id < 130", "id >= 100")))
        self.rows = {}
        live = set(eider.dataset(uri).to_table(["id"])["id"].to_pylist())
        rows = table.to_pylist()
        for fragment in eider.dataset(uri).get_fragments():
            ids = fragment.to_table(columns=["id"])["id"].to_pylist()
            self.rows[fragment.fragment_id] = [rows[i] for i in ids]
        assert {row["id"] for part in self.rows.values() for row in part} == live

    def options(self) -> dict:
        rng = self.rng
        return {
            "limit": rng.choice((None, None, 0, 1, 10, 100, 10_000)),
            "offset": rng.choice((None, None, 0, 3, 90, 5000)),
            "batch_size": rng.choice((None, 1, 7, 64, 8192)),
            "batch_size_bytes": rng.choice((None, None, 1, 200, 10_000)),
            "strict_batch_size": rng.choice((None, True)),
            "scan_in_order": rng.choice((None, None, True, False)),
            "late_materialization": rng.choice((None, True, False, ["word"])),
            "with_row_id": rng.choice((None, True)),
        }

    def order(self) -> list[ColumnOrdering]:
        rng = self.rng
        names = rng.sample(KEYS, rng.choice((0, 0, 1, 1, 2, 3)))
        return [ColumnOrdering(name, rng.random() < 0.5, rng.random() < 0.5) for name in names]

    def fragments(self, ds: eider.LanceDataset) -> list | None:
        """None: all; else some of them in any order, now and then one of them twice."""
        if self.rng.random() < 0.6:
            return None
        some = [fragment for fragment in ds.get_fragments() if self.rng.random() < 0.5]
        if self.rng.random() < 0.5:
            self.rng.shuffle(some)
        return some + some[:1] if self.rng.random() < 0.2 else some


def check(case: Case) -> None:
    rng = case.rng
    session = eider.Session(memory_limit=rng.choice((None, None, 1 << 20)), cpu_threads=rng.choice((0, 1, 2, 3)))
    ds = eider.dataset(case.uri, session=session)
    options, order, fragments = case.options(), case.order(), case.fragments(ds)
    sql, test = rng.choice(scan_model.FILTERS)
    columns = ["id", *rng.sample(["number", "real", "word", "flag", "box", "list"], rng.randrange(4))]
    scanner = ds.scanner(columns=columns, filter=sql, order_by=order, fragments=fragments, **options)
    batches = list(scanner.to_batches())

    chosen = list(case.rows) if fragments is None else [fragment.fragment_id for fragment in fragments]
    passing = [row for number in chosen for row in case.rows[number] if test(row)]
    if order:  # rows that no key tells apart come in the order of the table
        passing.sort(key=lambda row: row["id"])
    for key in reversed(order):
        passing = scan_model.ranked(passing, key.column_name, key.ascending, key.nulls_first)
    begin = options["offset"] or 0
    end = len(passing) if options["limit"] is None else begin + options["limit"]
    expected = [repr({name: row[name] for name in columns}) for row in passing[begin:end]]
    found = [repr({name: row[name] for name in columns}) for batch in batches for row in batch.to_pylist()]
    what = f"{case.uri}: filter {sql}, order {order}, columns {columns}, {options}, fragments {fragments}, threads {session}"

    sizes = [batch.num_rows for batch in batches]
    assert scanner.count_rows() == len(expected), what
    if options["scan_in_order"] is False and not order:
        every = Counter(repr({name: row[name] for name in columns}) for row in passing)
        assert len(found) == len(expected), what
        assert not Counter(found) - every, what
    else:
        assert found == expected, what
    if options["batch_size"] is not None:
        assert max(sizes, default=0) <= options["batch_size"], what
    if options["strict_batch_size"] and options["batch_size_bytes"] is None:
        assert all(size == (options["batch_size"] or 8192) for size in sizes[:-1]), what


@pytest.mark.parametrize("seed", range(TABLES))
def test_the_same_rows_however_they_are_asked_for(seed, tmp_path):
    case = Case(seed, str(tmp_path / "t.lance"))
    for _ in range(PER_TABLE):
        check(case)
