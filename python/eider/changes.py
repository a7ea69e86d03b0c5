"""What changes a dataset: each call commits a new version and moves the dataset to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypedDict, cast

from . import _eider
from .add_columns import add_columns
from .arguments import (
    DurabilityName,
    IsolationName,
    count_of,
    durability_of,
    file_version_of,
    is_serializable,
    name_of,
    names_of,
    refuse,
    seconds_of,
)
from .backfill import FragmentCoverage, coverage_of
from .error import InvalidError
from .ingest import ReaderLike, open_reader
from .merge_insert import MergeInsertBuilder
from .optimize import DatasetOptimizer
from .sql import Parameters, check_parameters, expression_of

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc

    from .dataset import LanceDataset
    from .udf import BatchUDF

__all__ = ["DatasetChanges", "DeduplicationReport", "DeleteResult", "UpdateResult"]

_RETRIES = 10
_MOST_RETRIES = 2**31
_RETRY_TIME = timedelta(seconds=30)


def _limits_of(where: str, conflict_retries: int, retry_timeout: timedelta) -> tuple[int, float]:
    retries = count_of(where, "conflict_retries", conflict_retries) or 0
    return min(retries, _MOST_RETRIES), seconds_of(where, "retry_timeout", retry_timeout)


class DeleteResult(TypedDict):
    """How many rows ``delete`` took away."""

    num_deleted_rows: int


class UpdateResult(TypedDict):
    """How many rows ``update`` changed."""

    num_rows_updated: int


@dataclass(frozen=True)
class DeduplicationReport:
    """What ``deduplicate`` found."""

    num_rows: int
    """Rows that were looked at."""
    num_null_keys: int
    """Of them, those with a null in their key."""
    num_repeated_keys: int
    """Keys that several rows have."""
    num_removed_rows: int
    """Rows that went, or in a dry run would go."""
    removed: list[int]
    """Addresses of the first of them; before they go, ``ds.take_rows(addresses=report.removed)`` shows them."""


class DatasetChanges:
    """The part of a dataset that changes it."""

    _native: _eider.Dataset

    def add_columns(
        self,
        transforms: Mapping[str, str | pc.Expression]
        | BatchUDF
        | Callable[[pa.RecordBatch], Any]
        | ReaderLike
        | pa.Field
        | list[pa.Field]
        | pa.Schema,
        read_columns: list[str] | None = None,
        reader_schema: pa.Schema | None = None,
        batch_size: int | None = None,
        *,
        params: Parameters = None,
        commit_every: int | None = None,
        durability: DurabilityName | None = None,
        isolation: IsolationName | None = None,
    ) -> None:
        """Add columns to the existing rows. Writes only the new columns; no existing data file changes.

        Args:
            transforms: The new columns, as one of
                a dict of names to SQL over the columns that are there, or to ``pyarrow.compute`` expressions;
                data of exactly ``count_rows()`` rows in row order (anything that ``write_dataset`` takes but a dict);
                a function over batches (``batch_udf`` or a plain one), called with ``read_columns``;
                a ``pyarrow.Field``, a list of them, or a ``pyarrow.Schema``: columns of nulls, metadata only. Fields that a struct of
                that name lacks are added to it, in tables of version 2.2.
            read_columns: Columns that the function reads; None: all.
            reader_schema: Schema of the new columns when ``transforms`` is an iterator.
            batch_size: Rows that the function gets at once; None: 8192.
            params: Values of ``$1``, ``$2``... (a list) or of ``$name`` (a dict) in the SQL.
            commit_every: With a function or SQL: first the columns are there as nulls, then each so many fragments are committed as they are
                done, and the rest reads null. Called again after a crash, or when others have appended rows, it does what is left; ``coverage``
                tells what that is. Rows that others update or compact before their turn keep their nulls.
            durability: ``"full"`` or ``"none"``, as in ``write_dataset``.
            isolation: ``"snapshot"`` or ``"serializable"``: there is no difference, as no change of rows stands beside new columns.

        Raises:
            InvalidError: a column of that name exists, the data has another number of rows, the function returned
                another number than it got, or an expression does not parse or has no value in some row.
        """
        is_serializable(isolation)
        rows = count_of("add_columns", "batch_size", batch_size, least=1) or 8192
        self._native = add_columns(
            self._native,
            transforms,
            read_columns,
            reader_schema,
            rows,
            durability_of(durability),
            params,
            count_of("add_columns", "commit_every", commit_every, least=1),
        )

    def coverage(self, columns: str | list[str]) -> list[FragmentCoverage]:
        """By fragment, how many rows have values of the columns written (which may be null), and how many have not yet, and read null."""
        return coverage_of(self._native, [columns] if isinstance(columns, str) else names_of("coverage", columns))

    def merge(
        self,
        data_obj: ReaderLike,
        left_on: str,
        right_on: str | None = None,
        schema: pa.Schema | None = None,
        *,
        isolation: IsolationName | None = None,
    ) -> None:
        """Add the columns of another table, joined by key: rows whose key it lacks get nulls.

        Args:
            data_obj: The table; what is larger than a share of the memory budget goes through temporary files. Of several rows with one key, the first counts.
            left_on: Column of the dataset with the key. A key that is null meets nothing.
            right_on: Column of ``data_obj`` with the key, which is not added; None: named like ``left_on``.
            schema: Schema to cast ``data_obj`` to.
            isolation: ``"snapshot"`` or ``"serializable"``: there is no difference, as no change of rows stands beside new columns.

        Raises:
            InvalidError: a column of that name exists, or the keys are of types that do not compare.
            NotFoundError: a key is not there.
        """
        is_serializable(isolation)
        left_on = name_of("merge", left_on)
        right_on = left_on if right_on is None else name_of("merge", right_on)
        self._native = self._native.join_columns(open_reader(data_obj, schema), left_on, right_on)

    def drop_columns(
        self, columns: list[str], *, durability: DurabilityName | None = None, isolation: IsolationName | None = None
    ) -> None:
        """Drop columns. Writes metadata only: the data stays in the files of earlier versions.

        Args:
            columns: Their names, or paths of fields of structs.
            durability: ``"full"`` or ``"none"``, as in ``write_dataset``.
            isolation: ``"snapshot"`` or ``"serializable"``: there is no difference, as it reads the schema alone, and
                no change of that stands beside it. What your own code decided from rows,
                ``eider.dataset(uri, isolation="serializable")`` guards.
        """
        is_serializable(isolation)
        self._native = self._native.drop_columns(names_of("drop_columns", columns), durability_of(durability))

    def delete(
        self,
        predicate: str | pc.Expression,
        *,
        conflict_retries: int = _RETRIES,
        retry_timeout: timedelta = _RETRY_TIME,
        params: Parameters = None,
        durability: DurabilityName | None = None,
        isolation: IsolationName | None = None,
    ) -> DeleteResult:
        """Delete the rows for which ``predicate`` is true. Writes deletion files; no data file changes.

        Works for tables of every version, 0.1 included. When no row passes, no version is made.

        Args:
            predicate: SQL (``docs/guide/filters.md``) or a ``pyarrow.compute`` expression.
            conflict_retries: How often to run again on a newer version while other writers change the same fragments.
            retry_timeout: After this time no further attempt begins.
            params: Values of ``$1``, ``$2``... (a list) or of ``$name`` (a dict) in the predicate.
            durability: ``"full"`` or ``"none"``, as in ``write_dataset``.
            isolation: ``"serializable"``: runs again, too, when another writer brings, takes or changes rows that pass meanwhile, so that the outcome
                is that of one after the other (``docs/guide/transactions.md``); None or ``"snapshot"``: two writers that change different
                rows do not see each other.

        Returns:
            ``{"num_deleted_rows": n}``

        Raises:
            InvalidError: the predicate does not parse or is no condition.
            NotFoundError: it names a column that is not there.
            ConflictError, RetryableConflictError: other writers were in the way.
        """
        if predicate is None:
            raise TypeError("delete: the predicate must be a str or a pyarrow expression, got None; truncate_table() deletes all rows")
        retries, seconds = _limits_of("delete", conflict_retries, retry_timeout)
        filter = expression_of("delete", predicate, params)
        self._native, deleted = self._native.delete(filter, retries, seconds, durability_of(durability), is_serializable(isolation))
        return {"num_deleted_rows": deleted}

    def deduplicate(
        self,
        on: str | Iterable[str] | None = None,
        keep: Literal["first", "last"] = "first",
        dry_run: bool = False,
        *,
        max_listed: int = 1000,
        conflict_retries: int = _RETRIES,
        retry_timeout: timedelta = _RETRY_TIME,
        durability: DurabilityName | None = None,
        isolation: IsolationName | None = None,
    ) -> DeduplicationReport:
        """Delete the rows whose key another row has, in one commit. Writes deletion files; no data file changes.

        Keys are equal as in ``merge_insert``: null equals nothing, so that rows with a null in their key stay. Takes bounded memory: keys that do
        not fit a share of the session's budget go through temporary files. When every key is there once, no version is made. What other
        writers commit meanwhile counts as later: rows that they append are not looked at, unless ``isolation`` is ``"serializable"``.

        Args:
            on: The key column or columns; None: the primary key in the schema's metadata.
            keep: Which row of those with one key stays, in row order: ``"first"`` or ``"last"``.
            dry_run: Change nothing, and report what would go.
            max_listed: How many removed rows the report lists at most.
            conflict_retries: How often to run again on a newer version while other writers change the same fragments.
            retry_timeout: After this time no further attempt begins.
            durability: ``"full"`` or ``"none"``, as in ``write_dataset``.
            isolation: ``"serializable"``: runs again, too, when another writer brings, takes or changes any row meanwhile, so that no key is
                there twice when it commits; None or ``"snapshot"``: only when another writer takes or changes rows.

        Raises:
            InvalidError: there is no key.
            NotFoundError: a key column is not there.
            ConflictError, RetryableConflictError: other writers were in the way.
        """
        if keep not in ("first", "last"):
            raise InvalidError(f"deduplicate: keep must be 'first' or 'last', got {keep!r}")
        names = [] if on is None else [on] if isinstance(on, str) else names_of("deduplicate", on)
        listed = count_of("deduplicate", "max_listed", max_listed) or 0
        retries, seconds = _limits_of("deduplicate", conflict_retries, retry_timeout)
        self._native, rows, nulls, keys, removed, addresses = self._native.deduplicate(
            names, keep == "last", bool(dry_run), listed, retries, seconds, durability_of(durability), is_serializable(isolation)
        )
        return DeduplicationReport(rows, nulls, keys, removed, addresses)

    def update(
        self,
        updates: Mapping[str, str | pc.Expression],
        where: str | pc.Expression | None = None,
        conflict_retries: int = _RETRIES,
        retry_timeout: timedelta = _RETRY_TIME,
        data_storage_version: str | None = None,
        *,
        params: Parameters = None,
        durability: DurabilityName | None = None,
        isolation: IsolationName | None = None,
    ) -> UpdateResult:
        """Set columns to the values of expressions in the rows for which ``where`` is true.

        The rows are written anew at the end of the table, in the version of its files, and marked as deleted where they were:
        their addresses change. When no row passes, no version is made.

        Args:
            updates: By the name of a top-level column, SQL over the values before the update, cast to the column's type.
            where: SQL (``docs/guide/filters.md``) or a ``pyarrow.compute`` expression; None: all rows.
            conflict_retries: How often to run again on a newer version while other writers change the same fragments.
            retry_timeout: After this time no further attempt begins.
            data_storage_version: None, or the version that the table has.
            params: Values of ``$1``, ``$2``... (a list) or of ``$name`` (a dict) in ``updates`` and ``where``.
            durability: ``"full"`` or ``"none"``, as in ``write_dataset``.
            isolation: ``"serializable"``: runs again, too, when another writer brings, takes or changes rows that pass meanwhile, so that the outcome
                is that of one after the other (``docs/guide/transactions.md``); None or ``"snapshot"``: two writers that change different
                rows do not see each other.

        Returns:
            ``{"num_rows_updated": n}``

        Raises:
            InvalidError: an expression does not parse, has no value in some row, or a column is not there.
            UnsupportedError: the table has stable row ids, or is of version 0.1.
            ConflictError, RetryableConflictError: other writers were in the way.
        """
        if not isinstance(updates, Mapping):
            raise TypeError(f"update: updates must be a dict of column names to SQL, got {type(updates).__name__}")
        if data_storage_version is not None and file_version_of(data_storage_version) != self._native.data_storage_version:
            refuse("update", data_storage_version=data_storage_version)
        check_parameters("update", [*updates.values(), where], params)
        columns = []
        for name, text in updates.items():
            expression = expression_of("update", text, params, may_have_more=True)
            if expression is None:
                raise TypeError(f"update: column {name!r} must be set to SQL text, got None; 'NULL' is SQL")
            columns.append((name_of("update", name), expression))
        retries, seconds = _limits_of("update", conflict_retries, retry_timeout)
        filter = None if where is None else expression_of("update", where, params, may_have_more=True)
        self._native, updated = self._native.update(columns, filter, retries, seconds, durability_of(durability), is_serializable(isolation))
        return {"num_rows_updated": updated}

    def merge_insert(self, on: str | Iterable[str] | None = None) -> MergeInsertBuilder:
        """Merge rows by key: update those that the dataset has, insert those that it lacks, delete what the source lacks.

        ``ds.merge_insert("id").when_matched_update_all().when_not_matched_insert_all().execute(rows)``

        Args:
            on: The key column or columns; None: the primary key in the schema's metadata.
        """
        return MergeInsertBuilder(self, on)

    @property
    def optimize(self) -> DatasetOptimizer:
        """What keeps the dataset in shape: ``ds.optimize.compact_files()``."""
        return DatasetOptimizer(self)

    def truncate_table(self, *, isolation: IsolationName | None = None) -> None:
        """Delete all rows. Columns, earlier versions and metadata stay.

        Args:
            isolation: ``"serializable"``: rows that another writer brings meanwhile go, too; None or ``"snapshot"``: they stay.
        """
        serializable = is_serializable(isolation)
        self._native, _ = self._native.delete(None, _RETRIES, _RETRY_TIME.total_seconds(), serializable=serializable)

    def insert(self, data: ReaderLike, *, mode: str = "append", **kwargs: Any) -> None:
        """Write ``data`` into this dataset; arguments as in ``write_dataset``."""
        from .write import write_dataset

        self._native = write_dataset(data, cast("LanceDataset", self), mode=mode, **kwargs)._native
