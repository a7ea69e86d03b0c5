"""Rows merged by key into a table: Eider and the reference engine, each on its own copy. Half of the keys are new."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import lance
import numpy as np
import pyarrow as pa

from benchmarks import bench_changes, data
from benchmarks.harness import Case, Contender


def source(rows: int, keys: int) -> pa.Table:
    table = bench_changes.table(keys)
    ids = np.random.default_rng(6).choice(rows, keys // 2, replace=False)
    return table.set_column(0, "id", pa.array(np.concatenate([ids, np.arange(rows, rows + keys - keys // 2)])))


def cases(eider, quick: bool, only: set[str]) -> Iterator[Case]:
    rows = 100_000 if quick else 1_000_000
    sizes = {f"merge-{keys // 1000}k": keys for keys in (rows // 100, rows // 10)}
    named = [name for name in sizes if not only or name in only or "merge" in only]
    if not named:
        return
    folder = data.folder(quick) / "merged"
    shutil.rmtree(folder, ignore_errors=True)
    original = str(folder / "original.lance")
    lance.write_dataset(bench_changes.table(rows), original)
    for name in named:
        table = source(rows, sizes[name])
        uris = {each: str(folder / f"{each}.lance") for each in ("none", "pylance", "full")}

        def fresh(uri: str) -> Callable[[], None]:
            def copy() -> None:  # files never change in place: links are copies
                shutil.rmtree(uri, ignore_errors=True)
                shutil.copytree(original, uri, copy_function=os.link)

            return copy

        def upsert(engine, uri: str, table=table, **options) -> None:
            builder = engine.dataset(uri).merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
            counts = builder.execute(table, **options)
            assert counts["num_updated_rows"] == len(table) // 2 == counts["num_inserted_rows"], counts

        def after(uris=uris) -> None:
            tables = [lance.dataset(uri).to_table().sort_by("id") for uri in uris.values()]
            assert tables[0].equals(tables[1]) and tables[1].equals(tables[2]), "the engines' tables differ"

        yield Case(name, [
            Contender("eider", lambda i, upsert=upsert, uri=uris["none"]: upsert(eider, uri, durability="none"), fresh(uris["none"])),
            Contender("pylance", lambda i, upsert=upsert, uri=uris["pylance"]: upsert(lance, uri), fresh(uris["pylance"])),
            Contender("eider durable", lambda i, upsert=upsert, uri=uris["full"]: upsert(eider, uri, durability="full"), fresh(uris["full"])),
        ], rows=len(table), note=f"into {rows:,} rows, half of the keys new", seconds=0.5 if quick else 2, after=after)
    shutil.rmtree(folder, ignore_errors=True)
