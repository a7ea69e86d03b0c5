"""Packed structs, both ways with the reference engine."""

import numpy as np
import pyarrow as pa
import pytest

import eider

lance = pytest.importorskip("lance")

PACKED = {"lance-encoding:packed": "true"}
ROWS = 700


def columns() -> dict[str, pa.StructArray]:
    rng = np.random.default_rng(0)
    i = pa.array(rng.integers(0, 100, ROWS), pa.int32())
    f = pa.array(rng.random(ROWS))
    s = pa.array([f"s{x}" * (x % 40) for x in range(ROWS)])
    b = pa.array([b"q" * (x % 99) for x in range(ROWS)], pa.large_binary())
    v = pa.FixedSizeListArray.from_arrays(pa.array(rng.random(3 * ROWS), pa.float32()), 3)
    mask = pa.array(rng.random(ROWS) < 0.1)
    struct = pa.StructArray.from_arrays
    return {
        "fixed": struct([i, f], ["i", "f"]),
        "fixed with nulls": struct([i, f], ["i", "f"], mask=mask),
        "wide": struct([pa.array([bytes([x % 256]) * 300 for x in range(ROWS)], pa.binary(300)), i], ["w", "i"]),
        "strings": struct([i, s, f, b], ["i", "s", "f", "b"]),
        "strings with nulls": struct([i, s], ["i", "s"], mask=mask),
        "vectors": struct([i, v], ["i", "v"]),
        "nested": struct([i, struct([f, s], ["f", "s"])], ["i", "n"]),
    }


def table(array: pa.StructArray) -> pa.Table:
    return pa.table([array], schema=pa.schema([pa.field("c", array.type, metadata=PACKED)]))


@pytest.mark.parametrize("version", ["2.1", "2.2"])
@pytest.mark.parametrize("name", columns())
def test_packed_structs_are_read_both_ways(tmp_path, name, version):
    data = table(columns()[name])
    expected = data.to_pylist()
    rows = [5, 3, 3, ROWS - 1, 0]
    if version == "2.1" and name not in ("fixed", "fixed with nulls", "wide"):
        with pytest.raises(eider.UnsupportedError, match="needs file version 2.2 or later"):
            eider.write_dataset(data, str(tmp_path / "t"), data_storage_version=version)
        return
    ours = eider.write_dataset(data, str(tmp_path / "ours"), data_storage_version=version)
    assert lance.dataset(ours.uri).to_table().to_pylist() == ours.to_table().to_pylist() == expected
    assert ours.take(rows).to_pylist() == [expected[row] for row in rows]
    if name == "wide":  # which the reference reads, but does not write
        return
    theirs = str(tmp_path / "theirs")
    lance.write_dataset(data, theirs, data_storage_version=version)
    assert eider.dataset(theirs).to_table().to_pylist() == expected
    assert eider.dataset(theirs).take(rows).to_pylist() == [expected[row] for row in rows]


@pytest.mark.parametrize("name", ["fixed", "strings"])
def test_a_packed_struct_costs_one_read_a_row(tmp_path, name):
    dataset = eider.write_dataset(table(columns()[name]), str(tmp_path / "t"))
    dataset.take([0])
    stats = eider.ScanStats()
    dataset.take([600], stats=stats)
    assert stats.requests <= 2


def test_what_no_packed_struct_holds_is_refused_by_name(tmp_path):
    struct = pa.StructArray.from_arrays
    i = pa.array([1, 2], pa.int32())
    refused = {
        "field 'c': packed struct with field 'b' of type bool": struct([i, pa.array([True, False])], ["i", "b"]),
        "field 'c': packed struct with field 'l' of type list": struct([i, pa.array([[1], [2]])], ["i", "l"]),
        "field 'i' is null in a struct that is not": struct([pa.array([1, None], pa.int32()), i], ["i", "j"]),
    }
    for message, array in refused.items():
        with pytest.raises(ValueError, match=message):
            eider.write_dataset(table(array), str(tmp_path / "t"))
