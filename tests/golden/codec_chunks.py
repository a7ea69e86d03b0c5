"""Writes src/eider/codec/golden_chunks.inc: chunks, blocks, levels and full-zip values cut out of files of the reference engine.

usage: python tests/golden/codec_chunks.py        (needs pylance, pyarrow, numpy)

A case is {context, name, encoding message, number of values, shape, buffers, hash of the expected values}; the expected values
come from the Arrow data that went in. The hash is FNV-1a over the values (variable: u32 length before each).
"""

import pathlib
import struct
import tempfile

import lance
import numpy as np
import pyarrow as pa

OUT = pathlib.Path(__file__).parents[2] / "src" / "eider" / "codec" / "golden_chunks.inc"


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 128:
            return value, at


def fields(data):
    """The protobuf fields of a message: number -> list of values."""
    at, found = 0, {}
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 2:
            size, at = varint(data, at)
            value, at = data[at : at + size], at + size
        else:
            raise ValueError("wire type")
        found.setdefault(key >> 3, []).append(value)
    return found


def packed(data):
    at, values = 0, []
    while at < len(data):
        value, at = varint(data, at)
        values.append(value)
    return values


def first_page(path):
    """(layout case, layout fields, buffers) of the first page of column 0."""
    data = pathlib.Path(path).read_bytes()
    cmo = struct.unpack_from("<Q", data, len(data) - 32)[0]
    start, size = struct.unpack_from("<QQ", data, cmo)
    page = fields(fields(data[start : start + size])[2][0])
    offsets, sizes = packed(page[1][0]) if 1 in page else [], packed(page[2][0]) if 2 in page else []
    body = fields(fields(fields(page[4][0])[2][0])[1][0])
    layout = fields(body[2][0])
    case = next(iter(layout))
    return case, fields(layout[case][0]), [data[o : o + s] for o, s in zip(offsets, sizes)]


def write(array, version, metadata):
    keys = {("lance-encoding:" + k.replace("_", "-")): v for k, v in metadata.items()}
    schema = pa.schema([pa.field("v", array.type, metadata=keys or None)])
    root = tempfile.mkdtemp() + "/d.lance"
    lance.write_dataset(pa.table([array], schema=schema), root, data_storage_version=version)
    return first_page(next(pathlib.Path(root, "data").glob("*.lance")))


def chunk_of(case, layout, buffers, version, rows):
    """(rep bytes, def bytes, value buffers, number of values, number of levels) of chunk 0."""
    assert case == 1
    wide = version != "2.1"
    word = struct.unpack_from("<I" if wide else "<H", buffers[0])[0]
    values = 1 << (word & 15) if len(buffers[0]) > (4 if wide else 2) else rows
    chunk = buffers[1]
    levels = struct.unpack_from("<H", chunk)[0]
    at, sizes = 2, []
    for field in (1, 2):
        sizes.append(struct.unpack_from("<H", chunk, at)[0] if field in layout else 0)
        at += 2 if field in layout else 0
    for _ in range(layout[7][0]):
        sizes.append(struct.unpack_from("<I" if wide else "<H", chunk, at)[0])
        at += 4 if wide else 2
    parts = []
    for size in sizes:
        at = (at + 7) // 8 * 8
        parts.append(chunk[at : at + size])
        at += size
    return parts[0], parts[1], parts[2:], values, levels


def fnv(data):
    h = 0xCBF29CE484222325
    for byte in data:
        h = (h ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return h


def canonical(values, bits):
    """Fixed: `values` is bytes already. Variable: length and bytes of each."""
    return values if bits else b"".join(struct.pack("<I", len(v)) + v for v in values)


CASES = []


def add(context, name, encoding, n, bits, dimensions, buffers, values):
    CASES.append((context, name, encoding, n, bits, dimensions, buffers, fnv(canonical(values, bits))))


def fixed_bytes(array, n, width):
    buffer = array.buffers()[1].to_pybytes()
    return buffer[: n * width]


def chunk_case(name, array, bits, version="2.2", values=None, dimensions=(), **metadata):
    case, layout, buffers = write(array, version, metadata)
    _, _, parts, n, _ = chunk_of(case, layout, buffers, version, len(array))
    if values is None:
        values = fixed_bytes(array, n, bits // 8) if bits else [v.as_py() for v in array[:n]]
        if not bits:
            values = [v.encode() if isinstance(v, str) else v for v in values]
    else:
        values = values(n)
    add("MiniBlock", f"{name}, {version}", layout[3][0], n, bits, dimensions, parts, values)
    return layout, buffers


def levels_case(name, array, version, rep, definition):
    case, layout, buffers = write(array, version, {})
    rep_bytes, def_bytes, _, _, levels = chunk_of(case, layout, buffers, version, len(array))
    for which, data, field, expected in (("rep", rep_bytes, 1, rep), ("def", def_bytes, 2, definition)):
        if expected is not None:
            add("Level", f"{which} of {name}, {version}", layout[field][0], levels, 16, (), [data],
                np.asarray(expected[:levels], "<u2").tobytes())


def main():
    random = np.random.default_rng(7)
    for bits in (8, 16, 32, 64):
        small = pa.array(random.integers(0, 2 ** (bits // 2 - 1) - 1, 1100), getattr(pa, f"int{bits}")())
        chunk_case(f"bit-packed int{bits}", small, bits, dict_size_ratio="0.01")
    chunk_case("flat int32", pa.array(random.integers(-(2**31), 2**31, 100), pa.int32()), 32, "2.1")
    flags = random.random(100) < 0.5
    chunk_case("flat bool", pa.array(flags), 1, values=lambda n: np.packbits(flags[:n], bitorder="little").tobytes())
    runs = pa.array(np.repeat(random.integers(0, 2**30, 10), 100), pa.int32())
    chunk_case("run-length int32", runs, 32, "2.1")
    chunk_case("run-length int32", runs, 32, "2.2")
    chunk_case("zstd of split doubles", pa.array(random.integers(0, 50, 600) * 0.5), 64, "2.1", compression="zstd", bss="on")
    chunk_case("split int32", pa.array(random.integers(0, 50, 300), pa.int32()), 32, compression="zstd", bss="on")
    words = [f"the number {x} and {x % 17}" for x in random.integers(0, 10**6, 2500)]
    chunk_case("plain strings", pa.array(words[:40]), 0)
    chunk_case("plain large strings", pa.array(words[:40], pa.large_string()), 0)
    chunk_case("lz4 strings", pa.array(words), 0, compression="lz4", dict_divisor="100000")
    chunk_case("zstd strings", pa.array(words), 0, compression="zstd", dict_divisor="100000")
    chunk_case("fsst strings", pa.array(words), 0, compression="fsst", dict_divisor="100000")
    chunk_case("fsst strings stored raw", pa.array(words[:100]), 0, compression="fsst", dict_divisor="100000")
    rows = pa.array([[float(i), float(-i), 0.5] for i in range(50)], pa.list_(pa.float32(), 3))
    chunk_case("fixed-size list", rows, 96, dimensions=(3,), values=lambda n: fixed_bytes(rows.values, 3 * n, 4))
    packed_rows = pa.StructArray.from_arrays([pa.array(range(20), pa.int32()), pa.array([i / 4 for i in range(20)])], ["a", "b"])
    chunk_case("packed struct", packed_rows, 96, packed="true",
               values=lambda n: b"".join(struct.pack("<id", i, i / 4) for i in range(n)))

    # Dictionaries are blocks: in first-come order.
    few = [f"entry {x % 7}" for x in range(300)]
    for version in ("2.1", "2.2"):
        _, layout, buffers = write(pa.array(few), version, {})
        add("Block", f"dictionary of strings, {version}", layout[4][0], layout[5][0], 0, (), [buffers[2]],
            [f"entry {x}".encode() for x in range(7)])
    far = (np.arange(1200) * 2**40 // 1024 * 3).astype("<i8")
    _, layout, buffers = write(pa.array(np.repeat(far, 5), pa.int64()), "2.2", {})
    add("Block", "dictionary of int64, 2.2", layout[4][0], layout[5][0], 64, (), [buffers[2]], far.tobytes())

    mask = random.random(1100) < 0.1
    levels_case("nullable int32", pa.array(random.integers(0, 1000, 1100), pa.int32(), mask=mask), "2.1", None, mask.astype("u2"))
    levels_case("nullable bool", pa.array(flags, mask=mask[:100]), "2.2", None, mask[:100].astype("u2"))
    lists, rep, definition = [], [], []
    for i in range(400):
        length = None if i % 11 == 3 else i % 4
        lists.append(None if length is None else list(range(length)))
        rep += [1] + [0] * ((length or 1) - 1)
        definition += [1] if length is None else [2] if length == 0 else [0] * length
    levels_case("lists", pa.array(lists, pa.list_(pa.int32())), "2.2", rep, definition)
    _, layout, buffers = write(pa.array([None] * 1000, pa.list_(pa.int32())), "2.2", {})
    add("Level", "rep of null lists, 2.2", layout[7][0], layout[9][0], 16, (), [buffers[0]], np.ones(1000, "<u2").tobytes())

    # Full-zip values without levels: u32 length and stored bytes.
    def per_value(name, values, version="2.2", kind=pa.binary(), **metadata):
        case, layout, buffers = write(pa.array(values, kind), version, metadata)
        assert case == 3
        size = struct.unpack_from("<I", buffers[0])[0]
        first = values[0].encode() if isinstance(values[0], str) else values[0]
        add("PerValue", f"{name}, {version}", layout[7][0], 1, 0, (), [buffers[0][4 : 4 + size]], [first])

    per_value("long value", [b"abcdefgh" * 5000 + bytes([i]) for i in range(3)])
    per_value("fsst value", [" ".join(words[20 * i : 20 * i + 20]) for i in range(120)], kind=pa.string())
    per_value("plain value", [bytes(range(256)) + bytes([i]) for i in range(3)], compression="none")

    lines = [f"// Written by tests/golden/codec_chunks.py from files of pylance {lance.__version__}; do not edit."]
    for context, name, encoding, n, bits, dimensions, buffers, digest in CASES:
        sizes = "{" + ", ".join(map(str, dimensions)) + "}"
        lines.append(f'{{Context::k{context}, "{name}", {n}, {bits}, {sizes}, 0x{digest:016x}u,')
        for data, end in [(encoding, ",")] + [(b, ",") for b in buffers]:
            if data is encoding:
                lines += literal(data, " ") + ["  , {"]
            else:
                lines += literal(data, "  ") + ["   ,"]
        lines.append("}},")
    OUT.write_text("\n".join(lines) + "\n")
    print(f"{len(CASES)} cases, {OUT.stat().st_size} bytes")


def literal(data, indent):
    text = data.hex()
    return [f'{indent}"{text[i : i + 112]}"' for i in range(0, len(text), 112)] or [f'{indent}""']


if __name__ == "__main__":
    main()
