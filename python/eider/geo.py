"""GeoParquet metadata <-> ``geoarrow.wkb`` columns.

A geometry column stays WKB. Its field carries the extension name, its CRS as PROJJSON in the extension metadata, and, in
field metadata of its own, what GeoParquet knows besides: ``geometry_types`` and ``covering``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

EXTENSION_NAME = b"ARROW:extension:name"
EXTENSION_METADATA = b"ARROW:extension:metadata"
_WKB_NAMES = (b"geoarrow.wkb", b"ogc.wkb")

#: What GeoParquet means by an absent ``crs``: longitude, latitude on WGS 84.
_CRS84: dict[str, Any] = {
    "$schema": "https://proj.org/schemas/v0.7/projjson.schema.json",
    "type": "GeographicCRS",
    "name": "WGS 84 (CRS84)",
    "datum": {
        "type": "GeodeticReferenceFrame",
        "name": "World Geodetic System 1984",
        "ellipsoid": {"name": "WGS 84", "semi_major_axis": 6378137, "inverse_flattening": 298.257223563},
    },
    "coordinate_system": {
        "subtype": "ellipsoidal",
        "axis": [
            {"name": "Geodetic longitude", "abbreviation": "Lon", "direction": "east", "unit": "degree"},
            {"name": "Geodetic latitude", "abbreviation": "Lat", "direction": "north", "unit": "degree"},
        ],
    },
    "id": {"authority": "OGC", "code": "CRS84"},
}


def is_geometry(field: pa.Field) -> bool:
    """Whether the field holds WKB geometries."""
    if getattr(field.type, "extension_name", "").encode() in _WKB_NAMES:
        return True
    return (field.metadata or {}).get(EXTENSION_NAME) in _WKB_NAMES


def crs_name(extension_metadata: str | None) -> str:
    """``EPSG:32633``, or the name of the CRS, or "" without one."""
    try:
        crs = json.loads(extension_metadata or "{}").get("crs")
    except (ValueError, AttributeError):
        return ""
    if isinstance(crs, Mapping):
        identity = crs.get("id")
        if isinstance(identity, Mapping):
            return f"{identity.get('authority')}:{identity.get('code')}"
        return str(crs.get("name", ""))
    return str(crs) if crs else ""


def to_geoarrow(schema: pa.Schema, geometries: Mapping[str, Mapping[str, Any]]) -> pa.Schema:
    """The schema with each GeoParquet geometry column marked as ``geoarrow.wkb``.

    ``geometries`` is ``columns`` of the file's ``geo`` metadata. Raises ValueError for an encoding other than WKB.
    """
    for name, column in geometries.items():
        index = schema.get_field_index(name)
        if index < 0:
            raise ValueError(f"geo metadata names the column {name!r}, which the file does not have")
        encoding = column.get("encoding", "WKB")
        if encoding != "WKB":
            raise ValueError(f"geometry column {name!r} has the encoding {encoding!r}; only WKB is supported")
        schema = schema.set(index, _geometry_field(schema.field(index), column))
    return schema


def _geometry_field(field: pa.Field, column: Mapping[str, Any]) -> pa.Field:
    import pyarrow as pa

    extension: dict[str, Any] = {}
    crs = column.get("crs", _CRS84)
    if crs is not None:
        extension["crs"] = crs
        if isinstance(crs, Mapping):
            extension["crs_type"] = "projjson"
    if column.get("edges", "planar") != "planar":
        extension["edges"] = column["edges"]
    metadata = dict(field.metadata or {})
    metadata[EXTENSION_NAME] = b"geoarrow.wkb"
    metadata[EXTENSION_METADATA] = json.dumps(extension).encode()
    for key in ("geometry_types", "covering"):
        if column.get(key):
            metadata[key.encode()] = json.dumps(column[key]).encode()
    storage = field.type.storage_type if hasattr(field.type, "storage_type") else field.type
    return pa.field(field.name, storage, field.nullable, metadata)


def geo_metadata(schema: pa.Schema, primary: str | None = None) -> dict[str, Any] | None:
    """The ``geo`` metadata of GeoParquet 1.1 for the geometry columns of ``schema``; None without any."""
    columns = {field.name: _geo_column(field, schema) for field in schema if is_geometry(field)}
    if not columns:
        return None
    first = primary if primary in columns else next(iter(columns))
    return {"version": "1.1.0", "primary_column": first, "columns": columns}


def _geo_column(field: pa.Field, schema: pa.Schema) -> dict[str, Any]:
    metadata = dict(field.metadata or {})
    extension = json.loads(_extension_metadata(field) or "{}")
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": json.loads(metadata.get(b"geometry_types", b"[]")),
        "crs": extension.get("crs"),
    }
    if "edges" in extension:
        column["edges"] = extension["edges"]
    covering = json.loads(metadata.get(b"covering", b"null"))
    if covering and all(path[0] in schema.names for path in covering.get("bbox", {}).values()):
        column["covering"] = covering
    return column


def _extension_metadata(field: pa.Field) -> str:
    if hasattr(field.type, "__arrow_ext_serialize__"):
        return str(field.type.__arrow_ext_serialize__(), "utf-8")
    return str((field.metadata or {}).get(EXTENSION_METADATA, b""), "utf-8")


def to_plain_wkb(schema: pa.Schema) -> pa.Schema:
    """The schema with geometry columns as plain binary: in GeoParquet the file's metadata says what they are."""
    import pyarrow as pa

    own = (EXTENSION_NAME, EXTENSION_METADATA, b"geometry_types", b"covering")
    fields = []
    for field in schema:
        if is_geometry(field):
            storage = field.type.storage_type if hasattr(field.type, "storage_type") else field.type
            rest = {k: v for k, v in (field.metadata or {}).items() if k not in own}
            field = pa.field(field.name, storage, field.nullable, rest or None)
        fields.append(field)
    return pa.schema(fields, schema.metadata)


def with_schema(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch under a schema that differs in extension types and metadata only."""
    import pyarrow as pa

    columns = []
    for column, field in zip(batch.columns, schema):
        if column.type != field.type:
            column = column.storage if hasattr(column, "storage") else column.cast(field.type)
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=schema)
