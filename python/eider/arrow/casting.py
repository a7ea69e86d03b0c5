"""Casts to and from bfloat16, which pyarrow's own cast does not know."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .bfloat16 import BFloat16Type, bfloat16_of_floats, is_bfloat16
from .bfloat16_bits import bits_of_storage, floats_of_bits

__all__ = ["cast"]


def cast(
    arr: pa.Array | pa.ChunkedArray, target_type: pa.DataType | str, *args: Any, **kwargs: Any
) -> pa.Array | pa.ChunkedArray:
    """The array as another type: like ``pyarrow.compute.cast``, and between floats and bfloat16 too.

    Args:
        arr: Array to cast. Of a chunked array, a cast to or from bfloat16 makes one array.
        target_type: Type to cast to; ``"bfloat16"`` and ``"bf16"`` are ``BFloat16Type()``. Fixed-size lists of floats
            are cast to lists of bfloat16 of the same length, and back. Nulls stay null.
        args, kwargs: Passed on to ``pyarrow.compute.cast`` for all other types.

    Raises:
        ValueError: From or to bfloat16 with what is not a float, or between lists of two lengths.
    """
    target = _type_of(target_type)
    lists = pa.types.is_fixed_size_list(arr.type) and pa.types.is_fixed_size_list(target)
    if lists and arr.type.list_size != target.list_size:
        raise ValueError(
            f"Only support casting fixed size list to fixed size list with the same size, got: {arr.type} to {target}"
        )
    if lists and (is_bfloat16(arr.type.value_type) or is_bfloat16(target.value_type)):
        return _cast_lists(_one(arr), target)
    if is_bfloat16(arr.type):
        return _floats(_one(arr), target)
    if is_bfloat16(target):
        return _bfloat16(_one(arr))
    return pc.cast(arr, target, *args, **kwargs)


def _type_of(target: pa.DataType | str) -> pa.DataType:
    if target in ("bfloat16", "bf16"):
        return BFloat16Type()
    return pa.type_for_alias(target) if isinstance(target, str) else target


def _one(arr: pa.Array | pa.ChunkedArray) -> pa.Array:
    if not isinstance(arr, pa.ChunkedArray):
        return arr
    return pa.concat_arrays(arr.chunks) if arr.num_chunks else pa.array([], arr.type)


def _floats(arr: pa.Array, target: pa.DataType) -> pa.Array:
    if is_bfloat16(target):
        return arr
    if not pa.types.is_floating(target):
        raise ValueError(f"Only support casting bfloat16 array to floating array, got: {target}")
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        numbers = floats_of_bits(bits_of_storage(arr.storage)).astype(target.to_pandas_dtype())
    nulls = np.asarray(arr.is_null()) if arr.null_count else None
    return pa.array(numbers, target, mask=nulls)


def _bfloat16(arr: pa.Array) -> pa.Array:
    if not pa.types.is_floating(arr.type):
        raise ValueError(f"Only support casting floating array to bfloat16 array, got: {arr.type}")
    nulls = np.asarray(arr.is_null()) if arr.null_count else None
    return bfloat16_of_floats(arr.to_numpy(zero_copy_only=False), nulls)


def _cast_lists(arr: pa.Array, target: pa.DataType) -> pa.Array:
    size = target.list_size
    values = cast(arr.values.slice(arr.offset * size, len(arr) * size), target.value_type)
    return pa.FixedSizeListArray.from_arrays(values, type=target, mask=arr.is_null() if arr.null_count else None)
