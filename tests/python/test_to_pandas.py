"""Frames of pandas: what goes to the scan, what to pyarrow, and what blob columns hold."""

import pandas as pd
import pyarrow as pa
import pytest

import eider

VALUES = [b"one", None, b"three" * 30_000, b""]


@pytest.fixture(params=["2.1", "2.2"])
def blobs(request, tmp_path):
    if request.param == "2.1":
        values = pa.array(VALUES, pa.large_binary())
        field = pa.field("v", values.type, metadata={"lance-encoding:blob": "true"})
    else:
        values, field = eider.blob_array(VALUES), eider.blob_field("v")
    table = pa.table([pa.array([0, 1, 2, 3]), values], schema=pa.schema([pa.field("id", pa.int64()), field]))
    return eider.write_dataset(table, tmp_path / "t", data_storage_version=request.param, max_rows_per_file=3)


def contents(column):
    return [None if file is None else file.readall() for file in column]


def test_blobs_of_a_frame_are_files(blobs):
    frame = blobs.to_pandas()
    assert list(frame.columns) == ["id", "v"] and contents(frame["v"]) == VALUES
    assert isinstance(frame["v"][0], eider.BlobFile) and frame["v"][1] is None
    some = blobs.to_pandas(columns={"w": "v", "n": "id + 1"}, filter="id > 0", with_row_address=True)
    assert list(some.columns) == ["w", "n", "_rowaddr"] and contents(some["w"]) == VALUES[1:]
    assert list(some["_rowaddr"]) == [1, 2, 1 << 32]
    assert contents(blobs.scanner(columns=["v"], offset=2).to_pandas()["v"]) == VALUES[2:]
    assert contents(blobs.get_fragments()[1].to_pandas(["v"])["v"]) == VALUES[3:]
    assert list(blobs.to_pandas(filter="id > 9").columns) == ["id", "v"]


def test_blobs_of_a_frame_on_request(blobs):
    assert list(blobs.to_pandas(blob_mode="bytes")["v"]) == VALUES
    assert blobs.to_pandas(blob_mode="descriptions")["v"][2]["size"] == len(VALUES[2])
    assert list(blobs.get_fragments()[1].to_pandas(blob_mode="bytes")["v"]) == VALUES[3:]
    assert list(blobs.to_pandas(blob_handling="all_binary")["v"]) == VALUES
    with pytest.raises(eider.InvalidError, match="'eager'"):
        blobs.to_pandas(blob_mode="eager")


def test_blobs_beside_deleted_rows_indices_and_odd_names(blobs):
    blobs.delete("id = 2")
    frame = blobs.to_pandas(include_deleted_rows=True, with_row_id=True)
    assert list(frame.columns) == ["id", "v", "_rowid"] and contents(frame["v"]) == [*VALUES[:2], None, VALUES[3]]
    odd = blobs.to_pandas(columns={"_rowaddr": "id", "b": "v"})
    assert list(odd.columns) == ["_rowaddr", "b"] and list(odd["_rowaddr"]) == [0, 1, 3] and contents(odd["b"])[0] == VALUES[0]


def test_blobs_behind_an_index(tmp_path):
    field = pa.field("b", pa.large_binary(), metadata={"lance-encoding:blob": "true"})
    plain = pa.Table.from_pandas(pd.DataFrame({"x": [1, 2]}, index=pd.Index([7, 8], name="k")))
    table = plain.append_column(field, pa.array([b"one", b"two"], pa.large_binary()))
    ds = eider.write_dataset(table, tmp_path / "t")
    frame = ds.to_pandas(columns=["k", "b", "x"])
    assert list(frame.index) == [7, 8] and list(frame.columns) == ["b", "x"] and contents(frame["b"]) == [b"one", b"two"]


def test_other_arguments_go_to_pyarrow(ds):
    frame = ds.to_pandas(["id"], "id > 2", types_mapper=pd.ArrowDtype, split_blocks=True)
    assert frame["id"].dtype == pd.ArrowDtype(pa.int64()) and list(frame["id"]) == list(range(3, 10))
    assert ds.get_fragment(0).to_pandas(["id"], types_mapper=pd.ArrowDtype)["id"].dtype == pd.ArrowDtype(pa.int64())
    with pytest.raises(TypeError, match="bogus"):
        ds.to_pandas(bogus=1)


def test_what_pylance_takes_by_position(ds):
    assert ds.to_table(["id"], None, 5, None, None, 3, None, 4, 2, True)["id"].to_pylist() == list(range(5))
    assert [b.num_rows for b in ds.to_batches(["id"], None, 5, 1, None, 3, None, 4)] == [3, 2]
    assert list(ds.to_pandas(["id"], "id > 2", 2, 1, None, 8, 4, 2, True)["id"]) == [4, 5]
    fragment = ds.get_fragment(0)
    assert fragment.to_table(["id"], "id > 7", 5, None, True).schema.names == ["id", "_rowid"]
    assert list(fragment.to_pandas(["id"], "id > 7", 1)["id"]) == [8]
