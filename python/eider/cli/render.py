"""Text for people: aligned tables, short values, sizes. And JSON for programs."""

from __future__ import annotations

import base64
import json
import shutil
import struct
import sys
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

_WKB_NAMES = {
    1: "Point",
    2: "LineString",
    3: "Polygon",
    4: "MultiPoint",
    5: "MultiLineString",
    6: "MultiPolygon",
    7: "GeometryCollection",
}


def print_json(value: Any) -> None:
    """One JSON document; bytes become base64, times ISO text."""
    print(json.dumps(value, indent=2, default=_json_value, ensure_ascii=False))


def _json_value(value: Any) -> Any:
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return str(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)


_LEAST_WIDTH = 8  # of a column that gives way to others


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool] | None = None) -> int:
    """Columns aligned under a header; in a terminal the widest columns give way until a row fits, then the middle ones.

    Returns how many columns it left out.
    """
    right = right or [False] * len(header)
    widths = [max([len(h)] + [len(r[i]) for r in rows]) for i, h in enumerate(header)]
    room = _line_width()
    left_out = _left_out(widths, room)
    if left_out:
        header, rows = _elided(header, left_out, "…"), [_elided(row, left_out, "…") for row in rows]
        widths, right = _elided(widths, left_out, 1), _elided(right, left_out, False)
    _shrink(widths, room)
    for cells in (list(header), ["-" * w for w in widths], *map(list, rows)):
        line = "  ".join(_fit(c, w, r) for c, w, r in zip(cells, widths, right))
        print(line.rstrip())
    return len(left_out)


def _left_out(widths: Sequence[int], room: int) -> range:
    """The columns in the middle without which a row fits: half of what fits stays on each side."""
    least = [min(width, _LEAST_WIDTH) + 2 for width in widths]
    for kept in range(len(widths), 2, -1):
        gap = range((kept + 1) // 2, len(widths) - kept // 2)
        if sum(least) - sum(least[i] for i in gap) + (3 if gap else 0) - 2 <= room:
            return gap
    return range(1, len(widths) - 1)


def _elided(values: Sequence[Any], gap: range, filler: Any) -> list[Any]:
    return [*values[: gap.start], filler, *values[gap.stop :]]


def _line_width() -> int:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 10**6


def _shrink(widths: list[int], room: int) -> None:
    room -= 2 * (len(widths) - 1)
    while sum(widths) > room and max(widths) > _LEAST_WIDTH:
        widths[widths.index(max(widths))] -= 1


def _fit(text: str, width: int, right: bool) -> str:
    if len(text) > width:
        text = text[: max(0, width - 1)] + "…"
    return text.rjust(width) if right else text.ljust(width)


def print_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    """``name  value`` lines, values aligned."""
    width = max((len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        print(f"{name.ljust(width)}  {value}".rstrip())


def size_text(num_bytes: float) -> str:
    """``1.5 MiB``."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if num_bytes < 1024:
            return f"{num_bytes:.0f} {unit}" if unit == "B" else f"{num_bytes:.1f} {unit}"
        num_bytes /= 1024
    return f"{num_bytes:.1f} TiB"


def short(value: Any, is_geometry: bool = False, limit: int = 60) -> str:
    """A value as one short piece of text."""
    if value is None:
        return "null"
    if isinstance(value, (bytes, bytearray)):
        return _wkb_text(value) if is_geometry else f"<{size_text(len(value))}>"
    if isinstance(value, float):
        return f"{value:.6g}"
    if hasattr(value, "shape"):
        return f"{value.dtype}{list(value.shape)}"
    if isinstance(value, list) and len(value) > 6:
        return f"[{', '.join(short(v, limit=12) for v in value[:3])}, … {len(value)} items]"
    text = " ".join(str(value).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _wkb_text(value: bytes | bytearray) -> str:
    if len(value) < 5:
        return f"<{len(value)} bytes, not WKB>"
    (code,) = struct.unpack_from("<I" if value[0] == 1 else ">I", value, 1)
    name = _WKB_NAMES.get((code & 0xFFFF) % 1000, "WKB")
    return f"{name} <{size_text(len(value))}>"
