"""What reads the rows and answers with a dataset in memory: joins and sorts of ``pyarrow.dataset.Dataset``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .error import InvalidError
from .scanner import ColumnOrdering

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    import pyarrow.dataset as pads

__all__ = ["DatasetInMemory"]


def _table_of(where: str, right: Any) -> pa.Table:
    import pyarrow as pa

    if isinstance(right, pa.Table):
        return right
    if hasattr(right, "to_table"):
        return right.to_table()
    raise TypeError(f"{where}: the right side must be a dataset or a pyarrow.Table, got {type(right).__name__}")


def _in_memory(table: pa.Table) -> pads.InMemoryDataset:
    import pyarrow.dataset as pads

    return pads.InMemoryDataset(table)


def _orderings(sorting: str | Sequence[tuple[str, str]]) -> list[ColumnOrdering]:
    keys = [(sorting, "ascending")] if isinstance(sorting, str) else list(sorting)
    for key in keys:
        if not isinstance(key, tuple) or len(key) != 2 or key[1] not in ("ascending", "descending"):
            raise InvalidError(f"sort_by: expected a name or pairs such as ('x', 'descending'), got {key!r}")
    return [ColumnOrdering(name, order == "ascending") for name, order in keys]


class DatasetInMemory:
    """The part of a dataset that answers with one in memory: joins and sorts. For what does not fit there is ``sql``."""

    def to_table(self, *args: Any, **kwargs: Any) -> pa.Table:
        raise NotImplementedError

    def join(
        self,
        right_dataset: Any,
        keys: str | list[str],
        right_keys: str | list[str] | None = None,
        join_type: str = "left outer",
        left_suffix: str | None = None,
        right_suffix: str | None = None,
        coalesce_keys: bool = True,
        use_threads: bool = True,
    ) -> pads.InMemoryDataset:
        """Join with another dataset or a table, as ``pyarrow.Table.join`` does; both sides are read into memory.

        Args:
            right_dataset: A dataset of Eider or pyarrow, or a ``pyarrow.Table``.
            keys, right_keys: Columns to join on; ``right_keys`` None: the same names.
            join_type: ``"left outer"``, ``"inner"``, ``"left semi"``, ... as pyarrow names them.
            left_suffix, right_suffix: Appended to names that both sides have.
            coalesce_keys: Keys come out once.
            use_threads: Join in parallel.
        """
        right = _table_of("join", right_dataset)
        return _in_memory(
            self.to_table().join(
                right, keys, right_keys, join_type, left_suffix, right_suffix, coalesce_keys, use_threads
            )
        )

    def join_asof(
        self,
        right_dataset: Any,
        on: str,
        by: str | list[str],
        tolerance: int,
        right_on: str | None = None,
        right_by: str | list[str] | None = None,
    ) -> pads.InMemoryDataset:
        """Join each row with the nearest one of the right side, as ``pyarrow.Table.join_asof`` does; both sides are sorted by ``on``."""
        right = _table_of("join_asof", right_dataset)
        return _in_memory(self.to_table().join_asof(right, on, by, tolerance, right_on, right_by))

    def sort_by(self, sorting: str | Sequence[tuple[str, str]], **kwargs: Any) -> pads.InMemoryDataset:
        """The rows in order: a column name, or pairs of a name and ``"ascending"`` or ``"descending"``; nulls come last.

        ``scanner(order_by=...)`` does the same batch by batch.
        """
        return _in_memory(self.to_table(order_by=_orderings(sorting), **kwargs))
