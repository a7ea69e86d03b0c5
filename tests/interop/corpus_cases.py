"""The datasets of the corpus: a grid of types, nestings, nullability and encoding metadata, then random schemas without end.

Everything follows from the number of a case and the file version, so that each release of the reference can write the same cases in
an environment of its own. Cases [0, GRID) walk the grid in a fixed shuffled order, so that any stretch of them is a fair sample.
"""

from __future__ import annotations

import itertools
import random

import numpy as np
import pyarrow as pa

from tests.interop.arrays import make_array
from tests.interop.generators import (
    BYTES,
    FLOATS,
    INTEGERS,
    TIMES,
    VIEWS,
    Dialect,
    encoding_hint,
    make_field,
    random_field,
    random_rows,
)

BLOB = {"lance-encoding:blob": "true"}
PACKED = ({"lance-encoding:packed": "true"}, {"packed": "true"})
LEAVES: tuple[pa.DataType | dict[str, str], ...] = (
    *INTEGERS, *FLOATS, *TIMES, *BYTES, *VIEWS, pa.bool_(), pa.null(), pa.decimal128(9, 2), pa.decimal128(38, 0), pa.decimal256(76, 10),
    pa.binary(1), pa.binary(16), pa.binary(300), pa.dictionary(pa.int8(), pa.string()), pa.dictionary(pa.uint16(), pa.large_string()),
    pa.dictionary(pa.int32(), pa.binary()), pa.dictionary(pa.int16(), pa.int64()))
# Fields that are what their metadata says; they are not nested.
MARKED: tuple[pa.Field, ...] = (
    pa.field("m", pa.binary(2), metadata={"ARROW:extension:name": "lance.bfloat16", "ARROW:extension:metadata": ""}),
    pa.field("m", pa.list_(pa.field("item", pa.binary(2), metadata={"ARROW:extension:name": "lance.bfloat16",
                                                                    "ARROW:extension:metadata": ""}), 4)),
    pa.field("m", pa.uuid()), pa.field("m", pa.fixed_shape_tensor(pa.float32(), [2, 3])), pa.field("m", pa.json_()),
    pa.field("m", pa.large_binary(), metadata=BLOB), pa.field("m", pa.large_binary(), False, metadata=BLOB),
    *(pa.field("m", pa.struct([pa.field("a", a, False), pa.field("b", b, False)]), nullable, metadata=PACKED[i % 2])
      for i, (a, b, nullable) in enumerate(itertools.product(
          (pa.int32(), pa.float64(), pa.uint8()), (pa.int64(), pa.binary(3), pa.timestamp("us"), pa.string(), pa.list_(pa.float32(), 3)),
          (True, False)))))
NESTINGS = ("plain", "plain", "plain", "list", "large_list", "list of lists", "struct", "struct of structs", "list of structs",
            "struct of lists", "pair", "vector", "list of pairs", "pairs of pairs", "map", "list of maps", "deep")
NO_FIXED_SIZE = ("pair", "vector", "list of pairs", "pairs of pairs")


def nested(leaf: pa.DataType, nesting: str, nullable: tuple[bool, bool]) -> pa.DataType:
    """`nullable`: the leaf, and what lies between it and the field."""
    item = make_field("item", leaf, nullable[0])

    def inner(kind: pa.DataType) -> pa.Field:
        return make_field("item", kind, nullable[1])

    def struct(field: pa.Field) -> pa.DataType:
        return pa.struct([field.with_name("a"), pa.field("other", pa.int32(), nullable[1])])

    made = {
        "plain": lambda: leaf,
        "list": lambda: pa.list_(item),
        "large_list": lambda: pa.large_list(item),
        "list of lists": lambda: pa.list_(inner(pa.list_(item))),
        "struct": lambda: struct(item),
        "struct of structs": lambda: struct(inner(struct(item))),
        "list of structs": lambda: pa.list_(inner(struct(item))),
        "struct of lists": lambda: struct(inner(pa.list_(item))),
        "pair": lambda: pa.list_(item, 2),
        "vector": lambda: pa.list_(item, 40),
        "list of pairs": lambda: pa.list_(inner(pa.list_(item, 2))),
        "pairs of pairs": lambda: pa.list_(inner(pa.list_(item, 2)), 2),
        "map": lambda: pa.map_(pa.string(), item.with_name("value")),
        "list of maps": lambda: pa.list_(inner(pa.map_(pa.int32(), item.with_name("value")))),
        "deep": lambda: pa.list_(inner(struct(inner(pa.large_list(inner(struct(inner(pa.list_(item))))))))),
    }
    return made[nesting]()


def is_fixed(leaf: pa.DataType) -> bool:
    return not (pa.types.is_null(leaf) or pa.types.is_dictionary(leaf) or leaf in BYTES or leaf in VIEWS)


def grid() -> list[tuple[pa.DataType | pa.Field, str]]:
    made: list[tuple[pa.DataType | pa.Field, str]] = [
        (leaf, nesting) for leaf, nesting in itertools.product(LEAVES, NESTINGS) if nesting not in NO_FIXED_SIZE or is_fixed(leaf)]
    made += [(field, "marked") for field in MARKED]
    random.Random(0).shuffle(made)
    return made


GRID = grid()
PASS = len(GRID) * 3 // 2  # cases that walk the whole grid once


def json_texts(rng: random.Random, rows: int) -> list[str | None]:
    pieces = ("null", "true", "-17", "1.5e3", '"naïve \\u96c1"', "[]", "{}", '{"a":[1,{"b":null}],"c":"x"}', "[1,2.5,[true,false]]", '""')
    return [None if rng.random() < 0.1 else rng.choice(pieces) for _ in range(rows)]


class CorpusCase:
    """`schema`, `table`, and how it is written and read. Two of three cases are of the grid, the others random schemas."""

    def __init__(self, seed: int, version: str) -> None:
        rng, npr = random.Random(f"{version} {seed}"), np.random.default_rng(seed)
        self.version = version
        self.hints = version != "legacy"
        self.schema = self._random_schema(rng, version) if seed % 3 == 2 else self._grid_schema(rng, seed // 3 * 2 + seed % 3)
        self.rows = min(random_rows(rng, self.schema), 3000)
        self.table = pa.Table.from_arrays([self._column(rng, npr, field) for field in self.schema], schema=self.schema)
        self.max_rows_per_file = rng.choice((1 << 20, 1 << 20, 1 << 20, max(1, self.rows // 2 + 1)))
        self.max_rows_per_group = rng.choice((1024, 1024, 7, 100)) if self.rows < 1000 else 1024
        self.picks = [rng.randrange(self.rows) for _ in range(25)] * 2 if self.rows else []
        self.ranges = [(0, 1), (self.rows // 3, 10), (self.rows // 2, self.rows), (max(0, self.rows - 1), 5)]

    def is_blob(self) -> bool:
        return any((field.metadata or {}).get(b"lance-encoding:blob") == b"true" for field in self.schema)

    def _random_schema(self, rng: random.Random, version: str) -> pa.Schema:
        dialect = Dialect("2.2" if version in ("2.2", "2.3") else "2.1")
        return pa.schema([random_field(rng, dialect, f"c{i}", hints=self.hints) for i in range(rng.choice((1, 1, 2, 3)))])

    def _grid_schema(self, rng: random.Random, cell: int) -> pa.Schema:
        leaf, nesting = GRID[cell % len(GRID)]
        if isinstance(leaf, pa.Field):
            return pa.schema([leaf])
        kind = nested(leaf, nesting, (rng.random() < 0.6, rng.random() < 0.6))
        hint = encoding_hint(rng, leaf) if self.hints and rng.random() < 0.6 else None
        return pa.schema([make_field("c", kind, rng.random() < 0.6, hint)])

    def _column(self, rng: random.Random, npr: np.random.Generator, field: pa.Field) -> pa.Array:
        if field.type == pa.json_():
            return pa.ExtensionArray.from_storage(field.type, pa.array(json_texts(rng, self.rows), field.type.storage_type))
        return make_array(rng, npr, field.type, self.rows, field.nullable)

    def describe(self) -> str:
        fields = "; ".join(f"{f.name}: {f.type}{'' if f.nullable else ' not null'} {f.metadata or ''}" for f in self.schema)
        return f"{self.rows} rows, {self.max_rows_per_group} a group, {fields}"
