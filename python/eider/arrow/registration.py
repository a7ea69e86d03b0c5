"""Registers the extension types with pyarrow, which knows one type for each name in a process."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

import pyarrow as pa

from .bfloat16 import BFloat16Type
from .image_types import EncodedImageType, FixedShapeImageTensorType, ImageURIType

__all__ = ["register_types"]

#: Modules of pylance that register types of the same names, and cannot be imported when another holds a name.
_CLAIMANTS = frozenset({"lance.arrow", "lance._arrow.bf16"})


class _Yielding:
    """An import hook that finds no module: it gives up the names just before a module that claims them is imported."""

    def __init__(self, names: list[str]) -> None:
        self._names = names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname in _CLAIMANTS:
            while self._names:
                pa.unregister_extension_type(self._names.pop())
        return None


def register_types() -> None:
    """Registers each type unless its name is taken; arrays of types that are given up later stay usable."""
    names: list[str] = []
    for extension in (BFloat16Type(), ImageURIType(), EncodedImageType(), FixedShapeImageTensorType(pa.uint8(), (0,))):
        try:
            pa.register_extension_type(extension)
        except pa.ArrowKeyError:
            continue  # another package of this API has registered it
        names.append(extension.extension_name)
    if names:
        sys.meta_path.insert(0, _Yielding(names))
