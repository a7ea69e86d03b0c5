"""Categories: what either engine writes, the other reads with the same keys, order and unused values."""

import lance
import pyarrow as pa
import pytest

import eider

LEVELS = ["low", "mid", "high", "never"]


def rows(key_type: pa.DataType, *, ordered: bool) -> pa.Table:
    keys = pa.array([2, 0, None, 2, 1] * 700, key_type)
    column = pa.DictionaryArray.from_arrays(keys, pa.array(LEVELS), ordered=ordered)
    return pa.table({"i": pa.array(range(len(column))), "level": column})


@pytest.mark.parametrize("writer, reader", [(eider, lance), (lance, eider)], ids=["ours", "theirs"])
@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2"])
def test_categories(tmp_path, writer, reader, ordered, version):
    table = rows(pa.int16(), ordered=ordered)
    uri = str(tmp_path / "t.lance")
    writer.write_dataset(table, uri, data_storage_version=version, max_rows_per_file=1000)
    reader.write_dataset(table.slice(0, 10), uri, mode="append")
    for engine in (eider, lance):
        column = engine.dataset(uri).to_table()["level"]
        assert column.to_pylist() == table["level"].to_pylist() + table["level"].slice(0, 10).to_pylist()
        for chunk in column.chunks:
            assert [value for value in chunk.dictionary.to_pylist() if value is not None] == LEVELS
            assert {key for key, value in zip(chunk.indices.to_pylist(), chunk.to_pylist(), strict=True) if value} == {0, 1, 2}


def test_the_reference_reads_dictionaries_that_were_updated_and_compacted(tmp_path):
    table = rows(pa.int8(), ordered=True)
    ds = eider.write_dataset(table, tmp_path / "t.lance", max_rows_per_file=500)
    ds.update({"level": "'new'"}, where="i % 5 = 4")
    ds.optimize.compact_files()
    ours, theirs = (
        engine.dataset(ds.uri).to_table(columns={"i": "i", "level": "cast(level as string)"}).sort_by("i") for engine in (eider, lance)
    )
    assert ours == theirs
    assert ours["level"].to_pylist() == ["high", "low", None, "high", "new"] * 700
