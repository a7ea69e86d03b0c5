"""Files of one place: read, written, listed, brought there and fetched."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

from . import _eider
from .arguments import count_of, refuse, storage_options_of, uri_of
from .session import Session

if TYPE_CHECKING:
    import pyarrow as pa

    from .file import LanceFileReader, LanceFileWriter

__all__ = ["LanceFileSession", "ListResult", "files_below"]


def files_below(store: _eider.FileStore, folder: str) -> Iterator[tuple[str, int, int]]:
    """Path, size and time (nanoseconds since the Unix epoch) of all files below a folder."""
    yield from store.list(folder)
    for inner in store.list_folders(folder):
        yield from files_below(store, inner)


@dataclass
class ListResult:
    """What lies directly in a folder.

    Attributes:
        common_prefixes: Paths of the folders, below the session's base path.
        objects: Paths of the files.
    """

    common_prefixes: list[str]
    objects: list[str]


class LanceFileSession:
    """The files below a base path. Paths that its methods take lie there: none has ``..``, an empty part, or a leading ``/``.

    Args:
        base_path: A folder, a ``file://`` or a ``memory://`` URI. It need not exist.
        storage_options: Options of network stores; a local folder has none to heed.
        session: Session whose memory, caches and threads readers and writers use.
        namespace_client, table_id: Not supported yet.
    """

    def __init__(
        self,
        base_path: str | PathLike[str],
        storage_options: dict[str, str] | None = None,
        namespace_client: object = None,
        table_id: list[str] | None = None,
        *,
        session: Session | None = None,
    ) -> None:
        storage_options_of("LanceFileSession", storage_options)
        refuse("LanceFileSession", namespace_client=namespace_client, table_id=table_id)
        self._store = _eider.FileStore.open(uri_of(base_path))
        self._session = session

    def open_reader(self, path: str, columns: list[str] | None = None) -> LanceFileReader:
        """A reader of the Lance file at ``path``; of some columns only, as in ``LanceFileReader``."""
        from .file import LanceFileReader

        return LanceFileReader(self._store.uri_of(path), columns=columns, session=self._session)

    def open_writer(
        self,
        path: str,
        *,
        schema: pa.Schema | None = None,
        data_cache_bytes: int | None = None,
        version: str | None = None,
        keep_original_array: bool | None = None,
        max_page_bytes: int | None = None,
        **options: Any,
    ) -> LanceFileWriter:
        """A writer of a Lance file at ``path``; arguments as of ``LanceFileWriter``. ``keep_original_array`` has no effect."""
        from .file import LanceFileWriter

        return LanceFileWriter(
            self._store.uri_of(path),
            schema,
            data_cache_bytes=data_cache_bytes,
            version=version,
            max_page_bytes=max_page_bytes,
            session=self._session,
            **options,
        )

    def contains(self, path: str) -> bool:
        """Whether there is a file; a folder is none."""
        return self._store.contains(path)

    def list(self, path: str | None = None) -> list[str]:
        """Paths of all files below ``path``, or of all; none where there is no such folder. In no order."""
        return [file for file, _, _ in files_below(self._store, _folder(path))]

    def list_with_delimiter(self, path: str | None = None) -> ListResult:
        """Files and folders directly in ``path``, or in the base path. In no order."""
        folder = _folder(path)
        return ListResult([*self._store.list_folders(folder)], [file for file, _, _ in self._store.list(folder)])

    def read_range(self, path: str, offset: int, length: int) -> bytes:
        """Bytes of a file. Raises NotFoundError without a file, and InvalidError for a range that it does not have."""
        first, count = (count_of("read_range", name, value) or 0 for name, value in (("offset", offset), ("length", length)))
        return self._store.read(path, first, count)

    def delete_file(self, path: str) -> None:
        """Delete a file. Raises NotFoundError without one."""
        self._store.delete(path)

    def upload_file(self, local_path: str | PathLike[str], remote_path: str) -> None:
        """Copy a local file to ``remote_path``, in the place of what is there. It appears whole or not at all."""
        self._store.upload(_local(local_path), remote_path)

    def download_file(self, remote_path: str, local_path: str | PathLike[str]) -> None:
        """Copy a file to ``local_path``, in the place of what is there. It appears whole or not at all."""
        self._store.download(remote_path, _local(local_path))


def _folder(path: str | None) -> str:
    return (path or "").rstrip("/")


def _local(path: str | PathLike[str]) -> str:
    return os.path.abspath(os.path.expanduser(os.fspath(path)))
