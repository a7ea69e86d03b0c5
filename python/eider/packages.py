"""Packages that few calls need, and that Eider does not install."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["import_package"]


def import_package(where: str, package: str) -> Any:
    """The package, which ``where`` needs. Raises ImportError with what to do about it."""
    try:
        return import_module(package)
    except ImportError:
        raise ImportError(
            f"{where} needs the package '{package}', which is not installed: pip install {package}"
        ) from None
