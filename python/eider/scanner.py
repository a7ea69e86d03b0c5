"""Scans: which rows and columns, in batches of what size."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict, cast

from . import _eider
from .absent import Refusing
from .arguments import blob_handling_of, count_of, default_batch_rows, late_columns_of
from .error import InvalidError, UnsupportedError
from .packages import import_package
from .projection import select
from .sql import Parameters, check_kind, check_parameters, expression_of, unused_parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from .blob_frame import BlobMode
    from .dataset import LanceDataset
    from .fragment import LanceFragment

__all__ = ["ColumnOrdering", "LanceScanner", "ScanOptions", "ScanStatistics", "ScanStats"]

ScanStats = _eider.ScanStats


#: Scan options that a dataset may have defaults for.
_DEFAULTABLE = frozenset(
    {
        "columns",
        "filter",
        "params",
        "order_by",
        "limit",
        "offset",
        "batch_size",
        "batch_size_bytes",
        "strict_batch_size",
        "scan_in_order",
        "include_deleted_rows",
        "with_row_id",
        "with_row_address",
        "blob_handling",
        "late_materialization",
    }
)


class ScanOptions(TypedDict, total=False):
    """Keyword options that every scan takes; ``LanceDataset.scanner`` says what each does."""

    batch_size_bytes: int | None
    batch_readahead: int | None
    fragment_readahead: int | None
    scan_in_order: bool | None
    fragments: Iterable[LanceFragment] | None
    index_segments: Any
    full_text_query: Any
    prefilter: bool | None
    with_row_id: bool | None
    with_row_address: bool | None
    use_stats: bool | None
    fast_search: bool | None
    io_buffer_size: int | None
    late_materialization: bool | list[str] | None
    blob_handling: str | None
    use_scalar_index: bool | None
    include_deleted_rows: bool | None
    scan_stats_callback: Callable[[ScanStatistics], None] | None
    strict_batch_size: bool | None
    order_by: Iterable[ColumnOrdering | str] | None
    disable_scoring_autoprojection: bool | None
    row_addr_allowlist: bytes | None
    row_addr_blocklist: bytes | None
    params: Parameters
    stats: ScanStats | None


def take_scan_options(options: dict[str, Any]) -> ScanOptions:
    """Take those of a scan out of ``options``, which leaves what is for pyarrow."""
    return cast("ScanOptions", {name: options.pop(name) for name in ScanOptions.__annotations__.keys() & options.keys()})


@dataclass(frozen=True)
class ColumnOrdering:
    """A key of ``order_by``. NaN is greater than every number; text is compared by bytes."""

    column_name: str
    ascending: bool = True
    nulls_first: bool = False


@dataclass(frozen=True)
class ScanStatistics:
    """What a scan asked of storage; ``scan_stats_callback`` gets it when the scan is done."""

    iops: int
    requests: int
    bytes_read: int
    indices_loaded: int = 0
    parts_loaded: int = 0
    index_comparisons: int = 0
    index_cache_hits: int = 0
    index_cache_misses: int = 0
    all_counts: dict[str, int] = field(default_factory=dict)
    all_times: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ScanPlan:
    """A scan of one version, checked and resolved."""

    dataset: _eider.Dataset
    options: _eider.ScanOptions
    outputs: list[tuple[str, list[str]]] | None = None
    stats: ScanStats | None = None
    callback: Callable[[ScanStatistics], None] | None = None
    params: Parameters = None  #: as they were given
    texts: tuple[object, ...] = ()  #: expressions that may name them
    unused: str | None = None  #: what is wrong with them unless aggregates name them too

    @property
    def read_options(self) -> _eider.ScanOptions:
        """The options, when all parameters have a use."""
        if self.unused:
            raise InvalidError(self.unused)
        return self.options

    def open(
        self, limit: int | None = None, stats: ScanStats | None = None, distinct: bool = False
    ) -> _eider.RecordBatchReader:
        """Start the scan, of at most ``limit`` rows; with ``distinct`` of the rows that differ."""
        options = self.read_options
        if limit is not None:
            options = options.copy()
            options.limit = limit if options.limit is None else min(limit, options.limit)
        return self.dataset.scan(options, self.outputs, stats or self.stats, distinct)

    def count_rows(self) -> int:
        """Rows that the scan yields, then the callback."""
        stats = self._own_stats()
        rows = self.dataset.count_scan(self.read_options, stats)
        self.report(stats)
        return rows

    def run_aggregates(self, aggregates: Mapping[str, str], params: Parameters) -> pa.Table:
        """One row: each aggregate over the rows that the scan yields."""
        import pyarrow as pa

        if not isinstance(aggregates, Mapping):
            raise TypeError(f"aggregate: expected a dict of names and calls, got {type(aggregates).__name__}")
        texts: tuple[object, ...] = ()
        options = self.options if params is None else self.read_options
        if params is None:
            params, texts = self.params, self.texts
        check_parameters("aggregate", [*texts, *aggregates.values()], params)
        calls = []
        for name, call in aggregates.items():
            expression = expression_of("aggregate", call, params, may_have_more=True)
            if not isinstance(name, str) or expression is None:
                raise TypeError(f"aggregate: expected names and calls such as 'max(x)', got {name!r}: {call!r}")
            calls.append((name, expression))
        stats = self._own_stats()
        table = pa.Table.from_batches([pa.record_batch(self.dataset.run_aggregates(options, calls, stats))])
        self.report(stats)
        return table

    def read_table(self, limit: int | None = None) -> pa.Table:
        """All rows, then the callback."""
        stats = self._own_stats()
        table = read_table(self.open(limit, stats))
        self.report(stats)
        return table

    def read_distinct(self) -> pa.Table:
        """The first of each kind of equal rows, then the callback."""
        stats = self._own_stats()
        table = read_table(self.open(None, stats, distinct=True))
        self.report(stats)
        return table.combine_chunks()

    async def read_async(self) -> AsyncIterator[pa.RecordBatch]:
        """The batches, read by a thread while the event loop runs, then the callback."""
        import asyncio
        from functools import partial

        loop, stats = asyncio.get_running_loop(), self._own_stats()
        reader = await loop.run_in_executor(None, partial(self.open, None, stats))
        reading: asyncio.Future[pa.RecordBatch | None] | None = None
        try:
            while True:
                reading = loop.run_in_executor(None, _next_batch, reader)
                batch = await asyncio.shield(reading)
                if batch is None:
                    break
                yield batch
        finally:
            if reading is not None and not reading.done():
                reader.cancel()  # the thread inside sees it at the next block of rows
                await asyncio.wait([reading])
                reading.exception()
            reader.cancel()
        self.report(stats)

    def read_batches(self, distinct: bool = False) -> Iterator[pa.RecordBatch]:
        """The batches, then the callback. Errors of the options come at once."""
        stats = self._own_stats()
        return self._reported(read_batches(self.open(None, stats, distinct)), stats)

    def read_stream(self) -> pa.RecordBatchReader | _eider.RecordBatchReader:
        """The batches as an Arrow stream, then the callback."""
        stats = self._own_stats()
        reader = self.open(None, stats)
        if not self.callback:
            return reader
        import pyarrow as pa

        return pa.RecordBatchReader.from_batches(pa.schema(reader.schema), self._reported(read_batches(reader), stats))

    def _reported(self, batches: Iterator[pa.RecordBatch], stats: ScanStats | None) -> Iterator[pa.RecordBatch]:
        yield from batches
        self.report(stats)

    def _own_stats(self) -> ScanStats | None:
        return self.stats or (ScanStats() if self.callback else None)

    def report(self, stats: ScanStats | None) -> None:
        """Tell the callback, if there is one, what the scan asked of storage."""
        if self.callback and stats:
            self.callback(ScanStatistics(stats.requests, stats.requests, stats.bytes))


def scan_defaults(options: dict[str, Any] | None) -> dict[str, Any]:
    """Check the scan options that a dataset has defaults for."""
    checked = dict(options or {})
    if unknown := sorted(checked.keys() - _DEFAULTABLE):
        raise UnsupportedError(
            f"dataset: default_scan_options {unknown} are not supported yet, only {sorted(_DEFAULTABLE)}"
        )
    return checked


def plan_scan(
    dataset: _eider.Dataset,
    names: list[str],
    defaults: dict[str, Any],
    *,
    fragment_ids: list[int] | None,
    stats: ScanStats | None,
    callback: Callable[[ScanStatistics], None] | None = None,
    **options: Any,
) -> ScanPlan:
    """Check the options of a scan, each taken from ``defaults`` where it is None; ``names`` are the columns there are."""
    given = {name: defaults.get(name) if options.get(name) is None else options[name] for name in _DEFAULTABLE}
    selection = select(
        given["columns"],
        names,
        flatten=True,
        with_row_id=bool(given["with_row_id"]),
        with_row_address=bool(given["with_row_address"]),
    )
    scan = _eider.ScanOptions()
    scan.columns = selection.columns
    params, unused = given["params"], None
    check_kind("scanner", params)
    texts = (given["filter"], *(text for _, text in selection.computed))
    if params and given["filter"] is None and not selection.computed:
        unused = "filter: params without a filter"
    elif options.get("params") is not None and any(isinstance(text, str) for text in texts):  # those of the defaults are for the filter there
        unused = unused_parameter("scanner", texts, params)
    if given["filter"] is None or (selection.computed and not isinstance(given["filter"], str)):
        params = None  # those of the columns, or of aggregates
    scan.filter = expression_of("filter", given["filter"], params, may_have_more=True)
    scan.limit = count_of("scanner", "Limit", given["limit"])
    scan.offset = count_of("scanner", "Offset", given["offset"])
    scan.fragment_ids = fragment_ids
    scan.batch_rows = count_of("scanner", "batch_size", given["batch_size"], least=1) or default_batch_rows()
    scan.batch_bytes = count_of("scanner", "batch_size_bytes", given["batch_size_bytes"], least=1) or 0
    scan.strict_batches = bool(given["strict_batch_size"])
    scan.in_order = given["scan_in_order"] is not False
    scan.include_deleted_rows = bool(given["include_deleted_rows"])
    scan.late, scan.late_columns = late_columns_of(given["late_materialization"])
    scan.blob_handling = blob_handling_of(given["blob_handling"])
    scan.with_row_id = selection.with_row_id
    scan.with_row_address = selection.with_row_address
    for name, text in selection.computed:
        scan.add_computed(name, cast("_eider.SqlExpression", expression_of("columns", text, given["params"], may_have_more=True)))
    made = {name.removesuffix(f" = {text}"): name for name, text in selection.computed}
    for key in ordering_of(given["order_by"]):
        name = key.column_name if key.column_name in names else made.get(key.column_name, key.column_name)
        scan.add_sort_key(name, key.ascending, key.nulls_first)
    return ScanPlan(dataset, scan, selection.outputs, stats, callback, options.get("params"), texts, unused)


def ordering_of(order_by: Iterable[ColumnOrdering | str] | None) -> list[ColumnOrdering]:
    """Check the keys of a sort."""
    if isinstance(order_by, (str, bytes)):
        raise TypeError("order_by must be a list of columns, got a single str")
    keys = []
    for key in order_by or ():
        if isinstance(key, str):
            keys.append(ColumnOrdering(key))
        elif all(hasattr(key, name) for name in ("column_name", "ascending", "nulls_first")):
            keys.append(ColumnOrdering(key.column_name, bool(key.ascending), bool(key.nulls_first)))
        else:
            raise TypeError(f"order_by: a key must be a name or a ColumnOrdering, got {type(key).__name__}")
    return keys


def read_table(reader: _eider.RecordBatchReader) -> pa.Table:
    """Drain the reader in the engine, then hand the batches to pyarrow."""
    import pyarrow as pa

    return pa.RecordBatchReader.from_stream(reader.read_all()).read_all()  # pa.table() would import pandas first


def _next_batch(reader: _eider.RecordBatchReader) -> pa.RecordBatch | None:
    import pyarrow as pa

    batch = next(reader, None)
    return None if batch is None else pa.record_batch(batch)


def read_batches(reader: _eider.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """The batches as pyarrow's, one at a time."""
    import pyarrow as pa

    for batch in reader:
        yield pa.record_batch(batch)


class LanceScanner(Refusing):
    """A scan that has not started. Made by ``LanceDataset.scanner`` and ``LanceFragment.scanner``; may run many times.

    Also an Arrow stream (``__arrow_c_stream__``): DuckDB, polars and pyarrow read it directly.
    """

    def __init__(self, plan: ScanPlan) -> None:
        self._plan = plan

    @property
    def projected_schema(self) -> pa.Schema:
        """Schema of the batches."""
        import pyarrow as pa

        return pa.schema(self._plan.open().schema)

    @property
    def dataset_schema(self) -> pa.Schema:
        """Schema of the dataset."""
        import pyarrow as pa

        return pa.schema(self._plan.dataset.schema)

    @staticmethod
    def from_dataset(dataset: LanceDataset, **options: Any) -> LanceScanner:
        """``dataset.scanner(**options)``"""
        return dataset.scanner(**options)

    @staticmethod
    def from_fragment(fragment: LanceFragment, **options: Any) -> LanceScanner:
        """``fragment.scanner(**options)``"""
        return fragment.scanner(**options)

    def take(self, indices: Any) -> pa.Table:
        """The rows that the scan yields at these positions; order and duplicates kept. Reads the scan up to the last of them."""
        import numpy as np
        import pyarrow as pa

        wanted = np.asarray(indices)
        if wanted.ndim != 1 or (wanted.size and (wanted.dtype.kind not in "iu" or wanted.min() < 0)):
            raise InvalidError("LanceScanner.take: indices must be a list of positions, from 0")
        places, back = np.unique(wanted, return_inverse=True)
        found, first = [], 0
        for batch in read_batches(self._plan.open(int(places[-1]) + 1 if len(places) else 0)):
            low, high = np.searchsorted(places, [first, first + batch.num_rows])
            found.append(batch.take(pa.array(places[low:high] - first)))
            first += batch.num_rows
        if len(places) and places[-1] >= first:
            raise InvalidError(f"LanceScanner.take: position {places[-1]} is out of range, the scan has {first} rows")
        return pa.Table.from_batches(found, self.projected_schema).take(pa.array(back))

    def to_table(self) -> pa.Table:
        """All rows, as a table with one chunk per batch."""
        return self._plan.read_table()

    def to_batches(self) -> Iterator[pa.RecordBatch]:
        """The batches in the order of the scan. Memory holds those being read ahead."""
        return self._plan.read_batches()

    def scan_batches(self) -> Iterator[pa.RecordBatch]:
        """The same as ``to_batches``."""
        return self.to_batches()

    def to_reader(self) -> pa.RecordBatchReader:
        """A pyarrow reader over the same stream. Errors in it are pyarrow's, with Eider's message."""
        import pyarrow as pa

        return pa.RecordBatchReader.from_stream(self._plan.read_stream())

    def to_pandas(self, *, blob_mode: BlobMode = "lazy", **kwargs: Any) -> pd.DataFrame:
        """All rows as a DataFrame; ``kwargs`` go to ``pyarrow.Table.to_pandas``.

        Args:
            blob_mode: What blob columns hold: a ``BlobFile`` for each row, None for null (``"lazy"``); ``"bytes"``; or structs that say where
                the bytes lie (``"descriptions"``). Blobs within structs and lists are descriptions if not bytes.
        """
        from .blob_frame import read_frame

        return read_frame(self._plan, blob_mode, kwargs)

    def to_polars(self) -> pl.DataFrame:
        """All rows as a polars DataFrame; needs the package ``polars``."""
        frame: pl.DataFrame = import_package("LanceScanner.to_polars", "polars").DataFrame(self)
        return frame

    def distinct(self) -> pa.Table:
        """The rows without those that are equal to an earlier one, in the order of the scan.

        Nulls are equal to each other, all NaN are, and 0.0 is -0.0. What is remembered of the rows counts against the session's memory;
        what does not fit goes through temporary files (``EIDER_SPILL_FOLDER``). ``limit`` and ``offset`` count the rows before.
        """
        return self._plan.read_distinct()

    def distinct_batches(self) -> Iterator[pa.RecordBatch]:
        """The rows of ``distinct``, batch by batch, when even they may be more than memory holds."""
        return self._plan.read_batches(distinct=True)

    def to_async_batches(self) -> AsyncIterator[pa.RecordBatch]:
        """The batches for ``async for``: a thread reads while the event loop runs.

        When the task is cancelled or the iterator closed, reading stops and its memory is given back before that returns.
        """
        return self._plan.read_async()

    def head(self, num_rows: int) -> pa.Table:
        """The first ``num_rows`` rows."""
        return self._plan.read_table(num_rows)

    def count_rows(self) -> int:
        """Number of rows that the scan yields."""
        return self._plan.count_rows()

    def aggregate(self, aggregates: Mapping[str, str], params: Parameters = None) -> pa.Table:
        """One row, with a column for each aggregate over the rows that the scan yields.

        ``ds.scanner(filter="x > 0").aggregate({"n": "count(*)", "top": "max(x * 2)"}).to_pylist()[0]``

        Args:
            aggregates: Name -> call: ``count(*)``, or ``count``, ``min``, ``max``, ``sum`` or ``mean`` (also ``avg``) of an
                expression over the columns of the dataset. Nulls are passed over; without values count is 0, the others are null.
            params: Values of ``$1``, ``$2``... (a list) or of ``$name`` (a dict) in the calls; without, those of the scan are theirs too.

        Raises:
            InvalidError: a call does not parse, the type of its argument has no such aggregate, or a sum leaves its type.
        """
        return self._plan.run_aggregates(aggregates, params)

    def explain_plan(self, verbose: bool = False) -> str:
        """What the scan would do, for people: its filter and what that reads and rules out, its order, its columns."""
        return self._plan.dataset.explain_scan(self._plan.read_options)

    def analyze_plan(self, count_rows: bool = False) -> str:
        """Run the scan, or count its rows: what it did, and what that took."""
        from time import perf_counter

        stats, begin = ScanStats(), perf_counter()
        if count_rows:
            rows, batches = self._plan.dataset.count_scan(self._plan.read_options, stats), 0
        else:
            sizes = [batch.num_rows for batch in read_batches(self._plan.open(None, stats))]
            rows, batches = sum(sizes), len(sizes)
        milliseconds = (perf_counter() - begin) * 1e3
        self._plan.report(stats)
        stages = [
            ("read the filter's columns", stats.filter_read_ns, f" of {stats.rows_filtered} rows"),
            ("evaluate the filter", stats.filter_ns, ""),
            ("sort", stats.sort_ns, ""),
            ("read", stats.read_ns, f" {stats.rows_read} rows"),
        ]
        times = "; ".join(f"{name}{rows} {ns / 1e6:.3f} ms" for name, ns, rows in stages if ns)
        return (
            f"{self.explain_plan()}  took {milliseconds:.3f} ms: {rows} rows in {batches} batches; {stats.requests} requests, "
            f"{stats.bytes} bytes in {stats.rounds} rounds; {stats.bytes_copied} bytes decoded\n"
            + (f"  time of all threads: {times}\n" if times else "")
        )

    def __arrow_c_schema__(self) -> object:
        return self._plan.open().__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._plan.read_stream().__arrow_c_stream__(requested_schema)
