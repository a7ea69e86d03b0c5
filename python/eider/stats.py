"""What a dataset takes: rows and files, and bytes per field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from . import _eider
from .absent import Refusing
from .schema import LanceField

__all__ = ["DataStatistics", "DatasetStats", "FieldStatistics", "LanceStats"]


@dataclass(frozen=True)
class FieldStatistics:
    """What one field takes in the files of a version, deleted rows included.

    ``num_values`` counts values and nulls (0 where the file version does not say); a struct or list has no pages of its own.
    """

    id: int
    bytes_on_disk: int
    num_values: int = 0
    num_pages: int = 0

    @property
    def bits_per_value(self) -> float | None:
        """None without values."""
        return 8 * self.bytes_on_disk / self.num_values if self.num_values else None


@dataclass(frozen=True)
class DataStatistics:
    """All fields of the schema, parents before children."""

    fields: list[FieldStatistics]


class DatasetStats(TypedDict):
    """Counts of a version."""

    num_deleted_rows: int
    num_fragments: int
    num_small_files: int


class LanceStats(Refusing):
    """Statistics of a dataset's version: ``LanceDataset.stats``."""

    def __init__(self, native: _eider.Dataset) -> None:
        self._native = native

    def dataset_stats(self, max_rows_per_group: int = 1024) -> DatasetStats:
        """Counts; fragments of fewer rows than ``max_rows_per_group``, deleted rows included, are small."""
        fragments = self._native.fragments()
        return {
            "num_deleted_rows": sum(f.deleted_rows for f in fragments),
            "num_fragments": len(fragments),
            "num_small_files": sum(f.physical_rows < max_rows_per_group for f in fragments),
        }

    def data_stats(self) -> DataStatistics:
        """Bytes of each field's pages. Reads the metadata of all data files, no data; values of blobs are not counted."""
        sizes = {size.field_id: size for size in self._native.field_sizes()}

        def of(field: LanceField) -> list[FieldStatistics]:
            size = sizes.get(field.id())
            own = FieldStatistics(field.id(), 0)
            if size is not None:
                own = FieldStatistics(field.id(), size.size_bytes, size.num_items, size.num_pages)
            return [own, *(found for child in field.children() for found in of(child))]

        return DataStatistics([found for field in self._native.lance_schema.fields() for found in of(field)])
