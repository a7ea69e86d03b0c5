"""Arrays of images: read from URIs, decoded to tensors and encoded again."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from .image_types import IMAGE_NAMES, EncodedImageType, FixedShapeImageTensorType, ImageURIType

__all__ = ["EncodedImageArray", "FixedShapeImageTensorArray", "ImageArray", "ImageURIArray"]


class ImageArray(pa.ExtensionArray):  # type: ignore[misc]
    """Base of the arrays of images."""

    def __repr__(self) -> str:
        return f"<eider.arrow.{type(self).__name__} object at 0x{id(self):016x}>\n{self._shown()}"

    def _shown(self) -> str:
        return repr(self.to_pylist())

    @classmethod
    def from_array(cls, images: Any) -> pa.ExtensionArray:
        """The array of images that suits the input.

        Args:
            images: An Arrow array of strings or an iterable of URIs, for an ``ImageURIArray``; an Arrow array of
                binary, for an ``EncodedImageArray``; a ``pyarrow.FixedShapeTensorArray``, for a
                ``FixedShapeImageTensorArray``; an array of images, which is returned.

        Raises:
            TypeError: The input is none of these.
            ValueError: The dimensions of a tensor array are permuted.
        """
        if isinstance(images, pa.ExtensionArray) and images.type.extension_name in IMAGE_NAMES:
            return images
        if isinstance(images, (pa.BinaryArray, pa.LargeBinaryArray)):
            return pa.ExtensionArray.from_storage(EncodedImageType(images.type), images)
        if isinstance(images, pa.FixedShapeTensorArray):
            return _tensors(images)
        if isinstance(images, Iterable):
            return ImageURIArray.from_uris(images)
        raise TypeError(f"Cannot build a ImageArray from {type(images)}")


class ImageURIArray(ImageArray):
    """URIs of images: local files, objects of a store that pyarrow reads, or pages of the web."""

    @classmethod
    def from_uris(cls, uris: Any) -> pa.ExtensionArray:
        """From an Arrow array of strings, or an iterable of str, paths and None. Raises TypeError for anything else."""
        if isinstance(uris, (pa.StringArray, pa.LargeStringArray)):
            return pa.ExtensionArray.from_storage(ImageURIType(uris.type), uris)
        if not isinstance(uris, Iterable):
            raise TypeError(f"Cannot build a ImageURIArray from {type(uris)}")
        rows = (uri.as_py() if isinstance(uri, pa.Scalar) else uri for uri in uris)
        storage = pa.array([None if uri is None else str(uri) for uri in rows], pa.string())
        return pa.ExtensionArray.from_storage(ImageURIType(), storage)

    def read_uris(self, storage_type: pa.DataType = pa.binary()) -> pa.ExtensionArray:
        """Reads the images: an ``EncodedImageArray``, null where the URI is.

        Args:
            storage_type: ``pyarrow.large_binary()`` for more than 2 GiB of images.

        A page of the web that cannot be had is a null and a RuntimeWarning. Raises OSError for a file that cannot be
        read, and ValueError for a URI that names no file system (relative paths do not).
        """
        images = EncodedImageType(storage_type)
        read = [None if uri is None else _read(uri) for uri in self.storage.to_pylist()]
        return pa.ExtensionArray.from_storage(images, pa.array(read, storage_type))


def _read(uri: str) -> bytes | None:
    if uri.lower().startswith(("http://", "https://")):
        return _downloaded(uri)
    from pyarrow import fs

    system, path = fs.FileSystem.from_uri(uri)
    with system.open_input_stream(path) as stream:
        content: bytes = stream.read()
    return content


def _downloaded(uri: str) -> bytes | None:
    from urllib.error import URLError
    from urllib.request import urlopen

    try:
        with urlopen(uri) as response:
            content: bytes = response.read()
            return content
    except URLError as error:
        warnings.warn(f"read_uris: {uri} is null: {error}", RuntimeWarning, stacklevel=4)
        return None


class EncodedImageArray(ImageArray):
    """Images as the bytes of image files, of any format that their reader knows."""

    def _shown(self) -> str:
        first = self[0].as_py() if len(self) else None
        return f"[{first[:30] if first else first}, ..] of {len(self)}"

    def to_tensor(self, decoder: Callable[[pa.Array], Any] | None = None) -> pa.ExtensionArray:
        """Decodes the images: a ``FixedShapeImageTensorArray``, null where an image is.

        Args:
            decoder: Of a binary array of n images, none of them null, makes a NumPy array of shape (n, ...) or a
                ``pyarrow.FixedShapeTensorArray``. Pillow decodes when None: (n, height, width) or (n, height, width,
                channels).

        Raises:
            ValueError: Images differ in shape, there is none, or neither Pillow nor a decoder is there.
        """
        decode = decoder or _pillow_decoder()
        present = self.storage.drop_null()
        decoded = decode(present)
        tensors = _tensors(decoded) if isinstance(decoded, pa.FixedShapeTensorArray) else _tensors_of_pixels(decoded)
        if len(tensors) != len(present):
            raise ValueError(f"EncodedImageArray.to_tensor: the decoder made {len(tensors)} of {len(present)} images")
        return pa.ExtensionArray.from_storage(tensors.type, _spread(tensors.storage, self.storage))


class FixedShapeImageTensorArray(ImageArray):
    """Images as their pixels, all of one shape."""

    def to_numpy(self) -> Any:
        """The pixels, of shape (n, ...) with the shape of an image. Raises ValueError when any image is null."""
        if self.null_count > 0:
            raise ValueError(f"FixedShapeImageTensorArray.to_numpy: {self.null_count} of {len(self)} images are null")
        return _pixels(self.storage, self.type.shape)

    def to_encoded(
        self, encoder: Callable[[Any], Any] | None = None, storage_type: pa.DataType = pa.binary()
    ) -> pa.ExtensionArray:
        """Encodes the images: an ``EncodedImageArray``, null where an image is.

        Args:
            encoder: Of a NumPy array of n images, none of them null, makes an Arrow array or a list of n bytes. Pillow
                makes PNG files when None.
            storage_type: ``pyarrow.large_binary()`` for more than 2 GiB of images.

        Raises:
            ValueError: Neither Pillow nor an encoder is there, or the encoder made another number of images.
            TypeError: Pillow does not know such pixels.
        """
        images = EncodedImageType(storage_type)
        encode = encoder or _pillow_encoder()
        present = self.storage.drop_null()
        encoded = encode(_pixels(present, self.type.shape))
        encoded = encoded.cast(storage_type) if isinstance(encoded, pa.Array) else pa.array(encoded, storage_type)
        if len(encoded) != len(present):
            raise ValueError(
                f"FixedShapeImageTensorArray.to_encoded: the encoder made {len(encoded)} of {len(present)}"
            )
        return pa.ExtensionArray.from_storage(images, _spread(encoded, self.storage))


def _spread(present: pa.Array, like: pa.Array) -> pa.Array:
    """The values with nulls between them, where ``like`` has them."""
    if like.null_count == 0:
        return present
    valid = np.asarray(like.is_valid())
    return present.take(pa.array(np.cumsum(valid) - 1, pa.int64(), mask=~valid))


def _pixels(storage: pa.Array, shape: Any) -> Any:
    return storage.flatten().to_numpy(zero_copy_only=False).reshape(len(storage), *shape)


def _tensors(array: pa.FixedShapeTensorArray) -> pa.ExtensionArray:
    permutation = array.type.permutation
    if permutation is not None and list(permutation) != sorted(permutation):
        raise ValueError(f"images: the dimensions of {array.type} are permuted; pass to_numpy_ndarray() of it instead")
    kind = FixedShapeImageTensorType(array.type.value_type, array.type.shape)
    return pa.ExtensionArray.from_storage(kind, array.storage)


def _tensors_of_pixels(pixels: Any) -> pa.ExtensionArray:
    pixels = np.asarray(pixels)
    if pixels.ndim < 2:
        raise ValueError(f"images: the decoder made an array of shape {pixels.shape}, expected (n, ...)")
    kind = FixedShapeImageTensorType(pa.from_numpy_dtype(pixels.dtype), pixels.shape[1:])
    storage = pa.FixedSizeListArray.from_arrays(pa.array(pixels.reshape(-1)), kind.storage_type.list_size)
    return pa.ExtensionArray.from_storage(kind, storage)


def _pillow(where: str, argument: str) -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise ValueError(f"{where} needs Pillow (pip install pillow) or the argument {argument}") from None
    return Image


def _pillow_decoder() -> Callable[[pa.Array], Any]:
    image = _pillow("EncodedImageArray.to_tensor", "decoder")

    def decode(encoded: pa.Array) -> Any:
        images = [np.asarray(image.open(io.BytesIO(content))) for content in encoded.to_pylist()]
        if not images:
            raise ValueError("EncodedImageArray.to_tensor: no image tells the shape")
        for i, pixels in enumerate(images):
            if pixels.shape != images[0].shape:
                raise ValueError(
                    f"EncodedImageArray.to_tensor: image {i} has the shape {pixels.shape}, the first {images[0].shape}"
                )
        return np.stack(images)

    return decode


def _pillow_encoder() -> Callable[[Any], Any]:
    image = _pillow("FixedShapeImageTensorArray.to_encoded", "encoder")

    def encode(pixels: Any) -> list[bytes]:
        files = []
        for one in pixels:
            with io.BytesIO() as file:
                image.fromarray(one).save(file, format="PNG")
                files.append(file.getvalue())
        return files

    return encode
