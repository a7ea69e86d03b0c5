"""The long runs, by hand: python -m tests.long [--cases 20000] [--fuzz-seconds 600] [--skip sweep|filters|scans|corpus|bad-input|sequences|limits|crash|simulation|fuzz ...]

sweep       generated round trips, both ways and through single files
filters     random predicates over random tables, as many as cases
scans       every way of asking for rows, as many as cases; scans that are dropped half-way
corpus      datasets of every file version; older releases of the reference write too, where EIDER_RELEASES names the
            interpreters (colons between them) of environments that hold them
sequences   random operation sequences
limits      ten thousand columns, values of a gigabyte (8 GiB of memory)
bad-input   every byte of the golden files, not only every n-th
crash       every call of every operation fails or is the last; every cut of power; 16 processes x 200 appends, 10,000 under maintenance
simulation  100,000 commits of simulated processes, their history checked
fuzz        libFuzzer on every target (needs clang), else many seeded mutations

Each step prints its command, so that it can be run alone. The exit status is the number of failed steps.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import time

from tests.interop.predicate_check import PER_TABLE

REPOSITORY = pathlib.Path(__file__).parents[2]


def fuzz_steps(seconds: int) -> list[tuple[list[str], dict[str, str]]]:
    clang = shutil.which("clang++-16") or shutil.which("clang++")
    preset = "fuzz" if clang else "asan"
    cores = str(os.cpu_count() or 2)
    steps = [(["cmake", "--preset", preset], {}),
             (["ninja", "-C", f"build/{preset}", f"-j{cores}", "fuzz_targets"], {})]
    if clang:
        return [*steps, (["fuzz/run.sh", "build/fuzz/fuzz", str(seconds)], {})]
    return [*steps, (["cmake", "-B", "build/asan", f"-DEIDER_FUZZ_MUTATIONS={seconds * 2000}"], {}),
            (["ctest", "--test-dir", "build/asan", "-L", "fuzz", "--output-on-failure"], {})]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fuzz-seconds", type=int, default=600, help="for each target")
    parser.add_argument("--skip", nargs="*", default=[], choices=["sweep", "filters", "scans", "corpus", "sequences", "limits", "bad-input", "crash", "simulation",
                                                                  "fuzz"])
    arguments = parser.parse_args()
    pytest = [sys.executable, "-m", "pytest", "-q"]
    steps: dict[str, list[tuple[list[str], dict[str, str]]]] = {
        "sweep": [([sys.executable, "-m", "tests.interop.sweep", "--cases", str(arguments.cases), "--seed", str(arguments.seed)], {})],
        "filters": [([sys.executable, "-m", "tests.interop.sweep", "--direction", "filters", "--seed", str(arguments.seed), "--cases",
                      str(arguments.cases // PER_TABLE)], {})],
        "scans": [([*pytest, "tests/python/test_any_scan.py", "tests/python/test_dropped_scans.py"],
                   {"EIDER_SCAN_TABLES": str(arguments.cases // 30), "EIDER_DROPPED_SCANS": "1000"})],
        "corpus": [([sys.executable, "-m", "tests.interop.corpus", "--cases", str(max(600, arguments.cases // 10)), "--release",
                     *filter(None, os.environ.get("EIDER_RELEASES", "").split(":"))], {})],
        "sequences": [([*pytest, "tests/interop/test_sequences.py"], {"EIDER_INTEROP_SEQUENCES": "5000"})],
        "limits": [([*pytest, "tests/long/test_limits.py"], {})],
        "bad-input": [([*pytest, "tests/interop/test_damaged_bytes.py"], {"EIDER_INTEROP_LONG": "1"})],
        "crash": [([*pytest, "-s", "tests/crash"], {"EIDER_CRASH_ALL": "1"})],
        "simulation": [(["cmake", "--preset", "dev"], {}), (["ninja", "-C", "build/dev", "table_tests"], {}),
                       (["build/dev/table_tests", "--gtest_filter=SimulationTest.*"], {"EIDER_SIMULATED_COMMITS": "100000"})],
        "fuzz": fuzz_steps(arguments.fuzz_seconds),
    }
    failed = 0
    for name, commands in steps.items():
        if name in arguments.skip:
            continue
        for command, extra in commands:
            shown = " ".join([*(f"{k}={v}" for k, v in extra.items()), *command])
            print(f"== {name}: {shown}", flush=True)
            start = time.time()
            code = subprocess.run(command, cwd=REPOSITORY, env={**os.environ, **extra}).returncode
            print(f"== {name}: exit {code} after {time.time() - start:.0f} s", flush=True)
            if code:
                failed += 1
                break
    return failed


if __name__ == "__main__":
    sys.exit(main())
