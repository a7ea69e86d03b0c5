"""What is done to a table while calls fail, and what the table then holds."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyarrow as pa

import eider


def rows(first: int, count: int) -> pa.Table:
    return pa.table({"id": pa.array(range(first, first + count), pa.int64()), "text": [f"row {i}" for i in range(first, first + count)]})


def make(uri: str, stable: bool = True) -> None:
    """A table of 5 versions: 3 fragments, one with deleted rows, a tag, a branch."""
    eider.write_dataset(rows(0, 40), uri, max_rows_per_file=20, enable_stable_row_ids=stable)
    ds = eider.write_dataset(rows(40, 20), uri, mode="append")
    ds.delete("id IN (3, 44)")
    ds.tags.create("kept", 2)
    ds.create_branch("side")
    ds.update({"text": "'changed'"}, where="id = 10")
    ds.update_config({"owner": "nobody"})


def state(uri: str) -> Any:
    """The contents of the latest version, refs and config, as JSON has them; None: there is no table."""
    try:
        ds = eider.dataset(uri)
    except eider.NotFoundError:
        return None
    table = ds.to_table()
    found = sorted(table.to_pylist(), key=lambda row: row["id"])
    tags = {name: tag["version"] for name, tag in ds.tags.list().items()}
    branches = sorted(ds.branches.list())
    return {"names": table.column_names, "types": [str(t) for t in table.schema.types], "rows": [list(row.values()) for row in found],
            "tags": tags, "branches": branches, "config": ds.config()}


def reference_rows(uri: str) -> Any:
    """The same rows as pylance reads them."""
    import lance

    found = sorted(lance.dataset(uri).to_table().to_pylist(), key=lambda row: row["id"])
    return [list(row.values()) for row in found]


@dataclass(frozen=True)
class Operation:
    run: Callable[[str], object]
    on: str = "table"  #: what it is run on: nothing, or a table of ``make``
    state: Callable[[str], Any] = state


def _merge(uri: str) -> None:
    source = pa.concat_tables([rows(5, 3), rows(500, 5)])
    eider.dataset(uri).merge_insert("id").when_matched_update_all().when_not_matched_insert_all().execute(source)


def _cleanup(uri: str) -> None:
    eider.dataset(uri).cleanup_old_versions(older_than=timedelta(0), delete_unverified=True, error_if_tagged_old_versions=False)


def beside(uri: str) -> str:
    """A table below the folder that is watched, so that calls for it fail too."""
    return uri + "/beside.lance"


def state_with_clone(uri: str) -> Any:
    """The table's, and that of the clone beside it."""
    return {**state(uri), "clone": state(beside(uri))}


def state_with_detached(uri: str) -> Any:
    """The table's, and the rows of detached versions: nothing else leads to them."""
    found = []
    for path in sorted(pathlib.Path(uri, "_versions").glob("d*.manifest")):
        table = eider.dataset(uri, version=int(path.stem[1:])).to_table()
        found.append(sorted(([*row.values()] for row in table.to_pylist()), key=repr))
    return {**state(uri), "detached": found}


def _detached(uri: str) -> None:
    fragments = eider.fragment.write_fragments(rows(700, 5), uri)
    ds = eider.dataset(uri)
    eider.LanceDataset.commit(uri, eider.LanceOperation.Append(fragments), read_version=ds.version, detached=True)


OPERATIONS: dict[str, Operation] = {
    "create": Operation(make, on="nothing"),
    "create simple": Operation(lambda uri: eider.write_dataset(rows(0, 10), uri, enable_v2_manifest_paths=False), on="nothing"),
    "append": Operation(lambda uri: eider.write_dataset(rows(100, 10), uri, mode="append")),
    "overwrite": Operation(lambda uri: eider.write_dataset(rows(200, 10), uri, mode="overwrite")),
    "delete": Operation(lambda uri: eider.dataset(uri).delete("id % 7 = 0")),
    "update": Operation(lambda uri: eider.dataset(uri).update({"text": "'new'"}, where="id % 5 = 0")),
    "merge insert": Operation(_merge),
    "add columns by sql": Operation(lambda uri: eider.dataset(uri).add_columns({"twice": "id * 2"})),
    "add columns of nulls": Operation(lambda uri: eider.dataset(uri).add_columns(pa.field("empty", pa.int32()))),
    "drop columns": Operation(lambda uri: eider.dataset(uri).drop_columns(["text"])),
    "rename": Operation(lambda uri: eider.dataset(uri).alter_columns({"path": "text", "name": "words"})),
    "cast": Operation(lambda uri: eider.dataset(uri).alter_columns({"path": "id", "data_type": pa.int32()})),
    "compact": Operation(lambda uri: eider.dataset(uri).optimize.compact_files()),
    "restore": Operation(lambda uri: eider.dataset(uri, version=1).restore()),
    "tag": Operation(lambda uri: eider.dataset(uri).tags.create("now")),
    "move tag": Operation(lambda uri: eider.dataset(uri).tags.update("kept", 3)),
    "delete tag": Operation(lambda uri: eider.dataset(uri).tags.delete("kept")),
    "branch": Operation(lambda uri: eider.dataset(uri).create_branch("trial")),
    "delete branch": Operation(lambda uri: eider.dataset(uri).branches.delete("side")),
    "cleanup": Operation(_cleanup),
    "shallow clone": Operation(lambda uri: eider.dataset(uri).shallow_clone(beside(uri), 3), state=state_with_clone),
    "deep clone": Operation(lambda uri: eider.dataset(uri).deep_clone(beside(uri), 3), state=state_with_clone),
    "detached commit": Operation(_detached, state=state_with_detached),
    "config": Operation(lambda uri: eider.dataset(uri).update_config({"owner": "somebody", "more": "1"})),
}
