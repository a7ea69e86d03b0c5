"""Filters, and rows in order, over a file of the reference engine: Eider, pylance, and DuckDB over the same rows in Parquet."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import lance
import numpy as np

from benchmarks import data
from benchmarks.bench_table import wanted
from benchmarks.harness import Case, Contender, keep_warm

#: Counted: name -> the same test in each dialect, {keys} standing for ten thousand of the ids.
COUNTS = {
    "filter-number": "score < 0.25",
    "filter-two": "score < 0.25 AND count > 1000000000",
    "filter-like": "name LIKE '%ab%'",
    "filter-in": "id IN ({keys})",
    "filter-regexp": "{matches}(name, 'a[b-d]+e')",
}
#: One row in a thousand, with the wide column beside it.
FEW = "score < 0.001"


def cases(eider, quick: bool, only: set[str]) -> Iterator[Case]:
    if not any(wanted(name, only) for name in (*COUNTS, "filter-few", "filter-top")):
        return
    uri, parquet = data.lance_by_reference("mixed", quick), data.parquet("mixed", quick)
    keep_warm(uri, parquet)
    mine, theirs, sql = eider.dataset(uri), lance.dataset(uri), duckdb.connect()
    rows = data.rows_of("mixed", quick)
    keys = ", ".join(map(str, np.random.default_rng(2).choice(rows, min(rows, 10_000), replace=False).tolist()))
    for name, test in COUNTS.items():
        if not wanted(name, only):
            continue
        ours = test.format(keys=keys, matches="regexp_like")
        duck = f"SELECT count(*) FROM '{parquet}' WHERE {test.format(keys=keys, matches='regexp_matches')}"
        yield Case(name, [
            Contender("eider", lambda i, f=ours: mine.count_rows(f)),
            Contender("pylance", lambda i, f=ours: theirs.count_rows(f)),
            Contender("duckdb", lambda i, q=duck: sql.execute(q).fetchone()[0]),
        ], rows=rows, verify=lambda a, b: a == b)
    if wanted("filter-few", only):
        columns = ["id", "embedding"]
        yield Case("filter-few", [
            Contender("eider", lambda i: mine.to_table(columns, FEW)),
            Contender("pylance", lambda i: theirs.to_table(columns, FEW)),
            Contender("duckdb", lambda i: sql.execute(f"SELECT id, embedding FROM '{parquet}' WHERE {FEW}").to_arrow_table()),
        ], rows=rows, verify=lambda a, b: sorted(a["id"].to_pylist()) == sorted(b["id"].to_pylist()), note="1 in 1,000, 32 floats beside")
    if wanted("filter-top", only):
        yield Case("filter-top", [
            Contender("eider", lambda i: mine.to_table(["id", "score"], order_by=["score"], limit=100)),
            Contender("pylance", lambda i: theirs.to_table(columns=["id", "score"], order_by=["score"], limit=100)),
            Contender("duckdb", lambda i: sql.execute(f"SELECT id, score FROM '{parquet}' ORDER BY score LIMIT 100").to_arrow_table()),
        ], rows=rows, verify=lambda a, b: a["id"].to_pylist() == b["id"].to_pylist(), note="the first 100 in order")
