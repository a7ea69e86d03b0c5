"""Backfills that go on after a crash, and those that commit fragments as they are done."""

import os
import pathlib
import signal
import subprocess
import sys
import textwrap

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import eider

SCHEMA = pa.schema([("twice", pa.int64())])


@pytest.fixture
def parts(write):
    return write(pa.table({"id": range(100), "name": [f"n{i}" for i in range(100)]}), max_rows_per_file=20)


def counted(checkpoint, calls, fail_at=None):
    @eider.batch_udf(output_schema=SCHEMA, checkpoint_file=checkpoint)
    def twice(batch):
        if fail_at is not None and fail_at in batch["id"].to_pylist():
            raise RuntimeError("stop")
        calls.extend(batch["id"].to_pylist())
        return pa.record_batch({"twice": pc.multiply(batch["id"], 2)})

    return twice


def twice_of(ds):
    return ds.to_table(columns=["twice"]).column(0).to_pylist()


def test_a_backfill_that_failed_goes_on_where_it_was(parts, tmp_path):
    path, calls = tmp_path / "backfill.sqlite", []
    with pytest.raises(RuntimeError, match="stop"):
        parts.add_columns(counted(path, calls, fail_at=57), read_columns=["id"], batch_size=5)
    assert parts.version == 1
    assert calls == list(range(55))
    eider.dataset(parts.uri).add_columns(counted(path, calls), read_columns=["id"], batch_size=5)
    assert calls == list(range(100)), "each row once, over both runs"
    assert twice_of(eider.dataset(parts.uri)) == [2 * i for i in range(100)]
    assert not path.exists()


def test_what_others_changed_meanwhile_is_computed_again(parts, tmp_path):
    path, calls = tmp_path / "backfill.sqlite", []
    with pytest.raises(RuntimeError, match="stop"):
        parts.add_columns(counted(path, calls, fail_at=57), read_columns=["id"], batch_size=5)
    other = eider.dataset(parts.uri)
    other.delete("id = 3 OR id = 44")
    other.insert(pa.table({"id": [100], "name": ["new"]}))
    calls.clear()
    eider.dataset(parts.uri).add_columns(counted(path, calls), read_columns=["id"], batch_size=5)
    left = [i for i in range(101) if i not in (3, 44)]
    assert calls == [i for i in left if not 20 <= i < 40], "fragment 1 alone is as it was"
    assert twice_of(eider.dataset(parts.uri)) == [2 * i for i in left]


def test_another_writer_in_the_middle_makes_it_run_again_for_that_fragment(parts, tmp_path):
    calls, done = [], []

    @eider.batch_udf(output_schema=SCHEMA, checkpoint_file=tmp_path / "c")
    def twice(batch):
        calls.extend(batch["id"].to_pylist())
        if not done:
            done.append(eider.dataset(parts.uri).delete("id = 99"))
        return {"twice": pc.multiply(batch["id"], 2)}

    parts.add_columns(twice, read_columns=["id"])
    assert twice_of(parts) == [2 * i for i in range(99)]
    assert len(calls) == 100 + 19


def test_a_checkpoint_of_something_else_is_refused(parts, write, tmp_path):
    path = tmp_path / "c"
    with pytest.raises(RuntimeError):
        parts.add_columns(counted(path, [], fail_at=57), read_columns=["id"])
    with pytest.raises(eider.InvalidError, match="another backfill"):
        parts.add_columns(counted(path, []), read_columns=["id", "name"])
    with pytest.raises(eider.InvalidError, match="another backfill"):
        eider.write_dataset(pa.table({"id": [1]}), tmp_path / "other").add_columns(counted(path, []), read_columns=["id"])
    (tmp_path / "text").write_text("not a database at all, and long enough to be one" * 100)
    with pytest.raises(eider.CorruptError, match="checkpoint_file"):
        parts.add_columns(counted(tmp_path / "text", []), read_columns=["id"])
    assert parts.version == 1


def test_a_file_that_was_cleaned_up_is_written_again(parts, tmp_path):
    path = tmp_path / "c"
    before = set(pathlib.Path(parts.uri, "data").iterdir())
    with pytest.raises(RuntimeError):
        parts.add_columns(counted(path, [], fail_at=57), read_columns=["id"])
    for orphan in set(pathlib.Path(parts.uri, "data").iterdir()) - before:
        orphan.unlink()
    calls = []
    parts.add_columns(counted(path, calls), read_columns=["id"])
    assert calls == list(range(100))
    assert twice_of(parts) == [2 * i for i in range(100)]


BACKFILL = """
    import os, sys, signal
    import pyarrow as pa, pyarrow.compute as pc
    import eider

    uri, path, log, kill_at, every = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])

    @eider.batch_udf(output_schema=pa.schema([("twice", pa.int64())]), checkpoint_file=path)
    def twice(batch):
        first = batch["id"][0].as_py()
        if first == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        with open(log, "a") as out:
            print(first, file=out)
        return {"twice": pc.multiply(batch["id"], 2)}

    eider.dataset(uri).add_columns(twice, read_columns=["id"], batch_size=5, commit_every=every or None)
"""


@pytest.mark.parametrize("every", [0, 1, 3])
def test_kill_9_at_any_batch_loses_none_that_was_done(parts, tmp_path, every):
    log = tmp_path / "log"
    for kill_at in (0, 15, 20, 60, 95, -1):
        arguments = [parts.uri, str(tmp_path / "c"), str(log), str(kill_at), str(every)]
        done = subprocess.run([sys.executable, "-c", textwrap.dedent(BACKFILL), *arguments], env=dict(os.environ))
        assert done.returncode == (-signal.SIGKILL if kill_at >= 0 else 0)
    assert [int(line) for line in log.read_text().split()] == list(range(0, 100, 5)), "every batch once, over six runs"
    assert twice_of(eider.dataset(parts.uri)) == [2 * i for i in range(100)]
    assert not (tmp_path / "c").exists()


def test_finished_fragments_are_committed_as_they_come(parts, tmp_path):
    assert parts.coverage("id") == [eider.FragmentCoverage(i, 20, 20) for i in range(5)]
    with pytest.raises(RuntimeError, match="stop"):
        parts.add_columns(counted(None, [], fail_at=57), read_columns=["id"], batch_size=5, commit_every=1)
    now = eider.dataset(parts.uri)
    assert now.coverage("twice") == [eider.FragmentCoverage(i, 20, 20 if i < 2 else 0) for i in range(5)]
    assert twice_of(now) == [2 * i for i in range(40)] + [None] * 60
    assert now.version == 4
    calls = []
    now.add_columns(counted(None, calls), read_columns=["id"], commit_every=2)
    assert calls == list(range(40, 100))
    assert now.version == 6
    assert all(part.num_covered_rows == part.num_rows for part in now.coverage(["id", "twice"]))
    assert twice_of(now) == [2 * i for i in range(100)]


def test_rows_appended_meanwhile_are_covered_too(parts):
    calls = []

    def twice(batch):
        if not calls:
            eider.dataset(parts.uri).insert(pa.table({"id": [100], "name": ["new"]}))
            eider.dataset(parts.uri).delete("id = 41")
        calls.extend(batch["id"].to_pylist())
        return {"twice": pc.multiply(batch["id"], 2)}

    parts.add_columns(eider.batch_udf(SCHEMA)(twice), read_columns=["id"], commit_every=1)
    covered = [part.num_covered_rows for part in parts.coverage("twice")]
    assert sum(covered) == 100
    assert parts.to_table(columns=["twice"], filter="id < 100").column(0).to_pylist() == [2 * i for i in range(100) if i != 41]


def test_sql_is_committed_as_it_comes_too(parts):
    parts.add_columns({"twice": "id * 2", "label": "upper(name)"}, commit_every=2)
    assert parts.version == 1 + 1 + 3
    assert parts.to_table(columns=["twice", "label"]).to_pydict() == {"twice": [2 * i for i in range(100)], "label": [f"N{i}" for i in range(100)]}
    parts.add_columns({"twice": "id * 2", "label": "upper(name)"}, commit_every=2)
    assert parts.version == 5, "nothing is left to do"


def test_deleted_rows_and_nested_columns(parts):
    parts.delete("id % 3 = 0")
    parts.add_columns(lambda b: pa.record_batch({"box": pa.StructArray.from_arrays([b["id"], b["name"]], ["x", "y"])}), commit_every=1)
    assert parts.take([0, 60], columns=["box"]).column(0).to_pylist() == [{"x": 1, "y": "n1"}, {"x": 91, "y": "n91"}]
    assert {part.num_covered_rows == part.num_rows for part in parts.coverage("box")} == {True}


def test_what_cannot_be_is_refused(parts):
    with pytest.raises(eider.InvalidError, match="commit_every"):
        parts.add_columns(pa.table({"x": list(range(100))}), commit_every=1)
    with pytest.raises(eider.InvalidError, match="type"):
        parts.add_columns({"name": "id"}, commit_every=1)
    with pytest.raises(eider.InvalidError, match="commit_every"):
        parts.add_columns({"x": "id"}, commit_every=0)
    with pytest.raises(eider.NotFoundError, match="nosuch"):
        parts.coverage("nosuch")
    assert parts.version == 1


def test_pylance_reads_a_table_that_is_half_done(parts):
    lance = pytest.importorskip("lance")
    with pytest.raises(RuntimeError):
        parts.add_columns(counted(None, [], fail_at=57), read_columns=["id"], commit_every=1)
    assert twice_of(lance.dataset(parts.uri)) == [2 * i for i in range(40)] + [None] * 60
    lance.dataset(parts.uri).optimize.compact_files()
    assert twice_of(eider.dataset(parts.uri)) == [2 * i for i in range(40)] + [None] * 60
