"""Full scan, write, open + take(1), append of one row, add column: Eider, the reference engine, and Parquet where it has the like."""

from __future__ import annotations

import itertools
import pathlib
import shutil
from collections.abc import Iterator

import lance
import lance.fragment
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import data
from benchmarks.harness import Case, Contender, keep_warm

SCANS = ("u64", "str16", "list1", "vectors", "mixed")
WRITES = ("u64", "str16", "list1", "vectors", "mixed")
OPENS = ("u64", "list5", "mixed")


def wanted(name: str, only: set[str]) -> bool:
    return not only or name in only or name.split("-")[0] in only


def same_table(a: pa.Table, b: pa.Table) -> bool:
    return a.num_rows == b.num_rows and all(
        a.column(n).combine_chunks().equals(b.column(n).combine_chunks().cast(a.column(n).type)) for n in a.column_names)


def scans(eider, quick: bool, only: set[str]) -> Iterator[Case]:
    for name in SCANS:
        if not wanted(f"scan-{name}", only):
            continue
        uri, parquet = data.lance_by_reference(name, quick), data.parquet(name, quick)
        keep_warm(uri, parquet)
        yield Case(f"scan-{name}", [
            Contender("eider", lambda i: eider.dataset(uri).to_table()),
            Contender("pylance", lambda i: lance.dataset(uri).to_table()),
            Contender("parquet", lambda i: pq.read_table(parquet)),
        ], rows=data.rows_of(name, quick), verify=same_table)


def bytes_below(folder: str) -> int:
    return sum(p.stat().st_size for p in pathlib.Path(folder).rglob("*") if p.is_file())


class Places:
    """Fresh paths for written tables; the one before is removed first."""

    def __init__(self, folder: pathlib.Path, suffix: str) -> None:
        self.folder, self.suffix, self.last, self.numbers = folder, suffix, None, itertools.count()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    def clear(self) -> None:
        if self.last is not None and self.last.is_dir():
            shutil.rmtree(self.last)
        elif self.last is not None:
            self.last.unlink(missing_ok=True)
        self.last = None

    def next(self) -> str:
        self.last = self.folder / f"{next(self.numbers)}{self.suffix}"
        return str(self.last)


def write_raw(table: pa.Table, path: str) -> None:
    """The bytes of a table as they lie in memory, in plain writes: a bound for values that go raw."""
    with open(path, "wb", buffering=0) as out:
        for column in table.columns:
            for chunk in column.chunks:
                for buffer in filter(None, chunk.buffers()):
                    left = memoryview(buffer)
                    while left:
                        left = left[out.write(left):]


def writes(eider, quick: bool, only: set[str]) -> Iterator[Case]:
    for name in WRITES:
        if not wanted(f"write-{name}", only):
            continue
        table = data.table(name, quick)
        if name in ("u64", "str16"):
            table = table.slice(0, table.num_rows // 2)
        folder = data.folder(quick) / "written"
        place = Places(folder, "")

        def write(how, table=table, place=place) -> str:
            uri = place.next()
            how(table, uri)
            return uri

        def after(name=name, table=table, write=write, folder=folder) -> str:
            mine = write(lambda t, u: eider.write_dataset(t, u, durability="none"))
            assert same_table(lance.dataset(mine).to_table(), table), f"write-{name}: the reference reads something else"
            size = bytes_below(mine)
            other = bytes_below(write(lance.write_dataset))
            shutil.rmtree(folder, ignore_errors=True)
            return f"sizes: eider {size / 1e6:.1f} MB, pylance {other / 1e6:.1f} MB, in memory {table.nbytes / 1e6:.1f} MB"

        yield Case(f"write-{name}", [
            Contender("eider", lambda i: write(lambda t, u: eider.write_dataset(t, u, durability="none")), place.clear),
            Contender("pylance", lambda i: write(lance.write_dataset), place.clear),
            Contender("parquet", lambda i: write(pq.write_table), place.clear),
            Contender("eider durable", lambda i: write(lambda t, u: eider.write_dataset(t, u, durability="full")), place.clear),
            *([Contender("plain write", lambda i: write(write_raw), place.clear)] if name == "vectors" else []),
        ], rows=table.num_rows, note=f"{table.nbytes / 1e6:.0f} MB", after=after)


def opens(eider, quick: bool, only: set[str]) -> Iterator[Case]:
    for name in OPENS:
        if not wanted(f"open-{name}", only):
            continue
        uri, parquet = data.lance_by_reference(name, quick), data.parquet(name, quick)
        keep_warm(uri, parquet)
        rows = np.random.default_rng(2).integers(0, data.rows_of(name, quick), 64).tolist()

        def parquet_row(i: int) -> pa.Table:
            file = pq.ParquetFile(parquet)
            row, group = rows[i % 64], 0
            while row >= file.metadata.row_group(group).num_rows:
                row -= file.metadata.row_group(group).num_rows
                group += 1
            return file.read_row_group(group).slice(row, 1)

        yield Case(f"open-{name}", [
            Contender("eider", lambda i: eider.dataset(uri).take([rows[i % 64]])),
            Contender("pylance", lambda i: lance.dataset(uri).take([rows[i % 64]])),
            Contender("parquet", parquet_row, slow=True),
        ], rows=1, verify=lambda a, b: a.to_pylist() == b.to_pylist())


def open_wide(eider, quick: bool, only: set[str]) -> Iterator[Case]:
    """One value of one column of ten thousand. Eider knows the file from the run before; with a session of its own it knows nothing."""
    if not wanted("open-wide", only):
        return
    uri = str(data.once(data.folder(quick) / "wide.lance", lambda p: lance.write_dataset(
        pa.table({f"c{i}": pa.array([i, i + 1, i + 2]) for i in range(1_000 if quick else 10_000)}), str(p))))
    keep_warm(uri)

    def after() -> str:
        stats = eider.ScanStats()
        eider.dataset(uri, session=eider.Session()).take([1], columns=["c77"], stats=stats)
        return f"eider in a new session: {stats.requests} requests, {stats.bytes} bytes"

    yield Case("open-wide", [
        Contender("eider", lambda i: eider.dataset(uri).take([1], columns=["c77"])),
        Contender("pylance", lambda i: lance.dataset(uri).take([1], columns=["c77"])),
        Contender("eider new session", lambda i: eider.dataset(uri, session=eider.Session()).take([1], columns=["c77"])),
    ], rows=1, verify=lambda a, b: a.to_pylist() == b.to_pylist(), after=after)


def appends(eider, quick: bool, only: set[str]) -> Iterator[Case]:
    if not wanted("append", only):
        return
    folder = data.folder(quick) / "appended"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    row = data.table("mixed", True).slice(7, 1)
    row = pa.Table.from_pylist(row.to_pylist(), schema=row.schema)
    uris = {name: str(folder / f"{name}.lance") for name in ("none", "pylance", "full")}
    for name, uri in uris.items():
        lance.write_dataset(row, uri)

    def after() -> None:
        for uri in uris.values():
            assert lance.dataset(uri).to_table(offset=1, limit=1).to_pylist() == row.to_pylist(), uri
        shutil.rmtree(folder, ignore_errors=True)

    yield Case("append", [
        Contender("eider", lambda i: eider.write_dataset(row, uris["none"], mode="append", durability="none")),
        Contender("pylance", lambda i: lance.write_dataset(row, uris["pylance"], mode="append")),
        Contender("eider durable", lambda i: eider.write_dataset(row, uris["full"], mode="append", durability="full")),
    ], rows=1, note="one row, seven columns", seconds=0.5 if quick else 2, after=after)


def of_fragments(count: int, uri: str) -> None:
    """A table with so many fragments of one row: all name the same file, as what is measured reads none."""
    row = pa.table({"id": pa.array([1], pa.int64()), "name": ["x"]})
    lance.write_dataset(row.slice(0, 0), uri)
    if count > 0:
        fragments = lance.fragment.write_fragments(row, uri)
        lance.LanceDataset.commit(uri, lance.LanceOperation.Append(fragments * count), read_version=1)


def at_fragments(eider, quick: bool, only: set[str]) -> Iterator[Case]:
    """What tables of many fragments cost to open, and to append a row to."""
    folder = data.folder(quick) / "fragments"
    row = pa.table({"id": pa.array([2], pa.int64()), "name": ["y"]})
    for count in (1_000, 10_000) if quick else (1_000, 10_000, 100_000):
        if not wanted(f"open-fragments-{count}", only):
            continue
        shutil.rmtree(folder, ignore_errors=True)
        uri = str(folder / "opened.lance")
        of_fragments(count, uri)
        yield Case(f"open-fragments-{count}", [
            Contender("eider", lambda i, uri=uri: eider.dataset(uri, session=eider.Session())),
            Contender("pylance", lambda i, uri=uri: lance.dataset(uri)),
            Contender("eider again", lambda i, uri=uri: eider.dataset(uri)),
        ], rows=1, note=f"{count:,} fragments, of which Eider decodes none; again: a manifest that the session knows", seconds=0.5 if quick else 2)
        yield Case(f"open-fragments-{count}-count", [
            Contender("eider", lambda i, uri=uri: eider.dataset(uri, session=eider.Session()).count_rows()),
            Contender("pylance", lambda i, uri=uri: lance.dataset(uri).count_rows()),
        ], rows=1, note="opened and counted", seconds=0.5 if quick else 2, verify=lambda a, b: a == b)
    for count in (0, 1_000) if quick else (0, 1_000, 10_000):
        if not wanted(f"append-fragments-{count}", only):
            continue
        uris = {name: str(folder / f"{name}.lance") for name in ("none", "pylance", "full")}
        shutil.rmtree(folder, ignore_errors=True)
        for uri in uris.values():
            of_fragments(count, uri)
        yield Case(f"append-fragments-{count}", [
            Contender("eider", lambda i, uri=uris["none"]: eider.write_dataset(row, uri, mode="append", durability="none")),
            Contender("pylance", lambda i, uri=uris["pylance"]: lance.write_dataset(row, uri, mode="append")),
            Contender("eider durable", lambda i, uri=uris["full"]: eider.write_dataset(row, uri, mode="append", durability="full")),
        ], rows=1, note=f"one row to {count:,} fragments", seconds=0.2 if quick else 0.5)
    shutil.rmtree(folder, ignore_errors=True)


def add_columns(eider, quick: bool, only: set[str]) -> Iterator[Case]:
    if not wanted("addcolumn", only):
        return
    folder = data.folder(quick) / "widened"
    shutil.rmtree(folder, ignore_errors=True)
    rows = data.rows_of("mixed", quick)
    base = pa.table({"id": np.arange(rows)})
    values = np.random.default_rng(4).random(rows * 16, dtype=np.float32)
    column = pa.FixedSizeListArray.from_arrays(pa.array(values), 16)
    uris = {name: str(folder / f"{name}.lance") for name in ("none", "pylance", "full")}
    for uri in uris.values():
        lance.write_dataset(base, uri)
    numbers = itertools.count()

    def add(engine, name: str, **options):
        # The reference takes a stream: a table it would merge row by row in Python.
        extra = pa.table({f"c{next(numbers)}": column})
        engine.dataset(uris[name]).add_columns(extra.to_reader(), **options)

    def after() -> None:
        for uri in uris.values():
            last = lance.dataset(uri).to_table()
            assert last.column(last.num_columns - 1).combine_chunks().equals(column), uri
        shutil.rmtree(folder, ignore_errors=True)

    yield Case("addcolumn", [
        Contender("eider", lambda i: add(eider, "none", durability="none")),
        Contender("pylance", lambda i: add(lance, "pylance")),
        Contender("eider durable", lambda i: add(eider, "full", durability="full")),
    ], rows=rows, note=f"{column.nbytes / 1e6:.0f} MB of vectors", seconds=0.5 if quick else 2, after=after)


def cases(eider, quick: bool, only: set[str]) -> Iterator[Case]:
    for group in (scans, writes, opens, open_wide, appends, at_fragments, add_columns):
        yield from group(eider, quick, only)
