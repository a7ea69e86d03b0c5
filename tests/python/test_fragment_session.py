"""Repeated takes from a fragment, and fragments of data files that no version names."""

import numpy as np
import pyarrow as pa
import pytest
from eider.fragment import FragmentSession, LanceFragment

import eider
from eider.file import LanceFileWriter


@pytest.fixture
def parts(write, table):
    ds = write(table, max_rows_per_file=4)
    ds.delete("id = 5")
    return ds


def test_a_session_takes_what_the_fragment_does(parts):
    fragment = parts.get_fragments()[1]
    session = fragment.open_session()
    assert isinstance(session, FragmentSession)
    for rows in ([0], [2, 0, 2], [], np.array([1]), pa.array([2, 1])):
        assert session.take(rows).equals(fragment.take([int(row) for row in np.asarray(rows)]))
    assert session.take([0, 1, 2]).column("id").to_pylist() == [4, 6, 7]


def test_a_session_has_its_columns(parts):
    fragment = parts.get_fragments()[1]
    assert fragment.open_session(["name", "id"]).take([1]).to_pylist() == [{"name": "row 6", "id": 6}]
    assert fragment.open_session(["box.x"]).take([0]).to_pylist() == [{"box": {"x": 2.0}}]
    assert fragment.open_session({"twice": "id * 2"}).take([2, 0]).column("twice").to_pylist() == [14, 8]
    with_address = fragment.open_session(["id"], with_row_address=True).take([1, 0])
    assert with_address.to_pylist() == [{"id": 6, "_rowaddr": (1 << 32) + 2}, {"id": 4, "_rowaddr": 1 << 32}]
    assert fragment.open_session(with_row_address=True).take([0]).column_names == [*parts.schema.names, "_rowaddr"]


def test_a_session_says_what_is_wrong(parts):
    fragment = parts.get_fragments()[1]
    with pytest.raises(eider.NotFoundError, match="nothing"):
        fragment.open_session(["nothing"])
    for row in (-1, 3):
        with pytest.raises(eider.InvalidError, match=f"row {row} is out of range: fragment 1"):
            fragment.open_session().take([row])


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2"])
def test_a_lost_fragment_comes_back_from_its_file(write, table, version):
    table = table.append_column("odd", pa.array([{"a.b": [i], "": i} for i in range(10)]))
    table = table.drop_columns(["box"])  # null structs are not in 2.0
    ds = write(table, data_storage_version=version)
    (known,) = [fragment.metadata for fragment in ds.get_fragments()]
    ds.delete("true")
    found = LanceFragment.create_from_file(known.files[0].path, ds, 7)
    assert (found.id, found.physical_rows, found.deletion_file) == (7, 10, None)
    assert (found.files[0].fields, found.files[0].column_indices) == (known.files[0].fields, known.files[0].column_indices)
    assert (found.files[0].file_major_version, found.files[0].file_minor_version) == (2, int(version[2]))
    again = eider.LanceDataset.commit(ds, eider.LanceOperation.Append([found]), ds.version)
    assert again.to_table().equals(table)
    again.validate()


def test_a_file_that_was_written_alone_makes_a_fragment(ds, uri, table):
    with LanceFileWriter(f"{uri}/data/more.lance", table.schema) as writer:
        writer.write_batch(table.slice(0, 3))
    more = LanceFragment.create_from_file("more.lance", ds, 0)
    both = eider.LanceDataset.commit(ds, eider.LanceOperation.Append([more]), ds.version)
    assert both.to_table().equals(pa.concat_tables([table, table.slice(0, 3)]))


def test_blob_columns_make_fragments_too(write):
    ds = write(pa.table({"b": eider.blob_array([b"one", b"x" * 200_000])}))
    (known,) = [fragment.metadata for fragment in ds.get_fragments()]
    found = LanceFragment.create_from_file(known.files[0].path, ds, 0)
    assert found.files[0].fields == known.files[0].fields
    twice = eider.LanceDataset.commit(ds, eider.LanceOperation.Overwrite(ds.schema, [found]))
    assert [blob.readall() for blob in twice.take_blobs("b", indices=[1, 0])] == [b"x" * 200_000, b"one"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["name", "id", "box", "vector"], r"it has the columns \['name', 'id', 'box', 'vector'\], the dataset"),
        (["id"], r"it has the columns \['id'\]"),
    ],
)
def test_a_file_with_other_columns_makes_none(ds, uri, table, columns, message):
    with LanceFileWriter(f"{uri}/data/other.lance") as writer:
        writer.write_batch(table.select(columns))
    with pytest.raises(eider.InvalidError, match=message):
        LanceFragment.create_from_file("other.lance", ds, 0)


def test_a_file_with_other_types_makes_none(ds, uri, table):
    with LanceFileWriter(f"{uri}/data/other.lance") as writer:
        writer.write_batch(table.set_column(0, "id", table.column("id").cast(pa.int32())))
    with pytest.raises(eider.InvalidError, match="'id' is of type int32, in the dataset int64"):
        LanceFragment.create_from_file("other.lance", ds, 0)


def test_a_file_lies_in_the_dataset(ds, uri):
    with pytest.raises(eider.NotFoundError, match=r"none\.lance"):
        LanceFragment.create_from_file("none.lance", ds, 0)
    with pytest.raises(eider.InvalidError, match=r"'\.\.'"):
        LanceFragment.create_from_file("../_versions/x", ds, 0)
    with pytest.raises(ValueError, match="fragment_id"):
        LanceFragment.create_from_file("none.lance", ds, -1)
