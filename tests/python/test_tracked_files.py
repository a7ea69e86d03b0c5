"""The files of a dataset: those that lie there, and those that versions name; and the names of manifests."""

import os
import pathlib

import pyarrow as pa
import pytest

import eider


def lying(uri):
    return {str(path.relative_to(uri)): path for path in pathlib.Path(uri).rglob("*") if path.is_file()}


@pytest.fixture
def grown(write, table):
    ds = write(table, max_rows_per_file=4)
    ds.delete("id = 3")
    ds.insert(table)
    return ds


def test_all_files_are_those_that_lie_there(grown):
    pathlib.Path(grown.uri, "notes.txt").write_text("five!")
    found = grown.all_files().read_all()
    files = lying(grown.uri)
    assert found.schema.field("base_uri").type == pa.dictionary(pa.int32(), pa.string())
    assert found.schema.field("last_modified").type == pa.timestamp("us", "UTC") and not any(f.nullable for f in found.schema)
    assert {row["path"]: row["size_bytes"] for row in found.to_pylist()} == {name: path.stat().st_size for name, path in files.items()}
    assert set(found.column("base_uri").to_pylist()) == {grown.uri}
    for row in found.to_pylist():
        assert abs(row["last_modified"].timestamp() - files[row["path"]].stat().st_mtime) < 1e-3


def test_versions_name_all_files_but_hints(grown):
    rows = grown.tracked_files().read_all().to_pylist()
    assert {row["path"] for row in rows} == {name for name in lying(grown.uri) if "hint" not in name}
    assert len(rows) == len({(row["version"], row["path"]) for row in rows})
    counts = {}
    for row in rows:
        counts[row["version"], row["type"]] = counts.get((row["version"], row["type"]), 0) + 1
    assert [counts[v, "manifest"] for v in (1, 2, 3)] == [1, 1, 1] and [counts[v, "data file"] for v in (1, 2, 3)] == [3, 3, 4]
    assert (1, "deletion file") not in counts and counts[2, "deletion file"] == counts[3, "deletion file"] == 1


def test_tracked_files_stream_and_tell_how_far_they_are(grown):
    told = []
    reader = grown.tracked_files(min_version=2, progress=lambda done, total: told.append((done, total)))
    assert told == []
    assert set(reader.read_next_batch().column("version").to_pylist()) == {2}
    reader.read_all()
    assert told == [(1, 2), (2, 2)]
    assert grown.tracked_files(min_version=99).read_all().num_rows == 0
    with pytest.raises(ValueError, match="min_version"):
        grown.tracked_files(min_version=-1)


def test_files_of_branches_and_clones_lie_in_their_places(grown, table, tmp_path):
    side = grown.create_branch("side")
    side.insert(table)
    data = [row for row in side.tracked_files(min_version=4).read_all().to_pylist() if row["type"] == "data file"]
    assert {row["base_uri"] for row in data} == {grown.uri, side.uri}
    clone = grown.shallow_clone(tmp_path / "clone", 1)
    for row in [*data, *clone.tracked_files().read_all().to_pylist()]:
        assert pathlib.Path(row["base_uri"], row["path"]).is_file()


def test_blobs_beside_data_files_are_tracked(write):
    ds = write(pa.table({"b": eider.blob_array([b"x" * 200_000, b"small"])}))
    paths = {row["path"] for row in ds.tracked_files().read_all().to_pylist() if row["type"] == "data file"}
    assert paths == {name for name in lying(ds.uri) if name.startswith("data/")} and any(path.endswith(".blob") for path in paths)


def test_files_in_memory():
    ds = eider.write_dataset(pa.table({"x": [1]}), "memory://tracked/files")
    all_files, tracked = ds.all_files().read_all(), ds.tracked_files().read_all()
    assert set(tracked.column("path").to_pylist()) <= set(all_files.column("path").to_pylist())
    assert set(all_files.column("base_uri").to_pylist()) == {"memory://tracked/files"}


@pytest.mark.parametrize("place", ["folder", "memory"])
def test_names_of_manifests_are_migrated(table, tmp_path, place):
    uri = str(tmp_path / "t") if place == "folder" else f"memory://migrate{abs(hash(tmp_path))}"
    ds = eider.write_dataset(table, uri, enable_v2_manifest_paths=False)
    ds.delete("id = 3")
    ds.tags.create("first", 1)
    ds.migrate_manifest_paths_v2()
    names = [path for path in ds.new_file_session().list("_versions") if path.endswith(".manifest")]
    assert sorted(names) == [f"_versions/{2**64 - 1 - version}.manifest" for version in (2, 1)]
    ds.migrate_manifest_paths_v2()
    ds.insert(table)
    again = eider.dataset(uri)
    assert (again.version, again.count_rows(), eider.dataset(uri, version="first").count_rows()) == (3, 19, 10)
    assert len(ds.new_file_session().list("_versions")) == len(ds.versions()) + 1 and eider.verify(uri).ok


def test_a_migration_that_was_cut_short_is_finished(table, uri):
    ds = eider.write_dataset(table, uri, enable_v2_manifest_paths=False)
    ds.delete("id = 3")
    folder = pathlib.Path(uri, "_versions")
    (folder / "1.manifest").rename(folder / f"{2**64 - 2}.manifest")  # as one that renames them one by one leaves it
    with pytest.raises(eider.InvalidError, match="migrate_manifest_paths_v2"):
        eider.dataset(uri)
    assert eider.dataset(uri, version=2).count_rows() == 9
    eider.dataset(uri, version=1).migrate_manifest_paths_v2()
    assert eider.dataset(uri).version == 2 and len(os.listdir(folder)) == 3


def test_two_manifests_of_one_version_are_not_migrated(table, uri):
    ds = eider.write_dataset(table, uri, enable_v2_manifest_paths=False)
    folder = pathlib.Path(uri, "_versions")
    (folder / f"{2**64 - 2}.manifest").write_bytes((folder / "1.manifest").read_bytes())
    with pytest.raises(eider.InvalidError, match="two manifests of one version"):
        ds.migrate_manifest_paths_v2()
