"""Takes from one fragment, again and again, of the same columns; and the fragment that a data file makes."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Any

from . import _eider
from .arguments import count_of
from .error import InvalidError, UnsupportedError
from .file import LanceFileReader
from .fragment_metadata import DataFile, FragmentMetadata
from .projection import Columns, select
from .schema import LanceField

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa

    from .dataset import LanceDataset
    from .fragment import LanceFragment

__all__ = ["FragmentSession", "create_from_file", "positions_of"]


class FragmentSession:
    """Takes from one fragment; ``LanceFragment.open_session`` opens it. The columns are looked up once."""

    def __init__(self, fragment: LanceFragment, columns: Columns, with_row_address: bool) -> None:
        self._fragment = fragment
        names = fragment._dataset._names()
        chosen = columns if columns is not None or not with_row_address else names
        self._chosen = select(chosen, names, flatten=False, with_row_address=with_row_address)
        if fragment.count_rows():
            self.take([0])  # says now what is wrong with the columns

    def take(self, indices: Any) -> pa.Table:
        """Rows by position among the fragment's live rows; order and duplicates kept.

        Raises InvalidError naming a position outside ``[0, count_rows())``.
        """
        import pyarrow as pa

        fragment, chosen = self._fragment, self._chosen
        rows = positions_of(fragment, indices)
        native = fragment._dataset._native
        selected = chosen.columns, chosen.outputs, chosen.with_row_id, chosen.with_row_address
        batch = native.take(rows, *selected, None, chosen.computed)
        return pa.Table.from_batches([pa.record_batch(batch)])


def positions_of(fragment: LanceFragment, indices: Any) -> list[int]:
    """Positions in the dataset of positions in the fragment."""
    positions = [index(i.as_py() if hasattr(i, "as_py") else i) for i in indices]
    rows = fragment.count_rows()
    for position in positions:
        if not 0 <= position < rows:
            raise InvalidError(
                f"row {position} is out of range: fragment {fragment.fragment_id} of {fragment._dataset.uri} has {rows} rows"
            )
    return [fragment._first_row + i for i in positions]


def _leaves(fields: Iterable[LanceField], above: str = "") -> Iterator[tuple[str, int]]:
    """Paths and ids of all fields, parents before children."""
    for field in fields:
        path = f"{above}.{field.name()}" if above else field.name()
        yield path, field.id()
        yield from _leaves(field.children(), path)


def _require_same(where: str, theirs: list[LanceField], ours: list[LanceField]) -> None:
    if [field.name() for field in theirs] != [field.name() for field in ours]:
        names = [[field.name() for field in fields] for fields in (theirs, ours)]
        raise InvalidError(f"{where}: it has the columns {names[0]}, the dataset {names[1]}")
    for their, our in zip(theirs, ours, strict=True):
        if their.logical_type != our.logical_type:
            raise InvalidError(f"{where}: {their.name()!r} is of type {their.logical_type}, in the dataset {our.logical_type}")
        if all(child.id() >= 0 for child in their.children()):  # else it is what a blob column stores
            _require_same(where, their.children(), our.children())


def create_from_file(filename: str, dataset: LanceDataset, fragment_id: int) -> FragmentMetadata:
    """The fragment that a data file of the dataset makes, for instance one that a lost version named. Nothing is committed.

    Args:
        filename: Name of the file, below ``data/`` of the dataset. It has all columns of the dataset, in their order.
        dataset: The dataset, whose fields the columns become.
        fragment_id: Id of the fragment; ``LanceOperation.Append`` gives it another.

    Raises:
        NotFoundError: there is no such file.
        InvalidError: its columns are not those of the dataset.
    """
    where = "LanceFragment.create_from_file"
    if not isinstance(filename, str):
        raise TypeError(f"{where}: filename must be a str, got {type(filename).__name__}")
    number = count_of(where, "fragment_id", fragment_id) or 0
    reader = LanceFileReader(_eider.FileStore.open(dataset._native.location).uri_of(f"data/{filename}"), session=dataset.session())
    major, minor = (int(part) for part in reader._native.version.split("."))
    if major < 2:
        raise UnsupportedError(f"{where}: '{filename}' is of version {reader._native.version}")
    _require_same(f"{where}: '{filename}'", reader.lance_schema.fields(), dataset.lance_schema.fields())
    rest = iter(_leaves(dataset.lance_schema.fields()))
    columns = [column.name for column in reader.metadata().columns]
    fields = [next((field for path, field in rest if path == column), None) for column in columns]
    found = [field for field in fields if field is not None]
    if len(found) != len(fields):
        raise InvalidError(f"{where}: '{filename}': its columns {columns} do not follow the fields of the dataset")
    file = DataFile(filename, found, list(range(len(found))), major, minor)
    return FragmentMetadata(number, [file], reader.num_rows())
