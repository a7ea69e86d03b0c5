"""How notebooks show a dataset: schema, counts, and a few rows, images as thumbnails."""

from __future__ import annotations

import base64
from html import escape
from typing import TYPE_CHECKING, Any

from .describe import html_table, number_text, short_text

if TYPE_CHECKING:
    from .dataset import LanceDataset

_ROWS = 5
_COLUMNS = 20
#: A larger image is not shown: it would be stored with the notebook.
_MAX_IMAGE_BYTES = 64 << 10
_MAX_PAGE_BYTES = 512 << 10

_MAGIC = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def preview_html(ds: LanceDataset) -> str:
    """HTML of the schema and the first rows; reads no others, and nothing of the values of blobs."""
    schema = ds.schema
    rows = ds.count_rows()
    title = f"<p><b>{escape(ds.uri)}</b>, version {ds.version}: {rows:,} rows, {len(schema)} columns</p>"
    fields = [
        [escape(field.name), escape(str(field.type)[:200]), "" if field.nullable else "not null"] for field in schema
    ]
    shown = list(schema.names[:_COLUMNS])
    more = f"<p>{len(schema) - len(shown)} more columns</p>" if len(shown) < len(schema) else ""
    return title + html_table(["column", "type", ""], fields[: 5 * _COLUMNS]) + _rows_html(ds, shown) + more


def _rows_html(ds: LanceDataset, names: list[str]) -> str:
    batch = ds.slice(0, _ROWS, columns=[_quoted(name) for name in names])
    room = _MAX_PAGE_BYTES
    rows = []
    for row in range(batch.num_rows):
        cells = []
        for column in batch.columns:
            cell = _cell(column[row], room)
            room -= len(cell)
            cells.append(cell)
        rows.append(cells)
    return html_table(names, rows)


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"


def _cell(scalar: Any, room: int) -> str:
    if not scalar.is_valid:
        return "<i>null</i>"
    kind = str(scalar.type)
    if kind in ("binary", "large_binary", "binary_view"):
        return _binary_cell(scalar.as_buffer(), room)
    try:
        if hasattr(scalar, "values") and hasattr(scalar.type, "value_type") and len(scalar) > 6:
            first = ", ".join(short_text(scalar[i].as_py()) for i in range(4))
            return escape(f"[{first}, … {len(scalar)} items]")
        return escape(short_text(scalar.as_py()))
    except (ValueError, OverflowError):  # what Python cannot hold
        return escape(_unheld(scalar))


def _unheld(scalar: Any) -> str:
    try:
        return number_text(scalar)
    except (NotImplementedError, ValueError):  # somewhere within a nested value
        return str(scalar.type)


def _binary_cell(buffer: Any, room: int) -> str:
    start = bytes(buffer[:16])
    for magic, mime in _MAGIC.items():
        if start.startswith(magic) and len(buffer) <= _MAX_IMAGE_BYTES and 4 * len(buffer) // 3 < room:
            data = base64.b64encode(bytes(buffer)).decode()
            return f'<img style="max-width:96px;max-height:96px" src="data:{mime};base64,{data}"/>'
    return escape(f"{short_text(start)} ({len(buffer):,} bytes)")
