"""What a Lance file consists of: columns, pages, buffers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "LanceBufferDescriptor",
    "LanceColumnMetadata",
    "LanceColumnStatistics",
    "LanceFileMetadata",
    "LanceFileStatistics",
    "LancePageMetadata",
    "buffers_of",
    "page_of",
]


@dataclass(frozen=True)
class LanceBufferDescriptor:
    """Bytes of the file."""

    position: int
    size: int


@dataclass(frozen=True)
class LancePageMetadata:
    """One page: its rows, its buffers, and ``encoding``, the layout with its codecs and layers.

    ``details`` is the page as ``inspect`` shows it.
    """

    encoding: str
    buffers: list[LanceBufferDescriptor]
    first_row: int
    num_rows: int
    details: dict[str, Any]


@dataclass(frozen=True)
class LanceColumnMetadata:
    """One column of the file: a leaf of the schema."""

    name: str
    type: str
    pages: list[LancePageMetadata]
    column_buffers: list[LanceBufferDescriptor]


@dataclass(frozen=True)
class LanceFileMetadata:
    """What a file consists of. ``num_data_bytes`` is all that lies before the schema, padding included."""

    schema: pa.Schema
    num_rows: int
    major_version: int
    minor_version: int
    num_data_bytes: int
    num_column_metadata_bytes: int
    num_global_buffer_bytes: int
    global_buffers: list[LanceBufferDescriptor]
    columns: list[LanceColumnMetadata]

    @property
    def num_global_buffers(self) -> int:
        """Number of global buffers; the first holds the schema."""
        return len(self.global_buffers)


@dataclass(frozen=True)
class LanceColumnStatistics:
    """Size of a column."""

    num_pages: int
    size_bytes: int


@dataclass(frozen=True)
class LanceFileStatistics:
    """Sizes of all columns."""

    columns: list[LanceColumnStatistics]


def buffers_of(described: list[dict[str, int]]) -> list[LanceBufferDescriptor]:
    """Buffers as the engine describes them."""
    return [LanceBufferDescriptor(position=b["offset"], size=b["size_bytes"]) for b in described]


def page_of(described: dict[str, Any]) -> LancePageMetadata:
    """A page as the engine describes it."""
    return LancePageMetadata(
        encoding=described["encoding"],
        buffers=buffers_of(described["buffers"]),
        first_row=described["first_row"],
        num_rows=described["num_rows"],
        details=described,
    )
