"""Rows deleted, updated and compacted: Eider and the reference engine, each on its own copy of one table."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import lance
import numpy as np
import pyarrow as pa

from benchmarks import data
from benchmarks.harness import Case, Contender

CHANGES: dict[str, tuple[str, Callable[..., Any]]] = {
    "change-delete": ("one row in a thousand", lambda ds, **options: ds.delete("id % 1000 = 7", **options)),
    "change-update": ("one row in a thousand, one of three columns",
                      lambda ds, **options: ds.update({"name": "concat(name, '!')"}, "id % 1000 = 7", **options)),
    "change-compact": ("a hundred fragments", lambda ds, **options: ds.optimize.compact_files(**options)),
}


def table(rows: int) -> pa.Table:
    vectors = np.random.default_rng(5).random(rows * 16, dtype=np.float32)
    return pa.table({"id": np.arange(rows), "name": [f"name of row {i * 7919 % rows}" for i in range(rows)],
                     "vector": pa.FixedSizeListArray.from_arrays(pa.array(vectors), 16)})


def cases(eider, quick: bool, only: set[str]) -> Iterator[Case]:
    named = [name for name in CHANGES if not only or name in only or "change" in only]
    if not named:
        return
    folder = data.folder(quick) / "changed"
    shutil.rmtree(folder, ignore_errors=True)
    rows = 100_000 if quick else 1_000_000
    original = str(folder / "original.lance")
    lance.write_dataset(table(rows), original, max_rows_per_file=rows // 100)
    for name in named:
        note, change = CHANGES[name]
        uris = {each: str(folder / f"{each}.lance") for each in ("none", "pylance", "full")}

        def fresh(uri: str) -> Callable[[], None]:
            def copy() -> None:  # files never change in place: links are copies
                shutil.rmtree(uri, ignore_errors=True)
                shutil.copytree(original, uri, copy_function=os.link)

            return copy

        def after(uris=uris) -> None:
            tables = [lance.dataset(uri).to_table().sort_by("id") for uri in uris.values()]
            assert tables[0].equals(tables[1]) and tables[1].equals(tables[2]), "the engines' tables differ"

        yield Case(name, [
            Contender("eider", lambda i, change=change, uri=uris["none"]: change(eider.dataset(uri), durability="none"), fresh(uris["none"])),
            Contender("pylance", lambda i, change=change, uri=uris["pylance"]: change(lance.dataset(uri)), fresh(uris["pylance"])),
            Contender("eider durable", lambda i, change=change, uri=uris["full"]: change(eider.dataset(uri), durability="full"),
                      fresh(uris["full"])),
        ], rows=rows, note=note, seconds=0.5 if quick else 2, after=after)
    shutil.rmtree(folder, ignore_errors=True)
