"""Progress of writes: who is told of each data file as it begins and when it is whole."""

from __future__ import annotations

import json
import posixpath
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from .fragment_metadata import FragmentMetadata

__all__ = ["FileSystemFragmentWriteProgress", "FragmentWriteProgress", "NoopFragmentWriteProgress", "ProgressLike", "observer_of"]


class FragmentWriteProgress(ABC):
    """Derive from it and give it as ``progress`` to ``write_dataset``, ``write_fragments`` or ``LanceFragment.create``.

    Calls come from the thread that writes, in turn. What they raise ends the write, and nothing is committed.
    """

    @abstractmethod
    def begin(self, fragment: FragmentMetadata, **kwargs: Any) -> None:
        """A fragment is about to be written. It has no files yet, and its id (0) is given by the commit."""

    @abstractmethod
    def complete(self, fragment: FragmentMetadata, **kwargs: Any) -> None:
        """A fragment is written: ``physical_rows`` are known, and the ``file_size_bytes`` of its files."""


class NoopFragmentWriteProgress(FragmentWriteProgress):
    """Looks away."""

    def begin(self, fragment: FragmentMetadata, **kwargs: Any) -> None:
        pass

    def complete(self, fragment: FragmentMetadata, **kwargs: Any) -> None:
        pass


class FileSystemFragmentWriteProgress(FragmentWriteProgress):
    """Keeps two JSON files for each fragment in a folder: the fragment, and, until it is whole, a marker.

    Args:
        base_uri: The folder, as ``pyarrow.fs`` names it.
        metadata: Written into the marker; says, for instance, which worker is at it.
    """

    PROGRESS_EXT = ".in_progress"

    def __init__(self, base_uri: str, metadata: dict[str, str] | None = None) -> None:
        from pyarrow.fs import FileSystem

        self._files, self._folder = FileSystem.from_uri(base_uri)
        self._metadata = metadata or {}

    def _write(self, fragment: FragmentMetadata, extension: str, content: Any) -> None:
        with self._files.open_output_stream(self._path(fragment, extension)) as out:
            out.write(json.dumps(content).encode())

    def _path(self, fragment: FragmentMetadata, extension: str) -> str:
        return posixpath.join(self._folder, f"fragment_{fragment.id}{extension}")

    def begin(self, fragment: FragmentMetadata, **kwargs: Any) -> None:
        self._files.create_dir(self._folder, recursive=True)
        self._write(fragment, self.PROGRESS_EXT, {"fragment_id": fragment.id, "metadata": self._metadata})
        self._write(fragment, ".json", fragment.to_json())

    def complete(self, fragment: FragmentMetadata, **kwargs: Any) -> None:
        self._write(fragment, ".json", fragment.to_json())
        self._files.delete_file(self._path(fragment, self.PROGRESS_EXT))


ProgressLike = FragmentWriteProgress | Callable[[FragmentMetadata], Any]


class _Observer:
    """What the engine calls."""

    def __init__(self, begin: Callable[[FragmentMetadata], Any] | None, complete: Callable[[FragmentMetadata], Any]) -> None:
        self._begin = begin
        self._complete = complete

    def begin(self) -> None:
        if self._begin is not None:
            self._begin(FragmentMetadata(0, [], 0))

    def complete(self, message: bytes) -> None:
        self._complete(FragmentMetadata._of_message(message))


def observer_of(where: str, progress: ProgressLike | None) -> _Observer | None:
    """The progress as the engine tells it. A function is called with each fragment that is whole."""
    if progress is None:
        return None
    begin, complete = getattr(progress, "begin", None), getattr(progress, "complete", None)
    if callable(begin) and callable(complete):
        return _Observer(begin, complete)
    if callable(progress):
        return _Observer(None, progress)
    raise TypeError(f"{where}: progress must have begin() and complete(), or be a function, got {type(progress).__name__}")
