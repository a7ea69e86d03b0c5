"""Child process of test_memory: one operation on a table far larger than the session's limit.

    python -m tests.interop.memory_child <operation> <uri> <limit bytes> <table bytes> [kind of table]

Prints one JSON line: by how much anonymous memory (RssAnon) rose above what the process had before. The input is one batch repeated,
so that the producer costs nothing, and results are dropped at once.
"""

from __future__ import annotations

import gc
import json
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pyarrow as pa

ROWS = 2000  # of the repeated batch


def anonymous_bytes() -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssAnon")) * 1024


class Watch:
    """The highest RssAnon while it is open."""

    def __enter__(self) -> Watch:
        gc.collect()
        self.start = self.peak = anonymous_bytes()
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.sample, daemon=True)
        self.thread.start()
        return self

    def sample(self) -> None:
        while not self.stop.is_set():
            self.peak = max(self.peak, anonymous_bytes())
            time.sleep(0.002)

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()
        self.peak = max(self.peak, anonymous_bytes())


def words(npr: np.random.Generator, rows: int, distinct: int) -> pa.Array:
    return pa.array([f"{n:x}" * 3 for n in npr.integers(0, 2**60, distinct)]).take(pa.array(npr.integers(0, distinct, rows)))


def vectors(npr: np.random.Generator, rows: int, dimension: int) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(npr.random(rows * dimension, dtype=np.float32)), dimension)


def lists(npr: np.random.Generator, rows: int, items: int) -> pa.Array:
    offsets = pa.array(np.arange(rows + 1, dtype=np.int32) * items)
    return pa.ListArray.from_arrays(offsets, pa.array(npr.integers(0, 2**40, rows * items)))


def one_batch(kind: str = "mixed", seed: int = 5) -> pa.RecordBatch:
    npr = np.random.default_rng(seed)
    if kind == "megabyte":
        images = pa.FixedSizeListArray.from_arrays(pa.array(npr.integers(0, 256, 8 << 20, dtype=np.uint8)), 1 << 20)
        return pa.record_batch({"image": images, "id": pa.array(range(8)), "file": [npr.bytes(1 << 20) for _ in range(8)]})
    if kind in ("long texts", "texts", "different texts"):
        rows, length = (8, 1 << 20) if kind == "long texts" else (5000, 1500)
        letters = npr.integers(97, 123, rows * length, dtype=np.uint8)
        offsets = np.arange(rows + 1, dtype=np.int32) * length
        texts = pa.StringArray.from_buffers(rows, pa.py_buffer(offsets.tobytes()), pa.py_buffer(letters.tobytes()))
        return pa.record_batch({"id": pa.array(npr.integers(0, 2**40, rows)), "text": texts})
    if kind == "narrow":
        return pa.record_batch({"id": pa.array(npr.integers(0, 2**62, 100_000))})
    if kind == "numeric":
        rows = 20_000
        return pa.record_batch({f"n{i}": pa.array(npr.integers(0, 2 ** (8 * i + 5), rows)) for i in range(6)}
                               | {"f": pa.array(npr.random(rows), mask=npr.random(rows) < 0.1)})
    if kind == "strings":
        return pa.record_batch({"id": pa.array(range(20_000)), "text": words(npr, 20_000, 20_000), "more": words(npr, 20_000, 15_000)})
    if kind == "vectors":
        return pa.record_batch({"id": pa.array(range(ROWS)), "vector": vectors(npr, ROWS, 768)})
    if kind == "lists":
        nested = pa.ListArray.from_arrays(pa.array(np.arange(ROWS + 1, dtype=np.int32) * 4), lists(npr, ROWS * 4, 9))
        return pa.record_batch({"id": pa.array(range(ROWS)), "numbers": lists(npr, ROWS, 20), "nested": nested})
    if kind == "dictionary":
        return pa.record_batch({"id": pa.array(range(20_000)), "few": words(npr, 20_000, 40), "some": words(npr, 20_000, 1000),
                                "keys": words(npr, 20_000, 100).dictionary_encode()})
    if kind == "wide":
        return pa.record_batch({f"c{i}": pa.array(npr.integers(0, 2**20, 1000)) if i % 5 else words(npr, 1000, 300) for i in range(500)})
    return pa.record_batch({"id": pa.array(npr.integers(0, 2**62, ROWS)), "text": words(npr, ROWS, ROWS), "numbers": lists(npr, ROWS, 20),
                            "vector": vectors(npr, ROWS, 256), "score": pa.array(npr.random(ROWS), mask=npr.random(ROWS) < 0.1)})


def repeated(batch: pa.RecordBatch, total_bytes: int) -> pa.RecordBatchReader:
    times = total_bytes // batch.nbytes + 1
    return pa.RecordBatchReader.from_batches(batch.schema, (batch for _ in range(times)))


def different(kind: str, total_bytes: int) -> pa.RecordBatchReader:
    """As many rows, none of them twice."""
    batch = one_batch(kind)
    return pa.RecordBatchReader.from_batches(batch.schema, (one_batch(kind, seed) for seed in range(total_bytes // batch.nbytes + 1)))


def rows_of(batches: Iterable[pa.RecordBatch]) -> int:
    rows = 0
    for part in batches:
        rows += part.num_rows
        del part
    return rows


#: Each with how many rows it found.
OF_TEXTS: dict[str, Callable[[Any], int]] = {
    "filtered scan": lambda ds: rows_of(ds.to_batches(filter="text LIKE '%q%'")),
    "filter beside": lambda ds: rows_of(ds.to_batches(filter="id >= 0")),
    "count": lambda ds: ds.count_rows("text LIKE '%q%'"),
    "aggregate_texts": lambda ds: ds.scanner().aggregate({"n": "count(*)", "longest": "max(length(text))"})["n"][0].as_py(),
    "filtered aggregate": lambda ds: ds.scanner(filter="id >= 0").aggregate({"n": "count(text)", "last": "max(text)"})["n"][0].as_py(),
    "describe_texts": lambda ds: ds.describe()["text"].num_values,
    "order": lambda ds: rows_of(ds.to_batches(order_by=["id"])),
    "order of texts": lambda ds: rows_of(ds.to_batches(["id"], order_by=["text"])),
    "computed": lambda ds: rows_of(ds.to_batches({"id": "id", "more": "upper(text)"})),
}


def main() -> None:
    operation, uri, limit, total = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    kind = sys.argv[5] if len(sys.argv) > 5 else "mixed"
    import eider

    session = eider.Session(memory_limit=limit)
    batch = one_batch(kind)
    fixed = [name for name, column in zip(batch.schema.names, batch.columns) if pa.types.is_primitive(column.type)
             or pa.types.is_fixed_size_list(column.type)]
    last = batch.schema.names[-1]
    rows = 0
    if operation == "load":
        import eider.torch
        import torch

        torch.zeros(1)  # whatever torch allocates once is not ours
    if operation == "import":
        with Watch() as watch:
            eider.write_dataset(repeated(batch, total), uri, session=session, durability="none")
            rows = total // batch.nbytes * batch.num_rows
    elif operation == "import_small_files":
        with Watch() as watch:
            eider.write_dataset(repeated(batch, total), uri, session=session, durability="none", max_rows_per_file=20_000)
            rows = total // batch.nbytes * batch.num_rows
    elif operation == "add_columns":
        ds = eider.dataset(uri, session=session)
        rows = ds.count_rows()
        extra = pa.record_batch({f"{name}_again": batch[name] for name in batch.schema.names[1:]})
        stream = pa.RecordBatchReader.from_batches(extra.schema, (extra for _ in range(rows // batch.num_rows)))
        with Watch() as watch:
            ds.add_columns(stream)
    elif operation == "add_function":
        ds = eider.dataset(uri, session=session)
        rows = ds.count_rows()

        @eider.batch_udf(output_schema=pa.schema([pa.field("copy", batch.schema.field(last).type)]))
        def copy(part: pa.RecordBatch) -> pa.RecordBatch:
            return pa.record_batch([part[last]], names=["copy"])

        with Watch() as watch:
            ds.add_columns(copy, read_columns=[last], batch_size=1000)
    elif operation == "scan_untouched":
        ds = eider.dataset(uri, session=session)
        with Watch() as watch:
            for part in ds.to_batches():
                rows += part.num_rows
                del part
    elif operation == "take":
        ds = eider.dataset(uri, session=session)
        total_rows = ds.count_rows()
        with Watch() as watch:
            for seed in range(20):
                rows += ds.take(np.random.default_rng(seed).integers(0, total_rows, 8)).num_rows
    elif operation == "scan":
        ds = eider.dataset(uri, session=session)
        with Watch() as watch:
            for part in ds.to_batches(batch_size=1000):
                rows += part.num_rows
                del part
    elif operation == "scan_slowly":
        ds = eider.dataset(uri, session=session)
        with Watch() as watch:
            for number, part in enumerate(ds.to_batches(batch_size=1000)):
                rows += part.num_rows
                del part
                if number < 40:
                    time.sleep(0.02)
    elif operation in ("filter", "filter_late", "aggregate", "describe"):
        ds = eider.dataset(uri, session=session)
        with Watch() as watch:
            if operation == "aggregate":
                found = ds.scanner(filter="score < 0.9").aggregate({"n": "count(*)", "top": "max(text)", "sum": "sum(score)"})
                rows = found.to_pylist()[0]["n"]
            elif operation == "describe":
                rows = len(ds.describe())
            else:
                test = "score < 0.5" if operation == "filter" else "score < 0.01"
                for part in ds.to_batches(filter=test):
                    rows += part.num_rows
                    del part
    elif operation in ("distinct", "distinct_rows", "sort", "sort_texts"):
        ds = eider.dataset(uri, session=session)
        if operation.startswith("distinct"):
            reader = ds.scanner(columns=["key"] if operation == "distinct" else None).distinct_batches()
        else:
            reader = ds.to_batches(order_by=["key" if operation == "sort" else "text"])
        with Watch() as watch:
            for part in reader:
                rows += part.num_rows
                del part
    elif operation in OF_TEXTS:
        ds = eider.dataset(uri, session=session)
        with Watch() as watch:
            rows = OF_TEXTS[operation](ds)
    elif operation in ("load", "load_in_order"):
        import eider.torch

        ds = eider.dataset(uri, session=session)
        loader = eider.torch.Loader(ds, columns=fixed, batch_size=8 if kind == "megabyte" else 500, shuffle=operation == "load", seed=3)
        with Watch() as watch:
            for part in loader:
                rows += len(part[fixed[0]])
                del part
    else:
        raise SystemExit(f"unknown operation {operation}")
    print(json.dumps({"rise": watch.peak - watch.start, "rows": rows, "used": session.memory_used}))


if __name__ == "__main__":
    main()
