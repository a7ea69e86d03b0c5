"""Work in parts by processes that share nothing but storage, one of them killed."""

import os
import pathlib
import signal
import subprocess
import sys
import textwrap
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import eider
from eider import job


def part(number, rows=100):
    ids = range(number * rows, (number + 1) * rows)
    return pa.table({"id": ids, "name": [f"row {i}" for i in ids]})


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / f"{number:02}.parquet" for number in range(12)]
    for number, path in enumerate(paths):
        pq.write_table(part(number), path)
    return paths


def start(script, *arguments):
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    return subprocess.Popen(command, env=dict(os.environ))


IMPORT = """
    import os, signal, sys, time
    from eider import job

    folder, worker, kill_at = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    it = job.open_job(folder)
    for part in [part for part in it.pending() if part % 4 == worker]:
        if part == kill_at:  # in the middle of its writing
            import pyarrow.parquet as pq
            batches = pq.ParquetFile.iter_batches
            def dying(self, **options):
                yield next(batches(self, **options))
                os.kill(os.getpid(), signal.SIGKILL)
            pq.ParquetFile.iter_batches = dying
        it.execute(part)
"""


def test_four_processes_import_and_one_is_killed(files, tmp_path):
    uri, folder = tmp_path / "all.lance", tmp_path / "job"
    planned = job.plan_import(files, uri, folder)
    workers = [start(IMPORT, folder, worker, 6) for worker in range(4)]
    assert sorted(worker.wait() for worker in workers) == [-signal.SIGKILL, 0, 0, 0]
    assert planned.pending() == [6, 10], "of the killed worker, what it had not done"
    with pytest.raises(eider.InvalidError, match=r"2 of 12 parts are not done: \[6, 10\]"):
        planned.commit()
    assert not pathlib.Path(uri, "_versions").exists()
    done = {path: path.stat().st_mtime_ns for path in pathlib.Path(folder).glob("part-*.json")}
    again = job.plan_import(files, uri, folder)  # the same program, once more
    assert again.run(threads=2) == 2
    ds = again.commit()
    assert {path: path.stat().st_mtime_ns for path in done} == done, "what was done is not done again"
    assert ds.to_table() == pa.concat_tables(part(number) for number in range(12))
    assert again.commit().version == ds.version == 1, "a second commit finds the first one"
    lance = pytest.importorskip("lance")
    assert lance.dataset(str(uri)).count_rows() == 1200


BACKFILL = """
    import os, signal, sys
    import pyarrow.compute as pc
    from eider import job

    folder, worker, kill_at = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

    def twice(batch):
        first = batch["id"][0].as_py()
        if first == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        with open(folder + "/log", "a") as out:
            print(first, file=out)
        return {"twice": pc.multiply(batch["id"], 2)}

    job.open_job(folder).run(twice, worker=worker, workers=4, threads=1)
"""


def test_four_processes_backfill_and_one_is_killed(tmp_path):
    ds = eider.write_dataset(pa.concat_tables(part(number) for number in range(12)), tmp_path / "t.lance", max_rows_per_file=100)
    schema, folder = pa.schema([("twice", pa.int64())]), tmp_path / "job"
    planned = job.plan_add_columns(ds, schema, folder, read_columns=["id"], batch_size=20)
    workers = [start(BACKFILL, folder, worker, 660) for worker in range(4)]
    assert sorted(worker.wait() for worker in workers) == [-signal.SIGKILL, 0, 0, 0]
    assert planned.pending() == [6, 10]
    eider.dataset(ds.uri).insert(part(12))  # in between, others go on
    assert start(BACKFILL, folder, 2, -1).wait() == 0
    assert sorted(int(line) for line in (folder / "log").read_text().split()) == list(range(0, 1200, 20)), "each batch once"
    now = planned.commit()
    assert now.to_table(columns=["twice"]).column(0).to_pylist() == [2 * i for i in range(1200)] + [None] * 100
    rest = job.plan_add_columns(ds.uri, schema, tmp_path / "rest", read_columns=["id"])
    assert rest.parts == [12]
    rest.run(lambda batch: {"twice": pc.multiply(batch["id"], 2)})
    assert rest.commit().to_table(columns=["twice"]).column(0).to_pylist() == [2 * i for i in range(1300)]


@pytest.mark.parametrize("stable", [False, True], ids=["addresses", "stable"])
def test_an_update_in_parts(tmp_path, stable):
    ds = eider.write_dataset(part(0, 1000), tmp_path / "t.lance", max_rows_per_file=100, enable_stable_row_ids=stable)
    ds.delete("id = 7")
    planned = job.plan_update(ds, {"id": "-id", "name": "upper(name)"}, tmp_path / "job", where="id % 5 = 0 AND id < 350")
    for worker in range(3):
        job.open_job(tmp_path / "job").run(worker=worker, workers=3)
    now = planned.commit()
    ids = [i for i in range(1000) if i != 7]
    expected = [(-i, f"ROW {i}") if i % 5 == 0 and i < 350 else (i, f"row {i}") for i in ids]
    found = now.to_table(columns=["id", "name"])
    assert list(zip(found["id"].to_pylist(), found["name"].to_pylist(), strict=True)) == expected
    assert len(now.get_fragments()) == 10
    assert sum(len(fragment.data_files()) for fragment in now.get_fragments()) in (10, 14)
    if stable:
        changed = now.to_table(columns=["_row_last_updated_at_version"]).column(0).to_pylist()
        assert all(version == now.version for version, i in zip(changed, ids, strict=True) if i % 5 == 0 and i < 350)
        assert set(changed[399:]) == {1}, "fragments without such rows are as they were"
    lance = pytest.importorskip("lance")
    assert lance.dataset(str(ds.uri)).to_table(columns=["id", "name"]) == found


def test_an_update_of_no_row_makes_no_version(tmp_path):
    ds = eider.write_dataset(part(0), tmp_path / "t.lance")
    planned = job.plan_update(ds, {"id": "0"}, tmp_path / "job", where="id < 0")
    planned.run()
    assert planned.commit().version == 1


def test_an_import_into_a_table_while_others_append(files, tmp_path):
    ds = eider.write_dataset(part(100), tmp_path / "t.lance")
    planned = job.plan_import(files[:3], ds.uri, tmp_path / "job", max_rows_per_file=40)
    planned.run()
    ds.insert(part(101))
    assert planned.commit().count_rows() == 500
    assert planned.commit().count_rows() == 500


def test_an_update_that_another_writer_got_ahead_of(tmp_path):
    ds = eider.write_dataset(part(0), tmp_path / "t.lance")
    planned = job.plan_update(ds, {"id": "id + 1"}, tmp_path / "job")
    planned.run()
    ds.update({"name": "'x'"}, "id = 3")
    with pytest.raises(eider.RetryableConflictError):
        planned.commit()


def test_a_compaction_in_parts(tmp_path):
    ds = eider.write_dataset(part(0, 1000), tmp_path / "t.lance", max_rows_per_file=10)
    ds.delete("id % 10 = 3")
    planned = job.plan_compaction(ds, tmp_path / "job", {"target_rows_per_fragment": 250})
    assert len(planned.parts) > 1
    ds.insert(part(10))  # in between, others go on
    planned.execute(0)
    again = job.open_job(tmp_path / "job")
    assert again.run(threads=2) == len(planned.parts) - 1
    now = again.commit()
    assert len(now.get_fragments()) < 10
    assert sorted(now.to_table()["id"].to_pylist()) == [i for i in range(1100) if i % 10 != 3 or i >= 1000]
    assert again.commit().version == now.version, "a second commit finds nothing left to do"


def test_imports_take_bounded_memory(tmp_path):
    """A part takes the memory of its stream, not of its file."""
    rows = 400_000
    column = pa.FixedSizeListArray.from_arrays(pa.array(np.arange(rows * 128, dtype=np.float32)), 128)
    pq.write_table(pa.table({"v": column}), tmp_path / "wide.parquet", row_group_size=10_000, compression="none", use_dictionary=False)
    assert (tmp_path / "wide.parquet").stat().st_size > 190 << 20
    script = """
        import resource, sys
        from eider import job
        it = job.plan_import([sys.argv[1]], sys.argv[2], sys.argv[3])
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        it.run(threads=1)
        assert it.commit().count_rows() == 400_000
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10
        assert grown < 150, f"{grown} MiB"
    """
    assert start(script, tmp_path / "wide.parquet", tmp_path / "wide.lance", tmp_path / "job").wait() == 0


def test_what_does_not_fit_is_refused(files, tmp_path):
    ds = eider.write_dataset(part(0), tmp_path / "t.lance")
    with pytest.raises(eider.NotFoundError, match="no job"):
        job.open_job(tmp_path / "nowhere")
    with pytest.raises(eider.NotFoundError, match="not there"):
        job.plan_import([tmp_path / "nosuch.parquet"], ds.uri, tmp_path / "a")
    with pytest.raises(eider.InvalidError, match="no files"):
        job.plan_import([], ds.uri, tmp_path / "a")
    job.plan_import(files[:2], ds.uri, tmp_path / "a")
    with pytest.raises(eider.InvalidError, match="another job"):
        job.plan_import(files, ds.uri, tmp_path / "a")
    with pytest.raises(eider.NotFoundError, match="nosuch"):
        job.plan_update(ds, {"nosuch": "1"}, tmp_path / "b")
    with pytest.raises(eider.EiderError):
        job.plan_update(ds, {"id": "1 +"}, tmp_path / "b")
    with pytest.raises(eider.InvalidError, match="needs the function"):
        job.plan_add_columns(ds, pa.schema([("x", pa.int64())]), tmp_path / "c").run()
    (tmp_path / "c" / "plan.json").write_text("{")
    with pytest.raises(eider.CorruptError):
        job.open_job(tmp_path / "c")
    with pytest.raises(eider.InvalidError, match="worker"):
        job.open_job(tmp_path / "a").run(worker=2, workers=2)


def test_two_imports_that_make_one_table(files, tmp_path):
    """The second finds a table that was not there when it was planned, and does not overwrite it."""
    uri = tmp_path / "t.lance"
    first, second = (job.plan_import(files, uri, tmp_path / name) for name in ("one", "two"))
    for planned in (first, second):
        planned.run()
    made = first.commit()
    with pytest.raises(eider.AlreadyExistsError):
        second.commit()
    assert eider.dataset(uri).count_rows() == made.count_rows()


def test_a_job_that_is_done_does_nothing_more(files, tmp_path):
    """Also when the version that it made was cleaned up."""
    uri = tmp_path / "t.lance"

    def program():
        planned = job.plan_import(files, uri, tmp_path / "job")
        planned.run()
        return planned.commit()

    rows = program().count_rows()
    eider.write_dataset(part(0, 7), uri, mode="append")
    eider.dataset(uri).cleanup_old_versions(older_than=timedelta(0))
    assert program().count_rows() == rows + 7


def test_a_commit_that_died_before_its_manifest_is_repeated(files, tmp_path):
    uri = tmp_path / "t.lance"
    planned = job.plan_import(files, uri, tmp_path / "job")
    planned.run()
    (uri / "_transactions").mkdir(parents=True)
    (uri / "_transactions" / f"0-{planned._plan['transaction']}.txn").write_bytes(b"half")
    assert planned.commit().count_rows() == sum(pq.read_metadata(file).num_rows for file in files)


def test_a_compaction_leaves_out_what_lost_rows_meanwhile(tmp_path):
    ds = eider.write_dataset(pa.table({"id": range(80)}), tmp_path / "t", max_rows_per_file=10)
    planned = job.plan_compaction(ds, tmp_path / "job", {"target_rows_per_fragment": 20})
    planned.run()
    ds.delete("id = 3")
    now = planned.commit()
    assert sorted(now.to_table()["id"].to_pylist()) == [i for i in range(80) if i != 3]
    assert len(now.get_fragments()) == 5
