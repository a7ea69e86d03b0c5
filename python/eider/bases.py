"""Base paths: places besides a dataset's own folder where data files of it lie."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from . import _eider

__all__ = ["DatasetBasePath", "native_bases", "target_names"]


@dataclass(frozen=True)
class DatasetBasePath:
    """A place besides the dataset's own folders where files of it may lie.

    Args:
        path: Absolute path or URI of a folder.
        name: What ``target_bases`` of writes may call it.
        is_dataset_root: Data files lie in its ``data`` folder, as in a dataset's; otherwise directly in it.
        id: Given by the dataset; None, or 0, of one that is not registered yet.
    """

    path: str
    name: str | None = None
    is_dataset_root: bool = False
    id: int | None = None


def native_bases(where: str, bases: Iterable[DatasetBasePath] | None) -> list[_eider.BasePath]:
    """Base paths as the engine takes them."""
    out = []
    for base in bases or ():
        path, name = getattr(base, "path", None), getattr(base, "name", None)
        if not isinstance(path, str) or not isinstance(name, (str, type(None))):
            raise TypeError(f"{where}: a base path is a DatasetBasePath, got {base!r:.80}")
        out.append(_eider.BasePath(name, path, bool(getattr(base, "is_dataset_root", False))))
    return out


def target_names(where: str, bases: Iterable[str] | None) -> list[str]:
    """Names or paths of base paths, checked."""
    if isinstance(bases, (str, bytes)) or any(not isinstance(base, str) for base in bases or ()):
        raise TypeError(f"{where}: target_bases must be a list of names or paths, got {bases!r:.80}")
    return list(bases or ())
