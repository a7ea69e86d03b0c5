"""Writes fuzz/corpus/jsonb/ anew: documents as text and as JSONB (array/jsonb.h draws it).

    python -m fuzz.make_json_corpus
"""

from __future__ import annotations

import hashlib
import json
import pathlib
import shutil
import struct

CORPUS = pathlib.Path(__file__).parent / "corpus" / "jsonb"
DOCUMENTS = (
    "null", "true", "0", "-1", "300", "-70000", "18446744073709551615", "-9223372036854775808", "1.5", "1e300", '""', '"text"',
    '"\\u00e4\\ud83e\\udd86\\n"', "[]", "{}", "[1,2.5,[true,false,null],\"x\"]", '{"a":1,"b":{"c":[{}],"d":null},"":"empty"}',
    '{"type":"Polygon","coordinates":[[[0,0],[1.5,0],[1.5,-2.25],[0,0]]]}', "[" * 40 + "]" * 40)
ARRAY, OBJECT, SCALAR = 8, 4, 2
NULL, STRING, NUMBER, FALSE, TRUE, CONTAINER = range(6)


def integer(value: int) -> bytes:
    if value == 0:
        return b"\0"
    for size in (1, 2, 4, 8):
        try:
            return (b"\x50" if value > 0 else b"\x40") + value.to_bytes(size, "big", signed=value < 0)
        except OverflowError:
            continue
    raise ValueError(value)


def value(item: object) -> tuple[int, bytes]:
    if item is None:
        return NULL, b""
    if isinstance(item, bool):
        return (TRUE if item else FALSE), b""
    if isinstance(item, str):
        return STRING, item.encode()
    if isinstance(item, int):
        return NUMBER, integer(item)
    if isinstance(item, float):
        return NUMBER, b"\x60" + struct.pack(">d", item)
    return CONTAINER, document(item)


def container(kind: int, count: int, values: list[tuple[int, bytes]]) -> bytes:
    entries = b"".join(struct.pack(">I", tag << 28 | len(data)) for tag, data in values)
    return struct.pack(">I", kind << 28 | count) + entries + b"".join(data for _, data in values)


def document(item: object) -> bytes:
    if isinstance(item, list):
        return container(ARRAY, len(item), [value(child) for child in item])
    if isinstance(item, dict):
        keys = sorted(item, key=str.encode)
        return container(OBJECT, len(keys), [(STRING, key.encode()) for key in keys] + [value(item[key]) for key in keys])
    return container(SCALAR, 0, [value(item)])


def main() -> None:
    shutil.rmtree(CORPUS, ignore_errors=True)
    CORPUS.mkdir(parents=True)
    for text in DOCUMENTS:
        for data in (text.encode(), document(json.loads(text))):
            (CORPUS / hashlib.sha1(data).hexdigest()[:12]).write_bytes(data)


if __name__ == "__main__":
    main()
