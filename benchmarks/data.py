"""The tables of the benchmarks, made once and kept under the data folder (EIDER_BENCH_DATA, by default build/bench-data)."""

from __future__ import annotations

import gzip
import os
import pathlib
import shutil
from collections.abc import Callable

import lance
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = pathlib.Path(os.environ.get("EIDER_BENCH_DATA", pathlib.Path(__file__).parents[1] / "build" / "bench-data"))
FASHION = pathlib.Path("/usr/share/datasets/fashion-mnist")


def random_text(npr: np.random.Generator, rows: int, length: int) -> pa.Array:
    letters = npr.integers(97, 123, rows * length, dtype=np.uint8)
    offsets = np.arange(rows + 1, dtype=np.int32) * length
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets.tobytes()), pa.py_buffer(letters.tobytes()))


def nested_lists(npr: np.random.Generator, rows: int, depth: int) -> pa.Array:
    lengths = [npr.integers(0, 11 if depth == 1 else 4, rows)]
    for _ in range(depth - 1):
        lengths.append(npr.integers(0, 4, int(lengths[-1].sum())))
    array: pa.Array = pa.array(npr.integers(0, 1 << 40, int(lengths[-1].sum())))
    for level in reversed(lengths):
        offsets = np.concatenate([[0], np.cumsum(level)]).astype(np.int32)
        array = pa.ListArray.from_arrays(pa.array(offsets), array)
    return array


def vectors(npr: np.random.Generator, rows: int, dimension: int) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(npr.random(rows * dimension, dtype=np.float32)), dimension)


def blobs(npr: np.random.Generator, rows: int) -> pa.Array:
    lengths = npr.integers(20_000, 100_000, rows)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), rows, [None, pa.py_buffer(offsets.tobytes()),
                                                                      pa.py_buffer(npr.bytes(int(offsets[-1])))])


def u64(npr, rows):
    return pa.array(npr.integers(0, 1 << 32, rows, dtype=np.uint64), mask=npr.random(rows) < 0.1)


def mixed_table(npr: np.random.Generator, rows: int) -> pa.Table:
    return pa.table({"id": pa.array(np.arange(rows, dtype=np.int64)), "count": u64(npr, rows),
                     "score": pa.array(npr.random(rows)), "name": random_text(npr, rows, 16),
                     "tags": nested_lists(npr, rows, 1), "embedding": vectors(npr, rows, 32),
                     "kind": pa.array(npr.choice(["duck", "goose", "swan", "eider"], rows))})


def numeric_table(npr: np.random.Generator, rows: int) -> pa.Table:
    """39 columns: 13 counts (some null) and 26 category codes, as in click logs."""
    columns = {f"i{i}": pa.array(npr.integers(0, 10**4, rows).astype(np.int32)) for i in range(13)}
    columns |= {f"c{i}": pa.array(npr.integers(0, 2**31, rows)) for i in range(26)}
    return pa.table(columns)


def samples_table(npr: np.random.Generator, rows: int) -> pa.Table:
    """Samples of a training set over the earth: a chip of 3 x 32 x 32, its mask, polygons, an embedding, ten numbers."""
    pixels = npr.integers(0, 256, rows * CHIP, dtype=np.uint8)
    mask = npr.integers(0, 2, rows * MASK, dtype=np.uint8)
    rings = npr.integers(1, 4, rows)
    corners = npr.integers(4, 30, int(rings.sum()))
    points = pa.StructArray.from_arrays([pa.array(npr.random(int(corners.sum()))) for _ in range(2)], ["x", "y"])
    polygons: pa.Array = points
    for lengths in (corners, rings):
        polygons = pa.ListArray.from_arrays(pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)), polygons)
    columns = {"chip": pa.FixedSizeListArray.from_arrays(pa.array(pixels), CHIP),
               "mask": pa.FixedSizeListArray.from_arrays(pa.array(mask), MASK),
               "polygons": polygons, "embedding": vectors(npr, rows, 768)}
    columns |= {f"n{i}": pa.array(npr.integers(0, 10**6, rows)) if i % 2 else pa.array(npr.random(rows)) for i in range(10)}
    return pa.table(columns)


CHIP = 3 * 32 * 32
MASK = 32 * 32


TABLES: dict[str, tuple[int, Callable[[np.random.Generator, int], pa.Table]]] = {
    "u64": (5_000_000, lambda npr, rows: pa.table({"v": u64(npr, rows)})),
    "str16": (2_000_000, lambda npr, rows: pa.table({"v": random_text(npr, rows, 16)})),
    "str200": (1_000_000, lambda npr, rows: pa.table({"v": random_text(npr, rows, 200)})),
    "list1": (1_000_000, lambda npr, rows: pa.table({"v": nested_lists(npr, rows, 1)})),
    "list5": (1_000_000, lambda npr, rows: pa.table({"v": nested_lists(npr, rows, 5)})),
    "vectors": (100_000, lambda npr, rows: pa.table({"v": vectors(npr, rows, 768)})),
    "blobs": (5_000, lambda npr, rows: pa.table({"v": blobs(npr, rows)})),
    "mixed": (1_000_000, mixed_table),
    "numeric": (1_000_000, numeric_table),
    "samples": (50_000, samples_table),
}


def rows_of(name: str, quick: bool) -> int:
    rows = TABLES[name][0]
    return max(1000, rows // 10) if quick else rows


def table(name: str, quick: bool) -> pa.Table:
    rows, make = TABLES[name]
    return make(np.random.default_rng(sum(name.encode())), rows_of(name, quick))


def folder(quick: bool) -> pathlib.Path:
    made = ROOT / ("quick" if quick else "full")
    made.mkdir(parents=True, exist_ok=True)
    return made


def once(path: pathlib.Path, make: Callable[[pathlib.Path], None]) -> pathlib.Path:
    """`make(path)` under a temporary name, unless `path` is there: an interrupted run leaves no half a data set."""
    if not path.exists():
        part = path.with_name(path.name + ".part")
        shutil.rmtree(part, ignore_errors=True)
        part.unlink(missing_ok=True)
        print(f"making {path.name} ...", flush=True)
        make(part)
        part.rename(path)
    return path


def lance_by_reference(name: str, quick: bool) -> str:
    return str(once(folder(quick) / f"{name}.pylance.lance", lambda p: lance.write_dataset(table(name, quick), str(p))))


def tiny_fragments(quick: bool, count: int) -> str:
    """As many fragments of one row."""
    npr = np.random.default_rng(4)
    columns = {"id": np.arange(count), "score": npr.random(count), "name": [f"row {i}" for i in range(count)]}
    return str(once(folder(quick) / "fragments.pylance.lance", lambda p: lance.write_dataset(pa.table(columns), str(p), max_rows_per_file=1)))


def parquet(name: str, quick: bool) -> str:
    """In row groups of the size that DuckDB writes, over which it spreads its threads."""
    return str(once(folder(quick) / f"{name}.groups.parquet", lambda p: pq.write_table(table(name, quick), p, row_group_size=122_880)))


def fashion() -> pa.Table | None:
    """70,000 images of 28 x 28 with labels; None when the package dataset-fashion-mnist is not installed."""
    if not FASHION.is_dir():
        return None
    images, labels = [], []
    for part in ("train", "t10k"):
        images.append(np.frombuffer(gzip.open(FASHION / f"{part}-images-idx3-ubyte.gz").read(), np.uint8, offset=16))
        labels.append(np.frombuffer(gzip.open(FASHION / f"{part}-labels-idx1-ubyte.gz").read(), np.uint8, offset=8))
    return pa.table({"image": pa.FixedSizeListArray.from_arrays(pa.array(np.concatenate(images)), 784),
                     "label": pa.array(np.concatenate(labels))})


def chips(rows: int) -> pa.Table:
    """Image chips with land masks, of the demo's shape (3 x 32 x 32 and 32 x 32 of uint8), cut from smooth random fields."""
    npr = np.random.default_rng(11)
    field = npr.integers(0, 256, (64, 64, 3), dtype=np.uint8).repeat(16, 0).repeat(16, 1)
    corners = npr.integers(0, 1024 - 32, (rows, 2))
    out = np.empty((rows, CHIP), np.uint8)
    for start in range(0, rows, 65536):
        stop = min(rows, start + 65536)
        for i in range(start, stop):
            y, x = corners[i]
            out[i] = field[y:y + 32, x:x + 32].transpose(2, 0, 1).reshape(-1)
    out ^= npr.integers(0, 4, (1, CHIP), dtype=np.uint8)
    masks = (out[:, :MASK] > 127).astype(np.uint8)
    return pa.table({"id": pa.array(np.arange(rows)), "chip": pa.FixedSizeListArray.from_arrays(pa.array(out.reshape(-1)), CHIP),
                     "mask": pa.FixedSizeListArray.from_arrays(pa.array(masks.reshape(-1)), MASK)})
