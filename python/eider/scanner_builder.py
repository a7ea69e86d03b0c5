"""Scans described step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .absent import Refusing
from .error import InvalidError
from .scanner import LanceScanner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .dataset import LanceDataset
    from .fragment import LanceFragment
    from .projection import Columns
    from .scanner import ColumnOrdering, ScanStatistics
    from .sql import Parameters

__all__ = ["ScannerBuilder"]


class ScannerBuilder(Refusing):
    """Options of a scan; each method but the last sets one that ``LanceDataset.scanner`` describes, and returns the builder.

    ``ScannerBuilder(ds).filter("x > 0").limit(10).to_scanner().to_table()``
    """

    def __init__(self, ds: LanceDataset) -> None:
        self.ds = ds
        self._options: dict[str, Any] = {}

    def _set(self, **options: Any) -> ScannerBuilder:
        self._options.update(options)
        return self

    def apply_defaults(self, default_opts: dict[str, Any]) -> ScannerBuilder:
        """Set options by the names of their methods."""
        for name, value in default_opts.items():
            setter = (
                None
                if name.startswith("_") or name in ("apply_defaults", "to_scanner")
                else getattr(type(self), name, None)
            )
            if setter is None:
                raise InvalidError(f"ScannerBuilder: there is no option {name!r}")
            setter(self, value)
        return self

    def batch_size(self, batch_size: int | None) -> ScannerBuilder:
        """Rows of a batch."""
        return self._set(batch_size=batch_size)

    def batch_size_bytes(self, batch_size_bytes: int | None) -> ScannerBuilder:
        """About so many bytes of a batch at most."""
        return self._set(batch_size_bytes=batch_size_bytes)

    def strict_batch_size(self, strict_batch_size: bool = False) -> ScannerBuilder:
        """Every batch but the last has exactly ``batch_size`` rows."""
        return self._set(strict_batch_size=strict_batch_size)

    def io_buffer_size(self, io_buffer_size: int | None) -> ScannerBuilder:
        """Accepted; changes nothing."""
        return self._set(io_buffer_size=io_buffer_size)

    def batch_readahead(self, nbatches: int | None = None) -> ScannerBuilder:
        """Accepted; changes nothing."""
        return self._set(batch_readahead=nbatches)

    def fragment_readahead(self, nfragments: int | None = None) -> ScannerBuilder:
        """Accepted; changes nothing."""
        return self._set(fragment_readahead=nfragments)

    def scan_in_order(self, scan_in_order: bool = True) -> ScannerBuilder:
        """False: batches come as they are read."""
        return self._set(scan_in_order=scan_in_order)

    def limit(self, n: int | None = None) -> ScannerBuilder:
        """Rows to yield."""
        return self._set(limit=n)

    def offset(self, n: int | None = None) -> ScannerBuilder:
        """Rows to skip."""
        return self._set(offset=n)

    def columns(self, cols: Columns = None) -> ScannerBuilder:
        """Names of columns, or a dict of names and expressions."""
        return self._set(columns=cols)

    def filter(self, filter: object, params: Parameters = None) -> ScannerBuilder:
        """The condition that rows have to meet, and the values of its parameters."""
        return self._set(filter=filter, params=params)

    def prefilter(self, prefilter: bool) -> ScannerBuilder:
        """Accepted; changes nothing."""
        return self._set(prefilter=prefilter)

    def with_row_id(self, with_row_id: bool = True) -> ScannerBuilder:
        """Append ``_rowid``."""
        return self._set(with_row_id=with_row_id)

    def with_row_address(self, with_row_address: bool = True) -> ScannerBuilder:
        """Append ``_rowaddr``."""
        return self._set(with_row_address=with_row_address)

    def include_deleted_rows(self, include_deleted_rows: bool = True) -> ScannerBuilder:
        """Deleted rows too; needs ``with_row_id``."""
        return self._set(include_deleted_rows=include_deleted_rows)

    def late_materialization(self, late_materialization: bool | list[str] | None) -> ScannerBuilder:
        """Which columns are read for the rows alone that pass the filter."""
        return self._set(late_materialization=late_materialization)

    def blob_handling(self, blob_handling: str | None) -> ScannerBuilder:
        """What blob columns yield."""
        return self._set(blob_handling=blob_handling)

    def use_stats(self, use_stats: bool = True) -> ScannerBuilder:
        """Accepted; changes nothing."""
        return self._set(use_stats=use_stats)

    def use_scalar_index(self, use_scalar_index: bool = True) -> ScannerBuilder:
        """Accepted; changes nothing."""
        return self._set(use_scalar_index=use_scalar_index)

    def with_fragments(self, fragments: Iterable[LanceFragment] | None) -> ScannerBuilder:
        """Read these fragments only."""
        return self._set(fragments=None if fragments is None else list(fragments))

    def order_by(self, orderings: Iterable[ColumnOrdering | str] | None) -> ScannerBuilder:
        """Keys of a sort, the first one first."""
        return self._set(order_by=orderings if orderings is None or isinstance(orderings, str) else list(orderings))

    def scan_stats_callback(self, callback: Callable[[ScanStatistics], None]) -> ScannerBuilder:
        """Called when the scan is done."""
        return self._set(scan_stats_callback=callback)

    def to_scanner(self) -> LanceScanner:
        """The scan, not yet started."""
        return self.ds.scanner(**self._options)
