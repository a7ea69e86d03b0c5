"""SQL over a dataset, run by DuckDB; filters and columns are pushed into the dataset."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from .arguments import count_of
from .error import EiderError, InvalidError
from .packages import import_package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from .dataset import LanceDataset
    from .filtered import FilteredDataset

__all__ = ["SqlQuery", "SqlQueryBuilder"]

_T = TypeVar("_T")


def _executed(step: Callable[[], _T], left_out: list[str] | None = None) -> _T:
    """``step()``, whose errors are DuckDB's, or pyarrow's where DuckDB speaks through it: the query is wrong, or a value in it."""
    try:
        return step()
    except (EiderError, MemoryError):
        raise
    except Exception as error:
        why = f" (left out are {left_out}, of types that DuckDB lacks)" if left_out else ""
        raise InvalidError(f"sql: {error}{why}") from error


def _batches(reader: pa.RecordBatchReader, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    def cast(batch: pa.RecordBatch) -> pa.RecordBatch:
        try:
            return batch if batch.schema == schema else batch.cast(schema)
        except ValueError as error:
            raise InvalidError(f"sql: a sum of integers is past int64 ({error}): cast it, as in sum(x)::DECIMAL(38, 0)") from error

    while (batch := _executed(lambda: next(reader, None))) is not None:
        yield _executed(partial(cast, batch))


def _is_foreign(type_: pa.DataType) -> bool:
    """Whether DuckDB has no such type."""
    import pyarrow as pa

    if pa.types.is_float16(type_) or pa.types.is_decimal256(type_):
        return True
    if pa.types.is_dictionary(type_):
        return _is_foreign(type_.value_type)
    return any(_is_foreign(type_.field(i).type) for i in range(type_.num_fields))


def _with_integers(schema: pa.Schema, types: list[Any]) -> pa.Schema:
    """Sums of integers as int64, which is an error past it; DuckDB has them in 128 bits, and Arrow those as decimals only."""
    import pyarrow as pa

    for at, type_ in enumerate(types):
        if str(type_) == "HUGEINT":
            schema = schema.set(at, schema.field(at).with_type(pa.int64()))
    return schema


class SqlQuery:
    """A query that may run many times."""

    def __init__(self, dataset: LanceDataset | FilteredDataset, sql: str, table_name: str, options: dict[str, Any]) -> None:
        self._dataset, self._sql, self._table_name, self._options = dataset, sql, table_name, options

    def _run(self) -> pa.RecordBatchReader:
        duckdb = import_package("LanceDataset.sql", "duckdb")
        import pyarrow as pa
        import pyarrow.dataset  # noqa: F401  (DuckDB pushes columns and filters into what looks like one of its datasets)

        # Names in the query are tables of the connection, never variables of the functions below or above.
        connection = duckdb.connect(config={"python_enable_replacements": False})
        connection.execute("SET integer_division = true")  # 7 / 2 is 3, as in filters
        left_out = [field.name for field in self._dataset.schema if _is_foreign(field.type)]
        options = self._options
        if left_out and "*" in self._sql:
            warnings.warn(f"sql: columns {left_out} are left out, DuckDB has no type for float16 and decimal256", stacklevel=4)
        if left_out:
            options = {**options, "columns": [name for name in self._dataset.schema.names if name not in left_out]}
        _executed(lambda: connection.register(self._table_name, self._dataset._with_defaults(options)))
        relation = _executed(lambda: connection.sql(self._sql), left_out)
        if relation is None:
            raise InvalidError("sql: the query has no result")
        types = relation.types
        reader = _executed(lambda: pa.RecordBatchReader.from_stream(relation))
        schema = _with_integers(reader.schema, types)
        return pa.RecordBatchReader.from_batches(schema, _batches(reader, schema))

    def to_arrow(self) -> pa.Table:
        """The result as a table."""
        return self.to_stream_reader().read_all()

    def to_batch_records(self) -> list[pa.RecordBatch]:
        """The result in batches."""
        batches: list[pa.RecordBatch] = self.to_arrow().to_batches()
        return batches

    def to_stream_reader(self) -> pa.RecordBatchReader:
        """The result as a stream."""
        return self._run()


class SqlQueryBuilder:
    """A query and its options. Made by ``LanceDataset.sql``; each method but the last two returns the builder."""

    def __init__(self, dataset: LanceDataset | FilteredDataset, sql: str) -> None:
        if not isinstance(sql, str):
            raise TypeError(f"sql must be a str, got {type(sql).__name__}")
        self._dataset, self._sql, self._name = dataset, sql, "dataset"
        self._options: dict[str, Any] = {}

    def table_name(self, table_name: str) -> SqlQueryBuilder:
        """The name by which the query calls the dataset; ``dataset`` unless given."""
        self._name = table_name
        return self

    def with_row_id(self, with_row_id: bool = True) -> SqlQueryBuilder:
        """The dataset has the column ``_rowid``."""
        self._options["with_row_id"] = with_row_id
        return self

    def with_row_addr(self, with_row_addr: bool = True) -> SqlQueryBuilder:
        """The dataset has the column ``_rowaddr``."""
        self._options["with_row_address"] = with_row_addr
        return self

    def blob_handling(self, blob_handling: str) -> SqlQueryBuilder:
        """What blob columns yield, as in ``LanceDataset.scanner``."""
        self._options["blob_handling"] = blob_handling
        return self

    def batch_size(self, batch_size: int) -> SqlQueryBuilder:
        """Rows per batch that the dataset is read by."""
        self._options["batch_size"] = count_of("sql", "batch_size", batch_size, least=1)
        return self

    def batch_size_bytes(self, batch_size_bytes: int) -> SqlQueryBuilder:
        """Bytes per batch that the dataset is read by."""
        self._options["batch_size_bytes"] = count_of("sql", "batch_size_bytes", batch_size_bytes, least=1)
        return self

    def build(self) -> SqlQuery:
        """The query as it stands."""
        return SqlQuery(self._dataset, self._sql, self._name, dict(self._options))

    def to_arrow(self) -> pa.Table:
        """Build and run: the result as a table."""
        return self.build().to_arrow()
