"""Damage in data files is found where checksums are kept, and never invented where they are not."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import eider
from eider.file import LanceFileReader, LanceFileWriter, inspect


def write(path: Path, table: pa.Table, **options: object) -> bytes:
    with LanceFileWriter(path, table.schema, **options) as writer:
        writer.write_batch(table)
    return path.read_bytes()


@pytest.fixture
def table() -> pa.Table:
    rng = np.random.default_rng(3)
    return pa.table(
        {
            "number": pa.array(rng.integers(0, 2**60, 20_000)),
            "text": pa.array([None if i % 7 == 0 else f"text of row {i} {i * 7919 % 1000}" for i in range(20_000)]),
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(rng.random(20_000 * 64, np.float32)), 64),
        }
    )


def test_a_changed_byte_in_any_page_buffer_is_named(tmp_path: Path, table: pa.Table) -> None:
    path = tmp_path / "a.lance"
    good = write(path, table)
    for column in inspect(path)["columns"]:
        for page, buffer in itertools.product(column["pages"], range(4)):
            if buffer >= len(page["buffers"]) or page["buffers"][buffer]["size_bytes"] == 0:
                continue
            place = page["buffers"][buffer]
            for at in (0, place["size_bytes"] // 2, place["size_bytes"] - 1):
                bad = bytearray(good)
                bad[place["offset"] + at] ^= 0x20
                copy = tmp_path / f"{column['name']}-{page['first_row']}-{buffer}-{at}.lance"
                copy.write_bytes(bad)
                with pytest.raises(
                    eider.CorruptError, match=f"{copy.name}.*page 0 of column '{column['name']}'.*checksum"
                ):
                    LanceFileReader(copy).read_all().to_table()


def test_a_damaged_file_can_be_read_without_verifying(tmp_path: Path, table: pa.Table) -> None:
    path = tmp_path / "a.lance"
    bad = bytearray(write(path, table.select(["vector"])))
    bad[1000] ^= 1
    path.write_bytes(bad)
    assert LanceFileReader(path, verify=False).read_all().to_table().num_rows == 20_000
    quiet = eider.Session(verify=False)
    assert LanceFileReader(path, session=quiet).read_all().to_table().num_rows == 20_000
    with pytest.raises(eider.CorruptError):
        LanceFileReader(path).read_all().to_table()


def test_datasets_verify_and_sessions_may_decline(tmp_path: Path, table: pa.Table) -> None:
    uri = str(tmp_path / "t.lance")
    eider.write_dataset(table, uri)
    (file,) = (tmp_path / "t.lance" / "data").iterdir()
    bad = bytearray(file.read_bytes())
    place = inspect(file)["columns"][0]["pages"][0]["buffers"][1]
    bad[place["offset"] + 100] ^= 1
    file.write_bytes(bad)
    with pytest.raises(eider.CorruptError, match="column 'number': chunk 0"):
        eider.dataset(uri).to_table()
    assert eider.dataset(uri).to_table(columns=["text"]).num_rows == 20_000
    assert eider.dataset(uri, session=eider.Session(verify=False)).to_table().num_rows == 20_000


def test_checksums_can_be_left_out(tmp_path: Path, table: pa.Table) -> None:
    path = tmp_path / "a.lance"
    write(path, table, checksums=False)
    found = inspect(path)
    assert found["checksum_bytes"] == 0
    assert len(found["global_buffers"]) == 1
    assert LanceFileReader(path).read_all().to_table().equals(table)
    uri = str(tmp_path / "t.lance")
    eider.write_dataset(table, uri, checksums=False)
    (file,) = (tmp_path / "t.lance" / "data").iterdir()
    assert inspect(file)["checksum_bytes"] == 0


def test_checksums_are_a_thousandth_of_the_file(tmp_path: Path, table: pa.Table) -> None:
    with_them = len(write(tmp_path / "a.lance", table))
    without = len(write(tmp_path / "b.lance", table, checksums=False))
    assert with_them <= 1.001 * without + 200


def test_statistics_bound_each_page(tmp_path: Path) -> None:
    table = pa.table(
        {
            "i": pa.array([5, None, -3], pa.int32()),
            "f": pa.array([1.5, float("nan"), -0.25]),
            "s": pa.array(["b", "a text that is longer than sixteen bytes", None]),
            "none": pa.array([None, None, None], pa.int8()),
            "u": pa.array([2**64 - 1, 0, 7], pa.uint64()),
        }
    )
    path = tmp_path / "a.lance"
    write(path, table)
    pages = {c["name"]: c["pages"][0] for c in inspect(path)["columns"]}
    assert (pages["i"]["null_count"], pages["i"]["min"], pages["i"]["max"]) == (1, "-3", "5")
    assert (pages["f"]["null_count"], pages["f"]["min"], pages["f"]["max"]) == (0, "-0.25", "1.5")
    assert (pages["s"]["null_count"], pages["s"]["min"], pages["s"]["max"]) == (1, "a text that is l", "b")
    assert pages["none"]["null_count"] == 3 and "min" not in pages["none"]
    assert (pages["u"]["min"], pages["u"]["max"]) == ("0", str(2**64 - 1))
