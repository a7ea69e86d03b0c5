"""Every call by which an operation changes files is made to fail, or is the last one of its process.

Afterwards the table holds what it held before the operation or what it holds after it, for us and for the reference; an operation that
returned is there; every version that is listed reads; and the next writer succeeds. A sample, unless EIDER_CRASH_ALL is set.
"""

from __future__ import annotations

import pathlib
import shutil
import zlib
from typing import Any

import pyarrow as pa
import pytest

import eider
from tests.crash.faults import MODES, Victim
from tests.crash.operations import OPERATIONS, make, reference_rows, rows, state


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("template") / "t.lance"
    make(str(folder))
    return folder


class Sweep:
    """One operation on copies of one table. Its branch reads what it has from before in the original, whose path it holds."""

    def __init__(self, victim: Victim, name: str, template: pathlib.Path, folder: pathlib.Path) -> None:
        self.victim, self.name, self.uri = victim, name, folder / "t.lance"
        self.template = template if OPERATIONS[name].on == "table" else None
        self.before = self._fresh()
        done = victim.run(name, str(self.uri))
        assert done["outcome"] == "done", done
        self.calls, self.after = done["calls"], state(str(self.uri))

    def _fresh(self) -> Any:
        shutil.rmtree(self.uri, ignore_errors=True)
        if self.template:
            shutil.copytree(self.template, self.uri)
        return state(str(self.uri))

    def check(self, call: int, mode: str) -> dict[str, Any]:
        self._fresh()
        ended = self.victim.run(self.name, str(self.uri), call, *MODES[mode])
        where = f"{self.name}, call {call} of {self.calls}, {mode}: {ended['outcome']}"
        assert not ended["outcome"].startswith("died"), where
        found = state(str(self.uri))
        if ended["outcome"] == "done":
            assert found == self.after, f"{where}: acknowledged, and not there"
        elif OPERATIONS[self.name].on == "table":
            assert found in (self.before, self.after), f"{where}: neither the old nor the new table"
        if found is not None:
            self._check_whole(where, found)
        return ended

    def _check_whole(self, where: str, found: Any) -> None:
        uri = str(self.uri)
        assert reference_rows(uri) == found["rows"], where
        for version in eider.dataset(uri).versions():
            eider.dataset(uri, version=version["version"]).to_table()
        for name in found["tags"]:
            eider.dataset(uri, version=name).to_table()
        for name in found["branches"]:
            eider.dataset(uri, version=(name, None)).to_table()
        schema = eider.dataset(uri).schema
        more = rows(9000, 1)
        more = pa.table({name: more[name].cast(schema.field(name).type) for name in found["names"] if name in more.column_names})
        eider.write_dataset(more, uri, mode="append")
        assert len(reference_rows(uri)) == len(found["rows"]) + 1, where


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_failure_leaves_the_old_table_or_the_new_one(name: str, victim: Victim, template: pathlib.Path, tmp_path: pathlib.Path, every: int) -> None:
    sweep = Sweep(victim, name, template, tmp_path)
    assert sweep.calls > 0
    cases = [(call, mode) for call in range(sweep.calls) for mode in MODES]
    ran = [sweep.check(call, mode) for call, mode in cases if zlib.crc32(f"{name}{call}{mode}".encode()) % every == 0]
    assert all(ended["fired"] for ended in ran)
    print(f"{name}: {sweep.calls} calls, {len(ran)} cases, {sum(e['outcome'] == 'done' for e in ran)} acknowledged")
