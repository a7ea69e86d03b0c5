"""Aggregates, distinct rows and descriptions of columns: Eider, pylance (through its SQL), and DuckDB over the same rows in Parquet."""

from __future__ import annotations

import math
from collections.abc import Iterator

import duckdb
import lance

from benchmarks import data
from benchmarks.bench_table import wanted
from benchmarks.harness import Case, Contender, keep_warm

#: Name -> aggregates and filter, the same in each dialect.
AGGREGATES = {
    "aggregate-sum": (["sum(score)", "avg(count)"], None),
    "aggregate-extremes": (["min(score)", "max(count)", "min(name)"], None),
    "aggregate-filtered": (["count(*)", "sum(score)", "max(id)"], "count > 1000000000"),
    "aggregate-few": (["count(*)", "sum(score)", "max(name)"], "score < 0.001"),
}
#: Over a file of Eider's, which has statistics of its pages.
OWN = ["min(id)", "max(score)", "max(name)", "count(count)"]
NAMES = (*AGGREGATES, "aggregate-own", "distinct-few", "distinct-many", "describe")


def same(ours, theirs) -> bool:
    return all(math.isclose(a, b, rel_tol=1e-9) if isinstance(a, float) else a == b for a, b in zip(ours, theirs))


def cases(eider, quick: bool, only: set[str]) -> Iterator[Case]:
    if not any(wanted(name, only) for name in NAMES):
        return
    uri, parquet, rows = (
        data.lance_by_reference("mixed", quick),
        data.parquet("mixed", quick),
        data.rows_of("mixed", quick),
    )
    keep_warm(uri, parquet)
    mine, theirs, sql = eider.dataset(uri), lance.dataset(uri), duckdb.connect()

    def aggregate(dataset, calls, test=None):
        return list(dataset.scanner(filter=test).aggregate({call: call for call in calls}).to_pylist()[0].values())

    def by_reference(query):
        return list(theirs.sql(query).build().to_batch_records()[0].to_pylist()[0].values())

    def by_duckdb(query):
        return list(sql.execute(query).fetchone())

    for name, (calls, test) in AGGREGATES.items():
        if not wanted(name, only):
            continue
        query = f"SELECT {', '.join(calls)} FROM {{}}" + (f" WHERE {test}" if test else "")
        yield Case(
            name,
            [
                Contender("eider", lambda i, c=calls, t=test: aggregate(mine, c, t)),
                Contender("pylance", lambda i, q=query.format("dataset"): by_reference(q)),
                Contender("duckdb", lambda i, q=query.format(f"'{parquet}'"): by_duckdb(q)),
            ],
            rows=rows,
            verify=same,
            note=", ".join(calls),
        )
    if wanted("aggregate-own", only):
        own = eider.dataset(
            str(
                data.once(
                    data.folder(quick) / "mixed.eider.lance",
                    lambda p: eider.write_dataset(data.table("mixed", quick), str(p)),
                )
            )
        )
        query = f"SELECT {', '.join(OWN)} FROM '{parquet}'"
        yield Case(
            "aggregate-own",
            [
                Contender("eider", lambda i: aggregate(own, OWN)),
                Contender("duckdb", lambda i: by_duckdb(query)),
            ],
            rows=rows,
            verify=same,
            note="from statistics of pages: " + ", ".join(OWN),
        )
    for name, column in (("distinct-few", "kind"), ("distinct-many", "name")):
        if not wanted(name, only):
            continue
        query = f"SELECT count(*) FROM (SELECT DISTINCT {column} FROM {{}})"
        yield Case(
            name,
            [
                Contender("eider", lambda i, c=column: [mine.scanner(columns=[c]).distinct().num_rows]),
                Contender("pylance", lambda i, q=query.format("dataset"): by_reference(q)),
                Contender("duckdb", lambda i, q=query.format(f"'{parquet}'"): by_duckdb(q)),
            ],
            rows=rows,
            verify=same,
        )
    if wanted("describe", only):
        columns = ["id", "count", "score", "name", "kind"]
        summary = f"SUMMARIZE SELECT {', '.join(columns)} FROM '{parquet}'"
        yield Case(
            "describe",
            [
                Contender("eider", lambda i: len(mine.describe(columns))),
                Contender("duckdb", lambda i: len(sql.execute(summary).fetchall()), slow=True),
            ],
            rows=rows,
            verify=lambda a, b: a == b,
            note="five columns; DuckDB's SUMMARIZE",
        )
