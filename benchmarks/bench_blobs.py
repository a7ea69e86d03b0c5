"""Blob columns (v2) and packed structs: taking and reading them, a range of a big one, writing them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import lance
import numpy as np
import pyarrow as pa

from benchmarks import data
from benchmarks.harness import Case, Contender, keep_warm

ROWS = 64
RANGE = (100_000_000, 65_536)


def blob_table(values: list[bytes]) -> pa.Table:
    return pa.table([lance.blob_array(values)], schema=pa.schema([lance.blob_field("b")]))


def packed_table(rows: int) -> pa.Table:
    npr = np.random.default_rng(2)
    kind = pa.struct([("x", pa.float64()), ("y", pa.float64()), ("n", pa.int32())])
    children = [pa.array(npr.random(rows)), pa.array(npr.random(rows)), pa.array(np.arange(rows, dtype=np.int32))]
    field = pa.field("p", kind, metadata={"lance-encoding:packed": "true"})
    return pa.table([pa.StructArray.from_arrays(children, fields=list(kind))], schema=pa.schema([field]))


def stored(name: str, table: pa.Table, quick: bool) -> str:
    uri = str(data.folder(quick) / f"blobs-{name}.lance")
    shutil.rmtree(uri, ignore_errors=True)
    lance.write_dataset(table, uri)
    keep_warm(uri)
    return uri


def seek_and_read(dataset) -> bytes:
    blob = dataset.take_blobs("b", indices=[0])[0]
    blob.seek(RANGE[0])
    return blob.read(RANGE[1])


def write_case(eider, table: pa.Table, quick: bool) -> Case:
    target = Path(data.folder(quick)) / "blobs-written.lance"

    def clean() -> None:
        shutil.rmtree(target, ignore_errors=True)

    def ours(i: int) -> None:
        clean()
        eider.write_dataset(table, target, durability="none")

    def theirs(i: int) -> None:
        clean()
        lance.write_dataset(table, str(target))

    return Case("blobs-write", [
        Contender("eider", ours),
        Contender("pylance", theirs),
    ], after=clean, note=f"{table.nbytes / 1e6:.0f} MB, not synced")


def cases(eider, quick: bool, only: set[str]) -> Iterator[Case]:
    def wanted(name: str) -> bool:
        return not only or name in only or "blobs" in only

    npr = np.random.default_rng(1)
    picks = [npr.integers(0, 2000, ROWS).tolist() for _ in range(64)]
    values = [npr.bytes(int(size)) for size in npr.integers(20_000, 100_000, 2000)]
    if wanted("blobs-take") or wanted("blobs-write"):
        table = blob_table(values)
    if wanted("blobs-take"):
        uri = stored("many", table, quick)
        mine, theirs = eider.dataset(uri), lance.dataset(uri)
        for name, of in (("blobs-take", lambda dataset, i: [b.read() for b in dataset.take_blobs("b", indices=picks[i % 64])]),
                         ("blobs-read", lambda dataset, i: [b for _, b in dataset.read_blobs("b", indices=picks[i % 64])])):
            yield Case(name, [Contender("eider", lambda i, of=of: of(mine, i)), Contender("pylance", lambda i, of=of: of(theirs, i))],
                       rows=ROWS, verify=lambda a, b: sorted(a) == sorted(b))
    if wanted("blobs-range"):
        big = stored("big", blob_table([npr.bytes(150_000_000 if quick else 400_000_000)]), quick)
        ours, other = eider.dataset(big), lance.dataset(big)
        yield Case("blobs-range", [Contender("eider", lambda i: seek_and_read(ours)), Contender("pylance", lambda i: seek_and_read(other))],
                   verify=lambda a, b: a == b)
    if wanted("blobs-write"):
        yield write_case(eider, table, quick)
    if wanted("packed-take"):
        uri = stored("packed", packed_table(100_000 if quick else 1_000_000), quick)
        left, right = eider.dataset(uri), lance.dataset(uri)
        yield Case("packed-take", [Contender("eider", lambda i: left.take(picks[i % 64])), Contender("pylance", lambda i: right.take(picks[i % 64]))],
                   rows=ROWS, verify=lambda a, b: a.to_pylist() == b.to_pylist())
