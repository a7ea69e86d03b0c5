"""Tables that several tests start from."""

from __future__ import annotations

import numpy as np
import pyarrow as pa


def small_table(rows: int = 100) -> pa.Table:
    return pa.table({"id": pa.array(range(rows), pa.int64()), "name": [f"row {i}" for i in range(rows)],
                     "v": pa.FixedSizeListArray.from_arrays(pa.array(np.arange(rows * 2, dtype=np.float32)), 2)})
