"""Random predicates over a PredicateTable: each with its SQL and what it must say of every row."""

from __future__ import annotations

import decimal
import math
import re

from tests.interop import predicate_model as model
from tests.interop.predicate_functions import FunctionTests
from tests.interop.predicate_model import DAY, FLOATS, INTEGERS, Term, build, combine, is_nan, quote, with_reason
from tests.interop.predicate_tables import WORDS

OPERATORS = ("=", "<>", "<", "<=", ">", ">=")
PATTERNS = ("%", "", "a%", "%a%", "_", "%h", "b%r%", "1_\\%", "10%", "a\\_b", "É%", "%_a%", "_irch")
REGEXPS = ("^a", "h$", "[0-9]+", "b|c", "^$", "x{3,}", "(?i)birch", "a.c", "é")


class Predicates(FunctionTests):
    """Seeded by the table's generator."""

    def predicate(self) -> Term:
        return self._boolean(self.rng.choice((0, 1, 1, 2, 3)))

    # ---- booleans
    def _boolean(self, depth: int) -> Term:
        rng = self.rng
        if depth > 0 and rng.random() < 0.75:
            return rng.choice((self._junction, self._junction, self._not, self._is_truth, self._case_test, self._distinct_truth))(depth - 1)
        return rng.choice((self._comparison,) * 6 + (self._between, self._in, self._like, self._regexp, self._is_null, self._is_null,
                          self._distinct, self._flag, self._text_test, self._list_test, self._list_test, self._json_test, self._number_test, self._choice_test,
                          self._digest_test))()

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
        kind = self.rng.choice(("number", "number", "number", "number", "text", "time", "time", "bytes", "bool", "span", "clock"))
        left, right = self._pair(kind)
        if self.rng.random() < 0.1:
            left, right = right, left
        operator = self.rng.choice(OPERATORS)
        return self._bool(f"{left.sql} {operator} {right.sql}", model.compare(operator, left, right), left, right, differs=self._unlike(left, right))

    def _distinct(self) -> Term:
        left, right = self._pair(self.rng.choice(("number", "text", "time", "bool", "span", "clock")))
        is_not = self.rng.random() < 0.5
        values = model.distinct(left, right)
        rounded = bool({left.kind, right.kind} & {"f16", "f32"})
        return self._bool(f"{left.sql} IS {'NOT ' if is_not else ''}DISTINCT FROM {right.sql}", model.negate(values) if is_not else values,
                          left, right, differs=("floats beside IS DISTINCT FROM",) if rounded else self._unlike(left, right))

    def _unlike(self, left: Term, right: Term) -> tuple[str, ...]:
        """Why the reference compares these two otherwise."""
        both = {left.kind, right.kind}
        zeros = both & set(FLOATS) and any(value == 0 for value in (*left.values, *right.values) if value is not model.FAILED)
        if zeros and not (left.literal or right.literal):
            return ("negative zero",)
        if "decimal" in both and (left.literal or right.literal):
            return ("decimals from floats",)
        split = any(isinstance(value, int) and value % 1_000_000 for value in (*left.values, *right.values))
        return ("units of time",) if both <= {"ts", "tz", "date"} and split and "seconds" in left.sql + right.sql else ()

    def _between(self) -> Term:
        value, low = self._pair(self.rng.choice(("number", "text", "time", "span", "clock")))
        high = self._literal_beside(value)
        is_not = self.rng.random() < 0.3
        values = model.all_of([model.compare(">=", value, low), model.compare("<=", value, high)])
        zones = "tz" in (low.kind, high.kind) and value.kind != "tz"
        return self._bool(f"{value.sql} {'NOT ' if is_not else ''}BETWEEN {low.sql} AND {high.sql}", model.negate(values) if is_not else values,
                          value, low, high, differs=(*self._unlike(value, low), *(("zones within BETWEEN",) if zones else ())))

    def _in(self) -> Term:
        value = self._value(self.rng.choice(("number", "number", "text", "time", "bytes", "span", "clock")), 1)
        choices = [self._literal_beside(value) for _ in range(self.rng.choice((1, 2, 3, 5, 30)))]
        if self.rng.random() < 0.15:
            choices.insert(0, Term("NULL", value.kind, [None] * self.table.rows, literal=True))
        values = model.any_of([model.compare("=", value, choice) for choice in choices])
        is_not = self.rng.random() < 0.3
        return self._bool(f"{value.sql} {'NOT ' if is_not else ''}IN ({', '.join(choice.sql for choice in choices)})",
                          model.negate(values) if is_not else values, value, *choices,
                          differs={"decimal": ("decimals from floats",), "f16": ("floats in lists",), "f32": ("floats in lists",)}.get(value.kind, ()))

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
        if term.kind in ("span", "clock"):
            return self._clock_literal(term, value)
        return self._time_literal(term, value)

    def _clock_literal(self, term: Term, value: object) -> Term:
        """Text, which the reference reads beside neither."""
        micros = self.rng.choice((0, 1_000_000, 45_000_500_000)) if value is None else value
        if term.kind == "span":
            return self._literal(quote(f"{micros} microseconds"), "span", micros)
        return self._literal(quote(f"{model.moment(micros):%H:%M:%S.%f}"), "clock", micros)

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
        return self._literal(str(value), "i64" if value < 2**63 else "u64", value)

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
            if wide and (self._is_signed(left) or self._is_signed(right)):
                return build(sql, "decimal", model.decimals(operator), left, right) if operator != "/" else left
            made = model.wraps(build(sql, "u64" if wide else "i64", model.whole(operator, wide), left, right), left, right)
            return with_reason(made, "quotients of uint64") if wide and operator == "/" and "(" in left.sql + right.sql else made
        if any(kind in FLOATS for kind in kinds):
            narrow = "f64" not in kinds and (right.literal or "decimal" not in kinds)
            kind = "f32" if narrow else "f64"
            made = build(sql, kind, model.floating(operator, kind), left, right, differs={"floats beside literals"} if narrow and right.literal else ())
            new = any(is_nan(value) and not is_nan(a) and not is_nan(b) for value, a, b in zip(made.values, left.values, right.values))
            return with_reason(made, "signs of NaN") if new else made
        if operator == "/":
            return left
        return build(sql, "decimal", model.decimals(operator), left, right, differs={"decimals from floats"} if right.literal else ())

    @staticmethod
    def _is_signed(term: Term) -> bool:
        """Beside uint64 it makes a decimal. A literal is of the type of the column, where that has it."""
        return term.values[0] < 0 if term.literal else not term.kind.startswith("u")

    def _text_number(self, depth: int) -> Term:
        text = self._text(depth)
        piece = self.rng.choice(("a", "h", "é", ","))
        return self.rng.choice((
            lambda: build(f"levenshtein({text.sql}, 'ash')", "i64", lambda value: model.distance(value, "ash"), text),
            lambda: Term(f"regexp_count({text.sql}, 'a')", "i64", [v if v is model.FAILED else (v or "").count("a") for v in text.values], differs=text.differs),
            lambda: build(f"find_in_set('b', {text.sql})", "i64", lambda value: [*value.split(","), "b"].index("b") + 1 if "b" in value.split(",") else 0, text),
            lambda: build(f"length({text.sql})", "i64", len, text),
            lambda: build(f"octet_length({text.sql})", "i64", lambda value: len(value.encode()), text),
            lambda: build(f"strpos({text.sql}, {quote(piece)})", "i64", lambda value: value.find(piece) + 1, text),
            lambda: build(f"ascii({text.sql})", "i64", lambda value: ord(value[0]) if value else 0, text),
            lambda: Term(f"TRY_CAST({text.sql} AS double)", "f64", model.lenient(combine(lambda v: float(model.parse_integer("i64")(v)), text.values)),
                         differs=text.differs),
            lambda: build(f"bit_length({text.sql})", "i64", lambda value: 8 * len(value.encode()), text),
            lambda: self._bytes_number(),
            lambda: Term(f"TRY_CAST({text.sql} AS bigint)", "i64", model.lenient(combine(model.parse_integer("i64"), text.values)), differs=text.differs),
        ))()

    def _bytes_number(self) -> Term:
        data = self.rng.choice(self.table.of_kind("bytes"))
        return build(f"octet_length({data.sql})", "i64", len, data)

    def _part(self, depth: int) -> Term:
        time, part = self._time(0), self.rng.choice(tuple(model.PARTS))
        return Term(f"date_part('{part}', {time.sql})", "i64", combine(model.PARTS[part], model.time_of(time)), differs=time.differs)

    def _number_cast(self, depth: int) -> Term:
        rng = self.rng
        number, kind = rng.choice(self.table.of_kind(*INTEGERS, "f32", "f64", "bool", "decimal")), rng.choice(("i8", "i32", "i64", "u8"))
        sql = {"i8": "tinyint", "i32": "int", "i64": "bigint", "u8": "tinyint unsigned"}[kind]
        values = combine(model.to_integer(kind), number.values)
        if number.kind == "decimal":
            made = Term(f"TRY_CAST({number.sql} AS {sql})", kind, model.lenient(values), differs=frozenset({"casts that fail"}))
            return made if rng.random() < 0.5 else build(f"CAST({number.sql} AS double)", "f64", float, number)
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

    def _concatenation(self, text: Term) -> Term:
        other = self.rng.choice(self.table.of_kind("text"))
        return build(f"({text.sql} || '-' || {other.sql})", "text", lambda a, b: f"{a}-{b}", text, other)

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
