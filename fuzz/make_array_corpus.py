"""Writes fuzz/corpus/array_encoding/, planar_layout/ and legacy_page/ anew: python -m fuzz.make_array_corpus

The pages of the golden files of version 2.0 with their encodings, the layouts of those of version 2.3, and a few pages of version 0.1 made by
hand.
"""

from __future__ import annotations

import hashlib
import shutil
import struct

from fuzz.make_corpus import GOLDEN, HERE, fields, varint

#: The type that the target is to read each golden file as (see TypeOf in array_encoding_fuzz.cc).
TYPES = {"flat": 0, "bool": 1, "nulls": 2, "strings": 2, "few_strings": 2, "zstd": 2, "dictionary": 6, "pairs_with_nulls": 4,
         "lists": 2, "lists_of_lists": 0, "fixed_binary": 5, "structs": 0, "lists_of_structs": 0, "vectors": 4, "packed": 7}


def packed(data: bytes) -> list[int]:
    numbers, at = [], 0
    while at < len(data):
        number, at = varint(data, at)
        numbers.append(number)
    return numbers


def pages(file: bytes):
    """Encoding and buffers of each page of a data file."""
    table = struct.unpack("<Q", file[-32:-24])[0]
    for column in range(struct.unpack("<I", file[-12:-8])[0]):
        position, length = struct.unpack("<QQ", file[table + 16 * column:table + 16 * column + 16])
        for number, page in fields(file[position:position + length]):
            if number != 2:
                continue
            parts = dict(fields(page))
            typed = dict(fields(dict(fields(dict(fields(parts[4]))[2]))[1]))
            starts, sizes = packed(parts.get(1, b"")), packed(parts.get(2, b""))
            yield typed[2], [file[start:start + size] for start, size in zip(starts, sizes)]


def save(target: str, data: bytes) -> None:
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha1(data).hexdigest()[:12]).write_bytes(data)


def main() -> None:
    for target in ("array_encoding", "planar_layout", "legacy_page"):
        shutil.rmtree(HERE / "corpus" / target, ignore_errors=True)
    for path in sorted(GOLDEN.glob("pylance-14.*/2.0/*.lance")):
        for encoding, buffers in pages(path.read_bytes()):
            third = max([64, *(min(len(b), 2000) for b in buffers)])
            body = b"".join((buffers[i] if i < len(buffers) else b"")[:third].ljust(third, b"\0") for i in range(3))
            save("array_encoding", bytes([TYPES[path.stem], 30]) + struct.pack("<H", len(encoding)) + encoding + body)
    for path in sorted(GOLDEN.glob("pylance-14.*/2.3/*.lance")):
        for layout, buffers in pages(path.read_bytes()):
            save("planar_layout", bytes([min(len(buffers), 3)]) + layout)
    text = b"eiderduck" + struct.pack("<6q", 0, 2, 5, 5, 8, 9)
    for kind in range(6):
        save("legacy_page", bytes([kind, 4]) + struct.pack("<HH", 9, 5) + text)
        save("legacy_page", bytes([kind, 9]) + struct.pack("<HH", 0, 20) + bytes(range(200)))


if __name__ == "__main__":
    main()
