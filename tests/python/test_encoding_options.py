"""Profiles, options by column, and the `lance-encoding:*` keys of fields: what they change, and what they refuse."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest

import eider
from eider.file import LanceFileReader, LanceFileWriter

ROWS = 20_000
WORDS = [f"word{i} " for i in range(200)]


def texts(rows: int = ROWS) -> pa.Array:
    source = random.Random(1)
    return pa.array(["".join(source.choices(WORDS, k=12)) for _ in range(rows)])


def write(path, table: pa.Table, **options) -> int:
    with LanceFileWriter(str(path), table.schema, **options) as writer:
        writer.write_batch(table)
    assert LanceFileReader(str(path)).read_all().to_table().equals(table)
    return path.stat().st_size


def field(name: str, array: pa.Array, **keys: str) -> pa.Table:
    metadata = {f"lance-encoding:{key.replace('_', '-')}": value for key, value in keys.items()}
    return pa.table([array], pa.schema([pa.field(name, array.type, metadata=metadata)]))


def test_compact_is_smaller_and_reads_the_same(tmp_path):
    npr, source = np.random.default_rng(2), random.Random(2)
    sentences = ["".join(source.choices(WORDS, k=9)) for _ in range(300)]
    columns = {"prose": pa.array(["".join(source.choices(sentences, k=3)) for _ in range(ROWS)]), "words": texts(),
               "price": pa.array(np.round(npr.normal(100, 5, ROWS), 1)), "day": pa.array(npr.integers(9000, 11000, ROWS).astype("int32"))}
    sizes = {name: (write(tmp_path / "c.lance", pa.table({"v": array}), profile="compact"), write(tmp_path / "f.lance", pa.table({"v": array})))
             for name, array in columns.items()}
    assert all(compact < fast for compact, fast in sizes.values()), sizes
    assert sizes["prose"][0] < 0.85 * sizes["prose"][1], sizes


def test_options_of_a_column_win_over_its_metadata_and_are_not_stored(tmp_path):
    table = field("v", texts(), compression="none")
    plain = write(tmp_path / "plain.lance", table)
    small = write(tmp_path / "small.lance", table, column_options={"v": {"compression": "zstd", "compression-level": 9}})
    assert small < plain / 2
    dataset = eider.write_dataset(table, str(tmp_path / "d.lance"), column_options={"v": {"profile": "compact", "compression": "zstd"}})
    assert dataset.to_table().equals(table)
    assert dataset.schema.field("v").metadata == table.schema.field("v").metadata


@pytest.mark.parametrize(("keys", "changed"), [
    ({"compression": "zstd"}, True), ({"compression": "lz4", "minichunk_size": "16384"}, True), ({"minichunk_size": "1024"}, True),
    ({"structural_encoding": "fullzip"}, True), ({"general": "anything"}, False), ({"rle_threshold": "0.1"}, False),
])
def test_keys_of_text_are_honoured(tmp_path, keys, changed):
    default = write(tmp_path / "default.lance", field("v", texts()))
    assert (abs(write(tmp_path / "asked.lance", field("v", texts(), **keys)) - default) > 1000) == changed


def test_byte_stream_split_is_tried_forced_or_left(tmp_path):
    doubles = pa.array(np.random.default_rng(3).normal(1e6, 1, ROWS))
    sizes = {bss: write(tmp_path / f"{bss}.lance", field("v", doubles, compression="zstd", bss=bss)) for bss in ("on", "off", "auto")}
    assert sizes["auto"] <= min(sizes.values()) + 8  # the key itself is stored
    assert sizes["on"] != sizes["off"]


def test_values_of_a_dictionary_are_compressed_as_asked(tmp_path):
    array = pa.array([WORDS[i % 200] * 20 + str(i % 2000) for i in range(ROWS)])
    sizes = {scheme: write(tmp_path / f"{scheme}.lance", field("v", array, dict_values_compression=scheme)) for scheme in ("none", "lz4", "zstd")}
    assert sizes["zstd"] < sizes["lz4"] < sizes["none"]


@pytest.mark.parametrize("keys", [
    {"compression": "snappy"}, {"compression_level": "high"}, {"bss": "maybe"}, {"minichunk_size": "0"}, {"minichunk_size": "big"},
    {"dict_values_compression": "fsst"}, {"dict_values_compression_level": "x"}, {"dict_divisor": "-1"}, {"dict_size_ratio": "0"},
    {"structural_encoding": "sparse"}, {"rle_threshold": ""}, {"no_such_key": "1"},
])
def test_what_is_not_understood_is_refused_by_name(tmp_path, keys):
    (key, value), = keys.items()
    with pytest.raises(eider.error.InvalidError, match=f"'v'.*{key.replace('_', '-')}.*'{value}'"):
        write(tmp_path / "x.lance", field("v", texts(10), **keys))


def test_profiles_and_columns_that_are_not_there_are_refused(tmp_path):
    table = pa.table({"v": [1]})
    with pytest.raises(eider.error.InvalidError, match="profile"):
        write(tmp_path / "x.lance", table, profile="small")
    with pytest.raises(eider.error.InvalidError, match="'w'"):
        write(tmp_path / "x.lance", table, column_options={"w": {"profile": "compact"}})


def test_repeated_wide_numbers_share_a_dictionary(tmp_path):
    npr = np.random.default_rng(5)
    few = pa.table({"v": npr.choice(npr.random(50), ROWS)})
    assert write(tmp_path / "few.lance", few) < ROWS * 1.2


def test_version_2_0_has_no_profiles(tmp_path):
    for options in ({"profile": "compact"}, {"column_options": {"v": {"compression": "zstd"}}}):
        with pytest.raises(eider.error.UnsupportedError, match="2.1 or later"):
            eider.write_dataset(pa.table({"v": [1]}), str(tmp_path / "d.lance"), data_storage_version="2.0", **options)
