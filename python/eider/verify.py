"""Looks for damage in datasets."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from typing import Literal, cast

from . import _eider
from .arguments import uri_of
from .error import InvalidError
from .session import Session, native_session

__all__ = ["Finding", "RepairStep", "VerifyReport", "verify"]

FindingKind = Literal[
    "torn manifest",
    "manifest",
    "missing file",
    "data file",
    "checksum",
    "row count",
    "deletions",
    "row ids",
    "transaction",
    "index",
    "reference",
    "orphan",
    "unknown",
]


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        kind: ``"checksum"``: bytes are not those that were written. ``"torn manifest"``: a crash left it, and its number is no version.
            ``"orphan"``: no version names the file. ``"unknown"``: it asks for more than this version knows, and was not looked at.
        is_damage: False: worth to know, nothing is lost.
        path: Of the file, below the dataset's folder; whole where it lies elsewhere.
        version: One that needs the file.
        column, page: Of the file, where known.
        message: What disagrees, with the values.
    """

    kind: FindingKind
    is_damage: bool
    path: str
    version: int | None
    column: str | None
    page: int | None
    message: str


@dataclass(frozen=True)
class RepairStep:
    """A file that goes (``new_path`` is None), or whose bytes are kept elsewhere. ``done``: False where only planned."""

    path: str
    new_path: str | None
    size_bytes: int
    done: bool


@dataclass(frozen=True)
class VerifyReport:
    """What ``verify`` looked at and found: damage first. Of many findings the first 10,000."""

    findings: list[Finding]
    damages: int
    versions: int
    fragments: int
    files: int
    files_without_checksums: int
    manifests_without_checksums: int
    deletion_files_without_checksums: int
    pages: int
    blobs: int
    bytes_read: int
    orphans: int
    orphan_bytes: int
    repairs: list[RepairStep]

    @property
    def ok(self) -> bool:
        """Whether nothing is damaged."""
        return self.damages == 0


def verify(
    uri: str | PathLike[str],
    *,
    all_versions: bool = True,
    read_data: bool = True,
    repair: bool = False,
    dry_run: bool = False,
    force: bool = False,
    session: Session | None = None,
) -> VerifyReport:
    """Look for damage in a dataset with its branches, and report it.

    Every file that a version names must be there, in its size and with its rows; deletion files, row ids, transactions, indices, tags and
    branches must agree with what they are about; every page, blob, manifest and deletion file that has a checksum must
    be what was written. Files without checksums, which other engines write, are decoded, which finds less. Nothing is
    changed unless ``repair`` is given.

    Args:
        uri: Path of the dataset's folder, a ``file://`` or a ``memory://`` URI.
        all_versions: False: the newest version of the dataset and of each branch only.
        read_data: False: metadata only; pages and blobs are not read.
        repair: Set torn manifests aside, and remove files that no version names and that are older than 7 days. The number of a torn
            manifest stays taken, by a version that changes nothing, so that others may read and write meanwhile. One that is younger than 10
            minutes is left alone: its writer may be at work. Reading and writing go on without it.
        dry_run: With ``repair``: only say what it would do.
        force: With ``repair``: young torn manifests too. Only while nobody writes.
        session: Session whose threads to use.

    Raises:
        NotFoundError: there is no dataset.
    """
    if dry_run and not repair:
        raise InvalidError("verify: dry_run needs repair=True")
    if force and not repair:
        raise InvalidError("verify: force needs repair=True")
    how = _eider.Repair.NONE if not repair else _eider.Repair.PLAN if dry_run else _eider.Repair.DO
    native = _eider.verify_table(uri_of(uri), bool(all_versions), bool(read_data), how, bool(force), native_session(session))
    return VerifyReport(
        findings=[
            Finding(
                cast(FindingKind, each.kind),
                each.is_damage,
                each.path,
                each.version,
                each.column or None,
                each.page,
                each.message,
            )
            for each in native.findings
        ],
        damages=native.num_damages,
        versions=native.num_versions,
        fragments=native.num_fragments,
        files=native.num_files,
        files_without_checksums=native.num_unchecked_files,
        manifests_without_checksums=native.num_unchecked_manifests,
        deletion_files_without_checksums=native.num_unchecked_deletions,
        pages=native.num_pages,
        blobs=native.num_blobs,
        bytes_read=native.bytes_read,
        orphans=native.num_orphans,
        orphan_bytes=native.orphan_bytes,
        repairs=[
            RepairStep(step.path, step.new_path or None, step.size_bytes, step.is_done) for step in native.repairs
        ],
    )
