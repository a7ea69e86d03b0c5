"""Writes the golden files of this folder with the reference engine: python -m tests.golden.write [file version ...] [name ...]

An older release in an environment of its own writes its share: <its python> -m tests.golden.write 2.0; release 7 also 2.1 null_vectors.

    <writer>/<version>/<name>.lance    one small data file per page layout and encoding
    <writer>/<version>/<name>.arrow    the table it holds, as an Arrow IPC file

The files are committed: they stay what the named release wrote, whatever later releases do.
"""

from __future__ import annotations

import pathlib
import random
import shutil
import sys

import lance
import numpy as np
import pyarrow as pa
import pyarrow.feather
from lance.file import LanceFileWriter

HERE = pathlib.Path(__file__).parent
PACKED = pa.struct([pa.field("a", pa.int32(), False), pa.field("b", pa.list_(pa.int16(), 2), False)])


def nulls(rng: np.random.Generator, values: list, share: float = 0.1) -> list:
    return [None if rng.random() < share else v for v in values]


def words(rng: random.Random, rows: int, low: int, high: int) -> list[str]:
    return ["".join(rng.choices("abcdefghij klmnop", k=rng.randint(low, high))) for _ in range(rows)]


def column(name: str, array: pa.Array, **metadata: str) -> tuple[pa.Field, pa.Array]:
    hints = {f"lance-encoding:{key.replace('_', '-')}": value for key, value in metadata.items()}
    return pa.field(name, array.type, metadata=hints or None), array


def tables() -> dict[str, list[tuple[pa.Field, pa.Array]]]:
    rng, npr = random.Random(1), np.random.default_rng(1)
    i64 = pa.array(nulls(npr, npr.integers(0, 1000, 1500).tolist()), pa.int64())
    text = pa.array(nulls(npr, words(rng, 700, 30, 90)), pa.string())
    depth2 = [None if i % 17 == 0 else [None if j % 5 == 4 else list(range(j)) for j in range(i % 4)] for i in range(300)]
    structs = [None if i % 11 == 0 else {"a": i, "l": None if i % 7 == 0 else [{"s": str(i), "f": i / 2}] * (i % 3)}
               for i in range(200)]
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(npr.random(40 * 64, dtype=np.float32)), 64)
    pairs = pa.FixedSizeListArray.from_arrays(pa.array(nulls(npr, npr.integers(0, 99, 600).tolist()), pa.int16()), 2)
    return {
        "flat": [column("v", pa.array(npr.integers(-2**62, 2**62, 600)))],
        "bool": [column("v", pa.array(nulls(npr, (npr.random(900) < 0.5).tolist()), pa.bool_()))],
        "bitpack": [column("v", i64)],
        "bitpack_u8": [column("v", pa.array(npr.integers(0, 9, 1300).astype(np.uint8)))],
        "rle": [column("v", pa.array(np.repeat(npr.integers(0, 10**6, 20).astype(np.int32), 60)))],
        "dictionary": [column("v", pa.array([f"place number {i % 13}" for i in range(800)]))],
        "fsst": [column("v", text)],
        "variable": [column("v", pa.array(nulls(npr, words(rng, 300, 0, 12)), pa.large_string()))],
        "zstd": [column("v", pa.array((npr.integers(0, 50, 2500) * 12345).astype(np.int64)), compression="zstd", bss="off",
                        dict_divisor="1000000")],
        "lz4_text": [column("v", text, compression="lz4")],
        "split": [column("v", pa.array(npr.random(700)), compression="zstd", bss="on")],
        "fullzip_text": [column("v", pa.array(nulls(npr, words(rng, 30, 250, 300)), pa.string()))],
        "fullzip_vectors": [column("v", vectors)],
        "fullzip_lists": [column("v", pa.array([[b"x" * 260] * (i % 3) if i % 9 else None for i in range(40)]))],
        "pairs_with_nulls": [column("v", pairs)],
        "lists": [column("v", pa.array(depth2, pa.list_(pa.list_(pa.int32()))))],
        "structs": [column("v", pa.array(structs))],
        "constant": [column("v", pa.array([7] * 500, pa.int32())), column("n", pa.nulls(500)),
                     column("s", pa.array([None if i % 2 else "abc" for i in range(500)]))],
        "null_vectors": [column("v", pa.array([None, [None] * 40] * 25, pa.list_(pa.int16(), 40)), structural_encoding="fullzip"), column("id", pa.array(range(50)))],
        "mixed": [column("id", pa.array(range(250), pa.uint32())), column("t", pa.array(words(rng, 250, 1, 9))),
                  column("d", pa.array(npr.integers(0, 10**9, 250), pa.timestamp("us", "UTC"))),
                  column("f", pa.array(npr.random(250).astype(np.float16)))],
    }


def array_tables() -> dict[str, list[tuple[pa.Field, pa.Array]]]:
    """For file version 2.0, which has no null structs and other encodings."""
    rng, npr = random.Random(2), np.random.default_rng(2)
    lists = [None if i % 9 == 0 else [None if j == 3 else f"{i} {j}" for j in range(i % 5)] for i in range(200)]
    depth2 = [[list(range(j)) if j % 3 else None for j in range(i % 4)] for i in range(150)]
    structs = [[{"a": i, "l": [j] * j} for j in range(i % 3)] for i in range(120)]
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(npr.random(40 * 16, dtype=np.float32)), 16)
    pairs = pa.FixedSizeListArray.from_arrays(pa.array(nulls(npr, npr.integers(0, 99, 600).tolist()), pa.int16()), 2)
    return {
        "flat": [column("v", pa.array(npr.integers(-2**62, 2**62, 300)))],
        "bool": [column("v", pa.array(nulls(npr, (npr.random(500) < 0.5).tolist()), pa.bool_()))],
        "nulls": [column("v", pa.nulls(70, pa.int32())), column("n", pa.nulls(70)), column("s", pa.nulls(70, pa.string()))],
        "strings": [column("v", pa.array(nulls(npr, words(rng, 200, 0, 12)))), column("b", pa.array([b"x" * (i % 5) for i in range(200)]))],
        "few_strings": [column("v", pa.array([None if i % 11 == 0 else f"place {i % 13}" for i in range(400)]))],
        "zstd": [column("v", pa.array(words(rng, 200, 20, 40)), compression="zstd")],
        "dictionary": [column("v", pa.array([f"place {i % 13}" for i in range(300)]).dictionary_encode())],
        "vectors": [column("v", vectors)],
        "pairs_with_nulls": [column("v", pairs)],
        "lists": [column("v", pa.array(lists))],
        "lists_of_lists": [column("v", pa.array(depth2, pa.list_(pa.list_(pa.int32()))))],
        "structs": [column("v", pa.array([{"a": i, "b": str(i)} for i in range(100)]))],
        "lists_of_structs": [column("v", pa.array(structs)), column("after", pa.array(range(120)))],
        "fixed_binary": [column("v", pa.array([None if i % 5 == 0 else bytes([i % 256]) * 7 for i in range(100)], pa.binary(7)))],
        "packed": [column("v", pa.array([{"a": i, "b": [i, -i]} for i in range(90)], PACKED), packed="true")],
    }


# Of 2.3, which is not stable: what is written in known encodings.
NEXT = ("flat", "bool", "bitpack", "bitpack_u8", "rle", "dictionary", "split", "fullzip_text", "fullzip_vectors", "fullzip_lists", "lists")


def next_tables() -> dict[str, list[tuple[pa.Field, pa.Array]]]:
    made = {name: table for name, table in tables().items() if name in NEXT}
    made["constant"] = [column("v", pa.array([7] * 500, pa.int32())), column("n", pa.nulls(500)), column("m", pa.nulls(500, pa.string()))]
    return made


def main() -> None:
    makers = {"2.0": array_tables, "2.3": next_tables}
    names = [word for word in sys.argv[1:] if not word[0].isdigit()]
    for version in [word for word in sys.argv[1:] if word[0].isdigit()] or ("2.0", "2.1", "2.2", "2.3"):
        folder = HERE / f"pylance-{lance.__version__}" / version
        if not names:
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        for name, columns in makers.get(version, tables)().items():
            if names and name not in names:
                continue
            table = pa.Table.from_arrays([a for _, a in columns], schema=pa.schema([f for f, _ in columns]))
            with LanceFileWriter(str(folder / f"{name}.lance"), table.schema, version=version) as writer:
                writer.write_batch(table.combine_chunks())
            pyarrow.feather.write_feather(table, str(folder / f"{name}.arrow"), compression="zstd")
        if version == "2.2" and not names:
            table = pa.table({"v": pa.array([[("k", 1), ("l", None)], None, []] * 50, pa.map_(pa.string(), pa.int32()))})
            with LanceFileWriter(str(folder / "map.lance"), table.schema, version=version) as writer:
                writer.write_batch(table)
            pyarrow.feather.write_feather(table, str(folder / "map.arrow"), compression="zstd")


if __name__ == "__main__":
    main()
