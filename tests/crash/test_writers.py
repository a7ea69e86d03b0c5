"""Many processes change one table: nothing that was acknowledged is lost, nothing is there twice."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import textwrap

import lance
import pyarrow as pa

import eider
from benchmarks.bench_writers import append_from_many, make_table

WRITERS, APPENDS = (16, 200) if os.environ.get("EIDER_CRASH_ALL") else (4, 25)
MAINTAINED = (8, 1250) if os.environ.get("EIDER_CRASH_ALL") else (4, 150)
REPOSITORY = pathlib.Path(__file__).parents[2]

UPSERTER = textwrap.dedent("""
    import sys
    import pyarrow as pa
    import eider
    uri, writer, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    for round in range(rounds):
        keys = list(range(round, round + 5))
        source = pa.table({"id": pa.array(keys, pa.int64()), "writer": pa.array([writer] * 5, pa.int64())})
        for attempt in range(1000):
            try:
                eider.dataset(uri).merge_insert("id").when_matched_update_all().when_not_matched_insert_all().execute(source)
                break
            except eider.RetryableConflictError:
                pass
        else:
            raise RuntimeError("other writers were always faster")
""")


def test_appends_of_many_processes_are_there_once(tmp_path: pathlib.Path) -> None:
    uri = str(tmp_path / "t.lance")
    make_table(eider, uri)
    returned, seconds = append_from_many("eider", uri, WRITERS, APPENDS, "none")
    assert sorted(returned) == list(range(WRITERS * APPENDS))
    for engine in (eider, lance):
        assert sorted(engine.dataset(uri).to_table()["id"].to_pylist()) == sorted(returned)
    print(f"{WRITERS} x {APPENDS} appends: {len(returned) / seconds:.0f} commits/s")


def test_the_same_keys_upserted_by_many_processes_are_there_once(tmp_path: pathlib.Path) -> None:
    uri = str(tmp_path / "t.lance")
    eider.write_dataset(pa.table({"id": pa.array([0], pa.int64()), "writer": pa.array([-1], pa.int64())}), uri, durability="none")
    rounds = APPENDS // 5
    children = [subprocess.Popen([sys.executable, "-c", UPSERTER, uri, str(writer), str(rounds)], stderr=subprocess.PIPE, text=True,
                                 cwd=REPOSITORY, env={**os.environ, "EIDER_DURABILITY": "none"}) for writer in range(max(4, WRITERS // 2))]
    for child in children:
        _, errors = child.communicate(timeout=1200)
        assert child.returncode == 0, errors[-2000:]
    for engine in (eider, lance):
        assert sorted(engine.dataset(uri).to_table()["id"].to_pylist()) == list(range(rounds + 4))


def test_a_table_that_looks_after_itself_never_has_many_fragments(tmp_path: pathlib.Path) -> None:
    uri = str(tmp_path / "t.lance")
    make_table(eider, uri)
    eider.dataset(uri).update_config({"eider.maintenance": "on"})
    returned, seconds = append_from_many("eider", uri, *MAINTAINED, "none")
    counts = [int(version["metadata"]["total_fragments"]) for version in eider.dataset(uri).versions()]
    print(f"{len(returned)} appends by {MAINTAINED[0]} writers: at most {max(counts)} fragments, {len(returned) / seconds:.0f} commits/s")
    assert len(counts) > len(returned), "nothing was compacted"
    assert max(counts) <= 300
    for engine in (eider, lance):
        assert sorted(engine.dataset(uri).to_table()["id"].to_pylist()) == sorted(returned)
