"""Schemas as JSON and back."""

import json

import pyarrow as pa
import pytest

import eider

TYPES = [
    *(pa.null(), pa.bool_(), pa.int8(), pa.uint64(), pa.float16(), pa.float32(), pa.float64()),
    *(pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.binary(5), pa.date32(), pa.date64()),
    *(pa.time32("s"), pa.time64("ns"), pa.timestamp("s"), pa.timestamp("us", "+01:00"), pa.duration("ms")),
    *(pa.decimal128(5, -2), pa.decimal256(40, 3), pa.dictionary(pa.int8(), pa.large_string())),
    *(pa.list_(pa.field("el", pa.int32(), False)), pa.large_list(pa.list_(pa.float32(), 3)), pa.uuid(), pa.json_()),
    *(pa.struct([pa.field("a", pa.binary(2), False, {"m": "n"}), ("b", pa.struct([]))]), pa.fixed_shape_tensor(pa.int8(), [2, 2])),
]


@pytest.mark.parametrize("type", TYPES, ids=str)
def test_types_come_back(type):
    schema = pa.schema([pa.field("f", type, True, {"unit": "m"}), ("g", type)], metadata={"k": "v"})
    text = json.dumps(eider.schema_to_json(schema))
    assert eider.json_to_schema(json.loads(text)).equals(schema, check_metadata=True)


def test_the_json_has_the_shape_of_the_reference():
    schema = pa.schema([pa.field("v", pa.list_(pa.float32(), 2), False), ("t", pa.timestamp("ms", "UTC"))])
    assert eider.schema_to_json(schema) == {
        "fields": [
            {
                "name": "v",
                "type": {
                    "type": "fixed_size_list",
                    "fields": [{"name": "item", "type": {"type": "float"}, "nullable": True}],
                    "length": 2,
                },
                "nullable": False,
            },
            {"name": "t", "type": {"type": "timestamp:ms:UTC"}, "nullable": True},
        ]
    }


@pytest.mark.parametrize("type", [pa.string_view(), pa.map_(pa.string(), pa.int8()), pa.list_(pa.month_day_nano_interval())], ids=str)
def test_types_without_a_name_are_refused(type):
    with pytest.raises(ValueError, match="has no name in JSON"):
        eider.schema_to_json(pa.schema([("f", type)]))
    with pytest.raises(TypeError, match="got str"):
        eider.schema_to_json("f: int32")


@pytest.mark.parametrize(
    ("type", "message"),
    [
        ({"type": "nope"}, "'nope' is no type"),
        ({"type": "decimal:64:5:2"}, "is no type"),
        ({"type": "decimal:128:x"}, "is no type"),
        ({"type": "timestamp:year:-"}, "is no type"),
        ({"type": "list"}, "'fields', a list"),
        ({"type": "list", "fields": []}, "a list has one field, got 0"),
        ({"type": "fixed_size_binary"}, "'length', a int"),
        ("int32", "'type', a dict"),
    ],
)
def test_what_is_no_schema_is_refused(type, message):
    with pytest.raises(ValueError, match=message):
        eider.json_to_schema({"fields": [{"name": "f", "type": type, "nullable": True}]})
    for broken in ({}, [], {"fields": [3]}, {"fields": [{"name": "f", "type": {"type": "int8"}}]}):
        with pytest.raises(ValueError, match="expected an object with"):
            eider.json_to_schema(broken)
