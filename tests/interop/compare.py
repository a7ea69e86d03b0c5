"""Equality of Arrow data that sees through representation.

`canonical` maps an array to a plain form: extension types to storage, dictionaries decoded, views to their plain types,
fixed-size lists and maps to lists, floats to their bits (so that NaN and -0.0 compare exactly). Values below a null parent do
not count, as in Arrow. The canonical form also supports `take` where pyarrow is wrong on the original.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute

FLOAT_BITS = {"halffloat": pa.uint16(), "float": pa.uint32(), "double": pa.uint64()}


def _mask(array: pa.Array) -> pa.Array | None:
    return array.is_null() if array.null_count else None


def _list_of(child: pa.Array, offsets: np.ndarray, mask: pa.Array | None) -> pa.Array:
    return pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), child, mask=mask)


def canonical(array: pa.Array) -> pa.Array:
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return canonical(array.storage)
    if pa.types.is_dictionary(kind):
        if len(array.dictionary) == 0:
            return canonical(pa.nulls(len(array), kind.value_type))
        return canonical(array.dictionary.take(array.indices))
    if str(kind) in FLOAT_BITS:
        return array.view(FLOAT_BITS[str(kind)])
    if pa.types.is_string_view(kind):
        return array.cast(pa.large_string())
    if pa.types.is_binary_view(kind):
        return array.cast(pa.large_binary())
    if pa.types.is_string(kind):
        return array.cast(pa.large_string())
    if pa.types.is_binary(kind):
        return array.cast(pa.large_binary())
    if pa.types.is_struct(kind):
        if kind.num_fields == 0:
            return array.is_valid()
        children = [canonical(array.field(i)) for i in range(kind.num_fields)]
        return pa.StructArray.from_arrays(children, names=[f"{i} {kind.field(i).name}" for i in range(kind.num_fields)],
                                          mask=_mask(array))
    if pa.types.is_fixed_size_list(kind):
        size = kind.list_size
        values = array.values.slice(array.offset * size, len(array) * size)
        return _list_of(canonical(values), np.arange(len(array) + 1, dtype=np.int64) * size, _mask(array))
    if pa.types.is_map(kind):
        child = pa.StructArray.from_arrays([canonical(array.keys), canonical(array.items)], names=["key", "value"])
        return _list_of(child, np.array(array.offsets), _mask(array))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _list_of(canonical(array.values), np.array(array.offsets), _mask(array))
    return array


def canonical_column(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    if not chunks:
        return canonical(pa.array([], pa.null()) if pa.types.is_null(column.type) else empty(column.type))
    return pa.concat_arrays([canonical(chunk) for chunk in chunks])


def empty(kind: pa.DataType) -> pa.Array:
    return pa.nulls(0, kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind)


def complete_rows(array: pa.Array) -> np.ndarray:
    """Which rows of a canonical array hold neither nulls nor empty texts: those that file version 0.1 keeps as they are."""
    kind, whole = array.type, np.array(array.is_valid())
    if pa.types.is_struct(kind):
        for i in range(kind.num_fields):
            whole &= complete_rows(array.field(i))
    elif pa.types.is_large_list(kind):
        missing = np.concatenate([[0], np.cumsum(~complete_rows(array.values))])
        offsets = np.array(array.offsets)
        whole &= missing[offsets[1:]] == missing[offsets[:-1]]
    elif pa.types.is_large_string(kind) or pa.types.is_large_binary(kind):
        whole &= np.array(pa.compute.fill_null(pa.compute.binary_length(array), 0)) > 0
    return whole


class Expected:
    """The generator's own table in canonical form; gives the expected rows of any read."""

    def __init__(self, table: pa.Table) -> None:
        self.names = table.column_names
        self.columns = {name: canonical_column(table.column(name)) for name in self.names}
        self.rows = table.num_rows

    def take(self, indices: list[int]) -> Expected:
        made = Expected.__new__(Expected)
        made.names, made.rows = self.names, len(indices)
        picks = pa.array(indices, pa.int64())
        made.columns = {name: column.take(picks) for name, column in self.columns.items()}
        return made

    def slice(self, start: int, rows: int) -> Expected:
        made = Expected.__new__(Expected)
        made.names, made.rows = self.names, max(0, min(rows, self.rows - start))
        made.columns = {name: column.slice(start, rows) for name, column in self.columns.items()}
        return made

    def project(self, names: list[str]) -> Expected:
        made = Expected.__new__(Expected)
        made.names, made.rows = names, self.rows
        made.columns = {name: self.columns[name] for name in names}
        return made

    def check(self, actual: pa.Table | pa.RecordBatch, what: str) -> None:
        """Raises AssertionError naming the first column and row that differ."""
        assert actual.num_rows == self.rows, f"{what}: {actual.num_rows} rows, expected {self.rows}"
        assert actual.schema.names == self.names, f"{what}: columns {actual.schema.names}, expected {self.names}"
        for name in self.names:
            column = actual.column(name)
            for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
                chunk.validate(full=not _has_date64(chunk.type))
            check_column(self.columns[name], canonical_column(column), f"{what}: column {name!r}")


def _has_date64(kind: pa.DataType) -> bool:
    return "date64" in str(kind)


def check_column(expected: pa.Array, actual: pa.Array, what: str) -> None:
    assert len(expected) == len(actual), f"{what}: {len(actual)} rows, expected {len(expected)}"
    if len(expected) == 0:
        return
    assert same_shape(expected.type, actual.type), f"{what}: canonical type {actual.type}, expected {expected.type}"
    if expected.equals(actual):
        return
    low, high = 0, len(expected)
    while high - low > 1:  # the first differing row lies in [low, high)
        middle = (low + high) // 2
        if expected.slice(low, middle - low).equals(actual.slice(low, middle - low)):
            low = middle
        else:
            high = middle
    raise AssertionError(f"{what}: row {low} of {len(expected)}: got {shorten(actual[low])}, expected {shorten(expected[low])}")


def same_shape(a: pa.DataType, b: pa.DataType) -> bool:
    """Equal but for the names and nullability of children that the format does not keep."""
    if pa.types.is_large_list(a) and pa.types.is_large_list(b):
        return same_shape(a.value_type, b.value_type)
    if pa.types.is_struct(a) and pa.types.is_struct(b):
        return a.num_fields == b.num_fields and all(
            a.field(i).name == b.field(i).name and same_shape(a.field(i).type, b.field(i).type) for i in range(a.num_fields))
    return a == b


def shorten(value: pa.Scalar) -> str:
    try:
        text = str(value.as_py())
    except (ValueError, OverflowError):  # Python's times end earlier and are coarser
        text = f"a {value.type} that Python has no value for"
    return text if len(text) < 300 else text[:300] + f"... ({len(text)} characters)"
