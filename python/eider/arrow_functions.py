"""Functions of ``pyarrow.compute`` that are more than one function of SQL: each gives the SQL of a call, or refuses it by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from .error import InvalidError, UnsupportedError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["COMPOSED", "Conditions", "case_when", "list_of", "quote", "text_of"]

#: What ``utf8_is_space`` is true for.
_BLANKS = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
_ASCII_BLANKS = "\t\n\v\f\r "
#: By number: what becomes of a fraction, or (from 4 on) of a half alone.
_ROUND_MODES = ["floor({x})", "ceil({x})", "trunc({x})", "(CASE WHEN {x} < 0 THEN floor({x}) ELSE ceil({x}) END)"]
_HALVES = [*_ROUND_MODES, *(f"(CASE WHEN floor({{x}}) % 2 {sign} 0 THEN floor({{x}}) ELSE ceil({{x}}) END)" for sign in ("=", "<>"))]
_HALF_TO_EVEN = 8
#: Letters of times that are the same in SQL, and those that show a fraction of the column's unit.
_TIME_LETTERS, _SECOND_LETTERS = frozenset("YymdeHIMjbBaApFRD%"), frozenset("ST")
_DIGITS = {"ms": 3, "µs": 6, "ns": 9}


class Reader(Protocol):
    """Where values of parameters go."""

    parameters: list[pa.Scalar]

    def parameter(self, value: pa.Scalar) -> str:
        """Its name."""


class Conditions:
    """Fields of a ``make_struct``, which only ``case_when`` takes."""

    def __init__(self, arguments: list[str]) -> None:
        self.arguments = arguments

    def __str__(self) -> str:
        raise UnsupportedError("filter: the function 'make_struct' of a pyarrow expression is not supported yet, but as the conditions of 'case_when'")


def quote(name: str) -> str:
    """A name of SQL."""
    return "`" + name.replace("`", "``") + "`"


def text_of(value: Any) -> pa.Scalar:
    """A text as a parameter."""
    import pyarrow as pa

    return pa.scalar(value if isinstance(value, str) else value.as_py(), pa.string())


def list_of(values: pa.Array) -> pa.Scalar:
    """A list as a parameter."""
    import pyarrow as pa

    return pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values)[0]


def case_when(arguments: list[Any]) -> str:
    """A null condition is false; null where none is true and there is no value more."""
    if not isinstance(arguments[0], Conditions):
        raise UnsupportedError("filter: the function 'case_when' of a pyarrow expression is supported of conditions in 'make_struct' alone")
    conditions, values = arguments[0].arguments, [str(value) for value in arguments[1:]]
    pairs = " ".join(f"WHEN {condition} THEN {value}" for condition, value in zip(conditions, values, strict=False))
    otherwise = f" ELSE {values[-1]}" if len(values) > len(conditions) else ""
    return f"(CASE {pairs}{otherwise} END)"


def _refused(name: str, what: str) -> UnsupportedError:
    return UnsupportedError(f"filter: the function {name!r} of a pyarrow expression is not supported yet {what}")


def _struct_field(reader: Reader, arguments: list[str], options: Any) -> str:
    path = options["field_ref"].as_py()  # pyarrow escapes nothing in names
    if not path.startswith(".") or "[" in path:
        raise _refused("struct_field", "with positions: name the fields")
    return ".".join([arguments[0], *(quote(name) for name in path[1:].split("."))])


def _list_element(reader: Reader, arguments: list[str], options: Any) -> str:
    """Positions count from 0, and those past the end are null."""
    literal = re.fullmatch(r"\$(\d+)", arguments[1])
    position = reader.parameters[int(literal[1]) - 1].as_py() if literal else None
    if not isinstance(position, int):
        raise _refused("list_element", "with a position that is no number")
    if position < 0:
        raise InvalidError(f"filter: list_element: the position {position}; they count from 0")
    return f"array_element({arguments[0]}, {position + 1})"


def _round(reader: Reader, arguments: list[str], options: Any) -> str:
    digits, mode = (0, _HALF_TO_EVEN) if options is None else (options["ndigits"].as_py(), options["round_mode"].as_py())
    if digits != 0:
        raise _refused("round", f"to {digits} digits: it is to whole numbers")
    x = arguments[0]
    if mode < len(_ROUND_MODES):
        return _ROUND_MODES[mode].format(x=x)
    return f"(CASE WHEN {x} - floor({x}) = 0.5 THEN {_HALVES[mode - len(_ROUND_MODES)].format(x=x)} ELSE round({x}) END)"


def _replace_substring(reader: Reader, arguments: list[str], options: Any) -> str:
    pattern, replacement, most = (options[key].as_py() for key in ("pattern", "replacement", "max_replacements"))
    if most not in (None, -1) or not pattern:
        raise _refused("replace_substring", "with max_replacements" if pattern else "of an empty pattern")
    return f"replace({arguments[0]}, {reader.parameter(text_of(pattern))}, {reader.parameter(text_of(replacement))})"


def _pattern(name: str, reader: Reader, options: Any) -> tuple[str, int]:
    """Its parameter and its bytes."""
    pattern = options["pattern"].as_py()
    if options["ignore_case"].as_py() or not pattern:
        raise _refused(name, "with ignore_case" if pattern else "of an empty pattern")
    return reader.parameter(text_of(pattern)), len(pattern.encode())


def _count_substring(reader: Reader, arguments: list[str], options: Any) -> str:
    pattern, size = _pattern("count_substring", reader, options)
    return f"((octet_length({arguments[0]}) - octet_length(replace({arguments[0]}, {pattern}, ''))) / {size})"


def _find_substring(reader: Reader, arguments: list[str], options: Any) -> str:
    """In bytes from 0, or -1."""
    pattern, _ = _pattern("find_substring", reader, options)
    found = f"strpos({arguments[0]}, {pattern})"
    return f"(CASE WHEN {found} = 0 THEN -1 ELSE octet_length(left({arguments[0]}, {found} - 1)) END)"


def _index_in(reader: Reader, arguments: list[str], options: Any) -> str:
    values, matching = options["value_set"].values, options["null_matching_behavior"].as_py()
    if matching not in (0, 1):
        raise _refused("index_in", "with this null_matching_behavior")
    position = f"(array_position({reader.parameter(list_of(values))}, {arguments[0]}) - 1)"
    return position if matching == 0 else f"(CASE WHEN {arguments[0]} IS NOT NULL THEN {position} END)"


def _extreme(name: str) -> Callable[[Reader, list[str], Any], str]:
    def extreme(reader: Reader, arguments: list[str], options: Any) -> str:
        call = f"{name}({', '.join(arguments)})"
        if name == "greatest":  # in Arrow NaN is less than numbers here too
            numbers = [f"(CASE WHEN NOT {_is_nan(x)} THEN {x} END)" for x in arguments]
            call = f"coalesce(greatest({', '.join(numbers)}), {call})"
        if options is None or options["skip_nulls"].as_py():
            return call
        return f"(CASE WHEN {' AND '.join(f'{x} IS NOT NULL' for x in arguments)} THEN {call} END)"

    return extreme


def _is_nan(x: str) -> str:
    """Of what may be no float."""
    return f"(arrow_typeof({x}) LIKE 'Float%' AND CAST({x} AS string) = 'NaN')"


def _trim(function: str, characters: str | None, is_ascii: bool) -> Callable[[Reader, list[str], Any], str]:
    def trim(reader: Reader, arguments: list[str], options: Any) -> str:
        given = options["characters"].as_py() if characters is None else characters
        if is_ascii and not given.isascii():
            raise _refused(f"ascii_{function}", f"of {given!r}: write utf8_{function}")
        return f"{function}({arguments[0]}, {reader.parameter(text_of(given))})"

    return trim


def _strftime(reader: Reader, arguments: list[str], options: Any) -> str:
    """Seconds show as many digits of a fraction as the column's unit has."""
    form = "%Y-%m-%dT%H:%M:%S" if options is None else options["format"].as_py()
    letters = set(re.findall(r"%(.?)", form, re.DOTALL))
    if unknown := sorted(letters - _TIME_LETTERS - _SECOND_LETTERS):
        raise _refused("strftime", f"with '%{unknown[0]}'")

    def call(digits: int) -> str:
        fraction = f".%{digits}f" if digits else ""
        seconds = re.sub(r"%(.)", lambda found: found[0] + fraction if found[1] in _SECOND_LETTERS else found[0], form, flags=re.DOTALL)
        return f"to_char({arguments[0]}, {reader.parameter(text_of(seconds))})"

    if not letters & _SECOND_LETTERS:
        return call(0)
    units = " ".join(f"WHEN arrow_typeof({arguments[0]}) LIKE 'Timestamp({unit}%' THEN {call(digits)}" for unit, digits in _DIGITS.items())
    return f"(CASE {units} ELSE {call(0)} END)"


#: By name.
COMPOSED: dict[str, Callable[[Reader, list[str], Any], str]] = {
    "struct_field": _struct_field,
    "list_element": _list_element,
    "round": _round,
    "replace_substring": _replace_substring,
    "count_substring": _count_substring,
    "find_substring": _find_substring,
    "index_in": _index_in,
    "min_element_wise": _extreme("least"),
    "max_element_wise": _extreme("greatest"),
    "strftime": _strftime,
}
for _side, _function in (("", "btrim"), ("l", "ltrim"), ("r", "rtrim")):
    for _kind, _blanks in (("utf8", _BLANKS), ("ascii", _ASCII_BLANKS)):
        COMPOSED[f"{_kind}_{_side}trim_whitespace"] = _trim(_function, _blanks, False)
        COMPOSED[f"{_kind}_{_side}trim"] = _trim(_function, None, _kind == "ascii")
