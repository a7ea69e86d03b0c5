"""What both engines tell of a dataset's files, manifests and schemas, and what each does to datasets of the other."""

from __future__ import annotations

import os
import pathlib
import re

import lance
import lance.debug
import pyarrow as pa
import pytest
from lance.bitmap import Bitmap
from lance.file import LanceFileSession, LanceFileWriter, stable_version

eider = pytest.importorskip("eider")
#: Fields that the reference prints and that mean nothing here.
_THEIRS = re.compile(r"\n\s*(unenforced_clustering_key_position|max_allocated_field_id|compacted_sstables|config_upsert_values|frag_reuse_index)[^\n]*")
_ENGINES = {"eider": eider, "pylance": lance}


def rows(*numbers: int) -> pa.Table:
    fields = [
        pa.field("id", pa.int64(), False, {"lance-schema:unenforced-primary-key": "true"}),
        pa.field("list", pa.list_(pa.struct([("q", pa.string())]))),
        pa.field("vector", pa.list_(pa.float32(), 2)),
        pa.field("map", pa.map_(pa.string(), pa.int8())),
        pa.field("none", pa.null()),
    ]
    columns = [numbers, [[{"q": f'"{n}"'}] for n in numbers], [[n, 1] for n in numbers], [[("k", 1)] for _ in numbers], [None for _ in numbers]]
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, fields, strict=True)], schema=pa.schema(fields, {"k": "v"}))


@pytest.fixture(params=["eider", "pylance"])
def writer(request):
    return _ENGINES[request.param]


@pytest.fixture(params=[False, True], ids=["", "stable ids"])
def uri(request, tmp_path, writer) -> str:
    uri = str(tmp_path / "t.lance")
    ds = writer.write_dataset(rows(*range(10)), uri, max_rows_per_file=4, enable_stable_row_ids=request.param)
    ds.delete("id = 3")
    ds.update_config({"key": 'a "value"\n'})
    writer.write_dataset(rows(10, 11), uri, mode="append", transaction_properties={"why": "more"})
    ds = writer.dataset(uri)
    ds.update({"id": "77"}, "id = 5")
    ds.add_columns({"more": "id + 1"})
    ds.drop_columns(["more"])
    ds.optimize.compact_files()
    ds.checkout_version(2).restore()
    return uri


def without(text: str) -> str:
    return _THEIRS.sub("", text)


def test_manifests_schemas_and_fragments_print_alike(uri):
    ours, theirs = eider.dataset(uri), lance.dataset(uri)
    assert eider.debug.format_schema(ours) == without(lance.debug.format_schema(theirs))
    assert eider.debug.format_manifest(ours) == without(lance.debug.format_manifest(theirs))
    for mine, other in zip(ours.get_fragments(), theirs.get_fragments(), strict=True):
        assert eider.debug.format_fragment(mine, ours) == without(lance.debug.format_fragment(other.metadata, theirs))


def test_transactions_print_alike(uri):
    ours, theirs = eider.debug.list_transactions(eider.dataset(uri), 50), lance.debug.list_transactions(lance.dataset(uri), 50)
    # The reference neither writes nor reads the metadata of schemas in transactions.
    ours = [re.sub(r'metadata: \{\s*"k": "v",\s*\}', "metadata: {}", text) for text in ours]
    assert ours == [without(text) for text in theirs] and len(ours) >= 9


def table_of(reader: pa.RecordBatchReader) -> list[tuple]:
    return sorted(tuple(row.values()) for row in reader.read_all().to_pylist())


def test_files_are_told_alike(uri):
    ours, theirs = eider.dataset(uri), lance.dataset(uri)
    for tell in ("all_files", "tracked_files"):
        mine, other = getattr(ours, tell)(), getattr(theirs, tell)()
        assert mine.schema.equals(other.schema) and table_of(mine) == table_of(other)
    assert table_of(ours.tracked_files(min_version=3)) == table_of(theirs.tracked_files(min_version=3))


def test_files_of_branches_are_told_alike(tmp_path, writer):
    branch = writer.write_dataset(rows(1), tmp_path / "t").create_branch("side")
    branch.insert(rows(2))
    told = [engine.dataset(branch.uri).tracked_files() for engine in (eider, lance)]
    assert table_of(told[0]) == table_of(told[1])


def test_sets_of_ids_are_alike(uri):
    ours, theirs = eider.dataset(uri).fragment_ids(), lance.dataset(uri).fragment_ids()
    assert list(ours) == list(theirs) and repr(ours) == repr(theirs) and len(ours) == len(theirs)
    offered = {name for name in dir(Bitmap) if not name.startswith("_")}
    assert offered <= set(dir(ours))


def test_schemas_have_the_same_json(uri):
    types = [pa.float16(), pa.decimal256(40, 3), pa.timestamp("us", "+01:00"), pa.dictionary(pa.int8(), pa.string()), pa.uuid(), pa.binary(3)]
    types += [pa.list_(pa.field("el", pa.large_string(), False)), pa.list_(pa.float32(), 3), pa.struct([pa.field("a", pa.date64(), True, {"m": "n"})])]
    types += [pa.duration("ns"), pa.time32("ms"), pa.large_list(pa.null()), pa.opaque(pa.int8(), "a", "b"), pa.fixed_shape_tensor(pa.int8(), [2, 2])]
    for type in types:
        schema = pa.schema([pa.field("f", type, True, {"unit": "m"})], metadata={"k": "v"})
        json = lance.schema_to_json(schema)
        assert eider.schema_to_json(schema) == json
        assert eider.json_to_schema(json).equals(lance.json_to_schema(json), check_metadata=True)


def test_a_fragment_of_a_file_is_the_same_but_for_columns_that_are_not_there(uri):
    name = eider.dataset(uri).get_fragments()[0].metadata.files[0].path
    ours = eider.LanceFragment.create_from_file(name, eider.dataset(uri), 9)
    theirs = lance.LanceFragment.create_from_file(name, lance.dataset(uri), 9)
    assert (ours.id, ours.physical_rows, ours.files[0].column_indices) == (theirs.id, theirs.physical_rows, theirs.files[0].column_indices)
    # The reference lists fields above others too, which have no columns.
    assert set(ours.files[0].fields) <= set(theirs.files[0].fields) and len(ours.files[0].fields) == len(ours.files[0].column_indices)


def test_the_reference_reads_a_fragment_of_a_file(tmp_path):
    ds = eider.write_dataset(rows(1, 2), tmp_path / "t")
    with LanceFileWriter(f"{ds.uri}/data/lost.lance", rows().schema) as file:
        file.write_batch(rows(3, 4).to_batches()[0])
    lost = eider.LanceFragment.create_from_file("lost.lance", ds, 0)
    eider.LanceDataset.commit(ds, eider.LanceOperation.Append([lost]), ds.version)
    assert lance.dataset(ds.uri).to_table().column("id").to_pylist() == [1, 2, 3, 4]


def test_sessions_of_fragments_take_alike(uri):
    for mine, other in zip(eider.dataset(uri).get_fragments(), lance.dataset(uri).get_fragments(), strict=True):
        for columns in (None, ["id"], ["vector", "id"]):
            ours, theirs = mine.open_session(columns, with_row_address=True), other.open_session(columns, with_row_address=True)
            assert ours.take([0, mine.count_rows() - 1]).equals(theirs.take([0, mine.count_rows() - 1]))


def test_sessions_of_files_see_the_same(uri, tmp_path):
    ours, theirs = eider.file.LanceFileSession(uri), LanceFileSession(uri)
    assert sorted(ours.list()) == sorted(theirs.list()) and sorted(ours.list("data")) == sorted(theirs.list("data"))
    for folder in (None, "_versions", "none"):
        mine, other = ours.list_with_delimiter(folder), theirs.list_with_delimiter(folder)
        assert sorted(mine.common_prefixes) == sorted(other.common_prefixes) and sorted(mine.objects) == sorted(other.objects)
    for path in ours.list("data"):
        assert ours.read_range(path, 3, 50) == theirs.read_range(path, 3, 50)
    assert eider.file.stable_version() == stable_version()


def test_each_drops_what_the_other_wrote(tmp_path, writer):
    uri = str(tmp_path / "t.lance")
    writer.write_dataset(rows(1), uri).create_branch("side")
    for path in (tmp_path, pathlib.Path(uri, "data")):
        for engine in (eider, lance):
            with pytest.raises(ValueError):
                engine.LanceDataset.drop(path)
    other = lance if writer is eider else eider
    other.LanceDataset.drop(uri)
    assert not os.path.exists(uri)
    for engine in (eider, lance):
        engine.LanceDataset.drop(uri, ignore_not_found=True)
        with pytest.raises(OSError):
            engine.LanceDataset.drop(uri)


def test_what_the_other_wrote_validates(uri, writer):
    for version in range(1, eider.dataset(uri).version + 1):
        eider.dataset(uri, version=version).validate()
        lance.dataset(uri, version=version).validate()


def test_both_refuse_rows_that_are_not_there(tmp_path):
    ds = eider.write_dataset(rows(1, 2), tmp_path / "t")
    wrong = ds.get_fragments()[0].metadata
    wrong.physical_rows = 7
    eider.LanceDataset.commit(ds, eider.LanceOperation.Overwrite(ds.schema, [wrong]))
    for engine in (eider, lance):
        with pytest.raises(OSError, match="7"):
            engine.dataset(ds.uri).validate()


def test_names_of_manifests_are_migrated_for_both(tmp_path, writer):
    uri = str(tmp_path / "t.lance")
    for i in range(4):
        writer.write_dataset(rows(i), uri, mode="append", enable_v2_manifest_paths=False)
    assert pathlib.Path(uri, "_versions", "1.manifest").exists()
    eider.dataset(uri).migrate_manifest_paths_v2()
    for engine in (eider, lance):
        engine.dataset(uri).migrate_manifest_paths_v2()
        assert [engine.dataset(uri, version=v).count_rows() for v in range(1, 5)] == [1, 2, 3, 4]
    eider.write_dataset(rows(4), uri, mode="append")
    lance.write_dataset(rows(5), uri, mode="append")
    assert eider.dataset(uri).count_rows() == lance.dataset(uri).count_rows() == 6
    names = [name for name in os.listdir(pathlib.Path(uri, "_versions")) if name.endswith(".manifest")]
    assert len(names) == 6 and all(len(name) == 29 for name in names) and os.listdir(uri).count("_versions.renamed") == 0


def test_a_migration_that_the_reference_did_not_finish_is_finished(tmp_path):
    uri = str(tmp_path / "t.lance")
    for i in range(3):
        lance.write_dataset(rows(i), uri, mode="append", enable_v2_manifest_paths=False)
    versions = pathlib.Path(uri, "_versions")
    (versions / "2.manifest").rename(versions / f"{2**64 - 3}.manifest")
    for engine in (eider, lance):
        with pytest.raises(ValueError, match="migrate_manifest_paths_v2"):
            engine.dataset(uri)
    eider.dataset(uri, version=1).migrate_manifest_paths_v2()
    assert lance.dataset(uri).count_rows() == eider.dataset(uri).count_rows() == 3
