"""pandas columns of bfloat16, over the Arrow array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api.extensions import ExtensionArray, ExtensionDtype, register_extension_dtype

from .bfloat16 import BFLOAT16_NAME, BFloat16, BFloat16Array, bfloat16_array
from .casting import cast

__all__ = ["PandasBFloat16Array", "PandasBFloat16Type"]


@register_extension_dtype
class PandasBFloat16Type(ExtensionDtype):  # type: ignore[misc]
    """The dtype ``lance.bfloat16`` of pandas."""

    name = BFLOAT16_NAME
    type = BFloat16
    kind = "f"
    na_value = None

    @classmethod
    def construct_from_string(cls, string: str) -> PandasBFloat16Type:
        """The dtype of this name. Raises TypeError for any other."""
        if string != BFLOAT16_NAME:
            raise TypeError(f"Cannot construct a '{cls.__name__}' from '{string}'")
        return cls()

    @classmethod
    def construct_array_type(cls) -> Any:
        return PandasBFloat16Array

    def __from_arrow__(self, array: pa.Array | pa.ChunkedArray) -> PandasBFloat16Array:
        if isinstance(array, pa.ChunkedArray):
            array = pa.concat_arrays(array.chunks) if array.num_chunks else bfloat16_array([])
        return PandasBFloat16Array(array)


class PandasBFloat16Array(ExtensionArray):  # type: ignore[misc]
    """A pandas array of bfloat16 numbers: items are ``BFloat16``, or None for null.

    Args:
        data: The Arrow array of bfloat16, which ``data`` and ``pyarrow.array(...)`` of this one give back.
    """

    dtype = PandasBFloat16Type()

    def __init__(self, data: pa.ExtensionArray) -> None:
        self.data = data

    @classmethod
    def _from_sequence(cls, scalars: Sequence[Any], *, dtype: Any = None, copy: bool = False) -> PandasBFloat16Array:
        if isinstance(scalars, PandasBFloat16Array):
            return cls(scalars.data)
        return cls(bfloat16_array([None if pd.isna(value) else value for value in scalars]))

    @classmethod
    def _concat_same_type(cls, to_concat: Sequence[PandasBFloat16Array]) -> PandasBFloat16Array:
        kind = to_concat[0].data.type
        storage = pa.concat_arrays([array.data.storage for array in to_concat])
        return cls(pa.ExtensionArray.from_storage(kind, storage))

    @classmethod
    def from_numpy(cls, array: Any) -> PandasBFloat16Array:
        """From a NumPy array of ``ml_dtypes.bfloat16``, of shape (n,). Raises ValueError for anything else."""
        return cls(BFloat16Array.from_numpy(array))

    def __getitem__(self, item: Any) -> Any:
        if isinstance(item, (int, np.integer)):
            return self.data[int(item)].as_py()
        if isinstance(item, slice):
            return PandasBFloat16Array(self.data[item])
        return self.take(np.arange(len(self))[pd.api.indexers.check_array_indexer(self, item)])

    def __setitem__(self, key: Any, value: Any) -> None:
        at = np.arange(len(self))[pd.api.indexers.check_array_indexer(self, key)]
        values = value if pd.api.types.is_list_like(value) else [value] * np.size(at)
        given = self._from_sequence(values).data.storage
        positions = np.arange(len(self))
        positions[at] = len(self) + np.arange(len(given)).reshape(np.shape(at))
        both = pa.concat_arrays([self.data.storage, given])  # a new array: those who share the old one keep it
        self.data = pa.ExtensionArray.from_storage(self.data.type, both.take(pa.array(positions, pa.int64())))

    def __len__(self) -> int:
        return len(self.data)

    def __eq__(self, other: object) -> Any:
        others = other if isinstance(other, (PandasBFloat16Array, list, np.ndarray)) else [other] * len(self)
        return np.array([mine is not None and mine == its for mine, its in zip(self, others, strict=True)], dtype=bool)

    @property
    def nbytes(self) -> int:
        return int(self.data.nbytes)

    def isna(self) -> Any:
        """Which are null, of shape (n,)."""
        return np.asarray(self.data.is_null())

    def copy(self) -> PandasBFloat16Array:
        """An array over the same memory, which changes of either do not touch."""
        return PandasBFloat16Array(self.data)

    def take(self, indices: Any, *, allow_fill: bool = False, fill_value: Any = None) -> PandasBFloat16Array:
        """The items at these positions; of those below 0, counted from the end or with ``allow_fill`` replaced."""
        from pandas.api.extensions import take

        fill = len(self)
        positions = take(np.arange(len(self)), np.asarray(indices, np.intp), allow_fill=allow_fill, fill_value=fill)
        data = self.data
        if allow_fill:
            last = bfloat16_array([None if pd.isna(fill_value) else fill_value])
            data = pa.ExtensionArray.from_storage(data.type, pa.concat_arrays([data.storage, last.storage]))
        return PandasBFloat16Array(data.take(pa.array(positions, pa.int64())))

    def to_numpy(self, dtype: Any = None, copy: bool = False, na_value: Any = None) -> Any:
        """The numbers, of shape (n,): as ``ml_dtypes.bfloat16``, which has no nulls, or as ``dtype``, null as NaN.

        Raises ValueError for nulls without a dtype, and ImportError without a dtype and the package ml_dtypes.
        """
        if dtype is None:
            return self.data.to_numpy()
        if np.dtype(dtype) == object:
            return np.array([na_value if value is None else value for value in self], dtype=object)
        numbers = cast(self.data, pa.float32()).to_numpy(zero_copy_only=False).astype(dtype)
        if na_value is not None:
            numbers[self.isna()] = na_value
        return numbers

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        """The numbers as another dtype; null is NaN."""
        dtype = pd.api.types.pandas_dtype(dtype)
        if dtype == self.dtype:
            return self
        if isinstance(dtype, np.dtype) and dtype.kind == "f":  # those of Python have no __float__, as in the reference
            return self.to_numpy(dtype)
        return super().astype(dtype, copy)

    def __arrow_array__(self, type: pa.DataType | None = None) -> pa.Array:
        return self.data if type is None or type == self.data.type else cast(self.data, type)
