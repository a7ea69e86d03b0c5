"""What the columns of a dataset hold: counts, extremes, frequent values, sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

from . import _eider
from .error import NotFoundError

__all__ = ["ColumnDescription", "DatasetDescription", "ValueLengths"]

_MAX_TEXT = 40


@dataclass(frozen=True)
class ValueLengths:
    """Bytes of the values of a binary or blob column."""

    min: int
    max: int
    mean: float


@dataclass(frozen=True)
class ColumnDescription:
    """One leaf of the schema: a column, a field of a struct, or the items of a list.

    Attributes:
        path: Its name, ``"box.x"`` for a field, ``"tags.item"`` for items.
        type: Its Arrow type.
        num_values, num_nulls: Counts over the live rows; of a list, of its items.
        num_distinct: Different values; None for vectors, binary and blobs.
        is_estimate: ``num_distinct`` is an estimate, within about one percent, and ``top`` comes from a sample of the rows.
        min, max: The extremes; None without values, or where values have no order.
        mean: Of numbers and booleans.
        top: The most frequent values that come more than once, five at most, with their counts.
        lengths: Of binary and blobs.
        size_bytes: Of its pages on disk, deleted rows included, values of blobs not.
    """

    path: str
    type: str
    num_values: int
    num_nulls: int
    num_distinct: int | None
    is_estimate: bool
    min: Any
    max: Any
    mean: float | None
    top: list[tuple[Any, int]]
    lengths: ValueLengths | None
    size_bytes: int


@dataclass(frozen=True)
class DatasetDescription:
    """What ``LanceDataset.describe`` returns: prints as a table; a sequence of its columns."""

    num_rows: int
    columns: list[ColumnDescription]

    def __iter__(self) -> Iterator[ColumnDescription]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def __getitem__(self, key: int | str) -> ColumnDescription:
        if isinstance(key, int):
            return self.columns[key]
        for column in self.columns:
            if column.path == key:
                return column
        raise KeyError(key)

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Header and rows, as text for people; ``~`` stands before an estimate."""
        header = ["column", "type", "nulls", "distinct", "min", "max", "mean", "top", "bytes"]
        return header, [_cells(column) for column in self.columns]

    def __str__(self) -> str:
        header, rows = self.table()
        widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in [header, *rows]]
        return "\n".join([f"{self.num_rows:,} rows", *lines])

    def _repr_html_(self) -> str:
        header, rows = self.table()
        return f"<p>{self.num_rows:,} rows</p>{html_table(header, [[escape(cell) for cell in row] for row in rows])}"


def describe(native: _eider.Dataset, columns: list[str] | None) -> DatasetDescription:
    """One pass over each column."""
    sizes = {size.field_id: size.size_bytes for size in native.field_sizes()}
    found = [_column(profile, sizes) for profile in _profiles(native, columns)]
    return DatasetDescription(native.count_rows(), found)


def _profiles(native: _eider.Dataset, columns: list[str] | None) -> list[_eider.ColumnProfile]:
    """Of top-level columns, and of fields of structs by their paths."""
    names = native.schema.names
    if columns is None or all(path in names for path in columns):
        return native.profile_columns(columns)
    found = []
    for path in columns:
        top = next((name for name in names if path.startswith(f"{name}.")), path) if path not in names else path
        profiles = native.profile_columns([top])
        below = profiles if path == top else [p for p in profiles if p.path == path or p.path.startswith(f"{path}.")]
        if not below:
            raise NotFoundError(f"describe: no column {path!r}; those of {top!r} are {', '.join(p.path for p in profiles)}")
        found += below
    return found


def _column(profile: _eider.ColumnProfile, sizes: dict[int, int]) -> ColumnDescription:
    extremes = _rows(profile.extremes)
    low, high = extremes[0].values() if extremes else (None, None)
    values = [row["value"] for row in _rows(profile.top_values)]
    return ColumnDescription(
        path=profile.path,
        type=profile.type,
        num_values=profile.num_values,
        num_nulls=profile.num_nulls,
        num_distinct=profile.num_distinct,
        is_estimate=profile.is_estimate,
        min=low,
        max=high,
        mean=profile.mean,
        top=list(zip(values, profile.top_counts)),
        lengths=None if profile.lengths is None else ValueLengths(*profile.lengths),
        size_bytes=sizes.get(profile.field_id, 0),
    )


def _rows(batch: _eider.RecordBatch | None) -> list[dict[str, Any]]:
    if batch is None:
        return []
    import pyarrow as pa

    arrow = pa.record_batch(batch)
    return [dict(zip(arrow.schema.names, row)) for row in zip(*(_values(column) for column in arrow.columns))]


def _values(column: Any) -> list[Any]:
    """Python's values; what Python cannot hold, such as a nanosecond without pandas or a date before year 1, as text."""
    found = []
    for scalar in column:
        try:
            found.append(scalar.as_py())
        except (ValueError, OverflowError):
            found.append(number_text(scalar))
    return found


def number_text(scalar: Any) -> str:
    """The number behind a date, a time or a duration that Python cannot hold."""
    try:
        return str(scalar.cast("int64").as_py())
    except NotImplementedError:  # of a date32
        return str(scalar.cast("int32").as_py())


def short_text(value: Any) -> str:
    """A value in a few characters, on one line."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (bytes, bytearray)):
        return value[:16].hex() + ("…" if len(value) > 16 else "")
    text = value if isinstance(value, str) else str(value)
    text = " ".join(text[: 4 * _MAX_TEXT].split())
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"


def _cells(column: ColumnDescription) -> list[str]:
    about = "~" if column.is_estimate else ""
    lengths = column.lengths
    return [
        column.path,
        column.type[: 2 * _MAX_TEXT],
        f"{column.num_nulls:,}",
        "" if column.num_distinct is None else f"{about}{column.num_distinct:,}",
        f"{lengths.min:,} bytes" if lengths else short_text(column.min),
        f"{lengths.max:,} bytes" if lengths else short_text(column.max),
        f"{lengths.mean:,.1f} bytes" if lengths else short_text(column.mean),
        ", ".join(f"{short_text(value) or repr(value)} ({about}{count:,})" for value, count in column.top[:3]),
        f"{column.size_bytes:,}",
    ]


def html_table(header: list[str], rows: list[list[str]]) -> str:
    """A table whose cells are HTML already; the header is text."""
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
