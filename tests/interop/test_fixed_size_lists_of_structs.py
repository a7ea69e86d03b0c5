"""Fixed-size lists of structs, both ways with the reference engine."""

import numpy as np
import pyarrow as pa
import pytest

import eider

lance = pytest.importorskip("lance")

ITEM = pa.struct([("a", pa.int32()), ("t", pa.string())])
LISTS = pa.struct([("a", pa.int32()), ("l", pa.list_(pa.list_(pa.int32())))])
VECTORS = pa.struct([("v", pa.list_(pa.float32(), 4)), ("flag", pa.bool_())])


def item(i: int) -> dict:
    return {"a": i, "t": f"text {i}"}


NULLS = [[item(0), None], None, [{"a": None, "t": "x"}, item(3)]]
NESTED_LISTS = [
    [{"a": 1, "l": [[1], [2, 3]]}, {"a": 2, "l": []}],
    None,
    [{"a": 3, "l": None}, {"a": 4, "l": [[3], None]}],
]
VALUES = {
    "plain": ([[item(0), item(1)], [item(2), item(3)]], pa.list_(ITEM, 2)),
    "many": ([[item(i), item(i + 1), item(7)] for i in range(20_000)], pa.list_(ITEM, 3)),
    "nulls": (NULLS, pa.list_(ITEM, 2)),
    "many nulls": (NULLS * 3000, pa.list_(ITEM, 2)),
    "all null": ([None, None], pa.list_(ITEM, 2)),
    "one item": ([[item(0)], None, [None]], pa.list_(ITEM, 1)),
    "lists inside": (NESTED_LISTS, pa.list_(LISTS, 2)),
    "many lists inside": (NESTED_LISTS * 2000, pa.list_(LISTS, 2)),
    "vectors inside": ([[{"v": [1, 2, 3, i], "flag": i % 3 == 0}] * 2 for i in range(500)], pa.list_(VECTORS, 2)),
    "in a struct": (
        [{"f": [item(0), item(1)]}, {"f": None}, None] * 50,
        pa.struct([("f", pa.list_(ITEM, 2))]),
    ),
    "in one another": (
        [[{"f": [item(0), None]}, {"f": None}], None, [None, {"f": [item(4), item(5)]}]] * 50,
        pa.list_(pa.struct([("f", pa.list_(ITEM, 2))]), 2),
    ),
}


@pytest.mark.parametrize("name", VALUES)
def test_the_reference_reads_what_is_written_and_the_other_way_round(name, tmp_path):
    values, of = VALUES[name]
    table = pa.table({"f": pa.array(values, of)})
    ours, theirs = str(tmp_path / "ours"), str(tmp_path / "theirs")
    half = len(values) // 2
    eider.write_dataset(table.slice(0, half), ours)
    eider.write_dataset(table.slice(half), ours, mode="append")
    lance.write_dataset(table, theirs)
    rows = np.random.default_rng(3).integers(0, len(values), 50).tolist()
    for uri in (ours, theirs):
        for engine in (lance, eider):
            dataset = engine.dataset(uri)
            assert dataset.to_table() == table
            assert dataset.take(rows) == table.take(rows)
    eider.dataset(ours).add_columns(table.select(["f"]).rename_columns(["g"]))
    lance.dataset(ours).validate()
    assert lance.dataset(ours).to_table(columns=["g"])["g"] == table["f"]


def test_other_columns_may_stand_beside_them(tmp_path):
    """The reference then reads the columns one by one only, its own included; structs with other fields not at all."""
    beside = pa.array(
        [{"f": [item(0), item(1)], "n": 5}, {"f": None, "n": None}, None],
        pa.struct([("f", pa.list_(ITEM, 2)), ("n", pa.int64())]),
    )
    table = pa.table({"i": range(3), "f": pa.array(NULLS, pa.list_(ITEM, 2)), "s": beside})
    for engine in (lance, eider):
        uri = str(tmp_path / engine.__name__)
        engine.write_dataset(table, uri)
        assert eider.dataset(uri).to_table() == table
        assert eider.dataset(uri).take([2, 0]) == table.take([2, 0])
        for column in ("i", "f"):
            assert lance.dataset(uri).to_table(columns=[column]) == table.select([column])
        with pytest.raises(Exception, match="differing lengths"):
            lance.dataset(uri).to_table()


def test_pages_are_cut_at_whole_rows(tmp_path):
    values, of = VALUES["many"]
    table = pa.table({"f": pa.array(values, of)})
    path = str(tmp_path / "x.lance")
    with eider.file.LanceFileWriter(path, max_page_bytes=100_000) as writer:
        writer.write_batch(table)
    reader = eider.file.LanceFileReader(path)
    assert len(reader.metadata().columns[0].pages) > 3
    assert reader.read_all().to_table() == table
    from lance.file import LanceFileReader

    assert LanceFileReader(path).read_all().to_table() == table
    assert LanceFileReader(path).read_range(15_001, 7).to_table() == table.slice(15_001, 7)


def test_what_no_reader_takes_is_refused_by_name(tmp_path):
    def write(array, **options):
        eider.write_dataset(pa.table({"f": array}), tmp_path / "d", **options)

    rows = pa.array([[item(0), item(1)]], pa.list_(ITEM, 2))
    with pytest.raises(eider.UnsupportedError, match="field 'f': .* needs file version 2.2"):
        write(rows, data_storage_version="2.1")
    lists = pa.ListArray.from_arrays(pa.array([0, 1], pa.int32()), rows)
    with pytest.raises(eider.UnsupportedError, match="field 'f.item': a fixed-size list of structs inside a list"):
        write(lists)
    with pytest.raises(eider.UnsupportedError, match="a fixed-size list of empty structs"):
        write(pa.array([[{}, {}]], pa.list_(pa.struct([]), 2)))
    assert not list(tmp_path.rglob("*.lance"))
