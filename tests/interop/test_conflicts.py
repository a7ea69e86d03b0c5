"""Two writers from one version: which of their operations stand beside each other, whichever engine commits first or second."""

from __future__ import annotations

import glob
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
    "index": ("index",),
    "compact": ("compact",),
    "reserve": ("reserve",),
    "clone": ("clone",),
}
#: What one engine alone can make.
ONLY_THEIRS, ONLY_OURS = {"index", "compact"}, {"reserve"}
OUTCOMES = {".": "fine", "R": "retry", "X": "conflict", "-": ""}

#: What the second of two commits comes to, by its operation (lines) after that of the first (columns, in the order of OPERATIONS).
#: "-": both are of the reference.
MATRIX = """
append     . . . . . . . . X . . R R . . . X . . . . . .
delete 0   . R . R R . R . X R . R . . . . X R . . R . .
delete 1   . . R . . R . R X . R R . . . . X . R . R . .
drop 0     . R . R R . R . X R . R . . . . X R . . R . .
rows 0     . R . R R . R . X R . R R . . . X R . . R . .
rows 1     . . R . . R . R X . R R R . . . X . R . R . .
columns 0  . R . R R . R . X R . R R . . . X R . . R . .
columns 1  . . R . . R . R X . R R R . . . X . R . R . .
overwrite  . . . . . . . . R . . . . . . . . . . . . . .
rewrite 0  . R . R R . R . X R . R . . . . X R . R R . .
rewrite 1  . . R . . R . R X . R R . . . . X . R R R . .
merge      R R R R R R R R X R R R X . . R X R R . R . .
project    R . . . R R R R X . . R R . . . X R R . . . .
config x   . . . . . . . . . . . . . X . . . . . . . . .
config y   . . . . . . . . . . . . . . X . . . . . . . .
schema     . . . . . . . . X . . R . . . X X . . . . . .
restore    . . . . . . . . . . . . . . . X . . . . . . .
replace 0  . . . X R . R . X R . R R . . . X R . R R . .
replace 1  . . . . . R . R X . R R R . . . X . R R R . .
index      . . . . . . . . X R R . . . . . X R R - - . .
compact    . R R R R R R R X R R R . . . . X R R - - . .
reserve    . . . . . . . . X . . . . . . . X . . . . . .
clone      . . . . . . . . . . . . . . . . . . . . . . .
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
    first, second = ({each for each in OPERATIONS if each not in (ONLY_THEIRS if who is engine else ONLY_OURS)} for who in pair)
    if engine is reference:
        first = second = set(OPERATIONS) - ONLY_OURS - ONLY_THEIRS
    if mine not in second:
        pytest.skip(f"{pair[1].name} does not make it")
    found = {}
    for theirs in filter(first.__contains__, OPERATIONS):
        uri = str(tmp_path / f"{theirs}.lance".replace(" ", "_"))
        conflicts.new_table(reference, uri)
        found[theirs] = conflicts.second_commit((pair[0], *split(theirs)), (pair[1], *split(mine)), uri)
        same_rows(uri, engine, reference)
        if "index" in (mine, theirs):
            index_tells_the_truth(uri, reference)
        for clone in glob.glob(conflicts.clones_of(uri) + "*"):
            assert {row["k"] for row in same_rows(clone, engine, reference)} == set(range(conflicts.ROWS * conflicts.FRAGMENTS))
    wanted = {theirs: outcome for theirs, outcome in expected()[mine].items() if theirs in first}
    if pair[1] is engine and engine is not reference:
        wanted |= {theirs: "fine" for theirs in first if (mine, theirs) in STANDS_HERE}
    assert found == wanted


def split(name: str) -> tuple[str, tuple]:
    method, *arguments = OPERATIONS[name]
    return method, tuple(arguments)


def same_rows(uri: str, engine: Any, reference: Any) -> list[dict]:
    rows = [sorted(reader.dataset(uri).to_table().to_pylist(), key=repr) for reader in (engine, reference)]
    reference.dataset(uri).validate()
    assert rows[0] == rows[1]
    return rows[0]


def index_tells_the_truth(uri: str, reference: Any) -> None:
    """What a search by the index finds is what a search of the rows finds: it covers none that came or changed while it was made."""
    ds = reference.dataset(uri)
    if "v" not in ds.schema.names:
        return
    values = ds.to_table(columns=["v"])["v"].to_pylist()
    for value in {*values, *range(100, 100 + conflicts.ROWS * conflicts.FRAGMENTS)}:
        found = ds.to_table(filter=f"v = {value}", use_scalar_index=True).num_rows
        assert found == values.count(value), f"v = {value}: {found} rows by the index, {values.count(value)} in the table"


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


def cast(ds: Any, first: int) -> None:
    ds.alter_columns({"path": "v", "data_type": pa.int32()})


def insert(ds: Any, first: int) -> None:
    ds.insert(pa.table({"k": pa.array([first], pa.int64()), "v": pa.array([100 + first], pa.int64())}))


@pytest.mark.parametrize("stable", [False, True], ids=["addresses", "stable ids"])
@pytest.mark.parametrize("order", ["index first", "ours first"])
@pytest.mark.parametrize("change", [*CHANGES.values(), cast, insert], ids=lambda change: change.__name__)
def test_an_index_that_was_made_meanwhile_finds_what_is_there(change, order, stable, tmp_path, engine, reference) -> None:
    uri = str(tmp_path / "d.lance")
    reference.write_dataset(pa.table({"k": range(12), "v": range(100, 112)}), uri, max_rows_per_file=4, enable_stable_row_ids=stable)
    ours, theirs = engine.dataset(uri), reference.dataset(uri)
    if order == "index first":
        theirs.create_scalar_index("v", "BTREE")
        change(ours, 5)
    else:
        change(ours, 5)
        theirs.create_scalar_index("v", "BTREE")
    if change is cast and order == "ours first":
        # Theirs commits an index of a column that is gone, and its own filters fail then; the next commit of ours drops it.
        if engine is not reference:
            assert [finding.kind for finding in engine.module.verify(uri).findings] == ["index"]
            engine.dataset(uri).update_config({"a": "b"})
            assert reference.dataset(uri).list_indices() == []
    else:
        index_tells_the_truth(uri, reference)
    same_rows(uri, engine, reference)
