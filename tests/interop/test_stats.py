"""What a read costs: a take asks io/ only for what it needs, a plain full-zip column is a view of the mapped file. And what data takes."""

from __future__ import annotations

import pathlib

import numpy as np
import pyarrow as pa
import pytest

ROWS = 400_000


@pytest.fixture(scope="module")
def wide(tmp_path_factory, engine, reference):
    """Written by the reference: scalars, strings, lists and vectors in one fragment."""
    if engine.name != "eider":
        pytest.skip("ScanStats are eider's")
    npr = np.random.default_rng(2)
    lists = pa.ListArray.from_arrays(pa.array(np.arange(ROWS + 1, dtype=np.int32) * 3), pa.array(npr.integers(0, 2**40, ROWS * 3)))
    table = pa.table({"id": npr.integers(0, 2**60, ROWS), "small": npr.integers(0, 1000, ROWS),
                      "text": [f"{n:x}" for n in npr.integers(0, 2**60, ROWS)], "list": lists,
                      "score": pa.array(npr.random(ROWS), mask=npr.random(ROWS) < 0.1)})
    uri = str(tmp_path_factory.mktemp("stats") / "wide.lance")
    reference.write_dataset(table, uri)
    return uri, table


@pytest.fixture(scope="module")
def vectors(tmp_path_factory, engine, reference):
    if engine.name != "eider":
        pytest.skip("views are eider's")
    values = np.random.default_rng(3).random(5000 * 192, dtype=np.float32)
    table = pa.table({"vector": pa.FixedSizeListArray.from_arrays(pa.array(values), 192)})
    uri = str(tmp_path_factory.mktemp("views") / "vectors.lance")
    reference.write_dataset(table, uri)
    return uri, table


def cost(engine, read) -> tuple[int, int, int, int]:
    stats = engine.module.ScanStats()
    read(stats)
    return stats.requests, stats.bytes, stats.rounds, stats.bytes_copied


def data_bytes(uri: str) -> int:
    return sum(p.stat().st_size for p in (pathlib.Path(uri) / "data").iterdir())


@pytest.mark.parametrize("column, most", [("id", 9 << 10), ("small", 8 << 10), ("text", 40 << 10), ("list", 40 << 10),
                                          ("score", 16 << 10)])
def test_a_take_of_one_row_reads_one_chunk(column, most, wide, engine) -> None:
    uri, table = wide
    ds = engine.dataset(uri)
    ds.take([1], columns=[column])  # page state is read once and kept
    row = 123_456
    requests, size, _, _ = cost(engine, lambda s: check(ds.take([row], columns=[column], stats=s), table, column, [row]))
    assert 0 < requests <= 3
    assert 0 < size <= most, f"take of one {column}: {size} bytes"


def check(got: pa.Table, table: pa.Table, column: str, rows: list[int]) -> None:
    assert got.column(column).to_pylist() == table.column(column).take(rows).to_pylist()


def test_a_take_reads_a_small_part_of_the_file(wide, engine) -> None:
    uri, table = wide
    rows = np.random.default_rng(0).integers(0, ROWS, 64).tolist()
    ds = engine.dataset(uri)
    for column in table.column_names:
        requests, size, _, copied = cost(engine, lambda s: check(ds.take(rows, columns=[column], stats=s), table, column, rows))
        assert size < data_bytes(uri) * 0.05, f"take of 64 {column}: {size} of {data_bytes(uri)} bytes"
        assert copied < 64 * 200, f"take of 64 {column} copied {copied} bytes"


def test_duplicates_are_not_read_twice(wide, engine) -> None:
    uri, _ = wide
    ds = engine.dataset(uri)
    ds.take([0], columns=["id"])
    once = cost(engine, lambda s: ds.take([77_777], columns=["id"], stats=s))
    often = cost(engine, lambda s: ds.take([77_777] * 50, columns=["id"], stats=s))
    assert often[:2] == once[:2]


def test_other_columns_are_not_read(wide, engine) -> None:
    uri, _ = wide
    ds = engine.dataset(uri)
    _, one, _, _ = cost(engine, lambda s: ds.to_table(columns=["small"], stats=s))
    _, everything, _, _ = cost(engine, lambda s: ds.to_table(stats=s))
    assert 0 < one < everything * 0.2
    assert everything <= data_bytes(uri) * 1.05


def test_a_range_reads_its_share(wide, engine) -> None:
    uri, _ = wide
    ds = engine.dataset(uri)
    _, whole, _, _ = cost(engine, lambda s: ds.to_table(columns=["id"], stats=s))
    _, tenth, _, _ = cost(engine, lambda s: ds.to_table(columns=["id"], offset=ROWS // 2, limit=ROWS // 10, stats=s))
    assert 0 < tenth < whole * 0.15


def test_count_rows_reads_no_data(wide, engine) -> None:
    uri, _ = wide
    requests, size, _, _ = cost(engine, lambda s: engine.dataset(uri).scanner(stats=s).count_rows())
    assert (requests, size) == (0, 0)


def mappings(path: str) -> list[tuple[int, int]]:
    """Address ranges of this process that map the file."""
    found = []
    with open("/proc/self/maps") as maps:
        for line in maps:
            if line.rstrip().endswith(path):
                low, _, high = line.split()[0].partition("-")
                found.append((int(low, 16), int(high, 16)))
    return found


def lies_in(address: int, ranges: list[tuple[int, int]]) -> bool:
    return any(low <= address < high for low, high in ranges)


def leaf_address(column: pa.ChunkedArray | pa.Array, chunk: int = 0) -> int:
    array = column.chunk(chunk) if isinstance(column, pa.ChunkedArray) else column
    return [b for b in array.buffers() if b is not None][-1].address


def test_a_plain_vector_column_is_a_view_of_the_file(vectors, engine) -> None:
    uri, table = vectors
    file = str(next((pathlib.Path(uri) / "data").iterdir()))
    ds = engine.dataset(uri)
    stats = engine.module.ScanStats()
    got = ds.to_table(stats=stats)
    assert got.equals(table)
    assert stats.bytes_copied == 0
    ranges = mappings(file)
    assert ranges, f"{file} is not mapped"
    for number in range(got.column(0).num_chunks):
        assert lies_in(leaf_address(got.column(0), number), ranges)


def test_batches_of_vectors_are_views_of_the_file(vectors, engine) -> None:
    uri, _ = vectors
    file = str(next((pathlib.Path(uri) / "data").iterdir()))
    batches = list(engine.dataset(uri).to_batches(batch_size=512))
    ranges = mappings(file)
    assert len(batches) >= 9 and all(lies_in(leaf_address(batch.column(0)), ranges) for batch in batches)


def test_a_view_outlives_its_dataset(vectors, engine) -> None:
    uri, table = vectors
    got = engine.dataset(uri).to_table()
    import gc

    gc.collect()
    assert got.equals(table)


def test_vectors_written_by_eider_are_views_too(vectors, engine, tmp_path) -> None:
    _, table = vectors
    for version in ("2.1", "2.2"):
        uri = str(tmp_path / f"v{version}.lance")
        engine.write_dataset(table, uri, data_storage_version=version)
        got = engine.dataset(uri).to_table()
        assert got.equals(table)
        assert lies_in(leaf_address(got.column(0)), mappings(str(next((pathlib.Path(uri) / "data").iterdir()))))


def test_a_loader_batch_in_order_is_a_view_of_the_file(vectors, engine) -> None:
    pytest.importorskip("torch")
    import eider.torch

    uri, table = vectors
    file = str(next((pathlib.Path(uri) / "data").iterdir()))
    first = next(iter(eider.torch.Loader(uri, batch_size=256)))["vector"]
    assert lies_in(first.data_ptr(), mappings(file))
    assert first.numpy().tolist()[3] == table.column(0)[3].as_py()


def test_adding_a_column_writes_little_more_than_the_column(wide, engine, reference, tmp_path) -> None:
    """Bytes written are at most 1.05 times the new column's encoded size plus the manifest."""
    _, table = wide
    uri = str(tmp_path / "d.lance")
    engine.write_dataset(table.select(["id", "text"]), uri)
    files = {p: p.stat().st_size for p in pathlib.Path(uri).rglob("*") if p.is_file()}
    extra = pa.table({"score": table["score"].combine_chunks(), "vector": pa.FixedSizeListArray.from_arrays(
        pa.array(np.random.default_rng(9).random(ROWS * 8, dtype=np.float32)), 8)})
    ds = engine.dataset(uri)
    ds.add_columns(extra)
    new = {p: p.stat().st_size for p in pathlib.Path(uri).rglob("*") if p.is_file() and p not in files}
    assert {p: p.stat().st_size for p in files if p.name.endswith(".lance")} == {p: n for p, n in files.items()
                                                                                if p.name.endswith(".lance")}
    alone = str(tmp_path / "alone.lance")
    engine.write_dataset(extra, alone)
    encoded = data_bytes(alone)
    manifest = max(n for p, n in new.items() if p.name.endswith(".manifest"))
    others = sum(n for p, n in new.items() if not p.name.endswith(".manifest") and p.parent.name != "_transactions")
    assert others <= 1.05 * encoded, f"{others} bytes for a column of {encoded}"
    assert sum(new.values()) <= 1.05 * encoded + 3 * manifest


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2"])
def test_bytes_of_fields_are_those_that_the_reference_counts(engine, reference, tmp_path, version):
    lance = pytest.importorskip("lance")
    if engine.name != "eider":
        pytest.skip("asks eider")
    import eider

    table = pa.table({"id": range(3000), "tags": [[f"tag {k}" for k in range(i % 4)] for i in range(3000)],
                      "box": [{"x": i / 3, "y": None if version != "2.0" and i % 5 == 1 else i} for i in range(3000)]})
    theirs = lance.write_dataset(table, tmp_path / "t.lance", data_storage_version=version, max_rows_per_file=1000)
    theirs.delete("id < 30")
    theirs.add_columns({"twice": "id * 2"})
    mine = eider.dataset(tmp_path / "t.lance")
    sizes = {field.id: field.bytes_on_disk for field in mine.stats.data_stats().fields}
    assert sizes == {field.id: field.bytes_on_disk for field in theirs.stats.data_stats().fields}
    assert mine.stats.dataset_stats() == theirs.stats.dataset_stats()
    for rows in (1000, 1001):  # deleted rows count
        assert mine.stats.dataset_stats(rows) == theirs.stats.dataset_stats(rows)
