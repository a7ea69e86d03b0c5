"""Datasets: open, read, add and drop columns, go back in time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from os import PathLike
from typing import TYPE_CHECKING, Any

from . import _eider
from .absent import Refusing, refuse_absent
from .arguments import (
    IsolationName,
    check_read_params,
    count_of,
    hint_of,
    is_serializable,
    names_of,
    refuse,
    rows_of,
    storage_options_of,
    uri_of,
)
from .arrow_dataset import class_for_arrow
from .blob_reads import BlobReads
from .changes import DatasetChanges
from .commits import DatasetCommits
from .error import InvalidError, UnsupportedError
from .evolve import DatasetEvolution
from .facts import DatasetFacts
from .filtered import FilteredDataset, filtered
from .fragment import LanceFragment, fragment_ids_of, fragments_of
from .history import DatasetHistory
from .in_memory import DatasetInMemory
from .projection import Columns, select
from .reads import DatasetReads
from .sampling import sample_of_batches, sample_of_range
from .scanner import ColumnOrdering, LanceScanner, ScanStatistics, ScanStats, plan_scan, scan_defaults
from .scanner_builder import ScannerBuilder
from .session import Session, native_session
from .sql import Parameters
from .sql_query import SqlQuery, SqlQueryBuilder
from .stats import DatasetStats, DataStatistics, FieldStatistics, LanceStats
from .storage import DatasetStorage
from .versions import VersionLike, reference_of, warn_of_torn_versions

if TYPE_CHECKING:
    import pyarrow as pa

    from .describe import DatasetDescription

__all__ = [
    "ColumnOrdering",
    "DataStatistics",
    "DatasetStats",
    "FieldStatistics",
    "LanceDataset",
    "LanceScanner",
    "LanceStats",
    "ScannerBuilder",
    "SqlQuery",
    "SqlQueryBuilder",
]

_MAX_KEPT_SCHEMAS = 16


class LanceDataset(DatasetReads, DatasetFacts, DatasetHistory, DatasetChanges, DatasetEvolution, DatasetCommits, BlobReads, DatasetInMemory, DatasetStorage, Refusing):
    """A dataset at one version.

    Reading methods never change it; ``add_columns``, ``drop_columns``, ``insert``, ``update``, ``delete`` and ``checkout_latest``
    move it to the version that they made or found. It pickles as URI and version, works in spawned and forked processes, and may be
    used by many threads. It is also an Arrow stream (``__arrow_c_stream__``): ``duckdb.sql("FROM ds")``,
    ``polars.DataFrame(ds)`` and ``pyarrow.table(ds)`` read it directly.

    Args:
        uri: Path of the dataset's folder, a ``file://`` or a ``memory://`` URI.
        version: Version to open: a number, a tag, or ``(branch, number)``; None opens the latest.
        default_scan_options: Options that every scan of this dataset uses unless told otherwise: ``columns``, ``limit``,
            ``offset``, ``batch_size``, ``with_row_id``, ``with_row_address``.
        session: Session whose memory, caches and threads to use; None: that of the process.
        isolation: ``"serializable"``: what is written through this dataset is a RetryableConflictError when others changed rows since
            its version: open or ``checkout_latest()``, read and decide again. None or ``"snapshot"``: see ``delete`` and ``update``.
        block_size, index_cache_size, metadata_cache_size, metadata_cache_size_bytes, index_cache_size_bytes: Hints, taken without effect:
            the memory limit of the session rules.
        storage_options: Options of network stores; a local folder has none to heed.
        read_params: Switches of the reference's reader, ``cache_repetition_index`` and ``validate_on_decode``, taken without effect: what is
            decoded is always validated.
        commit_lock, serialized_manifest, namespace_client, table_id,
        namespace_client_managed_versioning, base_store_params: Not supported yet.
    """

    #: Schemas of takes by the columns asked, at one version.
    _schemas: tuple[_eider.Dataset, dict[str | None, pa.Schema]] | None = None

    #: The newest version that was written through this handle, which itself may stay where it is.
    _appended_to = 0

    def __init__(
        self,
        uri: str | PathLike[str],
        version: VersionLike | None = None,
        block_size: int | None = None,
        index_cache_size: int | None = None,
        metadata_cache_size: int | None = None,
        commit_lock: object = None,
        storage_options: dict[str, str] | None = None,
        serialized_manifest: bytes | None = None,
        default_scan_options: dict[str, Any] | None = None,
        metadata_cache_size_bytes: int | None = None,
        index_cache_size_bytes: int | None = None,
        read_params: dict[str, Any] | None = None,
        session: Session | None = None,
        namespace_client: object = None,
        table_id: list[str] | None = None,
        namespace_client_managed_versioning: bool = False,
        base_store_params: dict[str, dict[str, str]] | None = None,
        isolation: IsolationName | None = None,
    ) -> None:
        refuse(
            "dataset",
            commit_lock=commit_lock,
            serialized_manifest=serialized_manifest,
            namespace_client=namespace_client,
            table_id=table_id,
            namespace_client_managed_versioning=namespace_client_managed_versioning,
            base_store_params=base_store_params,
        )
        storage_options_of("dataset", storage_options)
        self._keep_options(storage_options)
        check_read_params("dataset", read_params)
        sizes = {"block_size": block_size, "index_cache_size": index_cache_size, "metadata_cache_size": metadata_cache_size}
        sizes |= {"metadata_cache_size_bytes": metadata_cache_size_bytes, "index_cache_size_bytes": index_cache_size_bytes}
        for name, value in sizes.items():
            hint_of("dataset", name, value)
        self._native = _eider.open_dataset(uri_of(uri), reference_of("dataset", version), native_session(session))
        if is_serializable(isolation):
            self._native = self._native.serializable()
        warn_of_torn_versions(self._native, stacklevel=3)
        self._defaults = scan_defaults(default_scan_options)

    def _with_defaults(self, options: dict[str, Any]) -> LanceDataset:
        """The same version, whose scans have these options too."""
        return self._like(self._native, {**self._defaults, **options})

    def _names(self) -> list[str]:
        """Names of the top-level columns, kept per version: takes are short."""
        if self.__dict__.get("_names_of") is not self._native:
            self._kept_names = self._native.schema.names
            self._names_of = self._native
        return self._kept_names

    # Rows.

    def count_rows(self, filter: object = None, **kwargs: Any) -> int:
        """Number of live rows for which ``filter`` is true; without one, of all: that reads metadata only.

        ``kwargs`` are further arguments as in ``scanner``.
        """
        if filter is None and not kwargs:
            return self._native.count_rows()
        # Not the default limit and offset of scans.
        return self._wrap(self._native).scanner(filter=filter, columns=[], **kwargs).count_rows()

    def __len__(self) -> int:
        return self._native.count_rows()

    def scanner(
        self,
        columns: Columns = None,
        filter: object = None,
        limit: int | None = None,
        offset: int | None = None,
        nearest: object = None,
        batch_size: int | None = None,
        batch_size_bytes: int | None = None,
        batch_readahead: int | None = None,
        fragment_readahead: int | None = None,
        scan_in_order: bool | None = None,
        fragments: Iterable[LanceFragment] | None = None,
        index_segments: object = None,
        full_text_query: object = None,
        *,
        prefilter: bool | None = None,
        with_row_id: bool | None = None,
        with_row_address: bool | None = None,
        use_stats: bool | None = None,
        fast_search: bool | None = None,
        io_buffer_size: int | None = None,
        late_materialization: bool | list[str] | None = None,
        blob_handling: str | None = None,
        use_scalar_index: bool | None = None,
        include_deleted_rows: bool | None = None,
        scan_stats_callback: Callable[[ScanStatistics], None] | None = None,
        strict_batch_size: bool | None = None,
        order_by: Iterable[ColumnOrdering | str] | None = None,
        disable_scoring_autoprojection: bool | None = None,
        row_addr_allowlist: bytes | None = None,
        row_addr_blocklist: bytes | None = None,
        params: Parameters = None,
        stats: ScanStats | None = None,
    ) -> LanceScanner:
        """A scan, not yet started.

        Args:
            columns: Names of the columns to read, in output order; None reads all. A nested field ``"s.x"`` becomes a
                column of that name. A dict renames, ``{"new": "old"}``, and computes, ``{"x2": "x * 2"}``. ``"_rowid"``, ``"_rowaddr"``,
                ``"_rowoffset"`` (the position among the live rows), ``"_row_created_at_version"`` and
                ``"_row_last_updated_at_version"`` (of tables with stable row ids; 1 in others) may be named.
            filter: A condition, in SQL, such as ``"id > 3 AND name LIKE 'a%'"``, as a ``pyarrow.compute`` expression or as the bytes of a Substrait one: only rows for
                which it is true.
            params: Values of ``$1``, ``$2``... (a list) or of ``$name`` (a dict) in the filter and in computed columns. A list as a value stands
                for its items in ``IN ($1)``.
            order_by: Keys of a sort, the first one first: names, or ``ColumnOrdering(name, ascending, nulls_first)``. Rows with equal
                keys stay in row order; ``limit`` and ``offset`` count the sorted rows.
            limit, offset: Rows to yield, and rows to skip before them, of those that pass the filter.
            batch_size: Rows of a batch, at least 1; None: the environment variable LANCE_DEFAULT_BATCH_SIZE, else 8192. Fewer where rows are so wide that many would not fit the memory
                budget, and at the end of a fragment.
            batch_size_bytes: About so many bytes of a batch at most.
            strict_batch_size: Every batch but the last has exactly ``batch_size`` rows.
            scan_in_order: False: batches come as they are read.
            include_deleted_rows: Deleted rows too, where they pass the filter; their ``_rowid`` is null. Needs ``with_row_id``.
            fragments: Read these fragments only.
            with_row_id, with_row_address: Append the column ``_rowid`` or ``_rowaddr`` (uint64).
            blob_handling: What blob columns yield: ``"blobs_descriptions"`` (also None) or ``"all_binary"``.
            stats: Filled with what the scan asks of storage.
            late_materialization: With a filter, which columns are read for the rows alone that pass: True for all, False for none (the block
                around them is read at once), or a list of names; None: those for which that costs less. Never changes the result.
            batch_readahead, fragment_readahead, io_buffer_size, use_stats, use_scalar_index,
            prefilter: Accepted: they tune other engines and never change the result of a scan.
            scan_stats_callback: Called with a ``ScanStatistics`` when the scan is done.
            fast_search, disable_scoring_autoprojection: They say something of searches alone, which are not supported yet.
            nearest, full_text_query, index_segments, row_addr_allowlist, row_addr_blocklist: Not supported yet.
        """
        if nearest is not None:  # even an empty dict asks for something
            raise UnsupportedError(f"scanner: argument 'nearest' is not supported yet, got {nearest!r:.80}")
        refuse(
            "scanner",
            index_segments=index_segments,
            full_text_query=full_text_query,
            row_addr_allowlist=row_addr_allowlist,
            row_addr_blocklist=row_addr_blocklist,
        )
        plan = plan_scan(
            self._native,
            self._names(),
            self._defaults,
            columns=columns,
            filter=filter,
            params=params,
            order_by=order_by,
            callback=scan_stats_callback,
            limit=limit,
            offset=offset,
            batch_size=batch_size,
            with_row_id=with_row_id,
            with_row_address=with_row_address,
            batch_size_bytes=batch_size_bytes,
            strict_batch_size=strict_batch_size,
            scan_in_order=scan_in_order,
            include_deleted_rows=include_deleted_rows,
            late_materialization=late_materialization,
            fragment_ids=None if fragments is None else fragment_ids_of(fragments),
            blob_handling=blob_handling,
            stats=stats,
        )
        return LanceScanner(plan)

    def take(self, indices: Any, columns: Columns = None, *, stats: ScanStats | None = None) -> pa.Table:
        """Rows by position among the live rows; order and duplicates kept.

        Reads and decodes only those rows.

        Args:
            indices: Positions: a list of ints, a NumPy array or an Arrow array of integers.
            columns: As in ``scanner``, but a nested field ``"s.x"`` yields the struct ``s`` with the field ``x`` alone.
            stats: Filled with what the take asks of storage.

        Raises:
            InvalidError: a position is negative or not below ``count_rows()``.
        """
        return self._take(indices, columns, stats)

    def take_rows(
        self,
        ids: Any = None,
        columns: Columns = None,
        *,
        addresses: Any = None,
        skip_missing: bool = False,
        stats: ScanStats | None = None,
    ) -> pa.Table:
        """Rows by row id or by address; order and duplicates kept.

        Args:
            ids: Row ids: stable ones, or addresses where the dataset has none. As lists of ints, NumPy or Arrow arrays.
            columns: As in ``take``.
            addresses: Row addresses (``fragment << 32 | offset``), in the place of ``ids``.
            skip_missing: Leave out rows that are deleted or not there.
            stats: Filled with what the take asks of storage.

        Raises:
            NotFoundError: a row is deleted or not there.
        """
        rows, naming = rows_of("take_rows", ids, addresses, None)
        return self._take(rows, columns, stats, (naming, skip_missing))

    def _take_rows(
        self, row_ids: Any, columns: Columns = None, *, ignore_deletions: bool = False, **unknown: Any
    ) -> pa.Table:
        """As ``take_rows`` for ids, without those that are not there."""
        if ignore_deletions or unknown:
            raise UnsupportedError(f"_take_rows: {', '.join(['ignore_deletions'] * ignore_deletions + list(unknown))}")
        return self.take_rows(row_ids, columns, skip_missing=True)

    def _take(self, rows: Any, columns: Columns, stats: ScanStats | None, naming: tuple[Any, bool] | None = None) -> pa.Table:
        import pyarrow as pa

        native, key = self._native, None
        if columns is None:
            named = () if naming is None else ((), *naming)
            batch = native.take(rows, None, None, False, False, stats, *named)
        else:
            chosen = select(columns, self._names(), flatten=False)
            key = repr(chosen)
            batch = native.take(
                rows,
                chosen.columns,
                chosen.outputs,
                chosen.with_row_id,
                chosen.with_row_address,
                stats,
                chosen.computed,
                *(naming or ()),
            )
        return pa.Table.from_batches([self._to_arrow(native, key, batch)])

    def _to_arrow(self, native: _eider.Dataset, key: str | None, batch: _eider.RecordBatch) -> pa.RecordBatch:
        """The batch with the schema that the same columns had before: importing a schema takes longer than a short take."""
        import pyarrow as pa

        kept = self._schemas
        if kept is None or kept[0] is not native:
            self._schemas = kept = (native, {})
        schema = kept[1].get(key)
        if schema is not None:
            return batch.import_with(pa.RecordBatch._import_from_c, schema)
        imported = pa.record_batch(batch)
        # A type that is not registered yet may be by the next take.
        unknown = any(b"ARROW:extension:name" in (field.metadata or {}) for field in imported.schema)
        if not unknown and len(kept[1]) < _MAX_KEPT_SCHEMAS:
            kept[1][key] = imported.schema
        return imported

    def slice(self, start: int, end: int, columns: Columns = None, *, stats: ScanStats | None = None) -> pa.Table:
        """Live rows ``[start, end)``; ``end`` may lie beyond the last row.

        A fixed-width column without nulls, such as an embedding, is a view of the mapped file where one page holds it.
        """
        import pyarrow as pa

        first = count_of("slice", "start", start) or 0
        last = count_of("slice", "end", end) or 0
        if last < first:
            raise InvalidError(f"slice: end ({last}) must be >= start ({first})")
        rows = self.count_rows()
        first, last = min(first, rows), min(last, rows)
        chosen = select(columns, self._names(), flatten=True)
        if chosen.with_row_id or chosen.with_row_address or chosen.computed:
            return self.to_table(columns, limit=last - first, offset=first, stats=stats)
        batch = self._native.read_range(first, last - first, chosen.columns, chosen.outputs, stats)
        return pa.Table.from_batches([pa.record_batch(batch)])

    def sample(self, num_rows: int, columns: Columns = None, randomize_order: bool = True, **kwargs: Any) -> pa.Table:
        """``num_rows`` different rows drawn at random; in row order when ``randomize_order`` is False.

        With ``filter`` (and ``params``) of those that pass it. Takes memory for the sample alone, however many rows there are; the numbers
        come from Python's ``random``, so that ``random.seed(7)`` makes it the same sample each time.
        """
        filter, params = kwargs.pop("filter", None), kwargs.pop("params", None)
        if filter is None:
            positions = sample_of_range(num_rows, self.count_rows())
        else:
            positions = sample_of_batches(num_rows, self.to_batches(["_rowoffset"], filter, params=params))
        return self.take(positions if randomize_order else sorted(positions), columns, **kwargs)

    def describe(self, columns: list[str] | None = None) -> DatasetDescription:
        """What the columns hold: nulls, distinct values, extremes, means, frequent values, bytes on disk.

        One parallel pass over each column in bounded memory; deleted rows do not count. A struct is described by its fields, a list by its
        items. Values of vectors and blobs are not read. Prints as a table; ``describe()["box.x"].max`` and the like give the values.

        Args:
            columns: Names of columns, or paths of fields of structs; None: all.
        """
        from .describe import describe

        return describe(self._native, None if columns is None else names_of("describe", columns))

    def _repr_html_(self) -> str:
        from .preview import preview_html

        return preview_html(self)

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """Where ``pyarrow.dataset`` is in use, a class derived from its ``Dataset``: DuckDB and polars push filters into those."""
        return class_for_arrow(type(self))

    def __arrow_c_schema__(self) -> object:
        return self._native.schema.__arrow_c_schema__()

    def filter(self, expression: object, params: Parameters = None) -> FilteredDataset:
        """This version with the rows alone for which ``expression`` is true, to be read as often as wanted; nothing is read yet.

        Each further filter, of the result's ``filter`` or of a scan, narrows that. DuckDB and polars take it for a dataset, too.

        Args:
            expression: As ``filter`` of ``scanner``.
            params: Values of its parameters.
        """
        return filtered(self._like(self._native), expression, params)

    # Fragments.

    def get_fragments(self, filter: object = None) -> list[LanceFragment]:
        """The fragments, in row order. With a filter those that may hold rows for which it is true: all of them, since a scan of a
        fragment that holds none ends at its statistics."""
        if filter is not None:
            self.scanner(filter=filter, limit=0)
        return fragments_of(self._like(self._native), self._native)

    def get_fragment(self, fragment_id: int) -> LanceFragment | None:
        """The fragment with that id, or None."""
        wanted = count_of("get_fragment", "fragment_id", fragment_id)
        return next((f for f in self.get_fragments() if f.fragment_id == wanted), None)

    @property
    def isolation(self) -> IsolationName:
        """``"serializable"`` or ``"snapshot"``, as it was opened."""
        return "serializable" if self._native.is_serializable else "snapshot"

    def __reduce__(self) -> tuple[Callable[..., LanceDataset], tuple[str, int, dict[str, Any], IsolationName, dict[str, str] | None]]:
        return _reopen, (self._native.location, self.version, self._defaults, self.isolation, self._storage_options)

    def __repr__(self) -> str:
        return f"LanceDataset(uri={self.uri!r}, version={self.version})"


def _reopen(
    uri: str, version: int, defaults: dict[str, Any], isolation: IsolationName, options: dict[str, str] | None = None
) -> LanceDataset:
    return LanceDataset(uri, version, default_scan_options=defaults, isolation=isolation, storage_options=options)


#: What pylance has in its module of this name, by where it is here.
_ELSEWHERE = {
    "": ["BatchUDF", "BlobFile", "DataStatistics", "FieldStatistics", "FragmentMetadata", "LanceFragment", "LanceOperation", "LanceSchema"],
    "blob_file": ["DEFAULT_BLOB_BUFFER_SIZE"],
    "changes": ["DeleteResult", "UpdateResult"],
    "cleanup": ["AutoCleanupConfig", "CleanupExplanation", "CleanupStats"],
    "commits": ["BulkCommitResult", "LANCE_COMMIT_MESSAGE_KEY"],
    "compaction": ["Compaction", "CompactionMetrics"],
    "delta": ["DatasetDelta"],
    "evolve": ["AlterColumn"],
    "fragment_metadata": ["DataFile"],
    "merge_insert": ["ExecuteResult", "MergeInsertBuilder"],
    "optimize": ["DatasetOptimizer"],
    "refs": ["Branch", "Branches", "Tag", "Tags"],
    "transaction": ["Transaction"],
    "udf": ["batch_udf"],
    "versions": ["Version", "VersionRef"],
    "write": ["write_dataset"],
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    for module, names in _ELSEWHERE.items():
        if name in names:
            return getattr(import_module(f"eider.{module}".rstrip(".")), name)
    raise refuse_absent(__name__, name, "module")
