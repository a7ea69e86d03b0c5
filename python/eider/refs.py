"""Tags and branches: ``ds.tags`` and ``ds.branches``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, TypedDict, TypeVar

from . import _eider
from .error import InvalidError
from .versions import VersionLike, reference_of

if TYPE_CHECKING:
    from .history import DatasetHistory

__all__ = ["Branch", "Branches", "Tag", "Tags"]

_Ref = TypeVar("_Ref")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Tag(TypedDict):
    """What a tag names. Times are in UTC; tags of older engines have none."""

    branch: str | None
    version: int
    created_at: datetime | None
    updated_at: datetime | None
    manifest_size: int
    metadata: dict[str, str]


class Branch(TypedDict):
    """Where a branch began: its parent (None: the main one), the version there, and when, in seconds since 1970."""

    parent_branch: str | None
    branch_identifier: list[tuple[int, str]]
    parent_version: int
    create_at: int
    manifest_size: int
    metadata: dict[str, str]


# Within the classes, `list` is their method.
_Tags = list[tuple[str, Tag]]
_Branches = list[tuple[str, Branch]]


def _moment(ns: int | None) -> datetime | None:
    return None if ns is None else _EPOCH + timedelta(microseconds=ns // 1000)


def _tag(info: _eider.TagInfo) -> Tag:
    return {
        "branch": info.branch,
        "version": info.version,
        "created_at": _moment(info.created_ns),
        "updated_at": _moment(info.updated_ns),
        "manifest_size": info.manifest_bytes,
        "metadata": info.metadata,
    }


def _branch(info: _eider.BranchInfo) -> Branch:
    return {
        "parent_branch": info.parent,
        "branch_identifier": info.lineage,
        "parent_version": info.parent_version,
        "create_at": info.created_s,
        "manifest_size": info.manifest_bytes,
        "metadata": info.metadata,
    }


def _ordered(refs: dict[str, _Ref], versions: dict[str, int], order: str | None) -> list[tuple[str, _Ref]]:
    """By version, the newest first unless told otherwise; by name where versions are equal."""
    if order not in (None, "asc", "desc"):
        raise InvalidError(f"Invalid sort order {order!r}. Valid values are: asc, desc")
    sign = 1 if order == "asc" else -1
    return sorted(refs.items(), key=lambda item: (sign * versions[item[0]], item[0]))


def _text(what: str, name: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"the name of a {what} is a str, got {type(name).__name__}")
    return name


def _pairs(metadata: Mapping[str, str]) -> dict[str, str]:
    pairs = dict(metadata)
    for key, value in pairs.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise TypeError(f"metadata must map str to str, got {key!r}: {value!r}")
    return pairs


class Tags:
    """The tags of a dataset, whichever branch is open: names for versions, which cleanup then spares.

    References are as in ``checkout_version``; None names the version that is open.
    """

    def __init__(self, dataset: DatasetHistory) -> None:
        self._dataset = dataset

    def list(self) -> dict[str, Tag]:
        """All tags by name."""
        return {name: _tag(info) for name, info in _eider.tags(self._dataset._native).items()}

    def list_ordered(self, order: str | None = None) -> _Tags:
        """All tags by version: ``"desc"`` (also None) has the newest first, ``"asc"`` the oldest."""
        tags = self.list()
        return _ordered(tags, {name: tag["version"] for name, tag in tags.items()}, order)

    def get_version(self, tag: str) -> int:
        """The number of the version that a tag names. Raises NotFoundError."""
        return _eider.tag(self._dataset._native, _text("tag", tag)).version

    def create(self, tag: str, reference: VersionLike | None = None) -> None:
        """Name a version. Durable and all at once: nobody sees half a tag.

        Raises:
            AlreadyExistsError: there is a tag of that name.
            InvalidError: the name is not letters, digits, ``.``, ``-`` and ``_``, begins or ends with a dot, has two in a row, or ends with
                ``.lock``.
            NotFoundError: there is no such version, tag or branch.
        """
        _eider.create_tag(self._dataset._native, _text("tag", tag), reference_of("tags.create", reference))

    def update(self, tag: str, reference: VersionLike | None = None) -> None:
        """Let a tag name another version. Raises NotFoundError."""
        _eider.update_tag(self._dataset._native, _text("tag", tag), reference_of("tags.update", reference))

    def delete(self, tag: str) -> None:
        """Remove a tag; the version stays until it is cleaned up. Raises NotFoundError."""
        _eider.delete_tag(self._dataset._native, _text("tag", tag))

    def replace_metadata(self, tag: str, metadata: Mapping[str, str]) -> None:
        """Replace the key-value metadata of a tag. What it names, and since when, stays."""
        _eider.set_tag_metadata(self._dataset._native, _text("tag", tag), _pairs(metadata))


class Branches:
    """The branches of a dataset, whichever is open; ``create_branch`` makes one."""

    def __init__(self, dataset: DatasetHistory) -> None:
        self._dataset = dataset

    def list(self) -> dict[str, Branch]:
        """All branches but the main one, by name."""
        return {name: _branch(info) for name, info in _eider.branches(self._dataset._native).items()}

    def list_ordered(self, order: str | None = None) -> _Branches:
        """All branches by the version that they began at: ``"desc"`` (also None) has the newest first, ``"asc"`` the oldest."""
        branches = self.list()
        return _ordered(branches, {name: branch["parent_version"] for name, branch in branches.items()}, order)

    def delete(self, branch: str) -> None:
        """Remove a branch with its versions and files.

        Raises:
            NotFoundError: there is no such branch.
            ConflictError: a tag names a version of it, or another branch began on it.
        """
        _eider.delete_branch(self._dataset._native, _text("branch", branch))

    def replace_metadata(self, branch: str, metadata: Mapping[str, str]) -> None:
        """Replace the key-value metadata of a branch."""
        _eider.set_branch_metadata(self._dataset._native, _text("branch", branch), _pairs(metadata))
