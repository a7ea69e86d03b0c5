"""Datasets of every file version, as the reference writes them. The long run is `python -m tests.interop.corpus`."""

from __future__ import annotations

import os
import sys

import pytest

from tests.interop import corpus
from tests.interop.roundtrip import scratch

CASES = int(os.environ.get("EIDER_INTEROP_CASES", "200")) // 4


@pytest.mark.parametrize("version", corpus.VERSIONS)
def test_every_version_reads_as_the_reference_reads_it(version: str) -> None:
    with scratch() as folder:
        counts, _, failures = corpus.run(sys.executable, version, range(CASES), folder)
    assert not failures, "\n".join(failures)
    assert counts["equal"] >= CASES * (1 - corpus.MOST_REFUSED), dict(counts)
