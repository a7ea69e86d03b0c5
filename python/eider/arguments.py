"""Arguments that this version cannot honour are refused by name, never ignored; sizes of caches alone are taken as hints."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Literal

from . import _eider
from .error import InvalidError, UnsupportedError

DurabilityName = Literal["full", "none"]
IsolationName = Literal["snapshot", "serializable"]

_MAX_COUNT = 2**63 - 1
_MAX_SECONDS = 10**9

#: Names that stand for a file version.
_VERSION_ALIASES = {"stable": "2.2", "next": "2.3", "legacy": "0.1"}


def refuse(where: str, **arguments: object) -> None:
    """Raise UnsupportedError naming the first argument that was given: neither None nor False, nor an empty container."""
    for name, value in arguments.items():
        if value is None or value is False or (isinstance(value, (dict, list, tuple)) and not value):
            continue
        raise UnsupportedError(f"{where}: argument '{name}' is not supported yet, got {value!r:.80}")


def storage_options_of(where: str, options: Mapping[str, str] | None) -> None:
    """Check options of a network store: those of a job that passes them always. A local folder has none to heed."""
    if options is None:
        return
    if not isinstance(options, Mapping) or not all(isinstance(text, str) for pair in options.items() for text in pair):
        raise TypeError(f"{where}: storage_options must be a dict of texts, got {options!r:.80}")


def hint_of(where: str, name: str, value: int | None) -> None:
    """Check a size that tunes the reference and changes no answer. It has no effect: the session's memory limit rules."""
    count_of(where, name, value)


#: What ``read_params`` may say; every value that is decoded is validated anyway.
_READ_PARAMS = frozenset({"cache_repetition_index", "validate_on_decode"})
_BATCH_ROWS = 8192


def check_read_params(where: str, params: Mapping[str, bool] | None) -> None:
    """Check switches that tune the reference and change no answer."""
    if params is None:
        return
    if not isinstance(params, Mapping):
        raise TypeError(f"{where}: read_params must be a dict, got {type(params).__name__}")
    for name, value in params.items():
        if name not in _READ_PARAMS:
            raise UnsupportedError(f"{where}: read_params has no key {name!r:.80}; the keys are {', '.join(sorted(_READ_PARAMS))}")
        if not isinstance(value, bool):
            raise TypeError(f"{where}: read_params: {name} must be a bool, got {value!r:.80}")


def default_batch_rows() -> int:
    """Rows of a batch of a scan that asks for no number: the environment variable LANCE_DEFAULT_BATCH_SIZE, else 8192."""
    text = os.environ.get("LANCE_DEFAULT_BATCH_SIZE", "")
    if not text:
        return _BATCH_ROWS
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _MAX_COUNT):
        raise InvalidError(f"LANCE_DEFAULT_BATCH_SIZE={text!r:.80}: it must be a number of rows, at least 1")
    return int(text)


def entries_of(where: str, values: Any) -> dict[str, str | None]:
    """Keys and values of metadata, where None removes a key: all of them text that can be stored."""
    if not isinstance(values, Mapping):
        raise TypeError(f"{where}: the values must be a dict, got {type(values).__name__}")
    for key, value in values.items():
        if not isinstance(key, str) or not isinstance(value, (str, type(None))):
            raise TypeError(f"{where}: keys are str and values str or None, got {key!r:.40}: {value!r:.40}")
        for text in (key, value or ""):
            text_of(where, text)
    return dict(values)


def text_of(where: str, text: str) -> str:
    """A text without lone surrogates, which stand for bytes that are no text."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidError(f"{where}: {text!r:.80} is not valid UTF-8 text: {error.reason}") from None
    return text


def texts_of(where: str, values: Mapping[str, str] | None) -> dict[str, str]:
    """The same, where every key has a value."""
    checked = entries_of(where, values or {})
    if empty := [key for key, value in checked.items() if value is None]:
        raise TypeError(f"{where}: the value of {empty[0]!r:.40} must be a str, got None")
    return {key: value for key, value in checked.items() if value is not None}


def durability_of(value: DurabilityName | None) -> _eider.Durability:
    """Translate ``"full"`` or ``"none"``; None leaves it to the environment variable EIDER_DURABILITY, else full."""
    if value is None:
        return _eider.Durability.DEFAULT
    if value == "full":
        return _eider.Durability.FULL
    if value == "none":
        return _eider.Durability.NONE
    raise InvalidError(f"durability must be 'full' or 'none', got {value!r}")


def is_serializable(value: IsolationName | None) -> bool:
    """Whether ``"serializable"`` was asked, and not ``"snapshot"`` or nothing."""
    if value not in (None, "snapshot", "serializable"):
        raise InvalidError(f"isolation must be 'snapshot' or 'serializable', got {value!r}")
    return value == "serializable"


def file_version_of(value: str | None) -> str:
    """Resolve aliases such as ``"stable"``; None becomes "", which lets the engine choose."""
    if value is None:
        return ""
    return _VERSION_ALIASES.get(value, value)


def version_of(where: str, name: str, value: int | None) -> int | None:
    """Check the number of a version; the highest bit is that of detached ones."""
    return count_of(where, name, value, most=2 * _MAX_COUNT + 1)


def count_of(where: str, name: str, value: int | None, *, least: int = 0, most: int = _MAX_COUNT) -> int | None:
    """Check a row count: an integer of at least ``least``."""
    if value is None:
        return None
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{where}: {name} must be an integer, got {type(value).__name__}")
    number = value.__index__()
    if number < least:
        bound = "must be non-negative" if least == 0 else f"must be at least {least}"
        raise InvalidError(f"{where}: {name} {bound}, got {number}")
    if number > most:
        raise InvalidError(f"{where}: {name} must be below 2**{most.bit_length()}, got {number}")
    return number


def late_columns_of(value: object) -> tuple[_eider.LateColumns, list[str]]:
    """What ``late_materialization`` asks for: a bool, or a list of columns."""
    kinds = _eider.LateColumns
    if value is None:
        return kinds.BY_COST, []
    if isinstance(value, bool):
        return (kinds.ALL if value else kinds.NONE), []
    if not isinstance(value, (list, tuple)) or not all(isinstance(name, str) for name in value):
        raise TypeError(f"late_materialization must be a bool or a list of columns, got {value!r:.80}")
    return kinds.NAMED, list(value)


def seconds_of(where: str, name: str, value: timedelta | float) -> float:
    """A span of time in seconds, at least 0."""
    try:
        seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{where}: {name} must be a timedelta or a number of seconds, got {type(value).__name__}") from None
    if not 0 <= seconds <= _MAX_SECONDS:
        raise InvalidError(f"{where}: {name} must be between 0 and {_MAX_SECONDS} seconds, got {value!r}")
    return seconds


def is_compact(profile: str) -> bool:
    """Check the name of a profile of encodings."""
    if profile not in ("fast", "compact"):
        raise InvalidError(f"profile must be 'fast' or 'compact', got {profile!r}")
    return profile == "compact"


def column_options_of(options: Mapping[str, Mapping[str, object]] | None) -> dict[str, dict[str, str]]:
    """Options by column as text, as field metadata has them."""
    return {column: {key: str(value) for key, value in keys.items()} for column, keys in (options or {}).items()}


def names_of(where: str, columns: Any) -> list[str]:
    """A list of column names; a single one is no list."""
    if isinstance(columns, (str, bytes)) or not isinstance(columns, Iterable):
        raise TypeError(f"{where}: columns must be a list of names, got {type(columns).__name__}")
    names = list(columns)
    for name in names:
        name_of(where, name)
    return names


def name_of(where: str, column: Any) -> str:
    """The name of one column."""
    if not isinstance(column, str):
        raise TypeError(f"{where}: a column is named by a str, got {type(column).__name__}")
    return column


def uri_of(uri: str | os.PathLike[str]) -> str:
    """A path or URI as text, with ``~`` resolved as the shell does."""
    if not isinstance(uri, (str, os.PathLike)):
        raise TypeError(f"uri must be a str or a path, got {type(uri).__name__}")
    return os.path.expanduser(os.fspath(uri))


def blob_handling_of(value: str | None) -> _eider.BlobHandling:
    """Translate the names that scans take."""
    if value in (None, "blobs_descriptions"):
        return _eider.BlobHandling.DESCRIPTIONS
    if value == "all_binary":
        return _eider.BlobHandling.BINARY
    if value == "all_descriptions":
        raise UnsupportedError("scanner: blob_handling 'all_descriptions' is not supported yet")
    raise InvalidError(
        f"scanner: blob_handling {value!r} is none of 'blobs_descriptions', 'all_binary', 'all_descriptions'"
    )


def rows_of(where: str, ids: Any = None, addresses: Any = None, indices: Any = None) -> tuple[Any, _eider.RowNaming]:
    """The rows that are named in one of three ways."""
    naming = _eider.RowNaming
    given = [
        (rows, how)
        for rows, how in ((ids, naming.ID), (addresses, naming.ADDRESS), (indices, naming.POSITION))
        if rows is not None
    ]
    if len(given) != 1:
        raise InvalidError(f"{where}: exactly one of ids, addresses and indices must be given, got {len(given)}")
    return given[0]
