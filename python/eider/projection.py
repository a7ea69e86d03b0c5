"""Turns a ``columns=`` argument into what the engine reads and what comes out."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from . import _eider
from .error import InvalidError, NotFoundError

Columns = Sequence[str] | Mapping[str, str] | None

_ROW_ID = "_rowid"
_ROW_ADDRESS = "_rowaddr"
_VIRTUAL = frozenset(
    [_ROW_ID, _ROW_ADDRESS, "_rowoffset", "_row_created_at_version", "_row_last_updated_at_version"]
)


@dataclass(frozen=True)
class Selection:
    """Columns asked of the engine, and the output columns as (name, path) when they differ from those."""

    columns: list[str] | None = None
    outputs: list[tuple[str, list[str]]] | None = None
    with_row_id: bool = False
    with_row_address: bool = False
    #: Name given to the engine, and SQL text.
    computed: tuple[tuple[str, str], ...] = ()


def split_path(path: str) -> list[str]:
    """Split ``a.b.`c.d``` into its segments. Raises InvalidError for anything that is not a column path."""
    segments: list[str] = []
    rest = path
    while True:
        if rest.startswith("`"):
            quoted = re.match(r"`((?:[^`]|``)*)`", rest)
            if quoted is None:
                raise InvalidError(f"columns: no closing backquote in {path!r}")
            segment, rest = quoted[1].replace("``", "`"), rest[quoted.end() :]
        else:
            dot = rest.find(".")
            segment, rest = (rest, "") if dot < 0 else (rest[:dot], rest[dot:])
        segments.append(segment)
        if not rest:
            return segments
        if not rest.startswith("."):
            raise InvalidError(f"columns: cannot read the column path {path!r}")
        rest = rest[1:]


def quote_path(segments: Iterable[str]) -> str:
    """The engine's spelling of a path: segments with a dot or a backquote stand in backquotes."""
    return ".".join("`" + s.replace("`", "``") + "`" if "." in s or "`" in s else s for s in segments)


#: Words that are expressions, unless a column has that name.
_SQL_WORDS = frozenset(["null", "true", "false", "current_date", "current_time", "current_timestamp"])


def _is_path(text: str, names: Container[str]) -> bool:
    if text in names or text in _VIRTUAL:
        return True
    if text.lower() in _SQL_WORDS:
        return False
    return all(part.isidentifier() or (part.startswith("`") and part.endswith("`")) for part in text.split("."))


def _requested(columns: Sequence[str] | Mapping[str, str], names: Container[str]) -> list[tuple[str, str]]:
    if isinstance(columns, Mapping):
        for name, expression in columns.items():
            if not isinstance(expression, str):
                raise TypeError(f"columns: {name!r} must be SQL text, got {type(expression).__name__}")
        return list(columns.items())
    if isinstance(columns, (str, bytes)) or not isinstance(columns, Iterable):
        raise TypeError(f"columns must be a list of names or a dict of name to column, got {type(columns).__name__}")
    out = []
    for name in columns:
        if not isinstance(name, str):
            raise TypeError(f"columns must hold names, got {type(name).__name__}")
        out.append((name, name))
    return out


def _resolve_path(text: str, names: Mapping[str, None]) -> list[str]:
    if text in names or text in _VIRTUAL:
        return [text]
    path = split_path(text)
    if path[0] not in names:
        raise NotFoundError(_eider.no_column(text, list(names)))
    return path


def select(
    columns: Columns,
    names: Sequence[str],
    *,
    flatten: bool,
    with_row_id: bool = False,
    with_row_address: bool = False,
) -> Selection:
    """Resolve ``columns`` against the top-level ``names``.

    ``flatten``: a nested field such as ``s.x`` becomes a column of its own named ``s.x`` (a scan); otherwise the struct
    ``s`` comes out with the field ``x`` alone (a take). ``_rowid``, ``_rowaddr`` and ``_rowoffset`` may be named.
    A scan refuses a name that comes twice; a take yields a column once, but those of the system as often as they are named.
    """
    if columns is None:
        return Selection(None, None, with_row_id, with_row_address)
    append_row_id, append_row_address = with_row_id, with_row_address
    known = dict.fromkeys(names)
    read: dict[str, None] = {}
    outputs: dict[str, list[str]] = {}
    out: list[tuple[str, list[str]]] = []
    computed: list[tuple[str, str]] = []
    plain = not isinstance(columns, Mapping)
    for name, text in _requested(columns, known):
        if isinstance(columns, Mapping) and not _is_path(text, known):
            computed.append((f"{name} = {text}", text))
            outputs[name] = [computed[-1][0]]
            out.append((name, outputs[name]))
            continue
        path = _resolve_path(text, known)
        virtual = path[0] not in known
        with_row_id = with_row_id or (virtual and path[0] == _ROW_ID)
        with_row_address = with_row_address or (virtual and path[0] == _ROW_ADDRESS)
        if not virtual or path[0] not in (_ROW_ID, _ROW_ADDRESS):
            read[quote_path(path)] = None
        plain = plain and not virtual and (len(path) == 1 or not flatten)
        if not flatten and name == text:
            name, path = path[0], path[:1]
            if outputs.get(name) == path:
                if virtual:  # as often as they are named, as in the reference
                    out.append((name, path))
                continue
        if name in outputs:
            raise InvalidError(f"columns: duplicate column name {name!r}")
        outputs[name] = path
        out.append((name, path))
    for flag, name in ((append_row_id, _ROW_ID), (append_row_address, _ROW_ADDRESS)):
        if flag and outputs.get(name) == [name]:
            del outputs[name]
            out.remove((name, [name]))  # it comes last
    if plain:
        return Selection(list(read), None, with_row_id, with_row_address)
    for flag, name in ((with_row_id, _ROW_ID), (with_row_address, _ROW_ADDRESS)):
        if flag and name not in outputs and all(path != [name] for path in outputs.values()):
            out.append((name, [name]))
    return Selection(list(read), out, with_row_id, with_row_address, tuple(computed))
