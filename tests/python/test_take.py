"""Takes: positions in any form, order and duplicates kept."""

import numpy as np
import pyarrow as pa
import pytest

import eider

POSITIONS = [7, 0, 7, 3]


@pytest.mark.parametrize(
    "positions",
    [
        POSITIONS,
        tuple(POSITIONS),
        np.array(POSITIONS),
        np.array(POSITIONS, dtype=np.uint16),
        np.array([7, -1, 0, -1, 7, -1, 3])[::2],
        pa.array(POSITIONS, pa.int64()),
        pa.array([9, *POSITIONS, 9], pa.uint8()).slice(1, 4),
        pa.chunked_array([POSITIONS[:2], POSITIONS[2:]]),
        [np.int64(p) for p in POSITIONS],
    ],
    ids=["list", "tuple", "numpy", "uint16", "strided", "arrow", "sliced uint8", "chunked", "numpy scalars"],
)
def test_positions_in_any_form(ds, table, positions):
    assert ds.take(positions).to_pylist() == table.take(POSITIONS).to_pylist()


def test_a_range(ds, table):
    assert ds.take(range(2, 5)) == table.slice(2, 3)


def test_nothing(ds, table):
    assert ds.take([]).schema == table.schema
    assert ds.take(np.array([], dtype=np.int64)).num_rows == 0


def test_a_nested_field_prunes_the_struct(ds):
    found = ds.take([1], columns=["box.x", "id"])
    assert found.to_pylist() == [{"box": {"x": 0.5}, "id": 1}]


def test_renames(ds):
    assert ds.take([1], columns={"key": "id"}).to_pylist() == [{"key": 1}]


@pytest.mark.parametrize("position", [10, 2**40, 2**64 - 1])
def test_a_position_out_of_range_is_named(ds, position):
    with pytest.raises(eider.InvalidError, match=str(position)) as caught:
        ds.take([0, position])
    assert isinstance(caught.value, OSError)


@pytest.mark.parametrize("positions", [[-1], np.array([-1]), pa.array([-1]), [2**70]])
def test_an_impossible_position(ds, positions):
    with pytest.raises(eider.InvalidError, match="-1 is|out of range"):
        ds.take(positions)


@pytest.mark.parametrize("positions", [[None], ["a"], [1.5], 3])
def test_no_positions_at_all(ds, positions):
    with pytest.raises(TypeError):
        ds.take(positions)


def test_arrow_positions_must_be_integers_without_nulls(ds):
    with pytest.raises(eider.InvalidError, match="must not be null"):
        ds.take(pa.array([1, None]))
    with pytest.raises(eider.InvalidError, match="must be integers"):
        ds.take(pa.array([1.0]))


def test_over_fragments(write, table):
    ds = write(table, max_rows_per_file=3)
    assert len(ds.get_fragments()) == 4
    assert ds.take([9, 0, 5]).column("id").to_pylist() == [9, 0, 5]


def test_stats_count_what_a_take_asks(ds):
    stats = eider.ScanStats()
    ds.take([1, 2], columns=["id"], stats=stats)
    assert 1 <= stats.requests <= 8


def test_takes_join_dictionaries_that_are_too_large_together(tmp_path):
    """Indices of int8 name 128 values: of each fragment's dictionary, those that are taken remain."""
    def batch(first):
        values = pa.array([f"value {first + i}" for i in range(100)])
        return pa.table({"d": pa.DictionaryArray.from_arrays(pa.array(range(100), pa.int8()), values)})

    ds = eider.write_dataset(batch(0), tmp_path / "t")
    ds = eider.write_dataset(batch(100), tmp_path / "t", mode="append")
    picks = [150, 3, 3, 199, 0]
    assert ds.take(picks)["d"].to_pylist() == [f"value {i}" for i in picks]
    ds = eider.write_dataset(batch(0).take(list(range(99, -1, -1))), tmp_path / "t", mode="append")
    assert ds.take([99, 200, *range(50), 299])["d"].to_pylist() == [f"value {i}" for i in (99, 99, *range(50), 0)]
    with pytest.raises(eider.InvalidError, match="dictionary of 200 values does not fit indices of int8"):
        ds.take(list(range(200)))
    assert [value for b in ds.to_batches() for value in b["d"].to_pylist()][:200] == [f"value {i}" for i in range(200)]
