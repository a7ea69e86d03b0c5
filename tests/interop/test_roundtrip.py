"""Generated schemas and data through both engines, both ways. The long run is `python -m tests.interop.sweep`."""

from __future__ import annotations

import collections
import os

import pytest

from tests.interop import roundtrip

CASES = int(os.environ.get("EIDER_INTEROP_CASES", "200"))  # per direction
GROUP = 10  # cases per test item
outcomes: collections.Counter[str] = collections.Counter()


@pytest.mark.parametrize("first", range(0, CASES, GROUP))
@pytest.mark.parametrize("direction", sorted(roundtrip.DIRECTIONS))
def test_generated_cases(engine, direction: str, first: int) -> None:
    failures = []
    for seed in range(first, min(first + GROUP, CASES)):
        try:
            roundtrip.DIRECTIONS[direction](engine, seed)
            outcomes["ok"] += 1
        except roundtrip.Skip as skip:
            outcomes[f"skipped: {skip}"] += 1
        except BaseException as error:  # the reference's panics do not derive from Exception
            if isinstance(error, KeyboardInterrupt):
                raise
            failures.append(f"python -m tests.interop.sweep --cases 1 --direction {direction} --seed {seed}\n    "
                            f"{type(error).__name__}: {str(error)[:1500]}")
    assert not failures, "\n".join(failures)


def test_few_cases_are_skipped() -> None:
    """A skip rule that grows too wide would prove nothing."""
    total = sum(outcomes.values())
    skipped = total - outcomes["ok"]
    assert skipped <= total * 0.05, dict(outcomes)
