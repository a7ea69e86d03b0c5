"""What checksums cost: the same table written with and without them, and read with and without a look at them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks import data
from benchmarks.bench_table import Places, same_table, wanted
from benchmarks.harness import Case, Contender, keep_warm

TABLES = ("u64", "str16", "vectors", "mixed")


def blob_cases(eider, quick: bool) -> Iterator[Case]:
    """Blobs of 20-100 KB: a read verifies a value once for each dataset that is opened, so every run opens one."""
    npr = np.random.default_rng(1)
    values = [npr.bytes(int(size)) for size in npr.integers(20_000, 100_000, 1000 if quick else 4000)]
    table = pa.table([eider.blob_array(values)], schema=pa.schema([eider.blob_field("b")]))
    place = Places(data.folder(quick) / "checksums-blobs", "")
    uri = str(data.folder(quick) / "checksums-blobs" / "kept")
    eider.write_dataset(table, uri, durability="none")
    keep_warm(uri)
    sessions = {name: eider.Session(verify=name == "verified") for name in ("unverified", "verified")}
    opened = {name: eider.dataset(uri, session=session) for name, session in sessions.items()}
    picks = [npr.integers(0, len(values), 64).tolist() for _ in range(64)]

    def write(checksums: bool) -> None:
        eider.write_dataset(table, place.next(), durability="none", checksums=checksums)

    def read(dataset, i: int) -> list[bytes]:
        return [value for _, value in dataset.read_blobs("b", indices=picks[i % 64])]

    yield Case("checksums-blobs-write", [
        Contender("without", lambda i: write(False), place.clear),
        Contender("with", lambda i: write(True), place.clear),
    ], rows=len(values), note=f"{table.nbytes / 1e6:.0f} MB", after=place.clear)
    yield Case("checksums-blobs-first-read", [
        Contender(name, lambda i, s=session: read(eider.dataset(uri, session=s), i)) for name, session in sessions.items()
    ], rows=64, verify=lambda a, b: a == b)
    yield Case("checksums-blobs-read", [
        Contender(name, lambda i, d=dataset: read(d, i)) for name, dataset in opened.items()
    ], rows=64, verify=lambda a, b: a == b, after=lambda: shutil.rmtree(Path(uri).parent, ignore_errors=True))


def cases(eider, quick: bool, only: set[str]) -> Iterator[Case]:
    for name in TABLES:
        if not wanted(f"checksums-{name}", only):
            continue
        table = data.table(name, quick)
        folder = data.folder(quick) / "checksums"
        place = Places(folder, "")
        uri = str(folder / "kept")
        eider.write_dataset(table, uri, durability="none")
        keep_warm(uri)
        trusting = eider.dataset(uri, session=eider.Session(verify=False))
        checking = eider.dataset(uri, session=eider.Session())
        random = np.random.default_rng(5)
        rows = [random.integers(0, table.num_rows, 256).tolist() for _ in range(64)]

        def write(checksums: bool, table=table, place=place) -> None:
            eider.write_dataset(table, place.next(), durability="none", checksums=checksums)

        yield Case(f"checksums-{name}-write", [
            Contender("without", lambda i: write(False), place.clear),
            Contender("with", lambda i: write(True), place.clear),
        ], rows=table.num_rows, note=f"{table.nbytes / 1e6:.0f} MB", after=place.clear)
        yield Case(f"checksums-{name}-scan", [
            Contender("unverified", lambda i: trusting.to_table()),
            Contender("verified", lambda i: checking.to_table()),
        ], rows=table.num_rows, verify=same_table)
        yield Case(f"checksums-{name}-take", [
            Contender("unverified", lambda i: trusting.take(rows[i % 64])),
            Contender("verified", lambda i: checking.take(rows[i % 64])),
        ], rows=256, verify=same_table, after=lambda folder=folder: shutil.rmtree(folder, ignore_errors=True))
    if wanted("checksums-blobs", only):
        yield from blob_cases(eider, quick)
