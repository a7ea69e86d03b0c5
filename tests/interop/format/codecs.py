"""Messages, and values out of bytes: docs/format/README.md and codecs.md.

Written from docs/format and nothing else, to hold the pages there against the bytes of the engines: what cannot be read is missing there.
Values are their stored bytes here (0 or 1 of one bit, a list for fixed-size lists and packed structs).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa


def message(data: bytes) -> dict[int, list]:
    fields: dict[int, list] = {}
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        value, at = varint(data, at)
        assert key & 7 in (0, 2), key
        if key & 7 == 2:
            value, at = data[at:at + value], at + value
        fields.setdefault(key >> 3, []).append(value)
    return fields


def varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at, value, shift = at + 1, value | (byte & 127) << shift, shift + 7
        if byte < 128:
            return value, at


def one(fields: dict, number: int, default=0):
    return fields.get(number, [default])[-1]


def sub(fields: dict, number: int) -> dict:
    return message(one(fields, number, b""))


def numbers(fields: dict, number: int) -> list[int]:
    values = []
    for part in fields.get(number, []):
        at = 0
        while isinstance(part, bytes) and at < len(part):
            value, at = varint(part, at)
            values.append(value)
        if isinstance(part, int):
            values.append(part)
    return values


def signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def entries(fields: dict, number: int) -> dict[str, bytes]:
    return {one(e, 1, b"").decode(): one(e, 2, b"") for e in map(message, fields.get(number, []))}


def integers(data: bytes, bits: int) -> list[int]:
    return np.frombuffer(data, f"<u{bits // 8}").tolist()


def flat(data: bytes, bits: int, n: int) -> list:
    if bits == 1:
        return np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[:n].tolist()
    width = bits // 8
    assert len(data) == n * width, (len(data), n, bits)
    return [data[i * width:(i + 1) * width] for i in range(n)]


def unpack(block: bytes, bits: int, width: int) -> np.ndarray:
    lanes, out = 1024 // bits, np.zeros(1024, f"<u{bits // 8}")
    words = np.frombuffer(block, out.dtype).reshape(width, lanes)
    for row in range(bits if width else 0):
        word, shift = divmod(row * width, bits)
        value = words[word] >> np.array(shift, out.dtype)
        if shift + width > bits:
            value |= words[word + 1] << np.array(bits - shift, out.dtype)
        first = (0, 4, 2, 6, 1, 5, 3, 7)[row // 8] * 16 + row % 8 * 128
        out[first:first + lanes] = value & np.array((1 << width) - 1, out.dtype)
    return out


def decompress(scheme: int, data: bytes) -> bytes:
    if scheme == 1:
        return pa.decompress(data[4:], integers(data[:4], 32)[0], codec="lz4_raw", asbytes=True)
    assert scheme == 2, scheme
    return pa.decompress(data[8:], integers(data[:8], 64)[0], codec="zstd", asbytes=True)


def fsst(encoding: dict, values: list[bytes]) -> list[bytes]:
    table = one(encoding, 1)
    n = table[0]
    assert len(table) == 2312 and table[4:8] == b"TSSF"
    if table[3] & 1 == 0:
        return values
    symbols = [table[8 + 8 * i:8 + 8 * i + table[8 + 8 * n + i]] for i in range(n)]

    def expand(codes: bytes) -> bytes:
        out, each = [], iter(codes)
        for code in each:
            out.append(bytes([next(each)]) if code == 255 else symbols[code])
        return b"".join(out)

    return [expand(v) for v in values]


def variable(encoding: dict, data: bytes, n: int, *, block: bool = False) -> list[bytes]:
    bits = one(sub(sub(encoding, 1), 1), 1)
    start, head = 0, 0
    if block:
        bits, start = (integers(data[:8], 32) if data[0] == 32 else integers(data[:16], 64))
        head = bits // 4
    ends = integers(data[head:head + (n + 1) * bits // 8], bits)
    return [data[start + a:start + b] for a, b in zip(ends, ends[1:])]


def nested_items(encoding: dict, data: list, validity: list[list[int]], depth: int = 0) -> list:
    """Items of a fixed-size list, grouped; `validity` has a list of bits per layer, or an empty one."""
    size, inner = one(encoding, 1), sub(encoding, 2)
    below = nested_items(sub(inner, 11), data, validity, depth + 1) if 11 in inner else data
    below = [v if not validity[depth] or validity[depth][i] else None for i, v in enumerate(below)]
    return [below[i:i + size] for i in range(0, len(below), size)]


def fixed_size_layers(encoding: dict) -> tuple[list[tuple[int, int]], dict]:
    """(elements per value, has validity) of each layer, and what is inside."""
    layers, elements = [], 1
    while True:
        elements *= one(encoding, 1)
        layers.append((elements, one(encoding, 3)))
        encoding, inner = sub(sub(encoding, 2), 11), sub(encoding, 2)
        if 11 not in inner:
            return layers, inner


def fixed_size_list(encoding: dict, buffers: list[bytes], n: int) -> list:
    layers, inner = fixed_size_layers(encoding)
    rest = iter(buffers)
    validity = [flat(next(rest), 1, n * elements) if has else [] for elements, has in layers]
    items = n * layers[-1][0]
    data = [b"\0" * 8] * items if 3 in inner else flat(next(rest), one(sub(inner, 1), 1), items)
    return nested_items(encoding, data, validity)


def packed_row(widths: list[int], row: bytes) -> list[bytes]:
    ends = np.cumsum([0, *widths]) // 8
    return [row[a:b] for a, b in zip(ends, ends[1:])]


def decode(encoding: dict, buffers: list[bytes], n: int, *, block: bool = False) -> list:
    """The values of a chunk, or of a block, as their stored bytes."""
    (number, (content,)), = encoding.items()
    codec, data = message(content), buffers[0] if buffers else b""
    if number == 1:
        return flat(data, one(codec, 1), n)
    if number == 2:
        return variable(codec, data, n, block=block)
    if number == 3:
        return [one(codec, 1)] * n
    if number == 4:
        bits, width = one(codec, 1), one(sub(sub(codec, 3), 1), 1)
        full, tail = divmod(n, 1024)
        blocks, size = [unpack(data[i * 128 * width:(i + 1) * 128 * width], bits, width) for i in range(full)], full * 128 * width
        if len(data) == size + tail * bits // 8:
            blocks.append(np.frombuffer(data[size:], f"<u{bits // 8}"))
        else:
            blocks.append(unpack(data[size:], bits, width))
        return flat(np.concatenate(blocks)[:n].tobytes(), bits, n)
    if number == 5:
        bits, at, blocks = one(codec, 1), 0, []
        while at < len(data):
            width = integers(data[at:at + bits // 8], bits)[0]
            at += bits // 8
            blocks.append(unpack(data[at:at + 128 * width], bits, width))
            at += 128 * width
        return flat(np.concatenate(blocks)[:n].tobytes(), bits, n)
    if number == 6:
        return fsst(codec, variable(sub(sub(codec, 2), 2), data, n, block=block))
    if number == 8:
        size = integers(data[:8], 64)[0] if block else 0
        values, lengths = (data[8:8 + size], data[8 + size:]) if block else buffers
        bits = one(sub(sub(codec, 1), 1), 1)
        runs = [v for v, length in zip(flat(values, bits, len(lengths)), lengths) for _ in range(length)]
        assert len(runs) >= n
        return runs[:n]
    if number == 9:
        width = one(sub(sub(codec, 1), 1), 1) // 8
        return flat(np.frombuffer(data, np.uint8).reshape(width, n).T.tobytes(), 8 * width, n)
    if number == 10:
        raw = decompress(one(sub(codec, 1), 1), data)
        return decode(sub(codec, 3), [raw, *buffers[1:]], n, block=block)
    if number == 11:
        return fixed_size_list(codec, buffers, n)
    assert number == 12, number
    widths = numbers(codec, 1)
    return [packed_row(widths, row) for row in flat(data, sum(widths), n)]


def decode_value(encoding: dict, data: bytes):
    """A value of a full-zip page."""
    (number, (content,)), = encoding.items()
    codec = message(content)
    if number == 6:
        return fsst(codec, [data])[0]
    if number == 10:
        return decode_value(sub(codec, 3), decompress(one(sub(codec, 1), 1), data))
    if number == 11:
        buffers = []
        for elements, has in fixed_size_layers(codec)[0]:
            size = (elements + 7) // 8 * has
            buffers += [data[:size]] if has else []
            data = data[size:]
        return fixed_size_list(codec, [*buffers, data], 1)[0]
    if number == 12:
        return packed_row(numbers(codec, 1), data)
    if number != 13:
        return data  # flat, variable
    row = []
    for field in map(message, codec[1]):
        size, bits = one(field, 2) // 8, one(field, 3)
        if 3 in field:
            size, data = integers(data[:bits // 8], bits)[0], data[bits // 8:]
        row.append(decode_value(sub(field, 1), data[:size]))
        data = data[size:]
    return row
