"""Blob columns: large values kept apart, written as bytes or as the URI of an object, read whole or in part."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from .blob_file import DEFAULT_BLOB_BUFFER_SIZE, BlobFile
from .error import InvalidError

__all__ = [
    "DEFAULT_BLOB_BUFFER_SIZE",
    "Blob",
    "BlobArray",
    "BlobColumn",
    "BlobFile",
    "BlobIterator",
    "BlobType",
    "blob_array",
    "blob_field",
]

_NAME = "lance.blob.v2"
_SHORT = [("data", pa.large_binary()), ("uri", pa.string())]
_STORAGE = pa.struct([*_SHORT, ("position", pa.uint64()), ("size", pa.uint64())])


@dataclass(frozen=True)
class Blob:
    """One value of a blob column to be written: bytes, or the URI of an object, whole or a range of it.

    None stands for null; ``Blob.empty()`` is a value of no bytes.
    """

    data: bytes | None = None
    uri: str | None = None
    position: int | None = None
    size: int | None = None

    def __post_init__(self) -> None:
        if self.data is not None and self.uri is not None:
            raise InvalidError("Blob: data and uri exclude each other")
        if self.data is None and self.uri is None:
            raise InvalidError("Blob: data or uri must be given; None is a null blob")
        if self.uri == "":
            raise InvalidError("Blob: the uri is empty")
        if (self.position is None) != (self.size is None):
            raise InvalidError("Blob: a range needs both position and size")
        if self.position is None or self.size is None:
            return
        if self.uri is None:
            raise InvalidError("Blob: only an object with a uri has a range")
        if self.position < 0 or self.size < 0:
            raise InvalidError(f"Blob: the range [{self.position}, +{self.size}) is negative")
        if self.size == 0:
            raise InvalidError("Blob: a range must hold at least one byte")

    @staticmethod
    def from_bytes(data: bytes | bytearray | memoryview) -> Blob:
        """A value of these bytes."""
        return Blob(data=bytes(data))

    @staticmethod
    def from_uri(uri: str, position: int | None = None, size: int | None = None) -> Blob:
        """A value that stays where it is: the object at ``uri``, or ``size`` bytes of it from ``position``."""
        return Blob(uri=uri, position=position, size=size)

    @staticmethod
    def empty() -> Blob:
        """A value of no bytes."""
        return Blob(data=b"")


class BlobType(pa.ExtensionType):  # type: ignore[misc]
    """The Arrow type of blob columns: ``lance.blob.v2`` over a struct of data and uri, and of a range of the uri's object."""

    def __init__(self, storage: pa.DataType = _STORAGE) -> None:
        if list(storage) not in (list(_STORAGE), list(pa.struct(_SHORT))):
            raise InvalidError(f"blob type: stored as {storage}, expected {_STORAGE}")
        super().__init__(storage, _NAME)

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type: pa.DataType, serialized: bytes) -> BlobType:
        return cls(storage_type)

    def __arrow_ext_class__(self) -> type:
        return BlobArray


class BlobArray(pa.ExtensionArray):  # type: ignore[misc]
    """An Arrow array of blobs to be written."""

    @classmethod
    def from_pylist(cls, values: Iterable[Any]) -> pa.ExtensionArray:
        """From bytes-like objects, URIs (str), ``Blob`` and None."""
        rows = [_row(value) for value in values]
        return pa.ExtensionArray.from_storage(BlobType(), pa.array(rows, _STORAGE))


def _row(value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    if isinstance(value, str):
        value = Blob.from_uri(value)
    elif isinstance(value, (bytes, bytearray, memoryview)):
        value = Blob.from_bytes(value)
    # Values made by another package of this API are fine too.
    if not all(hasattr(value, name) for name in ("data", "uri", "position", "size")):
        raise TypeError(f"blob array: bytes, a URI, a Blob or None is expected, not {type(value).__name__}")
    return {"data": value.data, "uri": value.uri, "position": value.position, "size": value.size}


def blob_array(values: Iterable[Any]) -> pa.ExtensionArray:
    """An array of blobs from bytes-like objects, URIs (str), ``Blob`` and None."""
    return BlobArray.from_pylist(values)


def _threshold(name: str, value: int | None, least: int) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name}: an int is expected, not {type(value).__name__}")
    if value < least:
        raise InvalidError(f"{name}: {value} is below {least}")


def blob_field(
    name: str,
    *,
    nullable: bool = True,
    inline_size_threshold: int | None = None,
    dedicated_size_threshold: int | None = None,
    pack_file_size_threshold: int | None = None,
) -> pa.Field:
    """The Arrow field of a blob column.

    Args:
        name: Of the column.
        nullable: Whether values may be null.
        inline_size_threshold: Values of at most so many bytes lie in the data file (64 KiB when None).
        dedicated_size_threshold: Values of more bytes get a file of their own (4 MiB when None); those between share files.
        pack_file_size_threshold: Bytes of a shared file at most (1 GiB when None).
    """
    _threshold("inline_size_threshold", inline_size_threshold, 0)
    _threshold("dedicated_size_threshold", dedicated_size_threshold, 1)
    _threshold("pack_file_size_threshold", pack_file_size_threshold, 1)
    given = {
        "blob-inline-size-threshold": inline_size_threshold,
        "blob-dedicated-size-threshold": dedicated_size_threshold,
        "blob-pack-file-size-threshold": pack_file_size_threshold,
    }
    metadata = {f"lance-encoding:{key}": str(value) for key, value in given.items() if value is not None}
    return pa.field(name, BlobType(), nullable, metadata or None)


class BlobIterator:
    """The values of a binary column, one at a time, as files in memory."""

    def __init__(self, values: Iterator[Any]) -> None:
        self._values = values

    def __iter__(self) -> BlobIterator:
        return self

    def __next__(self) -> io.BytesIO | None:
        value = next(self._values)
        return io.BytesIO(value.as_py()) if value.is_valid else None


class BlobColumn:
    """A binary Arrow column that iterates as files in memory, null as None."""

    def __init__(self, blob_column: pa.Array | pa.ChunkedArray) -> None:
        if not isinstance(blob_column, (pa.Array, pa.ChunkedArray)):
            raise InvalidError(f"BlobColumn: an Arrow array is expected, not {type(blob_column).__name__}")
        kinds = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
        if not any(is_kind(blob_column.type) for is_kind in kinds):
            raise InvalidError(f"BlobColumn: Expected a binary array, got {blob_column.type}")
        self.blob_column = blob_column

    def __iter__(self) -> BlobIterator:
        return BlobIterator(iter(self.blob_column))


try:
    pa.register_extension_type(BlobType())
except pa.ArrowKeyError:
    pass  # another package of this API has registered it
