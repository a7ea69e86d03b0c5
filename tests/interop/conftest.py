"""Interop tests need the reference engine; EIDER_INTEROP_ENGINE names the module under test (see engines.py)."""

from __future__ import annotations

import pathlib

import pytest

from tests.interop import engines
from tests.interop.tables import small_table


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


@pytest.fixture
def dataset(tmp_path, reference) -> str:
    """Three fragments that the reference wrote."""
    uri = str(tmp_path / "d.lance")
    reference.write_dataset(small_table(), uri, max_rows_per_file=40)
    return uri
