"""``pyarrow.compute`` expressions as SQL with parameters, decoded from the form in which pyarrow pickles them."""

from __future__ import annotations

import ctypes
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .arrow_functions import COMPOSED, Conditions, case_when, list_of, quote, text_of
from .error import UnsupportedError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc

__all__ = ["is_arrow_expression", "sql_of"]

_INFIX = {
    "and": "AND",
    "and_kleene": "AND",
    "or": "OR",
    "or_kleene": "OR",
    "equal": "=",
    "not_equal": "<>",
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
    "add": "+",
    "add_checked": "+",
    "subtract": "-",
    "subtract_checked": "-",
    "multiply": "*",
    "multiply_checked": "*",
    "divide": "/",
    "divide_checked": "/",
    "xor": "<>",
    "bit_wise_and": "&",
    "bit_wise_or": "|",
    "bit_wise_xor": "^",
    "shift_left": "<<",
    "shift_right": ">>",
}
_FUNCTIONS = {
    "is_nan": "isnan",
    "is_inf": "isinf",
    "is_finite": "isfinite",
    "utf8_lower": "lower",
    "utf8_upper": "upper",
    "utf8_length": "character_length",
    "binary_length": "octet_length",
    "coalesce": "coalesce",
    "abs": "abs",
    "floor": "floor",
    "ceil": "ceil",
    "trunc": "trunc",
    "sqrt": "sqrt",
    "exp": "exp",
    "ln": "ln",
    "log10": "log10",
    "log2": "log2",
    "power": "power",
    "list_value_length": "array_length",
}
#: Functions of a date or time, without options; what SQL has for them.
_PARTS = {
    "year": "date_part('year', {})",
    "quarter": "date_part('quarter', {})",
    "month": "date_part('month', {})",
    "iso_week": "date_part('week', {})",
    "week": "date_part('week', {})",
    "iso_year": "date_part('isoyear', {})",
    "day": "date_part('day', {})",
    "day_of_year": "date_part('doy', {})",
    "day_of_week": "(date_part('isodow', {}) - 1)",
    "hour": "date_part('hour', {})",
    "minute": "date_part('minute', {})",
    "second": "date_part('second', {})",
    "millisecond": "(date_part('millisecond', {}) % 1000)",
    "microsecond": "(date_part('microsecond', {}) % 1000)",
    "nanosecond": "(date_part('nanosecond', {}) % 1000)",
}
_PART_DEFAULTS: dict[str, dict[str, Any]] = {
    "count_from_zero": {"day_of_week": True, "week": False},
    "week_start": {"day_of_week": 1},
    "week_starts_monday": {"week": True},
    "first_week_is_fully_in_year": {"week": False},
}
#: Functions of one text with a pattern among their options.
_PATTERNS = {"starts_with": "starts_with", "ends_with": "ends_with", "match_substring": "contains"}
_CASTS = {
    "bool": "boolean",
    "int8": "tinyint",
    "int16": "smallint",
    "int32": "int",
    "int64": "bigint",
    "uint8": "tinyint unsigned",
    "uint16": "smallint unsigned",
    "uint32": "int unsigned",
    "uint64": "bigint unsigned",
    "float": "float",
    "double": "double",
    "string": "string",
    "large_string": "large_string",
    "binary": "binary",
    "large_binary": "largebinary",
    "date32[day]": "date",
    "date64[ms]": "date64",
}
_DIGITS_OF_UNITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}


def is_arrow_expression(value: object) -> bool:
    """Whether it is a ``pyarrow.compute.Expression``; pyarrow need not be there."""
    return type(value).__module__.startswith("pyarrow.") and type(value).__name__ == "Expression"


def sql_of(expression: pc.Expression) -> tuple[str, list[pa.Scalar]]:
    """SQL text and the values of its parameters ``$1``, ``$2``... Raises UnsupportedError naming a function we lack."""
    import pyarrow as pa

    try:
        pickled = expression.__reduce__()[1][0]
    except pa.ArrowNotImplementedError as error:
        raise UnsupportedError(f"filter: a pyarrow expression that pyarrow does not write out ({error}); name columns, as in pc.field('x')") from None
    batch = pa.ipc.open_file(pickled).get_batch(0)
    reader = _Reader(batch)
    return reader.expression(_events(batch.schema)), reader.parameters


def _events(schema: pa.Schema) -> list[tuple[str, str]]:
    """The schema's metadata in order: its keys repeat, so that no dict can hold them."""
    import pyarrow as pa

    exported = ctypes.create_string_buffer(72)  # struct ArrowSchema; the metadata is its third pointer
    address = ctypes.addressof(exported)
    schema._export_to_c(address)
    try:
        at = struct.unpack_from("P", exported, 16)[0]
        return list(_pairs(at)) if at else []
    finally:
        pa.Schema._import_from_c(address)


def _pairs(at: int) -> Iterator[tuple[str, str]]:
    def number() -> int:
        nonlocal at
        at += 4
        return int(struct.unpack("i", ctypes.string_at(at - 4, 4))[0])

    def text() -> str:
        nonlocal at
        length = number()
        at += length
        return ctypes.string_at(at - length, length).decode()

    for _ in range(number()):
        yield text(), text()


class _Junction:
    """Sides of a chain of AND or of OR, as flat as SQL has them."""

    def __init__(self, operator: str, sides: list[str]) -> None:
        self.operator, self.sides = operator, sides

    @staticmethod
    def of(operator: str, arguments: list[str | _Junction | Conditions]) -> _Junction:
        sides: list[str] = []
        for argument in arguments:
            if isinstance(argument, _Junction) and argument.operator == operator:
                # The left one of a chain is the long one, and nobody else's.
                sides = argument.sides if not sides else sides + argument.sides
            else:
                sides.append(str(argument))
        return _Junction(operator, sides)

    def __str__(self) -> str:
        return "(" + f" {self.operator} ".join(self.sides) + ")"


@dataclass
class _Call:
    name: str
    arguments: list[str | _Junction | Conditions] = field(default_factory=list)
    options: Any = None


class _Reader:
    """Reads the events of an expression: ``field_ref``, ``literal``, or ``call`` with arguments and options up to ``end``."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self._batch = batch
        self.parameters: list[pa.Scalar] = []

    def parameter(self, value: pa.Scalar) -> str:
        self.parameters.append(value)
        return f"${len(self.parameters)}"

    def expression(self, events: list[tuple[str, str]]) -> str:
        """The whole of it; a stack of open calls, as chains of thousands are nested as deep."""
        open_calls, at = [_Call("")], iter(events)
        for kind, value in at:
            call = open_calls[-1]
            if kind == "call":
                open_calls.append(_Call(value))
            elif kind == "end":
                open_calls.pop()
                open_calls[-1].arguments.append(self.closed(call))
            elif kind == "options":
                call.options = self._batch.column(int(value))[0]
            elif kind == "field_ref":
                call.arguments.append(quote(value))
            elif kind == "nested_field_ref":
                call.arguments.append(".".join(quote(next(at)[1]) for _ in range(int(value))))
            elif kind == "literal":
                call.arguments.append(self.parameter(self._batch.column(int(value))[0]))
            else:
                raise UnsupportedError(f"filter: {kind} in a pyarrow expression")
        return str(open_calls[0].arguments[0])

    def closed(self, call: _Call) -> str | _Junction | Conditions:
        operator = _INFIX.get(call.name)
        if operator in ("AND", "OR"):
            return _Junction.of(operator, call.arguments)
        if call.name == "make_struct":
            return Conditions([str(argument) for argument in call.arguments])
        if call.name == "case_when":
            return case_when(call.arguments)
        return self.call(call.name, [str(argument) for argument in call.arguments], call.options)

    def call(self, name: str, arguments: list[str], options: Any) -> str:
        if name in _INFIX:
            return f"({arguments[0]} {_INFIX[name]} {arguments[1]})"
        if name in _FUNCTIONS:
            return f"{_FUNCTIONS[name]}({', '.join(arguments)})"
        if name in _PATTERNS and not options["ignore_case"].as_py():
            return f"{_PATTERNS[name]}({arguments[0]}, {self.parameter(text_of(options['pattern']))})"
        if name in _PARTS and _has_default_options(name, options):
            return _PARTS[name].format(arguments[0])
        if name in COMPOSED:
            return COMPOSED[name](self, arguments, options)
        special: Callable[[list[str], Any], str] | None = getattr(self, f"_{name}", None)
        if special is None:
            raise UnsupportedError(f"filter: the function {name!r} of a pyarrow expression is not supported yet")
        return special(arguments, options)

    def _starts_with(self, arguments: list[str], options: Any) -> str:
        return self._ignoring_case(arguments, options, "", "%")

    def _ends_with(self, arguments: list[str], options: Any) -> str:
        return self._ignoring_case(arguments, options, "%", "")

    def _match_substring(self, arguments: list[str], options: Any) -> str:
        return self._ignoring_case(arguments, options, "%", "%")

    def _ignoring_case(self, arguments: list[str], options: Any, before: str, after: str) -> str:
        text = re.sub(r"([\\%_])", r"\\\1", options["pattern"].as_py())
        return f"({arguments[0]} ILIKE {self.parameter(text_of(before + text + after))})"

    def _and_not_kleene(self, arguments: list[str], options: Any) -> str:
        return f"({arguments[0]} AND (NOT {arguments[1]}))"

    def _and_not(self, arguments: list[str], options: Any) -> str:
        """Null where one side is."""
        left, right = arguments
        return f"(CASE WHEN ({left}) IS NOT NULL AND ({right}) IS NOT NULL THEN ({left}) AND (NOT ({right})) END)"

    def _bit_wise_not(self, arguments: list[str], options: Any) -> str:
        return f"(~ {arguments[0]})"

    def _invert(self, arguments: list[str], options: Any) -> str:
        return f"(NOT {arguments[0]})"

    def _negate(self, arguments: list[str], options: Any) -> str:
        return f"(- {arguments[0]})"

    def _is_valid(self, arguments: list[str], options: Any) -> str:
        return f"({arguments[0]} IS NOT NULL)"

    def _is_null(self, arguments: list[str], options: Any) -> str:
        null = f"({arguments[0]} IS NULL)"
        if options is not None and options["nan_is_null"].as_py():
            return f"({null} OR isnan({arguments[0]}))"
        return null

    def _true_unless_null(self, arguments: list[str], options: Any) -> str:
        return f"({arguments[0]} IS NOT NULL OR NULL)"

    def _if_else(self, arguments: list[str], options: Any) -> str:
        """Null where the condition is."""
        return f"(CASE {arguments[0]} WHEN TRUE THEN {arguments[1]} WHEN FALSE THEN {arguments[2]} END)"

    def _cast(self, arguments: list[str], options: Any) -> str:
        kind = _cast_name(options["to_type"].type)
        return f"CAST({arguments[0]} AS {kind})"

    def _match_like(self, arguments: list[str], options: Any) -> str:
        operator = "ILIKE" if options["ignore_case"].as_py() else "LIKE"
        return f"({arguments[0]} {operator} {self.parameter(text_of(options['pattern']))})"

    def _match_substring_regex(self, arguments: list[str], options: Any) -> str:
        pattern = ("(?i)" if options["ignore_case"].as_py() else "") + options["pattern"].as_py()
        return f"regexp_like({arguments[0]}, {self.parameter(text_of(pattern))})"

    def _is_in(self, arguments: list[str], options: Any) -> str:
        """In Arrow a null is in the set or it is not: the result is never null."""
        values = options["value_set"].values
        known = self.parameter(list_of(values.drop_null())) if values.null_count < len(values) else None
        found = f"({arguments[0]} IS NOT NULL AND {arguments[0]} IN ({known}))" if known else "FALSE"
        matches_null = options["null_matching_behavior"].as_py() == 0 and values.null_count > 0
        return f"({found} OR {arguments[0]} IS NULL)" if matches_null else found


def _cast_name(to: pa.DataType) -> str:
    import pyarrow as pa

    name = _CASTS.get(str(to))
    if pa.types.is_timestamp(to) and to.tz in (None, "UTC"):
        name = f"timestamp({_DIGITS_OF_UNITS[to.unit]})" + (" with time zone" if to.tz else "")
    elif pa.types.is_decimal128(to) and 0 <= to.scale <= to.precision:
        name = f"decimal({to.precision}, {to.scale})"
    if name is None:
        raise UnsupportedError(f"filter: a cast to {to} in a pyarrow expression is not supported yet")
    return name


def _has_default_options(name: str, options: Any) -> bool:
    """As they are where none are stored."""
    if options is None:
        return True
    return all(options[key].as_py() == defaults[name] for key, defaults in _PART_DEFAULTS.items() if name in defaults)
