"""Files and tables: docs/format/file.md and table.md.

Written from docs/format and nothing else, to hold the pages there against the bytes of the engines: what cannot be read is missing there.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa

from tests.interop.format.codecs import flat, integers, message, numbers, one, signed, sub
from tests.interop.format.pages import Field, fields_of, page_rows


class LanceFile:
    def __init__(self, data: bytes) -> None:
        self.data = data
        _, columns_at, buffers_at, num_buffers, num_columns, major, minor, magic = struct.unpack("<QQQIIHH4s", data[-40:])
        assert magic == b"LANC" and (major, minor) in ((2, 1), (2, 2)), (major, minor, magic)
        self.columns = [message(self.span(*struct.unpack_from("<QQ", data, columns_at + 16 * i))) for i in range(num_columns)]
        self.global_buffers = [self.span(*struct.unpack_from("<QQ", data, buffers_at + 16 * i)) for i in range(num_buffers)]
        self.fields = fields_of(sub(message(self.global_buffers[0]), 1).get(1, []))

    def span(self, position: int, size: int) -> bytes:
        return self.data[position:position + size]

    def column(self, index: int, path: tuple[Field, ...]) -> list:
        rows = []
        for page in map(message, self.columns[index].get(2, [])):
            kind = message(one(sub(sub(page, 4), 2), 1))
            assert one(kind, 1).endswith(b"/lance.encodings21.PageLayout")
            places = zip(numbers(page, 1), numbers(page, 2))
            rows += page_rows(sub(kind, 2), [self.span(*p) for p in places], path, one(page, 3))
        return rows

    def read(self) -> dict[str, list]:
        index, table = 0, {}
        for field in self.fields:
            leaves = field.leaves()
            columns = [self.column(index + i, path) for i, path in enumerate(leaves)]
            index += len(leaves)
            table[field.name] = [merge(field, values) for values in zip(*columns)]
        return table


def merge(field: Field, values: tuple):
    """One value from what the leaves below a field say of it, each a chain of dicts and lists."""
    if values[0] is None or not field.children or field.is_packed:
        return values[0]
    if field.type == "struct":
        out, first = {}, 0
        for child in field.children:
            last = first + len(child.leaves())
            out[child.name] = merge(child, tuple(v[child.name] for v in values[first:last]))
            first = last
        return out
    items = [merge(field.children[0], item) for item in zip(*values)]
    return [tuple(item.values()) for item in items] if field.type == "map" else items


def roaring(data: bytes) -> set[int]:
    u16, u32 = struct.Struct("<H"), struct.Struct("<I")
    cookie, at = u32.unpack_from(data)[0], 4
    runs = []
    if cookie & 0xFFFF == 12347:
        n = (cookie >> 16) + 1
        runs, at = flat(data[at:], 1, n), at + (n + 7) // 8
    else:
        n, at = u32.unpack_from(data, at)[0], at + 4
    header = [struct.unpack_from("<HH", data, at + 4 * i) for i in range(n)]
    at += 4 * n + (4 * n if not runs or n >= 4 else 0)
    values: set[int] = set()
    for i, (high, less) in enumerate(header):
        base = high << 16
        if runs and runs[i]:
            pairs = [struct.unpack_from("<HH", data, at + 2 + 4 * k) for k in range(u16.unpack_from(data, at)[0])]
            at += 2 + 4 * len(pairs)
            values.update(base + v for first, length in pairs for v in range(first, first + length + 1))
        elif less < 4096:
            values.update(base + v for v in struct.unpack_from(f"<{less + 1}H", data, at))
            at += 2 * (less + 1)
        else:
            values.update(base + int(v) for v in np.flatnonzero(flat(data[at:at + 8192], 1, 65536)))
            at += 8192
    return values


def deleted_rows(root: Path, fragment: dict) -> set[int]:
    if 3 not in fragment:
        return set()
    file = sub(fragment, 3)
    kind = ("arrow", "bin")[one(file, 1)]
    data = (root / "_deletions" / f"{one(fragment, 1)}-{one(file, 2)}-{one(file, 3)}.{kind}").read_bytes()
    rows = roaring(data) if kind == "bin" else set(pa.ipc.open_file(io.BytesIO(data)).read_all()["row_id"].to_pylist())
    assert len(rows) == one(file, 4)
    return rows


def latest_manifest(root: Path) -> dict[int, list]:
    names = {p.name.removesuffix(".manifest"): p for p in (root / "_versions").glob("*.manifest")}
    names = {name: p for name, p in names.items() if name.isdigit()}
    version, path = max(((1 << 64) - 1 - int(n) if len(n) == 20 else int(n), p) for n, p in names.items())
    data = path.read_bytes()
    position, _, _, magic = struct.unpack("<qhh4s", data[-16:])
    assert magic == b"LANC"
    size = integers(data[position:position + 4], 32)[0]
    manifest = message(data[position + 4:position + 4 + size])
    assert one(manifest, 3) == version and position + 4 + size == len(data) - 16
    return manifest


def read_table(root: Path) -> dict[str, list]:
    manifest = latest_manifest(root)
    fields = fields_of(manifest.get(1, []))
    table: dict[str, list] = {f.name: [] for f in fields}
    for fragment in map(message, manifest.get(2, [])):
        columns = {}  # by field id
        for file in map(message, fragment.get(2, [])):
            opened = LanceFile((root / "data" / one(file, 1).decode()).read_bytes())
            for field_id, index in zip(map(signed, numbers(file, 2)), numbers(file, 3)):
                if field_id >= 0:
                    columns[field_id] = (opened, index)
        live = sorted(set(range(one(fragment, 4))) - deleted_rows(root, fragment))
        for field in fields:
            leaves = [(columns.get(path[0].id), path) for path in field.leaves()]
            parts = [f.column(i, path) if (f, i) != (None, 0) else [None] * one(fragment, 4)
                     for (f, i), path in ((c or (None, 0), path) for c, path in leaves)]
            rows = [merge(field, values) for values in zip(*parts)]
            table[field.name] += [rows[r] for r in live]
    return table
