"""A blob as a file."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from typing import Any

from . import _eider
from .error import InvalidError

#: Read-ahead that ``take_blobs`` asks for by default. Local files are mapped, so nothing is ever read ahead of them.
DEFAULT_BLOB_BUFFER_SIZE = 512 * 1024


class BlobFile(io.BufferedIOBase):
    """One blob as a read-only file; made by ``LanceDataset.take_blobs``.

    Reads fetch the bytes asked for and no others. ``path`` and ``offset`` say where they lie, for other means of reading.
    """

    def __init__(self, inner: _eider.Blob, buffer_size: int = DEFAULT_BLOB_BUFFER_SIZE) -> None:
        if buffer_size < 0:
            raise InvalidError(f"buffer_size: {buffer_size} is negative")
        super().__init__()
        self._blob = inner
        self._position = 0

    @property
    def path(self) -> str:
        """The file that the bytes lie in."""
        return self._blob.path

    @property
    def offset(self) -> int:
        """Where in that file they begin."""
        return self._blob.offset

    def size(self) -> int:
        """Bytes of the blob."""
        return self._blob.size

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        self._require_open()
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move; positions behind the end are fine, and read as the end."""
        self._require_open()
        if whence not in (os.SEEK_SET, os.SEEK_CUR, os.SEEK_END):
            raise InvalidError(f"seek: whence {whence}")
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._blob.size}[whence]
        if start + offset < 0:
            raise InvalidError(f"seek: to {start + offset}")
        self._position = start + offset
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        """Up to ``size`` bytes; all that is left when it is None or negative."""
        self._require_open()
        left = max(0, self._blob.size - self._position)
        length = left if size is None or size < 0 else min(size, left)
        data = self._blob.read(self._position, length) if length else b""
        self._position += length
        return data

    def read1(self, size: int = -1, /) -> bytes:
        """As ``read``."""
        return self.read(size)

    def readall(self) -> bytes:
        """All that is left."""
        return self.read()

    def readinto(self, buffer: Any, /) -> int:
        """Fill a writable buffer; how many bytes there were."""
        self._require_open()
        count = self._blob.read_into(self._position, buffer)
        self._position += count
        return count

    def readinto1(self, buffer: Any, /) -> int:
        """As ``readinto``."""
        return self.readinto(buffer)

    def read_range(self, offset: int, length: int) -> bytes:
        """The bytes ``[offset, offset + length)``, wherever the file stands; it stays there."""
        self._require_open()
        if offset < 0 or length < 0:
            raise InvalidError(f"read_range: [{offset}, +{length})")
        return self._blob.read(offset, length)

    def read_ranges(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Several ranges, given as (offset, length)."""
        return [self.read_range(offset, length) for offset, length in ranges]

    def _require_open(self) -> None:
        if self.closed:
            raise InvalidError("the blob is closed")

    def __repr__(self) -> str:
        return f"<BlobFile size={self._blob.size}>"
