"""Tables at memory:// URIs: creating one anew puts another table there, and open handles keep theirs."""

import pickle

import pyarrow as pa
import pytest

import eider

OLD = pa.table({"a": [1, 2]})
NEW = pa.table({"b": ["x"]})


def test_a_table_is_made_anew_and_the_handle_of_the_old_one_keeps_it():
    old = eider.write_dataset(OLD, "memory://anew")
    new = eider.write_dataset(NEW, "memory://anew")

    assert (new.version, new.to_table()) == (1, NEW)
    assert eider.dataset("memory://anew").to_table() == NEW
    assert old.to_table() == OLD
    assert old.uri == new.uri == "memory://anew"


def test_what_is_done_through_the_handle_of_the_old_table_is_done_to_that_one():
    old = eider.write_dataset(OLD, "memory://through")
    new = eider.write_dataset(NEW, "memory://through")

    eider.write_dataset(OLD, old, mode="append")
    old = old.checkout_version(2)
    old.delete("a = 1")
    old.add_columns(eider.batch_udf(pa.schema({"c": pa.int64()}))(lambda batch: {"c": batch["a"]}), read_columns=["a"])
    fragments = eider.fragment.write_fragments(OLD.append_column("c", OLD["a"]), old)
    old = eider.LanceDataset.commit(old, eider.LanceOperation.Append(fragments), read_version=old.version)
    assert old.to_table().to_pydict() == {"a": [2, 2, 1, 2], "c": [2, 2, 1, 2]}
    assert old.uri == "memory://through"
    assert pickle.loads(pickle.dumps(old)).to_table() == old.to_table()
    old.create_branch("side")
    assert old.checkout_version(("side", None)).uri == "memory://through/tree/side"

    assert eider.dataset("memory://through").version == new.latest_version == 1
    assert new.to_table() == NEW


def test_a_handle_as_the_target_is_a_dataset_that_exists():
    old = eider.write_dataset(OLD, "memory://handle")
    with pytest.raises(eider.AlreadyExistsError, match="already exists: 'memory://handle'"):
        eider.write_dataset(NEW, old)


def test_appends_and_overwrites_go_to_the_table_of_the_name():
    eider.write_dataset(OLD, "memory://named")
    assert eider.write_dataset(OLD, "memory://named", mode="append").count_rows() == 4
    assert eider.write_dataset(NEW, "memory://named", mode="overwrite").version == 3


def test_a_write_that_fails_leaves_the_table_that_was_there():
    eider.write_dataset(OLD, "memory://failing")
    with pytest.raises(eider.InvalidError, match="top-level column"):
        eider.write_dataset(pa.table({"a.b": [1]}), "memory://failing")
    assert eider.dataset("memory://failing").to_table() == OLD


def test_tables_below_one_another_are_replaced_on_their_own():
    inner = eider.write_dataset(OLD, "memory://outer/inner")
    outer = eider.write_dataset(OLD, "memory://outer")
    eider.write_dataset(NEW, "memory://outer")
    assert eider.dataset("memory://outer/inner/").to_table() == inner.to_table() == outer.to_table() == OLD
    eider.write_dataset(NEW, "memory://outer/inner")
    assert [eider.dataset(f"memory://outer{below}").to_table() for below in ("", "/inner")] == [NEW, NEW]


def test_fragments_that_wait_for_a_commit_stay_where_they_are():
    fragments = eider.fragment.write_fragments(OLD, "memory://waiting")
    made = eider.write_dataset(OLD, "memory://waiting")
    both = eider.LanceDataset.commit("memory://waiting", eider.LanceOperation.Append(fragments), read_version=made.version)
    assert both.count_rows() == 4


def test_rows_that_came_meanwhile_are_not_replaced():
    """A slow creation finds the place taken by the rows of another, which stay."""

    def slowly():
        yield NEW.to_batches()[0]
        eider.write_dataset(OLD, "memory://contested", mode="append")
        yield NEW.to_batches()[0]

    with pytest.raises(eider.AlreadyExistsError, match="while this table was written"):
        eider.write_dataset(slowly(), "memory://contested", schema=NEW.schema)
    assert eider.dataset("memory://contested").to_table() == OLD


def test_a_branch_in_memory_stays_with_its_table():
    """Never another one of the same name; files of the table that it grew from are looked for by name, and missed."""
    branch = eider.write_dataset(OLD, "memory://branched").create_branch("side")
    eider.write_dataset(NEW, "memory://branched").create_branch("side")
    again = pickle.loads(pickle.dumps(branch))
    assert again.schema == branch.schema == OLD.schema
