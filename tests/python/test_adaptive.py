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


SPARSE = {
    "int32": lambda random: random.integers(0, 1 << 30, ROWS, dtype=np.int32),
    "float32": lambda random: random.random(ROWS, dtype=np.float32),
    "int64 of few values": lambda random: random.integers(0, 1000, ROWS),
    "words": lambda random: np.array(["eider", "goose", "swan"])[random.integers(0, 3, ROWS)],
}


@pytest.mark.parametrize("profile", ["fast", "compact"])
@pytest.mark.parametrize("kind", SPARSE)
def test_sparse_columns_cost_at_most_a_bit_a_row(tmp_path, kind, profile):
    random = np.random.default_rng(1)
    columns = write(tmp_path, pa.array(SPARSE[kind](random), mask=random.random(ROWS) >= 0.01), profile=profile)
    assert bits_per_row(columns) <= 1.0


def test_sparse_wide_numbers_cost_little_more_than_themselves(tmp_path):
    random = np.random.default_rng(1)
    columns = write(tmp_path, pa.array(random.integers(0, 1 << 62, ROWS), mask=random.random(ROWS) >= 0.01))
    assert bits_per_row(columns) <= 0.01 * 64 + 0.5


def test_columns_of_nulls_cost_nothing(tmp_path):
    (column,) = write(tmp_path, pa.nulls(ROWS, pa.float64()))
    assert {page["layout"] for page in column["pages"]} == {"constant"}
    assert sum(page["size_bytes"] for page in column["pages"]) == 0


def test_polygons_cost_offsets_alone(tmp_path):
    random = np.random.default_rng(2)
    points = random.integers(4, 40, 20_000)
    coordinates = pa.FixedSizeListArray.from_arrays(pa.array(random.random(2 * int(points.sum()))), 2)
    polygons = pa.ListArray.from_arrays(pa.array(np.concatenate([[0], np.cumsum(points)]).astype(np.int32)), coordinates)
    (column,) = write(tmp_path, polygons)
    parts = {name: sum(page["bytes"].get(name, 0) for page in column["pages"]) for name in ("definition", "repetition", "values")}
    assert parts["definition"] == 0
    assert parts["values"] <= 1.01 * 16 * int(points.sum())
    # Bits packed by the 1024, of which a chunk of 4 KiB of points fills a quarter.
    assert 0 < parts["repetition"] <= 4 * int(points.sum()) // 8 + 1024
    size = sum(page["size_bytes"] for page in column["pages"])
    assert size <= 1.04 * (16 * int(points.sum()) + 4 * len(points))


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
