"""Scans of ten thousand tiny fragments, sorts larger than the memory they may take, and what a second thread gains."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import duckdb
import lance
import numpy as np

from benchmarks import data
from benchmarks.bench_table import wanted
from benchmarks.harness import Case, Contender, keep_warm

FRAGMENTS = ("scan-fragments", "scan-fragments-count", "scan-fragments-take")
SORT = "sort-full"
#: Name -> what is done with a dataset.
SCALED: dict[str, Callable] = {
    "scaling-number": lambda ds: ds.count_rows("score < 0.25 AND count > 1000000000"),
    "scaling-like": lambda ds: ds.count_rows("name LIKE '%ab%'"),
    "scaling-regexp": lambda ds: ds.count_rows("regexp_like(name, 'a[b-d]+e')"),
    "scaling-aggregate": lambda ds: ds.scanner().aggregate({"a": "sum(score)", "b": "max(name)"}).num_rows,
    "scaling-sort": lambda ds: ds.to_table(["id", "score"], order_by=["score"]).num_rows,
    "scaling-distinct": lambda ds: ds.scanner(columns=["name"]).distinct().num_rows,
    "scaling-scan": lambda ds: sum(batch.num_rows for batch in ds.to_batches()),
}
#: The sort's memory.
LIMIT = 16 << 20


def cases(eider, quick: bool, only: set[str]) -> Iterator[Case]:
    if any(wanted(name, only) for name in FRAGMENTS):
        yield from fragments(eider, quick, only)
    if wanted(SORT, only):
        yield sort(eider, quick)
    if any(wanted(name, only) for name in SCALED):
        yield from scaled(eider, quick, only)


def fragments(eider, quick: bool, only: set[str]) -> Iterator[Case]:
    """Tables that are opened anew each time, without what another run has kept."""
    count = 1000 if quick else 10_000
    uri = str(data.tiny_fragments(quick, count))
    keep_warm(uri)
    rows = np.random.default_rng(3).permutation(count).tolist()
    work: dict[str, Callable] = {
        "scan-fragments": lambda ds: ds.to_table(),
        "scan-fragments-count": lambda ds: ds.count_rows("score < 0.5"),
        "scan-fragments-take": lambda ds: ds.take(rows),
    }
    for name, run in work.items():
        if not wanted(name, only):
            continue

        def ours(i: int, run: Callable = run):
            return run(eider.dataset(uri, session=eider.Session()))

        def theirs(i: int, run: Callable = run):
            return run(lance.dataset(uri))

        yield Case(
            name,
            [Contender("eider", ours), Contender("pylance", theirs, slow=True)],
            rows=count,
            each="fragment",
            verify=lambda a, b: a == b,
            note=f"{count} fragments of one row, opened anew",
        )


def sort(eider, quick: bool) -> Case:
    uri, parquet = str(data.lance_by_reference("mixed", quick)), data.parquet("mixed", quick)
    keep_warm(uri, parquet)
    limit = LIMIT // 10 if quick else LIMIT
    columns = ["id", "count", "score", "name", "embedding"]
    mine = eider.dataset(uri, session=eider.Session(memory_limit=limit))
    sql = duckdb.connect(config={"memory_limit": f"{max(limit >> 20, 128)}MB", "temp_directory": str(data.folder(quick) / "duckdb-spill")})
    query = f"SELECT {', '.join(columns)} FROM '{parquet}' ORDER BY name"
    return Case(
        SORT,
        [
            Contender("eider", lambda i: sum(b.num_rows for b in mine.to_batches(columns, order_by=["name"]))),
            Contender("duckdb", lambda i: sum(b.num_rows for b in sql.execute(query).to_arrow_reader(8192)), slow=True),
        ],
        rows=data.rows_of("mixed", quick),
        verify=lambda a, b: a == b,
        note=f"170 MB by a text within {limit >> 20} MB (DuckDB: {max(limit >> 20, 128)})" if not quick else "",
    )


def scaled(eider, quick: bool, only: set[str]) -> Iterator[Case]:
    uri = str(data.lance_by_reference("mixed", quick))
    keep_warm(uri)
    two, one, none = (eider.dataset(uri, session=eider.Session(cpu_threads=threads)) for threads in (2, 1, 0))
    for name, run in SCALED.items():
        if not wanted(name, only):
            continue
        yield Case(
            name,
            [
                Contender("2 threads", lambda i, run=run: run(two)),
                Contender("1 thread", lambda i, run=run: run(one)),
                Contender("inline", lambda i, run=run: run(none)),
            ],
            rows=data.rows_of("mixed", quick),
            verify=lambda a, b: a == b,
        )
