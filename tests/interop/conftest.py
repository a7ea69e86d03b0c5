"""Interop tests need the reference engine; EIDER_INTEROP_ENGINE names the module under test (see engines.py)."""

from __future__ import annotations

import pathlib

import pytest

from tests.interop import engines


@pytest.fixture(scope="session")
def engine():
    return engines.under_test()


@pytest.fixture(scope="session")
def reference():
    return engines.REFERENCE


@pytest.fixture(scope="session")
def errors(engine):
    if engine.name != "eider":
        pytest.skip("judges the errors of eider")
    import eider.error

    return eider.error


@pytest.fixture
def data_dir() -> pathlib.Path:
    return pathlib.Path(__file__).parent / "data"
