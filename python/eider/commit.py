"""What ``lance.commit`` has: the error of commits that contradict each other. Locks of commits come with object stores."""

from __future__ import annotations

from .error import ConflictError

__all__ = ["CommitConflictError"]

CommitConflictError = ConflictError
