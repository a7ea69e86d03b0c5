"""Crash tests need a C compiler, for the library that makes system calls fail."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.crash.faults import Victim, shim


def _victim(durability: str) -> Iterator[Victim]:
    if shim() is None:
        pytest.skip("needs Linux and a C compiler")
    made = Victim(durability)
    yield made
    made.close()


@pytest.fixture(scope="session")
def victim() -> Iterator[Victim]:
    yield from _victim("full")


@pytest.fixture(scope="session")
def careless() -> Iterator[Victim]:
    yield from _victim("none")


@pytest.fixture(scope="session")
def every() -> int:
    """How many cases share one that is run; 1: all are."""
    return 1 if os.environ.get("EIDER_CRASH_ALL") else 7
