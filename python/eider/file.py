"""Single Lance files, without a table around them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from . import _eider
from .arguments import column_options_of, count_of, file_version_of, is_compact, refuse, storage_options_of, uri_of
from .error import InvalidError
from .file_metadata import (
    LanceBufferDescriptor,
    LanceColumnMetadata,
    LanceColumnStatistics,
    LanceFileMetadata,
    LanceFileStatistics,
    LancePageMetadata,
    buffers_of,
    page_of,
)
from .file_session import LanceFileSession, ListResult
from .ingest import ReaderLike, open_reader
from .scanner import ScanStats
from .schema import LanceSchema
from .session import Session, native_session

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "LanceBufferDescriptor",
    "LanceColumnMetadata",
    "LanceColumnStatistics",
    "LanceFileMetadata",
    "LanceFileReader",
    "LanceFileSession",
    "LanceFileStatistics",
    "LanceFileWriter",
    "LancePageMetadata",
    "ListResult",
    "ReaderResults",
    "inspect",
    "stable_version",
]


class ReaderResults:
    """Rows of a file, read when they are asked for. Also an Arrow stream (``__arrow_c_stream__``)."""

    def __init__(self, schema: _eider.Schema, batches: Iterator[_eider.RecordBatch], whole: Any = None) -> None:
        self._schema = schema
        self._batches = batches
        self._whole = whole

    def to_batches(self) -> pa.RecordBatchReader:
        """A reader over the batches."""
        import pyarrow as pa

        schema = pa.schema(self._schema)
        return pa.RecordBatchReader.from_batches(schema, (pa.record_batch(b) for b in self._batches))

    def to_table(self) -> pa.Table:
        """All rows as one table."""
        import pyarrow as pa

        if self._whole is not None:
            return pa.Table.from_batches([pa.record_batch(self._whole())])
        return pa.Table.from_batches([pa.record_batch(b) for b in self._batches], schema=pa.schema(self._schema))

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        reader = _eider.RecordBatchReader.from_iterator(self._batches, self._schema)
        return reader.__arrow_c_stream__(requested_schema)


#: Position and length of a column's metadata.
_TABLE_ENTRY_BYTES = 16


def stable_version() -> str:
    """The version that files and datasets are written in unless told otherwise."""
    return "2.2"


def inspect(path: str | PathLike[str]) -> dict[str, Any]:
    """Columns and pages of a file: layout, codecs, bytes and bits per value, as ``eider file inspect --json`` prints them.

    Reads chunk headers, but no values.
    """
    described: dict[str, Any] = json.loads(LanceFileReader(path).describe(json=True))
    return described


class LanceFileReader:
    """Reads one Lance file.

    Args:
        path: A local path or a ``memory://`` URI.
        storage_options: Options of network stores; a local folder has none to heed.
        namespace_client, table_id: Not supported yet.
        columns: Paths of the columns to read; None: all. A nested path ``"s.x"`` prunes the struct ``s``.
        session: Session whose memory, caches and threads to use; None: that of the process.
        verify: Check what is read where the file has checksums (and the session does not say no).

    Raises:
        NotFoundError: there is no such file or column.
        CorruptError: it is not a Lance file, or it is damaged.
        UnsupportedError: its version is not read yet.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        storage_options: dict[str, str] | None = None,
        columns: list[str] | None = None,
        *,
        namespace_client: object = None,
        table_id: list[str] | None = None,
        session: Session | None = None,
        verify: bool = True,
    ) -> None:
        storage_options_of("LanceFileReader", storage_options)
        refuse("LanceFileReader", namespace_client=namespace_client, table_id=table_id)
        self._native = _eider.FileReader.open(uri_of(path), native_session(session), bool(verify))
        self._columns = None if columns is None else list(columns)
        self._schema = self._native.schema
        if self._columns is not None:
            self._schema = self._native.read_range(0, 0, self._columns).schema

    def num_rows(self) -> int:
        """Number of rows."""
        return self._native.num_rows

    @property
    def schema(self) -> pa.Schema:
        """Schema of the columns that are read."""
        import pyarrow as pa

        return pa.schema(self._schema)

    @property
    def lance_schema(self) -> LanceSchema:
        """Schema of the file, with field ids."""
        return self._native.lance_schema

    def metadata(self) -> LanceFileMetadata:
        """Schema, version, rows, columns, pages, their encodings and buffers."""
        import pyarrow as pa

        version = self._native.version
        major, minor = (0, 3) if version == "2.0" else map(int, version.split("."))  # of 2.0 as the file has it
        described = json.loads(self._native.describe(json=True))
        return LanceFileMetadata(
            schema=pa.schema(self._native.schema),
            num_rows=self._native.num_rows,
            major_version=major,
            minor_version=minor,
            num_data_bytes=next((b["offset"] for b in described["global_buffers"]), described["size_bytes"]),
            num_column_metadata_bytes=sum(c["metadata_bytes"] + _TABLE_ENTRY_BYTES for c in described["columns"]),
            num_global_buffer_bytes=sum(b["size_bytes"] for b in described["global_buffers"]),
            global_buffers=buffers_of(described["global_buffers"]),
            columns=[
                LanceColumnMetadata(c["name"], c["type"], [page_of(p) for p in c["pages"]], [])
                for c in described["columns"]
            ],
        )

    def file_statistics(self) -> LanceFileStatistics:
        """Pages and bytes of each column."""
        columns = self.metadata().columns
        return LanceFileStatistics(
            [LanceColumnStatistics(len(c.pages), sum(b.size for p in c.pages for b in p.buffers)) for c in columns]
        )

    def describe(self, *, json: bool = False) -> str:
        """Columns, pages, encodings and bytes, as an indented tree or as JSON."""
        return self._native.describe(json=json)

    def read_all(
        self, *, batch_size: int = 1024, batch_readahead: int = 16, stats: ScanStats | None = None
    ) -> ReaderResults:
        """All rows. ``batch_readahead`` is accepted and has no effect."""
        return self.read_range(0, self._native.num_rows, batch_size=batch_size, stats=stats)

    def read_range(
        self,
        start: int,
        num_rows: int,
        *,
        batch_size: int = 1024,
        batch_readahead: int = 16,
        stats: ScanStats | None = None,
    ) -> ReaderResults:
        """Rows ``[start, start + num_rows)``. Raises InvalidError when they reach beyond the last row."""
        first = count_of("read_range", "start", start) or 0
        count = count_of("read_range", "num_rows", num_rows) or 0
        step = count_of("read_range", "batch_size", batch_size, least=1) or 1
        total = self._native.num_rows
        if first + count > total:
            raise InvalidError(f"read_range: rows [{first}, {first + count}) of a file with {total} rows")

        def batches() -> Iterator[_eider.RecordBatch]:
            for at in range(first, first + count, step):
                yield self._native.read_range(at, min(step, first + count - at), self._columns, stats)

        def whole() -> _eider.RecordBatch:
            return self._native.read_range(first, count, self._columns, stats)

        return ReaderResults(self._schema, batches(), whole)

    def take_rows(
        self, indices: Any, *, batch_size: int = 1024, batch_readahead: int = 16, stats: ScanStats | None = None
    ) -> ReaderResults:
        """Rows by position; order and duplicates kept, and they need not be sorted.

        Raises InvalidError naming a position out of range.
        """
        step = count_of("take_rows", "batch_size", batch_size, least=1) or 1
        taken = self._native.take(indices, self._columns, stats)
        pieces = (taken.slice(at, step) for at in range(0, taken.num_rows, step))
        return ReaderResults(self._schema, pieces, lambda: taken)

    def read_global_buffer(self, index: int) -> bytes:
        """Bytes of a global buffer; buffer 0 holds the schema. Raises InvalidError naming an index out of range."""
        return self._native.read_global_buffer(count_of("read_global_buffer", "index", index) or 0)


class LanceFileWriter:
    """Writes one Lance file. Nothing is visible at ``path`` before ``close``.

    As a context manager it closes at the end, and abandons the file when the block raised.

    Args:
        path: A local path or a ``memory://`` URI.
        schema: Schema of the file; None: that of the first batch.
        data_cache_bytes: Bytes to gather per file before pages are written.
        version: ``"2.2"``, ``"2.1"`` or ``"2.0"``; None: 2.2.
        max_page_bytes: Largest page.
        checksums: Add checksums and page statistics; other engines ignore them.
        session: Session whose memory to use.
        profile, column_options: As in ``write_dataset``.
        storage_options: Options of network stores; a local folder has none to heed.
        namespace_client, table_id: Not supported yet.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        schema: pa.Schema | None = None,
        *,
        data_cache_bytes: int | None = None,
        version: str | None = None,
        storage_options: dict[str, str] | None = None,
        namespace_client: object = None,
        table_id: list[str] | None = None,
        max_page_bytes: int | None = None,
        checksums: bool = True,
        session: Session | None = None,
        profile: Literal["fast", "compact"] = "fast",
        column_options: Mapping[str, Mapping[str, object]] | None = None,
    ) -> None:
        storage_options_of("LanceFileWriter", storage_options)
        refuse("LanceFileWriter", namespace_client=namespace_client, table_id=table_id)
        self._path = uri_of(path)
        self._options: dict[str, Any] = {
            "version": file_version_of(version) or stable_version(),
            "buffered_bytes": count_of("LanceFileWriter", "data_cache_bytes", data_cache_bytes, least=1),
            "max_page_bytes": count_of("LanceFileWriter", "max_page_bytes", max_page_bytes, least=1),
            "checksums": bool(checksums),
            "compact": is_compact(profile),
            "column_options": column_options_of(column_options),
            "session": native_session(session),
        }
        self._schema = schema
        self._first_schema: Any = None
        self._native: _eider.FileWriter | None = None
        self._closed = False
        if schema is not None:
            self._create(schema)

    def _create(self, schema: Any) -> _eider.FileWriter:
        self._native = _eider.FileWriter.create(self._path, schema, **self._options)
        return self._native

    def _writer(self) -> _eider.FileWriter:
        if self._closed:
            raise InvalidError(f"{self._path}: the writer is closed")
        if self._native is None:
            raise InvalidError(f"{self._path}: Schema is unknown and file cannot be created: give one to the writer, or write a batch first")
        return self._native

    def write_batch(self, batch: ReaderLike) -> None:
        """Write a RecordBatch, a Table, or any other data that ``write_dataset`` takes."""
        if self._closed:
            raise InvalidError(f"{self._path}: the writer is closed")
        reader = open_reader(batch, self._schema)
        if self._native is None:
            self._first_schema = reader.schema
        elif self._schema is None and reader.schema.names != self._first_schema.names:
            import pyarrow as pa

            reader = open_reader(reader, pa.schema(self._first_schema))  # another order, or an error that names both
        writer = self._native or self._create(reader.schema)
        writer.write_all(reader)

    def add_schema_metadata(self, key: str, value: str) -> None:
        """Add an entry to the metadata of the schema."""
        self._writer().add_schema_metadata(key, value)

    def add_global_buffer(self, data: bytes) -> int:
        """Add bytes to the file; returns the index to read them back by."""
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"add_global_buffer: data must be bytes, got {type(data).__name__}")
        return self._writer().add_global_buffer(bytes(data))

    def close(self) -> int | None:
        """Finish the file and return its number of rows; None when it was closed before."""
        if self._closed:
            return None
        rows = self._writer().close()
        self._closed = True
        return rows

    def __enter__(self) -> LanceFileWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self._native = None
            self._closed = True
