"""Fragments."""

import pathlib

import pytest

import eider


@pytest.fixture
def parts(write, table):
    return write(table, max_rows_per_file=4)


def test_fragments_cover_the_rows(parts):
    fragments = parts.get_fragments()
    assert [f.fragment_id for f in fragments] == [0, 1, 2]
    assert [f.count_rows() for f in fragments] == [4, 4, 2]
    assert [len(f) for f in fragments] == [f.physical_rows for f in fragments]
    assert all(f.num_deletions == 0 and f.deletion_file() is None for f in fragments)


def test_a_fragment_by_id(parts):
    assert parts.get_fragment(1).fragment_id == 1
    assert parts.get_fragment(77) is None
    assert eider.LanceFragment(parts, 2).count_rows() == 2
    with pytest.raises(eider.InvalidError, match="no fragment 77"):
        eider.LanceFragment(parts, 77)


def test_reads(parts, table):
    fragment = parts.get_fragment(1)
    assert fragment.schema == table.schema
    assert fragment.to_table() == table.slice(4, 4)
    assert fragment.to_table(columns=["id"], limit=2, offset=1).to_pydict() == {"id": [5, 6]}
    assert [b.num_rows for b in fragment.to_batches(batch_size=3)] == [3, 1]
    assert fragment.head(2) == table.slice(4, 2)
    assert fragment.take([3, 0, 3], columns=["id"]).to_pydict() == {"id": [7, 4, 7]}
    assert fragment.scanner(columns=["id"]).count_rows() == 4
    with pytest.raises(eider.InvalidError, match="row 4 is out of range: fragment 1"):
        fragment.take([4])


def test_scans_of_some_fragments(parts, table):
    fragments = parts.get_fragments()
    assert parts.scanner(fragments=fragments[1:]).to_table() == table.slice(4)
    assert parts.scanner(fragments=fragments[1:], limit=3).count_rows() == 3
    assert parts.scanner(fragments=[]).to_table().num_rows == 0


def test_metadata(parts):
    metadata = parts.get_fragment(0).metadata
    assert metadata.id == 0
    assert metadata.physical_rows == metadata.num_rows == 4
    assert metadata.num_deletions == 0
    (file,) = metadata.data_files()
    assert file.path.endswith(".lance")
    assert file.file_major_version == 2
    assert file.file_size_bytes > 0
    assert len(file.fields) == len(file.column_indices)


def test_an_argument_that_comes_later_is_refused_by_name(parts):
    fragment = parts.get_fragment(0)
    with pytest.raises(eider.UnsupportedError, match="'nearest'"):
        fragment.scanner(nearest={"column": "id"})


def test_the_path_of_a_deletion_file_is_below_the_dataset(ds):
    ds.delete("id = 3")
    path = ds.get_fragment(0).deletion_file()
    assert path.startswith("_deletions/") and (pathlib.Path(ds.uri) / path).exists()
