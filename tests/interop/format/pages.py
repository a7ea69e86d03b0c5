"""Pages to rows: docs/format/schema.md, levels.md, pages.md and blobs.md.

Written from docs/format and nothing else, to hold the pages there against the bytes of the engines: what cannot be read is missing there.
Rows are plain Python values: times are integers, structs dicts, maps lists of pairs.
"""

from __future__ import annotations

import dataclasses
import decimal

import numpy as np

from tests.interop.format.codecs import decode, decode_value, entries, integers, message, numbers, one, signed, sub


@dataclasses.dataclass
class Field:
    name: str
    id: int
    type: str
    metadata: dict[str, bytes]
    children: list[Field] = dataclasses.field(default_factory=list)

    @property
    def is_packed(self) -> bool:
        return any(self.metadata.get(k) == b"true" for k in ("packed", "lance-encoding:packed", "lance-encoding:blob"))

    def leaves(self, path: tuple[Field, ...] = ()) -> list[tuple[Field, ...]]:
        """Paths from the leaf outwards."""
        path = (self, *path)
        if not self.children or self.is_packed:
            return [path]
        return [leaf for child in self.children for leaf in child.leaves(path)]


def fields_of(messages: list[bytes]) -> list[Field]:
    top: list[Field] = []
    by_id: dict[int, Field] = {}
    for m in map(message, messages):
        field = Field(one(m, 2, b"").decode(), signed(one(m, 3)), one(m, 5, b"").decode(), entries(m, 10))
        parent = signed(one(m, 4))
        if field.id == -1:  # the descriptor of a blob
            top[-1].children.append(field)
            continue
        (top if parent == -1 else by_id[parent].children).append(field)
        by_id[field.id] = field
    return top


NUMPY = {"int": "i", "uint": "u", "date": "i", "time": "i", "timestamp": "i", "duration": "i", "halffloat": "f", "float": "f", "double": "f"}


def value_of(kind: str, raw):
    """The value of stored bytes (or, of one bit, 0 or 1)."""
    if raw is None:
        return None
    if kind.startswith("fixed_size_list:"):
        item = kind.removeprefix("fixed_size_list:").rsplit(":", 1)[0]
        return [value_of(item, r) for r in raw]
    if kind == "bool":
        return bool(raw if isinstance(raw, int) else raw[0])
    if kind.startswith("decimal:"):
        _, _, precision, scale = kind.split(":")
        with decimal.localcontext(prec=int(precision) + 2):
            return decimal.Decimal(int.from_bytes(raw, "little", signed=True)).scaleb(-int(scale))
    if kind.startswith("dict:"):
        return value_of(kind.split(":")[1], raw)
    if kind in ("string", "large_string"):
        return raw.decode()
    if letter := NUMPY.get(kind.split(":")[0].rstrip("0123456789")):
        return np.frombuffer(raw, f"<{letter}{len(raw)}")[0].item()
    return bytes(raw)


class Levels:
    """The layers of a page, from the leaf outwards, as (null level, empty level); 0: none."""

    def __init__(self, kinds: list[int], path: tuple[Field, ...]) -> None:
        lists = [f.type.startswith(("list", "large_list", "map")) for f in path]
        assert len(kinds) == len(path) and all((k in (2, 4, 5, 6)) == is_list for k, is_list in zip(kinds, lists)), (kinds, path)
        self.layers, self.inside, level = [], [], 0
        for kind, is_list in zip(kinds, lists):
            if is_list:
                self.inside.append(level)
            null = level + 1 if kind in (3, 4, 6) else 0
            empty = level + 1 if kind == 5 else level + 2 if kind == 6 else 0
            level += {1: 0, 2: 0, 6: 2}.get(kind, 1)
            self.layers.append((null, empty))
        self.max_rep = sum(lists)
        self.inside.append(level)
        self.max_visible = self.inside[0]

    def rows(self, path: tuple[Field, ...], rep: list[int], levels: list[int], items: list) -> list:
        slots = list(zip(items, (d for d in levels if d <= self.max_visible)))
        open_entries, j = list(zip(rep, levels)), 0
        for field, (null, empty) in zip(path, self.layers):
            if field.type.startswith(("list", "large_list", "map")):
                j += 1
                slots, open_entries = self.lists(slots, open_entries, j)
            elif field.type.startswith("fixed_size_list:struct:"):
                n = int(field.type.rsplit(":", 1)[1])
                slots = [([v for v, _ in slots[i:i + n]], slots[i][1]) for i in range(0, len(slots), n)]
            elif field is not path[0]:
                slots = [({path[path.index(field) - 1].name: v}, d) for v, d in slots]
            slots = [(None if null and d >= null and d != empty else v, d) for v, d in slots]
        return [v for v, _ in slots]

    def lists(self, slots: list, among: list, j: int) -> tuple[list, list]:
        inner, out = iter(slots), []
        for r, d in among:
            if r >= j and d <= self.inside[j]:
                out.append(([], d))
            if d <= self.inside[j - 1]:
                out[-1][0].append(next(inner)[0])
        return out, [e for e in among if e[0] >= j]


def levels_block(encoding: dict, data: bytes, n: int) -> list[int]:
    return integers(b"".join(decode(encoding, [data], n, block=True)), 16)


def mini_block(layout: dict, buffers: list[bytes], levels: Levels) -> tuple[list, list, list]:
    large, num_buffers = one(layout, 10), one(layout, 7)
    words = integers(buffers[0], 32 if large else 16)
    rep, definition, items, at, left = [], [], [], 0, one(layout, 9)
    ends = []  # rows that end, entries left over
    for i, word in enumerate(words):
        size, n = ((word >> 4) + 1) * 8, left if i + 1 == len(words) else 1 << (word & 15)
        chunk, at, left = buffers[1][at:at + size], at + size, left - n
        num_levels, place = integers(chunk[:2], 16)[0], 2
        sizes = []
        for width in [2] * ((1 in layout) + (2 in layout)) + [4 if large else 2] * num_buffers:
            sizes.append(int.from_bytes(chunk[place:place + width], "little"))
            place += width
        parts = []
        for size in sizes:
            place = -(-place // 8) * 8
            parts.append(chunk[place:place + size])
            place += size
        assert -(-place // 8) * 8 == len(chunk)
        count = num_levels or n
        here = levels_block(sub(layout, 1), parts.pop(0), count) if 1 in layout else [0] * count
        rep += here
        definition += levels_block(sub(layout, 2), parts.pop(0), count) if 2 in layout else [0] * count
        items += decode(sub(layout, 3), parts, n)
        ends.append((len(rep), here))
    if 4 in layout:
        words = decode(sub(layout, 4), [buffers[2]], one(layout, 5), block=True)
        indices = [int.from_bytes(i, "little") for i in items]
        items = [words[i] if i < len(words) else None for i in indices]
    if levels.max_rep:
        check_repetition_index(buffers[-1], rep, ends, levels.max_rep)
    return rep, definition, items


def check_repetition_index(index: bytes, rep: list[int], ends: list, max_rep: int) -> None:
    starts = [i for i, r in enumerate(rep) if r == max_rep] + [len(rep)]
    expected, first = [], 0
    for end, _ in ends:
        done = [s for s in starts[1:] if first < s <= end]
        last_start = max([first, *(s for s in starts if s < end)])
        expected += [len(done), 0 if end in starts else end - last_start]
        first = end
    assert integers(index, 64) == expected


def full_zip(layout: dict, buffers: list[bytes], levels: Levels, num_rows: int) -> tuple[list, list, list]:
    data, bits_def = buffers[0], one(layout, 2)
    bits = one(layout, 1) + bits_def
    control = 0 if bits == 0 else 1 if bits <= 8 else 2 if bits <= 16 else 4
    rep, definition, items, starts, at = [], [], [], [], 0
    for _ in range(one(layout, 5)):
        starts.append(at)
        word, at = int.from_bytes(data[at:at + control], "little"), at + control
        rep.append(word >> bits_def)
        definition.append(d := word & (1 << bits_def) - 1)
        if d > levels.max_visible:
            continue
        size = one(layout, 3) // 8
        if 4 in layout:
            width = one(layout, 4) // 8 if d == 0 else 0
            size, at = int.from_bytes(data[at:at + width], "little"), at + width
        items.append(decode_value(sub(layout, 7), data[at:at + size]) if d == 0 else None)
        at += size
    assert at == len(data) and len(items) == one(layout, 6)
    if len(buffers) > 1:
        rows = [s for s, r in zip(starts, rep) if r == levels.max_rep] + [at]
        assert integers(buffers[1], 8 * len(buffers[1]) // (num_rows + 1)) == rows
    return rep, definition, items


def constant(layout: dict, buffers: list[bytes], levels: Levels, num_rows: int) -> tuple[list, list, list]:
    value = one(layout, 6, None)
    all_null = value is None and len(buffers) % 2 == 0
    if len(buffers) % 2:
        n, *sizes = integers(buffers[0][:4 + 4 * integers(buffers[0][:4], 32)[0]], 32)
        body = buffers[0][4 + 4 * n:]
        value = body[sizes[0]:] if n == 2 else body
    rep, definition = [], []
    if len(buffers) > 1:
        rep, definition = (levels_block(sub(layout, c), b, one(layout, n)) if c in layout else integers(b, 16)
                           for c, n, b in ((7, 9, buffers[-2]), (8, 10, buffers[-1])))
    count = len(rep) or num_rows
    definition = definition or [levels.layers[0][0] if all_null else 0] * count
    return rep or [0] * count, definition, [value] * sum(d <= levels.max_visible for d in definition)


def page_rows(layout: dict, buffers: list[bytes], path: tuple[Field, ...], num_rows: int) -> list:
    (number, (content,)), = layout.items()
    layout = message(content)
    levels = Levels(numbers(layout, {1: 6, 2: 5, 3: 8, 4: 2}[number]), path)
    if number == 4:
        return blob_rows(layout, buffers, path, levels, num_rows)
    if number == 1:
        rep, definition, items = mini_block(layout, buffers, levels)
    elif number == 2:
        rep, definition, items = constant(layout, buffers, levels, num_rows)
    else:
        rep, definition, items = full_zip(layout, buffers, levels, num_rows)
    visible = [d for d in definition if d <= levels.max_visible]
    assert len(items) == len(visible)
    leaf = path[0]
    items = [leaf_value(leaf, raw) if d == 0 else None for raw, d in zip(items, visible)]
    return levels.rows(path, rep, definition, items)


def leaf_value(leaf: Field, raw):
    if leaf.type == "struct":
        return {c.name: value_of(c.type, r) for c, r in zip(leaf.children, raw)} if leaf.children else {}
    return value_of(leaf.type, raw)


def blob_rows(layout: dict, buffers: list[bytes], path: tuple[Field, ...], levels: Levels, num_rows: int) -> list:
    u64 = [Field("position", 0, "uint64", {}), Field("size", 0, "uint64", {})]
    places = page_rows(sub(layout, 1), buffers, (Field(path[0].name, 0, "struct", {"packed": b"true"}, u64),), num_rows)
    rep = [p["position"] & 0xFFFF if p["size"] == 0 else 0 for p in places]
    definition = [p["position"] >> 16 if p["size"] == 0 else 0 for p in places]
    return levels.rows(path, rep, definition, [(p["position"], p["size"]) for p in places])
