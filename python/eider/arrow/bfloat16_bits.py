"""bfloat16 as numbers of 16 bits: the upper half of a float32, whose range it keeps, with 8 bits of precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

__all__ = ["bits_of_floats", "bits_of_storage", "floats_of_bits", "storage_of_bits"]

_BITS = np.dtype("<u2")


def bits_of_floats(values: Any) -> Any:
    """Bits of the nearest bfloat16, ties to even; beyond the largest is infinite, NaN stays NaN. Shape (n,) to (n,)."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        single = np.ascontiguousarray(values, dtype=np.float32)
    wide = single.view(np.uint32)
    upper = wide >> 16
    rounded = (wide.astype(np.uint64) + 0x7FFF + (upper & 1)) >> 16
    quiet = upper | 0x40  # a NaN whose upper half alone would be infinity
    return np.where(np.isnan(single), quiet, rounded).astype(_BITS)


def floats_of_bits(bits: Any) -> Any:
    """The float32 numbers of these bits, without loss. Shape (n,) to (n,)."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def storage_of_bits(bits: Any, nulls: Any = None) -> pa.Array:
    """A ``fixed_size_binary[2]`` array over the bits, which it shares when no mask of ``nulls`` is given."""
    data = pa.py_buffer(np.ascontiguousarray(bits, dtype=_BITS))
    valid = None
    if nulls is not None and nulls.any():
        valid = pa.py_buffer(np.packbits(~nulls, bitorder="little"))
    return pa.Array.from_buffers(pa.binary(2), len(bits), [valid, data])


def bits_of_storage(storage: pa.Array) -> Any:
    """The bits of a ``fixed_size_binary[2]`` array, which are shared; those of nulls are not defined."""
    data = storage.buffers()[1]
    if len(storage) == 0 or data is None:
        return np.zeros(len(storage), _BITS)
    return np.frombuffer(data, _BITS, count=len(storage), offset=2 * storage.offset)
