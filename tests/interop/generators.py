"""Seeded Arrow schemas and data of every type that the format stores.

Everything follows from one integer: `Case(seed)` is the same schema, values, batches and options on every machine. Arrays are put
together from raw buffers, so that null lists with garbage below them, odd offsets and unused dictionary entries occur as they do
in real producers.
"""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import pyarrow as pa

from tests.interop.arrays import make_array

BOUNDARY_ROWS = (0, 1, 2, 3, 7, 8, 9, 63, 64, 65, 127, 255, 256, 257, 511, 512, 513, 1023, 1024, 1025, 2047, 2048, 2049, 4095,
                 4096, 4097)
INTEGERS = (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())
FLOATS = (pa.float16(), pa.float32(), pa.float64())
TIMES = (pa.date32(), pa.date64(), pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns"), pa.timestamp("s"),
         pa.timestamp("ms"), pa.timestamp("us"), pa.timestamp("ns"), pa.timestamp("us", "UTC"), pa.timestamp("ns", "Europe/Berlin"),
         pa.timestamp("ms", "+02:00"), pa.duration("s"), pa.duration("ms"), pa.duration("us"), pa.duration("ns"))
BYTES = (pa.string(), pa.large_string(), pa.binary(), pa.large_binary())
VIEWS = (pa.string_view(), pa.binary_view())


# ------------------------------------------------------------------------------------------------------------------ types

@dataclasses.dataclass(frozen=True)
class Dialect:
    """What one file version can hold, and what the reference engine refuses or spoils (each line says why)."""

    version: str
    reference_writes: bool = True  # False: our writer makes the file, so the reference writer's own bugs do not matter

    @property
    def maps(self) -> bool:
        return self.version != "2.1"  # the reference refuses maps before 2.2


def random_decimal(rng: random.Random) -> pa.DataType:
    if rng.random() < 0.5:
        precision = rng.choice((1, 9, 18, 19, 38))
        return pa.decimal128(precision, rng.randint(0, precision))
    precision = rng.choice((1, 20, 38, 39, 76))
    return pa.decimal256(precision, rng.randint(0, precision))


def random_leaf(rng: random.Random, *, in_fsl: bool = False) -> pa.DataType:
    kinds = ["int", "float", "time", "decimal", "fsb", "bool"]
    if not in_fsl:
        kinds += ["bytes", "bytes", "bytes", "view", "null", "int", "dict"]
    kind = rng.choice(kinds)
    if kind == "int":
        return rng.choice(INTEGERS)
    if kind == "float":
        return rng.choice(FLOATS)
    if kind == "time":
        return rng.choice(TIMES)
    if kind == "decimal":
        return random_decimal(rng)
    if kind == "fsb":
        return pa.binary(rng.choice((1, 3, 8, 16, 40, 255, 256, 300)))
    if kind == "bool":
        return pa.bool_()
    if kind == "bytes":
        return rng.choice(BYTES)
    if kind == "view":
        return rng.choice(VIEWS)
    if kind == "dict":
        return pa.dictionary(rng.choice((pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32())),
                             rng.choice((pa.string(), pa.string(), pa.large_string(), pa.binary(), pa.int64(), pa.float32())))
    return pa.null()


def random_fsl(rng: random.Random) -> pa.DataType:
    item = random_leaf(rng, in_fsl=True)
    dimension = rng.choice((1, 2, 3, 4, 7, 16, 63, 64, 100))
    made = pa.list_(make_field("item", item, rng.random() < 0.6), dimension)
    if rng.random() < 0.2:
        made = pa.list_(make_field("item", made, rng.random() < 0.5), rng.choice((1, 2, 3)))
    return made


def random_type(rng: random.Random, dialect: Dialect, depth: int = 0, *, in_list: bool = False) -> pa.DataType:
    roll = rng.random()
    if depth >= 5 or roll < (0.45, 0.45, 0.6, 0.7, 0.8)[min(depth, 4)]:
        return random_leaf(rng)
    if roll < 0.55 + 0.1 * depth:
        return random_fsl(rng)
    kind = rng.choice(("list", "list", "large_list", "struct", "struct", "map"))
    if kind == "map" and dialect.maps:
        key = rng.choice((pa.string(), pa.int32(), pa.int64(), pa.large_string()))
        return pa.map_(key, make_field("value", random_type(rng, dialect, depth + 1, in_list=True), rng.random() < 0.8))
    if kind == "struct":
        fields = [make_field(rng.choice("abcxyz") + str(i), random_type(rng, dialect, depth + 1, in_list=in_list),
                           rng.random() < 0.75) for i in range(rng.randint(1, 3))]
        return pa.struct(fields)
    item = make_field("item", random_type(rng, dialect, depth + 1, in_list=True), rng.random() < 0.75)
    return pa.large_list(item) if kind == "large_list" else pa.list_(item)


def make_field(name: str, kind: pa.DataType, nullable: bool, metadata: dict[str, str] | None = None) -> pa.Field:
    return pa.field(name, kind, nullable or pa.types.is_null(kind), metadata)


def walk(kind: pa.DataType):
    """The type and every type below it."""
    yield kind
    if isinstance(kind, pa.BaseExtensionType):
        yield from walk(kind.storage_type)
    elif pa.types.is_dictionary(kind):
        yield from walk(kind.value_type)
    else:
        for i in range(kind.num_fields):
            yield from walk(kind.field(i).type)


# ---------------------------------------------------------------------------------------------------------------- schemas

EXTENSIONS = (
    lambda: pa.field("uid", pa.uuid()),
    lambda: pa.field("tensor", pa.fixed_shape_tensor(pa.float32(), [2, 3])),
    lambda: pa.field("chip", pa.fixed_shape_tensor(pa.uint8(), [3, 8, 16])),
    lambda: pa.field("geom", pa.binary(), metadata={
        b"ARROW:extension:name": b"geoarrow.wkb",
        b"ARROW:extension:metadata": b'{"crs":{"type":"GeographicCRS","id":{"authority":"EPSG","code":4326}},"edges":"planar"}'}),
    lambda: pa.field("mine", pa.int32(), metadata={b"ARROW:extension:name": b"example.celsius", b"ARROW:extension:metadata": b""}),
)

# Metadata by which the reference writer forces page encodings; only on fields where it accepts them.
FIXED_HINTS = ({"lance-encoding:compression": "zstd"}, {"lance-encoding:compression": "lz4"},
               {"lance-encoding:compression": "none"}, {"lance-encoding:compression": "zstd", "lance-encoding:compression-level": "3"},
               {"lance-encoding:compression": "lz4", "lance-encoding:bss": "on"}, {"lance-encoding:rle-threshold": "0.9"},
               {"lance-encoding:rle-threshold": "0.0"}, {"lance-encoding:dict-divisor": "1"},
               {"lance-encoding:structural-encoding": "fullzip"}, {"lance-encoding:structural-encoding": "miniblock"})
TEXT_HINTS = ({"lance-encoding:compression": "fsst"}, {"lance-encoding:compression": "zstd"}, {"lance-encoding:compression": "lz4"},
              {"lance-encoding:compression": "none"}, {"lance-encoding:structural-encoding": "fullzip"},
              {"lance-encoding:structural-encoding": "miniblock"}, {"lance-encoding:minichunk-size": "1024"},
              {"lance-encoding:dict-size-ratio": "0.99"}, {"lance-encoding:dict-values-compression": "zstd"})


def encoding_hint(rng: random.Random, kind: pa.DataType) -> dict[str, str] | None:
    if kind in BYTES:
        hint = dict(rng.choice(TEXT_HINTS))
        if hint.get("lance-encoding:structural-encoding") == "miniblock":
            hint = {}  # values may be longer than a mini-block chunk holds
        return hint
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or kind in TIMES:
        return dict(rng.choice(FIXED_HINTS))
    if pa.types.is_boolean(kind) or pa.types.is_decimal(kind) or pa.types.is_fixed_size_binary(kind):
        return {"lance-encoding:compression": rng.choice(("zstd", "lz4", "none"))}
    return None


def random_field(rng: random.Random, dialect: Dialect, name: str, *, hints: bool) -> pa.Field:
    if rng.random() < 0.08:
        made = rng.choice(EXTENSIONS)()
        return made.with_name(name)
    kind = random_type(rng, dialect)
    metadata: dict[str, str] = {}
    if hints and rng.random() < 0.4:
        metadata.update(encoding_hint(rng, kind) or {})
    if rng.random() < 0.15:
        metadata["unit"] = rng.choice(("m", "µm", ""))
    return make_field(name, kind, rng.random() < 0.8, metadata or None)


def random_schema(rng: random.Random, dialect: Dialect, *, hints: bool) -> pa.Schema:
    count = rng.choice((1, 1, 2, 3, 5))
    names = rng.sample(["id", "value", "Name", "with space", "größe", "x_1", "l", "ts", "img", "a-b"], count)
    fields = [random_field(rng, dialect, name, hints=hints) for name in names]
    metadata = {"made by": "generator", "note": "ä"} if rng.random() < 0.3 else None
    return pa.schema(fields, metadata)


def weight(kind: pa.DataType) -> int:
    """A rough number of values per row, to keep wide types short."""
    if pa.types.is_fixed_size_list(kind):
        return kind.list_size * weight(kind.value_type)
    if pa.types.is_fixed_size_binary(kind):
        return max(1, kind.byte_width // 16)
    if pa.types.is_dictionary(kind) or kind.num_fields == 0:
        return 1 if not isinstance(kind, pa.BaseExtensionType) else weight(kind.storage_type)
    inner = sum(weight(kind.field(i).type) for i in range(kind.num_fields))
    return inner * 3 if not pa.types.is_struct(kind) else inner


def random_rows(rng: random.Random, schema: pa.Schema) -> int:
    cost = sum(weight(field.type) for field in schema)
    rows = rng.choice((rng.randrange(0, 300), rng.choice(BOUNDARY_ROWS), rng.choice(BOUNDARY_ROWS), rng.randrange(0, 6000)))
    if rng.random() < 0.02 and cost <= 4:
        rows = rng.choice((70_000, 140_000))
    return min(rows, max(16, 120_000 // max(cost, 1)))


# ------------------------------------------------------------------------------------------------------------------ cases

def copied(array: pa.Array) -> pa.Array:
    """The same values without an offset anywhere."""
    if isinstance(array.type, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(array.type, copied(array.storage))
    if len(array) < 2:
        return pa.concat_arrays([make_array(random.Random(0), np.random.default_rng(0), array.type, 0), array])
    return pa.concat_arrays([array.slice(0, 1), array.slice(1)])


def has_struct(kind: pa.DataType) -> bool:
    return any(pa.types.is_struct(inner) for inner in walk(kind))


class Case:
    """One schema with data, cut into batches; `fragment_rows` says how many rows a fragment should hold."""

    def __init__(self, seed: int, *, reference_writes: bool = True, hints: bool | None = None) -> None:
        self.seed = seed
        self.rng = random.Random(seed)
        self.npr = np.random.default_rng(seed)
        self.version = self.rng.choice(("2.1", "2.2"))
        self.reference_writes = reference_writes
        dialect = Dialect(self.version, reference_writes)
        use_hints = reference_writes if hints is None else hints
        self.schema = random_schema(self.rng, dialect, hints=use_hints)
        self.rows = random_rows(self.rng, self.schema)
        self.batches = self._cut()
        self.table = pa.Table.from_batches(self.batches, self.schema)
        self.fragment_rows = self.rng.choice((1 << 20, 1 << 20, max(1, self.rows // 2), max(1, self.rows // 3 + 1), 1024))
        if self.rows / self.fragment_rows > 40:
            self.fragment_rows = max(1, self.rows // 5)

    def _batch(self, rows: int) -> pa.RecordBatch:
        columns = []
        for field in self.schema:
            before, after = self.rng.choice(((0, 0), (0, 0), (1, 0), (3, 5), (9, 2)))
            array = make_array(self.rng, self.npr, field.type, rows + before + after, field.nullable)
            array = array.slice(before, rows)
            if self.reference_writes and before + after and has_struct(field.type):
                array = copied(array)  # the reference panics or fails on slices of nullable structs in structs
            columns.append(array)
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def _cut(self) -> list[pa.RecordBatch]:
        rows = self.rows
        pieces = self.rng.choice((1, 1, 2, 5))
        cuts = sorted(self.rng.randint(0, rows) for _ in range(pieces - 1))
        sizes = [b - a for a, b in zip([0, *cuts], [*cuts, rows])]
        return [self._batch(size) for size in sizes]

    def reader(self) -> pa.RecordBatchReader:
        return pa.RecordBatchReader.from_batches(self.schema, iter(self.batches))

    def indices(self, rows: int, how: str) -> list[int]:
        if rows == 0:
            return []
        if how == "sorted":
            return sorted(self.rng.sample(range(rows), min(rows, 40)))
        if how == "random":
            return [self.rng.randrange(rows) for _ in range(25)]
        if how == "edges":
            return [i for i in (0, rows - 1, 1023, 1024, 1025, 4095, 4096, 4097, rows // 2) if 0 <= i < rows]
        return [rows - 1, 0, 0, rows - 1, rows // 2, rows // 2]

    def describe(self) -> str:
        sizes = ",".join(str(b.num_rows) for b in self.batches)
        fields = "; ".join(f"{f.name}: {f.type}{'' if f.nullable else ' not null'} {f.metadata or ''}" for f in self.schema)
        return f"seed {self.seed}, version {self.version}, batches [{sizes}], {self.fragment_rows} rows a fragment, {fields}"
