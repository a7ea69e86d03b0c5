"""Random filters over random tables say what the rules of the guide say, and what the reference says. The long run is
`python -m tests.interop.sweep --direction filters`."""

from __future__ import annotations

import os

import pytest

from tests.interop.predicate_check import filters

TABLES = int(os.environ.get("EIDER_INTEROP_PREDICATES", "6"))


@pytest.mark.parametrize("seed", range(TABLES))
def test_random_filters(engine, seed):
    filters(engine, seed)
