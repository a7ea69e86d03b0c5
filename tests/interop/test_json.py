"""JSON columns: text in and out, JSONB in the files, both ways with the reference engine."""

import json

import pyarrow as pa
import pytest

import eider

lance = pytest.importorskip("lance")

TEXTS = [
    '{"b":1,"a":[1,2.5,null,true,"\u00e9"]}',
    None,
    "1",
    "null",
    '"s"',
    "[]",
    "{}",
    '{"a":{"b":{"c":[[],{}]}}}',
    "-1e-7",
    "18446744073709551616",
    '"\\ud83d\\ude00\\n"',
]


def columns() -> pa.Table:
    text = pa.array(TEXTS, pa.json_())
    offsets = pa.array([0, 2, None, 5, 5] + [len(TEXTS)] * 7, pa.int32())
    return pa.table(
        {
            "j": text,
            "l": pa.ListArray.from_arrays(offsets, text),
            "s": pa.StructArray.from_arrays([text, pa.array(range(len(TEXTS)))], ["j", "i"]),
        }
    )


def parsed(value):
    if isinstance(value, dict):
        return {key: parsed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [parsed(item) for item in value]
    return json.loads(value) if isinstance(value, str) else value


@pytest.mark.parametrize("version", ["2.1", "2.2"])
def test_json_is_read_as_the_reference_reads_it(tmp_path, version):
    for write in (lance.write_dataset, eider.write_dataset):
        uri = str(tmp_path / write.__module__)
        write(columns(), uri, data_storage_version=version)
        theirs, ours = lance.dataset(uri), eider.dataset(uri)
        assert ours.schema == theirs.schema
        assert ours.to_table().equals(theirs.to_table())
        assert ours.take([3, 0, 3]).equals(theirs.take([3, 0, 3]))
        assert parsed(ours.to_table().to_pylist()) == parsed(columns().to_pylist())


def test_tables_with_json_are_appended_to_by_either(tmp_path):
    uri = str(tmp_path / "t")
    eider.write_dataset(columns(), uri)
    lance.write_dataset(columns(), uri, mode="append")
    eider.write_dataset(columns(), uri, mode="append")
    assert lance.dataset(uri).to_table().equals(eider.dataset(uri).to_table())
    assert lance.dataset(uri).count_rows("json_get_int(j, 'b') = 1") == 3
    lance.dataset(uri).optimize.compact_files()
    assert lance.dataset(uri).to_table().equals(eider.dataset(uri).to_table())


def test_all_string_types_hold_json(tmp_path):
    for i, storage in enumerate([pa.string(), pa.large_string(), pa.string_view()]):
        values = pa.ExtensionArray.from_storage(pa.json_(storage), pa.array(['{"a": 1}', None], storage))
        ours = eider.write_dataset(pa.table({"j": values}), str(tmp_path / str(i)))
        assert ours.to_table().column("j").to_pylist() == ['{"a":1}', None]


def test_values_that_are_no_json_are_refused_with_their_column(tmp_path):
    data = pa.table({"doc": pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a":1}', "{broken"]))})
    with pytest.raises(
        ValueError, match="column 'doc': JSON: expected a member's name in quotes at byte 1 of '{broken'"
    ):
        eider.write_dataset(data, str(tmp_path / "t"))


def test_text_below_a_null_is_not_looked_at(tmp_path):
    broken = pa.ExtensionArray.from_storage(pa.json_(), pa.array(["{", "1", "}"]))
    data = pa.table({"s": pa.StructArray.from_arrays([broken], ["j"], mask=pa.array([True, False, True]))})
    assert eider.write_dataset(data, str(tmp_path / "t")).to_table().column("s").to_pylist() == [None, {"j": "1"}, None]


def test_jsonb_itself_is_taken_and_checked(tmp_path):
    field = pa.field("j", pa.large_binary(), metadata={"ARROW:extension:name": "lance.json"})
    stored = pa.table([pa.array([bytes.fromhex("20000000200000025001")], pa.large_binary())], schema=pa.schema([field]))
    assert eider.write_dataset(stored, str(tmp_path / "t")).to_table().column("j").to_pylist() == ["1"]
    junk = pa.table([pa.array([b"junk"], pa.large_binary())], schema=pa.schema([field]))
    with pytest.raises(ValueError, match="column 'j': JSONB: a container of kind 6"):
        eider.write_dataset(junk, str(tmp_path / "u"))


def test_files_hold_jsonb(tmp_path):
    from eider.file import LanceFileReader, LanceFileWriter

    path = str(tmp_path / "f.lance")
    data = pa.table({"j": pa.array(['{"a":1}'], pa.json_())})
    with LanceFileWriter(path, data.schema) as writer:
        writer.write_batch(data)
    stored = LanceFileReader(path).read_all().to_table()
    assert stored.column("j").to_pylist() == [bytes.fromhex("400000011000000120000002615001")]
    from lance.file import LanceFileReader as TheirReader

    assert TheirReader(path).read_all().to_table().equals(stored)
