"""Metadata is text: bytes that are none are refused wherever they would come in, and nothing is written."""

import os

import pyarrow as pa
import pytest
from eider.fragment import LanceFragment, write_fragments

import eider
from eider.file import LanceFileWriter

VALUE = {b"k": b"\xff\xfe"}
KEY = {b"\xff": b"v"}
SCHEMAS = {
    "schema's value": pa.schema([pa.field("b", pa.int64())], metadata=VALUE),
    "schema's key": pa.schema([pa.field("b", pa.int64())], metadata=KEY),
    "field's value": pa.schema([pa.field("b", pa.int64(), metadata=VALUE)]),
    "field's key": pa.schema([pa.field("b", pa.int64(), metadata=KEY)]),
    "child's value": pa.schema([pa.field("b", pa.struct([pa.field("c", pa.int64(), metadata=VALUE)]))]),
}


def _files(folder):
    return sorted(os.path.join(root, name) for root, _, names in os.walk(folder) for name in names)


@pytest.fixture(params=SCHEMAS.values(), ids=SCHEMAS)
def data(request):
    return pa.Table.from_pylist([{"b": None}] * 10, schema=request.param)


def _write_file(path, data):
    with LanceFileWriter(str(path / "new.lance"), data.schema) as writer:
        writer.write_batch(data)


WAYS = {
    "create": lambda data, path, ds: eider.write_dataset(data, str(path / "new")),
    "append": lambda data, path, ds: eider.write_dataset(data, ds, mode="append"),
    "overwrite": lambda data, path, ds: eider.write_dataset(data, ds, mode="overwrite"),
    "add_columns": lambda data, path, ds: ds.add_columns(data),
    "add null columns": lambda data, path, ds: ds.add_columns(data.schema),
    "write_fragments": lambda data, path, ds: write_fragments(data, str(path / "new")),
    "fragment": lambda data, path, ds: LanceFragment.create(str(path / "new"), data),
    "commit": lambda data, path, ds: eider.LanceDataset.commit(ds, eider.LanceOperation.Overwrite(data.schema, [])),
    "file": lambda data, path, ds: _write_file(path, data),
}


@pytest.mark.parametrize("way", WAYS)
def test_bytes_in_the_metadata_of_a_schema_are_refused(way, data, ds, tmp_path):
    before = _files(tmp_path)
    with pytest.raises(eider.InvalidError, match=r"metadata of (the schema|column '\w+'): the (key|value of 'k').* not UTF-8"):
        WAYS[way](data, tmp_path, ds)
    assert _files(tmp_path) == before
    assert ds.latest_version == 1


def test_base64_of_the_bytes_is_kept(tmp_path):
    schema = pa.schema([pa.field("b", pa.int64(), metadata={b"k": b"//4="})], metadata={b"n": "né".encode()})
    assert eider.write_dataset(pa.table({"b": [1]}, schema=schema), str(tmp_path / "t")).schema.equals(schema, check_metadata=True)


@pytest.mark.parametrize(
    "change",
    [
        lambda ds, text: ds.update_metadata({"k": text}),
        lambda ds, text: ds.update_config({text: "v"}),
        lambda ds, text: ds.update_schema_metadata({"k": text}),
        lambda ds, text: ds.update_field_metadata({"id": {"k": text}}),
        lambda ds, text: eider.write_dataset(ds, ds, mode="append", commit_message=text),
        lambda ds, text: eider.write_dataset(ds, ds, mode="append", transaction_properties={"k": text}),
        lambda ds, text: eider.write_dataset(ds, ds.uri + "2", table_metadata={"k": text}),
        lambda ds, text: eider.LanceDataset.commit(ds, eider.LanceOperation.Append([]), read_version=1, commit_message=text),
        lambda ds, text: eider.LanceDataset.commit(
            ds, eider.LanceOperation.UpdateConfig(config_updates=eider.LanceOperation.UpdateMap({"k": text}, False)), read_version=1
        ),
    ],
)
def test_text_with_lone_surrogates_is_refused(change, ds):
    with pytest.raises(eider.InvalidError, match=r"'\\udcff' is not valid UTF-8"):
        change(ds, "\udcff")
    assert ds.latest_version == 1


def test_a_property_without_a_value_is_refused(ds):
    with pytest.raises(TypeError, match="transaction_properties: the value of 'k' must be a str, got None"):
        eider.write_dataset(ds, ds, mode="append", transaction_properties={"k": None})
