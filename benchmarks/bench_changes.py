"""Rows deleted, updated and compacted, columns added: Eider and the reference engine, each on its own copy of one table."""

from __future__ import annotations

import os
import pathlib
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import lance
import numpy as np
import pyarrow as pa

from benchmarks import data
from benchmarks.harness import Case, Contender

#: So many fragments hold a row each, whatever the other tables hold.
ONE_ROW_EACH = 1000

#: By case: the fragments of its table, a note, and the change.
CHANGES: dict[str, tuple[int, str, Callable[..., Any]]] = {
    "addcolumn-sql": (1, "an int column, x * 2", lambda ds, **options: ds.add_columns({"twice": "id * 2"}, **options)),
    "addcolumn-sql-fragments": (100, "the same, a hundred fragments",
                                lambda ds, **options: ds.add_columns({"twice": "id * 2"}, **options)),
    "change-delete": (100, "one row in a thousand", lambda ds, **options: ds.delete("id % 1000 = 7", **options)),
    "change-update": (100, "one row in a thousand, one of three columns",
                      lambda ds, **options: ds.update({"name": "concat(name, '!')"}, "id % 1000 = 7", **options)),
    "change-compact": (100, "a hundred fragments", lambda ds, **options: ds.optimize.compact_files(**options)),
    "change-compact-rows": (ONE_ROW_EACH, "a thousand fragments of a row", lambda ds, **options: ds.optimize.compact_files(**options)),
    "change-scan-rows": (ONE_ROW_EACH, "a scan over a thousand fragments of a row", lambda ds, **options: ds.to_table()),
}


def table(rows: int) -> pa.Table:
    vectors = np.random.default_rng(5).random(rows * 16, dtype=np.float32)
    return pa.table({"id": np.arange(rows), "name": [f"name of row {i * 7919 % rows}" for i in range(rows)],
                     "vector": pa.FixedSizeListArray.from_arrays(pa.array(vectors), 16)})


def cases(eider, quick: bool, only: set[str]) -> Iterator[Case]:
    named = [name for name in CHANGES if not only or name in only or name.split("-")[0] in only]
    if not named:
        return
    folder = data.folder(quick) / "changed"
    shutil.rmtree(folder, ignore_errors=True)
    rows = 100_000 if quick else 1_000_000
    originals = {fragments: str(folder / f"original-{fragments}.lance") for fragments in {CHANGES[name][0] for name in named}}
    sizes = {fragments: fragments if fragments == ONE_ROW_EACH else rows for fragments in originals}
    for fragments, original in originals.items():
        lance.write_dataset(table(sizes[fragments]), original, max_rows_per_file=sizes[fragments] // fragments)
    for name in named:
        fragments, note, change = CHANGES[name]
        uris = {each: str(folder / f"{each}.lance") for each in ("none", "pylance", "full")}

        def fresh(uri: str, original: str = originals[fragments]) -> Callable[[], None]:
            def copy() -> None:  # files never change in place: links are copies
                shutil.rmtree(uri, ignore_errors=True)
                shutil.copytree(original, uri, copy_function=os.link)

            return copy

        def after(uris=uris, fragments=fragments) -> str:
            tables = [lance.dataset(uri).to_table().sort_by("id") for uri in uris.values()]
            assert tables[0].equals(tables[1]) and tables[1].equals(tables[2]), "the engines' tables differ"
            written = [sum(p.stat().st_size for p in pathlib.Path(uris[each], "data").iterdir()) for each in ("none", "pylance")]
            before = sum(p.stat().st_size for p in pathlib.Path(originals[fragments], "data").iterdir())
            return f"bytes of new data files: {written[0] - before:,} (pylance {written[1] - before:,})"

        yield Case(name, [
            Contender("eider", lambda i, change=change, uri=uris["none"]: change(eider.dataset(uri), durability="none"), fresh(uris["none"])),
            Contender("pylance", lambda i, change=change, uri=uris["pylance"]: change(lance.dataset(uri)), fresh(uris["pylance"])),
            Contender("eider durable", lambda i, change=change, uri=uris["full"]: change(eider.dataset(uri), durability="full"),
                      fresh(uris["full"])),
        ], rows=sizes[fragments], note=note, seconds=0.5 if quick else 2, after=after)
    shutil.rmtree(folder, ignore_errors=True)
