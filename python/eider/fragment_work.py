"""What a worker does to one fragment, for another to commit: nothing here changes the dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from . import _eider
from .arguments import count_of, name_of, names_of
from .error import InvalidError
from .fragment_metadata import FragmentMetadata
from .ingest import ReaderLike, open_reader
from .schema import LanceSchema
from .sql import expression_of
from .udf import BatchUDF, as_batch, fitted

if TYPE_CHECKING:
    import pyarrow as pa

    from .dataset import LanceDataset

__all__ = ["FragmentWork"]


class FragmentWork:
    """The part of a fragment that workers use."""

    _dataset: LanceDataset
    _info: _eider.FragmentInfo

    @property
    def metadata(self) -> FragmentMetadata:
        """What the manifest records of the fragment."""
        return FragmentMetadata._of_message(self._native().fragment_messages(self._info.id)[0])

    @property
    def physical_schema(self) -> pa.Schema:
        """Schema of the rows as they are stored, which is that of the dataset."""
        return self._dataset.schema

    def _native(self) -> _eider.Dataset:
        return self._dataset._native

    def delete(self, predicate: str) -> FragmentMetadata | None:
        """The fragment without the rows for which ``predicate`` is true; None when none is left.

        Writes a deletion file. ``LanceOperation.Delete`` commits it.
        """
        filter = expression_of("LanceFragment.delete", predicate)
        if filter is None:
            raise TypeError("LanceFragment.delete: the predicate must be a str or a pyarrow expression, got None")
        return _fragment_or_none(self._native().delete_from_fragment(self._info.id, filter))

    def delete_rows(self, offsets: Iterable[int]) -> FragmentMetadata | None:
        """The fragment without the rows at these physical positions; None when none is left. Those deleted before stay deleted."""
        where = "delete_rows"
        rows = [count_of(where, "offsets", offset) or 0 for offset in offsets]
        return _fragment_or_none(self._native().delete_rows_from_fragment(self._info.id, rows))

    def merge_columns(
        self,
        value_func: Mapping[str, str] | BatchUDF | Callable[[pa.RecordBatch], Any] | ReaderLike,
        columns: list[str] | None = None,
        batch_size: int | None = None,
        reader_schema: pa.Schema | None = None,
    ) -> tuple[FragmentMetadata, LanceSchema]:
        """The fragment with new columns, and the schema with them; arguments as of ``LanceDataset.add_columns``.

        Writes one data file. ``LanceOperation.Merge`` commits the fragments, all of them, with the schema.
        """
        native, number = self._native(), self._info.id
        if isinstance(value_func, BatchUDF) and value_func.checkpoint_file is not None:
            raise InvalidError("merge_columns: A checkpoint file cannot be used for one fragment alone; its caller keeps what is done")
        if isinstance(value_func, Mapping):
            wanted = [(name_of("merge_columns", name), expression_of("merge_columns", text)) for name, text in value_func.items()]
            changed = native.compute_fragment_columns(number, [(name, text) for name, text in wanted if text is not None])
        elif callable(value_func):
            rows = count_of("merge_columns", "batch_size", batch_size, least=1) or 8192
            columns = None if columns is None else names_of("merge_columns", columns)
            changed = native.add_fragment_columns(number, self._computed(value_func, columns, rows))
        else:
            changed = native.add_fragment_columns(number, open_reader(value_func, reader_schema))
        return FragmentMetadata._of_message(changed[0]), changed[1]

    def add_columns(
        self,
        value_func: Mapping[str, str] | BatchUDF | Callable[[pa.RecordBatch], Any] | ReaderLike,
        columns: list[str] | None = None,
        batch_size: int | None = None,
        reader_schema: pa.Schema | None = None,
    ) -> tuple[FragmentMetadata, LanceSchema]:
        """The same as ``merge_columns``."""
        return self.merge_columns(value_func, columns, batch_size, reader_schema)

    def _computed(self, function: Any, columns: list[str] | None, rows: int) -> _eider.RecordBatchReader:
        body = function.func if isinstance(function, BatchUDF) else function
        schema = function.output_schema if isinstance(function, BatchUDF) else None

        def batches() -> Iterator[Any]:
            expected = schema
            for batch in self._batches(columns, rows):
                result = as_batch(body(batch), batch.num_rows, expected)
                expected = result.schema if expected is None else expected
                yield fitted(result, expected)

        return open_reader(batches(), schema)

    def _batches(self, columns: list[str] | None, rows: int, **options: Any) -> Iterator[pa.RecordBatch]:
        return self._dataset.scanner(columns=columns, batch_size=rows, fragments=[self], **options).to_batches()  # type: ignore[list-item]

    def merge(
        self, data_obj: ReaderLike, left_on: str, right_on: str | None = None, schema: pa.Schema | None = None
    ) -> tuple[FragmentMetadata, LanceSchema]:
        """The fragment with the columns of another table, joined by key, and the schema with them; see ``LanceDataset.merge``."""
        on = name_of("merge", left_on), name_of("merge", right_on or left_on)
        changed = self._native().join_to_fragment(self._info.id, open_reader(data_obj, schema), *on)
        return FragmentMetadata._of_message(changed[0]), changed[1]

    def update_columns(
        self,
        data_obj: ReaderLike,
        left_on: str = "_rowid",
        right_on: str | None = None,
        schema: pa.Schema | None = None,
        *,
        with_offsets: bool = False,
    ) -> Any:
        """The fragment with new values in the columns that ``data_obj`` has besides its key, in the rows whose key is in it.

        Writes one data file of these columns; those of before become invalid. ``LanceOperation.Update`` commits the fragment with the
        ids of the fields.

        Args:
            data_obj: The keys and the new values. Of several rows with one key, the first counts.
            left_on: Column of the fragment with the key: ``_rowid``, ``_rowaddr`` or one of the table.
            right_on: Column of ``data_obj`` with the key; None: named like ``left_on``.
            schema: Schema to cast ``data_obj`` to.
            with_offsets: Return the physical positions of the rows that changed too, as a portable Roaring bitmap.

        Returns:
            The fragment, the ids of the changed fields, and with ``with_offsets`` the bitmap.
        """
        on = name_of("update_columns", left_on), name_of("update_columns", right_on or left_on)
        fragment, fields, offsets = self._native().update_fragment_columns(self._info.id, open_reader(data_obj, schema), *on)
        changed = FragmentMetadata._of_message(fragment), fields
        return (*changed, offsets) if with_offsets else changed

    def validate(self) -> None:
        """Read every value of the fragment and check it against what is stored beside it. Raises CorruptError."""
        for _ in self._batches(None, 8192, include_deleted_rows=True, with_row_id=True):
            pass


def _fragment_or_none(message: bytes | None) -> FragmentMetadata | None:
    return None if message is None else FragmentMetadata._of_message(message)
