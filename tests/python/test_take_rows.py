"""Rows by id and by address."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import eider


@pytest.fixture(params=[False, True], ids=["addresses", "stable"])
def ds(request, tmp_path) -> eider.LanceDataset:
    """Rows 0..29 in files of ten; 4 is deleted, 7 and 25 were updated."""
    table = pa.table({"a": range(30), "b": [f"text {i}" for i in range(30)]})
    ds = eider.write_dataset(table, str(tmp_path / "t.lance"), max_rows_per_file=10, enable_stable_row_ids=request.param)
    ds.delete("a = 4")
    ds.update({"b": "'new'"}, where="a IN (7, 25)")
    return ds


def test_takes_by_id_in_order_and_with_duplicates(ds) -> None:
    known = dict(zip(*(c.to_pylist() for c in ds.to_table(["a"], with_row_id=True).columns)))
    picks = [29, 7, 0, 25, 7, 3]
    ids = [known[a] for a in picks]
    for form in (ids, np.array(ids, np.uint64), pa.array(ids, pa.uint64())):
        taken = ds.take_rows(form, columns=["a", "b"])
        assert taken["a"].to_pylist() == picks
        assert taken["b"].to_pylist() == ["text 29", "new", "text 0", "new", "new", "text 3"]
    assert ds.take_rows(ids) == taken
    assert ds._take_rows([*ids, 4, 10**15], columns=["a"])["a"].to_pylist() == picks
    assert ds.take_rows([], columns=["a"]).num_rows == 0


def test_takes_by_address(ds) -> None:
    addresses = ds.to_table(["a"], with_row_address=True).sort_by("a")["_rowaddr"].to_pylist()
    assert ds.take_rows(addresses=addresses[::-1], columns=["a"])["a"].to_pylist() == [a for a in range(29, -1, -1) if a != 4]


def test_rows_that_are_not_there_are_named(ds) -> None:
    for row in (4, 10**15, 2**64 - 1):
        with pytest.raises(eider.NotFoundError, match=str(row)):
            ds.take_rows([0, row])
        with pytest.raises(eider.NotFoundError, match=str(row)):
            ds.take_rows(addresses=[row])
        assert ds.take_rows(addresses=[row, 1], columns=["a"], skip_missing=True).to_pydict() == {"a": [1]}
    with pytest.raises(eider.InvalidError, match="exactly one"):
        ds.take_rows()
    with pytest.raises(eider.InvalidError, match="exactly one"):
        ds.take_rows([1], addresses=[1])
    with pytest.raises(eider.UnsupportedError, match="ignore_deletions"):
        ds._take_rows([1], ignore_deletions=True)


def test_ids_survive_compaction_only_when_they_are_stable(tmp_path) -> None:
    for stable in (True, False):
        ds = eider.write_dataset(pa.table({"a": range(30)}), str(tmp_path / f"{stable}.lance"), max_rows_per_file=10, enable_stable_row_ids=stable)
        ds.delete("a < 3")
        ids = ds.to_table(with_row_id=True)["_rowid"]
        ds.optimize.compact_files()
        found = ds.take_rows(ids, skip_missing=True, columns=["a"])["a"].to_pylist()
        assert found == (list(range(3, 30)) if stable else [])
