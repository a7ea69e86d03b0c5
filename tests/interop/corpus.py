"""Files of every version and of several releases, read by the engine under test and by the newest reference:

    python -m tests.interop.corpus --cases 300 [--seed 0] [--versions legacy 2.0 2.1 2.2] [--release PYTHON ...]

A case is a dataset of one to three columns of random types, nullability, nesting and encoding metadata. `--release` names the
interpreter of another environment with an older release of the reference: it writes the same cases in a child process, with what
it can. What a release refuses to write counts as refused. Whatever was written must read as the newest reference reads it: values,
row ranges, random takes, projections.
"""

from __future__ import annotations

import argparse
import collections
import json
import pathlib
import random
import subprocess
import sys

import numpy as np
import pyarrow as pa

from tests.interop.arrays import make_array
from tests.interop.generators import Dialect, random_field, random_rows

REPOSITORY = pathlib.Path(__file__).parents[2]
VERSIONS = ("legacy", "2.0", "2.1", "2.2")
PER_CHILD = 50
MOST_REFUSED = 0.75  # of the cases of one version: more would prove little


class OldCase:
    """Seeded like `Case`, but with types that every version can try, and no rows that only slices make."""

    def __init__(self, seed: int, version: str) -> None:
        rng, npr = random.Random(f"{version} {seed}"), np.random.default_rng(seed)
        dialect = Dialect("2.2" if version == "2.2" else "2.1")
        fields = [random_field(rng, dialect, f"c{i}", hints=version != "legacy") for i in range(rng.choice((1, 1, 2, 3)))]
        self.schema = pa.schema(fields)
        self.rows = min(random_rows(rng, self.schema), 3000)
        self.table = pa.Table.from_arrays([make_array(rng, npr, f.type, self.rows, f.nullable) for f in fields], schema=self.schema)
        self.max_rows_per_file = rng.choice((1 << 20, 1 << 20, max(1, self.rows // 2 + 1)))
        self.max_rows_per_group = rng.choice((1024, 1024, 7, 100)) if self.rows < 1000 else 1024
        self.picks = [rng.randrange(self.rows) for _ in range(25)] if self.rows else []
        self.ranges = [(0, 1), (self.rows // 3, 10), (self.rows // 2, self.rows), (max(0, self.rows - 1), 5)]


def write(folder: pathlib.Path, version: str, seeds: range) -> None:
    """Writes cases with the release of this interpreter; prints one line for each."""
    import lance

    for seed in seeds:
        case = OldCase(seed, version)
        print(json.dumps([seed, "start"]), flush=True)
        try:
            lance.write_dataset(case.table, str(folder / f"{seed}.lance"), data_storage_version=version,
                                max_rows_per_file=case.max_rows_per_file, max_rows_per_group=case.max_rows_per_group)
            outcome = "written"
        except BaseException as error:  # panics of the reference do not derive from Exception
            outcome = f"{type(error).__name__}: {str(error)[:80]}"
        print(json.dumps([seed, outcome]), flush=True)


def written(python: str, folder: pathlib.Path, version: str, seeds: range) -> dict[int, str]:
    """What became of each seed, the writers run as child processes: some cases abort a release."""
    outcomes: dict[int, str] = {}
    first = seeds.start
    while first < seeds.stop:
        command = [python, "-m", "tests.interop.corpus", "--write", str(folder), "--versions", version, "--seed", str(first),
                   "--cases", str(seeds.stop - first)]
        process = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
        lines = [json.loads(line) for line in process.stdout.splitlines() if line.startswith("[")]
        if not lines:
            raise SystemExit(f"{python} wrote nothing: {process.stderr[-2000:]}")
        for seed, outcome in lines:
            outcomes[seed] = outcome
        first = lines[-1][0] + 1
    return outcomes


def difference(mine: pa.Table, theirs: pa.Table) -> str | None:
    from tests.interop.compare import canonical_column

    if mine.schema.names != theirs.schema.names:
        return f"columns {mine.schema.names}, expected {theirs.schema.names}"
    for name in theirs.schema.names:
        if mine.schema.field(name).type != theirs.schema.field(name).type:
            return f"column {name}: {mine.schema.field(name).type}, expected {theirs.schema.field(name).type}"
        if not canonical_column(mine[name]).equals(canonical_column(theirs[name])):
            return f"column {name} ({theirs.schema.field(name).type}) differs"
    return None


def check(uri: str, case: OldCase) -> str:
    """'ok', 'unread' when the reference itself cannot read it, or what is wrong."""
    import lance

    import eider

    try:
        ds = lance.dataset(uri)
        answers = [("to_table", ds.to_table())]
        answers += [(f"offset {a} limit {n}", ds.to_table(offset=a, limit=n)) for a, n in case.ranges if case.rows]
        answers += [("take", ds.take(case.picks))] if case.picks else []
        answers += [("one column", ds.to_table(columns=[case.schema.names[-1]]))]
    except BaseException:
        return "unread"
    try:
        mine = eider.dataset(uri)
        mine_answers = [mine.to_table()]
        mine_answers += [mine.to_table(offset=a, limit=n) for a, n in case.ranges if case.rows]
        mine_answers += [mine.take(case.picks)] if case.picks else []
        mine_answers += [mine.to_table(columns=[case.schema.names[-1]])]
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    for (what, theirs), ours in zip(answers, mine_answers):
        if found := difference(ours, theirs):
            return f"{what}: {found}"
    return "ok"


def run(python: str, version: str, seeds: range, scratch: pathlib.Path) -> tuple[collections.Counter[str], list[str]]:
    counts: collections.Counter[str] = collections.Counter()
    failures = []
    for seed, outcome in written(python, scratch, version, seeds).items():
        result = "refused"
        if outcome == "written":
            case = OldCase(seed, version)
            result = check(str(scratch / f"{seed}.lance"), case)
            if result not in ("ok", "unread"):
                failures.append(f"version {version} seed {seed}: {result}\n    {case.schema}")
                result = "failed"
        counts[result] += 1
    return counts, failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=300, help="of each version and release")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--versions", nargs="+", default=list(VERSIONS))
    parser.add_argument("--release", nargs="*", default=[], help="interpreters of environments with older releases")
    parser.add_argument("--write", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.write:
        write(pathlib.Path(arguments.write), arguments.versions[0], range(arguments.seed, arguments.seed + arguments.cases))
        return 0
    from tests.interop.roundtrip import scratch

    failed = 0
    total: collections.Counter[str] = collections.Counter()
    for python in [sys.executable, *arguments.release]:
        for version in arguments.versions:
            counts: collections.Counter[str] = collections.Counter()
            for first in range(arguments.seed, arguments.seed + arguments.cases, PER_CHILD):
                with scratch() as folder:
                    some, failures = run(python, version, range(first, min(first + PER_CHILD, arguments.seed + arguments.cases)), folder)
                counts += some
                for failure in failures:
                    print(f"FAILED {python} {failure}", flush=True)
            print(f"{python} {version}: {dict(counts)}", flush=True)
            failed += counts["failed"]
            total += counts
    print(f"{total['ok']} datasets read alike, {total['refused']} refused by their writer, {total['unread']} unread by the reference, "
          f"{total['failed']} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
