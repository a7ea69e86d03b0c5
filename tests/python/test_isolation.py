"""Serializable transactions: what was decided from rows stands only while these are as they were."""

import functools
import pathlib
import pickle
import random
import subprocess
import sys
import threading

import pyarrow as pa
import pytest
from eider.fragment import write_fragments

import eider
from eider import LanceDataset, LanceOperation

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture
def uri(tmp_path):
    uri = str(tmp_path / "d.lance")
    eider.write_dataset(pa.table({"id": range(12), "colour": ["black", "white"] * 6}), uri, max_rows_per_file=6)
    return uri


def colours(uri):
    return set(eider.dataset(uri).to_table()["colour"].to_pylist())


def race(first, second):
    """Both from one version: `second` starts before `first` commits, and ends after it."""
    first()
    return second()


def test_snapshots_let_two_updates_swap_and_serializable_ones_do_not(uri):
    white, black = eider.dataset(uri), eider.dataset(uri)
    race(lambda: white.update({"colour": "'white'"}, "colour = 'black'"), lambda: black.update({"colour": "'black'"}, "colour = 'white'"))
    assert colours(uri) == {"black", "white"}, "each saw the rows of before"
    white, black = eider.dataset(uri), eider.dataset(uri)
    white.update({"colour": "'white'"}, "colour = 'black'", isolation="serializable")
    assert black.update({"colour": "'black'"}, "colour = 'white'", isolation="serializable") == {"num_rows_updated": 12}
    assert colours(uri) == {"black"}, "the second came after the first"


def test_rows_that_an_operation_did_not_read_are_no_conflict(uri):
    first, second = eider.dataset(uri), eider.dataset(uri)
    first.update({"colour": "'red'"}, "id = 1")
    second.update({"colour": "'blue'"}, "id = 2", conflict_retries=0, isolation="serializable")
    eider.dataset(uri).optimize.compact_files()
    second.update_config({"a": "b"})
    third = eider.dataset(uri, 2)
    eider.dataset(uri).insert(pa.table({"id": [100], "colour": ["new"]}))
    with pytest.raises(eider.RetryableConflictError):
        third.delete("id >= 100 OR id = 2", conflict_retries=0, isolation="serializable")
    assert third.delete("id >= 100 OR id = 3", isolation="serializable") == {"num_deleted_rows": 2}


CHANGES = {
    "append": lambda ds: ds.insert(pa.table({"id": [7], "colour": ["black"]})),
    "delete": lambda ds: ds.delete("id = 7"),
    "update": lambda ds: ds.update({"colour": "'red'"}, "id = 7"),
    "update into": lambda ds: ds.update({"id": "7"}, "id = 11"),
    "truncate": lambda ds: ds.truncate_table(),
    "merge columns": lambda ds: ds.merge_insert("id").when_matched_update_all().write_mode("rewrite_columns").execute(pa.table({"id": [7]})),
    "new column": lambda ds: ds.add_columns({"c": "id"}),
    "drop": lambda ds: ds.drop_columns(["colour"]),
}


@pytest.mark.parametrize("change", [name for name in CHANGES if name != "merge columns"])
@pytest.mark.parametrize("operation", ["delete", "update", "merge_insert"])
def test_a_change_of_rows_that_an_operation_reads_is_a_conflict(operation, change, uri):
    ds = eider.dataset(uri)
    CHANGES[change](eider.dataset(uri))
    with pytest.raises((eider.RetryableConflictError, eider.ConflictError)):
        if operation == "delete":
            ds.delete("id IN (6, 7)", conflict_retries=0, isolation="serializable")
        elif operation == "update":
            ds.update({"colour": "'x'"}, "id IN (6, 7)", conflict_retries=0, isolation="serializable")
        else:
            source = pa.table({"id": [1], "colour": ["x"]})
            ds.merge_insert("id").when_matched_update_all().conflict_retries(0).execute(source, isolation="serializable")


WRITES = {
    "append": lambda ds: ds.insert(pa.table({"id": [50], "colour": ["new"]})),
    "overwrite": lambda ds: ds.insert(pa.table({"id": [50]}), mode="overwrite"),
    "delete": lambda ds: ds.delete("id = 1"),
    "update": lambda ds: ds.update({"colour": "'x'"}, "id = 1"),
    "merge": lambda ds: ds.merge_insert("id").when_matched_update_all().execute(pa.table({"id": [1], "colour": ["x"]})),
    "add": lambda ds: ds.add_columns({"c": "id"}),
    "nulls": lambda ds: ds.add_columns(pa.field("c", pa.int64())),
    "rename": lambda ds: ds.alter_columns({"path": "colour", "name": "color"}),
    "drop": lambda ds: ds.drop_columns(["colour"]),
    "config": lambda ds: ds.update_config({"a": "b"}),
}


@pytest.mark.parametrize("write", list(WRITES))
def test_nothing_is_written_through_a_serializable_dataset_after_others_changed_rows(write, uri):
    ds = eider.dataset(uri, isolation="serializable")
    eider.dataset(uri).delete("id = 11")
    if write == "config":
        WRITES[write](ds)  # it says nothing about rows
        return
    with pytest.raises(eider.RetryableConflictError):
        WRITES[write](ds)
    assert eider.dataset(uri).version == 2
    ds.checkout_latest()
    WRITES[write](ds)
    assert (ds.version, ds.isolation) == (3, "serializable")
    eider.dataset(uri).optimize.compact_files()
    if write not in ("overwrite", "append"):
        eider.dataset(uri).update_config({"other": "1"})


def required(ds):
    ds.alter_columns({"path": "colour", "nullable": False}, isolation="serializable")


def recast(ds):
    ds.alter_columns({"path": "id", "data_type": pa.int32()}, isolation="serializable")


def renamed(ds):
    ds.alter_columns({"path": "colour", "name": "color"}, isolation="serializable")


def dropped(ds):
    ds.drop_columns(["colour"], isolation="serializable")


#: Changes by others, as a function of whether the table they see forbids nulls.
OTHERS = {
    "append": lambda ds: ds.insert(pa.table({"id": [50], "colour": pa.array([None], pa.string())})),
    "update": lambda ds: ds.update({"colour": "NULL"}, "id = 7", conflict_retries=0),
    "merge": lambda ds: (
        ds.merge_insert("id").when_matched_update_all().conflict_retries(0).execute(pa.table({"id": [7], "colour": pa.array([None], pa.string())}))
    ),
}


@pytest.mark.parametrize("other", list(OTHERS))
def test_a_column_that_forbids_nulls_has_none_whoever_was_first(other, uri):
    mine, theirs = eider.dataset(uri), eider.dataset(uri)
    OTHERS[other](theirs)
    with pytest.raises(eider.InvalidError, match="1 nulls"):
        required(mine)
    eider.dataset(uri, version=1).restore()
    mine, theirs = eider.dataset(uri), eider.dataset(uri)
    required(mine)
    with pytest.raises((eider.RetryableConflictError, eider.InvalidError)):
        OTHERS[other](theirs)
    assert eider.dataset(uri).count_rows("colour IS NULL") == 0


@pytest.mark.parametrize("other", [*OTHERS, "delete"])
@pytest.mark.parametrize("change", [recast, renamed, dropped], ids=lambda change: change.__name__)
def test_changes_of_columns_are_as_one_after_the_other(change, other, uri, tmp_path):
    act = OTHERS.get(other, lambda ds: ds.delete("id = 7", conflict_retries=0))
    mine, theirs = eider.dataset(uri), eider.dataset(uri)
    act(theirs)
    change(mine)
    twin = str(tmp_path / "twin.lance")
    eider.write_dataset(eider.dataset(uri, version=1), twin)
    for each in (act, change):
        each(eider.dataset(twin))
    found, wanted = eider.dataset(uri).to_table(), eider.dataset(twin).to_table()
    assert found.schema == wanted.schema and found.sort_by("id") == wanted.sort_by("id")


def test_others_that_are_serializable_hold_themselves_against_changes_of_columns(uri):
    for change in (recast, renamed):
        ds = eider.dataset(uri, isolation="serializable")
        change(eider.dataset(uri))
        with pytest.raises(eider.RetryableConflictError):
            ds.delete("id = 1")


def test_the_isolation_of_a_dataset_goes_where_it_goes(uri):
    ds = eider.dataset(uri, isolation="serializable")
    assert eider.dataset(uri).isolation == "snapshot"
    for other in (pickle.loads(pickle.dumps(ds)), ds.checkout_version(1), eider.LanceDataset(uri, isolation="serializable")):
        assert other.isolation == "serializable"
    ds.insert(pa.table({"id": [50], "colour": ["new"]}))
    assert (ds.isolation, ds.version) == ("serializable", 2)
    with pytest.raises(eider.InvalidError, match="read committed"):
        eider.dataset(uri, isolation="read committed")
    calls = [
        lambda: ds.delete("true", isolation="x"),
        lambda: ds.add_columns({"c": "1"}, isolation="x"),
        lambda: ds.drop_columns(["colour"], isolation="x"),
        lambda: ds.alter_columns({"path": "id", "name": "key"}, isolation="x"),
    ]
    for call in calls:
        with pytest.raises(eider.InvalidError, match="isolation"):
            call()


def test_commits_of_parts_to_a_serializable_dataset(uri):
    ds = eider.dataset(uri, isolation="serializable")
    made = eider.LanceOperation.Append(eider.fragment.write_fragments(pa.table({"id": [1], "colour": ["x"]}), uri))
    eider.dataset(uri).delete("id = 11")
    with pytest.raises(eider.RetryableConflictError):
        eider.LanceDataset.commit(ds, made, read_version=1)
    assert eider.LanceDataset.commit(ds, made, read_version=2).isolation == "serializable"


def leave(uri, name, isolation):
    """One transaction of the doctors: at least one must stay on call."""
    while True:
        ds = eider.dataset(uri, isolation=isolation)
        if ds.count_rows("on_call") < 2:
            return
        try:
            ds.update({"on_call": "false"}, where="name = $1", params=[name], durability="none")
            return
        except eider.RetryableConflictError:
            continue


def doctors(uri, count):
    eider.write_dataset(pa.table({"name": [f"d{i}" for i in range(count)], "on_call": [True] * count}), uri, mode="overwrite", durability="none")


def test_no_write_skew_among_threads(tmp_path):
    uri = str(tmp_path / "duty.lance")
    for _ in range(15):
        doctors(uri, 4)
        threads = [threading.Thread(target=leave, args=(uri, f"d{i}", "serializable")) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert eider.dataset(uri).count_rows("on_call") == 1


CHILD = """
import random, sys, time
sys.path.insert(0, sys.argv[1])
import eider, pyarrow as pa
from tests.python.test_isolation import transfer
transfer(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
"""


def transfer(uri, seed, count):
    """Transactions that each read two accounts and take from one, which only their sum allows."""
    rng, done = random.Random(seed), 0
    while done < count:
        pair = rng.randrange(3)
        ds = eider.dataset(uri, isolation="serializable")
        balances = ds.to_table(filter=f"owner = {pair}")["balance"].to_pylist()
        amount = rng.randrange(1, 40)
        done += 1
        if sum(balances) < amount:
            continue
        try:
            ds.update({"balance": f"balance - {amount}"}, f"owner = {pair} AND side = {rng.randrange(2)}", durability="none")
        except eider.RetryableConflictError:
            done -= 1


def test_no_write_skew_among_processes(tmp_path):
    uri = str(tmp_path / "bank.lance")
    eider.write_dataset(pa.table({"owner": [0, 0, 1, 1, 2, 2], "side": [0, 1] * 3, "balance": [100] * 6}), uri)
    children = [
        subprocess.Popen([sys.executable, "-c", CHILD, str(ROOT), uri, str(seed), "25"], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for seed in range(4)
    ]
    for child in children:
        _, errors = child.communicate(timeout=120)
        assert child.returncode == 0, errors[-2000:]
    for version in eider.dataset(uri).versions():
        rows = eider.dataset(uri, version["version"]).to_table()
        for owner in range(3):
            assert sum(rows.filter(pa.compute.equal(rows["owner"], owner))["balance"].to_pylist()) >= 0
    assert eider.dataset(uri).version > 10


@pytest.mark.parametrize("isolation", [None, "snapshot", "serializable"])
def test_operations_over_all_rows_take_an_isolation(isolation, uri):
    serializable = isolation == "serializable"
    ds = eider.write_dataset(pa.table({"key": [1, 1, 2]}), uri, mode="overwrite")
    eider.dataset(uri).insert(pa.table({"key": [2]}))
    ds.deduplicate("key", isolation=isolation)
    assert eider.dataset(uri).to_table()["key"].to_pylist() == ([1, 2] if serializable else [1, 2, 2])
    fragments = write_fragments(pa.table({"key": [3]}), uri)
    read = ds.version
    eider.dataset(uri).insert(pa.table({"key": [4]}))
    commit = functools.partial(LanceDataset.commit, uri, LanceOperation.Append(fragments), read_version=read, isolation=isolation)
    if serializable:
        with pytest.raises(eider.RetryableConflictError):
            commit()
    else:
        assert commit().isolation == "snapshot"
    eider.dataset(uri).insert(pa.table({"key": [5]}))
    ds.truncate_table(isolation=isolation)
    assert eider.dataset(uri).to_table()["key"].to_pylist() == ([] if serializable else [4, 3, 5])
    ds.merge(pa.table({"key": [5], "v": [1]}), "key", isolation=isolation)
    for refused in (ds.truncate_table, commit, functools.partial(ds.deduplicate, "key"), functools.partial(ds.merge, ds.to_table(), "key")):
        with pytest.raises(eider.InvalidError, match="isolation"):
            refused(isolation="x")
