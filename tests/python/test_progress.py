"""Who is told of the data files of a write."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from eider.progress import FileSystemFragmentWriteProgress, FragmentWriteProgress, NoopFragmentWriteProgress

import eider

TABLE = pa.table({"id": pa.array(range(10), pa.int64())})


class Recorded(FragmentWriteProgress):
    def __init__(self) -> None:
        self.calls: list[tuple] = []

    def begin(self, fragment, **kwargs):
        self.calls.append(("begin", fragment.files))

    def complete(self, fragment, **kwargs):
        self.calls.append(("complete", fragment.physical_rows, fragment.files[0].file_size_bytes))


def test_files_begin_and_end_in_turn(tmp_path):
    seen = Recorded()
    dataset = eider.write_dataset(TABLE, tmp_path / "t", max_rows_per_file=4, progress=seen)
    sizes = [fragment.metadata.files[0].file_size_bytes for fragment in dataset.get_fragments()]
    assert seen.calls == [call for rows, size in zip([4, 4, 2], sizes, strict=True) for call in (("begin", []), ("complete", rows, size))]


def test_workers_are_told_too(tmp_path):
    seen = Recorded()
    fragments = eider.fragment.write_fragments(TABLE, tmp_path / "t", max_rows_per_file=5, progress=seen)
    assert [call[1:] for call in seen.calls[1::2]] == [(5, fragment.files[0].file_size_bytes) for fragment in fragments]
    one = eider.LanceFragment.create(tmp_path / "t", TABLE, progress=seen)
    assert seen.calls[-1] == ("complete", 10, one.files[0].file_size_bytes)


def test_a_function_is_called_with_whole_fragments(tmp_path):
    rows: list[int] = []
    eider.write_dataset(TABLE, tmp_path / "t", max_rows_per_file=4, progress=lambda fragment: rows.append(fragment.num_rows))
    eider.write_dataset(TABLE, tmp_path / "t", mode="append", progress=lambda fragment: rows.append(fragment.num_rows))
    assert rows == [4, 4, 2, 10]


@pytest.mark.parametrize("moment", ["begin", "complete"])
def test_what_it_raises_ends_the_write(tmp_path, moment):
    class Angry(NoopFragmentWriteProgress):
        pass

    def fail(self, fragment, **kwargs):
        raise RuntimeError(f"enough at {moment}")

    setattr(Angry, moment, fail)
    with pytest.raises(RuntimeError, match=f"enough at {moment}"):
        eider.write_dataset(TABLE, tmp_path / "t", max_rows_per_file=4, progress=Angry())
    assert not list(tmp_path.rglob("*.lance")) and not list(tmp_path.rglob("*.manifest"))


def test_markers_in_a_folder(tmp_path):
    folder = tmp_path / "progress"
    markers: list[bool] = []

    class Watched(FileSystemFragmentWriteProgress):
        def begin(self, fragment, **kwargs):
            super().begin(fragment, **kwargs)
            markers.append((folder / "fragment_0.in_progress").exists())

    progress = Watched(f"file://{folder}", {"worker": "7"})
    eider.write_dataset(TABLE, tmp_path / "t", progress=progress)
    assert markers == [True] and not (folder / "fragment_0.in_progress").exists()
    assert json.loads((folder / "fragment_0.json").read_text())["physical_rows"] == 10


def test_what_is_no_progress(tmp_path):
    with pytest.raises(TypeError, match="begin\\(\\) and complete\\(\\)"):
        eider.write_dataset(TABLE, tmp_path / "t", progress=3)


def test_sizes_of_caches_are_hints(tmp_path):
    eider.write_dataset(TABLE, tmp_path / "t", data_cache_bytes=1 << 20)
    sizes = {"block_size": 4096, "index_cache_size": 256, "metadata_cache_size_bytes": 1 << 20, "index_cache_size_bytes": 1 << 20}
    assert eider.dataset(tmp_path / "t", **sizes).count_rows() == 10
    with pytest.raises(TypeError, match="index_cache_size must be an integer"):
        eider.dataset(tmp_path / "t", index_cache_size="many")
