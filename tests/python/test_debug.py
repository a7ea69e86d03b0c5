"""Manifests and transactions as text."""

import pyarrow as pa
import pytest
from eider.debug import format_fragment, format_manifest, format_schema, list_transactions
from eider.debug_text import Call, Struct, Word, bytes_text, some, text_of

import eider


@pytest.fixture
def changed(ds, table):
    ds.delete("id = 3")
    ds.update_config({"key": 'a "value"'})
    return eider.write_dataset(table, ds, mode="append", transaction_properties={"why": "more"})


def test_text_of_values():
    nested = Struct("Outer", {"a": some(Call("Inner", 5)), "b": [], "c": {"k": Word("V")}, "d": Struct("Empty", {}), "e": True})
    assert text_of(nested) == (
        "Outer {\n    a: Some(\n        Inner(\n            5,\n        ),\n    ),\n    b: [],\n"
        '    c: {\n        "k": V,\n    },\n    d: Empty,\n    e: true,\n}'
    )
    assert text_of('é"\n\x01\\') == r'"é\"\n\u{1}\\"'
    assert (text_of(None), text_of(some(None)), text_of(b"\x01\xff")) == ("None", "None", "[\n    1,\n    255,\n]")
    assert bytes_text(b'a"\n\xff') == r'b"a\"\n\xff"'


def test_the_schema_is_shown_with_ids(changed):
    text = format_schema(changed)
    assert text.startswith("Schema {\n    fields: [\n        Field {\n            name: \"id\",\n            id: 0,\n")
    for line in ('name: "tag"', '"fixed_size_list:float:4"', "parent_id: 2", "nullable: true", "VarBinary"):
        assert line in text


def test_the_manifest_is_shown_whole(changed):
    text = format_manifest(changed)
    assert text.startswith("Manifest {\n    schema: Schema {")
    for line in (
        "    version: 4,\n    branch: None,\n",
        "num_deleted_rows: Some(\n",
        "file_major_version: 2,",
        "    fragment_offsets: [\n        0,\n        9,\n        19,\n    ],\n",
        'data_storage_format: DataStorageFormat {\n        file_format: "lance",\n        version: V2_2,\n    }',
        'config: {\n        "key": "a \\"value\\"",\n    }',
    ):
        assert line in text
    branch = format_manifest(changed.create_branch("side"))
    assert 'branch: Some(\n        "side",\n    )' in branch and "base_paths: {\n        " in branch


def test_row_ids_are_shown(write, table):
    text = format_manifest(write(table, enable_stable_row_ids=True))
    assert "next_row_id: 10" in text and "row_id_meta: Some(\n                Inline(\n                    b\"" in text


def test_a_fragment_is_shown_with_the_schema_of_its_files(changed):
    changed.add_columns({"twice": "id * 2"})
    fragment = changed.get_fragments()[0]
    text = format_fragment(fragment, changed)
    assert text == format_fragment(fragment.metadata, changed)
    assert text.startswith("PrettyPrintableFragment {\n    id: 0,\n    files: [\n        PrettyPrintableDataFile {")
    first, second = text.split("PrettyPrintableDataFile")[1:]
    assert 'name: "tag"' in first and "twice" not in first and 'name: "twice"' in second and '"id"' not in second
    assert "major_version: 2,\n            minor_version: 2," in text
    with pytest.raises(TypeError, match="expected a LanceFragment or FragmentMetadata, got int"):
        format_fragment(3, changed)


def test_transactions_are_listed_from_the_latest(changed):
    texts = list_transactions(changed)
    assert [text.split("operation: ")[1].split(" ")[0] for text in texts] == ["Append", "UpdateConfig", "Delete", "Overwrite"]
    assert texts[0].startswith("Transaction {\n    read_version: 3,\n    uuid: \"")
    assert 'transaction_properties: Some(\n        {\n            "why": "more",\n        },\n    )' in texts[0]
    assert 'predicate: "id = 3"' in texts[2] and "transaction_properties: None" in texts[2]
    assert list_transactions(changed, 1) == texts[:1] and list_transactions(changed, max_transactions=0) == []
    assert list_transactions(changed.checkout_version(2)) == texts[2:]


def test_every_operation_has_a_text(write, table):
    ds = write(table, max_rows_per_file=3, enable_stable_row_ids=True)
    ds.update({"name": "'x'"}, "id = 1")
    ds.add_columns({"twice": "id * 2"})
    ds.alter_columns({"path": "twice", "name": "double"})
    ds.merge_insert("id").when_not_matched_insert_all().execute(ds.to_table(limit=2).set_column(0, "id", pa.array([77, 78])))
    ds.optimize.compact_files()
    ds.add_bases([eider.DatasetBasePath("/tmp/elsewhere", "there")])
    ds.checkout_version(1).restore()
    latest = eider.dataset(ds.uri)
    replaced = latest.get_fragments()[0].metadata.files[0]
    group = eider.LanceOperation.DataReplacementGroup(0, replaced)
    eider.LanceDataset.commit(latest, eider.LanceOperation.DataReplacement([group]), latest.version)
    texts = "\n".join(list_transactions(eider.dataset(ds.uri), 100))
    for name in ("Update {", "Merge {", "Project {", "Rewrite {", "UpdateBases {", "Restore {", "DataReplacement {", "RewriteGroup {"):
        assert f" {name}" in texts, name
    assert 'path: "/tmp/elsewhere"' in texts and "Operation1" not in texts


def test_the_module_is_there_when_somebody_looks():
    assert eider.debug.format_schema is format_schema and eider.bitmap.Bitmap([1]) == {1}
