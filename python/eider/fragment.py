"""Fragments: horizontal slices of a dataset, each with its own data files and deletions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, cast

from . import _eider
from .absent import Refusing, refuse_absent
from .arguments import refuse
from .error import InvalidError
from .fragment_metadata import DataFile, DeletionFile, FragmentMetadata, RowDatasetVersionMeta, RowIdMeta
from .fragment_session import FragmentSession, create_from_file, positions_of
from .fragment_work import FragmentWork
from .progress import FragmentWriteProgress, NoopFragmentWriteProgress
from .projection import Columns
from .scanner import LanceScanner, ScanStats, take_scan_options
from .udf import BatchUDF
from .write_fragments import DEFAULT_MAX_BYTES_PER_FILE, create_fragment, write_fragments

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from typing_extensions import Unpack

    from .blob_frame import BlobMode
    from .dataset import LanceDataset
    from .scanner import ScanOptions

__all__ = [
    "DEFAULT_MAX_BYTES_PER_FILE",
    "BatchUDF",
    "DataFile",
    "DeletionFile",
    "FragmentMetadata",
    "FragmentSession",
    "FragmentWriteProgress",
    "LanceFragment",
    "NoopFragmentWriteProgress",
    "RowDatasetVersionMeta",
    "RowIdMeta",
    "write_fragments",
]


class LanceFragment(FragmentWork, Refusing):
    """A fragment of one dataset version. Row positions count the live rows of the fragment."""

    create = staticmethod(create_fragment)
    create_from_file = staticmethod(create_from_file)

    def __init__(
        self, dataset: LanceDataset, fragment_id: int, *, fragment: tuple[_eider.FragmentInfo, int] | None = None
    ):
        self._dataset = dataset
        if fragment is None:
            found = dataset.get_fragment(fragment_id)
            if found is None:
                raise InvalidError(f"no fragment {fragment_id} in version {dataset.version} of {dataset.uri}")
            fragment = (found._info, found._first_row)
        self._info: _eider.FragmentInfo = fragment[0]
        self._first_row: int = fragment[1]

    @property
    def fragment_id(self) -> int:
        """Id of the fragment, never used again in this dataset."""
        return self._info.id

    @property
    def physical_rows(self) -> int:
        """Number of rows in the files, deleted ones included."""
        return self._info.physical_rows

    @property
    def num_deletions(self) -> int:
        """Number of deleted rows."""
        return self._info.deleted_rows

    @property
    def schema(self) -> pa.Schema:
        """Schema of the dataset."""
        return self._dataset.schema

    def data_files(self) -> list[DataFile]:
        """The data files; together they hold every column."""
        return self.metadata.files

    def deletion_file(self) -> str | None:
        """Path of the deletion file below the dataset's root, or None."""
        return f"_deletions/{self._info.deletion_file}" if self._info.deletion_file else None

    def count_rows(self, filter: object = None) -> int:
        """Number of live rows, of those that pass ``filter`` where there is one."""
        if filter is not None:
            return self._dataset.count_rows(filter, fragments=[self])
        return self._info.physical_rows - self._info.deleted_rows

    def scanner(
        self,
        schema: pa.Schema | None = None,
        *,
        columns: Columns = None,
        batch_size: int | None = None,
        filter: object = None,
        limit: int | None = None,
        offset: int | None = None,
        **options: Unpack[ScanOptions],
    ) -> LanceScanner:
        """A scan of this fragment; arguments as in ``LanceDataset.scanner``.

        Args:
            schema: What engines that know pyarrow's fragments pass: the schema of the dataset, and no other.
        """
        if schema is not None and not schema.equals(self.schema):
            refuse("LanceFragment.scanner", schema=schema)
        refuse("LanceFragment.scanner", fragments=options.get("fragments"))
        options["fragments"] = [self]
        return self._dataset.scanner(
            columns=columns, batch_size=batch_size, filter=filter, limit=limit, offset=offset, **options
        )

    def to_table(
        self,
        columns: Columns = None,
        filter: object = None,
        limit: int | None = None,
        offset: int | None = None,
        with_row_id: bool | None = None,
        with_row_address: bool | None = None,
        **options: Any,
    ) -> pa.Table:
        """The live rows as a table; arguments as in ``LanceDataset.scanner``."""
        options["with_row_id"], options["with_row_address"] = with_row_id, with_row_address
        return self.scanner(columns=columns, filter=filter, limit=limit, offset=offset, **options).to_table()

    def to_batches(
        self,
        *,
        columns: Columns = None,
        batch_size: int | None = None,
        filter: object = None,
        limit: int | None = None,
        offset: int | None = None,
        **options: Unpack[ScanOptions],
    ) -> Iterator[pa.RecordBatch]:
        """The live rows in batches; arguments as in ``LanceDataset.scanner``."""
        scanner = self.scanner(
            columns=columns, batch_size=batch_size, filter=filter, limit=limit, offset=offset, **options
        )
        return scanner.to_batches()

    def to_pandas(
        self,
        columns: Columns = None,
        filter: object = None,
        limit: int | None = None,
        offset: int | None = None,
        batch_size: int | None = None,
        with_row_id: bool | None = None,
        with_row_address: bool | None = None,
        *,
        blob_mode: BlobMode = "lazy",
        **options: Any,
    ) -> pd.DataFrame:
        """The live rows as a DataFrame; arguments as in ``LanceDataset.to_pandas``."""
        scan = take_scan_options(options)
        scan["with_row_id"], scan["with_row_address"] = with_row_id, with_row_address
        scanner = self.scanner(columns=columns, batch_size=batch_size, filter=filter, limit=limit, offset=offset, **scan)
        return scanner.to_pandas(blob_mode=blob_mode, **options)

    def head(self, num_rows: int) -> pa.Table:
        """The first ``num_rows`` live rows."""
        return self.scanner(limit=num_rows).to_table()

    def take(self, indices: Any, columns: Columns = None, *, stats: ScanStats | None = None) -> pa.Table:
        """Rows by position among the fragment's live rows; order and duplicates kept.

        Raises InvalidError naming a position outside ``[0, count_rows())``.
        """
        return self._dataset.take(positions_of(self, indices), columns, stats=stats)

    def open_session(self, columns: Columns = None, with_row_address: bool | None = None) -> FragmentSession:
        """A session for many takes of the same columns.

        Args:
            columns: As in ``LanceDataset.take``.
            with_row_address: Append the column ``_rowaddr`` (uint64).
        """
        return FragmentSession(self, columns, bool(with_row_address))

    def __len__(self) -> int:
        return self.count_rows()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.scanner().__arrow_c_stream__(requested_schema)

    def __reduce__(self) -> tuple[Callable[..., LanceFragment], tuple[LanceDataset, int]]:
        return cast(
            "tuple[Callable[..., LanceFragment], tuple[LanceDataset, int]]",
            (LanceFragment, (self._dataset, self.fragment_id)),
        )

    def __repr__(self) -> str:
        return f"LanceFragment(id={self.fragment_id}, data_files={[f.path for f in self._info.files]})"


def fragments_of(dataset: LanceDataset, native: _eider.Dataset) -> list[LanceFragment]:
    """All fragments in row order."""
    out = []
    first_row = 0
    for info in native.fragments():
        out.append(LanceFragment(dataset, info.id, fragment=(info, first_row)))
        first_row += info.physical_rows - info.deleted_rows
    return out


def fragment_ids_of(fragments: Iterable[LanceFragment]) -> list[int]:
    """The ids of the fragments that a scan is held to."""
    chosen = list(fragments)
    for fragment in chosen:
        if not isinstance(fragment, LanceFragment):
            raise TypeError(f"scanner: fragments must be LanceFragment objects, got {type(fragment).__name__}")
    return [fragment.fragment_id for fragment in chosen]


def __getattr__(name: str) -> object:
    raise refuse_absent(__name__, name, "module")
