"""Random rows without a look at the others."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from .error import InvalidError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

__all__ = ["sample_of_batches", "sample_of_range"]


def sample_of_range(num_rows: int, total: int) -> list[int]:
    """``num_rows`` different numbers below ``total``, in random order."""
    if not 0 <= num_rows <= total:
        raise InvalidError(f"cannot sample {num_rows} of {total} rows")
    return random.sample(range(total), num_rows)


def sample_of_batches(num_rows: int, batches: Iterable[pa.RecordBatch]) -> list[int]:
    """``num_rows`` values of the one column of ``batches``, in random order.

    Each value draws a number, and the least numbers win: what is kept is of the size of the sample, and a seed gives the same one however the
    rows are cut into batches.
    """
    import numpy as np

    if num_rows < 0:
        raise InvalidError(f"cannot sample {num_rows} rows")
    generator = np.random.default_rng(random.getrandbits(64))
    values: Any = np.empty(0, np.int64)
    draws: Any = np.empty(0)
    total, worst = 0, 2.0
    for batch in batches:
        total += batch.num_rows
        drawn = generator.random(batch.num_rows)
        better = np.flatnonzero(drawn < worst)
        values = np.concatenate([values, batch.column(0).to_numpy()[better].astype(np.int64)])
        draws = np.concatenate([draws, drawn[better]])
        if len(draws) > 2 * num_rows + 1024:
            values, draws = _best(num_rows, values, draws)
            worst = draws.max() if num_rows else 0.0
    if num_rows > total:
        raise InvalidError(f"cannot sample {num_rows} of {total} rows")
    values, draws = _best(num_rows, values, draws)
    return [int(value) for value in values[np.argsort(draws)]]


def _best(count: int, values: Any, draws: Any) -> tuple[Any, Any]:
    import numpy as np

    if len(draws) <= count:
        return values, draws
    kept = np.argpartition(draws, count)[:count]
    return values[kept], draws[kept]
