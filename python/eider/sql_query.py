"""SQL over a dataset, run by DuckDB; filters and columns are pushed into the dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .arguments import count_of
from .error import InvalidError, UnsupportedError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from .dataset import LanceDataset

__all__ = ["SqlQuery", "SqlQueryBuilder"]


class SqlQuery:
    """A query that may run many times."""

    def __init__(self, dataset: LanceDataset, sql: str, table_name: str, options: dict[str, Any]) -> None:
        self._dataset, self._sql, self._table_name, self._options = dataset, sql, table_name, options

    def _run(self) -> duckdb.DuckDBPyRelation:
        try:
            import duckdb
        except ImportError:
            raise UnsupportedError("LanceDataset.sql needs the package 'duckdb'") from None
        import pyarrow.dataset  # noqa: F401  (DuckDB pushes filters into what looks like one of its datasets)

        connection = duckdb.connect()
        rows = {name: value for name, value in self._options.items() if value is not None}
        connection.register(self._table_name, self._dataset.scanner(**rows).to_reader() if rows else self._dataset)
        try:
            relation = connection.sql(self._sql)
        except duckdb.Error as error:
            raise InvalidError(f"sql: {error}") from error
        if relation is None:
            raise InvalidError("sql: the query has no result")
        return relation

    def to_arrow(self) -> pa.Table:
        """The result as a table."""
        return self.to_stream_reader().read_all()

    def to_batch_records(self) -> list[pa.RecordBatch]:
        """The result in batches."""
        batches: list[pa.RecordBatch] = self.to_arrow().to_batches()
        return batches

    def to_stream_reader(self) -> pa.RecordBatchReader:
        """The result as a stream."""
        import pyarrow as pa

        return pa.RecordBatchReader.from_stream(self._run())


class SqlQueryBuilder:
    """A query and its options. Made by ``LanceDataset.sql``; each method but the last two returns the builder."""

    def __init__(self, dataset: LanceDataset, sql: str) -> None:
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
        self._options["with_row_id"] = with_row_id or None
        return self

    def with_row_addr(self, with_row_addr: bool = True) -> SqlQueryBuilder:
        """The dataset has the column ``_rowaddr``."""
        self._options["with_row_address"] = with_row_addr or None
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
