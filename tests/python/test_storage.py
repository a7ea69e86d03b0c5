"""Where a dataset lies: dropping it, checking it, its files and options."""

import contextlib
import os
import pathlib
import pickle
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

import eider
from eider import LanceDataset


def test_drop_removes_all_that_lies_there(ds, uri):
    ds.create_branch("side").insert(ds.to_table())
    pathlib.Path(uri, "notes.txt").write_text("of the user")
    LanceDataset.drop(uri)
    assert not os.path.exists(uri)
    with pytest.raises(eider.NotFoundError):
        eider.dataset(uri)


def test_what_is_open_survives_a_drop_and_the_place_can_be_used_again(table, write):
    ds = write(table)
    before = ds.to_table()
    LanceDataset.drop(pathlib.Path(ds.uri))
    try:
        assert ds.to_table().equals(before)  # what is mapped stays
    except eider.NotFoundError:
        pass
    assert ds.versions() == []
    for use in (lambda: ds.latest_version, ds.checkout_latest, ds.validate):
        with pytest.raises(eider.NotFoundError):
            use()
    again = eider.write_dataset(table.slice(0, 3), ds.uri)
    assert (again.version, eider.dataset(ds.uri).count_rows(), eider.dataset(ds.uri).to_table().num_rows) == (1, 3, 3)


def test_drop_of_nothing(tmp_path):
    with pytest.raises(eider.NotFoundError, match="there is nothing at"):
        LanceDataset.drop(tmp_path / "none")
    LanceDataset.drop(tmp_path / "none", ignore_not_found=True)
    (tmp_path / "empty").mkdir()
    LanceDataset.drop(tmp_path / "empty")
    assert not (tmp_path / "empty").exists()


def test_drop_refuses_what_is_no_dataset(ds, uri, tmp_path):
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "file").write_text("kept")
    for path in (tmp_path, tmp_path / "plain", pathlib.Path(uri, "data"), pathlib.Path(uri, "_versions")):
        for ignore in (None, True):
            with pytest.raises(ValueError, match="is not dropped"):
                LanceDataset.drop(path, ignore_not_found=ignore)
    for manifest in pathlib.Path(uri, "_versions").glob("*.manifest"):
        manifest.write_bytes(b"torn")
    with pytest.raises(ValueError, match="none of the 1 manifests"):
        LanceDataset.drop(uri)
    assert (tmp_path / "plain" / "file").read_text() == "kept" and len(os.listdir(os.path.join(uri, "data"))) == 1


def test_a_drop_that_was_cut_short_is_repeated(ds, uri):
    for path in pathlib.Path(uri, "data").iterdir():
        path.unlink()
    LanceDataset.drop(uri)
    assert not os.path.exists(uri)


def test_drop_leaves_what_links_point_to(ds, uri, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_text("kept")
    pathlib.Path(uri, "link").symlink_to(elsewhere)
    LanceDataset.drop(uri)
    assert not os.path.lexists(uri) and (elsewhere / "file").read_text() == "kept"


def test_drop_of_a_memory():
    eider.write_dataset(pa.table({"x": [1]}), "memory://drop/a")
    beside = eider.write_dataset(pa.table({"x": [2]}), "memory://drop/ab")
    LanceDataset.drop("memory://drop/a", {"some": "option"})
    with pytest.raises(eider.NotFoundError):
        LanceDataset.drop("memory://drop/a")
    with pytest.raises(eider.NotFoundError):
        eider.dataset("memory://drop/a")
    assert beside.to_table().column("x").to_pylist() == [2]
    assert eider.write_dataset(pa.table({"x": [3, 4]}), "memory://drop/a").version == 1


def test_a_whole_version_validates(ds, write, table):
    ds.delete("id = 3")
    ds.validate()
    ds.create_branch("side").validate()
    ds.checkout_version(1).validate()
    write(table, enable_stable_row_ids=True, max_rows_per_file=3).validate()
    eider.write_dataset(table, "memory://validate").validate()


def test_validate_says_what_is_missing(ds, uri):
    (path,) = pathlib.Path(uri, "data").iterdir()
    path.unlink()
    with pytest.raises(eider.CorruptError, match=f"version 1 of .* is damaged: data/{path.name}"):
        eider.dataset(uri).validate()


def test_validate_says_which_counts_disagree(ds, uri):
    fragment = ds.get_fragments()[0].metadata
    fragment.physical_rows = 7
    fragment.files[0].file_size_bytes = None
    bad = LanceDataset.commit(uri, eider.LanceOperation.Overwrite(ds.schema, [fragment]))
    with pytest.raises(OSError, match="7"):
        bad.validate()
    ds.validate()


def test_validate_reads_deletion_files(ds, uri):
    ds.delete("id = 3")
    (path,) = pathlib.Path(uri, "_deletions").iterdir()
    path.write_bytes(b"not one")
    with pytest.raises(eider.CorruptError, match=path.name):
        eider.dataset(uri).validate()


def test_fragment_ids_are_a_set(write, table):
    ds = write(table, max_rows_per_file=4)
    ids = ds.fragment_ids()
    assert (list(ids), len(ids), 1 in ids, 7 in ids, "x" in ids) == ([0, 1, 2], 3, True, False, False)
    assert ids == {0, 1, 2} and ids == [2, 1, 0] and repr(ids) == "Bitmap({0, 1, 2})"
    ds.delete("id < 4")
    assert list(ds.fragment_ids()) == [1, 2]
    assert pickle.loads(pickle.dumps(ids)) == ids


def test_a_bitmap_is_a_set_of_small_integers():
    from eider.bitmap import Bitmap

    some = Bitmap(pa.array([5, 1, 5]))
    assert (some | [2], some & {5, 9}, some - [5], some ^ [1, 2], [9] | some) == ({1, 2, 5}, {5}, {1}, {2, 5}, {1, 5, 9})
    assert some.union([2]) == {1, 2, 5} and some.issubset([1, 5, 6]) and some >= [1] and not some > [1, 5] and some.isdisjoint([2])
    copied = some.copy()
    copied.add(2**32 - 1)
    copied.discard(77)
    assert copied.pop() == 1 and list(copied) == [5, 2**32 - 1] and list(some) == [1, 5]
    for wrong in (-1, 2**32):
        with pytest.raises(OverflowError):
            some.add(wrong)
    with pytest.raises(TypeError):
        hash(some)
    with pytest.raises(KeyError):
        some.remove(3)
    some |= [3]
    some.clear()
    with pytest.raises(KeyError):
        some.pop()


def test_storage_options_are_kept(ds, uri, table):
    assert ds.initial_storage_options is None and ds.latest_storage_options() is None
    opened = eider.dataset(uri, storage_options={"region": "here"})
    views = (opened, opened.checkout_version(1), pickle.loads(pickle.dumps(opened)), opened.get_fragments()[0]._dataset)
    for view in (*views, eider.write_dataset(table, opened, mode="append"), opened.create_branch("b")):
        assert view.initial_storage_options == view.latest_storage_options() == {"region": "here"}
    opened.initial_storage_options["region"] = "there"
    assert opened.initial_storage_options == {"region": "here"}
    written = eider.write_dataset(table, uri, mode="append", storage_options={"a": "b"})
    assert written.initial_storage_options == {"a": "b"} and eider.dataset(uri).initial_storage_options is None


def test_what_is_no_folder_of_a_dataset_is_not_dropped(tmp_path):
    """A wrong path costs nothing: not a file, not a folder with what is neither file nor folder."""
    (tmp_path / "notes.csv").write_text("kept")
    with pytest.raises(eider.InvalidError, match="is no folder"):
        eider.LanceDataset.drop(tmp_path / "notes.csv")
    odd = tmp_path / "odd"
    odd.mkdir()
    os.mkfifo(odd / "pipe")
    (odd / "link").symlink_to("nowhere")
    with pytest.raises(eider.InvalidError, match="is not empty"):
        eider.LanceDataset.drop(odd)
    assert (tmp_path / "notes.csv").read_text() == "kept" and len(list(odd.iterdir())) == 2


def test_a_removal_that_was_cut_short_at_its_end_can_be_repeated(tmp_path):
    uri = tmp_path / "t.lance"
    (uri / "_versions").mkdir(parents=True)
    (uri / "_versions" / "latest_version_hint.json").write_text("{}")
    eider.LanceDataset.drop(uri)
    assert not uri.exists()


def old_names(uri: pathlib.Path) -> set[str]:
    return {path.name for path in (uri / "_versions").glob("*.manifest") if len(path.stem) < 20}


def table_with_old_names(uri: pathlib.Path, versions: int) -> eider.LanceDataset:
    ds = eider.write_dataset(pa.table({"a": [1]}), uri, enable_v2_manifest_paths=False)
    for i in range(1, versions):
        ds.update_config({"step": str(i)})
    assert len(old_names(uri)) == versions
    return ds


def test_migrations_beside_each_other_lose_no_version(tmp_path):
    uri = tmp_path / "t.lance"
    table_with_old_names(uri, 30)
    handles = [eider.dataset(uri) for _ in range(4)]

    def migrate(ds: eider.LanceDataset) -> None:
        with contextlib.suppress(eider.ConflictError):  # one at a time
            ds.migrate_manifest_paths_v2()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, handles))
    ds = eider.dataset(uri)
    ds.migrate_manifest_paths_v2()
    assert not old_names(uri) and [version["version"] for version in ds.versions()] == list(range(1, 31))


def test_a_migration_ends_what_was_cut_short(tmp_path):
    """Links to files that the folder has go; what it lacks comes back."""
    uri = tmp_path / "t.lance"
    ds = table_with_old_names(uri, 3)
    (uri / "_versions").chmod(0o2770)
    ds.migrate_manifest_paths_v2()
    assert (uri / "_versions").stat().st_mode & 0o7777 == 0o2770
    beside = uri / "_versions.renamed"
    beside.mkdir()
    for path in (uri / "_versions").glob("*.manifest"):
        os.link(path, beside / f"{2**64 - 1 - int(path.stem)}.manifest")
    (beside / "came.late").write_text("kept")
    ds.migrate_manifest_paths_v2()
    assert not beside.exists() and not old_names(uri)
    assert (uri / "_versions" / "came.late").read_text() == "kept" and len(eider.dataset(uri).versions()) == 3


def test_tracked_files_pass_over_torn_versions(tmp_path):
    ds = eider.write_dataset(pa.table({"a": [1]}), tmp_path / "t.lance")
    ds.update_config({"step": "1"})
    newest = min((tmp_path / "t.lance" / "_versions").glob("*.manifest"))
    newest.write_bytes(b"torn")
    with pytest.warns(UserWarning):
        files = eider.dataset(ds.uri).tracked_files().read_all()
    assert set(files["version"].to_pylist()) == {1}
