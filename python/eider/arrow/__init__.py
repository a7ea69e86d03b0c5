"""Arrow extension types of bfloat16 numbers and of images, with arrays, scalars and casts.

Importing this module registers the types with pyarrow: columns that carry their names are then read as these types. A
type that another package has registered already stays with that package; functions here take arrays of either.

>>> from eider.arrow import bfloat16_array
>>> bfloat16_array([1.1, None]).to_pylist()
[1.1015625, None]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .bfloat16 import BFloat16, BFloat16Array, BFloat16Scalar, BFloat16Type, bfloat16_array
from .casting import cast
from .image_arrays import EncodedImageArray, FixedShapeImageTensorArray, ImageArray, ImageURIArray
from .image_types import (
    EncodedImageScalar,
    EncodedImageType,
    FixedShapeImageTensorScalar,
    FixedShapeImageTensorType,
    ImageScalar,
    ImageURIScalar,
    ImageURIType,
)
from .registration import register_types

if TYPE_CHECKING:
    from .pandas_bfloat16 import PandasBFloat16Array, PandasBFloat16Type

__all__ = [
    "BFloat16",
    "BFloat16Array",
    "BFloat16Scalar",
    "BFloat16Type",
    "EncodedImageArray",
    "EncodedImageScalar",
    "EncodedImageType",
    "FixedShapeImageTensorArray",
    "FixedShapeImageTensorScalar",
    "FixedShapeImageTensorType",
    "ImageArray",
    "ImageScalar",
    "ImageURIArray",
    "ImageURIScalar",
    "ImageURIType",
    "PandasBFloat16Array",
    "PandasBFloat16Type",
    "bfloat16_array",
    "cast",
]


def __getattr__(name: str) -> object:
    if name in ("PandasBFloat16Array", "PandasBFloat16Type"):
        from ..packages import import_package

        import_package(f"eider.arrow.{name}", "pandas")
        from . import pandas_bfloat16

        return getattr(pandas_bfloat16, name)
    raise AttributeError(f"module 'eider.arrow' has no attribute {name!r}")


register_types()
