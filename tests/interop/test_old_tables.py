"""Tables of old releases and old file versions: read as the reference reads them, and written on where that is possible."""

from __future__ import annotations

import pathlib
import shutil

import pyarrow as pa
import pytest

HISTORICAL = pathlib.Path(__file__).parents[1] / "golden" / "lance-historical"
TABLES = sorted(p.parent for p in HISTORICAL.glob("*/*/_versions") if (p.parent / "data").is_dir())


@pytest.mark.parametrize("folder", TABLES, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_every_version_reads_as_the_reference_reads_it(folder, engine, reference) -> None:
    theirs = reference.dataset(str(folder))
    for entry in theirs.versions():
        wanted = reference.dataset(str(folder), version=entry["version"])
        got = engine.dataset(str(folder), version=entry["version"])
        assert got.schema.equals(wanted.schema, check_metadata=True)
        table = wanted.to_table()
        assert got.to_table().to_pylist() == table.to_pylist()
        picks = [table.num_rows - 1, 0, table.num_rows // 2, 0][:table.num_rows]
        if picks:
            assert got.take(picks).to_pylist() == table.take(picks).to_pylist()


def test_enough_tables_are_there() -> None:
    assert len(TABLES) >= 14


BARE = sorted(p.parent for p in HISTORICAL.glob("*/*/_versions") if not (p.parent / "data").is_dir())


@pytest.mark.parametrize("folder", BARE, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_tables_without_data_files_are_described(folder, engine, reference, errors) -> None:
    """Some hold no rows; of two only the manifests were kept, and their rows are asked for by the name of the file."""
    for entry in reference.dataset(str(folder)).versions():
        wanted = reference.dataset(str(folder), version=entry["version"])
        got = engine.dataset(str(folder), version=entry["version"])
        assert got.schema.equals(wanted.schema, check_metadata=True)
        files = [file.path for fragment in wanted.get_fragments() for file in fragment.data_files()]
        if files:
            with pytest.raises(errors.NotFoundError, match=files[0]):
                got.to_table()
        else:
            assert got.to_table().equals(wanted.to_table())


def test_the_tables_without_data_files_are_there() -> None:
    assert {"index_without_created_at", "dataset_with_fragments"} <= {folder.name for folder in BARE}


def rows() -> pa.Table:
    return pa.table({
        "id": pa.array(range(100), pa.int64()),
        "text": [None if i % 7 == 0 else "x" * (i % 9) for i in range(100)],
        "flag": [None if i % 5 == 0 else i % 2 == 0 for i in range(100)],
        "list": pa.array([None if i % 6 == 0 else [None if j == 2 else j for j in range(i % 4)] for i in range(100)], pa.list_(pa.int32())),
        "struct": [{"a": i, "b": str(i), "l": [i] * (i % 3)} for i in range(100)],
        "items": [[{"x": i, "y": None if i % 2 else "y"}] * (i % 3) for i in range(100)],
        "vector": pa.array([None if i == 3 else [i, i + 1, i + 2] for i in range(100)], pa.list_(pa.float32(), 3)),
        "fixed": pa.array([b"ab"] * 100, pa.binary(2)),
        "day": pa.array(range(100), pa.date32()),
        "place": pa.array([None if i % 10 == 0 else f"place {i % 4}" for i in range(100)]).dictionary_encode(),
    })


def test_a_table_of_version_2_0_is_written_on(tmp_path, engine, reference) -> None:
    uri = str(tmp_path / "t.lance")
    reference.write_dataset(rows(), uri, data_storage_version="2.0")
    engine.write_dataset(rows().slice(13, 50), uri, mode="append")
    engine.dataset(uri).add_columns(pa.table({"more": pa.array([None if i % 3 == 0 else i for i in range(150)])}))
    theirs = reference.dataset(uri)
    assert theirs.data_storage_version == "2.0"
    versions = {(f.file_major_version, f.file_minor_version) for fragment in theirs.get_fragments() for f in fragment.metadata.files}
    assert versions == {(2, 0)}
    wanted = pa.concat_tables([rows(), rows().slice(13, 50)]).to_pylist()
    for table in (theirs.to_table(), engine.dataset(uri).to_table()):
        assert table.drop_columns(["more"]).to_pylist() == wanted
        assert table["more"].to_pylist() == [None if i % 3 == 0 else i for i in range(150)]
    picks = [149, 0, 77, 100, 100]
    assert engine.dataset(uri).take(picks).to_pylist() == theirs.take(picks).to_pylist()
    theirs.optimize.compact_files()
    assert engine.dataset(uri).to_table().drop_columns(["more"]).to_pylist() == wanted


def test_version_2_0_is_written_from_the_start(tmp_path, engine, reference) -> None:
    uri = str(tmp_path / "t.lance")
    engine.write_dataset(rows(), uri, data_storage_version="2.0", max_rows_per_file=33)
    assert reference.dataset(uri).to_table().to_pylist() == rows().to_pylist()
    path = str(tmp_path / "f.lance")
    with engine.file_writer(path, rows().schema, version="2.0", max_page_bytes=400) as writer:
        writer.write_batch(rows())
        writer.write_batch(rows().slice(50))
    wanted = pa.concat_tables([rows(), rows().slice(50)]).to_pylist()
    assert reference.file_reader(path).read_all().to_table().to_pylist() == wanted
    assert engine.file_reader(path).read_all().to_table().to_pylist() == wanted


@pytest.mark.parametrize("column", [
    pa.array([None, {"a": 1}]),
    pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int32())),
])
def test_what_version_2_0_cannot_hold_is_refused(column, tmp_path, engine, errors) -> None:
    with pytest.raises(errors.UnsupportedError, match="2.1 or later|2.2 or later"):
        engine.write_dataset(pa.table({"c": column}), str(tmp_path / "t.lance"), data_storage_version="2.0")


def test_a_table_of_version_0_1_takes_nothing_but_deletions(tmp_path, engine, reference, errors) -> None:
    uri = str(tmp_path / "t.lance")
    reference.write_dataset(rows(), uri, data_storage_version="legacy", max_rows_per_group=30)
    before = engine.dataset(uri).to_table()
    assert before.to_pylist() == reference.dataset(uri).to_table().to_pylist()
    for change in (lambda: engine.write_dataset(rows(), uri, mode="append"),
                   lambda: engine.dataset(uri).add_columns(pa.table({"n": range(100)})),
                   lambda: engine.dataset(uri).drop_columns(["text"]),
                   lambda: engine.dataset(uri).update({"id": "1"}),
                   lambda: engine.dataset(uri).optimize.compact_files()):
        with pytest.raises(errors.UnsupportedError, match="0.1"):
            change()
    assert engine.dataset(uri).version == 1


@pytest.mark.parametrize("version", ["legacy", "2.0", "2.1", "2.2"])
def test_rows_are_deleted_from_tables_of_every_version(version, tmp_path, engine, reference) -> None:
    uri = str(tmp_path / "t.lance")
    reference.write_dataset(rows(), uri, data_storage_version=version, max_rows_per_file=30, max_rows_per_group=20)
    stored = reference.dataset(uri).to_table().to_pylist()  # 0.1 does not keep every null
    assert engine.dataset(uri).delete("id % 7 = 0") == {"num_deleted_rows": 15}
    reference.dataset(uri).delete("id = 1")
    ds = engine.dataset(uri)
    assert ds.delete("id < 30 OR id = 31 OR id = 1")["num_deleted_rows"] == 25
    wanted = [row for row in stored if row["id"] % 7 and row["id"] >= 30 and row["id"] != 31]
    theirs = reference.dataset(uri)
    assert ds.to_table().to_pylist() == theirs.to_table().to_pylist() == wanted
    assert theirs.data_storage_version in (version, "0.1" if version == "legacy" else version)
    picks = [len(wanted) - 1, 0, 17, 17]
    assert ds.take(picks).to_pylist() == theirs.take(picks).to_pylist() == [wanted[i] for i in picks]
    assert theirs.delete("id = 50") == {"num_deleted_rows": 1}
    assert ds.delete("id = 50 OR id = 51") == {"num_deleted_rows": 1}, "a stale handle runs again on the newest version"
    theirs = reference.dataset(uri)
    theirs.validate()
    theirs.optimize.compact_files()
    assert engine.dataset(uri).to_table().to_pylist() == [row for row in wanted if row["id"] not in (50, 51)]


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2"])
def test_rows_are_updated_in_tables_of_every_version_that_is_written(version, tmp_path, engine, reference) -> None:
    kept = rows().drop_columns(["place"])
    tables = []
    for each in (engine, reference):
        uri = str(tmp_path / f"{each.name}.lance")
        reference.write_dataset(kept, uri, data_storage_version=version, max_rows_per_file=30)
        assert each.dataset(uri).update({"id": "id + 1000", "text": "'new'"}, where="id % 10 = 3") == {"num_rows_updated": 10}
        assert each.dataset(uri).update({"flag": "id > 50"}) == {"num_rows_updated": 100}
        theirs = reference.dataset(uri)
        theirs.validate()
        assert {(f.file_major_version, f.file_minor_version) for fragment in theirs.get_fragments() for f in fragment.metadata.files} \
            == {(2, int(version[-1]))}
        assert engine.dataset(uri).to_table().to_pylist() == theirs.to_table().to_pylist()
        tables.append(theirs.to_table().to_pylist())
    assert tables[0] == tables[1]


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2"])
def test_tables_of_every_version_that_is_written_are_compacted(version, tmp_path, engine, reference) -> None:
    uri = str(tmp_path / "t.lance")
    reference.write_dataset(rows(), uri, data_storage_version=version, max_rows_per_file=30)
    reference.dataset(uri).create_scalar_index("id", "BTREE")
    engine.dataset(uri).delete("id < 10")
    ds = engine.dataset(uri)
    assert ds.optimize.compact_files(target_rows_per_fragment=40).fragments_removed == 4
    theirs = reference.dataset(uri)
    theirs.validate()
    assert {(f.file_major_version, f.file_minor_version) for fragment in theirs.get_fragments() for f in fragment.metadata.files} \
        == {(2, int(version[-1]))}
    assert ds.to_table().to_pylist() == theirs.to_table().to_pylist() == rows().to_pylist()[10:]
    assert theirs.to_table(filter="id IN (5, 15, 95)")["id"].to_pylist() == [15, 95], "the index says nothing of what moved"
    theirs.optimize.optimize_indices()
    assert reference.dataset(uri).to_table(filter="id IN (5, 15, 95)")["id"].to_pylist() == [15, 95]


def test_files_of_several_versions_in_one_table_read_together(tmp_path, engine, reference) -> None:
    """A table that was overwritten in another version keeps its old versions."""
    uri = str(tmp_path / "t.lance")
    reference.write_dataset(rows(), uri, data_storage_version="legacy")
    for version in ("2.0", "2.1", "2.2"):
        reference.write_dataset(rows(), uri, data_storage_version=version, mode="overwrite")
    legacy = reference.dataset(uri, version=1).to_table().to_pylist()
    assert engine.dataset(uri, version=1).to_table().to_pylist() == legacy
    for version in (2, 3, 4):
        assert engine.dataset(uri, version=version).to_table().to_pylist() == rows().to_pylist()
    shutil.rmtree(uri)


def test_version_0_1_has_no_nulls_in_required_columns_and_unpacked_structs(tmp_path, engine, reference) -> None:
    """Values of no bytes are nulls, but not where there are none; the key that packs structs means nothing yet."""
    packed = pa.struct([pa.field("a", pa.uint8(), False), pa.field("b", pa.binary(3), False)])
    schema = pa.schema([pa.field("id", pa.int64()), pa.field("required", pa.binary(), False), pa.field("text", pa.string()),
                        pa.field("packed", packed, metadata={"lance-encoding:packed": "true"})])
    table = pa.table({"id": range(50), "required": [b"x" * (i % 3) for i in range(50)], "text": ["y" * (i % 4) for i in range(50)],
                      "packed": [{"a": i, "b": b"abc"} for i in range(50)]}, schema)
    uri = str(tmp_path / "t.lance")
    reference.write_dataset(table, uri, data_storage_version="legacy", max_rows_per_group=20)
    wanted, got = reference.dataset(uri), engine.dataset(uri)
    assert got.to_table().to_pylist() == wanted.to_table().to_pylist()
    assert got.to_table()["required"].to_pylist() == table["required"].to_pylist()
    assert got.to_table(columns=["packed"])["packed"].to_pylist() == table["packed"].to_pylist()
    assert got.take([49, 3, 3]).to_pylist() == wanted.take([49, 3, 3]).to_pylist()


BLOB = {"lance-encoding:blob": "true"}


def blob_rows(first: int, count: int) -> pa.Table:
    values = [None if i % 5 == 0 else b"" if i % 5 == 1 else bytes([i % 256]) * (i * 37 % 9000) for i in range(first, first + count)]
    packed = pa.struct([pa.field("a", pa.int32(), False), pa.field("b", pa.binary(3), False), pa.field("c", pa.float64(), False)])
    schema = pa.schema([pa.field("id", pa.int64()), pa.field("blob", pa.large_binary(), metadata=BLOB),
                        pa.field("packed", packed, metadata={"lance-encoding:packed": "true"})])
    structs = [{"a": i, "b": b"abc", "c": i / 2} for i in range(first, first + count)]
    return pa.table({"id": range(first, first + count), "blob": values, "packed": structs}, schema)


def test_blobs_and_packed_structs_of_version_2_0_are_written_and_read(tmp_path, engine, reference) -> None:
    uris = {}
    for writer in (engine, reference):
        uri = uris[writer.name] = str(tmp_path / f"{writer.name}.lance")
        writer.write_dataset(blob_rows(0, 40), uri, data_storage_version="2.0")
        writer.write_dataset(blob_rows(40, 30), uri, mode="append")
    wanted = blob_rows(0, 70)
    for uri in uris.values():
        theirs, mine = reference.dataset(uri), engine.dataset(uri)
        assert theirs.data_storage_version == "2.0"
        assert mine.schema.equals(theirs.schema, check_metadata=True)
        shown = [None if row["blob"] == {"position": 1, "size": 0} else row["blob"] for row in theirs.to_table().to_pylist()]
        assert mine.to_table()["blob"].to_pylist() == shown
        assert mine.to_table(blob_handling="all_binary").to_pylist() == wanted.to_pylist()
        assert theirs.to_table(columns=["packed"])["packed"].to_pylist() == wanted["packed"].to_pylist()
        rows = [row for row in range(70) if wanted["blob"][row].is_valid]
        values = [wanted["blob"][row].as_py() for row in rows]
        assert [blob.readall() for blob in theirs.take_blobs("blob", indices=rows)] == values
        assert [blob.readall() for blob in mine.take_blobs("blob", indices=rows)] == values
        picks = [69, 0, 5, 41, 41]
        assert mine.take(picks)["blob"].to_pylist() == [shown[i] for i in picks]
        assert mine.take(picks)["packed"].to_pylist() == [wanted["packed"][i].as_py() for i in picks]


def test_a_packed_struct_of_version_2_0_has_no_nulls_and_fixed_widths(tmp_path, engine, errors) -> None:
    for column, kind in ((pa.array([None, {"a": 1}]), errors.UnsupportedError), (pa.array([{"a": None}, {"a": 1}]), errors.InvalidError),
                         (pa.array([{"a": "x"}]), errors.UnsupportedError)):
        schema = pa.schema([pa.field("c", column.type, metadata={"lance-encoding:packed": "true"})])
        with pytest.raises(kind, match="'c'"):
            engine.write_dataset(pa.table([column], schema=schema), str(tmp_path / "t.lance"), data_storage_version="2.0")


def test_columns_added_to_a_table_of_version_2_0_are_of_that_version(tmp_path, engine, reference) -> None:
    uri = str(tmp_path / "t.lance")
    reference.write_dataset(pa.table({"key": range(70)}), uri, data_storage_version="2.0", max_rows_per_file=40)
    engine.dataset(uri).add_columns(blob_rows(0, 70))
    assert reference.dataset(uri).data_storage_version == "2.0"
    theirs, mine = reference.dataset(uri), engine.dataset(uri)
    versions = {(f.file_major_version, f.file_minor_version) for fragment in theirs.get_fragments() for f in fragment.metadata.files}
    assert versions == {(2, 0)}
    assert mine.to_table(blob_handling="all_binary").drop_columns(["key"]).to_pylist() == blob_rows(0, 70).to_pylist()
    assert theirs.to_table(columns=["packed"])["packed"].to_pylist() == blob_rows(0, 70)["packed"].to_pylist()
    assert [b.readall() for b in theirs.take_blobs("blob", indices=[2, 69])] == [blob_rows(0, 70)["blob"][i].as_py() for i in (2, 69)]
