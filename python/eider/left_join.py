"""Left joins of a table held in memory to rows that come by: for new columns, and for new values of columns."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from . import _eider
from .error import InvalidError, NotFoundError
from .ingest import open_reader

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["RightSide", "portable_roaring"]

_MOST_OF_ARRAY = 4096


class RightSide:
    """The right table of a join: its keys, and the columns that it brings. A key that is null meets nothing; of several equal ones, the
    first counts."""

    def __init__(self, where: str, data: Any, key: str, schema: pa.Schema | None = None) -> None:
        import pyarrow as pa

        table = pa.table(open_reader(data, schema))
        if key not in table.column_names:
            raise NotFoundError(f"{where}: {_eider.no_column(key, table.column_names)}")
        self.where = where
        self.columns = table.drop_columns([key]).combine_chunks()
        if self.columns.num_columns == 0:
            raise InvalidError(f"{where}: the data have no column besides {key!r}")
        keys = table[key].combine_chunks()
        self._keys = keys.chunk(0) if isinstance(keys, pa.ChunkedArray) and keys.num_chunks == 1 else keys
        if isinstance(self._keys, pa.ChunkedArray):
            self._keys = pa.concat_arrays(self._keys.chunks) if self._keys.num_chunks else pa.array([], keys.type)

    def matches(self, left: pa.Array) -> pa.Array:
        """For each key of the left side the row that it meets, or null."""
        import pyarrow as pa
        import pyarrow.compute as pc

        try:
            keys = self._keys if self._keys.type.equals(left.type) else self._keys.cast(left.type)
            return pc.index_in(left, value_set=keys, skip_nulls=True)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise InvalidError(f"{self.where}: the keys are of types {left.type} and {self._keys.type}: {error}") from None

    def new_columns(self, left: Iterable[pa.RecordBatch], key: str) -> _eider.RecordBatchReader:
        """The columns for the rows of the left side, null where its key meets nothing."""
        import pyarrow as pa

        fields = [field.with_nullable(True) for field in self.columns.schema]
        schema = pa.schema(fields)

        def batches() -> Iterator[pa.RecordBatch]:
            for batch in left:
                rows = self.matches(batch.column(batch.schema.get_field_index(key)))
                found = [self._column(name).take(rows) for name in self.columns.column_names]
                yield pa.record_batch(found, schema=schema)

        return open_reader(batches(), schema)

    def replacing(self, left: Iterable[pa.RecordBatch], key: str, schema: pa.Schema, matched: list[int]) -> _eider.RecordBatchReader:
        """Columns of the left side with the values of this one where its key meets any; their addresses go to ``matched``."""
        import pyarrow as pa
        import pyarrow.compute as pc

        def batches() -> Iterator[pa.RecordBatch]:
            for batch in left:
                rows = self.matches(batch.column(batch.schema.get_field_index(key)))
                addresses = batch.column(batch.schema.get_field_index("_rowaddr"))
                matched.extend(addresses.filter(rows.is_valid()).to_pylist())
                size = batch.num_rows
                places = pc.coalesce(pc.add(rows.cast(pa.int64()), size), pa.array(range(size), pa.int64()))
                columns = []
                for field in schema:
                    old = batch.column(batch.schema.get_field_index(field.name))
                    columns.append(pa.concat_arrays([old, self._column(field.name).cast(old.type)]).take(places))
                yield pa.record_batch(columns, schema=schema)

        return open_reader(batches(), schema)

    def _column(self, name: str) -> pa.Array:
        import pyarrow as pa

        column = self.columns[name]
        return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def portable_roaring(offsets: Iterable[int]) -> bytes:
    """A set of numbers below 2**32 in the portable Roaring format."""
    groups: dict[int, list[int]] = {}
    for offset in sorted(set(offsets)):
        groups.setdefault(offset >> 16, []).append(offset & 0xFFFF)
    header = struct.pack("<II", 12346, len(groups))
    header += b"".join(struct.pack("<HH", key, len(low) - 1) for key, low in groups.items())
    at, places, bodies = len(header) + 4 * len(groups), b"", b""
    for low in groups.values():
        places += struct.pack("<I", at + len(bodies))
        bodies += struct.pack(f"<{len(low)}H", *low) if len(low) <= _MOST_OF_ARRAY else sum(1 << bit for bit in low).to_bytes(8192, "little")
    return header + places + bodies
