"""Blobs of a dataset: files that read what is asked of them, or bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from . import _eider
from .arguments import count_of, name_of, rows_of
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
        size = count_of("take_blobs", "buffer_size", buffer_size) or 0
        found = _eider.take_blobs(self._native, name_of("take_blobs", blob_column), rows, naming, stats)
        return [None if blob is None else BlobFile(blob, size) for _, blob in found]

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
        return _eider.read_blobs(self._native, name_of("read_blobs", blob_column), rows, naming, stats)

    def read_blob_ranges(
        self,
        blob_column: str,
        requests: Sequence[tuple[int, int, int]],
        *,
        selector: Literal["ids", "addresses", "indices"],
        io_buffer_size: int | None = None,
        preserve_order: bool | None = None,
    ) -> list[tuple[int, int, bytes | None]]:
        """Ranges of blobs, asked for as (row, offset, length), as (number of the request, row address, bytes or None).

        Raises InvalidError naming the first request that is no such triple, or leaves its blob.
        """
        naming = {
            "ids": _eider.RowNaming.ID,
            "addresses": _eider.RowNaming.ADDRESS,
            "indices": _eider.RowNaming.POSITION,
        }
        if not isinstance(selector, str) or selector not in naming:
            raise InvalidError(f"read_blob_ranges: selector {selector!r} is none of {sorted(naming)}")
        asked = _range_requests(requests)
        column = name_of("read_blob_ranges", blob_column)
        found = _eider.take_blobs(self._native, column, [row for row, _, _ in asked], naming[selector])
        out = []
        for i, ((address, blob), (_, offset, length)) in enumerate(zip(found, asked, strict=True)):
            if blob is not None and offset + length > blob.size:
                raise InvalidError(
                    f"read_blob_ranges: request {i}: bytes [{offset}, +{length}) of a blob of {blob.size}"
                )
            out.append((i, address, None if blob is None else blob.read(offset, length)))
        return out


def _range_requests(requests: Any) -> list[tuple[int, int, int]]:
    if isinstance(requests, (str, bytes)) or not isinstance(requests, Iterable):
        raise TypeError(f"read_blob_ranges: requests must be a list of triples, got {type(requests).__name__}")
    checked = []
    for i, request in enumerate(requests):
        if not isinstance(request, Sequence) or len(request) != 3:
            raise InvalidError(f"read_blob_ranges: request {i} is no (row, offset, length): {request!r:.80}")
        where = f"read_blob_ranges: request {i}"
        row, offset, length = (
            count_of(where, name, value) for name, value in zip(("row", "offset", "length"), request, strict=True)
        )
        if row is None or offset is None or length is None:
            raise TypeError(f"{where}: row, offset and length must be integers, got {request!r:.80}")
        checked.append((row, offset, length))
    return checked
