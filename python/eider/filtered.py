"""Datasets of the rows alone for which a condition is true: ``LanceDataset.filter``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .arguments import count_of
from .arrow_dataset import class_for_arrow
from .error import InvalidError
from .in_memory import DatasetInMemory
from .projection import Columns
from .reads import DatasetReads
from .sampling import sample_of_batches
from .scanner import LanceScanner
from .sql import Parameters, expression_of

if TYPE_CHECKING:
    import pyarrow as pa

    from . import _eider
    from .dataset import LanceDataset
    from .fragment import LanceFragment

__all__ = ["FilteredDataset", "FilteredFragment", "filtered"]


def filtered(dataset: LanceDataset, expression: object, params: Parameters) -> FilteredDataset:
    """The rows of ``dataset`` that pass."""
    return FilteredDataset(dataset, ((expression, params),))


class FilteredDataset(DatasetReads, DatasetInMemory):
    """The rows of one version for which a condition is true; made by ``LanceDataset.filter``.

    It reads as the dataset does, and is a ``pyarrow.dataset.Dataset`` to DuckDB, polars and DataFusion as well. It changes nothing.
    """

    def __init__(self, dataset: LanceDataset, conditions: tuple[tuple[object, Parameters], ...]) -> None:
        self._dataset, self._conditions = dataset, conditions
        self._condition: _eider.SqlExpression | None = None
        for expression, params in conditions:
            one = expression_of("filter", expression, params)
            if one is None:
                raise TypeError("filter: expected a condition, got None")
            self._condition = self._with(one)
        self.scanner(limit=0)._plan.open()  # refuses what is no condition on these columns

    def _with(self, more: _eider.SqlExpression | None) -> _eider.SqlExpression | None:
        if self._condition is None or more is None:
            return self._condition or more
        return self._condition.and_also(more)

    def _narrowed(self, scanner: LanceScanner) -> LanceScanner:
        options = scanner._plan.options
        options.filter = self._with(options.filter)
        return scanner

    def _with_defaults(self, options: dict[str, Any]) -> FilteredDataset:
        return FilteredDataset(self._dataset._with_defaults(options), self._conditions)

    @property
    def uri(self) -> str:
        """Where the dataset is."""
        return self._dataset.uri

    @property
    def version(self) -> int:
        """Number of the version."""
        return self._dataset.version

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema of the dataset."""
        return self._dataset.schema

    def filter(self, expression: object, params: Parameters = None) -> FilteredDataset:
        """The rows for which ``expression`` is true as well."""
        return FilteredDataset(self._dataset, (*self._conditions, (expression, params)))

    def scanner(self, *args: Any, **kwargs: Any) -> LanceScanner:
        """A scan, not yet started; arguments as in ``LanceDataset.scanner``. A ``filter`` narrows the one that there is."""
        return self._narrowed(self._dataset.scanner(*args, **kwargs))

    def count_rows(self, filter: object = None, **kwargs: Any) -> int:
        """Number of the rows; arguments as in ``LanceDataset.count_rows``."""
        plain = self._dataset._wrap(self._dataset._native)
        return self._narrowed(plain.scanner(filter=filter, columns=[], **kwargs)).count_rows()

    def __len__(self) -> int:
        return self.count_rows()

    def take(self, indices: Any, columns: Columns = None) -> pa.Table:
        """Rows by position among those that pass; order and duplicates kept. Reads what the condition wants up to the last of them."""
        plain = self._dataset._wrap(self._dataset._native)
        places = self._narrowed(plain.scanner(columns=["_rowoffset"])).take(indices)["_rowoffset"]
        return self._dataset.take(places.combine_chunks(), columns)

    def slice(self, start: int, end: int, columns: Columns = None) -> pa.Table:
        """Rows ``[start, end)`` of those that pass; ``end`` may lie beyond the last."""
        first, last = count_of("slice", "start", start) or 0, count_of("slice", "end", end) or 0
        if last < first:
            raise InvalidError(f"slice: end ({last}) must be >= start ({first})")
        return self.to_table(columns, offset=first, limit=last - first)

    def sample(self, num_rows: int, columns: Columns = None, randomize_order: bool = True, **kwargs: Any) -> pa.Table:
        """Different rows drawn at random of those that pass; as ``LanceDataset.sample``."""
        asked = {name: kwargs.pop(name) for name in ("filter", "params") if name in kwargs}
        positions = sample_of_batches(num_rows, self.to_batches(["_rowoffset"], **asked))
        return self._dataset.take(positions if randomize_order else sorted(positions), columns, **kwargs)

    def get_fragments(self, filter: object = None) -> list[FilteredFragment]:
        """The fragments, in row order, each with its rows that pass; as ``LanceDataset.get_fragments``."""
        return [FilteredFragment(self, fragment) for fragment in self._dataset.get_fragments(filter)]

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """As that of ``LanceDataset``."""
        return class_for_arrow(type(self))

    def __arrow_c_schema__(self) -> object:
        return self.scanner().__arrow_c_schema__()

    def __reduce__(self) -> tuple[Callable[..., FilteredDataset], tuple[LanceDataset, tuple[tuple[object, Parameters], ...]]]:
        return FilteredDataset, (self._dataset, self._conditions)

    def __repr__(self) -> str:
        text = "" if self._condition is None else self._condition.text
        return f"FilteredDataset(uri={self.uri!r}, version={self.version}, filter={text!r:.200})"


class FilteredFragment:
    """The rows of one fragment for which a condition is true."""

    def __init__(self, dataset: FilteredDataset, fragment: LanceFragment) -> None:
        self._dataset, self._fragment = dataset, fragment

    @property
    def fragment_id(self) -> int:
        """Id of the fragment."""
        return self._fragment.fragment_id

    @property
    def schema(self) -> pa.Schema:
        """Schema of the dataset."""
        return self._fragment.schema

    def scanner(self, schema: pa.Schema | None = None, **options: Any) -> LanceScanner:
        """A scan; arguments as in ``LanceFragment.scanner``."""
        return self._dataset._narrowed(self._fragment.scanner(schema, **options))

    def to_table(self, **options: Any) -> pa.Table:
        """The rows as a table."""
        return self.scanner(**options).to_table()

    def to_batches(self, **options: Any) -> Iterator[pa.RecordBatch]:
        """The rows in batches."""
        return self.scanner(**options).to_batches()

    def head(self, num_rows: int, **options: Any) -> pa.Table:
        """The first rows."""
        return self.scanner(limit=num_rows, **options).to_table()

    def count_rows(self, filter: object = None) -> int:
        """Number of the rows."""
        return self.scanner(filter=filter, columns=[]).count_rows()

    def __repr__(self) -> str:
        return f"FilteredFragment(id={self.fragment_id}, of={self._dataset!r})"
