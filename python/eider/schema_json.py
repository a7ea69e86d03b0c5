"""Arrow schemas as JSON, in the shape that the reference gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ._eider import LanceSchema
from .error import InvalidError, UnsupportedError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["json_to_schema", "schema_to_json"]

_PLAIN = (
    *("null", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("halffloat", "float", "double", "string", "large_string", "binary", "large_binary"),
)
#: Names that pyarrow gives to functions that make the type.
_MAKERS = {"bool": "bool_", "halffloat": "float16", "float": "float32", "double": "float64"}
_NEST = ("list", "large_list", "fixed_size_list", "struct")


def schema_to_json(schema: pa.Schema) -> dict[str, Any]:
    """A schema as a dict that ``json.dumps`` takes, and ``json_to_schema`` makes a schema of again.

    Raises:
        UnsupportedError: a type has no name in it: views, maps, intervals, unions, run-end encoding, decimals of 32 and 64 bits.
    """
    import pyarrow as pa

    if not isinstance(schema, pa.Schema):
        raise TypeError(f"schema_to_json: expected a pyarrow.Schema, got {type(schema).__name__}")
    out: dict[str, Any] = {"fields": [_field(field) for field in schema]}
    if schema.metadata:
        out["metadata"] = _texts(schema.metadata)
    return out


def json_to_schema(schema_json: Mapping[str, Any]) -> pa.Schema:
    """The schema of a dict that ``schema_to_json`` gave. Raises InvalidError, a ValueError, when it is none."""
    import pyarrow as pa

    fields = [_read_field(field) for field in _member(schema_json, "fields", list)]
    schema = pa.schema(fields, metadata=schema_json.get("metadata") or None)
    # Import, which knows extension types by the metadata of their fields.
    return pa.Schema._import_from_c_capsule(schema.__arrow_c_schema__())


def _texts(metadata: Mapping[bytes, bytes]) -> dict[str, str]:
    return {key.decode(errors="replace"): value.decode(errors="replace") for key, value in metadata.items()}


def _field(field: pa.Field) -> dict[str, Any]:
    import pyarrow as pa

    type, metadata = field.type, _texts(field.metadata or {})
    if isinstance(type, pa.BaseExtensionType):
        metadata |= {"ARROW:extension:metadata": _parameters(field), "ARROW:extension:name": type.extension_name}
        type = type.storage_type
    out: dict[str, Any] = {"name": field.name, "type": _type(type), "nullable": field.nullable}
    if metadata:
        out["metadata"] = metadata
    return out


def _parameters(field: pa.Field) -> str:
    """What an extension type says of itself. Those that pyarrow defines say it to other libraries alone."""
    import pyarrow as pa

    if hasattr(field.type, "__arrow_ext_serialize__"):
        return str(field.type.__arrow_ext_serialize__(), errors="replace")
    exported = LanceSchema.from_pyarrow(pa.schema([pa.field("x", field.type)])).fields()[0]
    return exported.metadata.get("ARROW:extension:metadata", "")


def _type(type: pa.DataType) -> dict[str, Any]:
    from pyarrow import types

    if types.is_struct(type):
        return {"type": "struct", "fields": [_field(field) for field in type]}
    if types.is_fixed_size_list(type):
        return {"type": "fixed_size_list", "fields": [_field(type.value_field)], "length": type.list_size}
    for name, is_kind in (("list", types.is_list), ("large_list", types.is_large_list)):
        if is_kind(type):
            return {"type": name, "fields": [_field(type.value_field)]}
    if types.is_fixed_size_binary(type):
        return {"type": "fixed_size_binary", "length": type.byte_width}
    return {"type": _name(type)}


def _name(type: pa.DataType) -> str:
    """The name of a type without children."""
    from pyarrow import types

    if types.is_date(type):
        return "date32:day" if types.is_date32(type) else "date64:ms"
    if types.is_timestamp(type):
        return f"timestamp:{type.unit}:{type.tz or '-'}"
    for name, is_kind in (("time32", types.is_time32), ("time64", types.is_time64), ("duration", types.is_duration)):
        if is_kind(type):
            return f"{name}:{type.unit}"
    if types.is_decimal128(type) or types.is_decimal256(type):
        return f"decimal:{type.bit_width}:{type.precision}:{type.scale}"
    if types.is_dictionary(type):
        return f"dict:{_name(type.value_type)}:{_name(type.index_type)}:false"
    if str(type) in _PLAIN:
        return str(type)
    raise UnsupportedError(f"schema_to_json: type {type} has no name in JSON")


def _member(value: Any, name: str, kind: type) -> Any:
    if not isinstance(value, Mapping) or not isinstance(value.get(name), kind):
        raise InvalidError(f"json_to_schema: expected an object with {name!r}, a {kind.__name__}, got {value!r:.80}")
    return value[name]


def _read_field(field: Any) -> pa.Field:
    import pyarrow as pa

    name, nullable = _member(field, "name", str), _member(field, "nullable", bool)
    return pa.field(name, _read_type(_member(field, "type", dict)), nullable, field.get("metadata") or None)


def _read_type(given: Mapping[str, Any]) -> pa.DataType:
    import pyarrow as pa

    name = _member(given, "type", str)
    if name == "fixed_size_binary":
        return pa.binary(_member(given, "length", int))
    if name not in _NEST:
        return _read_name(name)
    children = [_read_field(child) for child in _member(given, "fields", list)]
    if name == "struct":
        return pa.struct(children)
    if len(children) != 1:
        raise InvalidError(f"json_to_schema: a {name} has one field, got {len(children)}")
    if name == "fixed_size_list":
        return pa.list_(children[0], _member(given, "length", int))
    return pa.list_(children[0]) if name == "list" else pa.large_list(children[0])


def _read_name(name: str) -> pa.DataType:
    import pyarrow as pa

    if name in _PLAIN:
        return getattr(pa, _MAKERS.get(name, name))()
    kind, _, rest = name.partition(":")
    try:
        if name in ("date32:day", "date64:ms"):
            return getattr(pa, kind)()
        if kind in ("time32", "time64", "duration"):
            return getattr(pa, kind)(rest)
        if kind == "timestamp":
            unit, _, zone = rest.partition(":")
            return pa.timestamp(unit, None if zone == "-" else zone)
        if kind == "decimal":
            bits, precision, scale = map(int, rest.split(":"))
            return {128: pa.decimal128, 256: pa.decimal256}[bits](precision, scale)
        if kind == "dict":
            values, index, _ = rest.rsplit(":", 2)
            return pa.dictionary(_read_name(index), _read_name(values))
    except (KeyError, ValueError) as error:
        raise InvalidError(f"json_to_schema: {name!r} is no type: {error}") from None
    raise InvalidError(f"json_to_schema: {name!r} is no type")
