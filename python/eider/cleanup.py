"""What a cleanup removed, or would remove."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypedDict, cast

from . import _eider
from .arguments import count_of
from .error import InvalidError

__all__ = ["AutoCleanupConfig", "CleanupCandidateFile", "CleanupExplanation", "CleanupReferencedBranch", "CleanupStats"]

FileKind = Literal["manifest", "temporary_manifest", "data", "deletion", "transaction", "index"]


@dataclass(frozen=True)
class CleanupStats:
    """How much was removed. Side-cars of blobs count as data files, and manifests towards the bytes."""

    bytes_removed: int
    old_versions: int
    data_files_removed: int
    transaction_files_removed: int
    index_files_removed: int
    deletion_files_removed: int
    failed_deletes: int


@dataclass(frozen=True)
class CleanupCandidateFile:
    """A file that would go. ``unverified``: no version ever named it."""

    path: str
    kind: FileKind
    unverified: bool
    size_bytes: int


@dataclass(frozen=True)
class CleanupReferencedBranch:
    """A branch that began on the one that is cleaned. ``cleanup_candidate``: it reads nothing from there any more."""

    name: str
    referenced_version: int
    cleanup_candidate: bool


@dataclass(frozen=True)
class CleanupExplanation:
    """What a cleanup would remove, without removing it."""

    read_version: int
    stats: CleanupStats
    candidate_files: list[CleanupCandidateFile]
    candidate_files_truncated: bool
    candidate_file_limit: int
    referenced_branches: list[CleanupReferencedBranch]
    warnings: list[str]


class AutoCleanupConfig(TypedDict, total=False):
    """When writers clean up by themselves: at versions that ``interval`` divides, what is older than ``older_than_seconds``."""

    interval: int
    older_than_seconds: int


_SPANS = (("year", 31_557_600), ("month", 2_630_016), ("day", 86_400))
_INTERVAL = 20
_KEPT_SECONDS = 14 * 86_400


def _span_text(seconds: int) -> str:
    """``1209600`` -> ``"14days"``, as the reference writes it."""
    parts = []
    for name, length in _SPANS:
        count, seconds = divmod(seconds, length)
        if count:
            parts.append(f"{count}{name}{'s' if count > 1 else ''}")
    for letter, length in (("h", 3600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, length)
        if count:
            parts.append(f"{count}{letter}")
    return " ".join(parts) or "0s"


def auto_cleanup_entries(options: AutoCleanupConfig) -> dict[str, str]:
    """The entries of a table's configuration that ask for it."""
    where = "auto_cleanup_options"
    if not isinstance(options, Mapping):
        raise TypeError(f"{where} must be a dict, got {type(options).__name__}")
    unknown = set(options) - set(AutoCleanupConfig.__annotations__)
    if unknown:
        raise InvalidError(f"{where}: {min(unknown)!r} is none of 'interval', 'older_than_seconds'")
    interval = count_of(where, "interval", options.get("interval", _INTERVAL))
    seconds = count_of(where, "older_than_seconds", options.get("older_than_seconds", _KEPT_SECONDS))
    return {"lance.auto_cleanup.interval": str(interval), "lance.auto_cleanup.older_than": _span_text(seconds or 0)}


def stats_of(native: _eider.CleanupStats) -> CleanupStats:
    return CleanupStats(
        bytes_removed=native.bytes_removed,
        old_versions=native.old_versions,
        data_files_removed=native.data_files_removed,
        transaction_files_removed=native.transaction_files_removed,
        index_files_removed=native.index_files_removed,
        deletion_files_removed=native.deletion_files_removed,
        failed_deletes=native.failed_deletes,
    )


def explanation_of(native: _eider.CleanupExplanation, root: str, include_files: bool, limit: int) -> CleanupExplanation:
    """``root`` goes in front of the paths of files."""
    listed = native.files[:limit] if include_files else []
    files = [
        CleanupCandidateFile(
            f"{root}/{file.path}", cast(FileKind, file.kind.name.lower()), file.is_unverified, file.size_bytes
        )
        for file in listed
    ]
    return CleanupExplanation(
        read_version=native.read_version,
        stats=stats_of(native.stats),
        candidate_files=files,
        candidate_files_truncated=include_files and len(native.files) > limit,
        candidate_file_limit=limit,
        referenced_branches=[
            CleanupReferencedBranch(branch.name, branch.version, not branch.is_needed) for branch in native.branches
        ],
        warnings=list(native.warnings),
    )
