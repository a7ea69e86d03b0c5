"""Functions over batches, for ``LanceDataset.add_columns``."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .absent import refuse_absent
from .error import InvalidError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["BatchUDF", "batch_udf"]

_MISMATCH = "Output schema of function does not match the expected schema"


class BatchUDF:
    """A function that computes new columns from a batch.

    Args:
        func: Takes a ``pyarrow.RecordBatch`` and returns the new columns for the same rows, in the same order: a
            RecordBatch or Table, a pandas DataFrame, or a dict of name to array.
        output_schema: Schema of the new columns. None: the function is called once more, on the first batch, to learn it.
        checkpoint_file: Where results are kept until they are committed, durably after each batch. When the process dies, ``add_columns`` with the
            same file goes on where it was: finished fragments are written, and finished batches of the fragment at hand are not computed
            again. What other writers changed meanwhile is. The file is removed in the end. It must be of the same columns and table; that the
            function is the same is up to the caller.
    """

    def __init__(
        self,
        func: Callable[[pa.RecordBatch], Any],
        output_schema: pa.Schema | None = None,
        checkpoint_file: str | Path | None = None,
    ) -> None:
        self.func = func
        self.output_schema = output_schema
        self.checkpoint_file = checkpoint_file

    def __call__(self, batch: pa.RecordBatch) -> Any:
        """Call the function as it is."""
        return self.func(batch)


def batch_udf(
    output_schema: pa.Schema | None = None, checkpoint_file: str | Path | None = None
) -> Callable[[Callable[[pa.RecordBatch], Any]], BatchUDF]:
    """Decorate a function over batches.

    >>> @eider.batch_udf()
    ... def doubled(batch):
    ...     return pa.record_batch({"twice": pc.multiply(batch["value"], 2)})
    >>> dataset.add_columns(doubled, read_columns=["value"])
    """

    def decorate(func: Callable[[pa.RecordBatch], Any]) -> BatchUDF:
        return BatchUDF(func, output_schema, checkpoint_file)

    return decorate


def as_batch(result: Any, num_rows: int, schema: pa.Schema | None) -> pa.RecordBatch:
    """The function's result as one batch. Raises InvalidError when it has another number of rows."""
    import pyarrow as pa

    columns = list(result) if isinstance(result, Mapping) or type(result).__module__.partition(".")[0] == "pandas" else []
    if schema is not None and (missing := [name for name in schema.names if columns and name not in columns]):
        raise InvalidError(f"{_MISMATCH}: it returned columns {columns}, without {missing}")
    if type(result).__module__.partition(".")[0] == "pandas":
        with _naming(schema):
            batch = pa.RecordBatch.from_pandas(result, schema=schema, preserve_index=False).replace_schema_metadata(None)
    elif isinstance(result, Mapping):
        with _naming(schema):
            batch = pa.RecordBatch.from_pydict(dict(result), schema=schema)
    elif hasattr(result, "__arrow_c_array__"):
        batch = pa.record_batch(result)
    elif hasattr(result, "__arrow_c_stream__"):
        batch = _one_batch(pa.table(result))
    else:
        raise TypeError(
            f"the function returned {type(result).__name__}, expected a record batch, a DataFrame or a dict"
        )
    if batch.num_rows != num_rows:
        raise InvalidError(f"the function returned {batch.num_rows} rows for a batch of {num_rows}")
    return batch


def fitted(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The columns of ``schema`` in its types. Raises InvalidError with both schemas where one is missing or a value does not fit."""
    if batch.schema.equals(schema):
        return batch
    with _naming(schema, batch.schema):
        for name in schema.names:
            if (times := batch.schema.names.count(name)) != 1:
                raise ValueError(f"it returned {times or 'no'} columns named {name!r}")
        return batch.select(schema.names).cast(schema)


@contextlib.contextmanager
def _naming(expected: pa.Schema | None, got: pa.Schema | None = None) -> Iterator[None]:
    """Tells of an error of pyarrow what was expected of the function's result, and what came."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, ValueError, TypeError) as error:
        if expected is None:
            raise
        came = "" if got is None else f"\nGot:\n{got.to_string(show_schema_metadata=False):.1000}"
        raise InvalidError(f"{_MISMATCH}: {error}\nExpected:\n{expected.to_string(show_schema_metadata=False):.1000}{came}") from error


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    import pyarrow as pa

    batches = _joined(table).to_batches()
    if len(batches) > 1:
        rows = [batch.num_rows for batch in batches]
        raise InvalidError(
            f"the function returned {sum(rows)} rows that do not fit one batch (32-bit offsets), only {rows[0]} do: "
            "lower batch_size or return large_string or large_binary"
        )
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)


def _joined(table: pa.Table) -> pa.Table:
    """One chunk per column, where offsets of 32 bits allow it."""
    return table.combine_chunks()


def __getattr__(name: str) -> object:
    raise refuse_absent(__name__, name, "module")
