"""Seeded Arrow arrays of every type, put together from raw buffers: null lists with garbage below them, odd offsets and unused
dictionary entries occur as they do in real producers.
"""

from __future__ import annotations

import math
import random

import numpy as np
import pyarrow as pa

WORDS = ("", "a", "of", "Eider", "naïve", "雁", "🦆 duck", "somateria mollissima", "0", "x" * 31, "y" * 32, "z" * 33)


def validity(rng: random.Random, npr: np.random.Generator, rows: int) -> np.ndarray | None:
    """True where valid; None for no mask at all (a producer may leave it out)."""
    pattern = rng.choice(("none", "none", "few", "half", "most", "all", "edges", "runs", "last", "first"))
    if pattern == "none" or rows == 0:
        return None
    valid = np.ones(rows, bool)
    if pattern == "few":
        valid[npr.random(rows) < 0.05] = False
    elif pattern == "half":
        valid[npr.random(rows) < 0.5] = False
    elif pattern == "most":
        valid[npr.random(rows) < 0.97] = False
    elif pattern == "all":
        valid[:] = False
    elif pattern == "edges":
        for at in (0, rows - 1, *range(1023, rows, 1024), *range(1024, rows, 1024), *range(4095, rows, 4096)):
            valid[at] = False
    elif pattern == "runs":
        valid = npr.random(rows // 37 + 1).repeat(37)[:rows] < 0.6
    elif pattern == "last":
        valid[-1] = False
    else:
        valid[0] = False
    return valid


def bitmap(valid: np.ndarray | None) -> pa.Buffer | None:
    return None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little").tobytes() or b"\0")


def shaped_integers(rng: random.Random, npr: np.random.Generator, rows: int, low: int, high: int) -> np.ndarray:
    """Python-int bounds, int64 or uint64 out: constant, runs, monotonic, few values, narrow or full range, extremes."""
    dtype = np.uint64 if high > 2**63 - 1 else np.int64
    shape = rng.choice(("constant", "runs", "monotonic", "few", "narrow", "narrow", "full", "full", "extremes", "zero_one"))
    if shape == "constant":
        return np.full(rows, rng.randint(low, high), dtype)
    if shape == "monotonic":
        step = max(1, min((high - low) // max(rows, 1), rng.choice((1, 3, 1000))))
        start = rng.randint(low, max(low, high - step * rows))
        return np.minimum(np.arange(rows, dtype=dtype) * dtype(step) + dtype(start), dtype(high))
    if shape == "narrow":
        width = min(high - low, (1 << rng.randint(1, 40)) - 1)
        start = max(low, min(high - width, rng.choice((0, 0, low, 1000))))
        return npr.integers(start, start + width, rows, dtype=dtype, endpoint=True)
    if shape == "zero_one":
        return npr.integers(0, 1, rows, dtype=dtype, endpoint=True)
    full = npr.integers(low, high, max(rows, 8), dtype=dtype, endpoint=True)
    if shape == "runs":
        lengths = npr.integers(1, rng.choice((3, 40, 700)), rows + 1)
        return full[:rows].repeat(lengths[:rows])[:rows]
    if shape == "few":
        return npr.choice(full[:5], rows)
    if shape == "extremes":
        return npr.choice(np.array([low, high, 0, 1, low], dtype), rows)
    return full[:rows]


def integer_array(rng, npr, kind: pa.DataType, rows: int, valid, low: int, high: int, dtype) -> pa.Array:
    values = shaped_integers(rng, npr, rows, low, high).astype(dtype)
    return pa.Array.from_buffers(kind, rows, [bitmap(valid), pa.py_buffer(values.tobytes())])


def float_array(rng, npr, kind, rows, valid) -> pa.Array:
    dtype = {"halffloat": np.float16, "float": np.float32, "double": np.float64}[str(kind)]
    shape = rng.choice(("unit", "normal", "bits", "whole", "special", "constant"))
    if shape == "unit":
        values = npr.random(rows).astype(dtype)
    elif shape == "normal":
        values = npr.normal(size=rows).astype(dtype)
    elif shape == "bits":
        values = np.frombuffer(npr.bytes(rows * np.dtype(dtype).itemsize), dtype)
    elif shape == "whole":
        values = npr.integers(0, 100, rows).astype(dtype)
    elif shape == "special":
        values = npr.choice(np.array([0.0, -0.0, math.inf, -math.inf, math.nan, 1.0], dtype), rows)
    else:
        values = np.full(rows, rng.choice((0.0, -0.0, 1.5, math.nan)), dtype)
    return pa.Array.from_buffers(kind, rows, [bitmap(valid), pa.py_buffer(values.tobytes())])


def decimal_array(rng, npr, kind, rows, valid) -> pa.Array:
    width = 16 if pa.types.is_decimal128(kind) else 32
    limit = 10**kind.precision - 1
    if rows <= 300:
        numbers = [rng.choice((0, 1, -1, limit, -limit, rng.randint(-limit, limit), rng.randint(-limit, limit)))
                   for _ in range(rows)]
    else:
        small = min(limit, 2**62)
        numbers = shaped_integers(rng, npr, rows, -small, small).tolist()
    data = b"".join(number.to_bytes(width, "little", signed=True) for number in numbers)
    return pa.Array.from_buffers(kind, rows, [bitmap(valid), pa.py_buffer(data)])


def text_values(rng: random.Random, npr: np.random.Generator, rows: int, *, text: bool) -> list[bytes]:
    shape = rng.choice(("short", "short", "words", "words", "few", "empty", "constant", "mixed", "long", "huge", "compressible"))
    if shape in ("long", "huge") and rows > 600:
        shape = "short"
    letters = npr.integers(97, 123, 70_000, dtype=np.uint8).tobytes() if text else npr.bytes(70_000)

    def piece(length: int) -> bytes:
        start = rng.randrange(len(letters) - length)
        return letters[start:start + length]

    if shape == "short":
        return [piece(length) for length in npr.integers(0, 24, rows)]
    if shape == "words":
        return [rng.choice(WORDS).encode() for _ in range(rows)]
    if shape == "few":
        some = [piece(rng.randrange(1, 60)) for _ in range(rng.randrange(2, 40))]
        return [rng.choice(some) for _ in range(rows)]
    if shape == "empty":
        return [b""] * rows
    if shape == "constant":
        return [piece(rng.choice((1, 3, 40, 300)))] * rows
    if shape == "mixed":
        return [piece(length) for length in npr.choice([0, 1, 5, 100, 254, 255, 256, 257], rows)]
    if shape == "long":
        return [piece(length) for length in npr.integers(200, 2000, rows)]
    if shape == "huge":
        return [piece(rng.choice((10, 300, 33_000, 60_000)) if i % 7 == 0 else 50) for i in range(rows)]
    return [f"https://example.org/{int(i)}/view?page={int(i) % 17}".encode() for i in npr.integers(0, 10**6, rows)]


def bytes_array(rng, npr, kind, rows, valid) -> pa.Array:
    view = pa.types.is_string_view(kind) or pa.types.is_binary_view(kind)
    text = kind in (pa.string(), pa.large_string(), pa.string_view())
    values = text_values(rng, npr, rows, text=text)
    if view:
        present = [v if valid is None or valid[i] else None for i, v in enumerate(values)]
        return pa.array([v.decode() if text and v is not None else v for v in present], kind)
    if valid is not None and rng.random() < 0.5:  # else the nulls keep garbage bytes below them, which is legal
        values = [v if valid[i] else b"" for i, v in enumerate(values)]
    wide = kind in (pa.large_string(), pa.large_binary())
    offsets = np.zeros(rows + 1, np.int64 if wide else np.int32)
    np.cumsum([len(v) for v in values], out=offsets[1:])
    return pa.Array.from_buffers(kind, rows, [bitmap(valid), pa.py_buffer(offsets.tobytes()), pa.py_buffer(b"".join(values))])


def list_lengths(rng, npr, rows: int) -> np.ndarray:
    shape = rng.choice(("short", "short", "empty", "one", "many", "skewed", "constant"))
    if rows > 2000 and shape in ("many", "skewed"):
        shape = "short"
    if shape == "short":
        return npr.integers(0, 5, rows)
    if shape == "empty":
        return np.zeros(rows, np.int64)
    if shape == "one":
        return np.ones(rows, np.int64)
    if shape == "many":
        return npr.integers(0, 30, rows)
    if shape == "constant":
        return np.full(rows, rng.choice((2, 3)), np.int64)
    lengths = npr.integers(0, 3, rows)
    if rows:
        lengths[rng.randrange(rows)] = rng.choice((100, 1024, 5000))
    return lengths


def list_array(rng, npr, kind, rows, valid, depth) -> pa.Array:
    lengths = list_lengths(rng, npr, rows)
    if depth >= 2:
        lengths = np.minimum(lengths, 3)
    if valid is not None and rng.random() < 0.6:  # else null lists have garbage items below them
        lengths = np.where(valid, lengths, 0)
    lead = rng.choice((0, 0, 2))  # items before the first list
    offsets = np.concatenate([[lead], lead + np.cumsum(lengths)]).astype(np.int64)
    total = int(offsets[-1]) + rng.choice((0, 0, 3))
    wide = pa.types.is_large_list(kind)
    if pa.types.is_map(kind):
        keys = pa.Array.from_pandas(np.arange(total)).cast(pa.int64())
        key_type = kind.key_type
        keys = pa.array([f"k{i % 50}" for i in range(total)], key_type) if pa.types.is_string(key_type) or pa.types.is_large_string(
            key_type) else keys.cast(key_type)
        items = make_array(rng, npr, kind.item_type, total, kind.item_field.nullable, depth + 1)
        child = pa.StructArray.from_arrays([keys, items], fields=[kind.key_field, kind.item_field])
    else:
        child = make_array(rng, npr, kind.value_type, total, kind.value_field.nullable, depth + 1)
    raw = offsets.astype(np.int64 if wide else np.int32).tobytes()
    return pa.Array.from_buffers(kind, rows, [bitmap(valid), pa.py_buffer(raw)], children=[child])


def dictionary_array(rng, npr, kind, rows, valid) -> pa.Array:
    # All batches together stay below 127 entries: the reference cannot read back more with 8-bit keys.
    size = rng.choice((1, 2, 10, 20)) if kind.index_type.bit_width == 8 else rng.choice((1, 2, 10, 60, 100))
    inner = kind.value_type
    if pa.types.is_integer(inner) or pa.types.is_floating(inner):
        dictionary = pa.array(list(range(size)), pa.int32()).cast(inner)
    else:
        words = [f"word {i}" if i % 3 else "w" * (i % 40) + str(i) for i in range(size)]
        dictionary = pa.array(words if inner in (pa.string(), pa.large_string()) else [w.encode() for w in words], inner)
    codes = npr.integers(0, size, rows)
    # Codes under nulls are zero: the reference looks them up too.
    if valid is not None:
        codes = np.where(valid, codes, 0)
    indices = pa.array(codes, kind.index_type, mask=None if valid is None else ~valid)
    return pa.DictionaryArray.from_arrays(indices, dictionary)


def make_array(rng: random.Random, npr: np.random.Generator, kind: pa.DataType, rows: int, nullable: bool = True,
               depth: int = 0) -> pa.Array:
    if isinstance(kind, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(kind, make_array(rng, npr, kind.storage_type, rows, nullable, depth))
    if pa.types.is_null(kind):
        return pa.nulls(rows)
    valid = validity(rng, npr, rows) if nullable else None
    if pa.types.is_boolean(kind):
        values = npr.random(rows) < rng.choice((0.0, 0.1, 0.5, 1.0))
        return pa.Array.from_buffers(kind, rows, [bitmap(valid), bitmap(values)])
    if pa.types.is_integer(kind):
        signed = pa.types.is_signed_integer(kind)
        low, high = (-(2**(kind.bit_width - 1)), 2**(kind.bit_width - 1) - 1) if signed else (0, 2**kind.bit_width - 1)
        return integer_array(rng, npr, kind, rows, valid, low, high, np.dtype(str(kind)))
    if pa.types.is_floating(kind):
        return float_array(rng, npr, kind, rows, valid)
    if pa.types.is_decimal(kind):
        return decimal_array(rng, npr, kind, rows, valid)
    if pa.types.is_date32(kind):
        return integer_array(rng, npr, kind, rows, valid, -700_000, 2_900_000, np.int32)
    if pa.types.is_date64(kind):
        days = shaped_integers(rng, npr, rows, -700_000, 2_900_000) * 86_400_000
        return pa.Array.from_buffers(kind, rows, [bitmap(valid), pa.py_buffer(days.tobytes())])
    if pa.types.is_time(kind):
        per_day = 86_400 * {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind.unit]
        return integer_array(rng, npr, kind, rows, valid, 0, per_day - 1, np.int32 if kind.bit_width == 32 else np.int64)
    if pa.types.is_timestamp(kind) or pa.types.is_duration(kind):
        return integer_array(rng, npr, kind, rows, valid, -(2**63), 2**63 - 1, np.int64)
    if pa.types.is_fixed_size_binary(kind):
        data = npr.bytes(kind.byte_width * rows)
        if rng.random() < 0.3 and rows:
            some = [npr.bytes(kind.byte_width) for _ in range(rng.choice((1, 2, 20)))]
            data = b"".join(rng.choice(some) for _ in range(rows))
        return pa.Array.from_buffers(kind, rows, [bitmap(valid), pa.py_buffer(data)])
    if pa.types.is_dictionary(kind):
        return dictionary_array(rng, npr, kind, rows, valid)
    if pa.types.is_fixed_size_list(kind):
        child = make_array(rng, npr, kind.value_type, rows * kind.list_size, kind.value_field.nullable, depth + 1)
        return pa.Array.from_buffers(kind, rows, [bitmap(valid)], children=[child])
    if pa.types.is_struct(kind):
        children = [make_array(rng, npr, kind.field(i).type, rows, kind.field(i).nullable, depth + 1)
                    for i in range(kind.num_fields)]
        return pa.Array.from_buffers(kind, rows, [bitmap(valid)], children=children)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_map(kind):
        return list_array(rng, npr, kind, rows, valid, depth)
    return bytes_array(rng, npr, kind, rows, valid)
