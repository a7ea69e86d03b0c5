"""Random rows over files of the reference engine, warm: take(256), take(5000), and 32 whole samples of a training set. Parquet has
no such access and reads row groups."""

from __future__ import annotations

from collections.abc import Iterator

import lance
import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq

from benchmarks import data
from benchmarks.harness import Case, Contender, keep_warm

NAMES = ("u64", "str16", "str200", "list1", "list5", "vectors", "blobs", "mixed")
MANY = ("u64", "str16", "list1", "mixed")
ROWS, MANY_ROWS, SAMPLES = 256, 5000, 32


def same(a: pa.Table, b: pa.Table) -> bool:
    return a.num_rows == b.num_rows and a.column_names == b.column_names and a.to_pylist() == b.to_pylist()


class CountingFile:
    """A file that counts what is asked of it."""

    def __init__(self, path: str) -> None:
        self.file, self.requests, self.bytes, self.closed = open(path, "rb", buffering=0), 0, 0, False
        self.seek, self.tell, self.close = self.file.seek, self.file.tell, self.file.close

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        found = self.file.read(size)
        self.requests += 1
        self.bytes += len(found)
        return found


def rows_of_parquet(source, rows: list[int]) -> pa.Table:
    """The row groups that hold the rows, then the rows: as a loader that knows the format would."""
    file = pq.ParquetFile(source)
    ends = np.cumsum([file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)])
    groups = np.searchsorted(ends, rows, side="right")
    wanted = sorted(set(groups.tolist()))
    starts = dict(zip(wanted, np.cumsum([0, *(file.metadata.row_group(g).num_rows for g in wanted[:-1])]).tolist()))
    first = np.concatenate([[0], ends[:-1]])
    return file.read_row_groups(wanted).take(pa.array([starts[g] + row - first[g] for g, row in zip(groups.tolist(), rows)]))


def samples(eider, quick: bool) -> Case:
    uri, parquet = data.lance_by_reference("samples", quick), data.parquet("samples", quick)
    keep_warm(uri, parquet)
    mine, theirs = eider.dataset(uri), lance.dataset(uri)
    npr = np.random.default_rng(3)
    picks = [npr.integers(0, data.rows_of("samples", quick), SAMPLES).tolist() for _ in range(64)]

    def after() -> str:
        stats, counted = eider.ScanStats(), CountingFile(parquet)
        mine.take(picks[0], stats=stats)
        rows_of_parquet(pa.PythonFile(counted, "r"), picks[0])
        return (f"eider: {stats.requests} requests, {stats.bytes / 1e6:.2f} MB; "
                f"parquet: {counted.requests} requests, {counted.bytes / 1e6:.1f} MB")

    return Case("take-samples", [
        Contender("eider", lambda i: mine.take(picks[i % 64])),
        Contender("parquet", lambda i: rows_of_parquet(parquet, picks[i % 64]), slow=True),
        Contender("pylance", lambda i: theirs.take(picks[i % 64])),
    ], rows=SAMPLES, verify=same, after=after, note="chip, mask, polygons, embedding, 10 scalars")


def take_case(eider, quick: bool, name: str, rows: int, label: str) -> Case:
    uri, parquet = data.lance_by_reference(name, quick), data.parquet(name, quick)
    keep_warm(uri, parquet)
    mine, theirs, flat = eider.dataset(uri), lance.dataset(uri), pyarrow.dataset.dataset(parquet)
    npr = np.random.default_rng(1)
    picks = [npr.integers(0, data.rows_of(name, quick), rows).tolist() for _ in range(64)]
    return Case(label, [
        Contender("eider", lambda i: mine.take(picks[i % 64])),
        Contender("pylance", lambda i: theirs.take(picks[i % 64])),
        Contender("parquet", lambda i: flat.take(pa.array(picks[i % 64])), slow=True),
    ], rows=rows, verify=same)


def cases(eider, quick: bool, only: set[str]) -> Iterator[Case]:
    def wanted(label: str) -> bool:
        return not only or label in only or "take" in only

    for name in NAMES:
        if wanted(f"take-{name}"):
            yield take_case(eider, quick, name, ROWS, f"take-{name}")
    for name in MANY:
        if wanted(f"take5000-{name}"):
            yield take_case(eider, quick, name, MANY_ROWS, f"take5000-{name}")
    if wanted("take-samples"):
        yield samples(eider, quick)
