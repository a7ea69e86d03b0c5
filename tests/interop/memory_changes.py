"""Child process of test_memory_of_changes: one change to a table far larger than the session's limit.

    python -m tests.interop.memory_changes <operation> <uri> <limit bytes> <width of the texts>

Prints one JSON line as memory_child does.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa

import eider
from tests.interop.memory_child import Watch

BATCH = 10_000


def other_side(rows: int, width: int = 32) -> pa.RecordBatchReader:
    """The table's keys in another order, with a text and a number of its own for each."""
    schema = pa.schema({"key": pa.int64(), "text": pa.string(), "score": pa.float64()})

    def batches() -> Iterator[pa.RecordBatch]:
        for first in reversed(range(0, rows, BATCH)):
            keys = (np.arange(first, first + BATCH) * 0x9E3779B1) % (1 << 32)
            yield pa.record_batch({"key": keys, "text": pa.array([f"{key:0{width}d}" for key in keys.tolist()]), "score": keys.astype(float)}, schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


def renamed(reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
    schema = pa.schema([field if field.name == "key" else field.with_name(f"new_{field.name}") for field in reader.schema])
    return pa.RecordBatchReader.from_batches(schema, (pa.record_batch(batch.columns, schema=schema) for batch in reader))


def merge_insert(ds: eider.LanceDataset, source: pa.RecordBatchReader, mode: str) -> None:
    ds.merge_insert("key").when_matched_update_all().write_mode(mode).execute(source)


def without_score(reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
    schema = pa.schema([field for field in reader.schema if field.name != "score"])
    return pa.RecordBatchReader.from_batches(schema, (batch.select(schema.names) for batch in reader))


#: Of a table of wide texts, by the same rows in another order.
OF_WIDE_ROWS: dict[str, Callable[[eider.LanceDataset, pa.RecordBatchReader], object]] = {
    "merge_insert of rows": lambda ds, source: merge_insert(ds, source, "rewrite_rows"),
    "merge_insert of columns": lambda ds, source: merge_insert(ds, without_score(source), "rewrite_columns"),
}

OPERATIONS: dict[str, Callable[[eider.LanceDataset, int], object]] = {
    "delete": lambda ds, rows: ds.delete("key % 3 = 0"),
    "update": lambda ds, rows: ds.update({"text": "upper(text)", "score": "score + 1"}),
    "merge_insert": lambda ds, rows: ds.merge_insert("key").when_matched_update_all().when_not_matched_insert_all().execute(other_side(rows)),
    "merge": lambda ds, rows: ds.merge(renamed(other_side(rows)), "key"),
    "add_columns": lambda ds, rows: ds.add_columns({"twice": "key * 2", "longer": "concat(text, text)"}),
    "compact": lambda ds, rows: ds.optimize.compact_files(target_rows_per_fragment=10 * rows),
}


def main() -> None:
    operation, uri, limit, width = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    session = eider.Session(memory_limit=limit)
    ds = eider.dataset(uri, session=session)
    rows = ds.count_rows()
    other_side(2 * BATCH, width).read_all()  # whatever making batches allocates once is not the engine's
    with Watch() as watch:
        if operation in OF_WIDE_ROWS:
            OF_WIDE_ROWS[operation](ds, other_side(rows, width))
        else:
            OPERATIONS[operation](ds, rows)
    print(json.dumps({"rise": watch.peak - watch.start, "rows": rows, "used": session.memory_used, "after": ds.count_rows()}))


if __name__ == "__main__":
    main()
