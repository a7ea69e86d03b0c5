"""What changed between two versions of a dataset with stable row ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .arguments import count_of
from .error import InvalidError

if TYPE_CHECKING:
    import pyarrow as pa

    from .dataset import LanceDataset

__all__ = ["DatasetDelta", "delta_of"]

_LINEAGE = ["_rowid", "_row_created_at_version", "_row_last_updated_at_version"]


def delta_of(
    dataset: LanceDataset, compared_against: int | None, begin_version: int | None, end_version: int | None
) -> DatasetDelta:
    """The delta that ``LanceDataset.delta`` was asked for."""
    if compared_against is not None:
        if begin_version is not None or end_version is not None:
            raise InvalidError("delta: compared_against goes without begin_version and end_version")
        begin_version, end_version = compared_against, dataset.version
    begin = count_of("delta", "begin_version", begin_version)
    end = count_of("delta", "end_version", end_version)
    if begin is None or end is None:
        raise InvalidError("delta: either compared_against or both begin_version and end_version must be given")
    if begin > end:
        raise InvalidError(f"delta: begin_version {begin} is after end_version {end}")
    return DatasetDelta(dataset, begin, end)


class DatasetDelta:
    """What the versions after ``begin_version``, up to and with ``end_version``, did; rows are as they stood at ``end_version``."""

    def __init__(self, dataset: LanceDataset, begin_version: int, end_version: int) -> None:
        self.begin_version = begin_version
        self.end_version = end_version
        self._dataset = dataset

    def _at(self, version: int) -> LanceDataset:
        found = self._dataset if version == self._dataset.version else self._dataset.checkout_version(version)
        if not found.has_stable_row_ids:
            raise InvalidError(f"delta: version {version} of {found.uri} has no stable row ids, which tell rows apart")
        return found

    def _rows(self, condition: str) -> pa.RecordBatchReader:
        at_end = self._at(self.end_version)
        columns = [*at_end.schema.names, *_LINEAGE]
        params = {"begin": self.begin_version, "end": self.end_version}
        return at_end.scanner(columns=columns, filter=condition, params=params).to_reader()

    def get_inserted_rows(self) -> pa.RecordBatchReader:
        """Rows that were created, with ``_rowid`` and the versions that created and last updated them."""
        return self._rows("_row_created_at_version > $begin AND _row_created_at_version <= $end")

    def get_updated_rows(self) -> pa.RecordBatchReader:
        """Rows that were there before and were updated; columns as in ``get_inserted_rows``."""
        return self._rows(
            "_row_created_at_version <= $begin AND _row_last_updated_at_version > $begin "
            "AND _row_last_updated_at_version <= $end"
        )

    def get_deleted_row_ids(self) -> pa.RecordBatchReader:
        """``_rowid`` of rows that were there at ``begin_version`` and are not at ``end_version``."""
        import pyarrow as pa
        import pyarrow.compute as pc

        before = self._at(self.begin_version).to_table(columns=["_rowid"])
        after = self._at(self.end_version).to_table(columns=["_rowid"])
        gone = before.filter(pc.invert(pc.is_in(before["_rowid"], value_set=after["_rowid"].combine_chunks())))
        return pa.RecordBatchReader.from_batches(gone.schema, gone.to_batches())

    def list_transactions(self) -> list[Any]:
        """The transactions of the versions, oldest first."""
        read: Any = self._dataset.read_transaction
        return [read(v) for v in range(self.begin_version + 1, self.end_version + 1)]

    def __repr__(self) -> str:
        return f"DatasetDelta(begin_version={self.begin_version}, end_version={self.end_version})"
