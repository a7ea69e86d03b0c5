"""Two writers from one version: which of their operations stand beside each other, whichever engine commits first or second."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from tests.interop import conflicts

#: What is made from the version, by name: the method of `conflicts.Maker`, and its arguments (0 and 1 are fragments).
OPERATIONS: dict[str, tuple] = {
    "append": ("append",),
    "delete 0": ("delete", 0),
    "delete 1": ("delete", 1),
    "drop 0": ("drop_fragment", 0),
    "rows 0": ("update_rows", 0),
    "rows 1": ("update_rows", 1),
    "columns 0": ("update_columns", 0),
    "columns 1": ("update_columns", 1),
    "overwrite": ("overwrite",),
    "rewrite 0": ("rewrite", 0),
    "rewrite 1": ("rewrite", 1),
    "merge": ("merge",),
    "project": ("project",),
    "config x": ("config", "x"),
    "config y": ("config", "y"),
    "schema": ("schema_metadata",),
    "restore": ("restore",),
    "replace 0": ("replace", 0),
    "replace 1": ("replace", 1),
}
OUTCOMES = {".": "fine", "R": "retry", "X": "conflict"}

#: What the second of two bare commits comes to, by its operation (lines) after that of the first (columns, in the order of OPERATIONS).
MATRIX = """
append     . . . . . . . . X . . R R . . . X . .
delete 0   . R . R R . R . X R . R . . . . X R .
delete 1   . . R . . R . R X . R R . . . . X . R
drop 0     . R . R R . R . X R . R . . . . X R .
rows 0     . R . R R . R . X R . R R . . . X R .
rows 1     . . R . . R . R X . R R R . . . X . R
columns 0  . R . R R . R . X R . R R . . . X R .
columns 1  . . R . . R . R X . R R R . . . X . R
overwrite  . . . . . . . . R . . . . . . . . . .
rewrite 0  . R . R R . R . X R . R . . . . X R .
rewrite 1  . . R . . R . R X . R R . . . . X . R
merge      R R R R R R R R X R R R X . . R X R R
project    R . . . R R R R X . . R R . . . X R R
config x   . . . . . . . . . . . . . X . . . . .
config y   . . . . . . . . . . . . . . X . . . .
schema     . . . . . . . . X . . R . . . X X . .
restore    . . . . . . . . . . . . . . . X . . .
replace 0  . . . X R . R . X R . R R . . . X R .
replace 1  . . . . . R . R X . R R R . . . X . R
"""


#: Where our second commit stands, and that of the reference does not (docs/guide/transactions.md).
STANDS_HERE = {("append", "merge"), ("append", "project"), ("restore", "schema")}


def expected() -> dict[str, dict[str, str]]:
    rows = {}
    for line in MATRIX.strip().splitlines():
        cells = line[11:].split()
        rows[line[:11].strip()] = {theirs: OUTCOMES[cell] for theirs, cell in zip(OPERATIONS, cells, strict=True)}
    return rows


@pytest.fixture(params=["both ours", "theirs first", "ours first"])
def pair(request, engine, reference) -> tuple[Any, Any]:
    """Who commits first, and who second."""
    return {"both ours": (engine, engine), "theirs first": (reference, engine), "ours first": (engine, reference)}[request.param]


@pytest.mark.parametrize("mine", list(OPERATIONS))
def test_every_cell_of_the_matrix(mine, pair, tmp_path, engine, reference) -> None:
    found = {}
    for theirs in OPERATIONS:
        uri = str(tmp_path / f"{theirs}.lance".replace(" ", "_"))
        conflicts.new_table(reference, uri)
        found[theirs] = conflicts.second_commit((pair[0], *split(theirs)), (pair[1], *split(mine)), uri)
        same_rows(uri, engine, reference)
    wanted = expected()[mine]
    if pair[1] is engine and engine is not reference:
        wanted |= {theirs: "fine" for theirs in OPERATIONS if (mine, theirs) in STANDS_HERE}
    assert found == wanted


def split(name: str) -> tuple[str, tuple]:
    method, *arguments = OPERATIONS[name]
    return method, tuple(arguments)


def same_rows(uri: str, engine: Any, reference: Any) -> list[dict]:
    rows = [sorted(reader.dataset(uri).to_table().to_pylist(), key=repr) for reader in (engine, reference)]
    reference.dataset(uri).validate()
    assert rows[0] == rows[1]
    return rows[0]


#: Changes of the rows k in (`first`, `first` + 1) of one fragment, and of what comes of v.
def delete(ds: Any, first: int) -> None:
    ds.delete(f"k IN ({first}, {first + 1})", conflict_retries=0)


def update(ds: Any, first: int) -> None:
    ds.update({"v": "v + 1000"}, where=f"k IN ({first}, {first + 1})", conflict_retries=0)


def upsert(ds: Any, first: int) -> None:
    source = pa.table({"k": pa.array([first, first + 1], pa.int64()), "v": pa.array([-first, -first - 1], pa.int64())})
    ds.merge_insert("k").when_matched_update_all().conflict_retries(0).execute(source)


def merge_delete(ds: Any, first: int) -> None:
    source = pa.table({"k": pa.array([first, first + 1], pa.int64()), "v": pa.array([0, 0], pa.int64())})
    ds.merge_insert("k").when_matched_delete().conflict_retries(0).execute(source)


CHANGES = {"delete": delete, "update": update, "upsert": upsert, "merge delete": merge_delete}


def values_after(change: str, first: int, before: dict[int, int]) -> dict[int, int]:
    after = dict(before)
    for key in (first, first + 1):
        if change in ("delete", "merge delete"):
            after.pop(key)
        else:
            after[key] = after[key] + 1000 if change == "update" else -key
    return after


@pytest.mark.parametrize("stable", [False, True], ids=["addresses", "stable ids"])
@pytest.mark.parametrize("mine", list(CHANGES))
@pytest.mark.parametrize("theirs", list(CHANGES))
def test_changes_of_different_rows_of_one_fragment_both_stand(theirs, mine, stable, pair, tmp_path, engine, reference) -> None:
    uri = str(tmp_path / "d.lance")
    wanted = {k: 100 + k for k in range(12)}
    reference.write_dataset(pa.table({"k": list(wanted), "v": list(wanted.values())}), uri, max_rows_per_file=8, enable_stable_row_ids=stable)
    first, second = pair[0].dataset(uri), pair[1].dataset(uri)
    CHANGES[theirs](first, 1)
    CHANGES[mine](second, 4)
    wanted = values_after(mine, 4, values_after(theirs, 1, wanted))
    assert {row["k"]: row["v"] for row in same_rows(uri, engine, reference)} == wanted
    if stable:
        ids = engine.dataset(uri).to_table(with_row_id=True).to_pydict()
        assert ids["_rowid"] == ids["k"]


@pytest.mark.parametrize("mine", list(CHANGES))
@pytest.mark.parametrize("theirs", list(CHANGES))
def test_changes_of_one_row_are_run_again(theirs, mine, pair, tmp_path, engine, reference) -> None:
    uri = str(tmp_path / "d.lance")
    reference.write_dataset(pa.table({"k": range(12), "v": range(100, 112)}), uri, max_rows_per_file=8)
    first, second = pair[0].dataset(uri), pair[1].dataset(uri)
    CHANGES[theirs](first, 1)
    with pytest.raises(Exception) as caught:
        CHANGES[mine](second, 2)
    assert conflicts.verdict_of(caught.value) == "retry" or "etries" in str(caught.value)
    assert engine.dataset(uri).version == 2


@pytest.mark.parametrize("mine", ["delete", "update", "upsert"])
def test_what_both_leave_of_a_fragment_is_what_neither_took(mine, pair, tmp_path, engine, reference) -> None:
    """Two deletes that take every row of a fragment between them."""
    uri = str(tmp_path / "d.lance")
    reference.write_dataset(pa.table({"k": range(8), "v": range(100, 108)}), uri, max_rows_per_file=4)
    first, second = pair[0].dataset(uri), pair[1].dataset(uri)
    first.delete("k IN (2, 3, 5)", conflict_retries=0)
    CHANGES[mine](second, 0)
    rows = {row["k"]: row["v"] for row in same_rows(uri, engine, reference)}
    assert rows == values_after(mine, 0, {k: 100 + k for k in (0, 1, 4, 6, 7)})
    assert [f.fragment_id for f in engine.dataset(uri).get_fragments()] == [1] + ([] if mine == "delete" else [2])
