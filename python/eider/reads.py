"""What reads a whole dataset or fragment, or some of its rows, by a scan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from .arguments import count_of
from .scanner import take_scan_options

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa
    from typing_extensions import Unpack

    from .blob_frame import BlobMode
    from .dataset import LanceDataset
    from .filtered import FilteredDataset
    from .projection import Columns
    from .scanner import LanceScanner, ScanOptions
    from .sql_query import SqlQueryBuilder

__all__ = ["DatasetReads"]


class DatasetReads:
    """The part of a dataset that scans it."""

    def scanner(self, *args: Any, **kwargs: Any) -> LanceScanner:
        """The scan that all of these start."""
        raise NotImplementedError

    def to_table(
        self,
        columns: Columns = None,
        filter: object = None,
        limit: int | None = None,
        offset: int | None = None,
        nearest: object = None,
        batch_size: int | None = None,
        batch_size_bytes: int | None = None,
        batch_readahead: int | None = None,
        fragment_readahead: int | None = None,
        scan_in_order: bool | None = None,
        **options: Any,
    ) -> pa.Table:
        """Read into a table; arguments as in ``scanner``."""
        first = (columns, filter, limit, offset, nearest, batch_size, batch_size_bytes, batch_readahead, fragment_readahead, scan_in_order)
        return self.scanner(*first, **options).to_table()

    def to_batches(
        self,
        columns: Columns = None,
        filter: object = None,
        limit: int | None = None,
        offset: int | None = None,
        nearest: object = None,
        batch_size: int | None = None,
        batch_size_bytes: int | None = None,
        batch_readahead: int | None = None,
        fragment_readahead: int | None = None,
        scan_in_order: bool | None = None,
        **options: Any,
    ) -> Iterator[pa.RecordBatch]:
        """Read batch by batch; arguments as in ``scanner``."""
        first = (columns, filter, limit, offset, nearest, batch_size, batch_size_bytes, batch_readahead, fragment_readahead, scan_in_order)
        return self.scanner(*first, **options).to_batches()

    def to_pandas(
        self,
        columns: Columns = None,
        filter: object = None,
        limit: int | None = None,
        offset: int | None = None,
        nearest: object = None,
        batch_size: int | None = None,
        batch_readahead: int | None = None,
        fragment_readahead: int | None = None,
        scan_in_order: bool | None = None,
        *,
        blob_mode: BlobMode = "lazy",
        **options: Any,
    ) -> pd.DataFrame:
        """Read into a pandas DataFrame; arguments as in ``scanner``, ``blob_mode`` as in ``LanceScanner.to_pandas``; others go to
        ``pyarrow.Table.to_pandas``.
        """
        bytes_of_batch = options.pop("batch_size_bytes", None)
        first = (columns, filter, limit, offset, nearest, batch_size, bytes_of_batch, batch_readahead, fragment_readahead, scan_in_order)
        return self.scanner(*first, **take_scan_options(options)).to_pandas(blob_mode=blob_mode, **options)

    def to_polars(
        self,
        columns: Columns = None,
        filter: object = None,
        limit: int | None = None,
        offset: int | None = None,
        nearest: object = None,
        batch_size: int | None = None,
        **options: Unpack[ScanOptions],
    ) -> pl.DataFrame:
        """Read into a polars DataFrame; arguments as in ``scanner``. Needs the package ``polars``."""
        return self.scanner(columns, filter, limit, offset, nearest, batch_size, **options).to_polars()

    def head(self, num_rows: int, **options: Any) -> pa.Table:
        """The first ``num_rows`` rows; further arguments as in ``scanner``."""
        return self.scanner(limit=num_rows, **options).to_table()

    def tail(self, num_rows: int, **options: Any) -> pa.Table:
        """The last ``num_rows`` rows; further arguments as in ``scanner``."""
        wanted = count_of("tail", "num_rows", num_rows) or 0
        rows = self.scanner(**options).count_rows()
        return self.scanner(offset=max(0, rows - wanted), limit=wanted, **options).to_table()

    def sql(self, sql: str) -> SqlQueryBuilder:
        """A query in DuckDB's SQL over the rows, which it calls ``dataset``; needs the package ``duckdb``.

        ``ds.sql("SELECT ...").to_arrow()``, or ``.build().to_batch_records()`` as in pylance.
        """
        from .sql_query import SqlQueryBuilder

        return SqlQueryBuilder(cast("LanceDataset | FilteredDataset", self), sql)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.scanner().__arrow_c_stream__(requested_schema)
