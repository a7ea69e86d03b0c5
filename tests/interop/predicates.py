"""Random predicates over a PredicateTable: each with its SQL and what it must say of every row."""

from __future__ import annotations

import dataclasses
import decimal
import json
import math
import re
from collections.abc import Callable

from tests.interop import predicate_model as model
from tests.interop.predicate_model import DAY, FLOATS, INTEGERS, Term, build, combine, reasons
from tests.interop.predicate_tables import WORDS, PredicateTable

OPERATORS = ("=", "<>", "<", "<=", ">", ">=")
PATTERNS = ("%", "", "a%", "%a%", "_", "%h", "b%r%", "1_\\%", "10%", "a\\_b", "É%", "%_a%", "_irch")
REGEXPS = ("^a", "h$", "[0-9]+", "b|c", "^$", "x{3,}", "(?i)birch", "a.c", "é")


def quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


class Predicates:
    """Seeded by the table's generator."""

    def __init__(self, table: PredicateTable) -> None:
        self.table, self.rng = table, table.rng

    def predicate(self) -> Term:
        return self._boolean(self.rng.choice((0, 1, 1, 2, 3)))

    # ---- booleans
    def _boolean(self, depth: int) -> Term:
        rng = self.rng
        if depth > 0 and rng.random() < 0.75:
            return rng.choice((self._junction, self._junction, self._not, self._is_truth, self._case_test, self._distinct_truth))(depth - 1)
        return rng.choice((self._comparison,) * 6 + (self._between, self._in, self._like, self._regexp, self._is_null, self._is_null,
                          self._distinct, self._flag, self._text_test, self._list_test, self._json_test, self._number_test))()

    def _bool(self, sql: str, values: list, *terms: Term, differs: tuple[str, ...] = ()) -> Term:
        return Term(sql, "bool", values, differs=reasons(*terms) | frozenset(differs))

    def _junction(self, depth: int) -> Term:
        parts = [self._boolean(depth) for _ in range(self.rng.choice((2, 2, 2, 3, 5)))]
        word = self.rng.choice(("AND", "OR"))
        columns = [part.values for part in parts]
        return self._bool(f" {word} ".join(f"({part.sql})" for part in parts), model.all_of(columns) if word == "AND" else model.any_of(columns), *parts)

    def _not(self, depth: int) -> Term:
        part = self._boolean(depth)
        return self._bool(f"NOT ({part.sql})", model.negate(part.values), part)

    def _is_truth(self, depth: int) -> Term:
        part = self._boolean(depth)
        word, wanted = self.rng.choice((("TRUE", True), ("FALSE", False), ("UNKNOWN", None)))
        is_not = self.rng.random() < 0.4
        values = model.tested(part.values, lambda value: (value is wanted) != is_not)
        return self._bool(f"({part.sql}) IS {'NOT ' if is_not else ''}{word}", values, part, differs=("refused",) if wanted is None else ())

    def _distinct_truth(self, depth: int) -> Term:
        left, right = self._boolean(depth), self._boolean(depth)
        return self._bool(f"({left.sql}) IS DISTINCT FROM ({right.sql})", model.distinct(left, right), left, right)

    def _case_test(self, depth: int) -> Term:
        parts = [self._boolean(depth) for _ in range(3)]
        condition, then, other = parts
        if self.rng.random() < 0.3:
            values = model.choose([condition.values], [then.values])
            return self._bool(f"CASE WHEN {condition.sql} THEN {then.sql} END", values, condition, then, differs=("refused",))
        values = model.choose([condition.values], [then.values, other.values])
        return self._bool(f"CASE WHEN {condition.sql} THEN {then.sql} ELSE {other.sql} END", values, *parts, differs=("refused",))

    def _flag(self) -> Term:
        return self.rng.choice(self.table.of_kind("bool"))

    # ---- tests
    def _comparison(self) -> Term:
        kind = self.rng.choice(("number", "number", "number", "number", "text", "time", "time", "bytes", "bool"))
        left, right = self._pair(kind)
        if self.rng.random() < 0.1:
            left, right = right, left
        operator = self.rng.choice(OPERATORS)
        return self._bool(f"{left.sql} {operator} {right.sql}", model.compare(operator, left, right), left, right, differs=self._unlike(left, right))

    def _distinct(self) -> Term:
        left, right = self._pair(self.rng.choice(("number", "text", "time", "bool")))
        is_not = self.rng.random() < 0.5
        values = model.distinct(left, right)
        rounded = right.literal and {left.kind} & {"f16", "f32"} and model.nearest(float(right.values[0]), left.kind) != right.values[0]
        return self._bool(f"{left.sql} IS {'NOT ' if is_not else ''}DISTINCT FROM {right.sql}", model.negate(values) if is_not else values,
                          left, right, differs=("floats beside IS DISTINCT FROM",) if rounded else self._unlike(left, right))

    def _unlike(self, left: Term, right: Term) -> tuple[str, ...]:
        """Why the reference compares these two otherwise."""
        both = {left.kind, right.kind}
        zeros = both & set(FLOATS) and any(value == 0 for value in (*left.values, *right.values) if value is not model.FAILED)
        if zeros and not (left.literal or right.literal):
            return ("negative zero",)
        split = any(isinstance(value, int) and value % 1_000_000 for value in (*left.values, *right.values))
        return ("units of time",) if both <= {"ts", "tz", "date"} and split and "seconds" in left.sql + right.sql else ()

    def _between(self) -> Term:
        value, low = self._pair(self.rng.choice(("number", "text", "time")))
        high = self._literal_beside(value)
        is_not = self.rng.random() < 0.3
        values = model.all_of([model.compare(">=", value, low), model.compare("<=", value, high)])
        return self._bool(f"{value.sql} {'NOT ' if is_not else ''}BETWEEN {low.sql} AND {high.sql}", model.negate(values) if is_not else values,
                          value, low, high, differs=self._unlike(value, low))

    def _in(self) -> Term:
        value = self._value(self.rng.choice(("number", "number", "text", "time", "bytes")), 1)
        choices = [self._literal_beside(value) for _ in range(self.rng.choice((1, 2, 3, 5, 30)))]
        if self.rng.random() < 0.15:
            choices.insert(0, Term("NULL", value.kind, [None] * self.table.rows, literal=True))
        values = model.any_of([model.compare("=", value, choice) for choice in choices])
        is_not = self.rng.random() < 0.3
        return self._bool(f"{value.sql} {'NOT ' if is_not else ''}IN ({', '.join(choice.sql for choice in choices)})",
                          model.negate(values) if is_not else values, value, *choices,
                          differs=("decimals from floats",) if value.kind == "decimal" else ())

    def _is_null(self) -> Term:
        term = self.rng.choice(self.table.terms) if self.rng.random() < 0.6 else self._value(self.rng.choice(("number", "text", "time")), 2)
        is_not = self.rng.random() < 0.5
        values = model.tested(term.values, lambda value: (value is None) != is_not)
        return self._bool(f"{term.sql} IS {'NOT ' if is_not else ''}NULL", values, term)

    def _like(self) -> Term:
        text, pattern, ignore = self._value("text", 1), self.rng.choice(PATTERNS), self.rng.random() < 0.3
        escape, shown = "\\", ""
        if self.rng.random() < 0.2:
            escape, shown, pattern = "!", " ESCAPE '!'", pattern.replace("\\", "!")
        values = combine(model.like(pattern, escape, ignore), text.values)
        is_not = self.rng.random() < 0.3
        sql = f"{text.sql} {'NOT ' if is_not else ''}{'ILIKE' if ignore else 'LIKE'} {quote(pattern)}{shown}"
        return self._bool(sql, model.negate(values) if is_not else values, text)

    def _regexp(self) -> Term:
        text, pattern = self._value("text", 1), self.rng.choice(REGEXPS)
        values = combine(lambda value: re.search(pattern, value) is not None, text.values)
        if self.rng.random() < 0.3:
            return self._bool(f"{text.sql} ~ {quote(pattern)}", values, text, differs=("refused",))
        return self._bool(f"regexp_like({text.sql}, {quote(pattern)})", values, text)

    def _text_test(self) -> Term:
        text, piece = self._value("text", 1), self.rng.choice(("a", "", "A", "ash", "é", "%"))
        name, test = self.rng.choice((("starts_with", str.startswith), ("ends_with", str.endswith), ("contains", str.__contains__)))
        return self._bool(f"{name}({text.sql}, {quote(piece)})", combine(lambda value: test(value, piece), text.values), text)

    def _list_test(self) -> Term:
        rng = self.rng
        numbers, words = self.table.of_kind("list")[0], self.table.of_kind("list_text")[0]
        item, word = rng.choice((1, 2, 9)), rng.choice(WORDS[:5])
        position = rng.choice((1, 2, -1, 7))

        def at(values: list) -> object:
            index = position - 1 if position > 0 else len(values) + position
            return values[index] if 0 <= index < len(values) else None

        return rng.choice((
            lambda: self._bool(f"array_has(list, {item})", combine(lambda values: item in values, numbers.values)),
            lambda: self._bool(f"array_has(words, {quote(word)})", combine(lambda values: word in values, words.values)),
            lambda: self._bool(f"array_has_any(words, [{quote(word)}, 'zz'])", combine(lambda values: word in values, words.values)),
            lambda: self._bool(f"array_has_all(words, [{quote(word)}])", combine(lambda values: word in values, words.values)),
            lambda: self._bool(f"array_length(list) > {item}", combine(lambda values: len(values) > item, numbers.values)),
            lambda: self._bool(f"list[{position}] = {item}", [None if v is None or at(v) is None else at(v) == item for v in numbers.values]),
            lambda: self._bool(f"vector[2] >= {item}", combine(lambda values: values[1] >= item, self.table.of_kind("vector")[0].values)),
        ))()

    def _json_test(self) -> Term:
        doc, rng = self.table.of_kind("json")[0], self.rng
        number = rng.randrange(10)

        def member(name: str, kind: type) -> Callable[[str], object]:
            def get(text: str) -> object:
                value = json.loads(text).get(name)
                return value if isinstance(value, kind) else None
            return get

        def known(values: list, test: Callable) -> list:
            return combine(test, values)

        return rng.choice((
            lambda: self._bool(f"json_get_int(doc, 'n') > {number}", known(combine(member("n", int), doc.values), lambda value: value > number)),
            lambda: self._bool("json_get_string(doc, 's') = 'ash'", known(combine(member("s", str), doc.values), lambda value: value == "ash")),
            lambda: self._bool("json_exists(doc, '$.a')", combine(lambda text: "a" in json.loads(text), doc.values)),
            lambda: self._bool(f"json_extract(doc, '$.n') = '{number}'", known(combine(member("n", int), doc.values), lambda value: value == number)),
        ))()

    def _number_test(self) -> Term:
        number = self.rng.choice(self.table.of_kind("f32", "f64"))
        return self._bool(f"isnan({number.sql})", combine(math.isnan, number.values), number)

    # ---- values
    def _pair(self, kind: str) -> tuple[Term, Term]:
        """Two that are compared: most often the second is a literal."""
        left = self._value(kind, 2)
        return left, self._literal_beside(left) if self.rng.random() < 0.7 else self._value(kind, 1)

    def _value(self, kind: str, depth: int) -> Term:
        if kind == "number":
            return self._number(depth)
        if kind == "text":
            return self._text(depth)
        if kind == "time":
            return self._time(depth)
        return self.rng.choice(self.table.of_kind(kind))

    def _literal(self, sql: str, kind: str, value: object) -> Term:
        return Term(sql, kind, [value] * self.table.rows, literal=True)

    def _literal_beside(self, term: Term) -> Term:
        """Near the values of the term, most often one of them."""
        known = [value for value in term.values if value is not None and value is not model.FAILED]
        value = self.rng.choice(known) if known and self.rng.random() < 0.7 else None
        if term.is_number:
            return self._number_literal(term, value)
        if term.kind == "bool":
            value = self.rng.random() < 0.5
            return self._literal(str(value).lower(), "bool", value)
        if term.kind == "bytes":
            data = value if value is not None else self.rng.choice((b"", b"a", b"\xff\xff"))
            return self._literal(f"x'{data.hex()}'", "bytes", data)
        if term.kind == "text":
            word = value if value is not None else self.rng.choice(WORDS)
            return self._literal(quote(word), "text", word)
        return self._time_literal(term, value)

    def _number_literal(self, term: Term, value: object) -> Term:
        rng = self.rng
        if term.kind in FLOATS:
            if value is None or not math.isfinite(value):
                value = rng.choice((0.0, 0.1, 0.5, -1.5, 2.0, 1e10))
            text = repr(value)
            return self._literal(text, "decimal", decimal.Decimal(text))
        if term.kind == "decimal":
            value = decimal.Decimal(rng.randrange(-300, 300)).scaleb(-2) if value is None else value
            return self._literal(f"{value:f}", "decimal", value)
        if value is None:
            value = rng.choice((0, 1, -1, 5, 300, rng.choice((2**31, 2**63 - 1, -(2**63)))))
        if rng.random() < 0.1:
            value += rng.choice((-1, 1))
        value = max(value, -(2**63) + 1)
        return self._literal(str(value), "i64", value)

    def _time_literal(self, term: Term, value: object) -> Term:
        rng = self.rng
        if term.kind == "date":
            day = rng.choice((0, 10957, 19753)) if value is None else value
            text = f"date '{model.moment(day * DAY):%Y-%m-%d}'"
            return self._literal(text.removeprefix("date ") if rng.random() < 0.2 else text, "date", day)
        micros = rng.choice((0, 946_684_800_000_000, 1_706_702_400_000_000)) if value is None else value
        if term.kind == "ts":
            return self._literal(f"timestamp '{model.moment(micros)}'", "ts", micros)
        if rng.random() < 0.5:
            return self._literal(f"timestamp '{model.moment(model.to_clock(micros))}'", "ts", model.to_clock(micros))
        return with_reason(self._literal(f"timestamp '{model.moment(micros)}Z'", "tz", micros), "moments")

    def _number(self, depth: int) -> Term:
        rng = self.rng
        column = rng.choice(self.table.of_kind(*INTEGERS, *FLOATS, "decimal"))
        if depth == 0 or rng.random() < 0.55:
            return column
        return rng.choice((self._arithmetic, self._arithmetic, self._number_function, self._text_number, self._part, self._number_cast,
                           self._number_choice))(depth - 1)

    def _arithmetic(self, depth: int) -> Term:
        left = self._number(depth)
        right = self._literal_beside(left) if self.rng.random() < 0.6 else self._number(0)
        operator = self.rng.choice("+-*/%")
        sql = f"({left.sql} {operator} {right.sql})"
        kinds = (left.kind, right.kind)
        if left.kind in INTEGERS and right.kind in INTEGERS:
            wide = "u64" in kinds
            return model.wraps(build(sql, "u64" if wide else "i64", model.whole(operator, wide), left, right), left, right)
        if any(kind in FLOATS for kind in kinds):
            narrow = "f64" not in kinds and (right.literal or "decimal" not in kinds)
            kind = "f32" if narrow else "f64"
            made = build(sql, kind, model.floating(operator, kind), left, right)
            new = any(is_nan(value) and not is_nan(a) and not is_nan(b) for value, a, b in zip(made.values, left.values, right.values))
            return with_reason(made, "signs of NaN") if new else made
        if operator in "/%":
            return left
        return build(sql, "decimal", model.decimals(operator), left, right)

    def _number_function(self, depth: int) -> Term:
        rng = self.rng
        whole = rng.choice(self.table.of_kind("i8", "i16", "i32", "u8", "u16", "u32"))
        real = rng.choice(self.table.of_kind("f32", "f64"))
        digits = rng.choice((0, 1, 2))
        return rng.choice((
            lambda: model.wraps(build(f"abs({whole.sql})", "i64", abs, whole), whole),
            lambda: build(f"abs({real.sql})", real.kind, abs, real),
            lambda: self._root(whole),
            lambda: build(f"floor({real.sql})", real.kind, lambda value: float(math.floor(value)) if math.isfinite(value) else value, real),
            lambda: build(f"ceil({real.sql})", real.kind, lambda value: float(math.ceil(value)) if math.isfinite(value) else value, real),
            lambda: build(f"trunc({real.sql})", real.kind, lambda value: float(math.trunc(value)) if math.isfinite(value) else value, real),
            lambda: build(f"round({self._f64().sql}, {digits})", "f64", lambda value: model.half_away(value, digits), self._f64()),
        ))()

    def _root(self, number: Term) -> Term:
        made = build(f"sqrt({number.sql})", "f64", lambda value: math.sqrt(value) if value >= 0 else math.nan, number)
        return with_reason(made, "signs of NaN") if any(is_nan(value) for value in made.values) else made

    def _f64(self) -> Term:
        return next(term for term in self.table.terms if term.sql == "f64")

    def _text_number(self, depth: int) -> Term:
        text = self._text(depth)
        piece = self.rng.choice(("a", "h", "é", ","))
        return self.rng.choice((
            lambda: build(f"length({text.sql})", "i64", len, text),
            lambda: build(f"octet_length({text.sql})", "i64", lambda value: len(value.encode()), text),
            lambda: build(f"strpos({text.sql}, {quote(piece)})", "i64", lambda value: value.find(piece) + 1, text),
            lambda: build(f"ascii({text.sql})", "i64", lambda value: ord(value[0]) if value else 0, text),
            lambda: Term(f"TRY_CAST({text.sql} AS bigint)", "i64", model.lenient(combine(model.parse_integer("i64"), text.values)), differs=text.differs),
        ))()

    def _part(self, depth: int) -> Term:
        time, part = self._time(0), self.rng.choice(tuple(model.PARTS))
        return Term(f"date_part('{part}', {time.sql})", "i64", combine(model.PARTS[part], model.time_of(time)), differs=time.differs)

    def _number_cast(self, depth: int) -> Term:
        rng = self.rng
        number, kind = rng.choice(self.table.of_kind(*INTEGERS, "f32", "f64", "bool")), rng.choice(("i8", "i32", "i64", "u8"))
        sql = {"i8": "tinyint", "i32": "int", "i64": "bigint", "u8": "tinyint unsigned"}[kind]
        values = combine(model.to_integer(kind), number.values)
        if rng.random() < 0.7:
            differs = frozenset({"casts that fail"} if model.FAILED in values else ())
            return Term(f"TRY_CAST({number.sql} AS {sql})", kind, model.lenient(values), differs=differs)
        if rng.random() < 0.5:
            return build(f"CAST({number.sql} AS double)", "f64", float, number)
        return Term(f"CAST({number.sql} AS {sql})", kind, values)

    def _number_choice(self, depth: int) -> Term:
        rng = self.rng
        kind = rng.choice(("i64", "i32", "f64"))
        left, right = rng.choice(self.table.of_kind(kind)), rng.choice(self.table.of_kind(kind))
        pairs = list(zip(left.values, right.values))
        same = combine(lambda a, b: a == b or (a != a and b != b), left.values, right.values)
        condition = self._boolean(0)
        return rng.choice((
            lambda: Term(f"coalesce({left.sql}, {right.sql})", kind, [b if a is None else a for a, b in pairs]),
            lambda: Term(f"nullif({left.sql}, {right.sql})", kind, [None if equal else a for (a, b), equal in zip(pairs, same)],
                         differs=frozenset(self._unlike(left, right))),
            lambda: Term(f"CASE WHEN {condition.sql} THEN {left.sql} ELSE {right.sql} END", kind,
                         model.choose([condition.values], [left.values, right.values]), differs=condition.differs | {"refused"}),
        ))()

    def _text(self, depth: int) -> Term:
        rng = self.rng
        column = rng.choice(self.table.of_kind("text"))
        if depth == 0 or rng.random() < 0.5:
            return column
        return rng.choice((self._text_function, self._text_function, self._concatenation, self._shown))(self._text(depth - 1))

    def _text_function(self, text: Term) -> Term:
        count, piece = self.rng.choice((0, 1, 2, -1, 5)), self.rng.choice(("a", "h", " "))
        name, arguments, function = self.rng.choice((
            ("lower", "", str.lower), ("upper", "", str.upper), ("reverse", "", lambda v: v[::-1]), ("trim", "", lambda v: v.strip(" ")),
            ("ltrim", "", lambda v: v.lstrip(" ")), ("rtrim", "", lambda v: v.rstrip(" ")), ("initcap", "", model.title),
            ("left", f", {count}", lambda v: v[:count]), ("right", f", {count}", lambda v: v[-count:] if count > 0 else v[-count:] if count else ""),
            ("substr", f", {count}", lambda v: model.substring(v, count)), ("substr", f", {count}, 2", lambda v: model.substring(v, count, 2)),
            ("replace", f", {quote(piece)}, 'zz'", lambda v: v.replace(piece, "zz")), ("repeat", ", 2", lambda v: v * 2),
            ("lpad", ", 4, 'xy'", lambda v: model.pad(v, 4, "xy", True)), ("rpad", ", 4, 'xy'", lambda v: model.pad(v, 4, "xy", False)),
            ("split_part", ", ',', 2", lambda v: model.split_part(v, ",", 2)), ("translate", ", 'ab', 'x'", lambda v: v.translate({97: "x", 98: None})),
            ("btrim", ", 'ah'", lambda v: v.strip("ah")), ("concat", ", 'z', NULL", lambda v: v + "z"),
        ))
        if name == "concat":
            return Term(f"concat({text.sql}{arguments})", "text", [model.FAILED if v is model.FAILED else (v or "") + "z" for v in text.values], differs=text.differs)
        return build(f"{name}({text.sql}{arguments})", "text", function, text)

    def _concatenation(self, text: Term) -> Term:
        other = self.rng.choice(self.table.of_kind("text"))
        return build(f"({text.sql} || '-' || {other.sql})", "text", lambda a, b: f"{a}-{b}", text, other)

    def _shown(self, text: Term) -> Term:
        number = self.rng.choice(self.table.of_kind(*INTEGERS))
        return build(f"CAST({number.sql} AS string)", "text", str, number)

    def _time(self, depth: int) -> Term:
        rng = self.rng
        column = rng.choice(self.table.of_kind("date", "ts", "tz"))
        if depth == 0 or rng.random() < 0.6:
            return column
        part = rng.choice(("year", "quarter", "month", "week", "day", "hour"))
        plain = rng.choice(self.table.of_kind("ts"))
        if rng.random() < 0.4:
            return Term(f"date_trunc('{part}', {plain.sql})", "ts", combine(lambda time: model.truncated(part, time), model.time_of(plain)))
        if rng.random() < 0.5:
            return build(f"CAST({plain.sql} AS date)", "date", lambda value: value // DAY, plain)
        days = rng.choice((1, -3, 40))
        return build(f"({plain.sql} + interval '{days} days')", "ts", lambda value: value + days * DAY, plain, differs=("refused",))


def with_reason(term: Term, reason: str) -> Term:
    return dataclasses.replace(term, differs=term.differs | {reason})


def is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)
