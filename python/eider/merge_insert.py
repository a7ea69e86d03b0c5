"""Merging rows into a dataset by key: what happens to rows of both sides, and to those of one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from time import perf_counter
from typing import TYPE_CHECKING, Literal, TypedDict

from . import _eider
from .absent import Refusing
from .arguments import (
    DurabilityName,
    IsolationName,
    count_of,
    durability_of,
    file_version_of,
    is_serializable,
    names_of,
    refuse,
    seconds_of,
)
from .bases import target_names
from .error import InvalidError
from .ingest import ReaderLike, open_reader
from .sql import Parameters, expression_of
from .transaction import LanceOperation, Transaction
from .transaction_message import transaction_of

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc

    from .changes import DatasetChanges

__all__ = ["ExecuteResult", "MergeInsertBuilder"]

_MOST_RETRIES = 2**31
_WRITE_MODES = ("auto", "rewrite_rows", "rewrite_columns")


class ExecuteResult(TypedDict):
    """How many rows a merge changed."""

    num_inserted_rows: int
    num_updated_rows: int
    num_deleted_rows: int


class MergeInsertBuilder(Refusing):
    """What ``ds.merge_insert(on)`` returns: say what is to happen to which rows, then ``execute`` with the source.

    Rows match when the values of all key columns are equal. Null equals nothing, NaN equals itself, and 0.0 is not -0.0. Rows of which
    nothing is said stay as they are; without any clause there is nothing to do, which is an error.
    """

    def __init__(self, dataset: DatasetChanges, on: str | Iterable[str] | None) -> None:
        self._dataset = dataset
        self._options = _eider.MergeInsertOptions()
        if on is not None:
            self._options.on = [on] if isinstance(on, str) else names_of("merge_insert", on)
        self._retries = 10
        self._retry_seconds = 30.0

    def when_matched_update_all(self, condition: str | None = None, *, params: Parameters = None) -> MergeInsertBuilder:
        """Give rows that match the values of the source. Columns that the source lacks keep theirs.

        Args:
            condition: SQL over ``source.x`` and ``target.x``; rows that match and for which it is not true stay as they are.
            params: Values of ``$1``, ``$2``... (a list) or of ``$name`` (a dict) in the condition.
        """
        self._options.when_matched = _eider.WhenMatched.UPDATE_ALL
        self._options.update_condition = expression_of("merge_insert", condition, params)
        return self

    def when_matched_delete(self) -> MergeInsertBuilder:
        """Delete rows that match. The source needs its key columns only."""
        return self._when_matched(_eider.WhenMatched.DELETE)

    def when_matched_fail(self) -> MergeInsertBuilder:
        """Change nothing, and raise an error that names the key, when a row matches."""
        return self._when_matched(_eider.WhenMatched.FAIL)

    def _when_matched(self, action: _eider.WhenMatched) -> MergeInsertBuilder:
        self._options.when_matched = action
        self._options.update_condition = None
        return self

    def when_not_matched_insert_all(self) -> MergeInsertBuilder:
        """Insert rows that only the source has, with null keys or not. Columns that it lacks become null."""
        self._options.insert_not_matched = True
        return self

    def when_not_matched_by_source_delete(self, expr: str | pc.Expression | None = None, *, params: Parameters = None) -> MergeInsertBuilder:
        """Delete rows that only the table has; with ``expr``, a condition on their columns, those for which it is true."""
        self._options.delete_not_matched_by_source = True
        self._options.delete_condition = expression_of("merge_insert", expr, params)
        return self

    def conflict_retries(self, max_retries: int) -> MergeInsertBuilder:
        """How often to run again on a newer version while other writers are in the way; 10 unless told."""
        self._retries = min(count_of("merge_insert", "max_retries", max_retries) or 0, _MOST_RETRIES)
        return self

    def retry_timeout(self, timeout: timedelta) -> MergeInsertBuilder:
        """After this time no further attempt begins; 30 seconds unless told."""
        self._retry_seconds = seconds_of("merge_insert", "timeout", timeout)
        return self

    def use_index(self, use_index: bool) -> MergeInsertBuilder:
        """Whether an index may find the keys. There are none yet: the key columns are always scanned."""
        if not isinstance(use_index, bool):
            raise TypeError(f"merge_insert: use_index must be a bool, got {type(use_index).__name__}")
        return self

    def write_mode(self, mode: Literal["auto", "rewrite_rows", "rewrite_columns"]) -> MergeInsertBuilder:
        """How rows that are updated are written.

        Args:
            mode: ``"rewrite_rows"`` writes them anew, whole, at the end of the table; ``"auto"`` does the same. ``"rewrite_columns"`` leaves
                them where they are and gives each fragment that has such rows a new file with the columns of the source: no other column is
                read or written. It needs a source that lacks some columns, and a merge that only updates.
        """
        if mode not in _WRITE_MODES:
            raise InvalidError(f"merge_insert: write_mode {mode!r} is none of {', '.join(map(repr, _WRITE_MODES))}")
        self._options.rewrites_columns = mode == "rewrite_columns"
        return self

    def target_bases(self, bases: list[str]) -> MergeInsertBuilder:
        """Write new fragments to these base paths of the dataset, in turn: their names or paths, or the dataset's own ``uri``.

        Files that replace columns of fragments which are there (``rewrite_columns``) and deletion files lie in the dataset's own folders.
        """
        self._options.write_to(target_names("merge_insert", bases), None)
        return self

    def target_all_bases(self, include_primary: bool = True) -> MergeInsertBuilder:
        """Write new fragments to every base path of the dataset in turn, with the dataset's own folder or without."""
        self._options.write_to([], bool(include_primary))
        return self

    def data_storage_version(self, version: str) -> MergeInsertBuilder:
        """The version that the table has; no other is written."""
        if file_version_of(version) != self._dataset._native.data_storage_version:
            refuse("merge_insert", data_storage_version=version)
        return self

    def execute(
        self,
        data_obj: ReaderLike,
        *,
        schema: pa.Schema | None = None,
        durability: DurabilityName | None = None,
        isolation: IsolationName | None = None,
    ) -> ExecuteResult:
        """Merge ``data_obj`` into the dataset, which moves to the new version. When no row changes, no version is made.

        The source is read once, and kept in memory or, when it takes more than a share of the session's budget, in temporary files.
        Its columns may come in any order. When other writers commit in between, the merge runs again on what they wrote: two merges that
        insert the same key do not both insert it.

        Args:
            data_obj: Anything that ``write_dataset`` takes.
            schema: What the data are cast to; needed for an empty iterator.
            durability: ``"full"`` or ``"none"``, as in ``write_dataset``.
            isolation: ``"serializable"``: runs again, too, when another writer brings, takes or changes any row meanwhile, so that the outcome
                is that of one after the other (``docs/guide/transactions.md``); None or ``"snapshot"``: two writers that change different
                rows do not see each other.

        Returns:
            ``{"num_inserted_rows": n, "num_updated_rows": n, "num_deleted_rows": n}``

        Raises:
            InvalidError: several rows of the source match one row that is to change (the key is named), a row matches where none may, or
                columns or types do not agree.
            UnsupportedError: the table is of version 0.1, or a key column holds blobs or JSON.
            ConflictError, RetryableConflictError: other writers were in the way.
        """
        self._options.limit_retries(self._retries, self._retry_seconds, durability_of(durability), is_serializable(isolation))
        native, inserted, updated, deleted = self._dataset._native.merge_insert(open_reader(data_obj, schema), self._options)
        self._dataset._native = native
        return {"num_inserted_rows": inserted, "num_updated_rows": updated, "num_deleted_rows": deleted}

    def execute_uncommitted(
        self, data_obj: ReaderLike, *, schema: pa.Schema | None = None, durability: DurabilityName | None = None
    ) -> tuple[Transaction, ExecuteResult]:
        """Merge without the commit, which ``LanceDataset.commit(dataset, transaction)`` makes; arguments as of ``execute``.

        The transaction keeps the keys that it inserts, so that of two merges which insert the same key only one is committed. It pickles.

        Returns:
            The transaction, and what ``execute`` returns.
        """
        return self._prepare(data_obj, schema, durability, keep_files=True)

    def _prepare(
        self, data_obj: ReaderLike, schema: pa.Schema | None, durability: DurabilityName | None, *, keep_files: bool
    ) -> tuple[Transaction, ExecuteResult]:
        self._options.limit_retries(self._retries, self._retry_seconds, durability_of(durability), False)
        source = open_reader(data_obj, schema)
        message, inserted, updated, deleted = self._dataset._native.merge_insert_uncommitted(source, self._options, keep_files)
        metrics: ExecuteResult = {"num_inserted_rows": inserted, "num_updated_rows": updated, "num_deleted_rows": deleted}
        return transaction_of(message), metrics

    def execute_batches(self, new_data: ReaderLike) -> ExecuteResult:
        """The same as ``execute``, which reads its source once, from memory or not."""
        return self.execute(new_data)

    def execute_uncommitted_batches(self, new_data: ReaderLike) -> tuple[Transaction, ExecuteResult]:
        """The same as ``execute_uncommitted``."""
        return self.execute_uncommitted(new_data)

    def analyze_plan_batches(self, new_data: ReaderLike) -> str:
        """The same as ``analyze_plan``."""
        return self.analyze_plan(new_data)

    def explain_plan(self, schema: pa.Schema | None = None, verbose: bool = False) -> str:
        """What a merge would do, as text. Reads and writes nothing.

        Args:
            schema: Of the source; None: that of the dataset.
            verbose: How keys are compared, too.
        """
        return self._dataset._native.explain_merge_insert(self._dataset.schema if schema is None else schema, self._options, bool(verbose))  # type: ignore[attr-defined]

    def analyze_plan(self, data_obj: ReaderLike, *, schema: pa.Schema | None = None) -> str:
        """Run the merge without a commit, remove what it wrote, and return the plan with its figures; arguments as of ``execute``."""
        reader = open_reader(data_obj, schema)
        plan = self.explain_plan(reader.schema)
        start = perf_counter()
        transaction, metrics = self._prepare(reader, None, None, keep_files=False)
        figures = [f"elapsed={(perf_counter() - start) * 1e3:.3f}ms", *(f"{name}={value}" for name, value in metrics.items())]
        operation = transaction.operation
        assert isinstance(operation, LanceOperation.Update)
        files = [file for fragment in operation.new_fragments for file in fragment.files]
        if operation.update_mode == "rewrite_columns":
            files = [fragment.files[-1] for fragment in operation.updated_fragments]
        figures += [f"bytes_written={sum(file.file_size_bytes or 0 for file in files)}", f"num_files_written={len(files)}"]
        first, _, rest = plan.partition("\n")
        return f"{first}, metrics=[{', '.join(figures)}]\n{rest}"
