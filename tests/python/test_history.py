"""Versions, tags, branches, clones and cleanup."""

import json
import os
import pathlib
import pickle
import time
import warnings
from datetime import datetime, timedelta, timezone

import pyarrow as pa
import pytest

import eider

NOW = timedelta(0)


def ids(ds: eider.LanceDataset) -> list[int]:
    return ds.to_table(["id"])["id"].to_pylist()


def rows(*numbers: int) -> pa.Table:
    return pa.table({"id": pa.array(numbers, pa.int64())})


@pytest.fixture
def ds(uri) -> eider.LanceDataset:
    """Three versions: [0], [0, 1], [0, 1, 2]."""
    made = eider.write_dataset(rows(0), uri)
    for i in (1, 2):
        made.insert(rows(i))
    return made


def test_tags_name_versions(ds, uri) -> None:
    before = datetime.now(timezone.utc) - timedelta(seconds=1)
    ds.tags.create("first", 1)
    ds.tags.create("here")
    ds.tags.create("again", "first")
    ds.tags.create("main-2", ("main", 2))
    assert {name: tag["version"] for name, tag in ds.tags.list().items()} == {"first": 1, "here": 3, "again": 1, "main-2": 2}
    assert ids(ds.checkout_version("first")) == [0]
    assert ids(eider.dataset(uri, version="main-2")) == [0, 1]
    assert ds.tags.get_version("here") == 3
    ds.tags.replace_metadata("first", {"why": "trial"})
    ds.tags.update("first", 2)
    first = ds.tags.list()["first"]
    assert first["version"] == 2 and first["branch"] is None and first["metadata"] == {"why": "trial"}
    assert before < first["created_at"] < first["updated_at"] < before + timedelta(seconds=60)
    assert first["manifest_size"] == next(p.stat().st_size for p in pathlib.Path(uri, "_versions").glob("*13.manifest"))
    ds.tags.delete("first")
    assert "first" not in ds.tags.list()


def test_tags_in_order(ds) -> None:
    for name, version in (("b1", 1), ("a1", 1), ("c2", 2), ("a2", 2)):
        ds.tags.create(name, version)
    assert [name for name, _ in ds.tags.list_ordered()] == ["a2", "c2", "a1", "b1"]
    assert [name for name, _ in ds.tags.list_ordered("asc")] == ["a1", "b1", "a2", "c2"]
    with pytest.raises(ValueError, match="Invalid sort order 'bad'. Valid values are: asc, desc"):
        ds.tags.list_ordered("bad")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda ds: ds.tags.create("there", 2), eider.AlreadyExistsError, "tag 'there' exists"),
        (lambda ds: ds.tags.create("new", 99), eider.NotFoundError, "no version 99"),
        (lambda ds: ds.tags.create("new", "nosuch"), eider.NotFoundError, "no tag 'nosuch'"),
        (lambda ds: ds.tags.create("new", ("nosuch", 1)), eider.NotFoundError, "no branch 'nosuch'"),
        (lambda ds: ds.tags.create("a b", 1), eider.InvalidError, "tag name 'a b'"),
        (lambda ds: ds.tags.create("", 1), eider.InvalidError, "empty"),
        (lambda ds: ds.tags.create("x.lock", 1), eider.InvalidError, ".lock"),
        (lambda ds: ds.tags.create("é", 1), eider.InvalidError, "letters"),
        (lambda ds: ds.tags.create("new", -1), eider.InvalidError, "negative"),
        (lambda ds: ds.tags.create("new", (1, 2, 3)), eider.InvalidError, "tuple"),
        (lambda ds: ds.tags.create("new", 1.5), TypeError, "float"),
        (lambda ds: ds.tags.create(7, 1), TypeError, "int"),
        (lambda ds: ds.tags.update("nosuch", 1), eider.NotFoundError, "no tag 'nosuch'"),
        (lambda ds: ds.tags.delete("nosuch"), eider.NotFoundError, "no tag 'nosuch'"),
        (lambda ds: ds.tags.get_version("nosuch"), eider.NotFoundError, "no tag 'nosuch'"),
        (lambda ds: ds.tags.replace_metadata("there", {"a": 1}), TypeError, "metadata"),
        (lambda ds: ds.checkout_version("nosuch"), eider.NotFoundError, "no tag 'nosuch'"),
        (lambda ds: eider.dataset(ds.uri, version="nosuch"), eider.NotFoundError, "no tag 'nosuch'"),
        (lambda ds: eider.dataset(ds.uri, version=("nosuch", None)), eider.NotFoundError, "no branch 'nosuch'"),
        (lambda ds: ds.create_branch("main"), eider.InvalidError, "default branch"),
        (lambda ds: ds.create_branch("a//b"), eider.InvalidError, "slashes"),
        (lambda ds: ds.create_branch("a/data"), eider.InvalidError, "outer branch"),
        (lambda ds: ds.create_branch("new", 99), eider.NotFoundError, "no version 99"),
        (lambda ds: ds.create_branch("new", storage_options={"a": 1}), TypeError, "storage_options"),
        (lambda ds: ds.branches.delete("nosuch"), eider.NotFoundError, "no branch 'nosuch'"),
        (lambda ds: ds.branches.delete("main"), eider.InvalidError, "default branch"),
        (lambda ds: ds.shallow_clone(ds.uri, 1), eider.AlreadyExistsError, "already exists"),
        (lambda ds: ds.deep_clone(ds.uri, 1), eider.AlreadyExistsError, "already exists"),
        (lambda ds: ds.cleanup_old_versions(retain_versions=0), eider.InvalidError, "retain_versions"),
        (lambda ds: ds.cleanup_old_versions(versions=[]), eider.InvalidError, "versions"),
        (lambda ds: ds.cleanup_old_versions(14), TypeError, "older_than"),
        (lambda ds: ds.cleanup_old_versions(delete_rate_limit=0), eider.InvalidError, "delete_rate_limit"),
        (lambda ds: ds.explain_cleanup_old_versions(max_files=0), eider.InvalidError, "max_files"),
    ],
)
def test_what_is_wrong_is_named_and_changes_nothing(ds, call, error, message) -> None:
    ds.tags.create("there", 1)
    with pytest.raises(error, match=message):
        call(ds)
    assert list(ds.tags.list()) == ["there"] and ds.tags.get_version("there") == 1
    assert ds.branches.list() == {} and ds.latest_version == 3
    assert not pathlib.Path(ds.uri, "tree").exists()


def test_damaged_tags_are_named(ds, uri) -> None:
    ds.tags.create("good", 1)
    pathlib.Path(uri, "_refs/tags/bad.json").write_text('{"version": []}')
    with pytest.raises(eider.CorruptError, match="_refs/tags/bad.json"):
        ds.tags.list()
    assert ids(ds.checkout_version("good")) == [0] and ds.tags.get_version("good") == 1
    with pytest.raises(eider.CorruptError, match="bad.json"):
        ds.cleanup_old_versions(NOW)
    assert len(ds.versions()) == 3


def test_restore_makes_a_version_of_an_old_one(ds, uri) -> None:
    old = ds.checkout_version(1)
    assert old.restore() is None
    assert (old.version, ids(old)) == (4, [0])
    assert ids(eider.dataset(uri)) == [0]
    old.insert(rows(7))
    assert ids(eider.dataset(uri)) == [0, 7]
    assert ids(ds.checkout_version(3)) == [0, 1, 2]
    with pytest.raises(eider.ConflictError, match="restore"):  # the rows of the version at hand are not those of the table any more
        ds.delete("id = 1")


def test_versions_and_their_facts(ds) -> None:
    assert ds.version_refs() == [{"version": 1}, {"version": 2}, {"version": 3}]
    assert ds.get_version() == ds.versions()[-1]
    assert ds.checkout_version(2).get_version() == ds.versions()[1]
    assert ds.has_stable_row_ids is False and ds.base_paths() == {} and ds.branch is None
    stable = eider.write_dataset(rows(1), ds.uri + "-stable", enable_stable_row_ids=True)
    assert stable.has_stable_row_ids is True


def test_branches_go_their_own_way(ds, uri) -> None:
    dev = ds.create_branch("dev", 2)
    assert (dev.uri, dev.version, dev.branch, ids(dev)) == (f"{uri}/tree/dev", 2, "dev", [0, 1])
    dev.insert(rows(10))
    dev.delete("id = 0")
    dev.update({"id": "id + 100"}, "id = 10")
    dev.add_columns(pa.table({"more": [1.5, 2.5]}))
    assert ids(dev) == [1, 110] and ids(ds) == [0, 1, 2] and ds.latest_version == 3
    assert ids(eider.dataset(uri)) == [0, 1, 2]
    dev.optimize.compact_files()
    assert ids(dev) == [1, 110] and dev.to_table()["more"].to_pylist() == [1.5, 2.5]
    again = ds.checkout_version(("dev", None))
    assert (again.version, ids(again)) == (dev.version, [1, 110])
    assert ids(ds.checkout_version(("dev", 2))) == [0, 1]
    assert ids(dev.checkout_version(("main", None))) == [0, 1, 2] and dev.checkout_version(("main", 1)).uri == uri
    assert ids(eider.dataset(uri, version=("dev", 3))) == [0, 1, 10]
    assert ids(eider.dataset(dev.uri)) == [1, 110]
    assert [v["version"] for v in dev.versions()] == list(range(2, dev.version + 1))
    assert ids(pickle.loads(pickle.dumps(dev))) == [1, 110]
    info = ds.branches.list()["dev"]
    assert info["parent_branch"] is None and info["parent_version"] == 2 and info["metadata"] == {}
    assert abs(info["create_at"] - time.time()) < 60 and info["branch_identifier"][0][0] == 2
    eider.write_dataset(rows(5), dev.uri, mode="overwrite")
    assert ids(ds.checkout_version(("dev", None))) == [5] and ids(eider.dataset(uri)) == [0, 1, 2]


def test_branches_of_branches_and_their_tags(ds) -> None:
    dev = ds.create_branch("dev")
    dev.insert(rows(10))
    inner = dev.create_branch("team/inner")
    inner.insert(rows(20))
    dev.tags.create("mark")
    assert ds.tags.list()["mark"]["branch"] == "dev"
    assert ids(ds.checkout_version("mark")) == [0, 1, 2, 10] and ds.checkout_version("mark").branch == "dev"
    assert ids(inner) == [0, 1, 2, 10, 20]
    assert {base.name for base in inner.base_paths().values()} == {None, "dev"}
    assert [name for name, _ in ds.branches.list_ordered()] == ["team/inner", "dev"]
    ds.branches.replace_metadata("dev", {"owner": "me"})
    assert inner.branches.list()["dev"]["metadata"] == {"owner": "me"}
    with pytest.raises(eider.ConflictError, match="branch 'team/inner' began on it"):
        ds.branches.delete("dev")
    ds.branches.delete("team/inner")
    with pytest.raises(eider.ConflictError, match="tag 'mark'"):
        ds.branches.delete("dev")
    ds.tags.delete("mark")
    ds.branches.delete("dev")
    assert ds.branches.list() == {} and not list(pathlib.Path(ds.uri, "tree").rglob("*.*"))
    with pytest.raises(eider.NotFoundError, match="no branch 'dev'"):
        ds.checkout_version(("dev", None))
    assert ids(ds) == [0, 1, 2]


def test_a_branch_begins_once(ds) -> None:
    ds.create_branch("dev")
    with pytest.raises(eider.AlreadyExistsError, match="branch 'dev' exists"):
        ds.create_branch("dev")


def test_shallow_clones_read_files_of_their_source(ds, tmp_path) -> None:
    ds.delete("id = 1")
    ds.tags.create("t")
    clone = ds.shallow_clone(tmp_path / "clone", "t")
    assert (clone.version, ids(clone)) == (4, [0, 2])
    assert not (tmp_path / "clone/data").exists() and ds.tags.list() and not clone.tags.list()
    assert {k: (b.path, b.is_dataset_root) for k, b in clone.base_paths().items()} == {0: (ds.uri, True)}
    clone.insert(rows(7))
    clone.delete("id = 0")
    assert ids(clone) == [2, 7] and ids(ds) == [0, 2] and clone.take([1])["id"].to_pylist() == [7]
    inner = clone.shallow_clone(str(tmp_path / "inner"), None, default_scan_options={"with_row_id": True})
    assert ids(inner) == [2, 7] and "_rowid" in inner.to_table().column_names and len(inner.base_paths()) == 2
    clone.optimize.compact_files()
    assert ids(clone) == [2, 7] and ids(inner) == [2, 7]


def test_deep_clones_need_nothing_of_their_source(ds, tmp_path) -> None:
    ds.delete("id = 1")
    blobs = pa.table({"id": pa.array([5], pa.int64())})
    ds.insert(blobs)
    branch = ds.create_branch("dev")
    branch.delete("id = 0")
    clone = branch.deep_clone(tmp_path / "deep", None)
    (tmp_path / "t.lance").rename(tmp_path / "gone")
    assert ids(clone) == [2, 5] and clone.base_paths() == {} and clone.branch is None
    clone.insert(rows(8))
    assert ids(clone) == [2, 5, 8]


def test_deep_clones_copy_side_cars_of_blobs(tmp_path) -> None:
    big = bytes(range(256)) * 20_000
    schema = pa.schema([pa.field("b", pa.large_binary(), metadata={"lance-encoding:blob": "true"})])
    source = eider.write_dataset(pa.table([pa.array([b"x", big], pa.large_binary())], schema=schema), tmp_path / "s.lance")
    clone = source.deep_clone(tmp_path / "deep", 1)
    shallow = source.shallow_clone(tmp_path / "shallow", 1)
    for made in (shallow, clone):
        assert [blob.readall() for blob in made.take_blobs("b", indices=[0, 1])] == [b"x", big]
    (tmp_path / "s.lance").rename(tmp_path / "gone")
    fresh = eider.LanceDataset(tmp_path / "deep", session=eider.Session())
    assert [blob.readall() for blob in fresh.take_blobs("b", indices=[1])] == [big]


def test_cleanup_removes_old_versions_and_what_only_they_had(ds, uri) -> None:
    eider.write_dataset(rows(9), uri, mode="overwrite")
    ds.checkout_latest()
    assert ds.cleanup_old_versions().old_versions == 0
    explained = ds.explain_cleanup_old_versions(NOW, include_files=True, max_files=2)
    assert explained.stats.old_versions == 3 and explained.stats.data_files_removed == 3
    assert len(explained.candidate_files) == 2 and explained.candidate_files_truncated
    assert explained.candidate_files[0].path.startswith(uri) and os.path.exists(explained.candidate_files[0].path)
    assert {f.kind for f in ds.explain_cleanup_old_versions(NOW, include_files=True).candidate_files} == {"transaction", "data", "manifest"}
    assert len(ds.versions()) == 4
    assert ds.cleanup_old_versions(NOW) == explained.stats
    assert [v["version"] for v in ds.versions()] == [4] and ids(ds) == [9]
    assert len(list(pathlib.Path(uri, "data").iterdir())) == 1
    with pytest.raises(eider.NotFoundError, match="no version 1"):
        ds.checkout_version(1)


def test_cleanup_spares_what_is_open_tagged_or_branched(ds, uri) -> None:
    held = ds.checkout_version(2)
    for i in range(4):
        eider.write_dataset(rows(i), uri, mode="overwrite")
    ds.checkout_latest()
    ds.tags.create("keep", 4)
    branch = ds.create_branch("dev", 5)
    with pytest.raises(eider.InvalidError, match="'keep'"):
        ds.cleanup_old_versions(NOW)
    explained = ds.explain_cleanup_old_versions(NOW, error_if_tagged_old_versions=False)
    assert explained.warnings == ["version 2 stays: it is open in this process"]
    assert [(b.name, b.referenced_version, b.cleanup_candidate) for b in explained.referenced_branches] == [("dev", 5, False)]
    ds.cleanup_old_versions(NOW, error_if_tagged_old_versions=False)
    assert [v["version"] for v in ds.versions()] == [2, 4, 5, 7]
    assert ids(held) == [0, 1] and ids(ds.checkout_version("keep")) == [0] and ids(branch) == [1]
    del held
    assert ds.cleanup_old_versions(NOW, error_if_tagged_old_versions=False).old_versions == 1


def test_cleanup_keeps_fresh_files_of_others(ds, uri) -> None:
    orphan = pathlib.Path(uri, "data/orphan.lance")
    orphan.write_bytes(b"x")
    other = pathlib.Path(uri, "data/notes.txt")
    other.write_bytes(b"x")
    assert ds.cleanup_old_versions(NOW).data_files_removed == 0
    old = time.time() - 8 * 86400
    os.utime(orphan, (old, old))
    found = ds.explain_cleanup_old_versions(include_files=True).candidate_files
    assert [(f.path, f.kind, f.unverified, f.size_bytes) for f in found] == [(str(orphan), "data", True, 1)]
    orphan.write_bytes(b"x")
    assert ds.cleanup_old_versions(delete_unverified=True).data_files_removed == 1
    assert not orphan.exists() and other.exists() and ids(ds) == [0, 1, 2]


def test_cleanup_stops_at_what_it_cannot_read(ds, uri) -> None:
    manifest = min(pathlib.Path(uri, "_versions").glob("*12.manifest"))
    content = bytearray(manifest.read_bytes())
    content[len(content) // 2] ^= 0x40
    manifest.write_bytes(content)
    before = {p.name for p in pathlib.Path(uri).rglob("*")}
    with pytest.raises(eider.CorruptError, match="12.manifest"):
        ds.cleanup_old_versions(NOW, delete_unverified=True)
    assert {p.name for p in pathlib.Path(uri).rglob("*")} == before


def tear(uri, version) -> pathlib.Path:
    manifest = pathlib.Path(uri, f"_versions/{2**64 - 1 - version}.manifest")
    manifest.write_bytes(manifest.read_bytes()[:-8])
    return manifest


def test_cleanup_passes_over_a_torn_manifest_and_spares_the_version_before_it(uri) -> None:
    for i in range(3):
        eider.write_dataset(rows(i), uri, mode="append" if i else "create")
    manifest = tear(uri, 3)
    with pytest.warns(eider.TornVersionWarning):
        ds = eider.write_dataset(rows(3), uri, mode="append")
    assert ds.cleanup_old_versions(NOW, delete_unverified=True).old_versions == 1
    assert manifest.exists() and len(list(manifest.parent.glob("*.manifest"))) == 3
    os.utime(manifest, (0, 0))  # one torn just now may be in the making
    eider.verify(uri, repair=True)
    assert eider.verify(uri).ok
    assert ids(eider.dataset(uri)) == [0, 1, 3] and ids(eider.dataset(uri, version=3)) == [0, 1]


def test_cleanup_stops_at_a_torn_manifest_of_what_is_open(ds, uri) -> None:
    tear(uri, 3)
    with pytest.raises(eider.CorruptError, match="12.manifest"):  # who has it open needs files that nobody can name now
        ds.cleanup_old_versions(NOW, delete_unverified=True)
    assert ids(ds) == [0, 1, 2]


def test_tag_files_hold_what_the_format_says(ds, uri) -> None:
    ds.tags.create("t", 2)
    stored = json.loads(pathlib.Path(uri, "_refs/tags/t.json").read_text())
    assert list(stored) == ["branch", "version", "createdAt", "updatedAt", "manifestSize", "metadata"]
    ds.create_branch("a/b", "t")
    stored = json.loads(pathlib.Path(uri, "_refs/branches/a%2Fb.json").read_text())
    assert list(stored) == ["parentBranch", "identifier", "parentVersion", "createAt", "manifestSize", "metadata"]


def test_a_table_may_ask_writers_to_clean_up(uri) -> None:
    ds = eider.write_dataset(rows(0), uri, auto_cleanup_options={"interval": 3, "older_than_seconds": 0})
    assert ds.config() == {"lance.auto_cleanup.interval": "3", "lance.auto_cleanup.older_than": "0s"}
    left = []
    for i in range(1, 7):
        ds = None
        ds = eider.write_dataset(rows(i), uri, mode="overwrite")
        left.append([v["version"] for v in ds.version_refs()])
    # The version that a writer began from is open while it commits.
    assert left == [[1, 2], [2, 3], [2, 3, 4], [2, 3, 4, 5], [5, 6], [5, 6, 7]]
    assert len(list(pathlib.Path(uri, "data").iterdir())) == 3 and ids(ds) == [6]
    with pytest.warns(UserWarning, match=r"for a new dataset; .* without \{'lance.auto_cleanup.interval': '4'\}"):
        other = eider.write_dataset(rows(1), uri, mode="append", auto_cleanup_options={"interval": 4, "older_than_seconds": 0})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = eider.write_dataset(rows(1), uri, mode="overwrite", auto_cleanup_options={"interval": 3, "older_than_seconds": 0})
    assert other.config() == again.config() == ds.config()
    made = eider.write_dataset(rows(1), uri + "1", mode="append", auto_cleanup_options={"interval": 4})
    assert made.config()["lance.auto_cleanup.interval"] == "4"
    with pytest.raises(eider.InvalidError, match="keep"):
        eider.write_dataset(rows(1), uri + "2", auto_cleanup_options={"keep": 3})
    two_weeks = eider.write_dataset(rows(0), uri + "2", auto_cleanup_options={"older_than_seconds": 1209600 + 3661})
    assert two_weeks.config() == {"lance.auto_cleanup.interval": "20", "lance.auto_cleanup.older_than": "14days 1h 1m 1s"}
