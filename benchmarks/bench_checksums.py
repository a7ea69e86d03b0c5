"""What checksums cost: the same table written with and without them, and read with and without a look at them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import numpy as np

from benchmarks import data
from benchmarks.bench_table import Places, same_table, wanted
from benchmarks.harness import Case, Contender, keep_warm

TABLES = ("u64", "str16", "vectors", "mixed")


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
