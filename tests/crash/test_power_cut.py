"""Power is cut after every call of a series of commits, and what was not synced is lost, kept or torn.

No commit that returned is lost, and every table opens, for us and for the reference, with the contents from before the commit that was
under way or those after it. A sample, unless EIDER_CRASH_ALL is set.
"""

from __future__ import annotations

import json
import pathlib
import shutil
from typing import Any

import pytest

import eider
from tests.crash.faults import Victim, shim
from tests.crash.operations import reference_rows, rows, state
from tests.crash.power_cut import CHOICES, Disk, read_record

SERIES = ["create simple", "append", "delete", "update", "tag", "add columns by sql", "merge insert", "compact", "config", "rename", "overwrite",
          "branch", "append", "restore", "cleanup"]


class Power:
    def __init__(self, log: pathlib.Path, uri: pathlib.Path, target: pathlib.Path) -> None:
        self.disk, self.target = Disk(str(uri)), target
        self.calls = list(read_record(log))
        self.returned = 0
        self.states: list[Any] = [None]
        for call in self.calls:
            if call.operation == "!" and call.a.startswith(b"state "):
                self.states.append(json.loads(call.a.removeprefix(b"state ")))
        assert len(self.states) == len(SERIES) + 1

    def advance(self, number: int) -> bool:
        """False where nothing changed."""
        call = self.calls[number]
        if call.operation == "!":
            self.returned += not call.a.startswith(b"state ")
            return not call.a.startswith(b"state ")
        self.disk.apply(call)
        return True

    def cut(self, choice: str, seed: int) -> str:
        shutil.rmtree(self.target.parent, ignore_errors=True)
        self.target.parent.mkdir()
        self.disk.leave(choice, seed, self.target)
        found = state(str(self.target)) if self.target.exists() else None
        allowed = self.states[self.returned : self.returned + 2]
        where = f"after {self.returned} commits, call {seed}, {choice}"
        assert found in allowed, f"{where}: {found} is none of {allowed}"
        if found is not None:
            assert reference_rows(str(self.target)) == found["rows"], where
        return where

    def append(self, where: str) -> None:
        before = state(str(self.target))
        names = [] if before is None else [n for n in before["names"] if n in ("id", "text")]
        eider.write_dataset(rows(9000, 1).select(names or ["id", "text"]), str(self.target), mode="append", durability="none")
        assert len(reference_rows(str(self.target))) == len(before["rows"] if before else []) + 1, where


def test_a_power_cut_loses_no_commit_that_returned(victim: Victim, tmp_path: pathlib.Path, every: int) -> None:
    uri, log, target = tmp_path / "live" / "t.lance", tmp_path / "calls", tmp_path / "left" / "t.lance"
    uri.parent.mkdir()
    victim.record(SERIES, str(uri), str(log))
    power = Power(log, uri, target)
    cuts = 0
    for number in range(len(power.calls)):
        if not power.advance(number):
            continue
        for choice_number, choice in enumerate(CHOICES):
            if (number + choice_number) % every:
                continue
            where = power.cut(choice, number)
            cuts += 1
            if cuts % 5 == 0:
                power.append(where)
    assert power.returned == len(SERIES)
    print(f"{len(power.calls)} calls, {cuts} cuts")


def test_without_syncs_a_cut_is_felt(tmp_path: pathlib.Path) -> None:
    """What the test above would miss, it would miss here too."""
    if shim() is None:
        pytest.skip("needs Linux and a C compiler")
    uri, log, target = tmp_path / "live" / "t.lance", tmp_path / "calls", tmp_path / "left" / "t.lance"
    uri.parent.mkdir()
    careless = Victim(durability="none")
    careless.record(SERIES, str(uri), str(log))
    careless.close()
    power = Power(log, uri, target)
    for number in range(len(power.calls)):
        power.advance(number)
    for choice in ("all lost", "names kept, bytes lost", "names kept, bytes zero"):
        with pytest.raises((AssertionError, eider.CorruptError)):
            power.cut(choice, 0)
