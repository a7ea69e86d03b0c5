"""bfloat16: numbers, and the Arrow type ``lance.bfloat16`` with its arrays and scalars."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from ..packages import import_package
from .bfloat16_bits import bits_of_floats, bits_of_storage, floats_of_bits, storage_of_bits

__all__ = [
    "BFLOAT16_NAME",
    "BFloat16",
    "BFloat16Array",
    "BFloat16Scalar",
    "BFloat16Type",
    "bfloat16_array",
    "bfloat16_of_floats",
    "is_bfloat16",
]

BFLOAT16_NAME = "lance.bfloat16"


@functools.total_ordering
class BFloat16:
    """One bfloat16 number: the nearest to ``value``, ties to even."""

    __slots__ = ("_bits",)

    def __init__(self, value: float) -> None:
        self._bits = int(bits_of_floats([_real(value, "BFloat16")])[0])

    @classmethod
    def from_bytes(cls, bytes: bytes) -> BFloat16:
        """From its two bytes, the lower first. Raises ValueError for another number of bytes."""
        if len(bytes) != 2:
            raise ValueError(f"BFloat16.from_bytes: expected 2 bytes, got {len(bytes)}")
        number = cls.__new__(cls)
        number._bits = int.from_bytes(bytes, "little")
        return number

    def as_float(self) -> float:
        """The same number as a float."""
        return float(self._single())

    def _single(self) -> Any:
        return floats_of_bits(np.array([self._bits], np.uint16))[0]

    def __repr__(self) -> str:
        number = self._single()
        return "NaN" if np.isnan(number) else np.format_float_positional(number, trim="-")

    def __eq__(self, other: object) -> bool:
        return self.as_float() == other.as_float() if isinstance(other, BFloat16) else NotImplemented

    def __lt__(self, other: object) -> bool:
        return self.as_float() < other.as_float() if isinstance(other, BFloat16) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.as_float())

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        return type(self).from_bytes, (self._bits.to_bytes(2, "little"),)


class BFloat16Type(pa.ExtensionType):  # type: ignore[misc]
    """The Arrow type ``lance.bfloat16``, stored as ``fixed_size_binary[2]``."""

    def __init__(self) -> None:
        super().__init__(pa.binary(2), BFLOAT16_NAME)

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type: pa.DataType, serialized: bytes) -> BFloat16Type:
        if storage_type != pa.binary(2):
            raise ValueError(f"{BFLOAT16_NAME}: stored as {storage_type}, expected {pa.binary(2)}")
        return cls()

    def __arrow_ext_class__(self) -> type:
        return BFloat16Array

    def __arrow_ext_scalar_class__(self) -> type:
        return BFloat16Scalar

    def to_pandas_dtype(self) -> Any:
        """The dtype of pandas columns of this type. Raises ImportError without pandas."""
        import_package("BFloat16Type.to_pandas_dtype", "pandas")
        from .pandas_bfloat16 import PandasBFloat16Type

        return PandasBFloat16Type()


class BFloat16Array(pa.ExtensionArray):  # type: ignore[misc]
    """An Arrow array of bfloat16 numbers."""

    def __repr__(self) -> str:
        return f"<eider.arrow.{type(self).__name__} object at 0x{id(self):016x}>\n{self}"

    def __str__(self) -> str:
        return "[\n" + ",\n".join(f"  {value}" for value in self.to_pylist()) + "\n]"

    @classmethod
    def from_numpy(cls, array: Any) -> BFloat16Array:
        """From a NumPy array of ``ml_dtypes.bfloat16`` and of shape (n,), which is shared when it is contiguous.

        Raises ValueError for another dtype or more dimensions.
        """
        if array.dtype.name != "bfloat16":
            raise ValueError(f"Cannot convert non-bfloat16 values to BFloat16Array: the dtype is {array.dtype}")
        if array.ndim != 1:
            raise ValueError(f"Cannot convert multi-dimensional array to BFloat16Array: the shape is {array.shape}")
        return _wrapped(storage_of_bits(np.ascontiguousarray(array).view(np.uint16)))

    def to_numpy(self, zero_copy_only: bool = True, writable: bool = False) -> Any:
        """The numbers as ``ml_dtypes.bfloat16``, of shape (n,); memory is shared unless ``writable``.

        Raises ValueError when any is null, and ImportError without the package ml_dtypes. A ``cast`` is for both.
        """
        if self.null_count > 0:
            raise ValueError(f"Cannot convert null values to numpy: {self.null_count} of {len(self)} are null")
        if writable and zero_copy_only:
            raise ValueError("BFloat16Array.to_numpy: a writable array is a copy; pass zero_copy_only=False")
        bfloat16 = import_package("BFloat16Array.to_numpy", "ml_dtypes").bfloat16
        numbers = bits_of_storage(self.storage).view(bfloat16)
        if writable:
            return numbers.copy()
        numbers.flags.writeable = False
        return numbers


class BFloat16Scalar(pa.ExtensionScalar):  # type: ignore[misc]
    """One value of an array of bfloat16, which equals its ``BFloat16`` and, of ml_dtypes, its ``bfloat16``."""

    def as_py(self, **kwargs: Any) -> BFloat16 | None:
        """The number; None for null."""
        return None if self.value is None else BFloat16.from_bytes(self.value.as_py(**kwargs))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, pa.ExtensionScalar):
            other = BFloat16Scalar.as_py(other) if is_bfloat16(other.type) else other
            return self.as_py() == other
        if isinstance(other, np.generic) and other.dtype.name == "bfloat16":
            other = BFloat16.from_bytes(other.tobytes())
        return isinstance(other, BFloat16) and self.as_py() == other

    def __hash__(self) -> int:
        return hash(self.as_py())


def is_bfloat16(data_type: Any) -> bool:
    """Whether this is the type ``lance.bfloat16``, whichever package has registered it."""
    return getattr(data_type, "extension_name", None) == BFLOAT16_NAME


def _wrapped(storage: pa.Array) -> BFloat16Array:
    array: BFloat16Array = pa.ExtensionArray.from_storage(BFloat16Type(), storage)
    return array


def bfloat16_of_floats(values: Any, nulls: Any = None) -> BFloat16Array:
    """An array of the numbers nearest to ``values`` of shape (n,), null where ``nulls`` says so."""
    return _wrapped(storage_of_bits(bits_of_floats(values), nulls))


def _real(value: Any, where: str) -> float:
    if isinstance(value, BFloat16):
        return value.as_float()
    if isinstance(value, (str, bytes, bytearray)):
        raise TypeError(f"{where}: a number is expected, not {type(value).__name__}")
    try:
        return float(value)
    except TypeError:
        raise TypeError(f"{where}: a number is expected, not {type(value).__name__}") from None


def bfloat16_array(values: Iterable[Any] | pa.Array) -> BFloat16Array:
    """An array of the bfloat16 numbers nearest to ``values``, ties to even; None is null.

    Args:
        values: Numbers and None; a NumPy array of shape (n,); an Arrow array of numbers.

    Raises:
        TypeError: A value is not a number.
        ValueError: A NumPy array has more dimensions than one.
    """
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        values = values.to_pylist()
    if isinstance(values, np.ndarray) and values.ndim != 1:
        raise ValueError(f"bfloat16_array: one dimension is expected, the shape is {values.shape}")
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiu":
        return bfloat16_of_floats(values)
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"bfloat16_array: a sequence of numbers is expected, not {type(values).__name__}")
    rows = list(values)
    nulls = np.array([row is None for row in rows], dtype=bool)
    numbers = [0.0 if row is None else _real(row, f"bfloat16_array: values[{i}]") for i, row in enumerate(rows)]
    return bfloat16_of_floats(np.array(numbers, dtype=np.float64), nulls)
