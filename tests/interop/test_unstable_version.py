"""Files of version 2.3, which is not stable: each reads as the reference reads it, or is refused by the name of what is not known."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lance
import pyarrow as pa
import pytest

import eider

ROWS = 700
TYPES: dict[str, tuple[pa.DataType, Callable[[int], Any]]] = {
    "int8": (pa.int8(), lambda i: i % 100),
    "constant": (pa.int32(), lambda i: 7),
    "int64": (pa.int64(), lambda i: i * 0x9E3779B97F4A7C15 % 2**62),
    "runs": (pa.int64(), lambda i: i // 50),
    "float": (pa.float32(), lambda i: i / 7),
    "bool": (pa.bool_(), lambda i: i % 3 == 0),
    "text": (pa.string(), lambda i: f"text {i * 7919 % 1000}"),
    "few": (pa.string(), lambda i: f"value {i % 4}" * 4),
    "long": (pa.large_string(), lambda i: f"long {i} " * 60),
    "binary": (pa.binary(5), lambda i: bytes([i % 256]) * 5),
    "vector": (pa.list_(pa.float32(), 16), lambda i: [float(i + k) for k in range(16)]),
    "dictionary": (pa.dictionary(pa.int32(), pa.string()), lambda i: f"d{i % 5}"),
}


def nestings(kind: pa.DataType, make: Callable[[int], Any], nulls: float) -> Iterator[pa.Array]:
    rng = random.Random(nulls)

    def maybe(value: Any) -> Any:
        return None if rng.random() < nulls else value

    yield pa.array([maybe(make(i)) for i in range(ROWS)], kind)
    if pa.types.is_dictionary(kind):
        return
    yield pa.array([maybe([maybe(make(i + k)) for k in range(i % 4)]) for i in range(ROWS)], pa.list_(kind))
    yield pa.array([maybe({"a": maybe(make(i)), "b": i}) for i in range(ROWS)], pa.struct([("a", kind), ("b", pa.int32())]))
    deep = pa.list_(pa.struct([("a", kind)]))
    yield pa.array([maybe([maybe({"a": maybe(make(i + k))}) for k in range(i % 3)]) for i in range(ROWS)], deep)


@pytest.mark.parametrize("nulls", [0, 0.1, 0.97])
@pytest.mark.parametrize("name", TYPES)
def test_a_file_is_read_or_refused_by_name(tmp_path: Path, name: str, nulls: float) -> None:
    picks = [random.Random(1).randrange(ROWS) for _ in range(30)]
    read = 0
    for at, array in enumerate(nestings(*TYPES[name], nulls)):
        uri = str(tmp_path / f"{at}.lance")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            lance.write_dataset(pa.table({"c": array}), uri, data_storage_version="2.3")
        want = lance.dataset(uri).to_table()["c"].to_pylist()
        try:
            dataset = eider.dataset(uri)
            assert dataset.to_table()["c"].to_pylist() == want, array.type
            assert dataset.take(picks)["c"].to_pylist() == [want[i] for i in picks], array.type
            read += 1
        except eider.UnsupportedError as error:
            assert "version 2.3" in str(error) or "of type" in str(error), error
    assert read > 0 or nulls > 0 or name in ("text", "long"), "the plain ones read"
