"""What a page costs beside its values follows from what is in it, column by column and page by page."""

import lance
import numpy as np
import pyarrow as pa
import pytest

import eider
from eider.file import LanceFileReader, LanceFileWriter, inspect

ROWS = 1_000_000


def write(path, array, **options):
    """The pages of a file with the one column `array`, which both engines read."""
    table = pa.table({"v": array})
    uri = path / "t.lance"
    eider.write_dataset(table, uri, durability="none", **options)
    assert eider.dataset(uri).to_table().equals(table)
    assert lance.dataset(str(uri)).to_table().equals(table)
    rows = [0, len(array) // 2, len(array) - 1]
    assert eider.dataset(uri).take(rows).equals(table.take(rows))
    (file,) = (uri / "data").iterdir()
    return inspect(file)["columns"]


def bits_per_row(columns):
    return 8 * sum(page["size_bytes"] for column in columns for page in column["pages"]) / ROWS


def test_ids_have_no_structure(tmp_path):
    (column,) = write(tmp_path, pa.array(np.arange(ROWS)))
    for page in column["pages"]:
        assert page["layout"] == "mini-block"
        assert page["bytes"]["definition"] == page["bytes"]["repetition"] == page["bytes"]["dictionary"] == 0
    # Chunk headers and the index of chunks: a small share.
    assert bits_per_row([column]) < 20


def integers(dtype):
    info = np.iinfo(dtype)
    return lambda random: random.integers(info.min, info.max, ROWS, dtype=dtype, endpoint=True)


def words(random):
    letters = random.integers(97, 123, (20_000, 6), dtype=np.uint8).view("S6").ravel().astype(str)
    return letters[random.integers(0, len(letters), ROWS)]


# Numbers use all their bits, so that they alone take 0.01 of their width.
SPARSE = {
    "bool": lambda random: random.integers(0, 2, ROWS).astype(bool),
    **{dtype: integers(dtype) for dtype in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")},
    "float16": lambda random: random.random(ROWS).astype(np.float16),
    "float32": lambda random: random.random(ROWS, dtype=np.float32),
    "float64": lambda random: random.random(ROWS),
    "date": lambda random: random.integers(0, 20_000, ROWS).astype("datetime64[D]"),
    "timestamp": lambda random: random.integers(0, 1 << 60, ROWS).astype("datetime64[us]"),
    "int64 of few values": lambda random: random.integers(0, 1000, ROWS),
    "few words": lambda random: np.array(["eider", "goose", "swan"])[random.integers(0, 3, ROWS)],
    "many words": words,
}


@pytest.mark.parametrize("profile", ["fast", "compact"])
@pytest.mark.parametrize("kind", SPARSE)
def test_sparse_columns_cost_at_most_a_bit_a_row(tmp_path, kind, profile):
    random = np.random.default_rng(1)
    array = pa.array(SPARSE[kind](random), mask=random.random(ROWS) >= 0.01)
    columns = write(tmp_path, array, profile=profile)
    assert bits_per_row(columns) <= 1.0
    rows = np.sort(random.choice(ROWS, 500, replace=False))
    filled = np.flatnonzero(array.is_valid())[::50]
    for engine, uri in ((eider, tmp_path / "t.lance"), (lance, str(tmp_path / "t.lance"))):
        dataset = engine.dataset(uri)
        assert dataset.take([*rows, *filled])["v"].combine_chunks() == array.take(pa.array([*rows, *filled]))
    assert lance.dataset(str(tmp_path / "t.lance")).count_rows(filter="v IS NOT NULL") == len(array) - array.null_count


@pytest.mark.parametrize("gap", [1, 100, 254, 255, 256, 300, 509, 510, 511, 600, 4000, 9000])
@pytest.mark.parametrize("first", [0, 1, 300])
def test_runs_of_sparse_values_begin_and_end_where_they_must(tmp_path, gap, first):
    places = np.arange(first, 100_000, gap + 1)
    places = places[np.random.default_rng(gap).random(len(places)) < 0.99]
    if gap < 16:
        places = places[::8]
    values = np.zeros(100_000, np.int64)
    values[places] = np.random.default_rng(2).integers(1, 1 << 62, len(places))
    write(tmp_path, pa.array(values, mask=values == 0))


def test_columns_of_nulls_cost_nothing(tmp_path):
    (column,) = write(tmp_path, pa.nulls(ROWS, pa.float64()))
    assert {page["layout"] for page in column["pages"]} == {"constant"}
    assert sum(page["size_bytes"] for page in column["pages"]) == 0


def polygons(point, random):
    """20,000 polygons of one or two rings of 4 to 40 points."""
    rings = np.concatenate([[0], np.cumsum(random.integers(1, 3, 20_000))]).astype(np.int32)
    points = np.concatenate([[0], np.cumsum(random.integers(4, 40, rings[-1]))]).astype(np.int32)
    coordinates = random.random((2, int(points[-1])))
    if point == "struct":
        items = pa.StructArray.from_arrays(list(map(pa.array, coordinates)), ["x", "y"])
    else:
        items = pa.FixedSizeListArray.from_arrays(pa.array(coordinates.T.ravel()), 2)
    return pa.ListArray.from_arrays(rings, pa.ListArray.from_arrays(points, items)), len(points) - 1, int(points[-1])


@pytest.mark.parametrize("point", ["struct", "pair"])
def test_polygons_cost_offsets_alone(tmp_path, point):
    """A bit and a half a point for every column of coordinates: what a ring's offset of 32 bits takes, and no more."""
    array, rings, points = polygons(point, np.random.default_rng(2))
    columns = write(tmp_path, array)
    assert len(columns) == (2 if point == "struct" else 1)
    for column in columns:
        parts = {name: sum(page["bytes"].get(name, 0) for page in column["pages"]) for name in ("definition", "repetition", "values")}
        assert parts["definition"] == 0
        assert parts["values"] <= 1.01 * 16 // len(columns) * points
        assert 0 < parts["repetition"] <= 1.1 * 4 * rings + 1024
        size = sum(page["size_bytes"] for page in column["pages"])
        assert size <= parts["values"] + 1.5 * 4 * rings


def test_pages_of_one_column_differ(tmp_path):
    random = np.random.default_rng(3)
    values = random.integers(0, 1 << 40, ROWS)
    half = np.arange(ROWS) >= ROWS // 2
    (column,) = write(tmp_path, pa.array(values, mask=half))
    first, last = column["pages"][0], column["pages"][-1]
    assert (first["layout"], last["layout"]) == ("mini-block", "constant")
    assert first["bytes"]["definition"] == 0 and first["null_count"] == 0
    assert last["size_bytes"] == 0


def test_strings_change_their_codec_from_page_to_page(tmp_path):
    random = np.random.default_rng(4)
    path = tmp_path / "f.lance"
    words = np.array(["eider", "goose", "swan", "duck"])[random.integers(0, 4, 100_000)]
    long = [random.bytes(200).hex() for _ in range(2000)]
    schema = pa.schema([("v", pa.string())])
    with LanceFileWriter(path, schema, max_page_bytes=400_000) as writer:
        for part in (words, long):
            writer.write_batch(pa.table({"v": pa.array(part)}, schema=schema))
    (column,) = inspect(path)["columns"]
    layouts = [page["encoding"] for page in column["pages"]]
    assert "dictionary" in layouts[0] and layouts[-1].startswith("full-zip"), layouts
    assert LanceFileReader(path).read_all().to_table()["v"].to_pylist() == [*words, *long]
