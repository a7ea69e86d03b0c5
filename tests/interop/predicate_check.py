"""Random predicates: the engine under test against the model (predicate_model.py), and both against the reference."""

from __future__ import annotations

import pathlib
import random
import re
import tempfile

from tests.interop.engines import REFERENCE, Engine
from tests.interop.predicate_model import FAILED, Term
from tests.interop.predicate_tables import PredicateTable, write
from tests.interop.predicates import Predicates

PER_TABLE = 100

# What the reference refuses, by a part of its error. Filters of which it says something else fail the test.
REFUSALS = (
    r"is not supported SQL in lance",  # CASE, SUBSTR, TRIM, FLOOR, CEIL ...
    r"LIKE does not support escape_char|Unsupported data type Dictionary",
    r"Received literal .* and could not convert to literal of type",
    r"Cannot automatically convert|Cannot infer common|Cannot coerce|Failed to coerce|Error during planning",
    r"Dictionary key bigger than the key type|Cannot cast|Can't cast|Cast error|Cannot parse|Overflow|Divide by zero",
)


def ask(scan) -> object:
    """The answer, or the error as text."""
    try:
        return scan()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the reference's panics do not derive from Exception
        return f"{type(error).__name__}: {error}"


class Check:
    def __init__(self, engine: Engine, seed: int, uri: str) -> None:
        self.rng = random.Random(seed)
        self.made = PredicateTable(self.rng)
        self.how = write(self.made, uri, engine, REFERENCE)
        session = getattr(engine.module, "Session", None)
        self.ours = engine.dataset(uri, session=session and session(cpu_threads=self.rng.choice((0, 1, 3))))
        self.theirs = REFERENCE.dataset(uri)
        table = self.theirs.to_table(columns=["id"], with_row_id=True)
        self.live, self.row_ids = table["id"].to_pylist(), dict(zip(table["id"].to_pylist(), table["_rowid"].to_pylist()))

    def _answer(self, dataset, sql: str, **options) -> object:
        def scan():
            table = dataset.to_table(columns=["id"], filter=sql, with_row_id=True, **options)
            count = dataset.count_rows(sql)
            return table["id"].to_pylist(), table["_rowid"].to_pylist(), count
        return ask(scan)

    def one(self, term: Term) -> str | None:
        """What is wrong."""
        passing = [row for row in self.live if term.values[row] is True]
        failing = [row for row in self.live if term.values[row] is FAILED]
        expected = (passing, [self.row_ids[row] for row in passing], len(passing))
        found = self._answer(self.ours, term.sql, batch_size=self.rng.choice((1, 7, 100, 8192)))
        if isinstance(found, str):
            return None if failing else f"an error: {found}"
        if found != expected:  # a row that fails may be one that was never read, as another test rules it out; it does not pass
            return f"wrong rows {self._rows(found[0], passing)}, {found[2]} counted"
        return None if term.differs or failing else self._reference(term, expected)

    def _reference(self, term: Term, expected: tuple) -> str | None:
        theirs = self._answer(self.theirs, term.sql)
        if isinstance(theirs, str):
            return None if any(re.search(refusal, theirs) for refusal in REFUSALS) else f"the reference says: {theirs}"
        return None if theirs == expected else f"other rows in the reference: {self._rows(theirs[0], expected[0])}, {theirs[2]} counted"

    def _rows(self, found: list[int], expected: list[int]) -> list[dict]:
        words = set(re.findall(r"\w+", self.sql))
        wrong = sorted(set(found) ^ set(expected))[:3]
        return [{"row": row, "passed": row in found, **{name: self.made.columns[name][row].as_py() for name in self.made.columns if name in words}}
                for row in wrong]

    def run(self, count: int) -> list[str]:
        predicates, wrong = Predicates(self.made), []
        for _ in range(count):
            term = predicates.predicate()
            self.sql = term.sql
            if text := self.one(term):
                wrong.append(f"{term.sql}\n        {text}")
        return wrong


def filters(engine: Engine, seed: int, count: int = PER_TABLE) -> None:
    """One table, `count` predicates."""
    memory = pathlib.Path("/dev/shm")  # some tables have a hundred fragments
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        check = Check(engine, seed, folder + "/t.lance")
        wrong = check.run(count)
    assert not wrong, f"{len(wrong)} filters over {check.made.rows} rows, written by {check.how}:\n    " + "\n    ".join(wrong[:8])
