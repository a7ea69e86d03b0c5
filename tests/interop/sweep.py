"""Runs many generated cases: python -m tests.interop.sweep --cases 20000 --seed 0 [--direction reads|writes|files|filters] [--jobs 2]

Each job works through its seeds in a child process, so that an abort of the reference costs one case and not the sweep. A failing
seed is printed with its case; `--cases 1 --seed N --direction D` runs it alone.
"""

from __future__ import annotations

import argparse
import collections
import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from tests.interop import predicate_check, roundtrip
from tests.interop.engines import under_test

PER_CHILD = 250  # seeds
DIRECTIONS = {**roundtrip.DIRECTIONS, "filters": predicate_check.filters}  # a seed of filters: one table and 100 of them


def run_one(engine, direction: str, seed: int) -> tuple[str, str]:
    try:
        DIRECTIONS[direction](engine, seed)
        return "ok", ""
    except roundtrip.Skip as skip:
        return "skipped", str(skip)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the reference's panics do not derive from Exception
        return "failed", f"{type(error).__name__}: {error}"


def child(first: int, count: int, directions: list[str]) -> None:
    engine = under_test()
    for seed in range(first, first + count):
        for direction in directions:
            print(json.dumps(["start", direction, seed]), flush=True)
            outcome, text = run_one(engine, direction, seed)
            print(json.dumps([outcome, direction, seed, text[:3000]]), flush=True)


class Sweep:
    def __init__(self, directions: list[str], keep: int) -> None:
        self.directions, self.keep = directions, keep
        self.lock = threading.Lock()
        self.counts: collections.Counter[str] = collections.Counter()
        self.reasons: collections.Counter[str] = collections.Counter()
        self.failures: list[tuple[str, int, str]] = []

    def add(self, outcome: str, direction: str, seed: int, text: str) -> None:
        with self.lock:
            self._add(outcome, direction, seed, text)

    def _add(self, outcome: str, direction: str, seed: int, text: str) -> None:
        self.counts[outcome] += 1
        if outcome == "skipped":
            self.reasons[text] += 1
        elif outcome != "ok":
            self.failures.append((direction, seed, text))
            if len(self.failures) <= self.keep:
                print(f"{outcome.upper()} --direction {direction} --seed {seed} --cases 1\n    {text}", flush=True)

    def run(self, first: int, count: int) -> None:
        """One child process for these seeds; when it dies, another goes on behind the seed that killed it."""
        end = first + count
        while first < end:
            command = [sys.executable, "-m", "tests.interop.sweep", "--child", "--seed", str(first), "--cases", str(end - first),
                       "--direction", *self.directions]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            last = None
            for line in process.stdout:
                if line.startswith("["):
                    entry = json.loads(line)
                    last = entry if entry[0] == "start" else None
                    if last is None:
                        self.add(*entry)
            code = process.wait()
            if last is None and code == 0:
                return
            if last is None:
                raise SystemExit(f"the child process ended with {code} outside a case")
            self.add("died", last[1], last[2], f"the process ended with {code}")
            first = last[2] + 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--direction", nargs="+", choices=sorted(DIRECTIONS), default=list(roundtrip.DIRECTIONS))
    parser.add_argument("--jobs", type=int, default=1, help="child processes at once")
    parser.add_argument("--keep", type=int, default=20, help="failures printed in full")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.seed, arguments.cases, arguments.direction)
        return 0
    start = time.time()
    sweep = Sweep(arguments.direction, arguments.keep)
    end = arguments.seed + arguments.cases
    with ThreadPoolExecutor(arguments.jobs) as pool:
        list(pool.map(lambda first: sweep.run(first, min(PER_CHILD, end - first)), range(arguments.seed, end, PER_CHILD)))
    for reason, number in sweep.reasons.most_common():
        print(f"skipped {number}: {reason}")
    print(f"{dict(sweep.counts)} in {time.time() - start:.0f} s, seeds {arguments.seed}..{arguments.seed + arguments.cases - 1}")
    return 1 if sweep.failures else 0


if __name__ == "__main__":
    sys.exit(main())
