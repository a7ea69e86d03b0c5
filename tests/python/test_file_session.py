"""Files of one place, whatever they are."""

import os
import pathlib

import pyarrow as pa
import pytest

import eider
from eider.file import LanceFileSession, ListResult, stable_version


@pytest.fixture(params=["folder", "memory"])
def session(request, tmp_path):
    base = tmp_path / "base" if request.param == "folder" else f"memory://session{abs(hash(tmp_path))}/base"
    return LanceFileSession(base)


@pytest.fixture
def local(tmp_path):
    path = tmp_path / "local.txt"
    path.write_bytes(b"hello")
    return path


def test_files_are_written_and_read(session, table):
    with session.open_writer("a/b.lance", schema=table.schema) as writer:
        writer.write_batch(table)
    with session.open_writer("c.lance", version="2.1", data_cache_bytes=1, max_page_bytes=1000, keep_original_array=True) as writer:
        writer.write_batch(table.select(["id"]))
    assert session.open_reader("a/b.lance").read_all().to_table().equals(table)
    assert session.open_reader("a/b.lance", columns=["id", "box.x"]).read_all().to_table().column_names == ["id", "box"]
    metadata = session.open_reader("c.lance").metadata()
    assert (metadata.major_version, metadata.minor_version) == (2, 1)
    with pytest.raises(eider.NotFoundError):
        session.open_reader("a/none.lance")


def test_files_are_listed(session, local):
    assert session.list() == [] and session.list_with_delimiter() == ListResult([], [])
    for path in ("x", "a/y", "a/b/z"):
        session.upload_file(local, path)
    assert sorted(session.list()) == ["a/b/z", "a/y", "x"] and sorted(session.list("a")) == sorted(session.list("a/")) == ["a/b/z", "a/y"]
    assert session.list("none") == [] and session.list("a/b") == ["a/b/z"]
    assert session.list_with_delimiter() == ListResult(["a"], ["x"])
    assert session.list_with_delimiter("a") == ListResult(["a/b"], ["a/y"])
    assert [session.contains(path) for path in ("x", "a", "a/b/z", "none")] == [True, False, True, False]


def test_files_are_copied_both_ways(session, local, tmp_path):
    session.upload_file(str(local), "deep/copy")
    local.write_bytes(b"x" * (20 << 20))
    session.upload_file(local, "deep/copy")
    session.download_file("deep/copy", tmp_path / "new" / "back")
    assert (tmp_path / "new" / "back").read_bytes() == local.read_bytes()
    for wrong in (lambda: session.download_file("none", tmp_path / "y"), lambda: session.upload_file(tmp_path / "none", "y")):
        with pytest.raises(eider.NotFoundError, match="none"):
            wrong()
    assert not (tmp_path / "y").exists() and not session.contains("y")


def test_ranges_are_read(session, local):
    session.upload_file(local, "x")
    assert (session.read_range("x", 1, 3), session.read_range("x", 5, 0)) == (b"ell", b"")
    for offset, length in ((1, 5), (6, 0), (2**62, 2**62)):
        with pytest.raises(OSError, match="of a file of 5"):
            session.read_range("x", offset, length)
    with pytest.raises(ValueError, match="offset"):
        session.read_range("x", -1, 1)
    with pytest.raises(OSError, match="none"):
        session.read_range("none", 0, 1)


def test_files_are_deleted(session, local):
    session.upload_file(local, "a/x")
    session.delete_file("a/x")
    assert session.list() == []
    with pytest.raises(OSError, match="a/x"):
        session.delete_file("a/x")


@pytest.mark.parametrize("path", ["../local.txt", "/etc/passwd", "a//b", ""])
def test_paths_stay_below_the_base(session, local, path):
    for use in (
        lambda: session.read_range(path, 0, 1),
        lambda: session.open_reader(path),
        lambda: session.open_writer(path),
        lambda: session.delete_file(path),
        lambda: session.upload_file(local, path),
        lambda: session.download_file(path, local),
        lambda: session.contains(path),
    ):
        with pytest.raises(eider.InvalidError):
            use()
    assert local.read_bytes() == b"hello"


def test_the_session_of_a_dataset_sees_its_files(ds, uri, table):
    session = ds.new_file_session()
    found = session.list()
    assert {path.split("/")[0] for path in found} == {"data", "_versions", "_transactions"}
    assert len(found) == sum(len(files) for _, _, files in os.walk(uri))
    (name,) = os.listdir(pathlib.Path(uri, "data"))
    assert session.open_reader(f"data/{name}").read_all().to_table().equals(table)
    with session.open_writer("data/more.lance") as writer:
        writer.write_batch(pa.table({"x": [1]}))
    assert ds.to_table().equals(table) and "data/more.lance" in session.list()


def test_the_stable_version_is_the_one_that_is_written(ds, tmp_path):
    assert ds.data_storage_version == stable_version()
    with eider.LanceFileWriter(tmp_path / "f.lance") as writer:
        writer.write_batch(pa.table({"x": [1]}))
    meta = eider.LanceFileReader(tmp_path / "f.lance").metadata()
    assert f"{meta.major_version}.{meta.minor_version}" == stable_version()
