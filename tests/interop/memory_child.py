"""Child process of test_memory: one operation on a table far larger than the session's limit.

    python -m tests.interop.memory_child <operation> <uri> <limit bytes> <table bytes>

Prints one JSON line: by how much anonymous memory (RssAnon) rose above what the process had before. The input is one batch repeated,
so that the producer costs nothing, and results are dropped at once.
"""

from __future__ import annotations

import gc
import json
import sys
import threading
import time

import numpy as np
import pyarrow as pa

ROWS = 2000  # of the repeated batch


def anonymous_bytes() -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssAnon")) * 1024


class Watch:
    """The highest RssAnon while it is open."""

    def __enter__(self) -> "Watch":
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


def one_batch() -> pa.RecordBatch:
    npr = np.random.default_rng(5)
    text = ["%x" % n * 3 for n in npr.integers(0, 2**60, ROWS)]
    lists = pa.ListArray.from_arrays(pa.array(np.arange(ROWS + 1, dtype=np.int32) * 20), pa.array(npr.integers(0, 2**40, ROWS * 20)))
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(npr.random(ROWS * 256, dtype=np.float32)), 256)
    return pa.record_batch({"id": pa.array(npr.integers(0, 2**62, ROWS)), "text": pa.array(text), "numbers": lists,
                            "vector": vectors, "score": pa.array(npr.random(ROWS), mask=npr.random(ROWS) < 0.1)})


def repeated(batch: pa.RecordBatch, total_bytes: int) -> pa.RecordBatchReader:
    times = total_bytes // batch.nbytes + 1
    return pa.RecordBatchReader.from_batches(batch.schema, (batch for _ in range(times)))


def main() -> None:
    operation, uri, limit, total = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    import eider

    session = eider.Session(memory_limit=limit)
    batch = one_batch()
    rows = 0
    if operation == "load":
        import torch

        import eider.torch

        torch.zeros(1)  # whatever torch allocates once is not ours
    if operation == "import":
        with Watch() as watch:
            eider.write_dataset(repeated(batch, total), uri, session=session, durability="none")
            rows = total // batch.nbytes * ROWS
    elif operation == "import_small_files":
        with Watch() as watch:
            eider.write_dataset(repeated(batch, total), uri, session=session, durability="none", max_rows_per_file=20_000)
            rows = total // batch.nbytes * ROWS
    elif operation == "add_columns":
        ds = eider.dataset(uri, session=session)
        rows = ds.count_rows()
        extra = pa.record_batch({"again": batch["vector"], "words": batch["text"]})
        stream = pa.RecordBatchReader.from_batches(extra.schema, (extra for _ in range(rows // ROWS)))
        with Watch() as watch:
            ds.add_columns(stream)
    elif operation == "add_function":
        ds = eider.dataset(uri, session=session)
        rows = ds.count_rows()

        @eider.batch_udf(output_schema=pa.schema([pa.field("copy", batch.schema.field("vector").type)]))
        def copy(part: pa.RecordBatch) -> pa.RecordBatch:
            return pa.record_batch([part["vector"]], names=["copy"])

        with Watch() as watch:
            ds.add_columns(copy, read_columns=["vector"], batch_size=1000)
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
    elif operation in ("load", "load_in_order"):
        import eider.torch

        ds = eider.dataset(uri, session=session)
        loader = eider.torch.Loader(ds, columns=["id", "vector", "score"], batch_size=500, shuffle=operation == "load", seed=3)
        with Watch() as watch:
            for part in loader:
                rows += len(part["id"])
                del part
    else:
        raise SystemExit(f"unknown operation {operation}")
    print(json.dumps({"rise": watch.peak - watch.start, "rows": rows, "used": session.memory_used}))


if __name__ == "__main__":
    main()
