"""Where a dataset lies: its files, options of stores, and the removal of whole datasets."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from itertools import islice
from os import PathLike
from typing import TYPE_CHECKING, Any

from . import _eider
from .arguments import count_of, storage_options_of, uri_of
from .error import CorruptError, NotFoundError
from .file_session import LanceFileSession, files_below
from .io_stats import IOStats, io_stats_of
from .session import Session

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["DatasetStorage"]

#: Damages that the message of ``validate`` tells.
_MAX_TOLD = 10
_FILES_PER_BATCH = 4096


def all_files_schema() -> pa.Schema:
    """Columns of ``all_files``."""
    import pyarrow as pa

    base = pa.dictionary(pa.int32(), pa.string())
    columns = {"base_uri": base, "path": pa.string(), "size_bytes": pa.int64(), "last_modified": pa.timestamp("us", "UTC")}
    return pa.schema([pa.field(name, type, False) for name, type in columns.items()])


def tracked_files_schema() -> pa.Schema:
    """Columns of ``tracked_files``."""
    import pyarrow as pa

    base, kind = pa.dictionary(pa.int32(), pa.string()), pa.dictionary(pa.int8(), pa.string())
    columns = {"version": pa.int64(), "base_uri": base, "path": pa.string(), "type": kind}
    return pa.schema([pa.field(name, type, False) for name, type in columns.items()])


def _all_files(store: _eider.FileStore, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    files = files_below(store, "")
    while found := list(islice(files, _FILES_PER_BATCH)):
        bases = pa.DictionaryArray.from_arrays(pa.array([0] * len(found), pa.int32()), [store.root])
        times = pa.array([modified_ns // 1000 for _, _, modified_ns in found], schema.field("last_modified").type)
        columns = [bases, [path for path, _, _ in found], [size for _, size, _ in found], times]
        yield pa.record_batch(columns, schema=schema)


def _tracked_files(
    native: _eider.Dataset, versions: list[int], schema: pa.Schema, progress: Callable[[int, int | None], object] | None
) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    for looked_at, version in enumerate(versions, 1):
        try:
            found = _eider.tracked_files(native, version)
        except NotFoundError:
            found = []  # cleaned up since it was listed
        except CorruptError as torn:
            warnings.warn(f"tracked_files: version {version} is passed over: {torn}", UserWarning, stacklevel=2)
            found = []
        columns = [[version] * len(found), *(list(column) for column in zip(*found, strict=True))] if found else [[]] * 4
        yield pa.record_batch([pa.array(c, field.type) for c, field in zip(columns, schema, strict=True)], schema=schema)
        if progress is not None:
            progress(looked_at, len(versions))


class DatasetStorage:
    """The part of a dataset that is about the place where it lies."""

    _native: _eider.Dataset
    _storage_options: dict[str, str] | None = None

    @staticmethod
    def drop(
        base_uri: str | PathLike[str], storage_options: dict[str, str] | None = None, ignore_not_found: bool | None = None
    ) -> None:
        """Delete a dataset with everything below ``base_uri``: all versions and branches, and files that are not of the dataset too.

        Its versions go last: when it is cut short, it can be repeated. Datasets that are open keep what they have mapped, and fail to read
        the rest.

        Args:
            base_uri: Path of the dataset's folder, a ``file://`` or a ``memory://`` URI.
            storage_options: Options of network stores; a local folder has none to heed.
            ignore_not_found: Do nothing where there is nothing.

        Raises:
            InvalidError: (a ValueError) there is something else: no manifest is there that can be read.
            NotFoundError: there is nothing.
        """
        storage_options_of("drop", storage_options)
        uri = uri_of(base_uri)
        if not _eider.drop_table(uri) and not ignore_not_found:
            raise NotFoundError(f"drop: there is nothing at '{uri}'")

    def validate(self) -> None:
        """Raise CorruptError, with what is wrong, when this version does not hold together.

        The manifest, its fields and ids, its transaction and indices, deletion files and row ids are checked, and of each data file that it
        is there, its size, its rows and its metadata. Data are not read: ``eider.verify`` does that, for all versions.
        """
        report = _eider.verify_version(self._native.location, self._native.version, self._native.session())
        if not report.num_damages:
            return
        found = [f"{each.path}: {each.message}" for each in report.findings if each.is_damage]
        rest = report.num_damages - min(len(found), _MAX_TOLD)
        told = "; ".join(found[:_MAX_TOLD]) + (f"; and {rest} more" if rest else "")
        raise CorruptError(f"version {self._native.version} of {self._native.uri} is damaged: {told}")

    @property
    def initial_storage_options(self) -> dict[str, str] | None:
        """The ``storage_options`` that the dataset was opened with; None without."""
        return None if self._storage_options is None else dict(self._storage_options)

    def latest_storage_options(self) -> dict[str, str] | None:
        """The same as ``initial_storage_options``: nothing refreshes them."""
        return self.initial_storage_options

    def new_file_session(self) -> LanceFileSession:
        """A session for the files in the dataset's folder, whatever they are. What it writes or deletes there the dataset does not know."""
        return LanceFileSession(self._native.location, self.latest_storage_options(), session=Session._wrap(self._native.session()))

    def io_stats_snapshot(self) -> IOStats:
        """What was asked of files in the dataset's folder since it was opened, or since ``io_stats_incremental``.

        Datasets that come of this one, other versions and what is written to it, share its counters.
        """
        return io_stats_of(self._native, reset=False)

    def io_stats_incremental(self) -> IOStats:
        """The same as ``io_stats_snapshot``, and counts from 0 again."""
        return io_stats_of(self._native, reset=True)

    def all_files(self) -> pa.RecordBatchReader:
        """The files that lie in the dataset's folder, whether a version names them or not; those in base paths are not among them.

        Columns: ``base_uri`` (where the folder is), ``path`` (below it), ``size_bytes``, ``last_modified``.
        """
        import pyarrow as pa

        store = _eider.FileStore.open(self._native.location)
        schema = all_files_schema()
        return pa.RecordBatchReader.from_batches(schema, _all_files(store, schema))

    def tracked_files(
        self, *, min_version: int | None = None, progress: Callable[[int, int | None], object] | None = None
    ) -> pa.RecordBatchReader:
        """The files that versions of this branch name; one that several versions name comes once for each.

        Columns: ``version``, ``base_uri`` and ``path`` (where the file lies), ``type``: ``"manifest"``, ``"data file"`` (blobs that lie
        beside one too), ``"deletion file"``, ``"transaction file"`` or ``"index file"``. Manifests are read as the rows are asked for.

        Args:
            min_version: The first version to look at.
            progress: Called after each version with how many were looked at, and how many there are.
        """
        import pyarrow as pa

        first = count_of("tracked_files", "min_version", min_version) or 0
        versions = [number for number in _eider.version_numbers(self._native) if number >= first]
        schema = tracked_files_schema()
        return pa.RecordBatchReader.from_batches(schema, _tracked_files(self._native, versions, schema, progress))

    def migrate_manifest_paths_v2(self) -> None:
        """Give manifests that are named ``{version}.manifest`` the names of today, under which the newest is found at once.

        All are renamed in one step, so that nobody, and no crash, finds some renamed and others not. Only while nobody else writes:
        a dataset that was opened before goes on with the old names. Nothing happens to a dataset that has the new ones.

        Raises:
            UnsupportedError: the file system cannot do that in one step.
            InvalidError: a version has a manifest under both names.
        """
        self._native = _eider.migrate_manifest_paths(self._native)

    def _keep_options(self, options: Any) -> None:
        self._storage_options = None if options is None else dict(options)
