"""What the demo says: numbered steps, facts with sizes and rates, and checks that stop it when they do not hold."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

_COLOUR = sys.stdout.isatty()


class CheckFailed(AssertionError):
    """A claim of the demo does not hold."""


def _paint(text: str, code: str) -> str:
    return f"\033[{code}m{text}\033[0m" if _COLOUR else text


@contextmanager
def step(number: int, title: str) -> Iterator[None]:
    """Frames one step of the main job and prints how long it took."""
    print(_paint(f"\n{number}. {title}", "1;36"), flush=True)
    start = time.perf_counter()
    yield
    print(_paint(f"   step {number} took {time.perf_counter() - start:.1f} s", "2"), flush=True)


def say(text: str) -> None:
    for line in text.splitlines():
        print(f"   {line}", flush=True)


def check(holds: bool, claim: str) -> None:
    """Prints `claim` when it holds; stops the demo when it does not."""
    if not holds:
        raise CheckFailed(f"does not hold: {claim}")
    print(f"   {_paint('ok', '32')}  {claim}", flush=True)


def size(num_bytes: float) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if num_bytes < 1024:
            return f"{num_bytes:.0f} {unit}" if unit == "bytes" else f"{num_bytes:.1f} {unit}"
        num_bytes /= 1024
    return f"{num_bytes:.2f} GiB"


def rate(count: float, seconds: float, unit: str) -> str:
    return f"{count / max(seconds, 1e-9):,.0f} {unit}/s"


def progress(title: str, unit: str, total: int | None = None) -> tqdm:
    """A progress bar; in a log file there is none, the steps speak."""
    where = sys.stderr if sys.stderr.isatty() else io.StringIO()  # not `disable`: its count is needed
    return tqdm(desc=f"   {title}", unit=unit, total=total, ncols=100, delay=0.5, file=where)
