"""Damage to the bytes of blobs is found, in the data file and in side-cars, by every way of reading them whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import eider
from eider.file import LanceFileReader, LanceFileWriter

SIZES = (10, 0, 300, 70_000, 150_000, 5_000_000)
VALUES = [np.random.default_rng(size).bytes(size) for size in SIZES] + [None]
ROWS = range(len(VALUES))


def write(uri: Path, version: str) -> None:
    if version == "2.2":
        table = pa.table([eider.blob_array(VALUES)], schema=pa.schema([eider.blob_field("video")]))
    else:
        field = pa.field("video", pa.large_binary(), metadata={"lance-encoding:blob": "true"})
        table = pa.table([pa.array(VALUES, pa.large_binary())], schema=pa.schema([field]))
    eider.write_dataset(table, uri, data_storage_version=version)


def read_blobs(uri: Path) -> list[bytes | None]:
    return [value for _, value in eider.dataset(uri).read_blobs("video", indices=ROWS)]


def to_table(uri: Path) -> list[bytes | None]:
    return eider.dataset(uri).to_table(blob_handling="all_binary")["video"].to_pylist()


def take_blobs(uri: Path) -> list[bytes | None]:
    return [blob and blob.readall() for blob in eider.dataset(uri).take_blobs("video", indices=ROWS)]


READS: list[Callable[[Path], list[bytes | None]]] = [read_blobs, to_table, take_blobs]


def places(uri: Path) -> list[tuple[Path, int, int]]:
    """File, position and size of each value that has bytes."""
    blobs = eider.dataset(uri).take_blobs("video", indices=ROWS)
    return [(Path(blob.path), blob.offset, blob.size()) for blob in blobs if blob and blob.size()]


@pytest.mark.parametrize("version", ["2.1", "2.2"])
def test_a_changed_byte_of_any_value_is_named(tmp_path: Path, version: str) -> None:
    uri = tmp_path / "t.lance"
    write(uri, version)
    assert [read(uri) == VALUES for read in READS] == [True] * 3
    found = places(uri)
    assert len({path for path, _, _ in found}) == (1 if version == "2.1" else 3), "inline, shared and alone"
    for path, position, size in found:
        good = path.read_bytes()
        for at in {0, 1, size // 2, size - 1, *range(0, size, max(1, size // 20))}:
            bad = bytearray(good)
            bad[position + at] ^= 1 << at % 8
            path.write_bytes(bad)
            for read in READS:
                with pytest.raises(
                    eider.CorruptError, match=f"column 'video', file '.*{path.name}'.*block {at // 65536}: checksum"
                ):
                    read(uri)
        path.write_bytes(good)


@pytest.mark.parametrize("version", ["2.1", "2.2"])
def test_every_changed_byte_of_small_values_is_found(tmp_path: Path, version: str) -> None:
    uri = tmp_path / "t.lance"
    write(uri, version)
    for path, position, size in [place for place in places(uri) if place[2] <= 300]:
        good = path.read_bytes()
        for at in range(position, position + size):
            bad = bytearray(good)
            bad[at] ^= 0x80
            path.write_bytes(bad)
            with pytest.raises(eider.CorruptError, match="checksum"):
                read_blobs(uri)
        path.write_bytes(good)


def test_a_part_is_verified_as_far_as_it_has_whole_blocks(tmp_path: Path) -> None:
    uri = tmp_path / "t.lance"
    write(uri, "2.2")
    path, position, _ = places(uri)[-1]
    bad = bytearray(path.read_bytes())
    bad[position + 1_000_000] ^= 1  # in block 15
    path.write_bytes(bad)
    blob = eider.dataset(uri).take_blobs("video", indices=[5])[0]
    blob.seek(1_000_000)
    assert blob.read(1) != VALUES[5][1_000_000:1_000_001], "a byte is no block"
    assert blob.read_range(65_536, 14 * 65_536) == VALUES[5][65_536 : 15 * 65_536]
    with pytest.raises(eider.CorruptError, match="block 15"):
        blob.read_range(900_000, 200_000)
    with pytest.raises(eider.CorruptError, match="block 15"):
        eider.dataset(uri).read_blob_ranges("video", [(5, 900_000, 200_000)], selector="indices")
    unverified = eider.dataset(uri, session=eider.Session(verify=False))
    assert unverified.read_blobs("video", indices=[5])[0][1] == bytes(bad[position : position + SIZES[5]])


def test_blobs_without_checksums_are_read(tmp_path: Path) -> None:
    uri = tmp_path / "t.lance"
    table = pa.table([eider.blob_array(VALUES)], schema=pa.schema([eider.blob_field("video")]))
    eider.write_dataset(table, uri, checksums=False)
    path, position, _ = places(uri)[0]
    bad = bytearray(path.read_bytes())
    bad[position] ^= 1
    path.write_bytes(bad)
    assert read_blobs(uri)[1:] == VALUES[1:]


def test_a_file_of_its_own_verifies_its_blobs(tmp_path: Path) -> None:
    path = tmp_path / "a.lance"
    field = pa.field("video", pa.large_binary(), metadata={"lance-encoding:blob": "true"})
    table = pa.table([pa.array(VALUES, pa.large_binary())], schema=pa.schema([field]))
    with LanceFileWriter(path, table.schema, version="2.1") as writer:
        writer.write_batch(table)
    assert LanceFileReader(path).read_all().to_table()["video"].to_pylist() == VALUES
    bad = bytearray(path.read_bytes())
    bad[bad.find(VALUES[3][:100]) + 66_000] ^= 1
    path.write_bytes(bad)
    with pytest.raises(eider.CorruptError, match="column 'video'.*block 1: checksum"):
        LanceFileReader(path).read_all().to_table()
