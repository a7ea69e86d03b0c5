"""Compaction as plan, execution and commit; merged files; maintenance without anybody asking."""

from __future__ import annotations

import json
import multiprocessing
import pathlib
import pickle
import signal
import time

import lance
import lance.optimize
import pyarrow as pa
import pytest
from eider.optimize import Compaction, CompactionPlan, CompactionTask, RewriteResult

import eider

SPAWN = multiprocessing.get_context("spawn")


def table_of(uri: str, fragments: int, rows: int = 10, **options) -> eider.LanceDataset:
    return eider.write_dataset(pa.table({"a": range(fragments * rows)}), uri, max_rows_per_file=rows, **options)


def rows_of(ds) -> list[int]:
    return sorted(ds.to_table(columns=["a"])["a"].to_pylist())


def bytes_below(uri: str) -> int:
    return sum(path.stat().st_size for path in pathlib.Path(uri, "data").rglob("*") if path.is_file())


def _work(uri: str, text: str) -> str:
    return CompactionTask.from_json(text).execute(eider.dataset(uri)).json()


@pytest.mark.parametrize("stable", [False, True])
def test_workers_execute_what_is_planned_and_one_commits(stable, tmp_path) -> None:
    uri = str(tmp_path / "t.lance")
    ds = table_of(uri, 8, enable_stable_row_ids=stable)
    ds.delete("a % 10 = 3")
    before = ds.to_table(columns=["a", "_rowid"]) if stable else ds.to_table()
    plan = Compaction.plan(ds, {"target_rows_per_fragment": 20})
    assert plan.num_tasks() == len(plan.tasks) == 3 and plan.read_version == 2
    assert [fragment.id for task in plan.tasks for fragment in task.fragments] == list(range(8))
    with SPAWN.Pool(2) as pool:
        results = pool.starmap(_work, [(uri, task.json()) for task in plan.tasks])
    assert ds.latest_version == 2, "nothing is committed yet"
    metrics = Compaction.commit(ds, [RewriteResult.from_json(result) for result in results])
    assert metrics.fragments_removed == 8 and metrics.files_removed == 16
    assert ds.version == 3 and ds.to_table(columns=before.column_names) == before
    lance.dataset(uri).validate()
    assert rows_of(lance.dataset(uri)) == rows_of(ds)


def test_plans_tasks_and_results_go_through_json_and_pickle(tmp_path) -> None:
    ds = table_of(str(tmp_path / "t.lance"), 3)
    plan = Compaction.plan(ds, {"target_rows_per_fragment": 1000, "max_bytes_per_file": None})
    assert CompactionPlan.from_json(plan.json()) == pickle.loads(pickle.dumps(plan)) == plan
    assert CompactionTask.from_json(plan.tasks[0].json()) == pickle.loads(pickle.dumps(plan.tasks[0])) == plan.tasks[0]
    result = plan.tasks[0].execute(ds)
    assert RewriteResult.from_json(result.json()) == pickle.loads(pickle.dumps(result)) == result
    assert result.read_version == 1 and [f.physical_rows for f in result.new_fragments] == [30]
    assert set(json.loads(result.json())) == {"metrics", "new_fragments", "read_version", "original_fragments"}
    assert json.loads(plan.json())["options"]["target_rows_per_fragment"] == 1000


def test_a_plan_of_the_reference_is_executed_and_committed(tmp_path) -> None:
    uri = str(tmp_path / "t.lance")
    table_of(uri, 4)
    theirs = lance.optimize.Compaction.plan(lance.dataset(uri), {"target_rows_per_fragment": 20})
    ds = eider.dataset(uri)
    plan = CompactionPlan.from_json(theirs.json())
    assert plan.num_tasks() == theirs.num_tasks() == 2
    assert Compaction.commit(ds, [task.execute(ds) for task in plan.tasks]).fragments_removed == 4
    assert rows_of(lance.dataset(uri)) == list(range(40))


@pytest.mark.parametrize("options", [
    {}, {"target_rows_per_fragment": 20, "compaction_mode": "try_binary_copy", "durability": "none", "excluded_fragment_ids": [7]},
])
def test_the_reference_executes_and_commits_what_is_planned_here(options, tmp_path) -> None:
    uri = str(tmp_path / "t.lance")
    table_of(uri, 4).delete("a = 3")
    plan = Compaction.plan(eider.dataset(uri), options)
    assert lance.optimize.CompactionPlan.from_json(plan.json()).num_tasks() == plan.num_tasks() > 0
    theirs = lance.dataset(uri)
    tasks = [lance.optimize.CompactionTask.from_json(task.json()) for task in plan.tasks]
    results = [task.execute(theirs) for task in tasks[1:]]
    results.append(lance.optimize.RewriteResult.from_json(plan.tasks[0].execute(eider.dataset(uri)).json()))
    assert lance.optimize.Compaction.commit(theirs, results).fragments_removed == sum(len(task.fragments) for task in plan.tasks) > 1
    assert rows_of(eider.dataset(uri)) == rows_of(lance.dataset(uri)) == [a for a in range(40) if a != 3]


@pytest.mark.parametrize("mode", [None, "reencode", "try_binary_copy"])
def test_tasks_and_results_of_the_reference_are_taken(mode, tmp_path) -> None:
    uri = str(tmp_path / "t.lance")
    table_of(uri, 4)
    tasks = lance.optimize.Compaction.plan(lance.dataset(uri), {"target_rows_per_fragment": 20, "compaction_mode": mode}).tasks
    ds = eider.dataset(uri)
    results = [CompactionTask.from_json(tasks[0].json()).execute(ds), RewriteResult.from_json(tasks[1].execute(lance.dataset(uri)).json())]
    assert Compaction.commit(ds, results).fragments_removed == 4
    assert rows_of(lance.dataset(uri)) == list(range(40))


def test_tasks_that_name_few_options_are_taken(tmp_path) -> None:
    plan = Compaction.plan(table_of(str(tmp_path / "t.lance"), 4), {"target_rows_per_fragment": 20})
    short = json.loads(plan.tasks[0].json()) | {"options": {"target_rows_per_fragment": 20}}
    assert CompactionTask.from_json(json.dumps(short)) == plan.tasks[0]


def test_a_commit_of_what_changed_meanwhile_is_refused(tmp_path) -> None:
    uri = str(tmp_path / "t.lance")
    ds = table_of(uri, 2)
    results = [task.execute(ds) for task in Compaction.plan(ds).tasks]
    eider.dataset(uri).delete("a = 4")
    with pytest.raises(eider.RetryableConflictError):
        Compaction.commit(ds, results)
    assert Compaction.execute(ds, {"target_rows_per_fragment": 100}).fragments_added == 1
    assert Compaction.commit(ds, []) == eider.optimize.CompactionMetrics(0, 0, 0, 0)
    assert rows_of(ds) == [a for a in range(20) if a != 4]


@pytest.mark.parametrize(("options", "message"), [
    ({"bogus": 1}, "bogus"), ({"target_rows_per_fragment": 0}, "target_rows_per_fragment"), ({"commit_seconds": -1}, "commit_seconds"),
])
def test_odd_options_are_named(options, message, tmp_path) -> None:
    with pytest.raises(eider.InvalidError, match=message):
        Compaction.plan(table_of(str(tmp_path / "t.lance"), 2), options)


def test_limits_on_what_is_read(tmp_path) -> None:
    ds = table_of(str(tmp_path / "t.lance"), 8)
    fragments = lambda **options: [[f.id for f in task.fragments] for task in Compaction.plan(ds, {"target_rows_per_fragment": 20} | options).tasks]  # noqa: E731
    assert fragments() == [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert fragments(max_source_fragments=5) == [[0, 1], [2, 3]]
    assert fragments(max_source_rows=20) == [[0, 1]]
    assert fragments(max_source_bytes=1) == []
    assert fragments(excluded_fragment_ids=[1, 99]) == [[2, 3], [4, 5], [6, 7]]
    assert fragments(target_bytes_per_fragment=1) == []


@pytest.mark.parametrize("blobs", [False, True])
def test_small_files_are_merged_and_wide_ones_untouched(blobs, tmp_path) -> None:
    uri = str(tmp_path / "t.lance")
    metadata = {"lance-encoding:blob": "true"} if blobs else {}
    schema = pa.schema([pa.field("a", pa.int64()), pa.field("wide", pa.large_binary(), metadata=metadata)])
    wide = [bytes([i % 251]) * 5000 for i in range(400)]
    ds = eider.write_dataset(pa.table([pa.array(range(400)), pa.array(wide, pa.large_binary())], schema=schema), uri, max_rows_per_file=100)
    for i in range(20):
        ds.add_columns({f"c{i}": f"a + {i}"})
    ds.delete("a = 7")
    before, size = ds.to_table(columns=["a", "c0", "c19"]), bytes_below(uri)
    metrics = ds.optimize.compact_files(target_rows_per_fragment=100)
    assert (metrics.files_added, metrics.files_removed, metrics.fragments_added) == (4, 80, 0)
    assert bytes_below(uri) - size < 200_000 < 400 * 5000
    assert [len(fragment.data_files()) for fragment in ds.get_fragments()] == [2] * 4
    assert ds.to_table(columns=["a", "c0", "c19"]) == before == lance.dataset(uri).to_table(columns=["a", "c0", "c19"])
    lance.dataset(uri).validate()
    ds.add_columns({"d": "a * 2"})
    ds.add_columns({"e": "a * 3"})
    assert ds.optimize.merge_files().files_removed in (8, 12)
    assert ds.optimize.merge_files().files_removed == 0


def test_merged_files_keep_what_an_index_covers(tmp_path) -> None:
    uri = str(tmp_path / "t.lance")
    ds = table_of(uri, 2)
    ds.add_columns({"b": "a * 2"})
    ds.add_columns({"c": "a * 3"})
    lance.dataset(uri).create_scalar_index("b", "BTREE")
    ds = eider.dataset(uri)
    assert ds.optimize.merge_files().files_removed > 0
    theirs = lance.dataset(uri)
    assert theirs.stats.index_stats("b_idx")["num_unindexed_fragments"] == 0
    assert "ScalarIndexQuery" in theirs.scanner(filter="b = 14").explain_plan()
    assert theirs.to_table(filter="b = 14")["a"].to_pylist() == [7]


def _compact_slowly(uri: str) -> None:
    eider.dataset(uri).optimize.compact_files(target_rows_per_fragment=20_000, commit_seconds=0)


def test_a_compaction_that_was_killed_goes_on_where_it_was(tmp_path) -> None:
    uri = str(tmp_path / "t.lance")
    table = pa.table({"a": range(400_000), "text": [f"some text of row {i}" for i in range(400_000)]})
    eider.write_dataset(table, uri, max_rows_per_file=2000)
    worker = SPAWN.Process(target=_compact_slowly, args=(uri,))
    worker.start()
    deadline = time.monotonic() + 60
    while len(eider.dataset(uri).get_fragments()) == 200 and time.monotonic() < deadline:
        time.sleep(0.002)
    worker.kill()
    worker.join()
    assert worker.exitcode in (0, -signal.SIGKILL)
    ds = eider.dataset(uri)
    done = 200 - len([f for f in ds.get_fragments() if f.physical_rows == 2000])
    assert done >= 10, "groups were committed before the end"
    assert ds.optimize.compact_files(target_rows_per_fragment=20_000).fragments_removed == 200 - done
    assert len(ds.get_fragments()) == 20 and rows_of(ds) == list(range(400_000))


def test_a_compaction_stays_within_its_budget(tmp_path) -> None:
    uri = str(tmp_path / "t.lance")
    ds = table_of(uri, 20, 20_000)
    small = eider.dataset(uri, session=eider.Session(memory_limit=16 << 20))
    small.optimize.compact_files(target_rows_per_fragment=50_000)
    assert rows_of(eider.dataset(uri)) == rows_of(ds)


def test_auto_cleanup_is_turned_on_and_off(tmp_path) -> None:
    ds = table_of(str(tmp_path / "t.lance"), 1)
    ds.optimize.enable_auto_cleanup({"interval": 3, "older_than_seconds": 0})
    assert ds.config() == {"lance.auto_cleanup.interval": "3", "lance.auto_cleanup.older_than": "0s"}
    assert lance.dataset(ds.uri).config() == ds.config()
    for _ in range(7):
        ds = eider.write_dataset(pa.table({"a": [1]}), ds.uri, mode="append")
    assert len(ds.versions()) <= 4
    ds.optimize.disable_auto_cleanup()
    assert ds.config() == {}


def _append_rows(uri: str, first: int, count: int) -> None:
    for i in range(first, first + count):
        ds = eider.write_dataset(pa.table({"a": [i]}), uri, mode="append", durability="none")
        assert len(ds.get_fragments()) <= 300


def test_a_maintained_table_has_few_fragments_under_many_appends(tmp_path) -> None:
    uri = str(tmp_path / "t.lance")
    ds = eider.write_dataset(pa.table({"a": [0]}), uri)
    ds.update_config({"eider.maintenance": "on", "eider.maintenance.older_than": "0s", "eider.maintenance.retain_versions": "100"})
    workers = [SPAWN.Process(target=_append_rows, args=(uri, 1 + 250 * w, 250)) for w in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    ds = eider.dataset(uri)
    assert len(ds.get_fragments()) <= 150 and rows_of(ds) == list(range(1001))
    assert 100 <= len(ds.versions()) <= 200
    assert rows_of(lance.dataset(uri)) == list(range(1001))


@pytest.mark.parametrize(
    "entry",
    [
        {"eider.maintenance": "yes"},
        {"eider.maintenance.older_than": "2 dayz"},
        {"eider.maintenance.retain_versions": "0"},
        {"eider.maintenance.retain": "5"},
        {"eider.maintenanc": "on"},
    ],
)
def test_config_of_maintenance_that_means_nothing_is_refused(tmp_path, entry) -> None:
    ds = eider.write_dataset(pa.table({"a": [0]}), tmp_path / "t.lance")
    with pytest.raises(eider.InvalidError, match="config: "):
        ds.update_config(entry)
    assert ds.config() == {} and ds.version == 1


def test_a_table_is_left_alone_unless_it_asks(tmp_path) -> None:
    uri = str(tmp_path / "t.lance")
    for i in range(70):
        ds = eider.write_dataset(pa.table({"a": [i]}), uri, mode="append", durability="none")
    assert len(ds.get_fragments()) == ds.latest_version == 70


def test_results_of_another_table_are_refused(tmp_path) -> None:
    one, other = (table_of(str(tmp_path / name), 3) for name in ("one", "other"))
    results = [task.execute(one) for task in Compaction.plan(one).tasks]
    with pytest.raises(eider.InvalidError, match="other data files"):
        Compaction.commit(other, results)
    assert rows_of(eider.dataset(other.uri)) == rows_of(one)
