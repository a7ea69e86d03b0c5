"""Adds columns to existing rows: by SQL, computed elsewhere, computed batch by batch, or all null."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from . import _eider
from .arguments import name_of
from .arrow_expression import is_arrow_expression
from .backfill import Backfill
from .error import InvalidError
from .ingest import open_reader
from .projection import select
from .sql import Parameters, check_parameters, expression_of
from .udf import BatchUDF, as_batch, fitted

if TYPE_CHECKING:
    import pyarrow as pa


def add_columns(
    native: _eider.Dataset,
    transforms: Any,
    read_columns: list[str] | None,
    reader_schema: pa.Schema | None,
    batch_rows: int,
    durability: _eider.Durability,
    params: Parameters = None,
    commit_every: int | None = None,
) -> _eider.Dataset:
    """The dataset at the version that has the new columns."""
    if isinstance(transforms, Mapping):
        if any(not isinstance(value, str) and not is_arrow_expression(value) for value in transforms.values()):
            raise InvalidError("add_columns: a dict holds SQL expressions; give data as a table: pyarrow.table({...})")
        check_parameters("add_columns", list(transforms.values()), params)
        columns = [(name_of("add_columns", name), expression_of("add_columns", text, params, may_have_more=True)) for name, text in transforms.items()]
        wanted = [(name, value) for name, value in columns if value is not None]
        if commit_every is not None:
            return _computed_by_parts(native, dict(wanted), batch_rows, durability, commit_every)
        return native.add_computed(wanted, durability)
    if params is not None:
        raise InvalidError("add_columns: params go with a dict of SQL expressions")
    if commit_every is not None and not callable(transforms):
        raise InvalidError("add_columns: commit_every goes with functions and SQL, which can be computed for some fragments alone")
    fields = _null_columns(transforms)
    if fields is not None:
        return native.add_nulls(fields, durability)
    if callable(transforms):
        if read_columns is not None:
            select(read_columns, native.schema.names, flatten=True)  # names a missing column before any work
        return _add_computed(native, transforms, read_columns, batch_rows, durability, commit_every)
    return native.add_from_reader(open_reader(transforms, reader_schema), durability)


def _null_columns(transforms: Any) -> Any | None:
    """The schema of the null columns asked for, or None when ``transforms`` is something else."""
    if type(transforms).__module__.partition(".")[0] != "pyarrow" and not isinstance(transforms, list):
        return None
    import pyarrow as pa

    if isinstance(transforms, pa.Schema):
        return transforms
    if isinstance(transforms, pa.Field):
        return pa.schema([transforms])
    if isinstance(transforms, list) and transforms and all(isinstance(f, pa.Field) for f in transforms):
        return pa.schema(transforms)
    return None


def _computed_by_parts(
    native: _eider.Dataset, columns: dict[str, Any], batch_rows: int, durability: _eider.Durability, commit_every: int
) -> _eider.Dataset:
    import pyarrow as pa

    options = _eider.ScanOptions()
    options.columns = []
    for name, expression in columns.items():
        options.add_computed(name, expression)
    schema = pa.schema([field.with_nullable(True) for field in pa.schema(native.scan(options).schema)])
    return Backfill(columns, schema, None, batch_rows, durability).add_by_parts(native, commit_every)


def _add_computed(
    native: _eider.Dataset,
    function: Callable[[Any], Any],
    read_columns: list[str] | None,
    batch_rows: int,
    durability: _eider.Durability,
    commit_every: int | None,
) -> _eider.Dataset:
    import pyarrow as pa

    body = function.func if isinstance(function, BatchUDF) else function
    schema = function.output_schema if isinstance(function, BatchUDF) else None
    if schema is None:
        options = _eider.ScanOptions()
        options.columns, options.limit, options.batch_rows = read_columns, batch_rows, batch_rows
        reader = native.scan(options)
        first = next(iter(reader), None)
        if first is None:
            raise InvalidError(
                "add_columns: the dataset has no rows to learn the new columns from; give an output_schema"
            )
        sample = pa.record_batch(first)
        schema = as_batch(body(sample), sample.num_rows, None).schema

    checkpoint = function.checkpoint_file if isinstance(function, BatchUDF) else None
    if checkpoint is not None or commit_every is not None:
        backfill = Backfill(body, schema, read_columns, batch_rows, durability)
        if checkpoint is not None:
            backfill.open_checkpoint(native, checkpoint)
        return backfill.add_columns(native) if commit_every is None else backfill.add_by_parts(native, commit_every)

    def compute(batch: _eider.RecordBatch) -> Any:
        return fitted(as_batch(body(pa.record_batch(batch)), batch.num_rows, schema), schema)

    return native.add_from_function(compute, schema, read_columns, batch_rows, durability)
