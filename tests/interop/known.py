"""Known defects of the reference engine (pylance 14.0.2) that a generated case may meet, each with its reason.

A function returns the reason, or None. Nothing is skipped without one.
"""

from __future__ import annotations

from tests.interop.generators import Case


def reference_cannot_write(case: Case) -> str | None:
    return None


def reference_cannot_read(case: Case) -> str | None:
    return None


def reference_cannot_take(case: Case) -> str | None:
    return None
