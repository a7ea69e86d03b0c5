"""Side-by-side timing: contenders of one case take turns (A B C A B C ...), so that a slow minute hits all of them alike."""

from __future__ import annotations

import ctypes
import dataclasses
import mmap
import os
import pathlib
import platform
import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

_locked: list[tuple[mmap.mmap, int]] = []
_libc = ctypes.CDLL(None, use_errno=True)
_libc.mlock.argtypes = [ctypes.c_void_p, ctypes.c_size_t]


@dataclasses.dataclass
class Contender:
    """`run(i)` does the work once, with the i-th input; its answer is compared with the other contenders' for the same i."""

    name: str
    run: Callable[[int], Any]
    before: Callable[[], None] | None = None  # untimed
    slow: bool = False  # a peer with no such access path: measured with a few rounds only


@dataclasses.dataclass
class Case:
    name: str
    contenders: list[Contender]
    unit: str = "us"
    rows: int = 0  # rows of one run, for rates
    verify: Callable[[Any, Any], bool] | None = None
    seconds: float | None = None  # instead of the default per contender
    note: str = ""
    after: Callable[[], str | None] | None = None  # checks what was written, cleans up; may return a line to print
    each: str = ""  # what a row stands for, when the time of one is to be told
    rates: bool = False  # a run returns rows per second itself (cut epochs); its time is that of all `rows`


@dataclasses.dataclass
class Result:
    case: str
    contender: str
    median_us: float
    best_us: float
    runs: int
    rows: int
    note: str = ""
    each: str = ""
    peak_mb: float = 0.0  # anonymous memory that the first run added at its highest, its answer included; mapped files are not

    def rate(self) -> float:
        return self.rows / (self.median_us / 1e6) if self.rows else 0.0


def keep_warm(*paths: str | pathlib.Path) -> int:
    """Locks files (or all files below folders) into the page cache; touches them where locking is not allowed."""
    total = 0
    for path in map(pathlib.Path, paths):
        for file in [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file()):
            size = file.stat().st_size
            if size == 0:
                continue
            total += size
            with open(file, "rb") as opened:
                mapping = mmap.mmap(opened.fileno(), size, mmap.MAP_SHARED, mmap.PROT_READ)
            # Locking a private mapping that may be written locks copies of the pages instead.
            address = np.frombuffer(mapping, np.uint8).ctypes.data
            if _libc.mlock(ctypes.c_void_p(address), ctypes.c_size_t(size)) == 0:
                _locked.append((mapping, size))
            else:
                for at in range(0, size, mmap.PAGESIZE):
                    mapping[at]
    return total


def release_warm() -> None:
    _locked.clear()


def anonymous_bytes() -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("RssAnon"))


def run_watched(contender: Contender) -> tuple[Any, float]:
    """The answer of the first run, and the most anonymous memory (MB) that it added, looked at every millisecond and at its end."""
    done, peak, before = threading.Event(), 0, anonymous_bytes()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.001):
            peak = max(peak, anonymous_bytes())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        answer = contender.run(0)
    finally:
        done.set()
        watcher.join()
    return answer, max(0, max(peak, anonymous_bytes()) - before) / 1e6


def measure(case: Case, seconds: float) -> list[Result]:
    """Medians over interleaved rounds; about `seconds` for each contender in the mean, at least 3 rounds. All stop together: one that ran on alone
    would do so on a machine that the others no longer disturb."""
    budget = case.seconds or seconds
    answers, peaks = [], {}
    for contender in case.contenders:
        if contender.before is not None:
            contender.before()
        answer, peaks[contender.name] = run_watched(contender)
        answers.append(answer)
    if case.verify is not None:
        for contender, answer in zip(case.contenders[1:], answers[1:]):
            if not case.verify(answers[0], answer):
                raise AssertionError(f"{case.name}: {contender.name} and {case.contenders[0].name} give different answers")
    del answers
    times: dict[str, list[float]] = {contender.name: [] for contender in case.contenders}
    spent = {contender.name: 0.0 for contender in case.contenders}
    turn = 0
    while min(map(len, times.values())) < 3 or sum(spent.values()) < budget * len(spent):
        for contender in case.contenders:
            if contender.slow and len(times[contender.name]) >= 5:
                spent[contender.name] = max(spent[contender.name], budget)
                continue
            # A quick run is repeated within its turn, so that turns cost about the same.
            for _ in range(1 if not times[contender.name] or times[contender.name][-1] > 0.01 else 8):
                turn += 1
                if contender.before is not None:
                    contender.before()
                start = time.perf_counter()
                answer = contender.run(turn)
                elapsed = time.perf_counter() - start
                spent[contender.name] += elapsed
                times[contender.name].append(case.rows / answer if case.rates else elapsed)
                del answer
    return [Result(case.name, c.name, statistics.median(times[c.name]) * 1e6, min(times[c.name]) * 1e6, len(times[c.name]),
                   case.rows, case.note, case.each, peaks[c.name]) for c in case.contenders]


def human(microseconds: float) -> str:
    if microseconds >= 1e6:
        return f"{microseconds / 1e6:.2f} s"
    return f"{microseconds / 1e3:.2f} ms" if microseconds >= 1e4 else f"{microseconds:.1f} us"


def print_case(results: list[Result]) -> None:
    ours = results[0]
    for result in results:
        ratio = "" if result is ours else f"{result.median_us / ours.median_us:8.2f}x"
        rate = f"{result.rate():14,.0f} rows/s" if result.rows else ""
        if result.each:
            rate = f"{result.median_us / result.rows:8.2f} us a {result.each}"
        note = f"  {result.note}" if result.note and result is ours else ""
        name = result.case if result is ours else ""
        print(f"{name:28} {result.contender:22} {human(result.median_us):>12} {ratio:>9} {rate} +{result.peak_mb:7.1f} MB ({result.runs} runs){note}",
              flush=True)


def machine() -> dict[str, str]:
    import lance
    import pyarrow

    with open("/proc/cpuinfo") as cpuinfo:
        model = next((line.split(":")[1].strip() for line in cpuinfo if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    return {"cpu": model, "cores": str(os.cpu_count()), "memory": f"{memory} GiB", "kernel": platform.release(),
            "python": platform.python_version(), "pylance": lance.__version__, "pyarrow": pyarrow.__version__}
