"""Arrow types of images: by URI, as encoded bytes, as tensors of one shape."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

__all__ = [
    "ENCODED_NAME",
    "IMAGE_NAMES",
    "TENSOR_NAME",
    "URI_NAME",
    "EncodedImageScalar",
    "EncodedImageType",
    "FixedShapeImageTensorScalar",
    "FixedShapeImageTensorType",
    "ImageScalar",
    "ImageURIScalar",
    "ImageURIType",
]

URI_NAME = "lance.arrow.image_uri"
ENCODED_NAME = "lance.arrow.encoded_image"
TENSOR_NAME = "lance.arrow.fixed_shape_image_tensor"
IMAGE_NAMES = frozenset({URI_NAME, ENCODED_NAME, TENSOR_NAME})


class ImageURIType(pa.ExtensionType):  # type: ignore[misc]
    """``lance.arrow.image_uri``: where an image lies, stored as string or large_string."""

    def __init__(self, storage_type: pa.DataType = pa.string()) -> None:
        if not (pa.types.is_string(storage_type) or pa.types.is_large_string(storage_type)):
            raise ValueError(f"{URI_NAME}: storage_type must be a string type, not {storage_type}")
        super().__init__(storage_type, URI_NAME)

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type: pa.DataType, serialized: bytes) -> ImageURIType:
        return cls(storage_type)

    def __arrow_ext_class__(self) -> type:
        from .image_arrays import ImageURIArray

        return ImageURIArray

    def __arrow_ext_scalar_class__(self) -> type:
        return ImageURIScalar


class EncodedImageType(pa.ExtensionType):  # type: ignore[misc]
    """``lance.arrow.encoded_image``: the bytes of an image file, stored as binary or large_binary."""

    def __init__(self, storage_type: pa.DataType = pa.binary()) -> None:
        if not (pa.types.is_binary(storage_type) or pa.types.is_large_binary(storage_type)):
            raise ValueError(f"{ENCODED_NAME}: storage_type must be a binary type, not {storage_type}")
        super().__init__(storage_type, ENCODED_NAME)

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type: pa.DataType, serialized: bytes) -> EncodedImageType:
        return cls(storage_type)

    def __arrow_ext_class__(self) -> type:
        from .image_arrays import EncodedImageArray

        return EncodedImageArray

    def __arrow_ext_scalar_class__(self) -> type:
        return EncodedImageScalar


class FixedShapeImageTensorType(pa.ExtensionType):  # type: ignore[misc]
    """``lance.arrow.fixed_shape_image_tensor``: pixels of type ``arrow_type``, stored as a fixed-size list in C order.

    The shape, of one image, stands in the metadata: ``{"shape": [height, width, channels]}``.
    """

    def __init__(self, arrow_type: pa.DataType, shape: Sequence[int]) -> None:
        if len(shape) == 0 or not all(isinstance(n, int) and n >= 0 for n in shape):
            raise ValueError(f"{TENSOR_NAME}: a shape of one dimension or more is expected, not {shape!r}")
        self.shape = shape
        self.arrow_type = arrow_type
        super().__init__(pa.list_(arrow_type, math.prod(shape)), TENSOR_NAME)

    def __arrow_ext_serialize__(self) -> bytes:
        return json.dumps({"shape": list(self.shape)}).encode()

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type: pa.DataType, serialized: bytes) -> FixedShapeImageTensorType:
        shape = _shape_in(serialized)
        if not pa.types.is_fixed_size_list(storage_type) or storage_type.list_size != math.prod(shape):
            raise ValueError(f"{TENSOR_NAME}: images of the shape {shape} cannot be stored as {storage_type}")
        return cls(storage_type.value_type, shape)

    def __arrow_ext_class__(self) -> type:
        from .image_arrays import FixedShapeImageTensorArray

        return FixedShapeImageTensorArray

    def __arrow_ext_scalar_class__(self) -> type:
        return FixedShapeImageTensorScalar


def _shape_in(serialized: bytes) -> list[int]:
    """The shape that the metadata of a stored type names: those bytes may be anything."""
    try:
        shape: Any = json.loads(serialized)["shape"]
    except (ValueError, TypeError, KeyError, RecursionError):
        shape = None
    if not isinstance(shape, list) or not all(isinstance(n, int) and 0 <= n < 2**31 for n in shape):
        raise ValueError(f"{TENSOR_NAME}: metadata {serialized[:100]!r} names no shape")
    return shape


class ImageScalar(pa.ExtensionScalar):  # type: ignore[misc]
    """One image; ``as_py`` is what is stored, None for null."""


class ImageURIScalar(ImageScalar):
    """The URI of one image; ``as_py`` is a str."""


class EncodedImageScalar(ImageScalar):
    """One encoded image; ``as_py`` is bytes."""


class FixedShapeImageTensorScalar(ImageScalar):
    """The pixels of one image; ``as_py`` is a list of them, in C order."""
