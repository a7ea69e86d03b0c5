"""Filters and other expressions as the engine takes them: SQL text and the values of its parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from . import _eider
from .arrow_expression import is_arrow_expression, sql_of
from .error import InvalidError

__all__ = ["Parameters", "check_kind", "check_parameters", "expression_of", "unused_parameter"]

#: Values of ``$1``, ``$2``... as a sequence, or of ``$name`` as a mapping.
Parameters = Sequence[Any] | Mapping[str, Any] | None


#: Texts, names and comments, in which no parameter is one, and parameters.
_TOKENS = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|--[^\n]*|/\*.*?\*/|\$(\w+)", re.DOTALL)


def check_parameters(where: str, texts: Sequence[object], params: Parameters) -> None:
    """Refuse parameters that none of the texts names."""
    if unused := unused_parameter(where, texts, params):
        raise InvalidError(unused)


def unused_parameter(where: str, texts: Sequence[object], params: Parameters) -> str | None:
    """What to say of a parameter that none of the texts names. A name without a value is for the engine to refuse, which says where it is."""
    check_kind(where, params)
    if not params:
        return None
    used = {token[1] for text in texts if isinstance(text, str) for token in _TOKENS.finditer(text)} - {None}
    names = [str(name) for name in params] if isinstance(params, Mapping) else [str(i + 1) for i in range(len(params))]
    surplus = [] if used.difference(names) else [name for name in names if name not in used]
    return f"{where}: no ${surplus[0]:.100} in the expression for the parameter of that name" if surplus else None


def check_kind(where: str, params: object) -> None:
    """Refuse what is neither a list nor a dict."""
    if isinstance(params, (str, bytes)) or not isinstance(params, (Sequence, Mapping, type(None))):
        raise TypeError(f"{where}: params must be a list (of $1, $2...) or a dict (of $name), got {type(params).__name__}: {params!r:.60}")


def expression_of(
    where: str, text: object, params: Parameters = None, *, may_have_more: bool = False
) -> _eider.SqlExpression | None:
    """The expression ``text``; None when there is none. ``may_have_more``: ``params`` may have values that it does not name."""
    if text is None:
        if params:
            raise InvalidError(f"{where}: params without a filter")
        return None
    if is_arrow_expression(text):
        if params:
            raise InvalidError(f"{where}: a pyarrow expression takes no params")
        text, params = sql_of(cast("Any", text))
    if not isinstance(text, str):
        return _of_substrait(where, text, params)
    check_kind(where, params)
    if not text.isascii():
        _check_text(where, text)
    if not params:
        return _eider.SqlExpression(text)
    if not may_have_more:
        check_parameters(where, [text], params)
    import pyarrow as pa

    named = isinstance(params, Mapping)
    values = params if isinstance(params, Mapping) else {str(i + 1): value for i, value in enumerate(params)}
    arrays = [_array_of_one(where, name, value) for name, value in values.items()]
    return _eider.SqlExpression(text, pa.record_batch(arrays, names=[str(name) for name in values]), named)


def _of_substrait(where: str, message: object, params: Parameters) -> _eider.SqlExpression:
    """Anything with bytes: ``pyarrow.substrait.serialize_expressions`` gives a ``pyarrow.Buffer``."""
    try:
        data = memoryview(cast("Any", message)).tobytes()
    except TypeError:
        raise TypeError(f"{where} must be SQL text, a pyarrow expression or the bytes of a Substrait one, got {type(message).__name__}") from None
    if params:
        raise InvalidError(f"{where}: a Substrait expression takes no params")
    return _eider.SqlExpression.from_substrait(data)


def _check_text(what: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidError(f"{what}: the character {text[error.start]!a} at {error.start} has no place in UTF-8") from None


def _array_of_one(where: str, name: str, value: Any) -> Any:
    import pyarrow as pa

    try:
        if isinstance(value, pa.ListScalar) and value.is_valid:  # may be long
            return pa.ListArray.from_arrays(pa.array([0, len(value.values)], pa.int32()), value.values)
        if isinstance(value, pa.Scalar):
            return pa.array([value.as_py()], value.type)
        if isinstance(value, str):
            _check_text(f"{where}: parameter {name!r}", value)
        if type(value).__module__ == "numpy" and type(value).__name__ in ("datetime64", "timedelta64"):
            return _array_of_time(value)
        try:
            return pa.array([value])
        except (OverflowError, pa.ArrowInvalid):
            return pa.array([_with_great_integers(value)])
    except UnicodeEncodeError:
        raise InvalidError(f"{where}: parameter {name!r}: a text in it has no place in UTF-8") from None
    except (pa.ArrowException, OverflowError, TypeError) as error:
        raise InvalidError(f"{where}: parameter {name!r}: {str(error):.200}") from None


def _array_of_time(value: Any) -> Any:
    """Numpy's dates and times have units that Arrow lacks."""
    import numpy as np
    import pyarrow as pa

    unit = np.datetime_data(value)[0]
    if isinstance(value, np.timedelta64):
        known = "s" if unit in ("W", "D", "h", "m") else "ns" if unit == "generic" else unit
    else:
        known = "D" if unit in ("Y", "M", "W", "generic") else "s" if unit in ("h", "m") else unit
    return pa.array(np.array([value]).astype(f"{type(value).__name__}[{known}]"))


def _with_great_integers(value: Any) -> Any:
    """Integers of more than 64 bits with a sign as decimals."""
    if isinstance(value, (list, tuple)):
        return [_with_great_integers(item) for item in value]
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
