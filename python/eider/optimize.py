"""Upkeep of a dataset: fewer, larger fragments without deleted rows, and fewer files in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from .absent import Refusing
from .arguments import DurabilityName
from .cleanup import AutoCleanupConfig, auto_cleanup_entries
from .compaction import (
    Compaction,
    CompactionMetrics,
    CompactionOptions,
    CompactionPlan,
    CompactionTask,
    RewriteResult,
    native_options,
)

if TYPE_CHECKING:
    from .changes import DatasetChanges

__all__ = [
    "Compaction", "CompactionMetrics", "CompactionOptions", "CompactionPlan", "CompactionTask", "DatasetOptimizer", "RewriteResult",
]  # fmt: skip


class DatasetOptimizer(Refusing):
    """``ds.optimize``: what keeps a dataset in shape."""

    def __init__(self, dataset: DatasetChanges) -> None:
        self._dataset = dataset

    def _run(self, native: Any) -> CompactionMetrics:
        self._dataset._native, metrics = self._dataset._native.compact_files(native)
        return CompactionMetrics(*metrics)

    def _configure(self, entries: Mapping[str, str | None]) -> None:
        self._dataset._native = self._dataset._native.update_config(config=dict(entries))

    def compact_files(
        self,
        *,
        target_rows_per_fragment: int | None = None,
        max_rows_per_group: int | None = None,
        max_bytes_per_file: int | None = None,
        materialize_deletions: bool | None = None,
        materialize_deletions_threshold: float | None = None,
        defer_index_remap: bool | None = None,
        num_threads: int | None = None,
        batch_size: int | None = None,
        compaction_mode: Literal["reencode", "try_binary_copy", "force_binary_copy"] | None = None,
        binary_copy_read_batch_bytes: int | None = None,
        max_source_fragments: int | None = None,
        max_source_rows: int | None = None,
        max_source_bytes: int | None = None,
        excluded_fragment_ids: list[int] | None = None,
        data_storage_version: str | None = None,
        io_buffer_size: int | None = None,
        target_bytes_per_fragment: int | None = None,
        max_small_files: int | None = None,
        commit_seconds: float | None = None,
        durability: DurabilityName | None = None,
    ) -> CompactionMetrics:
        """Merge small fragments, drop deleted rows and merge small files. The dataset moves to the new version.

        Neighbours with fewer rows than the target are written together, and a fragment of which many rows are deleted anew, in
        the version of the table's files. Rewritten rows come after all others; their addresses change, and indices lose them.
        Of fragments that stay and have many files, as additions of columns leave them, the small files are merged (``merge_files``).
        Groups of fragments are written side by side within the memory budget. What is finished is committed now and then: a
        compaction that was killed goes on from there when it is run again.

        Args:
            target_rows_per_fragment: None: 1024 * 1024.
            target_bytes_per_fragment: A fragment with so many bytes, blobs included, wants no neighbours; None: 1 GiB.
            max_bytes_per_file: None: 90 GiB.
            materialize_deletions: Whether deleted rows alone are reason to rewrite a fragment; None: True.
            materialize_deletions_threshold: The share of deleted rows beyond which they are; None: 0.1.
            max_small_files: Of a fragment that have to be there to be merged, and one more; None: 16.
            max_source_fragments, max_source_rows, max_source_bytes: Stop before more than this is read, the oldest fragments first.
            excluded_fragment_ids: Fragments that stay as they are, and part their neighbours.
            commit_seconds: After so many seconds what is finished is committed; None: 10.
            batch_size, num_threads, io_buffer_size, max_rows_per_group, binary_copy_read_batch_bytes: Nothing to choose: batches
                follow the width of a row, and all threads work.
            compaction_mode: None, ``"reencode"`` or ``"try_binary_copy"``, which reencodes too.
            durability: ``"full"`` or ``"none"``, as in ``write_dataset``.
            defer_index_remap, data_storage_version: Not supported yet.

        Raises:
            UnsupportedError: the table is of version 0.1, or has external blobs.
            ConflictError, RetryableConflictError: other writers were in the way.
        """
        options = {name: value for name, value in locals().items() if name != "self"}
        return self._run(native_options("compact_files", CompactionOptions(**options)))  # type: ignore[typeddict-item]

    def merge_files(self, *, max_small_files: int = 1, durability: DurabilityName | None = None) -> CompactionMetrics:
        """Merge the small files of each fragment that has more than ``max_small_files``, and do nothing else.

        Files with blobs, and files larger than twice the smaller ones together, are neither read nor written: bytes grow with what is
        small alone. Row ids, addresses and indices stay as they are.
        """
        native = native_options("merge_files", {"max_small_files": max_small_files, "durability": durability})
        native.files_only = True
        return self._run(native)

    def enable_auto_cleanup(self, auto_cleanup_config: AutoCleanupConfig, **kwargs: Any) -> None:
        """Clean up old versions after commits whose number ``interval`` divides, those older than ``older_than_seconds``."""
        self._configure(auto_cleanup_entries(auto_cleanup_config))

    def disable_auto_cleanup(self, **kwargs: Any) -> None:
        """Clean up old versions when asked to only."""
        self._configure(dict.fromkeys(("lance.auto_cleanup.interval", "lance.auto_cleanup.older_than")))
