"""take(256) of random rows over files of the reference engine, warm; Parquet has no such access and reads row groups."""

from __future__ import annotations

from collections.abc import Iterator

import lance
import numpy as np
import pyarrow as pa
import pyarrow.dataset

from benchmarks import data
from benchmarks.harness import Case, Contender, keep_warm

NAMES = ("u64", "str16", "str200", "list1", "list5", "vectors", "blobs", "mixed")
ROWS = 256


def same(a: pa.Table, b: pa.Table) -> bool:
    return a.num_rows == b.num_rows and a.column_names == b.column_names and a.to_pylist() == b.to_pylist()


def cases(eider, quick: bool, only: set[str]) -> Iterator[Case]:
    for name in NAMES:
        if only and f"take-{name}" not in only and "take" not in only:
            continue
        uri, parquet = data.lance_by_reference(name, quick), data.parquet(name, quick)
        keep_warm(uri, parquet)
        mine, theirs, flat = eider.dataset(uri), lance.dataset(uri), pyarrow.dataset.dataset(parquet)
        npr = np.random.default_rng(1)
        picks = [npr.integers(0, data.rows_of(name, quick), ROWS).tolist() for _ in range(64)]
        yield Case(f"take-{name}", [
            Contender("eider", lambda i: mine.take(picks[i % 64])),
            Contender("pylance", lambda i: theirs.take(picks[i % 64])),
            Contender("parquet", lambda i: flat.take(pa.array(picks[i % 64])), slow=True),
        ], rows=ROWS, verify=same)
