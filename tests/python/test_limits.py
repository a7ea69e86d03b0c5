"""Tables much wider, and values much larger, than a page."""

import lance
import numpy as np
import pyarrow as pa
import pytest

import eider
from eider.file import LanceFileReader, LanceFileWriter, inspect


def batches(columns, rows, count):
    """Column c of batch b holds b, c and the row."""
    for b in range(count):
        yield pa.record_batch({f"c{c}": pa.array(np.arange(rows) + 1000 * b + c) for c in range(columns)})


def write_wide(uri, columns, rows, count, **options):
    stream = batches(columns, rows, count)
    first = next(stream)
    reader = pa.RecordBatchReader.from_batches(first.schema, (b for part in ([first], stream) for b in part))
    return eider.write_dataset(reader, uri, durability="none", **options)


def test_wide_tables(tmp_path):
    uri = str(tmp_path / "wide")
    write_wide(uri, 3000, 50, 3)
    expected = np.concatenate([np.arange(50) + 1000 * b + 2999 for b in range(3)])
    assert eider.dataset(uri).to_table(columns=["c2999"])["c2999"].to_numpy().tolist() == expected.tolist()
    assert eider.dataset(uri).take([149], columns=["c7", "c2999"]).to_pylist() == [{"c7": 2056, "c2999": 5048}]
    theirs = lance.dataset(uri)
    assert len(theirs.schema) == 3000
    assert theirs.to_table(columns=["c0", "c2999"])["c2999"].to_numpy().tolist() == expected.tolist()


def test_wide_tables_within_a_small_budget(tmp_path):
    path = tmp_path / "wide.lance"
    session = eider.Session(memory_limit=16 << 20)
    first, *rest = batches(500, 4000, 3)
    with LanceFileWriter(path, first.schema, session=session) as writer:
        for batch in (first, *rest):
            writer.write_batch(batch)
    found = LanceFileReader(path, columns=["c499"]).read_all().to_table()
    assert found["c499"].to_numpy().tolist() == np.concatenate([np.arange(4000) + 1000 * b + 499 for b in range(3)]).tolist()
    # 16 MB of 48: the pages are smaller than a batch of a few columns would have them.
    assert all(page["size_bytes"] <= 64 << 10 for column in inspect(path)["columns"] for page in column["pages"])


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()])
def test_large_values(tmp_path, kind):
    uri = str(tmp_path / "large")
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    values = [b"a", bytes(24 << 20), None, b"few words, again and again; " * (1 << 20), b"", np.random.default_rng(1).bytes(5 << 20)]
    values = [v if v is None or not text else v.hex() if i == 5 else v.decode() for i, v in enumerate(values)]
    table = pa.table({"id": pa.array(range(6)), "v": pa.array(values, kind)})
    eider.write_dataset(table, uri, durability="none")
    assert eider.dataset(uri).to_table().equals(table)
    assert eider.dataset(uri).take([3, 1]).equals(table.take([3, 1]))
    assert lance.dataset(uri).to_table().equals(table)


@pytest.mark.parametrize("nullable", [False, True])
def test_a_row_larger_than_a_page(tmp_path, nullable):
    path = tmp_path / "f.lance"
    items = np.arange(1_000_000)
    values = pa.array(items, mask=items % 7 == 0 if nullable else None)
    lists = pa.ListArray.from_arrays(pa.array([0, 3, 3, 900_000, 1_000_000], pa.int32()), values)
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(np.arange(4 * 100_000, dtype=np.float32)), 100_000)
    table = pa.table({"list": lists, "vector": vectors})
    with LanceFileWriter(path, table.schema, max_page_bytes=64 << 10) as writer:
        writer.write_batch(table)
    found = LanceFileReader(path).read_all().to_table()
    assert found.equals(table)
    assert LanceFileReader(path).take_rows([2]).to_table().equals(table.slice(2, 1))
    theirs = lance.file.LanceFileReader(str(path))
    assert theirs.read_all().to_table().equals(table)
    assert theirs.take_rows([2]).to_table().equals(table.slice(2, 1))
