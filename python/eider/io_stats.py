"""Counters of what was asked of files."""

from __future__ import annotations

from dataclasses import dataclass

from . import _eider

__all__ = ["IOStats", "bytes_read_counter", "iops_counter", "io_stats_of"]


@dataclass(frozen=True)
class IOStats:
    """What was asked of files, whether they are mapped or not.

    Attributes:
        read_iops: Reads: ranges that lie next to each other, and are asked for together, are one.
        read_bytes: Bytes of these ranges.
        write_iops: Files that were written.
        written_bytes: Their bytes.
    """

    read_iops: int
    read_bytes: int
    write_iops: int
    written_bytes: int

    @property
    def write_bytes(self) -> int:
        """The same as ``written_bytes``."""
        return self.written_bytes


def io_stats_of(native: _eider.Dataset, *, reset: bool) -> IOStats:
    """The counters of a dataset."""
    return IOStats(*_eider.io_stats(native, reset))


def iops_counter() -> int:
    """Reads of this process since it began, of all datasets and files."""
    return _eider.process_io_stats()[0]


def bytes_read_counter() -> int:
    """Bytes that were asked for by these reads."""
    return _eider.process_io_stats()[1]
