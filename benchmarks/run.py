"""Runs the side-by-side benchmarks: python -m benchmarks [--quick] [--engine eider] [names...]

Names choose cases (`take-list5`) or groups (`take scan write open append addcolumn filter change merge aggregate distinct describe sort scaling categories blobs checksums cold epoch writers`); none means all. Prints a table with ratios
to the first contender of each case (above 1: the other one is slower) and writes the figures as JSON into the data folder.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import sys
import time

from benchmarks import (
    bench_blobs,
    bench_categories,
    bench_changes,
    bench_checksums,
    bench_cold,
    bench_epoch,
    bench_filter,
    bench_merge,
    bench_reduce,
    bench_scan,
    bench_table,
    bench_take,
    bench_writers,
    data,
)
from benchmarks.harness import machine, measure, print_case, release_warm

# What is mapped cannot be dropped from memory: "cold" comes before all that reads the same files in this process.
GROUPS = {"cold": bench_cold, "take": bench_take, "table": bench_table, "filter": bench_filter, "change": bench_changes, "merge": bench_merge, "reduce": bench_reduce, "scan": bench_scan, "categories": bench_categories, "blobs": bench_blobs, "checksums": bench_checksums,
          "epoch": bench_epoch, "writers": bench_writers}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, short rounds")
    parser.add_argument("--engine", default="eider", help="module under test (lance measures the reference against itself)")
    parser.add_argument("--seconds", type=float, default=None, help="time for each contender of a case")
    parser.add_argument("--json", default=None, help="where to write the figures")
    arguments = parser.parse_args()
    engine = importlib.import_module(arguments.engine)
    seconds = arguments.seconds or (0.3 if arguments.quick else 1.5)
    described = machine() | {"engine": f"{arguments.engine} {getattr(engine, '__version__', '')}".strip(),
                             "quick": str(arguments.quick)}
    print("machine: " + ", ".join(f"{key} {value}" for key, value in described.items()))
    results, failures = [], []
    for group in GROUPS.values():
        for case in group.cases(engine, arguments.quick, set(arguments.names)):
            try:
                measured = measure(case, seconds)
                remark = case.after() if case.after else None
            except Exception as error:
                failures.append(f"{case.name}: {type(error).__name__}: {str(error)[:300]}")
                print(f"{case.name:28} FAILED {failures[-1]}", flush=True)
                continue
            finally:
                release_warm()
            print_case(measured)
            if remark:
                print(f"{'':28} {remark}")
            results += measured
    path = arguments.json or str(data.folder(arguments.quick) / time.strftime("results-%Y%m%d-%H%M%S.json"))
    with open(path, "w") as out:
        json.dump({"machine": described, "results": [dataclasses.asdict(r) for r in results], "failures": failures}, out, indent=1)
    print(f"figures: {path}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
