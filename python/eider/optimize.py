"""Upkeep of a dataset: fewer, larger fragments without deleted rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .absent import Refusing
from .arguments import DurabilityName, count_of, durability_of, refuse
from .error import InvalidError

if TYPE_CHECKING:
    from .changes import DatasetChanges

__all__ = ["CompactionMetrics", "DatasetOptimizer"]


@dataclass(frozen=True)
class CompactionMetrics:
    """What a compaction removed and added. Files are data and deletion files."""

    fragments_removed: int
    fragments_added: int
    files_removed: int
    files_added: int


class DatasetOptimizer(Refusing):
    """``ds.optimize``: what keeps a dataset in shape."""

    def __init__(self, dataset: DatasetChanges) -> None:
        self._dataset = dataset

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
        durability: DurabilityName | None = None,
    ) -> CompactionMetrics:
        """Merge small fragments and drop deleted rows. The dataset moves to the new version.

        Neighbours with fewer rows than the target are written together, and a fragment of which many rows are deleted anew, in
        the version of the table's files. Rewritten rows come after all others; their addresses change, and indices lose them.

        Args:
            target_rows_per_fragment: None: 1024 * 1024.
            max_rows_per_group: Without meaning for the file versions that are written.
            max_bytes_per_file: None: 90 GiB.
            materialize_deletions: Whether deleted rows alone are reason to rewrite a fragment; None: True.
            materialize_deletions_threshold: The share of deleted rows beyond which they are; None: 0.1.
            batch_size, num_threads: Batches follow the width of a row and all threads work: nothing to choose.
            compaction_mode: None, ``"reencode"`` or ``"try_binary_copy"``, which reencodes too.
            durability: ``"full"`` or ``"none"``, as in ``write_dataset``.
            defer_index_remap, binary_copy_read_batch_bytes, max_source_fragments, max_source_rows, max_source_bytes,
            excluded_fragment_ids, data_storage_version: Not supported yet.

        Raises:
            UnsupportedError: the table has stable row ids, or is of version 0.1.
            ConflictError, RetryableConflictError: other writers were in the way.
        """
        where = "compact_files"
        refuse(where, defer_index_remap=defer_index_remap, binary_copy_read_batch_bytes=binary_copy_read_batch_bytes,
               max_source_fragments=max_source_fragments, max_source_rows=max_source_rows, max_source_bytes=max_source_bytes,
               excluded_fragment_ids=excluded_fragment_ids, data_storage_version=data_storage_version)  # fmt: skip
        if compaction_mode not in (None, "reencode", "try_binary_copy"):
            refuse(where, compaction_mode=compaction_mode)
        for name, value in (("max_rows_per_group", max_rows_per_group), ("num_threads", num_threads), ("batch_size", batch_size)):
            count_of(where, name, value, least=1)
        rows = count_of(where, "target_rows_per_fragment", target_rows_per_fragment, least=1) or 1024 * 1024
        file_bytes = count_of(where, "max_bytes_per_file", max_bytes_per_file, least=1) or 90 << 30
        share = 0.1 if materialize_deletions_threshold is None else float(materialize_deletions_threshold)
        if not 0 <= share <= 1:
            raise InvalidError(f"{where}: materialize_deletions_threshold must be between 0 and 1, got {share}")
        native = self._dataset._native
        self._dataset._native, *numbers = native.compact_files(
            rows, file_bytes, materialize_deletions is not False, share, durability_of(durability)
        )
        return CompactionMetrics(*numbers)
