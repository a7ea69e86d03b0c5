"""take(256) of rows whose pages are in no cache, against the reads that the disk gives: plain preads of the same bytes by many threads.

Every round runs in a process of its own, after the file's pages were dropped: what is mapped cannot be dropped.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import pathlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import numpy as np

from benchmarks import data
from benchmarks.harness import Case, Contender

NAMES = ("vectors", "str200")
ROWS = 256
TAKES = 8
THREADS = 64


def drop(uri: str) -> None:
    os.sync()
    for path in pathlib.Path(uri).rglob("*.lance"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)
            if (share := resident_share(path)) > 0.05:
                raise AssertionError(f"{share:.0%} of {path} stay in memory: another process, or this one, has the file mapped")


def resident_share(path: pathlib.Path) -> float:
    """Of the file's pages."""
    size = path.stat().st_size
    if size == 0:
        return 0.0
    with open(path, "rb") as opened:
        mapping = mmap.mmap(opened.fileno(), size, mmap.MAP_SHARED, mmap.PROT_READ)
    pages = np.zeros(-(-size // mmap.PAGESIZE), np.uint8)
    address = np.frombuffer(mapping, np.uint8).ctypes.data
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mincore(ctypes.c_void_p(address), ctypes.c_size_t(size), ctypes.c_void_p(pages.ctypes.data)) != 0:
        raise OSError(ctypes.get_errno(), "mincore")
    return float((pages & 1).mean())


def picks(seed: int, rows: int) -> list[np.ndarray]:
    npr = np.random.default_rng(seed)
    return [npr.integers(0, rows, ROWS) for _ in range(TAKES + 1)]


def take_rounds(engine: str, uri: str, seed: int, rows: int) -> float:
    """Seconds of a take; the first, which reads footers and tables, is not counted."""
    module = __import__(engine)
    dataset = module.dataset(uri)
    chosen = picks(seed, rows)
    dataset.take(chosen[0].tolist())
    start = time.perf_counter()
    for wanted in chosen[1:]:
        dataset.take(wanted.tolist())
    return (time.perf_counter() - start) / TAKES


def pread_rounds(uri: str, seed: int, rows: int) -> float:
    """Seconds for as many preads as a take has rows, spread over the file, of the bytes of a row: at least a page."""
    path = next(p for p in pathlib.Path(uri).rglob("data/*.lance"))
    size = path.stat().st_size
    length = max(4096, size // rows)
    offsets = np.random.default_rng(seed + 1).integers(0, size - length, ROWS * TAKES) // 4096 * 4096
    descriptor = os.open(path, os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_RANDOM)

    def read(mine: list[int]) -> None:
        for offset in mine:
            os.pread(descriptor, length, offset)

    threads = [threading.Thread(target=read, args=(part.tolist(),)) for part in np.array_split(offsets, THREADS)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (time.perf_counter() - start) / TAKES


def in_child(what: str, uri: str, seed: int, rows: int) -> float:
    drop(uri)
    command = [sys.executable, "-m", "benchmarks.bench_cold", what, uri, str(seed), str(rows)]
    return float(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def cases(eider, quick: bool, only: set[str]) -> Iterator[Case]:
    for name in NAMES:
        if only and f"cold-{name}" not in only and "cold" not in only:
            continue
        uri, rows = data.lance_by_reference(name, quick), data.rows_of(name, quick)

        def rate(what: str, uri: str = uri, rows: int = rows):
            return lambda i: ROWS / in_child(what, uri, i, rows)

        yield Case(f"cold-{name}", [
            Contender("eider", rate("eider"), slow=True),
            Contender("disk", rate("disk"), slow=True),
            Contender("pylance", rate("lance"), slow=True),
        ], rows=ROWS, rates=True, note=f"disk: {THREADS} threads of pread")


if __name__ == "__main__":
    kind, where, number, total = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    print(json.dumps(pread_rounds(where, number, total) if kind == "disk" else take_rounds(kind, where, number, total)))
