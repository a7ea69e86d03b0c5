"""The eight categories of the format's paper, from what a Debian machine with Python has: sizes and scans against pylance and Parquet.

Real text: dictionaries and documentation (`/usr/share`), source files of installed packages, their docstrings and web pages; pictures that
packages ship. Only dates and embeddings are drawn at random, from the distributions that such columns have.
"""

from __future__ import annotations

import inspect
import pathlib
import re
import shutil
import sysconfig
from collections.abc import Callable, Iterator

import lance
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import data
from benchmarks.bench_table import bytes_below, same_table, wanted
from benchmarks.harness import Case, Contender, keep_warm

LIBRARIES = [pathlib.Path(sysconfig.get_paths()["purelib"]), pathlib.Path(sysconfig.get_paths()["stdlib"]), pathlib.Path("/usr/share/doc")]


def files(patterns: tuple[str, ...], limit_bytes: int, least: int = 0) -> list[bytes]:
    """Contents of files below the library folders, in the order of their paths, up to so many bytes in all."""
    found: list[bytes] = []
    total = 0
    for folder in LIBRARIES:
        for path in sorted(p for pattern in patterns for p in folder.rglob(pattern)):
            if total >= limit_bytes:
                return found
            if path.is_file() and not path.is_symlink() and path.stat().st_size >= least:
                found.append(path.read_bytes())
                total += len(found[-1])
    return found


def texts_of(patterns: tuple[str, ...], limit_bytes: int) -> list[str]:
    return [content.decode("utf-8", "ignore") for content in files(patterns, limit_bytes, 200)]


def docstrings(limit_bytes: int) -> list[str]:
    quoted = re.compile(r'"""(.{40,4000}?)"""', re.DOTALL)
    return [inspect.cleandoc(text) for source in texts_of(("*.py",), limit_bytes * 6) for text in quoted.findall(source)]


def identifiers(limit_bytes: int) -> list[str]:
    return [name for source in texts_of(("*.py",), limit_bytes * 6) for name in re.findall(r"\bdef (\w+)", source)]


def names(size: int) -> pa.Array:
    return pa.array(identifiers(size))


def prompts(size: int) -> pa.Array:
    return pa.array([text.split("\n\n")[0] for text in docstrings(size)])


def reviews(size: int) -> pa.Array:
    return pa.array(docstrings(size))


def code(size: int) -> pa.Array:
    return pa.array(texts_of(("*.py",), size))


def pages(size: int) -> pa.Array:
    return pa.array(texts_of(("*.html", "*.htm", "*.xml", "*.svg"), size))


def images(size: int) -> pa.Array:
    return pa.array(files(("*.png", "*.jpg", "*.jpeg", "*.gif"), size, 2000), pa.large_binary())


def dates(size: int) -> pa.Array:
    return pa.array(np.random.default_rng(1).integers(8036, 10562, size // 4).astype(np.int32), pa.date32())


def embeddings(size: int) -> pa.Array:
    values = np.random.default_rng(2).normal(size=(size // 3072, 768)).astype(np.float32)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), 768)


CATEGORIES: dict[str, Callable[[int], pa.Array]] = {
    "names": names, "prompts": prompts, "dates": dates, "reviews": reviews, "code": code, "images": images,
    "embeddings": embeddings, "pages": pages}


def cases(eider, quick: bool, only: set[str]) -> Iterator[Case]:
    for name, make in CATEGORIES.items():
        if not wanted(f"categories-{name}", only):
            continue
        table = pa.table({"v": make((4 if quick else 32) << 20)})
        if table.num_rows == 0:
            print(f"categories-{name}: this machine has none")
            continue
        folder = data.folder(quick) / "categories"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        ours, compact, theirs = (str(folder / f"{kind}.lance") for kind in ("fast", "compact", "pylance"))
        eider.write_dataset(table, ours, durability="none")
        eider.write_dataset(table, compact, durability="none", profile="compact")
        lance.write_dataset(table, theirs)
        parquets = {codec: str(folder / f"{codec}.parquet") for codec in ("snappy", "zstd", "none")}
        for codec, path in parquets.items():
            pq.write_table(table, path, compression=codec)
        assert same_table(lance.dataset(compact).to_table(), table), f"{name}: the reference reads something else"
        keep_warm(folder)
        sizes = {"fast": bytes_below(f"{ours}/data"), "compact": bytes_below(f"{compact}/data"), "pylance": bytes_below(f"{theirs}/data")}
        sizes |= {codec: pathlib.Path(path).stat().st_size for codec, path in parquets.items()}

        def after(sizes=sizes, folder=folder) -> str:
            shutil.rmtree(folder, ignore_errors=True)
            parts = ", ".join(f"{kind} {size / 1e6:.2f}" for kind, size in sizes.items())
            return (f"MB: {parts}; fast / pylance {sizes['fast'] / sizes['pylance']:.4f}, "
                    f"compact / Parquet zstd {sizes['compact'] / sizes['zstd']:.3f}")

        yield Case(f"categories-{name}", [
            Contender("eider", lambda i, uri=ours: eider.dataset(uri).to_table()),
            Contender("eider compact", lambda i, uri=compact: eider.dataset(uri).to_table()),
            Contender("pylance", lambda i, uri=theirs: lance.dataset(uri).to_table()),
            *(Contender(f"parquet {codec}", lambda i, path=path: pq.read_table(path)) for codec, path in parquets.items()),
        ], rows=table.num_rows, note=f"{table.nbytes / 1e6:.0f} MB", verify=same_table, after=after)
