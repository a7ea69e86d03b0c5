"""Operations made from one version and committed one after the other, and what became of the second."""

from __future__ import annotations

import importlib
import uuid
import warnings
from typing import Any

import pyarrow as pa

from tests.interop.engines import Engine

#: Rows of a fragment; the table of these tests has three.
ROWS = 4
FRAGMENTS = 3


def new_table(engine: Engine, uri: str) -> Any:
    """Columns k and v in three fragments, at version 3. Version 1 holds the same rows."""
    rows = ROWS * FRAGMENTS
    data = pa.table({"k": pa.array(range(rows), pa.int64()), "v": pa.array(range(100, 100 + rows), pa.int64())})
    ds = engine.write_dataset(data, uri, max_rows_per_file=ROWS)
    ds.update_config({"made": "1"})
    ds.update_config({"made": "2"})
    return engine.dataset(uri)


def clones_of(uri: str) -> str:
    """What the paths of clones begin with."""
    return uri.removesuffix("/") + "-clone-"


class Maker:
    """Operations from the version that `ds` is at, made with one engine; a function commits what it made by itself."""

    def __init__(self, engine: Engine, ds: Any) -> None:
        self.ds = ds
        self.operations = engine.module.LanceOperation
        self._fragment = importlib.import_module(engine.name + ".fragment")

    def _written(self, data: pa.Table) -> list[Any]:
        return list(self._fragment.write_fragments(data, self.ds.uri))

    def _new_rows(self, first: int) -> list[Any]:
        return self._written(pa.table({"k": pa.array([first, first + 1], pa.int64()), "v": pa.array([7, 8], pa.int64())}))

    def _part(self, fragment: int) -> Any:
        return self.ds.get_fragments()[fragment]

    def append(self) -> Any:
        return self.operations.Append(self._new_rows(1000))

    def overwrite(self) -> Any:
        data = pa.table({"k": pa.array([5], pa.int64()), "v": pa.array([6], pa.int64())})
        return self.operations.Overwrite(data.schema, self._written(data))

    def delete(self, fragment: int) -> Any:
        where = f"k = {ROWS * fragment}"
        return self.operations.Delete([self._part(fragment).delete(where)], [], where)

    def drop_fragment(self, fragment: int) -> Any:
        return self.operations.Delete([], [fragment], "true")

    def update_rows(self, fragment: int) -> Any:
        return self.operations.Update(
            updated_fragments=[self._part(fragment).delete(f"k = {ROWS * fragment + 1}")], new_fragments=self._new_rows(2000), update_mode="rewrite_rows"
        )

    def update_columns(self, fragment: int) -> Any:
        data = pa.table({"k": pa.array([ROWS * fragment + 2], pa.int64()), "v": pa.array([-1], pa.int64())})
        changed, fields = self._part(fragment).update_columns(data, "k", "k")[:2]
        return self.operations.Update(updated_fragments=[changed], fields_modified=fields, update_mode="rewrite_columns")

    def replace(self, fragment: int) -> Any:
        data = pa.table({"k": pa.array(range(ROWS), pa.int64()), "v": pa.array(range(ROWS), pa.int64())})
        (written,) = self._written(data)
        return self.operations.DataReplacement([self.operations.DataReplacementGroup(fragment, written.files[0])])

    def rewrite(self, fragment: int) -> Any:
        part = self._part(fragment)
        return self.operations.Rewrite([self.operations.RewriteGroup([part.metadata], self._written(part.to_table()))], [])

    def merge(self, name: str = "c") -> Any:
        made = [part.merge_columns({name: "k * 2"}) for part in self.ds.get_fragments()]
        return self.operations.Merge([fragment for fragment, _ in made], made[0][1])

    def project(self) -> Any:
        schema = self.ds.lance_schema
        made = [part.merge_columns({"gone": "k"}) for part in self.ds.get_fragments()[:1]]
        return self.operations.Project(_without(schema, "v", type(made[0][1])))

    def config(self, key: str = "x") -> Any:
        return self.operations.UpdateConfig(config_updates=self.operations.UpdateMap({key: "1"}))

    def schema_metadata(self) -> Any:
        return self.operations.UpdateConfig(schema_metadata_updates=self.operations.UpdateMap({"note": "1"}))

    def restore(self) -> Any:
        return self.operations.Restore(1)

    def index(self) -> Any:
        """Only the reference makes them."""
        return lambda: self.ds.create_scalar_index("v", "BTREE", name="v_idx")

    def compact(self) -> Any:
        """A whole compaction of the reference, which first reserves ids, and then rewrites, both from the version read."""
        compaction = importlib.import_module("lance.optimize").Compaction
        results = [task.execute(self.ds) for task in compaction.plan(self.ds, {}).tasks]
        return lambda: compaction.commit(self.ds, results)

    def reserve(self) -> Any:
        """Two ids of fragments; pylance has no class for it."""
        return self.operations.Other(107, b"\x08\x02")

    def clone(self) -> Any:
        version = self.ds.version
        return lambda: self.ds.shallow_clone(f"{clones_of(self.ds.uri)}{uuid.uuid4().hex}", version)


def _without(schema: Any, name: str, kind: Any) -> Any:
    return kind.from_pyarrow(pa.schema([field for field in schema.to_pyarrow() if field.name != name]))


def verdict_of(error: Exception) -> str:
    text = f"{type(error).__name__} {error}"
    if "etryable" in text:
        return "retry"
    return "conflict" if "onflict" in text or "ncompatible transaction" in text else f"{text:.200}"


def _commit(engine: Engine, operation: Any, uri: str, version: int) -> None:
    if callable(operation):
        operation()
    else:
        engine.module.LanceDataset.commit(uri, operation, read_version=version)


def second_commit(theirs: tuple[Engine, str, tuple], mine: tuple[Engine, str, tuple], uri: str) -> str:
    """Commits the operation of `theirs` and then that of `mine`, both (engine, name, arguments) made from the same version: "fine",
    "retry" or "conflict", or what else went wrong."""
    version = theirs[0].dataset(uri).version
    made = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for engine, name, arguments in (theirs, mine):
            made.append((engine, getattr(Maker(engine, engine.dataset(uri)), name)(*arguments)))
        _commit(*made[0], uri, version)
        try:
            _commit(*made[1], uri, version)
        except Exception as error:
            return verdict_of(error)
    return "fine"
