"""A small table of numbers and words with nulls, for queries of other engines over a dataset."""

import pyarrow as pa


def words_table() -> pa.Table:
    return pa.table(
        {
            "id": range(200),
            "value": [None if i % 5 == 0 else i % 50 for i in range(200)],
            "word": [None if i % 9 == 0 else f"w{i % 30}" for i in range(200)],
        }
    )
