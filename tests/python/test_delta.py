"""What changed between two versions."""

from __future__ import annotations

import pyarrow as pa
import pytest

import eider


@pytest.fixture
def ds(tmp_path) -> eider.LanceDataset:
    """1: rows 0..5; 2: 6..8 appended; 3: 3 and 7 updated; 4: 5 deleted; 5: 7 updated again."""
    uri = str(tmp_path / "t.lance")
    eider.write_dataset(pa.table({"a": range(6), "b": range(6)}), uri, enable_stable_row_ids=True)
    ds = eider.write_dataset(pa.table({"a": range(6, 9), "b": range(6, 9)}), uri, mode="append")
    ds.update({"b": "b + 100"}, where="a IN (3, 7)")
    ds.delete("a = 5")
    ds.update({"b": "b + 100"}, where="a = 7")
    return ds


def rows(reader) -> dict[int, int]:
    table = reader.read_all()
    assert table.column_names == ["a", "b", "_rowid", "_row_created_at_version", "_row_last_updated_at_version"]
    assert table["_rowid"].to_pylist() == table["a"].to_pylist()
    return dict(zip(table["a"].to_pylist(), table["b"].to_pylist()))


def test_a_delta_up_to_now(ds) -> None:
    delta = ds.delta(compared_against=1)
    assert rows(delta.get_inserted_rows()) == {6: 6, 8: 8, 7: 207}
    assert rows(delta.get_updated_rows()) == {3: 103}
    assert delta.get_deleted_row_ids().read_all().to_pydict() == {"_rowid": [5]}


def test_a_delta_between_versions_shows_the_later_one(ds) -> None:
    delta = ds.delta(begin_version=2, end_version=3)
    assert rows(delta.get_inserted_rows()) == {}
    assert rows(delta.get_updated_rows()) == {3: 103, 7: 107}
    assert delta.get_deleted_row_ids().read_all().num_rows == 0
    assert ds.delta(begin_version=3, end_version=4).get_deleted_row_ids().read_all()["_rowid"].to_pylist() == [5]
    assert rows(ds.delta(begin_version=5, end_version=5).get_updated_rows()) == {}


def test_compaction_changes_no_row(ds) -> None:
    before = ds.version
    ds.optimize.compact_files()
    delta = ds.delta(before)
    assert rows(delta.get_inserted_rows()) == rows(delta.get_updated_rows()) == {}
    assert delta.get_deleted_row_ids().read_all().num_rows == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "either compared_against or both"),
        ({"begin_version": 1}, "either compared_against or both"),
        ({"compared_against": 1, "end_version": 2}, "goes without"),
        ({"begin_version": 3, "end_version": 2}, "3 is after end_version 2"),
    ],
)
def test_arguments_that_make_no_delta(arguments, message, ds) -> None:
    with pytest.raises(eider.InvalidError, match=message):
        ds.delta(**arguments)


def test_versions_and_ids_that_are_not_there(ds, tmp_path) -> None:
    with pytest.raises(eider.NotFoundError, match="99"):
        ds.delta(begin_version=1, end_version=99).get_inserted_rows()
    plain = eider.write_dataset(pa.table({"a": [1]}), str(tmp_path / "plain.lance"))
    with pytest.raises(eider.InvalidError, match="no stable row ids"):
        plain.delta(1).get_inserted_rows()
