"""Opens whatever holds tabular data as one stream of Arrow batches.

Anything with ``__arrow_c_stream__`` or ``__arrow_c_array__`` passes without a copy and without pyarrow. pandas, lists of
dicts and dicts of lists go through pyarrow. Iterators are read one item at a time: memory stays bounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from . import _eider
from .error import InvalidError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ReaderLike", "open_reader"]

#: pyarrow Table, RecordBatch, RecordBatchReader, Dataset or Scanner; polars DataFrame or LazyFrame; pandas DataFrame;
#: DuckDB relation; list of dicts; dict of lists; iterator of any of these; any object with ``__arrow_c_stream__`` or
#: ``__arrow_c_array__``.
ReaderLike = Any


def open_reader(data: ReaderLike, schema: pa.Schema | None = None) -> _eider.RecordBatchReader:
    """Open ``data`` as a stream. With ``schema``, columns are reordered and cast to it; the names must be the same."""
    reader = _open(data, schema)
    return reader if schema is None else _conform(reader, schema)


def _open(data: ReaderLike, schema: pa.Schema | None) -> _eider.RecordBatchReader:
    if isinstance(data, _eider.RecordBatchReader):
        return data
    if isinstance(data, type):  # has the methods of its instances, and no data
        raise TypeError(f"cannot read tabular data from the class {data.__qualname__}")
    special = _open_by_library(data, schema)
    if special is not None:
        return special
    if hasattr(data, "__arrow_c_stream__"):
        return _eider.RecordBatchReader.from_stream(data)
    if hasattr(data, "__arrow_c_array__"):
        batch = _eider.RecordBatch(data)
        return _eider.RecordBatchReader.from_iterator([batch], batch.schema)
    if isinstance(data, Mapping):
        import pyarrow as pa

        return _eider.RecordBatchReader.from_stream(pa.Table.from_pydict(dict(data), schema=schema))
    if isinstance(data, list) and data and isinstance(data[0], Mapping):
        return _eider.RecordBatchReader.from_stream(_table_of_rows(data, schema))
    if isinstance(data, Iterable) and not isinstance(data, (str, bytes)):
        return _open_iterable(iter(data), schema)
    raise TypeError(f"cannot read tabular data from {type(data).__module__}.{type(data).__qualname__}")


def _table_of_rows(rows: list[Mapping[str, Any]], schema: pa.Schema | None) -> pa.Table:
    """pyarrow alone would take the columns of the first row and drop what later rows have besides."""
    import pyarrow as pa

    names = list(dict.fromkeys(chain.from_iterable(rows)))
    if schema is None:
        return pa.Table.from_pydict({name: [row.get(name) for row in rows] for name in names})
    if unknown := [name for name in names if name not in schema.names]:
        raise InvalidError(f"the rows have columns {unknown}, the schema has {schema.names}")
    return pa.Table.from_pylist(rows, schema=schema)


def _unordered(table: pa.Table) -> pa.Table:
    """The format does not keep that the values of a dictionary are in order."""
    import pyarrow as pa

    for at, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type) and field.type.ordered:
            plain = pa.dictionary(field.type.index_type, field.type.value_type)
            chunks = [pa.DictionaryArray.from_arrays(chunk.indices, chunk.dictionary) for chunk in table.column(at).chunks]
            table = table.set_column(at, field.with_type(plain), pa.chunked_array(chunks, plain))
    return table


def _open_by_library(data: ReaderLike, schema: pa.Schema | None) -> _eider.RecordBatchReader | None:
    library = type(data).__module__.partition(".")[0]
    kind = type(data).__name__
    if library == "pandas" and kind == "DataFrame":
        import pyarrow as pa

        return _eider.RecordBatchReader.from_stream(pa.Table.from_pandas(data, schema=schema))
    if library == "polars" and kind == "LazyFrame":
        return _open(data.collect(), schema)
    if library == "polars" and kind == "DataFrame" and any(str(dtype).startswith(("Categorical", "Enum")) for dtype in data.dtypes):
        return _eider.RecordBatchReader.from_stream(_unordered(data.to_arrow()))  # their own stream has other dictionaries than it says
    if library == "polars" and kind == "DataFrame":
        return _eider.RecordBatchReader.from_stream(data, without_views=True)  # columns have the types that its to_arrow() gives
    if library in ("pyarrow", "lance") and hasattr(data, "scanner"):  # a dataset
        return _eider.RecordBatchReader.from_stream(data.scanner().to_reader())
    if library in ("pyarrow", "lance") and hasattr(data, "projected_schema"):  # a scanner
        return _eider.RecordBatchReader.from_stream(data.to_reader())
    return None


def _open_iterable(items: Iterator[Any], schema: pa.Schema | None) -> _eider.RecordBatchReader:
    shape: Any = schema
    if shape is None:
        first = next(items, None)
        if first is None:
            raise InvalidError("an empty iterable of batches needs a schema")
        opened = _open(first, None)
        shape = opened.schema
        items = chain([opened], items)
        return _eider.RecordBatchReader.from_iterator(_batches_of(items, None), shape)
    return _eider.RecordBatchReader.from_iterator(_batches_of(items, schema), shape)


def _batches_of(items: Iterable[Any], schema: pa.Schema | None) -> Iterator[_eider.RecordBatch]:
    for item in items:
        yield from open_reader(item, schema)


def _conform(reader: _eider.RecordBatchReader, schema: pa.Schema) -> _eider.RecordBatchReader:
    import pyarrow as pa

    have = pa.schema(reader.schema)
    if have.equals(schema, check_metadata=True):
        return reader
    if sorted(have.names) != sorted(schema.names):
        raise InvalidError(f"the data has columns {have.names}, the schema has {schema.names}")

    def batches() -> Iterator[Any]:
        for batch in reader:
            table = pa.Table.from_batches([pa.record_batch(batch)]).select(schema.names)
            try:
                table = table.cast(schema)
            except ValueError as error:
                raise InvalidError(f"the data does not fit the schema: {error}") from error
            yield from table.to_batches()

    return _eider.RecordBatchReader.from_iterator(batches(), schema)
