"""Child process of test_memory_of_wide_rows: narrow rows are read, and wide ones computed or joined from them.

    python -m tests.interop.memory_wide <operation> <uri> <limit bytes>

Prints one JSON line as memory_child does, with what the operation answered.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable

import pyarrow as pa

import eider
from tests.interop.memory_child import Watch, rows_of

ROWS = 1500
#: Rows of the table have one key in three; of a source only the first of many is wide, so that a mean says nothing.
KEYS, OTHERS = 3, 20_000
WIDE, WIDER = 100_000, 300_000


def table() -> pa.Table:
    return pa.table({"key": [row % KEYS for row in range(ROWS)], "s": [f"{row:08d}" for row in range(ROWS)], "id": range(ROWS)})


def source(name: str = "s") -> pa.Table:
    keys = [*range(KEYS), *range(10**6, 10**6 + OTHERS)]
    return pa.table({"key": keys, name: ["q" * WIDER] + ["x"] * (len(keys) - 1)})


def bytes_of(batches: Iterable[pa.RecordBatch]) -> int:
    found = 0
    for batch in batches:
        found += batch.nbytes
        del batch
    return found


def merge(ds: eider.LanceDataset, mode: str, condition: str | None = None) -> int:
    merging = ds.merge_insert("key").when_matched_update_all(condition).write_mode(mode)
    return merging.execute(source())["num_updated_rows"]


def update_fragments(ds: eider.LanceDataset) -> int:
    return sum(len(fragment.update_columns(source(), "key")) > 0 for fragment in ds.get_fragments())


TEXT = f"repeat(s, {WIDER // 8})"
#: Each with what it should answer.
OPERATIONS: dict[str, tuple[Callable[[eider.LanceDataset], object], object]] = {
    "update": (lambda ds: ds.update({"s": f"repeat('q', {WIDE})"})["num_rows_updated"], ROWS),
    "update some": (lambda ds: ds.update({"s": f"CASE WHEN id < 5 THEN s ELSE repeat(s, {WIDE // 8}) END"})["num_rows_updated"], ROWS),
    "add columns": (lambda ds: ds.add_columns({"x": f"repeat(s, {WIDE // 8})"}), None),
    "merge_insert": (lambda ds: merge(ds, "rewrite_rows"), ROWS),
    "merge_insert by a condition": (lambda ds: merge(ds, "rewrite_rows", "source.s > target.s"), ROWS),
    "merge_insert of columns": (lambda ds: merge(ds, "rewrite_columns"), ROWS),
    "merge": (lambda ds: ds.merge(source("t"), "key"), None),
    "update_columns": (update_fragments, 3),
    "scan": (lambda ds: bytes_of(ds.to_batches(columns={"x": TEXT})) // (ROWS * WIDER), 1),
    "scan in order": (lambda ds: rows_of(ds.to_batches(columns={"x": TEXT, "id": "id"}, order_by=["id"])), ROWS),
    "sort": (lambda ds: rows_of(ds.to_batches(columns={"x": TEXT}, order_by=["x"])), ROWS),
    "filter": (lambda ds: rows_of(ds.to_batches(filter=f"length({TEXT}) > {WIDE}")), ROWS),
    "count": (lambda ds: ds.count_rows(f"{TEXT} || 'x' LIKE '%7x'"), ROWS // 10),
    "delete": (lambda ds: ds.delete(f"length({TEXT}) > {WIDE} AND id % 2 = 0")["num_deleted_rows"], ROWS // 2),
    "aggregate": (lambda ds: ds.scanner().aggregate({"n": f"max(length({TEXT}))", "last": f"max({TEXT})"})["n"][0].as_py(), WIDER),
    "lists": (lambda ds: rows_of(ds.to_batches(columns={"x": f"array_repeat(id, {WIDE})"}, limit=200)), 200),
    "lists of texts": (lambda ds: rows_of(ds.to_batches(columns={"x": f"array_repeat(s, {WIDE // 5})"}, limit=200)), 200),
    "lists that are one constant": (lambda ds: rows_of(ds.to_batches(columns={"x": f"range(0, {WIDE})"}, limit=400)), 400),
    "lists in a filter": (lambda ds: ds.count_rows(f"array_length(array_repeat(id, {WIDE} + id)) > {WIDE}"), ROWS - 1),
    "distinct": (lambda ds: rows_of(ds.scanner(columns={"x": f"repeat(s, {WIDE // 8})"}).distinct_batches()), ROWS),
}


def main() -> None:
    operation, uri, limit = sys.argv[1], sys.argv[2], int(sys.argv[3])
    ds = eider.dataset(uri, session=eider.Session(memory_limit=limit, cpu_threads=2))
    source()  # whatever making it allocates once is not the engine's
    with Watch() as watch:
        answer = OPERATIONS[operation][0](ds)
    print(json.dumps({"rise": watch.peak - watch.start, "answer": answer}))


if __name__ == "__main__":
    main()
