"""Files of every version and of several releases, read by the engine under test:

    python -m tests.interop.corpus --cases 300 [--seed 0] [--versions legacy 2.0 2.1 2.2 2.3] [--release PYTHON ...]

A case (corpus_cases.py) is a dataset of one to three columns of some types, nullability, nesting and encoding metadata. `--release` names
the interpreter of another environment with an older release of the reference: it writes the same cases in a child process, with
what it can, and beside each `<case>.lance` a `<case>.arrow`: what it reads of it itself. What a release refuses to write counts as
refused. Whatever was written must read as its writer reads it, or as the newest reference does where the writer cannot: all rows,
batches, ranges, takes with duplicates, one column. Differences that are the reference's are in known.py, with the reason.
"""

from __future__ import annotations

import argparse
import collections
import json
import pathlib
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.compute

from tests.interop.corpus_cases import CorpusCase

REPOSITORY = pathlib.Path(__file__).parents[2]
VERSIONS = ("legacy", "2.0", "2.1", "2.2", "2.3")
PER_CHILD = 100
MOST_REFUSED = 0.75  # of the cases of one version: more would prove little
Counts = collections.Counter[str]


# ------------------------------------------------------------------------------------------------------------------ writing

def write(folder: pathlib.Path, version: str, seeds: range) -> None:
    """Writes cases with the release of this interpreter; prints lines before and after each."""
    import lance

    for seed in seeds:
        case = CorpusCase(seed, version)
        print(json.dumps([seed, "start", lance.__version__]), flush=True)
        uri = str(folder / f"{seed}.lance")
        try:
            lance.write_dataset(case.table, uri, data_storage_version=version, max_rows_per_file=case.max_rows_per_file,
                                max_rows_per_group=case.max_rows_per_group)
            outcome = "written"
        except BaseException as error:  # panics of the reference do not derive from Exception
            outcome = f"{type(error).__name__}: {str(error)[:80]}"
        print(json.dumps([seed, outcome, lance.__version__]), flush=True)
        if outcome == "written":
            save_reading(lance, uri, folder / f"{seed}.arrow")


def save_reading(lance, uri: str, path: pathlib.Path) -> None:
    try:
        table = lance.dataset(uri).to_table()
        with pa.ipc.new_file(str(path) + ".part", table.schema) as out:
            out.write_table(table)
        pathlib.Path(str(path) + ".part").rename(path)
    except BaseException:  # the writer cannot read it: the file is missing
        return


def written(python: str, folder: pathlib.Path, version: str, seeds: range) -> tuple[str, dict[int, str]]:
    """The writer's release and what became of each seed; the writers are child processes, as some cases abort a release."""
    outcomes: dict[int, str] = {}
    first, release = seeds.start, "?"
    while first < seeds.stop:
        command = [python, "-m", "tests.interop.corpus", "--write", str(folder), "--versions", version, "--seed", str(first),
                   "--cases", str(seeds.stop - first)]
        process = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
        lines = [json.loads(line) for line in process.stdout.splitlines() if line.startswith("[")]
        if not lines:
            raise SystemExit(f"{python} wrote nothing: {process.stderr[-2000:]}")
        for seed, outcome, release in lines:
            outcomes[seed] = outcome
        first = lines[-1][0] + 1
    return release, outcomes


# ------------------------------------------------------------------------------------------------------------------ reading

def wanted(uri: str, own: pathlib.Path, case: CorpusCase) -> tuple[pa.Table, str]:
    """What the rows should be, and who says so: the writer, else the newest reference, else what was given to the writer."""
    import lance

    if own.exists():
        return pa.ipc.open_file(str(own)).read_all(), "its writer"
    try:
        return lance.dataset(uri).to_table(), "the newest reference"
    except BaseException:
        return case.table, "what was written"


def check_blobs(ds, uri: str, case: CorpusCase) -> None:
    import lance

    name = case.schema.names[0]
    valid = [row for row in case.picks[:5] if case.table[name][row].is_valid]
    if not valid:
        return
    theirs = [blob.readall() for blob in lance.dataset(uri).take_blobs(name, indices=valid)]
    assert [blob.readall() for blob in ds.take_blobs(name, indices=valid)] == theirs, "take_blobs differs"
    assert theirs == [case.table[name][row].as_py() for row in valid], "take_blobs of the reference differs from what was written"


def check_complete_rows(table: pa.Table, mine: pa.Table) -> None:
    """Version 0.1 keeps few nulls, and the reference does not read back what lacks those that it wants."""
    from tests.interop.compare import canonical_column, check_column, complete_rows

    for name in table.column_names:
        rows = canonical_column(table[name])
        picks = pa.array(np.flatnonzero(complete_rows(rows)))
        check_column(rows.take(picks), canonical_column(mine[name]).take(picks), f"column {name!r}, rows without nulls")


def nulls_of_blobs(descriptions: pa.StructArray) -> pa.StructArray:
    """The reference shows null blobs of version 2.0 as what is stored for them: position 1, no bytes."""
    positions, sizes = descriptions.field(0), descriptions.field(1)
    is_null = pa.compute.and_(pa.compute.equal(positions, 1), pa.compute.equal(sizes, 0))
    return pa.StructArray.from_arrays([positions, sizes], fields=list(descriptions.type), mask=is_null)


def check(uri: str, own: pathlib.Path, case: CorpusCase) -> None:
    """Raises AssertionError, or an error of either engine that is not in order."""
    import lance

    import eider
    from tests.interop.compare import Expected

    table, whose = wanted(uri, own, case)
    ds = eider.dataset(uri)
    if case.version == "legacy" and whose == "what was written":
        check_complete_rows(table, ds.to_table())
        table, whose = ds.to_table(), "itself"
    if case.is_blob() and case.version == "2.0":
        table = table.set_column(0, case.schema.names[0], nulls_of_blobs(table.column(0).combine_chunks()))
    expected = Expected(table)
    try:
        schema = lance.dataset(uri).schema
    except BaseException:  # what it wrote, it does not open
        schema = ds.schema
    assert ds.schema.equals(schema, check_metadata=True), f"schema {ds.schema}, expected {schema}"
    expected.check(ds.to_table(), f"to_table, as {whose} reads")
    for start, count in case.ranges if expected.rows else ():
        expected.slice(start, count).check(ds.to_table(offset=start, limit=count), f"offset {start} limit {count}")
    if case.picks:
        expected.take(case.picks).check(ds.take(case.picks), "take")
        batches = list(ds.to_batches(batch_size=max(1, expected.rows // 3)))
        expected.check(pa.Table.from_batches(batches, batches[0].schema), "to_batches")
    last = case.schema.names[-1:]
    expected.project(last).check(ds.to_table(columns=last), "one column")
    if case.is_blob():
        check_blobs(ds, uri, case)


def outcome_of(uri: str, own: pathlib.Path, case: CorpusCase, version: str, release: str) -> tuple[str, str]:
    from tests.interop.known import corpus_difference

    try:
        check(uri, own, case)
        return "equal", ""
    except BaseException as error:
        text = f"{type(error).__name__}: {error}"
    if reason := corpus_difference(case, version, release, text):
        return "known", reason
    return "failed", text


def run(python: str, version: str, seeds: range, scratch: pathlib.Path) -> tuple[Counts, Counts, list[str]]:
    """Outcomes, known differences by reason, and failures."""
    counts, reasons, failures = Counts(), Counts(), []
    release, outcomes = written(python, scratch, version, seeds)
    for seed, outcome in outcomes.items():
        if outcome != "written":
            counts["refused"] += 1
            continue
        case, uri = CorpusCase(seed, version), scratch / f"{seed}.lance"
        result, text = outcome_of(str(uri), scratch / f"{seed}.arrow", case, version, release)
        counts[result] += 1
        counts["files"] += len(list((uri / "data").glob("*.lance")))
        if result == "known":
            reasons[text] += 1
        elif result == "failed":
            failures.append(f"pylance {release} version {version} seed {seed}: {text}\n    {case.describe()}")
    return counts, reasons, failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=300, help="of each version and release")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--versions", nargs="+", default=list(VERSIONS))
    parser.add_argument("--release", nargs="*", default=[], help="interpreters of environments with older releases")
    parser.add_argument("--only-releases", action="store_true", help="the newest release writes nothing")
    parser.add_argument("--write", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.write:
        write(pathlib.Path(arguments.write), arguments.versions[0], range(arguments.seed, arguments.seed + arguments.cases))
        return 0
    from tests.interop.roundtrip import scratch

    total, known = Counts(), Counts()
    end = arguments.seed + arguments.cases
    for python in [*([] if arguments.only_releases else [sys.executable]), *arguments.release]:
        for version in arguments.versions:
            counts = Counts()
            for first in range(arguments.seed, end, PER_CHILD):
                with scratch() as folder:
                    some, reasons, failures = run(python, version, range(first, min(first + PER_CHILD, end)), folder)
                counts += some
                known += reasons
                for failure in failures:
                    print(f"FAILED {failure}", flush=True)
            print(f"{python} {version}: {dict(counts)}", flush=True)
            total += counts
    for reason, number in known.most_common():
        print(f"known {number}: {reason}")
    print(f"{total['files']} files of {total['equal'] + total['known'] + total['failed']} datasets: {total['equal']} equal, "
          f"{total['known']} known differences, {total['failed']} failed; {total['refused']} refused by their writer")
    return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
