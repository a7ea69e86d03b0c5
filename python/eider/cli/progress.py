"""A progress line on stderr, in a terminal only."""

from __future__ import annotations

import sys
import time
from types import TracebackType


class Progress:
    """Counts rows towards ``total`` (0: unknown) and shows a bar, at most ten times a second."""

    def __init__(self, verb: str, total: int) -> None:
        self._verb = verb
        self._total = total
        self._rows = 0
        self._start = time.monotonic()
        self._shown = 0.0
        self._active = sys.stderr.isatty()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start

    def add(self, rows: int) -> None:
        """Count ``rows`` more."""
        self._rows += rows
        now = time.monotonic()
        if self._active and now - self._shown >= 0.1:
            self._shown = now
            self._show()

    def _show(self) -> None:
        rate = self._rows / max(self.seconds, 1e-6)
        if self._total:
            share = min(1.0, self._rows / self._total)
            bar = ("#" * round(share * 24)).ljust(24, ".")
            text = f"{self._verb} [{bar}] {share:4.0%}  {rate:,.0f} rows/s"
        else:
            text = f"{self._verb} {self._rows:,} rows  {rate:,.0f} rows/s"
        sys.stderr.write("\r" + text + "\x1b[K")
        sys.stderr.flush()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._active and self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
