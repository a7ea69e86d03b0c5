"""What an expression says for each row, by the rules of docs/guide/filters.md and nothing else: plain Python over plain values.

A Term is a text of SQL with the values that it must have: None is null, FAILED a row for which the engine must not give a value (division
by zero, overflow, a cast that fails). Integers are int, floats of every width float, decimals Decimal, dates days and timestamps
microseconds since 1970 (those with a zone in UTC), clocks microseconds since midnight, spans microseconds, lists and structs as Arrow
gives them.
"""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import fractions
import functools
import math
import re
import zoneinfo
from collections.abc import Callable, Iterable

import numpy as np

ZONE = zoneinfo.ZoneInfo("Europe/Athens")
EPOCH = datetime.datetime(1970, 1, 1)
EXACT = decimal.Context(prec=200)
DAY = 86_400_000_000
INT64, DIGITS = range(-(2**63), 2**63), range(-(10**38) + 1, 10**38)
INTEGERS = {"i8": range(-(2**7), 2**7), "i16": range(-(2**15), 2**15), "i32": range(-(2**31), 2**31), "i64": INT64,
            "u8": range(2**8), "u16": range(2**16), "u32": range(2**32), "u64": range(2**64)}
FLOATS = ("f16", "f32", "f64")


class Failed:
    def __repr__(self) -> str:
        return "FAILED"


FAILED = Failed()


class NoValue(Exception):
    """A row for which an operation has no value."""


@dataclasses.dataclass
class Term:
    sql: str
    kind: str  # i8 ... u64, f16 ... f64, decimal, bool, text, bytes, date, ts, tz, clock, span, list, vector, json
    values: list
    literal: bool = False
    #: Why the reference engine answers otherwise; each is a row of "Differences" in docs/guide/filters.md.
    differs: frozenset[str] = frozenset()
    #: Integers that the reference's type of the same expression holds; those of the kind if it says nothing.
    domain: range | None = None

    @property
    def held(self) -> range:
        return INTEGERS[self.kind] if self.domain is None else self.domain

    @property
    def is_number(self) -> bool:
        return self.kind in INTEGERS or self.kind in FLOATS or self.kind == "decimal"


def combine(function: Callable, *columns: list) -> list:
    """function over rows without nulls; a failure before a null, as every side is evaluated."""
    out = []
    for row in zip(*columns):
        if FAILED in row:
            out.append(FAILED)
        elif None in row:
            out.append(None)
        else:
            try:
                out.append(function(*row))
            except NoValue:
                out.append(FAILED)
    return out


def build(sql: str, kind: str, function: Callable, *terms: Term, differs: Iterable[str] = ()) -> Term:
    return Term(sql, kind, combine(function, *(term.values for term in terms)), differs=reasons(*terms) | frozenset(differs))


def wraps(made: Term, *terms: Term) -> Term:
    """The term, marked where the reference, which computes in the narrower of the types, wraps around or fails."""
    held = functools.reduce(overlap, (term.held for term in terms if not term.literal), INT64)
    if any(value is FAILED or (value is not None and value not in held) for value in made.values):
        return dataclasses.replace(made, differs=made.differs | {"integers wrap around"})
    return dataclasses.replace(made, domain=held)


def overlap(a: range, b: range) -> range:
    return range(max(a.start, b.start), min(a.stop, b.stop))


def reasons(*terms: Term) -> frozenset[str]:
    return frozenset().union(*(term.differs for term in terms))


def with_reason(term: Term, reason: str) -> Term:
    return dataclasses.replace(term, differs=term.differs | {reason})


def is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


# ------------------------------------------------------------------------------------------------------------------- logic

def all_of(columns: list[list]) -> list:
    """From left to right; what follows a false is not evaluated."""
    def row(values: tuple) -> object:
        known: object = True
        for value in values:
            if value is FAILED:
                return FAILED
            if value is False:
                return False
            if value is None:
                known = None
        return known
    return [row(values) for values in zip(*columns)]


def negate(values: list) -> list:
    return [value if value is None or value is FAILED else not value for value in values]


def any_of(columns: list[list]) -> list:
    return negate(all_of([negate(column) for column in columns]))


def choose(conditions: list[list], choices: list[list]) -> list:
    """CASE: the first true condition decides, and only what is asked for is evaluated."""
    out = []
    for row in range(len(choices[0])):
        value = choices[-1][row] if len(choices) > len(conditions) else None
        for condition, choice in zip(conditions, choices):
            if condition[row] is FAILED or condition[row] is True:
                value = FAILED if condition[row] is FAILED else choice[row]
                break
        out.append(value)
    return out


def tested(values: list, test: Callable[[object], bool]) -> list:
    return [FAILED if value is FAILED else test(value) for value in values]


# -------------------------------------------------------------------------------------------------------------- comparison

def exact(value: object) -> object:
    """A number that orders exactly beside every other; NaN is above all and equal to itself."""
    if isinstance(value, float):
        if math.isnan(value):
            return (1, 0)
        return (0, value) if math.isinf(value) else (0, fractions.Fraction(value))
    return (0, fractions.Fraction(value))


def nearest(value: float, kind: str) -> float:
    """The float of that width; what is past the largest finite one stays there, between it and infinity."""
    if kind == "f64" or not math.isfinite(value):
        return value
    with np.errstate(over="ignore"):
        rounded = float(np.float32(value) if kind == "f32" else np.float16(value))
    return value if math.isinf(rounded) else rounded


def number_sides(left: Term, right: Term) -> tuple[list, list]:
    """Both sides as they are compared: a literal beside a column exactly (beside floats the nearest one), columns in one type."""
    pair = [left, right]
    for i, (term, other) in enumerate(((left, right), (right, left))):
        if term.literal and other.kind in FLOATS and not other.literal:
            values = combine(lambda value, kind=other.kind: nearest(float(value), kind), term.values)
            pair[i] = dataclasses.replace(term, values=values, kind=other.kind)
    mixed = (pair[0].kind in FLOATS) != (pair[1].kind in FLOATS)
    if mixed and not (left.literal or right.literal):
        pair = [dataclasses.replace(term, values=combine(float, term.values)) for term in pair]
    return combine(exact, pair[0].values), combine(exact, pair[1].values)


def sides(left: Term, right: Term) -> tuple[list, list]:
    if left.is_number and right.is_number:
        return number_sides(left, right)
    kinds = (left.kind, right.kind)
    if "tz" in kinds and kinds != ("tz", "tz"):
        return instants(left), instants(right)
    return clocks(left), clocks(right)


def clocks(term: Term) -> list:
    return combine(lambda day: day * DAY, term.values) if term.kind == "date" else term.values


def instants(term: Term) -> list:
    return term.values if term.kind == "tz" else combine(to_utc, clocks(term))


COMPARE = {"=": lambda a, b: a == b, "<>": lambda a, b: a != b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
           ">": lambda a, b: a > b, ">=": lambda a, b: a >= b}


def compare(operator: str, left: Term, right: Term) -> list:
    return combine(COMPARE[operator], *sides(left, right))


def distinct(left: Term, right: Term) -> list:
    pairs = zip(*sides(left, right))
    return [FAILED if a is FAILED or b is FAILED else a != b if a is not None and b is not None else a is not b for a, b in pairs]


# -------------------------------------------------------------------------------------------------------------- arithmetic

def whole(operator: str, wide: bool) -> Callable[[int, int], int]:
    """Integers: exact in 64 bits (of uint64 in 38 digits), towards zero, the sign of the left side in a rest."""
    def run(a: int, b: int) -> int:
        if operator in "/%" and b == 0:
            raise NoValue
        if operator == "/":
            out = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        elif operator == "%":
            out = int(math.copysign(1, a)) * (abs(a) % abs(b))
        else:
            out = {"+": a + b, "-": a - b, "*": a * b, "&": a & b, "|": a | b, "^": a ^ b}[operator]
        if out not in (DIGITS if wide else INT64):
            raise NoValue
        return out
    return run


def floating(operator: str, kind: str) -> Callable[[float, float], float]:
    width = np.float32 if kind == "f32" else np.float64
    functions = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "%": np.fmod}
    def run(a: object, b: object) -> float:
        with np.errstate(all="ignore"):
            return float(functions[operator](width(float(a)), width(float(b))))
    return run


def decimals(operator: str) -> Callable:
    """Exact, as far as 38 digits hold it."""
    def run(a: object, b: object) -> decimal.Decimal:
        if operator == "%" and b == 0:
            raise NoValue
        name = {"+": "add", "-": "subtract", "*": "multiply", "%": "remainder"}[operator]
        out = getattr(EXACT, name)(decimal.Decimal(a), decimal.Decimal(b))  # type: ignore[arg-type]
        if len(out.as_tuple().digits) > 38:
            raise NoValue
        return out
    return run


def to_integer(kind: str) -> Callable[[object], int]:
    def run(value: object) -> int:
        if isinstance(value, float) and not math.isfinite(value):
            raise NoValue
        out = math.trunc(value)  # type: ignore[call-overload]
        if out not in INTEGERS[kind]:
            raise NoValue
        return out
    return run


def parse_integer(kind: str) -> Callable[[str], int]:
    def run(text: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]+", text) or int(text) not in INTEGERS[kind]:
            raise NoValue
        return int(text)
    return run


def lenient(values: list) -> list:
    return [None if value is FAILED else value for value in values]


def half_away(value: float, digits: int = 0) -> float:
    if not math.isfinite(value):
        return value
    scaled = value * 10.0**digits
    if math.isinf(scaled):
        return value
    return math.copysign(float(math.floor(abs(scaled) + 0.5)) if abs(scaled) < 2**52 else abs(scaled), value) / 10.0**digits


# -------------------------------------------------------------------------------------------------------------------- text

def like(pattern: str, escape: str = "\\", ignore_case: bool = False) -> Callable[[str], bool]:
    out, i = "", 0
    while i < len(pattern):
        if pattern[i] == escape and i + 1 < len(pattern):
            i += 1
            out += re.escape(pattern[i])
        else:
            out += {"%": ".*", "_": "."}.get(pattern[i], re.escape(pattern[i]))
        i += 1
    compiled = re.compile(out, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
    return lambda text: compiled.fullmatch(text) is not None


def substring(text: str, first: int, count: int | None = None) -> str:
    end = len(text) + 1 if count is None else first + count
    if count is not None and count < 0:
        raise NoValue
    return text[max(first, 1) - 1:max(end, 1) - 1]


def pad(text: str, length: int, fill: str, left: bool) -> str:
    if len(text) >= length:
        return text[:max(length, 0)]
    added = (fill * length)[:length - len(text)] if fill else ""
    return added + text if left else text + added


def split_part(text: str, by: str, index: int) -> str:
    parts = text.split(by) if by else [text]
    index = index - 1 if index > 0 else len(parts) + index
    return parts[index] if 0 <= index < len(parts) else ""


def distance(a: str, b: str) -> int:
    """Levenshtein's."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


def title(text: str) -> str:
    return re.sub(r"[^\W_]+", lambda word: word.group()[0].upper() + word.group()[1:].lower(), text)


# -------------------------------------------------------------------------------------------------------------------- time

def moment(micros: int) -> datetime.datetime:
    return EPOCH + datetime.timedelta(microseconds=micros)


def micros_of(time: datetime.datetime) -> int:
    return (time - EPOCH) // datetime.timedelta(microseconds=1)


def to_utc(clock: int) -> int:
    local = moment(clock).replace(tzinfo=ZONE)
    return clock - local.utcoffset() // datetime.timedelta(microseconds=1)


def to_clock(utc: int) -> int:
    local = moment(utc).replace(tzinfo=datetime.timezone.utc).astimezone(ZONE)
    return utc + local.utcoffset() // datetime.timedelta(microseconds=1)


def time_of(term: Term) -> list:
    """The clock that a date or a timestamp shows."""
    return combine(lambda value: moment(to_clock(value) if term.kind == "tz" else value), clocks(term))


PARTS: dict[str, Callable[[datetime.datetime], int]] = {
    "year": lambda t: t.year, "quarter": lambda t: (t.month + 2) // 3, "month": lambda t: t.month, "week": lambda t: t.isocalendar()[1],
    "day": lambda t: t.day, "hour": lambda t: t.hour, "minute": lambda t: t.minute, "second": lambda t: t.second,
    "dow": lambda t: t.isoweekday() % 7, "doy": lambda t: t.timetuple().tm_yday,
}


def truncated(part: str, time: datetime.datetime) -> int:
    day = time.replace(hour=0, minute=0, second=0, microsecond=0)
    if part == "week":
        return micros_of(day - datetime.timedelta(days=day.weekday()))
    starts = {"year": lambda: day.replace(month=1, day=1), "quarter": lambda: day.replace(month=(time.month - 1) // 3 * 3 + 1, day=1),
              "month": lambda: day.replace(day=1), "day": lambda: day, "hour": lambda: time.replace(minute=0, second=0, microsecond=0)}
    return micros_of(starts[part]())
