"""Files of 2.0 and 0.1: docs/format/old.md.

Written from docs/format and nothing else, as the files beside it are.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.interop.format.codecs import decompress, flat, fsst, integers, message, numbers, one, packed_row, sub, unpack
from tests.interop.format.pages import Field, fields_of, leaf_value
from tests.interop.format.table import latest_manifest


def values(encoding: dict, buffers: list[bytes], n: int, field: Field) -> list:
    """Stored bytes of the values of a page, None where they are null."""
    (number, (content,)), = encoding.items()
    codec = message(content)
    if number == 1:
        return flat(flat_bytes(codec, buffers, n), one(codec, 1), n)
    if number == 2:
        if 3 in codec:
            return [None] * n
        inner = sub(codec, 1 if 1 in codec else 2)
        if 1 in codec:
            return values(sub(inner, 1), buffers, n, field)
        valid = values(sub(inner, 1), buffers, n, field)
        return [v if ok else None for v, ok in zip(values(sub(inner, 2), buffers, n, field), valid)]
    if number == 3:
        size = one(codec, 1)
        items = values(sub(codec, 2), buffers, n * size, field)
        return [items[i:i + size] for i in range(0, len(items), size)]
    if number == 6:
        bounds = spans(values(sub(codec, 1), buffers, n, field), one(codec, 3))
        data = flat_bytes(sub(sub(codec, 2), 1), buffers, bounds[-1][1] if bounds else 0)
        return [None if null else data[a:b] for a, b, null in bounds]
    if number == 7:
        items = values(sub(codec, 2), buffers, one(codec, 3), field)
        keys = [int.from_bytes(k, "little") for k in values(sub(codec, 1), buffers, n, field)]
        return [items[k] for k in keys] if field.type.startswith("dict:") else [None if k == 0 else items[k - 1] for k in keys]
    if number == 8:
        codes = values(sub(codec, 1), buffers, n, field)
        return [c if c is None else fsst({1: codec[2]}, [c])[0] for c in codes]
    if number == 9:
        widths = [one(sub(sub(sub(sub(message(i), 2), 1), 1), 1), 1) for i in codec[1]]
        return [packed_row(widths, row) for row in flat(buffers[one(sub(codec, 2), 1)], sum(widths), n)]
    assert number == 12, number
    width, bits, data = one(codec, 1), one(codec, 2), buffers[one(sub(codec, 3), 1)]
    blocks = [unpack(data[i:i + 128 * width], bits, width) for i in range(0, len(data), 128 * width)]
    return flat(np.concatenate(blocks)[:n].tobytes(), bits, n)


def flat_bytes(codec: dict, buffers: list[bytes], n: int) -> bytes:
    data = buffers[one(sub(codec, 2), 1)]
    if scheme := one(sub(codec, 3), 1, b"none").decode().replace("none", ""):
        data = decompress(["", "lz4", "zstd"].index(scheme), data)
    return data[:(n * one(codec, 1) + 7) // 8]


def spans(stored: list[bytes], adjustment: int) -> list[tuple[int, int, bool]]:
    """(begin, end, null) of each value."""
    out, begin = [], 0
    for end in (int.from_bytes(e, "little") for e in stored):
        null = adjustment > 0 and end >= adjustment
        end -= adjustment * null
        out.append((begin, end, null))
        begin = end
    return out


def read_file(data: bytes) -> dict[str, list]:
    """A file of 2.0."""
    _, columns_at, buffers_at, _, num_columns, major, minor, magic = struct.unpack("<QQQIIHH4s", data[-40:])
    assert (major, minor, magic) == (0, 3, b"LANC")

    def at(table: int, i: int) -> bytes:
        position, size = struct.unpack_from("<QQ", data, table + 16 * i)
        return data[position:position + size]

    fields = fields_of(sub(message(at(buffers_at, 0)), 1).get(1, []))
    columns = (message(at(columns_at, i)) for i in range(num_columns))
    return {field.name: column_rows(data, field, columns) for field in fields}


def column_rows(data: bytes, field: Field, columns: Iterator[dict]) -> list:
    pages = [message(page) for page in next(columns).get(2, [])]
    parts = []
    for page in pages:
        kind = message(one(sub(sub(page, 4), 2), 1))
        assert one(kind, 1).endswith(b"/lance.encodings.ArrayEncoding")
        parts.append((sub(kind, 2), [data[p:p + s] for p, s in zip(numbers(page, 1), numbers(page, 2))], one(page, 3)))
    if not field.children or field.is_packed:
        return [leaf_value(field, v) if v is not None else None for part in parts for v in values(*part, field)]
    children = [column_rows(data, child, columns) for child in field.children]
    if field.type == "struct":
        return [dict(zip([c.name for c in field.children], row)) for row in zip(*children)]
    rows, base = [], 0
    for encoding, buffers, n in parts:
        codec = message(encoding[4][0])
        bounds = spans(values(sub(codec, 1), buffers, n, field), one(codec, 2))
        rows += [None if null else children[0][base + a:base + b] for a, b, null in bounds]
        base += one(codec, 3)
    return rows


def read_legacy_table(root: Path) -> dict[str, list]:
    """A table of 0.1 without deletions."""
    fields = fields_of(latest_manifest(root).get(1, []))
    table: dict[str, list] = {f.name: [] for f in fields}
    manifest_file = next((root / "_versions").glob("*.manifest")).read_bytes()
    places = {one(m, 3): sub(m, 8) for m in map(message, latest_manifest(root).get(1, []))}
    for fragment in map(message, latest_manifest(root).get(2, [])):
        file = message(fragment[2][0])
        data = (root / "data" / one(file, 1).decode()).read_bytes()
        position, _, minor, magic = struct.unpack("<qhh4s", data[-16:])
        assert minor in (1, 2) and magic == b"LANC"
        metadata = message(data[position + 4:position + 4 + integers(data[position:position + 4], 32)[0]])
        batches, ids = numbers(metadata, 2), numbers(file, 2)

        def page(field: Field, batch: int) -> tuple[int, int]:
            entry = (field.id - min(ids)) * (len(batches) - 1) + batch
            return struct.unpack_from("<qq", data, one(metadata, 3) + 16 * entry)

        for batch in range(len(batches) - 1):
            n = batches[batch + 1] - batches[batch]
            for field in fields:
                table[field.name] += legacy_rows(data, field, batch, n, page, manifest_file, places)
    return table


def legacy_rows(data: bytes, field: Field, batch: int, n: int, page, manifest: bytes, places: dict) -> list:
    if field.type == "struct":
        children = [legacy_rows(data, c, batch, n, page, manifest, places) for c in field.children]
        return [dict(zip([c.name for c in field.children], row)) for row in zip(*children)]
    if field.type == "null":
        return [None] * n
    position, length = page(field, batch)
    if field.children:
        offsets = np.frombuffer(data, "<i8" if field.type.startswith("large") else "<i4", length, position).tolist()
        assert length == n + 1
        items = legacy_rows(data, field.children[0], batch, offsets[-1], page, manifest, places)
        return [items[a:b] for a, b in zip(offsets, offsets[1:])]
    assert length == n
    if field.type.startswith("dict:"):
        place = places[field.id]
        words = plain_page(manifest, field.type.split(":")[1], one(place, 1), one(place, 2))
        return [words[k] for k in plain_page(data, field.type.split(":")[2], position, n)]
    return plain_page(data, field.type, position, n)


WIDTHS = {"bool": 1, "float": 32, "double": 64}


def plain_page(data: bytes, kind: str, position: int, n: int) -> list:
    field = Field("", 0, kind, {})
    if kind in ("string", "binary", "large_string", "large_binary"):
        ends = np.frombuffer(data, "<i8", n + 1, position).tolist()
        return [leaf_value(field, data[a:b]) if b > a else None for a, b in zip(ends, ends[1:])]
    if kind.startswith("fixed_size_list:"):
        _, item, size = kind.split(":")
        items = plain_page(data, item, position, n * int(size))
        return [items[i:i + int(size)] for i in range(0, len(items), int(size))]
    bits = WIDTHS.get(kind) or int("".join(filter(str.isdigit, kind)))
    return [leaf_value(field, v) for v in flat(data[position:position + (n * bits + 7) // 8], bits, n)]
