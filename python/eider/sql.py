"""Filters and other expressions as the engine takes them: SQL text and the values of its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from . import _eider
from .arrow_expression import is_arrow_expression, sql_of
from .error import InvalidError

__all__ = ["Parameters", "expression_of"]

#: Values of ``$1``, ``$2``... as a sequence, or of ``$name`` as a mapping.
Parameters = Sequence[Any] | Mapping[str, Any] | None


def expression_of(where: str, text: object, params: Parameters = None) -> _eider.SqlExpression | None:
    """The expression ``text``; None when there is none."""
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
    if isinstance(params, (str, bytes)) or not isinstance(params, (Sequence, Mapping, type(None))):
        raise TypeError(f"{where}: params must be a list or a dict, got {type(params).__name__}")
    if not params:
        return _eider.SqlExpression(text)
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


def _array_of_one(where: str, name: str, value: Any) -> Any:
    import pyarrow as pa

    try:
        if isinstance(value, pa.ListScalar) and value.is_valid:  # may be long
            return pa.ListArray.from_arrays(pa.array([0, len(value.values)], pa.int32()), value.values)
        if isinstance(value, pa.Scalar):
            return pa.array([value.as_py()], value.type)
        return pa.array([value])
    except (pa.ArrowInvalid, OverflowError) as error:
        raise InvalidError(f"{where}: parameter {name!r}: {error}") from None
