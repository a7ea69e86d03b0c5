"""Scans as pandas frames whose blob columns hold files or bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from . import _eider
from .blob_file import DEFAULT_BLOB_BUFFER_SIZE, BlobFile
from .error import InvalidError
from .projection import quote_path

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from .scanner import ScanPlan

__all__ = ["BlobMode", "read_frame"]

#: What blob columns of a frame hold: files that read what is asked of them, bytes, or descriptions.
BlobMode = Literal["lazy", "bytes", "descriptions"]

_ADDRESS = "_rowaddr"


def read_frame(plan: ScanPlan, blob_mode: BlobMode, options: Mapping[str, Any]) -> pd.DataFrame:
    """All rows of a scan; ``options`` go to ``pyarrow.Table.to_pandas``. Blobs within structs and lists stay descriptions."""
    if blob_mode not in ("lazy", "bytes", "descriptions"):
        raise InvalidError(f"to_pandas: blob_mode {blob_mode!r} is none of 'lazy', 'bytes', 'descriptions'")
    blobs = [] if blob_mode == "descriptions" else _blob_columns(plan)
    if not blobs:
        return plan.read_table().to_pandas(**options)
    if blob_mode == "bytes":
        scan = plan.options.copy()
        scan.blob_handling = _eider.BlobHandling.BINARY
        return replace(plan, options=scan).read_table().to_pandas(**options)
    return _with_files(plan, blobs, options)


def _blob_columns(plan: ScanPlan) -> list[str]:
    import pyarrow as pa

    def is_described(field: pa.Field) -> bool:
        return pa.types.is_struct(field.type) and (field.metadata or {}).get(b"lance-encoding:blob") == b"true"

    return [field.name for field in pa.schema(plan.open().schema) if is_described(field)]


def _with_files(plan: ScanPlan, blobs: list[str], options: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd

    scan, outputs = plan.options.copy(), plan.outputs
    asked = scan.with_row_address if outputs is None else any(path == [_ADDRESS] for _, path in outputs)
    scan.with_row_address = True
    if outputs is not None and not asked:
        outputs = [*outputs, (_free_name([name for name, _ in outputs]), [_ADDRESS])]
    name = next((name for name, path in outputs or () if path == [_ADDRESS]), _ADDRESS)
    table = replace(plan, options=scan, outputs=outputs).read_table()
    paths = dict(outputs or ())
    addresses = table.column(name)
    files = {blob: _files(plan.dataset, quote_path(paths.get(blob, [blob])), addresses) for blob in blobs}
    shown = [column for column in table.column_names if asked or column != name]
    left = table.select([column for column in shown if column not in files])
    frame = left.to_pandas(**options) if left.num_columns else pd.DataFrame(index=range(table.num_rows))
    for column, values in files.items():
        frame[column] = pd.Series(values, index=frame.index, dtype=object)
    return frame[[column for column in shown if column in frame.columns]]  # without what became the index


def _free_name(taken: list[str]) -> str:
    name = _ADDRESS
    while name in taken:
        name += "_"
    return name


def _files(dataset: _eider.Dataset, column: str, addresses: pa.ChunkedArray) -> list[BlobFile | None]:
    """Rows without an address, which are deleted, have none."""
    rows = addresses.drop_null().to_numpy()
    found = _eider.take_blobs(dataset, column, rows, _eider.RowNaming.ADDRESS, None) if len(rows) else []
    files = iter(None if blob is None else BlobFile(blob, DEFAULT_BLOB_BUFFER_SIZE) for _, blob in found)
    return [next(files) if valid else None for valid in addresses.is_valid().to_pylist()]
