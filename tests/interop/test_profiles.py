"""The reference engine reads every profile and key that is written here."""

from __future__ import annotations

import random

import lance
import numpy as np
import pyarrow as pa
import pytest

import eider

ROWS = 9_000


def mixed() -> pa.Table:
    npr, source = np.random.default_rng(1), random.Random(1)
    words = [f"word{i} " for i in range(300)]
    text = pa.array([None if i % 11 == 0 else "".join(source.choices(words, k=source.randrange(40))) for i in range(ROWS)])
    return pa.table({
        "text": text, "page": pa.array([t.as_py() * 30 if t.as_py() else None for t in text]), "name": pa.array([words[i % 97] for i in range(ROWS)]),
        "day": pa.array(npr.integers(9000, 9900, ROWS).astype(np.int32)), "time": pa.array(npr.choice(npr.integers(0, 1 << 50, 300), ROWS)),
        "price": pa.array(np.round(npr.normal(9, 2, ROWS), 1)), "noise": pa.array(npr.random(ROWS, dtype=np.float32)),
        "flag": pa.array(npr.random(ROWS) < 0.5), "list": pa.array([list(range(i % 7)) if i % 5 else None for i in range(ROWS)]),
        "vector": pa.FixedSizeListArray.from_arrays(pa.array(npr.random(ROWS * 8, dtype=np.float32)), 8),
        "amount": pa.array(npr.integers(0, 9, ROWS)).cast(pa.decimal128(21, 2)), "large": pa.array(text, pa.large_string())})


@pytest.mark.parametrize("version", ["2.1", "2.2"])
@pytest.mark.parametrize("options", [
    {}, {"profile": "compact"}, {"max_page_bytes": 20_000}, {"profile": "compact", "max_page_bytes": 50_000},
    {"column_options": {"text": {"minichunk-size": "16384"}, "price": {"compression": "lz4", "bss": "on"},
                        "name": {"dict-values-compression": "zstd", "dict-values-compression-level": 5}, "page": {"compression": "fsst"}}},
], ids=["fast", "compact", "small pages", "small compact pages", "by column"])
def test_the_reference_scans_takes_and_filters(tmp_path, version, options):
    table, uri = mixed(), str(tmp_path / "d.lance")
    eider.write_dataset(table, uri, data_storage_version=version, **options)
    rows = np.random.default_rng(2).integers(0, ROWS, 200).tolist()
    for dataset in (lance.dataset(uri), eider.dataset(uri)):
        assert dataset.to_table().equals(table)
        assert dataset.take(rows).equals(table.take(rows))
    assert lance.dataset(uri).to_table(filter="day = 9500 AND flag").num_rows == sum(
        d == 9500 and f for d, f in zip(table["day"].to_pylist(), table["flag"].to_pylist()))
