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
from tests.crash.operations import OPERATIONS, beside, make, reference_rows, rows


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("template") / "t.lance"
    make(str(folder))
    return folder


class Sweep:
    """One operation on copies of one table. Its branch reads what it has from before in the original, whose path it holds."""

    def __init__(self, victim: Victim, name: str, template: pathlib.Path, folder: pathlib.Path) -> None:
        self.victim, self.name, self.uri = victim, name, folder / "t.lance"
        self.state = OPERATIONS[name].state
        self.template = template if OPERATIONS[name].on == "table" else None
        self.before = self._fresh()
        done = victim.run(name, str(self.uri))
        assert done["outcome"] == "done", done
        self.calls, self.after = done["calls"], self.state(str(self.uri))

    def _fresh(self) -> Any:
        shutil.rmtree(self.uri, ignore_errors=True)
        if self.template:
            shutil.copytree(self.template, self.uri)
        return self.state(str(self.uri))

    def check(self, call: int, mode: str) -> dict[str, Any]:
        self._fresh()
        ended = self.victim.run(self.name, str(self.uri), call, *MODES[mode])
        where = f"{self.name}, call {call} of {self.calls}, {mode}: {ended['outcome']}"
        assert not ended["outcome"].startswith("died"), where
        found = self.state(str(self.uri))
        if ended["outcome"] == "done":
            assert found == self.after, f"{where}: acknowledged, and not there"
        elif OPERATIONS[self.name].on == "table":
            assert found in (self.before, self.after), f"{where}: neither the old nor the new table"
        if found is not None:
            self._check_whole(where, found)
            self._check_clone(where, found)
        return ended

    def _check_clone(self, where: str, found: Any) -> None:
        """One that is there reads for the reference too; one that is not can be made, whatever was left of it."""
        uri = str(self.uri)
        if found.get("clone"):
            assert reference_rows(beside(uri)) == found["clone"]["rows"], where
        elif "clone" in found:
            OPERATIONS[self.name].run(uri)
            assert self.state(uri)["clone"] == self.after["clone"], where

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


def run(name: str, sweep: Sweep, modes: list[str], every: int) -> None:
    assert sweep.calls > 0
    cases = [(call, mode) for call in range(sweep.calls) for mode in modes]
    ran = [sweep.check(call, mode) for call, mode in cases if zlib.crc32(f"{name}{call}{mode}".encode()) % every == 0]
    assert all(ended["fired"] for ended in ran)
    print(f"{name}: {sweep.calls} calls, {len(ran)} cases, {sum(e['outcome'] == 'done' for e in ran)} acknowledged")


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_failure_leaves_the_old_table_or_the_new_one(name: str, victim: Victim, template: pathlib.Path, tmp_path: pathlib.Path, every: int) -> None:
    run(name, Sweep(victim, name, template, tmp_path), list(MODES), every)


@pytest.mark.parametrize("name", OPERATIONS)
def test_so_does_a_killed_process_that_syncs_nothing(
    name: str, careless: Victim, template: pathlib.Path, tmp_path: pathlib.Path, every: int
) -> None:
    """What a process has written stays when it dies: only the power may take it."""
    run(name, Sweep(careless, name, template, tmp_path), ["killed before", "killed after"], every)
