"""New columns fragment by fragment: with a checkpoint, or committed as they come."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from . import _eider
from .checkpoint import Checkpoint, state_of
from .error import InvalidError, NotFoundError, RetryableConflictError
from .fragment_metadata import DataFile, FragmentMetadata
from .ingest import open_reader
from .schema import LanceField
from .transaction import LanceOperation, Transaction
from .transaction_message import message_of
from .udf import as_batch, fitted

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Backfill", "FragmentCoverage", "coverage_of"]

_ATTEMPTS = 10


@dataclass(frozen=True)
class FragmentCoverage:
    """How much of a fragment has values of a column written, which may be null."""

    fragment_id: int
    num_rows: int
    num_covered_rows: int


def _is_covered(field: LanceField, written: set[int]) -> bool:
    children = field.children()
    return field.id() in written or (bool(children) and all(_is_covered(child, written) for child in children))


def coverage_of(native: _eider.Dataset, names: list[str]) -> list[FragmentCoverage]:
    """By fragment, of all the columns together."""
    fields = [native.lance_schema.field(name) for name in names]
    for name, field in zip(names, fields, strict=True):
        if field is None:
            raise NotFoundError(f"coverage: {_eider.no_column(name, native.schema.names)}")
    found = []
    for info in native.fragments():
        written = {id for file in info.files for id in file.field_ids}
        rows = info.physical_rows - info.deleted_rows
        covered = all(_is_covered(field, written) for field in fields if field is not None)
        found.append(FragmentCoverage(info.id, rows, rows if covered else 0))
    return found


def _wanted(native: _eider.Dataset, fragment: int, columns: list[str] | None, rows: int) -> _eider.ScanOptions:
    options = _eider.ScanOptions()
    options.columns, options.fragment_ids, options.batch_rows = columns, [fragment], rows
    return options


@dataclass
class Backfill:
    """A function over batches (or the SQL of columns), and how its results get into a dataset."""

    function: Callable[[Any], Any] | Mapping[str, Any]
    schema: pa.Schema
    read_columns: list[str] | None
    batch_rows: int
    durability: _eider.Durability
    checkpoint: Checkpoint | None = None

    def open_checkpoint(self, native: _eider.Dataset, path: str | os.PathLike[str]) -> None:
        """Find what an earlier run left in the file, or begin one."""
        import base64

        schema = base64.b64encode(self.schema.serialize().to_pybytes()).decode()
        purpose = {"dataset": native.location, "columns": self.schema.names, "schema": schema}
        self.checkpoint = Checkpoint(path, {**purpose, "read_columns": self.read_columns})

    def add_columns(self, native: _eider.Dataset) -> _eider.Dataset:
        """Add the columns in one commit."""
        for attempt in range(_ATTEMPTS):
            try:
                done = self._merge(native)
            except RetryableConflictError:
                if attempt == _ATTEMPTS - 1:
                    raise
                native = native.checkout_latest()
            else:
                if self.checkpoint is not None:
                    self.checkpoint.remove()
                return done
        raise AssertionError

    def _merge(self, native: _eider.Dataset) -> _eider.Dataset:
        if taken := [name for name in self.schema.names if name in native.schema.names]:
            raise InvalidError(f"adding column {taken[0]!r}: the dataset has a column of this name")
        fragments, fields = [], None
        for info in native.fragments():
            file, fields = self._file_of(native, info.id, replaces=False)
            fragment = FragmentMetadata._of_message(native.fragment_messages(info.id)[0])
            fragment.files.append(file)
            fragments.append(fragment)
        if fields is None:
            return native.add_nulls(self.schema, self.durability)
        old = native.lance_schema
        schema = _eider.schema_of_messages([*_eider.field_messages(old), *fields], _eider.metadata_of_schema(old))
        return self._commit(native, LanceOperation.Merge(fragments, schema, all(field.nullable for field in self.schema)))

    def add_by_parts(self, native: _eider.Dataset, every: int) -> _eider.Dataset:
        """Add the columns as nulls, then commit the files of fragments that have none, ``every`` so many of them."""
        import pyarrow as pa

        if native.version != native.latest_version() and not native.version >> 63:  # of a detached one nothing goes on
            native = native.checkout_latest()
        if not any(name in native.schema.names for name in self.schema.names):
            native = native.add_nulls(pa.schema([field.with_nullable(True) for field in self.schema]), self.durability)
        self._require_same(native)
        conflicts = 0
        while missing := [part.fragment_id for part in coverage_of(native, self.schema.names) if part.num_covered_rows < part.num_rows]:
            groups = []
            for fragment in missing[:every]:
                file, _ = self._file_of(native, fragment, replaces=True)
                groups.append(LanceOperation.DataReplacementGroup(fragment, file))
            try:
                native, conflicts = self._commit(native, LanceOperation.DataReplacement(groups)), 0
            except RetryableConflictError:
                conflicts += 1
                if conflicts == _ATTEMPTS:
                    raise
                native = native.checkout_latest()
        if self.checkpoint is not None:
            self.checkpoint.remove()
        return native

    def _require_same(self, native: _eider.Dataset) -> None:
        import pyarrow as pa

        there = pa.schema(native.schema)
        for field in self.schema:
            if field.name not in there.names:
                raise InvalidError(f"adding column {field.name!r}: it is not there, other columns of the backfill are")
            if there.field(field.name).type != field.type:
                raise InvalidError(f"adding column {field.name!r} of type {field.type}: the dataset has one of type {there.field(field.name).type}")

    def _commit(self, native: _eider.Dataset, operation: LanceOperation.BaseOperation) -> _eider.Dataset:
        message = message_of(Transaction(native.version, operation))
        return _eider.commit_transaction(native.location, message, durability=self.durability, session=native.session())

    def _file_of(self, native: _eider.Dataset, fragment: int, *, replaces: bool) -> tuple[DataFile, list[bytes]]:
        """The fragment's file, written now or by a run before, and the messages of the fields that it brings."""
        state = state_of(native.fragment_messages(fragment)[0], native.lance_schema.max_field_id)
        saved = None if self.checkpoint is None else self.checkpoint.file(fragment, state)
        if saved is not None and _is_there(native, saved["path"]):
            return DataFile(**saved["file"]), [bytes.fromhex(field) for field in saved["fields"]]
        rows = self._rows_of(native, fragment, state)
        message, schema, _ = native.add_fragment_columns(fragment, rows, replace=replaces)
        file = FragmentMetadata._of_message(message).files[-1]
        fields = [] if replaces else _eider.field_messages(schema)[len(_eider.field_messages(native.lance_schema)) :]
        if self.checkpoint is not None:
            self.checkpoint.keep_file(fragment, state, {"file": asdict(file), "path": file.path, "fields": [field.hex() for field in fields]})
        return file, fields

    def _rows_of(self, native: _eider.Dataset, fragment: int, state: str) -> _eider.RecordBatchReader:
        if isinstance(self.function, Mapping):
            options = _wanted(native, fragment, [], self.batch_rows)
            for name, expression in self.function.items():
                options.add_computed(name, expression)
            return native.scan(options)
        return open_reader(self._batches(native, fragment, state), self.schema)

    def _batches(self, native: _eider.Dataset, fragment: int, state: str) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        assert callable(self.function)
        row = 0
        if self.checkpoint is not None:
            for result in self.checkpoint.results(fragment, state):
                row += result.num_rows
                yield result
        options = _wanted(native, fragment, self.read_columns, self.batch_rows)
        options.offset = row or None
        for batch in native.scan(options):
            result = fitted(as_batch(self.function(pa.record_batch(batch)), batch.num_rows, self.schema), self.schema)
            if self.checkpoint is not None:
                self.checkpoint.keep_result(fragment, state, row, result)
            row += result.num_rows
            yield result


def _is_there(native: _eider.Dataset, path: str) -> bool:
    """Files that nothing refers to may have been cleaned up."""
    return "://" in native.location or os.path.exists(os.path.join(native.location, "data", path))
