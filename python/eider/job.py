"""Work on a dataset in parts: planned once, executed by any number of threads and processes, committed once.

The processes share nothing but storage: the dataset, and a folder with the plan and what each part did. A part is done when its result lies in
the folder; whoever comes later finds it there. So a process that dies costs the part that it was at, and running the same program again does
what is left. Two processes that happen to do the same part do no harm: the first result counts.
"""

from __future__ import annotations

import json
import os
import tempfile
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _eider
from .arguments import count_of, name_of, names_of, uri_of
from .backfill import Backfill, coverage_of
from .checkpoint import Checkpoint
from .commits import commit_prepared
from .compaction import Compaction, CompactionOptions, CompactionTask, RewriteResult
from .dataset import LanceDataset
from .error import CorruptError, InvalidError, NotFoundError
from .fragment_metadata import DataFile, FragmentMetadata
from .open import dataset
from .tabular_file import open_file
from .transaction import LanceOperation, Transaction
from .udf import BatchUDF
from .write_fragments import write_fragments

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "AddColumnsJob",
    "CompactionJob",
    "ImportJob",
    "Job",
    "UpdateJob",
    "open_job",
    "plan_add_columns",
    "plan_compaction",
    "plan_import",
    "plan_update",
]

_PLAN, _COMMITTED = "plan.json", "committed.json"
_ROWS = 8192


class Job:
    """A plan in a folder. ``run`` in as many processes as there are, then ``commit`` in one."""

    kind = ""

    def __init__(self, folder: str | os.PathLike[str], plan: dict[str, Any]) -> None:
        self.folder = Path(folder)
        self._plan = plan

    @property
    def uri(self) -> str:
        """Where the dataset is."""
        return str(self._plan["uri"])

    @property
    def parts(self) -> list[Any]:
        """What each part is of: a file, or the id of a fragment."""
        return list(self._plan["parts"])

    def pending(self) -> list[int]:
        """Numbers of the parts that are not done."""
        return [part for part in range(len(self.parts)) if not self._result_path(part).exists()]

    def run(
        self,
        function: Callable[[pa.RecordBatch], Any] | None = None,
        *,
        worker: int = 0,
        workers: int = 1,
        threads: int | None = None,
    ) -> int:
        """Do the parts that are not done; returns how many were done here.

        Args:
            function: Of a job that adds columns: what computes them, as for ``LanceDataset.add_columns``.
            worker, workers: This process does each ``workers``-th part, from ``worker`` on. Without them, every part that is left.
            threads: Parts done at once; None: as many as cores. Each takes the memory of one stream.
        """
        if not 0 <= worker < workers:
            raise InvalidError(f"run: worker must be in [0, workers), got {worker} of {workers}")
        mine = [part for part in self.pending() if part % workers == worker]
        with ThreadPoolExecutor(count_of("run", "threads", threads, least=1) or os.cpu_count()) as pool:
            done = [pool.submit(self.execute, part, function) for part in mine]
            for future in done:
                future.result()
        return len(mine)

    def execute(self, part: int, function: Callable[[pa.RecordBatch], Any] | None = None) -> None:
        """Do one part, and leave its result in the folder, durably."""
        if not self._result_path(part).exists():
            _put(self._result_path(part), self._execute(part, function))

    def commit(self) -> LanceDataset:
        """Commit what was done, as one version, and return the dataset. When that has happened before, nothing does.

        Raises:
            InvalidError: some parts are not done.
            ConflictError, RetryableConflictError: others changed the same fragments meanwhile; plan again, in another folder.
            AlreadyExistsError: the dataset was to be made, and another is there now; plan again, in another folder.
        """
        if (self.folder / _COMMITTED).exists():  # also when its version was cleaned up since
            return dataset(self.uri)
        if (landed := self._landed()) is not None:
            return self._committed(landed)
        if pending := self.pending():
            raise InvalidError(f"commit: {len(pending)} of {len(self.parts)} parts are not done: {pending[:10]}")
        operation = self._operation([_read(self._result_path(part)) for part in range(len(self.parts))])
        if operation is None:
            return dataset(self.uri)
        transaction = Transaction(self._plan["read_version"], operation, self._plan["transaction"])
        return self._committed(commit_prepared(self.uri, transaction, must_create=self._plan["read_version"] == 0))

    def _committed(self, now: LanceDataset) -> LanceDataset:
        _put(self.folder / _COMMITTED, {"version": now.version})
        for part in range(len(self.parts)):
            self._checkpoint_path(part).unlink(missing_ok=True)
        return now

    def _landed(self) -> LanceDataset | None:
        """The dataset, when the transaction of the plan has made one of its versions."""
        try:
            now = dataset(self.uri)
        except NotFoundError:
            return None
        for version in reversed(_eider.version_numbers(now._native)):
            if version <= self._plan["read_version"]:
                break
            transaction = now.read_transaction(version)
            if transaction is not None and transaction.uuid == self._plan["transaction"]:
                return now
        return None

    def _result_path(self, part: int) -> Path:
        return self.folder / f"part-{part:06}.json"

    def _checkpoint_path(self, part: int) -> Path:
        return self.folder / f"part-{part:06}.sqlite"

    def _read(self) -> LanceDataset:
        return dataset(self.uri, version=self._plan["read_version"])

    def _execute(self, part: int, function: Callable[[pa.RecordBatch], Any] | None) -> Any:
        raise NotImplementedError

    def _operation(self, results: list[Any]) -> LanceOperation.BaseOperation | None:
        raise NotImplementedError


class ImportJob(Job):
    """Files that become rows; ``plan_import`` makes it. Each part is a file, read as a stream."""

    kind = "import"

    def _execute(self, part: int, function: Callable[[pa.RecordBatch], Any] | None) -> Any:
        import pyarrow as pa

        schema = _schema_of(self._plan["schema"])
        found, _, batches = open_file(self.parts[part])
        reader = pa.RecordBatchReader.from_batches(found, batches)
        mode = "create" if self._plan["read_version"] == 0 else "append"
        fragments = write_fragments(reader, self.uri, schema, mode=mode, max_rows_per_file=self._plan["max_rows_per_file"])
        assert isinstance(fragments, list)
        return [fragment.to_json() for fragment in fragments]

    def _operation(self, results: list[Any]) -> LanceOperation.BaseOperation | None:
        fragments = [FragmentMetadata.from_json(json.dumps(fragment)) for result in results for fragment in result]
        if self._plan["read_version"] == 0:
            return LanceOperation.Overwrite(_schema_of(self._plan["schema"]), fragments)
        return LanceOperation.Append(fragments) if fragments else None


class AddColumnsJob(Job):
    """Columns that a function computes; ``plan_add_columns`` makes it. Each part is a fragment, with a checkpoint for each batch.

    The columns read null until the commit. Others may append, delete and add other columns meanwhile.
    """

    kind = "add_columns"

    def _execute(self, part: int, function: Callable[[pa.RecordBatch], Any] | None) -> Any:
        if function is None:
            raise InvalidError("run: a job that adds columns needs the function that computes them")
        body = function.func if isinstance(function, BatchUDF) else function
        schema = _schema_of(self._plan["schema"])
        backfill = Backfill(body, schema, self._plan["read_columns"], self._plan["batch_size"], _eider.Durability.DEFAULT)
        backfill.checkpoint = Checkpoint(self._checkpoint_path(part), {"job": self._plan["transaction"]})
        file, _ = backfill._file_of(self._read()._native, self.parts[part], replaces=True)
        return asdict(file)

    def _operation(self, results: list[Any]) -> LanceOperation.BaseOperation | None:
        pairs = zip(self.parts, results, strict=True)
        groups = [LanceOperation.DataReplacementGroup(fragment, DataFile(**file)) for fragment, file in pairs]
        return LanceOperation.DataReplacement(groups) if groups else None


class UpdateJob(Job):
    """Columns set to the values of SQL where a condition is true; ``plan_update`` makes it. Each part is a fragment.

    Rows stay where they are: a fragment with such rows gets one more file, of the columns that change.
    """

    kind = "update"

    def _execute(self, part: int, function: Callable[[pa.RecordBatch], Any] | None) -> Any:
        read, where = self._read(), self._plan["where"]
        fragment = read.get_fragment(self.parts[part])
        assert fragment is not None
        if where is not None and fragment.count_rows(where) == 0:
            return None
        rows = fragment.scanner(columns=self._plan["updates"], filter=where, with_row_address=True, batch_size=_ROWS).to_reader()
        changed, fields, offsets = fragment.update_columns(_cast(rows, read.schema), "_rowaddr", with_offsets=True)
        return {"fragment": changed.to_json(), "fields": fields, "offsets": offsets.hex() if read.has_stable_row_ids else None}

    def _operation(self, results: list[Any]) -> LanceOperation.BaseOperation | None:
        done = [(FragmentMetadata.from_json(json.dumps(result["fragment"])), result) for result in results if result is not None]
        if not done:
            return None
        offsets = {fragment.id: bytes.fromhex(result["offsets"]) for fragment, result in done if result["offsets"] is not None}
        return LanceOperation.Update(
            updated_fragments=[fragment for fragment, _ in done],
            fields_modified=sorted({field for _, result in done for field in result["fields"]}),
            update_mode="rewrite_columns",
            updated_fragment_offsets=offsets or None,
        )


class CompactionJob(Job):
    """Fragments and files that are merged; ``plan_compaction`` makes it. Each part is a task of ``Compaction.plan``."""

    kind = "compaction"

    def _execute(self, part: int, function: Callable[[pa.RecordBatch], Any] | None) -> Any:
        return json.loads(CompactionTask.from_json(json.dumps(self.parts[part])).execute(self._read()).json())

    def commit(self) -> LanceDataset:
        """Commit what was done, and return the dataset. Parts whose fragments are there no more, as others changed them, are left out."""
        if pending := self.pending():
            raise InvalidError(f"commit: {len(pending)} of {len(self.parts)} parts are not done: {pending[:10]}")
        now = dataset(self.uri)
        there = {fragment.fragment_id: fragment.metadata for fragment in now.get_fragments()}
        results = [RewriteResult.from_json(json.dumps(_read(self._result_path(part)))) for part in range(len(self.parts))]
        left = [
            result
            for result in results
            if all(_is_same(each, there.get(each.id)) for each in result.original_fragments)
        ]
        if left:
            Compaction.commit(now, left)
        return now


def _is_same(rewritten: FragmentMetadata, now: FragmentMetadata | None) -> bool:
    """Whether nobody changed the fragment: its files and its deleted rows are those that were read."""
    if now is None:
        return False
    return [file.path for file in rewritten.files] == [file.path for file in now.files] and rewritten.deletion_file == now.deletion_file


def plan_import(
    files: Iterable[str | os.PathLike[str]],
    uri: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    schema: pa.Schema | None = None,
    max_rows_per_file: int = 1024 * 1024,
) -> ImportJob:
    """Plan the import of Parquet, GeoParquet and CSV files: appended to the dataset, or a new one when there is none.

    Args:
        files: Each is one part. Rows come in this order, whoever wrote them.
        uri: The dataset.
        folder: Of the job. Where it has a plan with the same arguments already, the job goes on.
        schema: What the rows are cast to; None: that of the dataset, or of the first file.
        max_rows_per_file: Of data files: a longer file becomes several fragments.
    """
    paths = [os.path.abspath(path) for path in files]
    if not paths:
        raise InvalidError("plan_import: there are no files")
    if missing := [path for path in paths if not os.path.exists(path)]:
        raise NotFoundError(f"plan_import: {len(missing)} files are not there, such as {missing[0]!r}")
    where = os.path.abspath(uri_of(uri))
    wanted = {"uri": where, "max_rows_per_file": count_of("plan_import", "max_rows_per_file", max_rows_per_file, least=1), "parts": paths}
    if schema is not None:
        wanted["schema"] = schema.serialize().to_pybytes().hex()

    def rest() -> dict[str, Any]:
        try:
            version, found = (now := dataset(where)).version, schema or now.schema
        except NotFoundError:
            version, found = 0, schema or open_file(paths[0])[0]
        return {"read_version": version, "schema": found.serialize().to_pybytes().hex()}

    return ImportJob(folder, _plan(folder, ImportJob.kind, wanted, rest))


def plan_add_columns(
    target: str | os.PathLike[str] | LanceDataset,
    columns: pa.Schema,
    folder: str | os.PathLike[str],
    *,
    read_columns: list[str] | None = None,
    batch_size: int | None = None,
) -> AddColumnsJob:
    """Plan columns that a function computes, which ``run`` is given. Where they are not there yet, adds them as nulls.

    Args:
        target: The dataset.
        columns: The columns that the function returns.
        folder: Of the job. Where it has a plan with the same arguments already, the job goes on.
        read_columns: What the function reads; None: all but the new ones.
        batch_size: Rows that it gets at once; None: 8192.
    """
    where = _location(target)
    rows = count_of("plan_add_columns", "batch_size", batch_size, least=1) or _ROWS
    reads = None if read_columns is None else names_of("plan_add_columns", read_columns)
    wanted = {"uri": where, "schema": columns.serialize().to_pybytes().hex(), "wanted": reads, "batch_size": rows}

    def rest() -> dict[str, Any]:
        now = dataset(where)
        if not any(name in now.schema.names for name in columns.names):
            now.add_columns([field.with_nullable(True) for field in columns])
        Backfill(dict, columns, None, rows, _eider.Durability.DEFAULT)._require_same(now._native)
        missing = [part.fragment_id for part in coverage_of(now._native, columns.names) if part.num_covered_rows < part.num_rows]
        others = [name for name in now.schema.names if name not in columns.names]
        return {"read_version": now.version, "parts": missing, "read_columns": others if reads is None else reads}

    return AddColumnsJob(folder, _plan(folder, AddColumnsJob.kind, wanted, rest))


def plan_update(
    target: str | os.PathLike[str] | LanceDataset, updates: Mapping[str, str], folder: str | os.PathLike[str], *, where: str | None = None
) -> UpdateJob:
    """Plan an update: columns (names of top-level ones) set to the values of SQL in the rows for which ``where`` is true.

    Where ``folder`` has a plan with the same arguments already, the job goes on.
    """
    location = _location(target)
    given = {name_of("plan_update", name): name_of("plan_update", text) for name, text in updates.items()}
    if not given:
        raise InvalidError("plan_update: there are no columns to set")
    wanted = {"uri": location, "updates": given, "where": where}

    def rest() -> dict[str, Any]:
        now = dataset(location)
        if missing := [name for name in given if name not in now.schema.names]:
            raise NotFoundError(f"plan_update: {_eider.no_column(missing[0], now.schema.names)}")
        now.scanner(columns=given, filter=where, limit=0).to_table()  # names what does not parse
        return {"read_version": now.version, "parts": [fragment.fragment_id for fragment in now.get_fragments()]}

    return UpdateJob(folder, _plan(folder, UpdateJob.kind, wanted, rest))


def plan_compaction(
    target: str | os.PathLike[str] | LanceDataset, folder: str | os.PathLike[str], options: CompactionOptions | None = None
) -> CompactionJob:
    """Plan a compaction; options are the arguments of ``ds.optimize.compact_files``.

    Where ``folder`` has a plan with the same arguments already, the job goes on.
    """
    location = _location(target)

    def rest() -> dict[str, Any]:
        plan = Compaction.plan(dataset(location), options)
        return {"read_version": plan.read_version, "parts": [json.loads(task.json()) for task in plan.tasks]}

    return CompactionJob(folder, _plan(folder, CompactionJob.kind, {"uri": location, "options": dict(options or {})}, rest))


def open_job(folder: str | os.PathLike[str]) -> Job:
    """The job that is planned in the folder, in any process. Raises NotFoundError where there is none."""
    path = Path(folder) / _PLAN
    if not path.exists():
        raise NotFoundError(f"there is no job in {os.fspath(folder)!r}")
    plan = _read(path)
    kinds: dict[str, type[Job]] = {kind.kind: kind for kind in (ImportJob, AddColumnsJob, UpdateJob, CompactionJob)}
    if plan.get("kind") not in kinds:
        raise CorruptError(f"{path}: a job of kind {plan.get('kind')!r}")
    return kinds[plan["kind"]](folder, plan)


def _plan(folder: str | os.PathLike[str], kind: str, wanted: dict[str, Any], rest: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The plan in the folder, which must be of what is wanted, or a new one."""
    path = Path(folder) / _PLAN
    wanted = json.loads(json.dumps({"kind": kind, **wanted}))  # as it comes back
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _put(path, {"transaction": str(uuid.uuid4()), **wanted, **rest()})
    plan = _read(path)
    if differing := [name for name, value in wanted.items() if plan.get(name) != value]:
        raise InvalidError(f"{os.fspath(folder)!r} has the plan of another job: {differing[0]} is {plan.get(differing[0])!r:.100}")
    return dict(plan)


def _put(path: Path, value: Any) -> None:
    """Unless it is there: the first one counts. Durable, and whole, whenever the process dies."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".", delete=False) as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(file.name, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(file.name)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise CorruptError(f"{path}: {error}") from error


def _location(target: str | os.PathLike[str] | LanceDataset) -> str:
    return target._native.location if isinstance(target, LanceDataset) else os.path.abspath(uri_of(target))


def _schema_of(text: str) -> pa.Schema:
    import pyarrow as pa

    return pa.ipc.read_schema(pa.py_buffer(bytes.fromhex(text)))


def _cast(rows: pa.RecordBatchReader, table: pa.Schema) -> _eider.RecordBatchReader:
    import pyarrow as pa

    schema = pa.schema([table.field(field.name) if field.name in table.names else field for field in rows.schema])
    return _eider.RecordBatchReader.from_stream(pa.RecordBatchReader.from_batches(schema, (batch.cast(schema) for batch in rows)))
