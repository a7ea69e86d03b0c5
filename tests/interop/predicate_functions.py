"""Random tests and values of functions: lists, JSON, mathematics, choices. A part of Predicates."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable

from tests.interop import predicate_model as model
from tests.interop.predicate_model import DAY, INTEGERS, Term, build, combine, quote, reasons
from tests.interop.predicate_tables import WORDS, PredicateTable

CURVES: dict[str, Callable[[float], float]] = {  # beside a limit that no value is near to
    "sin": math.sin, "cos": math.cos, "atan": math.atan, "tanh": math.tanh, "cbrt": lambda x: math.copysign(abs(x) ** (1 / 3), x),
    "asinh": math.asinh, "degrees": math.degrees, "radians": math.radians,
}


class FunctionTests:
    """Conditions and values that are made of one function."""

    def __init__(self, table: PredicateTable) -> None:
        self.table, self.rng = table, table.rng

    def _bool(self, sql: str, values: list, *terms: Term, differs: tuple[str, ...] = ()) -> Term:
        return Term(sql, "bool", values, differs=reasons(*terms) | frozenset(differs))

    def _list_test(self) -> Term:
        rng = self.rng
        numbers, words = rng.choice(self.table.of_kind("list")), self.table.of_kind("list_text")[0]
        name, item, word = numbers.sql, rng.choice((1, 2, 9)), rng.choice(WORDS[:5])
        position = rng.choice((1, 2, -1, 7))

        def at(values: list) -> object:
            index = position - 1 if position > 0 else len(values) + position
            return values[index] if 0 <= index < len(values) else None

        def extreme(choose: Callable) -> list:
            known = [None if values is None else [v for v in values if v is not None] for values in numbers.values]
            return [choose(values) == item if values else None for values in known]

        def has(values: list, sql: str, test: Callable) -> Callable[[], Term]:
            return lambda: self._bool(sql, combine(test, values))

        return rng.choice((
            has(numbers.values, f"array_has({name}, {item})", lambda values: item in values),
            has(words.values, f"array_has(words, {quote(word)})", lambda values: word in values),
            has(words.values, f"array_has_any(words, [{quote(word)}, 'zz'])", lambda values: word in values),
            has(words.values, f"array_has_all(words, [{quote(word)}])", lambda values: word in values),
            has(numbers.values, f"array_length({name}) > {item}", lambda values: len(values) > item),
            has(numbers.values, f"cardinality({name}) >= {item}", lambda values: len(values) >= item),
            has(words.values, "empty(words)", lambda values: not values),
            has(words.values, f"array_to_string(words, '-') = {quote(word)}", lambda values: "-".join(values) == word),
            has([values or [] for values in words.values], f"array_length(array_append(words, {quote(word)})) = 2", lambda values: len(values) == 1),
            has(words.values, "array_length(array_distinct(words)) < array_length(words)", lambda values: len(set(values)) < len(values)),
            lambda: self._bool(f"{name}[{position}] = {item}", [None if v is None or at(v) is None else at(v) == item for v in numbers.values]),
            lambda: self._bool(f"array_position({name}, {item}) = 1", [None if v is None or item not in v else v.index(item) == 0 for v in numbers.values]),
            lambda: self._bool(f"array_max({name}) = {item}", extreme(max)),
            lambda: self._bool(f"array_min({name}) = {item}", extreme(min)),
            lambda: self._bool(f"words = [{quote(word)}]", combine(lambda values: values == [word], words.values)),
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
        if self.rng.random() < 0.4:
            return self._bool(f"isnan({number.sql})", combine(math.isnan, number.values), number)
        if self.rng.random() < 0.2:
            return self._bool(f"iszero({number.sql})", combine(lambda value: value == 0, number.values), number)
        whole = self.rng.choice(self.table.of_kind("i8", "i16", "i32"))
        name, limit = self.rng.choice(tuple(CURVES)), self.rng.choice((0.123456, -0.654321, 1.0123456))
        return self._bool(f"{name}({whole.sql}) > {limit}", combine(lambda value: CURVES[name](float(value)) > limit, whole.values), whole)

    def _choice_test(self) -> Term:
        """Functions that choose one of their arguments, of columns of one type."""
        rng = self.rng
        kind = rng.choice(("i64", "text", "date"))
        a, b = rng.choice(self.table.of_kind(kind)), rng.choice(self.table.of_kind(kind))
        rows = list(zip(a.values, b.values))

        def test(sql: str, values: list) -> Term:
            return self._bool(f"{sql} = {a.sql}", combine(lambda x, y: x == y, values, a.values), a, b)

        def pick(choose: Callable) -> list:
            return [choose([v for v in row if v is not None], default=None) for row in rows]

        return rng.choice((
            lambda: test(f"greatest({a.sql}, {b.sql})", pick(max)),
            lambda: test(f"least({a.sql}, {b.sql})", pick(min)),
            lambda: test(f"nvl({a.sql}, {b.sql})", [y if x is None else x for x, y in rows]),
            lambda: test(f"nvl2({a.sql}, {b.sql}, {a.sql})", [x if x is None else y for x, y in rows]),
        ))()

    def _digest_test(self) -> Term:
        text = self.rng.choice(self.table.of_kind("text"))
        known = [value for value in text.values if value is not None] or ["a"]
        wanted = hashlib.md5(self.rng.choice(known).encode()).hexdigest()
        return self._bool(f"md5({text.sql}) = '{wanted}'", combine(lambda value: hashlib.md5(value.encode()).hexdigest() == wanted, text.values), text)

    def _number_function(self, depth: int) -> Term:
        rng = self.rng
        whole = rng.choice(self.table.of_kind("i8", "i16", "i32", "u8", "u16", "u32"))
        real = rng.choice(self.table.of_kind("f32", "f64"))
        double, digits = self._f64(), rng.choice((0, 1, 2))

        def cut(function: Callable) -> Callable[[float], float]:
            return lambda value: float(function(value)) if math.isfinite(value) else value

        return rng.choice((
            lambda: model.wraps(build(f"abs({whole.sql})", "i64", abs, whole), whole),
            lambda: build(f"abs({real.sql})", real.kind, abs, real),
            lambda: self._root(whole),
            lambda: build(f"floor({real.sql})", real.kind, cut(math.floor), real),
            lambda: build(f"ceil({real.sql})", real.kind, cut(math.ceil), real),
            lambda: build(f"trunc({real.sql})", real.kind, cut(math.trunc), real),
            lambda: self._rounded(double, digits),
            lambda: build(f"gcd({whole.sql}, 12)", "i64", lambda value: math.gcd(value, 12), whole),
            lambda: build(f"signum({whole.sql})", "f64", lambda value: float((value > 0) - (value < 0)), whole),
        ))()

    def _rounded(self, double: Term, digits: int) -> Term:
        made = build(f"round({double.sql}, {digits})", "f64", lambda value: model.half_away(value, digits), double)
        past = any(isinstance(v, float) and math.isfinite(v) and math.isinf(v * 10.0**digits) for v in double.values)
        return model.with_reason(made, "rounding of the largest") if past else made

    def _root(self, number: Term) -> Term:
        made = build(f"sqrt({number.sql})", "f64", lambda value: math.sqrt(value) if value >= 0 else math.nan, number)
        return model.with_reason(made, "signs of NaN") if any(model.is_nan(value) for value in made.values) else made

    def _f64(self) -> Term:
        return next(term for term in self.table.terms if term.sql == "f64")

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
            ("regexp_replace", ", 'a', 'b'", lambda v: v.replace("a", "b", 1)), ("regexp_replace", ", '[ah]', '', 'g'", lambda v: v.replace("a", "").replace("h", "")),
            ("substr_index", ", 'a', 1", lambda v: v.split("a")[0]),
        ))
        if name == "concat":
            return Term(f"concat({text.sql}{arguments})", "text", [model.FAILED if v is model.FAILED else (v or "") + "z" for v in text.values], differs=text.differs)
        return build(f"{name}({text.sql}{arguments})", "text", function, text)

    def _shown(self, text: Term) -> Term:
        number = self.rng.choice(self.table.of_kind(*INTEGERS, "bool", "date", "bytes"))
        if number.kind == "bytes":
            return build(f"encode({number.sql}, 'hex')", "text", bytes.hex, number)
        if number.kind == "bool":
            return build(f"CAST({number.sql} AS string)", "text", lambda value: str(value).lower(), number)
        if number.kind == "date":
            differs = {"texts of date64"} if number.sql == "date64" else ()
            return build(f"CAST({number.sql} AS string)", "text", lambda value: f"{model.moment(value * DAY):%Y-%m-%d}", number, differs=differs)
        if self.rng.random() < 0.2 and number.kind == "u8":
            return build(f"to_hex({number.sql})", "text", lambda value: f"{value:x}", number)
        return build(f"CAST({number.sql} AS string)", "text", str, number)
