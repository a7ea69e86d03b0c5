"""Opens files of tables, Parquet, GeoParquet and CSV, as a schema and a stream of batches in bounded memory."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .geo import to_geoarrow, with_schema

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

__all__ = ["Source", "open_file"]

_BATCH_ROWS = 8192

#: Schema, number of rows (0: not known), and the rows.
Source = tuple["pa.Schema", int, Iterator["pa.RecordBatch"]]


def open_file(path: str, format_name: str | None = None) -> Source:
    """Open a file of the format that is named, or that its name has. Raises FileNotFoundError, and ValueError for other contents."""
    kind = format_name or ("csv" if path.lower().endswith((".csv", ".tsv", ".csv.gz")) else "parquet")
    if not os.path.exists(path):
        raise FileNotFoundError(f"no such file: {path}")
    return _open_csv(path) if kind == "csv" else _open_parquet(path)


def _open_csv(path: str) -> Source:
    from pyarrow import csv

    delimiter = "\t" if path.lower().endswith(".tsv") else ","
    reader = csv.open_csv(path, parse_options=csv.ParseOptions(delimiter=delimiter))
    return reader.schema, 0, iter(reader)


def _open_parquet(path: str) -> Source:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path}: {error}") from error
    schema = file.schema_arrow
    entries = dict(schema.metadata or {})
    geo = json.loads(entries.pop(b"geo", b"{}"))
    geometries = geo.get("columns") or _native_geometries(file)
    schema = to_geoarrow(schema.with_metadata(entries or None), geometries)
    batches = (with_schema(batch, schema) for batch in file.iter_batches(batch_size=_BATCH_ROWS))
    return schema, file.metadata.num_rows, batches


def _native_geometries(file: pq.ParquetFile) -> dict[str, dict[str, Any]]:
    """Columns of Parquet's own Geometry type, in a file without ``geo`` metadata."""
    found: dict[str, dict[str, Any]] = {}
    for index, name in enumerate(file.schema.names):
        logical = json.loads(file.schema.column(index).logical_type.to_json() or "{}")
        if logical.get("Type") in ("Geometry", "Geography"):
            column: dict[str, Any] = {"encoding": "WKB"}
            if logical.get("crs"):
                column["crs"] = _parquet_crs(logical["crs"], file)
            if logical["Type"] == "Geography":
                column["edges"] = "spherical"
            found[name] = column
    return found


def _parquet_crs(text: str, file: pq.ParquetFile) -> Any:
    """Parquet names a CRS as ``projjson:<metadata key>``, as ``srid:<n>``, or in words; some writers inline PROJJSON."""
    if text.startswith("projjson:"):
        stored = (file.metadata.metadata or {}).get(text.removeprefix("projjson:").encode())
        return json.loads(stored) if stored else text
    try:
        return json.loads(text)
    except ValueError:
        return text
