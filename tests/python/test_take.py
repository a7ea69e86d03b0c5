"""Takes: positions in any form, order and duplicates kept."""

import os

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


ROWS = 6_000


def varied() -> pa.Table:
    """Columns of every shape that a take finds in its own way, in several fragments."""
    npr = np.random.default_rng(5)
    words = ["duck", "goose", "swan", "eider", "teal"]
    lists = [None if i % 11 == 0 else list(range(i, i + i % 6)) for i in range(ROWS)]
    texts = [None if i % 7 == 0 else f"{i * 7919 % 10_007} and {'x' * (i % 40)}" for i in range(ROWS)]
    return pa.table(
        {
            "id": pa.array(np.arange(ROWS)),
            "count": pa.array(npr.integers(0, 1 << 40, ROWS), mask=npr.random(ROWS) < 0.1),
            "score": pa.array(npr.random(ROWS)),
            "flag": pa.array(npr.random(ROWS) < 0.5, mask=npr.random(ROWS) < 0.2),
            "text": pa.array(texts),
            "word": pa.array([words[i % 5] for i in range(ROWS)]),
            "numbers": pa.array(lists),
            "deep": pa.array([[[i], [], [i, i + 1]][: i % 4] for i in range(ROWS)]),
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(npr.random(ROWS * 8, dtype=np.float32)), 8),
            "point": pa.array([None if i % 13 == 0 else {"x": i, "y": f"p{i}"} for i in range(ROWS)]),
            "long": pa.array([list(range(3000)) if i == 4000 else [i] for i in range(ROWS)]),
        }
    )


@pytest.fixture(scope="module")
def scattered(tmp_path_factory):
    table = varied()
    path = tmp_path_factory.mktemp("take") / "varied.lance"
    return eider.write_dataset(table, path, max_rows_per_file=2_500), table


@pytest.mark.parametrize("count", [1, 3, 64, 65, 700])
def test_scattered_rows_come_in_the_order_asked_whatever_is_known_of_the_file(scattered, count):
    written, table = scattered
    for round_ in range(3):  # the first round reads the tables of the pages, those after find rows by address
        rows = np.random.default_rng(count + round_).integers(0, ROWS, count).tolist()
        assert written.take(rows).to_pylist() == table.take(rows).to_pylist()
    ascending = sorted(rows)
    assert written.take(ascending).to_pylist() == table.take(ascending).to_pylist()


def test_a_row_of_many_chunks(scattered):
    written, table = scattered
    rows = [3999, 4000, 17, 4000, 4001]
    for _ in range(2):
        assert written.take(rows, columns=["long", "id"]).to_pylist() == table.select(["long", "id"]).take(rows).to_pylist()


def test_rows_keep_their_addresses(scattered):
    written, _ = scattered
    rows = [5999, 0, 2500, 2499, 2500]
    for _ in range(2):
        found = written.take(rows, columns=["_rowaddr", "id"])
        assert found.to_pydict() == {"_rowaddr": [2 << 32 | 999, 0, 1 << 32, 2499, 1 << 32], "id": rows}


def test_counters_do_not_depend_on_what_is_known(scattered):
    written, _ = scattered
    rows = [10, 5000, 2600]
    written.take(rows, columns=["count"])
    counted = []
    for columns in (["count"], ["count", "text"]):
        stats = eider.ScanStats()
        written.take(rows, columns=columns, stats=stats)
        assert stats.bytes > 0
        counted.append(stats.requests)
    assert counted[0] == 3, "one request a row: each lies in a file of its own"
    assert counted[1] <= 6 + 6


def test_kept_schemas_are_those_of_the_columns_asked(scattered):
    written, table = scattered
    for _ in range(2):
        assert written.take([1], columns=["id", "text"]).column_names == ["id", "text"]
        assert written.take([1], columns=["text", "id"]).column_names == ["text", "id"]
        assert written.take([1], columns={"key": "id"}).column_names == ["key"]
        assert written.take([1]).column_names == table.column_names


def test_a_warm_take_verifies_the_chunks_that_it_reads_whole(tmp_path):
    random = np.random.default_rng(0)
    values = [random.bytes(100_000) for _ in range(40)]
    field = pa.field("b", pa.large_binary(), metadata={"lance-encoding:structural-encoding": "miniblock",
                                                       "lance-encoding:compression": "none"})
    uri = tmp_path / "t.lance"
    eider.write_dataset(pa.table({"b": values}, schema=pa.schema([field])), uri)
    (file,) = (uri / "data").iterdir()
    stored = bytearray(file.read_bytes())
    stored[stored.index(values[7][50_000:50_016])] ^= 1
    file.write_bytes(stored)
    ds = eider.dataset(uri, session=eider.Session())
    assert ds.take([0])["b"][0].as_py() == values[0]
    with pytest.raises(eider.CorruptError, match="checksum"):
        ds.take([7])


def test_checking_versions_out_does_not_fill_the_session(tmp_path):
    session = eider.Session()
    eider.write_dataset(pa.table({f"c{i}": [i] for i in range(50)}), tmp_path / "t.lance")
    for file in (tmp_path / "t.lance").rglob("*.*"):
        os.utime(file, (1, 1))  # of one that was written just now, nothing is kept
    ds = eider.dataset(tmp_path / "t.lance", session=session)
    ds.checkout_version(1).take([0])
    before = session.size_bytes()
    for _ in range(20):
        ds.checkout_version(1).take([0])
    assert session.size_bytes() <= 2 * before  # one plan more would be as much each time


def test_neighbouring_rows_of_lists_agree_with_a_slice(tmp_path):
    rows = 50_000
    lists = pa.array([[i, i + 1][: i % 3] if i % 7 else None for i in range(rows)], pa.list_(pa.int64()))
    ds = eider.write_dataset(pa.table({"l": lists, "x": pa.array([i if i % 200 else None for i in range(rows)])}), tmp_path / "t.lance")
    for count in (1, 2, 3, 40, 900, 5000):
        assert ds.take(range(1000, 1000 + count)).equals(ds.slice(1000, 1000 + count))
        assert ds.take(range(1000, 1000 + count)).equals(ds.slice(1000, 1000 + count))
        spread = list(range(0, rows, rows // count))
        assert ds.take(spread).equals(ds.to_table().take(spread))
