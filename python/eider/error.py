"""The exceptions of Eider.

One class per kind of failure that a caller acts on. Each also derives from the built-in classes that ``pylance`` raises
in the same situation, so that ``except ValueError`` and ``except OSError`` written for it keep working.
"""

from __future__ import annotations

__all__ = [
    "AlreadyExistsError",
    "CancelledError",
    "CommitUnknownError",
    "ConflictError",
    "CorruptError",
    "EiderError",
    "InvalidError",
    "IoError",
    "NotFoundError",
    "OutOfBudgetError",
    "RetryableConflictError",
    "TornVersionWarning",
    "UnsupportedError",
]


class EiderError(Exception):
    """Base of every exception that Eider raises on its own account."""

    #: What happened, as one word: ``"corrupt"``, ``"not_found"``, ...
    kind: str = "error"


class CorruptError(EiderError, OSError, ValueError):
    """Stored bytes contradict the format. The message names file, page or column, and the values that disagree."""

    kind = "corrupt"


class UnsupportedError(EiderError, NotImplementedError, ValueError):
    """Legal, but not implemented in this version. The message names the argument, encoding, type or URI scheme.

    It is an OSError too, but for a method or name that Eider lacks, which is an AttributeError: Python allows no class both.
    """

    kind = "unsupported"

    def __new__(cls, *args: object) -> UnsupportedError:
        made = _UnsupportedOSError if cls is UnsupportedError else cls
        return OSError.__new__(made, *args) if issubclass(made, OSError) else super().__new__(made, *args)


class _UnsupportedOSError(UnsupportedError, OSError):
    """What ``UnsupportedError(...)`` makes."""

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return UnsupportedError, self.args


_UnsupportedOSError.__name__ = _UnsupportedOSError.__qualname__ = "UnsupportedError"  # as tracebacks print it


class NotFoundError(EiderError, OSError, ValueError):
    """There is no such dataset, version, file or column."""

    kind = "not_found"


class AlreadyExistsError(EiderError, OSError, ValueError):
    """A dataset, file or column of that name exists already."""

    kind = "already_exists"


class InvalidError(EiderError, OSError, ValueError):
    """An argument is wrong: an index out of range, a schema that does not fit, an unknown mode."""

    kind = "invalid"


class ConflictError(EiderError, OSError):
    """Another writer committed something incompatible; trying again cannot help."""

    kind = "conflict"


class RetryableConflictError(ConflictError):
    """Another writer committed something that overlaps; run the operation again on the new version."""

    kind = "retryable_conflict"


class CommitUnknownError(EiderError, OSError):
    """The commit may or may not have landed; open the latest version to find out."""

    kind = "commit_unknown"


class IoError(EiderError, OSError, ValueError):
    """The operating system refused a read or a write."""

    kind = "io"


class CancelledError(EiderError, OSError):
    """The operation was asked to stop before it was done."""

    kind = "cancelled"


class OutOfBudgetError(EiderError, MemoryError, OSError):
    """The memory limit of the session does not allow the operation."""

    kind = "out_of_budget"


class TornVersionWarning(UserWarning):
    """A crash tore the manifests of newer versions: an older one was opened, and what they held is lost."""
