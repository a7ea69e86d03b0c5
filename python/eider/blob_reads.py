"""Blobs of a dataset: files that read what is asked of them, or bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from . import _eider
from .arguments import rows_of
from .blob_file import DEFAULT_BLOB_BUFFER_SIZE, BlobFile
from .error import InvalidError
from .scanner import ScanStats

__all__ = ["BlobReads"]


class BlobReads:
    """The part of a dataset that reads blob columns."""

    _native: _eider.Dataset

    def take_blobs(
        self,
        blob_column: str,
        ids: Any = None,
        addresses: Any = None,
        indices: Any = None,
        *,
        buffer_size: int = DEFAULT_BLOB_BUFFER_SIZE,
        stats: ScanStats | None = None,
    ) -> list[BlobFile | None]:
        """Values of a blob column as files that read only what is asked of them; None for null.

        Exactly one of ``ids``, ``addresses`` and ``indices`` names the rows. ``read_blobs`` is faster when all bytes are wanted.

        Args:
            blob_column: Name or path of the column.
            ids: Row ids.
            addresses: Row addresses.
            indices: Positions among the live rows.
            buffer_size: Read-ahead; local files are mapped and need none.
            stats: Filled with what finding the blobs asks of storage.
        """
        rows, naming = rows_of("take_blobs", ids, addresses, indices)
        if buffer_size < 0:
            raise InvalidError(f"take_blobs: buffer_size {buffer_size} is negative")
        found = _eider.take_blobs(self._native, blob_column, rows, naming, stats)
        return [None if blob is None else BlobFile(blob, buffer_size) for _, blob in found]

    def read_blobs(
        self,
        blob_column: str,
        ids: Any = None,
        addresses: Any = None,
        indices: Any = None,
        *,
        io_buffer_size: int | None = None,
        preserve_order: bool | None = None,
        stats: ScanStats | None = None,
    ) -> list[tuple[int, bytes | None]]:
        """Values of a blob column as pairs of row address and bytes (None for null), always in the order of the rows.

        The rows as in ``take_blobs``; ``io_buffer_size`` and ``preserve_order`` are accepted and change nothing.
        """
        rows, naming = rows_of("read_blobs", ids, addresses, indices)
        return _eider.read_blobs(self._native, blob_column, rows, naming, stats)

    def read_blob_ranges(
        self,
        blob_column: str,
        requests: Sequence[tuple[int, int, int]],
        *,
        selector: Literal["ids", "addresses", "indices"],
        io_buffer_size: int | None = None,
        preserve_order: bool | None = None,
    ) -> list[tuple[int, int, bytes | None]]:
        """Ranges of blobs, asked for as (row, offset, length), as (number of the request, row address, bytes or None)."""
        naming = {
            "ids": _eider.RowNaming.ID,
            "addresses": _eider.RowNaming.ADDRESS,
            "indices": _eider.RowNaming.POSITION,
        }
        if selector not in naming:
            raise InvalidError(f"read_blob_ranges: selector {selector!r} is none of {sorted(naming)}")
        found = _eider.take_blobs(self._native, blob_column, [row for row, _, _ in requests], naming[selector])
        return [
            (i, address, None if blob is None else blob.read(offset, length))
            for i, ((address, blob), (_, offset, length)) in enumerate(zip(found, requests, strict=True))
        ]
