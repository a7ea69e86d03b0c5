"""Damaged bytes of files and manifests: read, or refused with a clear exception; never a crash, a hang or another error."""

from __future__ import annotations

import json
import os
import pathlib
import struct
import subprocess
import sys

import pytest

from tests.interop import engines
from tests.interop.hostile import newest_manifest

LONG = os.environ.get("EIDER_INTEROP_LONG") == "1"  # every byte, instead of a number of them spread over the file
# The unit tests flip all metadata of all versions; here the way up to Python and its exceptions is tried.
GOLDEN = sorted((pathlib.Path(__file__).parents[1] / "golden").glob(f"pylance-14.*/{'2.*' if LONG else '2.2'}/*.lance"))
REPOSITORY = pathlib.Path(__file__).parents[2]


def step_for(size: int, tries: int) -> int:
    return 1 if LONG else max(1, size // tries)


def hostile(kind: str, source: pathlib.Path, first: int, last: int, step: int, tmp_path) -> list[tuple[str, dict]]:
    """(what was done, outcome) of each try; a child that died is resumed behind what killed it."""
    results: list[tuple[str, dict]] = []
    while first < last:
        command = [sys.executable, "-m", "tests.interop.hostile", engines.UNDER_TEST, kind, str(source), str(first), str(last),
                   str(step), str(tmp_path)]
        child = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY)
        lines = [json.loads(line) for line in child.stdout.splitlines() if line.startswith("{")]
        pairs = list(zip(lines[0::2], lines[1::2]))
        results += [(start["start"], end) for start, end in pairs]
        if child.returncode == 0:
            return results
        assert lines, f"the child did not start: {child.stderr[-2000:]}"
        assert len(lines) % 2 == 1, f"the child ended with {child.returncode} between two tries: {child.stderr[-2000:]}"
        what = lines[-1]["start"]
        results.append((what, {"end": "died", "type": str(child.returncode), "text": child.stderr[-1000:]}))
        words = what.split()
        first = int(words[2] if words[0] == "cut" else words[1]) + step
        if sum(outcome["end"] == "died" for _, outcome in results) >= 5:
            return results
    return results


def judge(results: list[tuple[str, dict]], what: str) -> None:
    bad = [(done, outcome) for done, outcome in results if outcome["end"] not in ("read", "error")]
    assert results, f"{what}: nothing was tried"
    lines = "\n".join(f"  {done}: {outcome['end']} {outcome.get('type')}: {outcome['text']}" for done, outcome in bad[:5])
    assert not bad, f"{what}: {len(bad)} of {len(results)} tries neither read nor raised an Eider error\n{lines}"


def metadata_start(data: bytes) -> int:
    """Where the metadata of a data file begins: global buffer 0 lies before the column metadata."""
    columns, _, gbo = struct.unpack("<QQQ", data[-40:-16])
    schema = struct.unpack("<Q", data[gbo:gbo + 8])[0]
    return min(schema, columns)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_flipped_metadata_is_read_or_refused(path, tmp_path) -> None:
    data = path.read_bytes()
    start = metadata_start(data)
    step = step_for(len(data) - start, 300)
    results = hostile("flip", path, start, len(data), step, tmp_path)
    judge(results, f"flips in the metadata of {path.name}")
    refused = sum(outcome["end"] == "error" for _, outcome in results)
    assert refused > len(results) // 20, f"only {refused} of {len(results)} flips were noticed"


@pytest.mark.parametrize("path", GOLDEN, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_flipped_pages_are_read_or_refused(path, tmp_path) -> None:
    data = path.read_bytes()
    end = metadata_start(data)
    if end == 0:
        pytest.skip("constant pages have no bytes")
    judge(hostile("flip", path, 0, end, step_for(end, 200), tmp_path), f"flips in the pages of {path.name}")


@pytest.mark.parametrize("path", [p for p in GOLDEN if p.stem in ("bitpack", "fsst", "lists", "structs", "mixed", "fullzip_text")],
                         ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_a_truncated_file_is_refused(path, tmp_path, errors) -> None:
    size = path.stat().st_size
    results = hostile("cut", path, 0, size, step_for(size, 400), tmp_path)
    results += hostile("cut", path, size - 60, size, 1, tmp_path)
    judge(results, f"cuts of {path.name}")
    accepted = [done for done, outcome in results if outcome["end"] == "read"]
    assert not accepted, f"{path.name} {accepted[:3]} was read"
    unclear = [outcome for _, outcome in results if outcome["type"] != "CorruptError" or ".lance" not in outcome["text"]]
    assert not unclear, unclear[:3]


@pytest.mark.parametrize("deleted", [False, True], ids=["plain", "with deletions"])
def test_flipped_manifests_are_read_or_refused(deleted, dataset, tmp_path, reference) -> None:
    if deleted:
        reference.dataset(dataset).delete("id % 3 = 1")
    size = newest_manifest(pathlib.Path(dataset)).stat().st_size
    judge(hostile("flip-manifest", pathlib.Path(dataset), 0, size, step_for(size, 1200), tmp_path), "flips in a manifest")
