"""A scan that is dropped or cancelled half-way leaves no thread, no file, no memory, a hundred times over."""

import asyncio
import contextlib
import gc
import os
import pathlib
import threading
import time

import numpy as np
import pyarrow as pa
import pytest

import eider

ROWS, BUDGET = 150_000, 4 << 20
TIMES = int(os.environ.get("EIDER_DROPPED_SCANS", "100"))


@pytest.fixture(scope="module")
def uri(tmp_path_factory) -> pathlib.Path:
    path = tmp_path_factory.mktemp("dropped") / "t.lance"
    ids = np.random.default_rng(1).permutation(ROWS)
    table = pa.table(
        {
            "id": ids,
            "few": (ids % 7).astype(np.int8),
            "text": [f"text of {i % 1000}" for i in ids],
            "wide": [b"x" * 200] * ROWS,
        }
    )
    eider.write_dataset(table, path, max_rows_per_file=30_000)
    return path


def first_batch(batches) -> None:
    assert next(iter(batches)).num_rows > 0


def fails(call) -> None:
    with pytest.raises(eider.InvalidError, match="by zero"):
        call()


def cancelled(scanner, distinct: bool = False) -> None:
    """By another thread, while this one waits for a batch."""
    reader = scanner._plan.open(distinct=distinct)
    timer = threading.Timer(0.003, reader.cancel)
    timer.start()
    with contextlib.suppress(eider.CancelledError):
        for _ in reader:
            pass
    timer.join()


def left_async(scanner) -> None:
    async def some() -> None:
        batches = scanner.to_async_batches()
        async for _ in batches:
            break
        await batches.aclose()

    asyncio.run(some())


def cancelled_async(scanner) -> None:
    async def all_of_it() -> None:
        async for _ in scanner.to_async_batches():
            await asyncio.sleep(0)

    async def run() -> None:
        task = asyncio.create_task(all_of_it())
        await asyncio.sleep(0.004)
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(run())


def sort_cancelled(ds, order_by: list[str], limit: int | None = None) -> None:
    """Before the first batch is there; asking for the schema sorts nothing."""
    stats = eider.ScanStats()
    reader = ds.scanner(["id"], order_by=order_by, limit=limit)._plan.open(stats=stats)
    assert pa.schema(reader.schema).names == ["id"]
    assert stats.sort_ns == 0

    def cancel_once_begun() -> None:
        while stats.sort_ns == 0:
            time.sleep(0.0001)
        reader.cancel()

    thread = threading.Thread(target=cancel_once_begun)
    thread.start()
    with pytest.raises(eider.CancelledError):
        next(reader)
        thread.join()
        next(reader)
    thread.join()


FAILING = "1 / (id - 140000) < 9"
WAYS = {
    "batches": lambda ds: first_batch(ds.to_batches(batch_size=100)),
    "not begun": lambda ds: iter(ds.to_batches()),
    "a filter": lambda ds: first_batch(ds.to_batches(["wide"], filter="text LIKE '%99'", batch_size=10)),
    "in any order": lambda ds: first_batch(ds.to_batches(scan_in_order=False, batch_size=1000)),
    "a stream": lambda ds: ds.scanner(batch_size=100).to_reader().read_next_batch(),
    "a sort": lambda ds: first_batch(ds.to_batches(["id"], order_by=["few"], filter="id < 20000", batch_size=100)),
    "a sort that spills": lambda ds: first_batch(ds.to_batches(["id", "wide"], order_by=["text"], batch_size=100)),
    "the first of a sort": lambda ds: first_batch(ds.to_batches(order_by=["id"], limit=5000, batch_size=10)),
    "cancelled": lambda ds: cancelled(ds.scanner(filter="regexp_like(text, '(t|x)+.*0')", batch_size=50)),
    "a cancelled sort": lambda ds: sort_cancelled(ds, ["text"]),
    "a cancelled sort of computed keys": lambda ds: cancelled(ds.scanner({"x": "upper(text)"}, order_by=["x"])),
    "cancelled distinct rows": lambda ds: cancelled(ds.scanner(columns=["text"]), distinct=True),
    "a filter that fails": lambda ds: fails(lambda: list(ds.to_batches(filter=FAILING, batch_size=50))),
    "a count that fails": lambda ds: fails(lambda: ds.count_rows(FAILING)),
    "a sort that fails": lambda ds: fails(lambda: ds.to_table(filter=FAILING, order_by=["text"])),
    "an aggregate that fails": lambda ds: fails(lambda: ds.scanner().aggregate({"x": "max(1 / (id - 140000))"})),
    "distinct rows that fail": lambda ds: fails(lambda: ds.scanner(columns={"x": "1 / (id - 140000)"}).distinct()),
    "left async": lambda ds: left_async(ds.scanner(filter="id >= 0", batch_size=100)),
    "a sort left async": lambda ds: left_async(ds.scanner(order_by=["text"], batch_size=100)),
    "a sort cancelled async": lambda ds: cancelled_async(ds.scanner(order_by=["text"], batch_size=100)),
    "cancelled async": lambda ds: cancelled_async(ds.scanner(filter="text LIKE '%9%'", batch_size=100)),
}


def anonymous_bytes() -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("RssAnon"))


def open_files() -> list[str]:
    """What they are: numbers are used again."""
    found = []
    for entry in pathlib.Path("/proc/self/fd").iterdir():
        try:
            found.append(os.readlink(entry))
        except OSError:  # the listing's own
            continue
    return sorted(name for name in found if not name.startswith(("pipe:", "anon_inode:", "socket:")))


def threads() -> int:
    return len(os.listdir("/proc/self/task"))


def settle(condition) -> bool:
    """Whether it comes true: a thread that was told to end takes its time."""
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_left(uri, way, monkeypatch, tmp_path):
    monkeypatch.setenv("EIDER_SPILL_FOLDER", str(tmp_path))
    session = eider.Session(memory_limit=BUDGET, cpu_threads=2)
    ds = eider.dataset(uri, session=session)
    ds.to_table(["few"], filter="few = 3", limit=3)
    for _ in range(10):
        WAYS[way](ds)
    gc.collect()
    used, tasks, files, memory = session.memory_used, threads(), open_files(), anonymous_bytes()
    for _ in range(TIMES):
        WAYS[way](ds)
    gc.collect()
    assert settle(lambda: session.memory_used <= used + (256 << 10)), (
        f"{session.memory_used} bytes are held, {used} before"
    )
    assert settle(lambda: threads() <= tasks), f"{threads()} threads, {tasks} before"
    assert settle(lambda: open_files() == files), (open_files(), files)
    assert list(tmp_path.iterdir()) == []
    assert anonymous_bytes() - memory < 3 * BUDGET, f"{(anonymous_bytes() - memory) >> 20} MB more"
    assert ds.count_rows("few = 3") == len(range(3, ROWS, 7))
