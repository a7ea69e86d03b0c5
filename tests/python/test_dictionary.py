"""Columns of dictionary type: categories to the user, who cares for their order and for those that no row has."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

import eider

VERSIONS = ["2.0", "2.1", "2.2"]
LEVELS = ["low", "mid", "high", "never", "top"]


def levels(keys: list[int | None], key_type: pa.DataType = pa.int8(), *, ordered: bool = False) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(keys, key_type), pa.array(LEVELS), ordered=ordered)


def dictionaries(column: pa.ChunkedArray) -> set[tuple[str | None, ...]]:
    return {tuple(chunk.dictionary.to_pylist()) for chunk in column.chunks}


@pytest.mark.parametrize("version", VERSIONS)
def test_categories_keep_their_order_and_those_without_rows(tmp_path, version):
    rows = pa.table({"level": levels([4, 0, None, 2, 0])})
    table = eider.write_dataset(rows, tmp_path / "t.lance", data_storage_version=version).to_table()
    assert table["level"].to_pylist() == rows["level"].to_pylist()
    assert dictionaries(table["level"]) == {tuple(LEVELS)}
    assert table["level"].chunk(0).indices.to_pylist() == [4, 0, None, 2, 0]


@pytest.mark.parametrize("version", VERSIONS)
def test_dictionaries_of_many_batches_stay_one(tmp_path, version):
    def batches():
        for i in range(40):
            yield pa.record_batch({"level": levels([i % 4, None, 2] * 500), "i": pa.array(range(1500 * i, 1500 * i + 1500))})

    schema = next(batches()).schema
    ds = eider.write_dataset(batches(), tmp_path / "t.lance", schema=schema, max_rows_per_file=4000, data_storage_version=version)
    expected = ds.to_table()["level"].to_pylist()
    ds.delete("i % 7 = 0")
    ds.optimize.compact_files(target_rows_per_fragment=1_000_000)
    ds.optimize.compact_files(target_rows_per_fragment=1_000_000)
    assert len(ds.get_fragments()) == 1
    table = ds.to_table()
    assert dictionaries(table["level"]) == {tuple(LEVELS)}
    assert table["level"].to_pylist() == [value for i, value in enumerate(expected) if i % 7]


def test_batches_with_different_dictionaries_join(tmp_path):
    """Those of the first batch come first, and what the others add follows."""
    batches = [
        pa.record_batch({"x": pa.DictionaryArray.from_arrays(pa.array(keys, pa.int16()), pa.array(values))})
        for keys, values in [([1, 1], ["a", "b"]), ([0, 2], ["c", "unused", "a"]), ([0], ["b"])]
    ]
    ds = eider.write_dataset(pa.Table.from_batches(batches), tmp_path / "t.lance")
    column = ds.to_table()["x"]
    assert column.to_pylist() == ["b", "b", "c", "a", "b"]
    assert column.num_chunks == 1 and column.chunk(0).dictionary.to_pylist()[:2] == ["a", "b"]


def test_large_dictionaries_keep_what_is_used(tmp_path):
    """A row of a table with a million words does not bring them all along."""
    words = pa.array([f"word {i}" for i in range(200_000)])
    rows = pa.table({"w": pa.DictionaryArray.from_arrays(pa.array([7, 199_999], pa.int32()), words)})
    ds = eider.write_dataset(rows, tmp_path / "t.lance")
    assert ds.to_table()["w"].chunk(0).dictionary.to_pylist() == ["word 7", "word 199999"]
    texts = pa.array([f"{i} " * 5000 for i in range(300)])
    wide = pa.table({"w": pa.DictionaryArray.from_arrays(pa.array([7, 299], pa.int32()), texts)})
    ds = eider.write_dataset(wide, ds.uri, mode="append")
    assert ds.take([2, 3])["w"].chunk(0).dictionary.to_pylist() == [texts[7].as_py(), texts[299].as_py()]


@pytest.mark.parametrize("version", VERSIONS)
def test_ordered_categories(tmp_path, version):
    """The format keeps their order, but not that they are to be compared by it."""
    frame = pd.DataFrame({"size": pd.Categorical(["s", "l", None], categories=["s", "m", "l"], ordered=True)})
    ds = eider.write_dataset(frame, tmp_path / "t.lance", data_storage_version=version)
    assert not ds.schema.field("size").type.ordered
    ds = eider.write_dataset(frame, ds.uri, mode="append")
    ds.merge_insert("size").when_not_matched_insert_all().execute(frame)  # a null matches nothing
    column = ds.to_table().to_pandas()["size"]
    assert list(column.cat.categories) == ["s", "m", "l"]
    assert column.value_counts().to_dict() == {"s": 2, "m": 0, "l": 2} and column.isna().sum() == 3


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["top", None, "new"]),
        pa.array(["top", None, "new"], pa.large_string()),
        pa.array(["top", None, "new"]).dictionary_encode(),
        pa.DictionaryArray.from_arrays(pa.array([1, None, 0], pa.uint64()), pa.array(["new", "top"], pa.large_string())),
    ],
    ids=["plain", "large", "int32 keys", "uint64 keys of large"],
)
def test_rows_come_in_however_they_are_stored(tmp_path, column):
    """Plain texts, and dictionaries with other keys, become those of the table; so in merges."""
    ds = eider.write_dataset(pa.table({"i": [0, 1], "level": levels([0, 3])}), tmp_path / "t.lance")
    added = pa.table({"i": [1, 2, 3], "level": column})
    eider.write_dataset(added, ds.uri, mode="append")
    ds = eider.dataset(ds.uri)
    assert ds.schema.field("level").type == pa.dictionary(pa.int8(), pa.string())
    assert ds.to_table()["level"].to_pylist() == ["low", "never", "top", None, "new"]
    ds.restore() if ds.version == 1 else eider.dataset(ds.uri, version=1).restore()
    ds = eider.dataset(ds.uri)
    ds.merge_insert("i").when_matched_update_all().when_not_matched_insert_all().execute(added)
    assert sorted(zip(*ds.to_table().to_pydict().values(), strict=True)) == [(0, "low"), (1, "top"), (2, None), (3, "new")]


def test_dictionaries_come_into_plain_columns(tmp_path):
    ds = eider.write_dataset(pa.table({"x": ["a", None]}), tmp_path / "t.lance")
    eider.write_dataset(pa.table({"x": levels([2, None], pa.int32())}), ds.uri, mode="append")
    ds = eider.dataset(ds.uri)
    assert ds.schema.field("x").type == pa.string() and ds.to_table()["x"].to_pylist() == ["a", None, "high", None]


def test_values_of_another_kind_stay_refused(tmp_path):
    ds = eider.write_dataset(pa.table({"x": levels([0])}), tmp_path / "t.lance")
    for column in (pa.array([1]), pa.array([1]).dictionary_encode()):
        with pytest.raises(eider.InvalidError, match="column 'x': the table has type dict:string:int8:false"):
            eider.write_dataset(pa.table({"x": column}), ds.uri, mode="append")


def test_more_values_than_keys(tmp_path):
    ds = eider.write_dataset(pa.table({"x": levels([0])}), tmp_path / "t.lance")
    words = pa.array([f"w{i}" for i in range(200)])
    with pytest.raises(eider.InvalidError, match="column 'x': 200 distinct values in one batch, more than keys of int8 can name"):
        eider.write_dataset(pa.table({"x": words}), ds.uri, mode="append")
    wide = pa.DictionaryArray.from_arrays(pa.array([199, 3], pa.int32()), words)
    eider.write_dataset(pa.table({"x": wide}), ds.uri, mode="append")  # the two that rows have fit
    assert eider.dataset(ds.uri).to_table()["x"].to_pylist() == ["low", "w199", "w3"]


def test_updates_and_casts(tmp_path):
    ds = eider.write_dataset(pa.table({"i": [0, 1, 2], "level": levels([0, 1, None])}), tmp_path / "t.lance")
    ds.update({"level": "'none ' || i"}, where="i > 0")
    assert sorted(map(str, ds.to_table()["level"].to_pylist())) == ["low", "none 1", "none 2"]
    ds.update({"level": "NULL"}, where="i = 0")
    ds.alter_columns({"path": "level", "data_type": pa.large_string()})
    assert ds.schema.field("level").type == pa.large_string()
    ds.alter_columns({"path": "level", "data_type": pa.dictionary(pa.int16(), pa.string())})
    assert ds.schema.field("level").type == pa.dictionary(pa.int16(), pa.string())
    ds.alter_columns({"path": "level", "data_type": pa.dictionary(pa.uint8(), pa.string())})
    table = ds.to_table(columns={"level": "level", "i": "i"}).sort_by("i")
    assert table["level"].to_pylist() == [None, "none 1", "none 2"] and table.schema.field("level").type.index_type == pa.uint8()


def test_lists_and_structs_of_dictionaries_compare_by_value(tmp_path):
    kind = pa.list_(pa.dictionary(pa.int8(), pa.string()))
    rows = pa.table(
        {
            "a": pa.array([["x", "y"], ["y"], None, [None], []], kind),
            "b": pa.array([["x", "y"], ["x"], ["x"], [None], ["x"]], kind),
        }
    )
    ds = eider.write_dataset(rows, tmp_path / "t.lance")
    found = {test: ds.count_rows(test) for test in ("a = b", "a > b", "a < b", "a = a")}
    assert found == {"a = b": 2, "a > b": 1, "a < b": 1, "a = a": 4}


def test_vectors_of_float16_compare(tmp_path):
    kind = pa.list_(pa.float16(), 2)
    rows = pa.table({"a": pa.array([[1.0, 2.0], [-1.0, 0.5], None], kind), "b": pa.array([[1.0, 2.0], [-2.0, 9.0], [0.0, 0.0]], kind)})
    ds = eider.write_dataset(rows, tmp_path / "t.lance")
    assert (ds.count_rows("a = b"), ds.count_rows("a > b"), ds.count_rows("a <> b")) == (1, 1, 1)


@pytest.mark.parametrize("used", [3, 200_000])
def test_large_dictionaries_leave_batches_whole(tmp_path, used):
    """Slices share a dictionary, so a row is as wide as its key."""
    count = 200_000
    words = pa.array([f"category number {i}" for i in range(count)])
    keys = pa.array([i % used for i in range(count)], pa.int32())
    uri = tmp_path / "t.lance"
    eider.write_dataset(pa.table({"c": pa.DictionaryArray.from_arrays(keys, words)}), uri)
    session = eider.Session(memory_limit=32 << 20)
    batches = list(eider.dataset(uri, session=session).to_batches(batch_size=10_000))
    assert [batch.num_rows for batch in batches] == [10_000] * 20
    assert batches[7]["c"][5].as_py() == f"category number {70_005 % used}"


def test_unused_values_do_not_take_keys(tmp_path):
    """Pages with a hundred categories each, of which few have rows: together these fit keys of int8."""

    def batch(name: str) -> pa.RecordBatch:
        values = pa.array([f"{name}{i}" for i in range(100)])
        return pa.record_batch({"c": pa.DictionaryArray.from_arrays(pa.array([0, 99] * 3000, pa.int8()), values)})

    path = str(tmp_path / "f.lance")
    with eider.LanceFileWriter(path, batch("x").schema, max_page_bytes=4096, version="2.1") as writer:
        for name in "xyz":
            writer.write_batch(batch(name))
    expected = [f"{name}{i}" for name in "xyz" for i in [0, 99] * 3000]
    assert eider.LanceFileReader(path).read_all().to_table()["c"].to_pylist() == expected


def test_takes_of_many_dictionaries_keep_what_is_named(tmp_path):
    ds = eider.write_dataset(
        (
            pa.record_batch({"c": pa.DictionaryArray.from_arrays(pa.array([7], pa.int32()), pa.array([f"{i} {j}" for j in range(1000)]))})
            for i in range(100)
        ),
        tmp_path / "t.lance",
        schema=pa.schema([("c", pa.dictionary(pa.int32(), pa.string()))]),
        max_rows_per_file=1,
    )
    taken = ds.take(list(range(100)))["c"].combine_chunks()
    assert taken.to_pylist() == [f"{i} 7" for i in range(100)]
    assert len((taken.chunk(0) if isinstance(taken, pa.ChunkedArray) else taken).dictionary) == 100
