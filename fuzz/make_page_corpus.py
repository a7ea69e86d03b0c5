"""Writes the corpora of page_decode, mini_block, constant and full_zip anew: single pages of the reference engine, as
testing/page_inputs.h cuts its input. The last three have the layout of their kind without the message around it.

    python -m fuzz.make_page_corpus

    u8 field | u8 version (1: 2.1) | u16 rows | u16 layout bytes | u8 buffers | u16 bytes of each | layout | buffers
"""

from __future__ import annotations

import hashlib
import pathlib
import random
import shutil
import struct
import tempfile

import lance
import pyarrow as pa

from fuzz.make_corpus import fields, varint

CORPUS = pathlib.Path(__file__).parent / "corpus"
PACKED = {"lance-encoding:packed": "true"}
KINDS = {1: "mini_block", 2: "constant", 3: "full_zip"}  # fields of PageLayout


def columns(rng: random.Random) -> list[tuple[int, pa.Array, dict[str, str]]]:
    """(choice of MakeField in testing/page_inputs.h, values, hints)"""
    def some(values: list) -> list:
        return [None if rng.random() < 0.2 else v for v in values]

    words = ["".join(rng.choices("abcdef ", k=rng.randint(0, 9))) for _ in range(60)]
    long = [bytes(rng.choices(range(256), k=300)) for _ in range(4)]
    lists = some([[rng.randint(0, 99) for _ in range(rng.randint(0, 4))] for _ in range(40)])
    texts = some([some([rng.choice(words) for _ in range(rng.randint(0, 3))]) for _ in range(40)])
    pair = pa.struct([("x", pa.decimal128(10, 2))])
    plain = pa.struct([("x", pa.int32()), ("y", pa.float64()), ("z", pa.list_(pa.uint8(), 3))])
    variable = pa.struct([("x", pa.uint16()), ("s", pa.string()), ("b", pa.large_binary())])
    small = pa.struct([("x", pa.int8()), ("y", pa.int64())])
    blobs = pa.array([b"", b"a", None, b"bcd" * 40] * 9, pa.large_binary())
    return [
        (0, pa.array(range(1200), pa.int32()), {}),
        (0, pa.array(some([i // 9 for i in range(200)]), pa.int32()), {}),
        (0, pa.array([7] * 50, pa.int32()), {}),
        (0, pa.array(some(list(range(50))), pa.int32()), {"structural-encoding": "fullzip"}),
        (0, pa.array([i * 1000 for i in range(1100)], pa.int32()), {"compression": "lz4", "bss": "on"}),
        (1, pa.array(some(words), pa.string()), {}),
        (1, pa.array([w * 3 for w in words], pa.string()), {"compression": "fsst"}),
        (1, pa.array([words[i % 7] for i in range(200)], pa.string()), {}),
        (1, pa.array(some(words), pa.string()), {"structural-encoding": "fullzip"}),
        (1, pa.array([None] * 30, pa.string()), {}),
        (2, pa.array(some([i % 3 == 0 for i in range(300)]), pa.bool_()), {}),
        (3, pa.array(some([some([1.0, 2.0, float(i)]) for i in range(20)]), pa.list_(pa.float32(), 3)), {}),
        (3, pa.array([[1.0, 2.0, float(i)] for i in range(20)], pa.list_(pa.float32(), 3)), {"structural-encoding": "fullzip"}),
        (4, pa.array(lists, pa.list_(pa.int64())), {}),
        (4, pa.array([[], None] * 9, pa.list_(pa.int64())), {}),
        (4, pa.array(lists, pa.list_(pa.int64())), {"structural-encoding": "fullzip"}),
        (5, pa.array(texts, pa.large_list(pa.large_string())), {}),
        (5, pa.array(texts, pa.large_list(pa.large_string())), {"structural-encoding": "fullzip"}),
        (6, pa.array(some([{"l": some([{"x": i} for i in range(k % 4)])} for k in range(40)]),
                     pa.struct([("l", pa.list_(pa.struct([("x", pa.uint16())])))])), {}),
        (7, pa.array(some([some([[long[0][:j]] * j for j in range(k % 4)]) for k in range(30)]),
                     pa.list_(pa.list_(pa.binary()))), {}),
        (7, pa.array([[[long[k % 4]] * (k % 3)] for k in range(6)], pa.list_(pa.list_(pa.binary()))), {}),
        (8, pa.array(some([words[i % 5] for i in range(60)])).dictionary_encode().cast(pa.dictionary(pa.int8(), pa.string())), {}),
        (9, pa.array(some([[{"x": None}, {"x": 3}] for _ in range(20)]), pa.list_(pa.struct(list(pair)), 2)), {}),
        (10, pa.array(some([some([True, False, None, True, i % 2 == 0]) for i in range(40)]), pa.list_(pa.bool_(), 5)), {}),
        (11, pa.array(some([[[i, 1, None], [2, 3, i]] for i in range(40)]), pa.list_(pa.list_(pa.int16(), 3), 2)), {}),
        (12, pa.nulls(50), {}),
        (13, pa.array([i // 40 for i in range(600)], pa.uint8()), {}),
        (13, pa.array(some([i % 5 for i in range(600)]), pa.uint8()), {"compression": "zstd"}),
        (14, pa.array(some(long), pa.large_binary()), {}),
        (15, pa.array([some([some([[float(i)] * (i % 3), []]), None]) for i in range(40)], pa.list_(pa.list_(pa.list_(pa.float64())))), {}),
        (16, pa.array([{"x": i, "y": i / 2, "z": [i % 9, 1, 2]} for i in range(90)], plain), {"packed": "true"}),
        (16, pa.array([{"x": i, "y": i / 2, "z": [i % 9, 1, 2]} for i in range(20)], plain),
         {"packed": "true", "structural-encoding": "fullzip"}),
        (17, pa.array([{"x": i, "s": words[i % 60], "b": long[i % 4][:i]} for i in range(30)], variable), {"packed": "true"}),
        (18, pa.array([[{"x": i, "y": -i}] * (i % 3) for i in range(40)], pa.list_(pa.field("item", small, metadata=PACKED))), {}),
        (19, blobs, {"blob": "true"}),
    ]


def packed(data: bytes) -> list[int]:
    values, at = [], 0
    while at < len(data):
        value, at = varint(data, at)
        values.append(value)
    return values


def page_rows(page: bytes) -> int:
    """Field 3, the only one that is a plain number before the encoding."""
    at = 0
    while at < len(page):
        key, at = varint(page, at)
        if key & 7 == 2:
            length, at = varint(page, at)
            at += length
            continue
        value, at = varint(page, at)
        if key >> 3 == 3:
            return value
    return 0


def nested(data: bytes, *path: int) -> bytes:
    for number in path:
        data = next((body for n, body in fields(data) if n == number), b"")
    return data


def pages(data: bytes):
    """(rows, layout, buffers) of column 0."""
    table = struct.unpack("<Q", data[-32:-24])[0]
    position, length = struct.unpack("<QQ", data[table:table + 16])
    for number, page in fields(data[position:position + length]):
        if number != 2:
            continue
        offsets, sizes = packed(nested(page, 1)), packed(nested(page, 2))
        yield page_rows(page), nested(nested(page, 4, 2, 1), 2), [data[o:o + s] for o, s in zip(offsets, sizes)]


def save(target: str, choice: int, version: str, rows: int, layout: bytes, buffers: list[bytes]) -> None:
    out = struct.pack("<BBHHB", choice, int(version == "2.1"), rows, len(layout), len(buffers))
    out += b"".join(struct.pack("<H", len(b)) for b in buffers) + layout + b"".join(buffers)
    (CORPUS / target / hashlib.sha1(out).hexdigest()[:16]).write_bytes(out)


def main() -> None:
    for target in ("page_decode", *KINDS.values()):
        shutil.rmtree(CORPUS / target, ignore_errors=True)
        (CORPUS / target).mkdir(parents=True)
    for version in ("2.1", "2.2"):
        for choice, array, hints in columns(random.Random(5)):
            hints = {f"lance-encoding:{k}": v for k, v in hints.items()}
            table = pa.Table.from_arrays([array], schema=pa.schema([pa.field("v", array.type, metadata=hints or None)]))
            with tempfile.TemporaryDirectory() as folder:
                try:
                    lance.write_dataset(table, folder, data_storage_version=version)
                except OSError:
                    continue  # a type that this version does not have
                (file,) = pathlib.Path(folder, "data").glob("*.lance")
                for rows, layout, buffers in pages(file.read_bytes()):
                    save("page_decode", choice, version, rows, layout, buffers)
                    for number, message in fields(layout):
                        if number in KINDS:
                            save(KINDS[number], choice, version, rows, message, buffers)


if __name__ == "__main__":
    main()
