"""A dataset over time: versions, tags, branches, clones, cleanup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from os import PathLike
from typing import TYPE_CHECKING, Any, cast

from . import _eider
from .arguments import count_of, storage_options_of, uri_of
from .bases import DatasetBasePath, native_bases
from .cleanup import CleanupExplanation, CleanupStats, explanation_of, stats_of
from .delta import DatasetDelta, delta_of
from .error import InvalidError
from .refs import Branches, Tags
from .versions import Version, VersionLike, VersionRef, reference_of, version_dict, warn_of_torn_versions

if TYPE_CHECKING:
    from typing_extensions import Self

    from .dataset import LanceDataset

__all__ = ["DatasetHistory"]

#: Microseconds; nanoseconds since 1970 reach no further back.
_LONGEST = 9 * 10**15


def _retention(
    where: str,
    older_than: timedelta | None,
    retain_versions: int | None,
    versions: Sequence[int] | None,
    delete_unverified: bool,
    error_if_tagged: bool,
) -> tuple[int | None, int | None, list[int] | None, bool, bool]:
    """What says which versions may go, as the engine takes it."""
    return (
        _microseconds(where, older_than),
        count_of(where, "retain_versions", retain_versions, least=1),
        None if versions is None else [count_of(where, "versions", number) or 0 for number in versions],
        bool(delete_unverified),
        bool(error_if_tagged),
    )


def _microseconds(where: str, older_than: timedelta | None) -> int | None:
    if older_than is None:
        return None
    if not isinstance(older_than, timedelta):
        raise TypeError(f"{where}: older_than must be a timedelta, got {type(older_than).__name__}")
    return min(max(0, older_than // timedelta(microseconds=1)), _LONGEST)


class DatasetHistory:
    """The part of a dataset that goes back in time, and forgets."""

    _native: _eider.Dataset
    _defaults: dict[str, Any]
    _storage_options: dict[str, str] | None

    @classmethod
    def _wrap(cls, native: _eider.Dataset, defaults: dict[str, Any] | None = None) -> Self:
        made = cls.__new__(cls)
        made._native = native
        made._defaults = dict(defaults or {})
        return made

    def _like(self, native: _eider.Dataset, defaults: dict[str, Any] | None = None) -> Self:
        """Another version, or the same, with the options of this dataset."""
        made = self._wrap(native, self._defaults if defaults is None else defaults)
        made._storage_options = self._storage_options
        return made

    def delta(
        self, compared_against: int | None = None, *, begin_version: int | None = None, end_version: int | None = None
    ) -> DatasetDelta:
        """What changed after one version up to another: rows inserted, updated and deleted. Needs stable row ids.

        Args:
            compared_against: The earlier version; the later one is this dataset's.
            begin_version, end_version: Both versions, in the place of ``compared_against``.
        """
        return delta_of(cast("LanceDataset", self), compared_against, begin_version, end_version)

    def checkout_version(self, version: VersionLike) -> Self:
        """The dataset as it was at ``version``.

        Args:
            version: A number on this branch, the name of a tag, or ``(branch, number)``: a branch of None or ``"main"`` is the main
                one, a number of None its latest version.

        Raises:
            NotFoundError: there is no such version, tag or branch.
        """
        if version is None:
            raise InvalidError("checkout_version: version is None")
        return self._like(_eider.checkout(self._native, reference_of("checkout_version", version)))

    def checkout_latest(self) -> None:
        """Move to the latest version of this branch."""
        self._native = self._native.checkout_latest()
        warn_of_torn_versions(self._native, stacklevel=2)

    def restore(self) -> None:
        """Make the contents of this version the latest version again: a new commit, to which the dataset moves.

        It stands whatever others commit meanwhile. Nothing is lost: the versions between stay.
        """
        self._native = _eider.restore(self._native)

    def versions(self) -> list[Version]:
        """All versions of this branch, oldest first, as dicts with ``version``, ``timestamp`` (local time) and ``metadata``."""
        return [version_dict(info) for info in self._native.versions()]

    def get_version(self) -> Version:
        """This version, as ``versions`` tells of it; reads nothing."""
        return version_dict(_eider.version_info(self._native))

    def version_refs(self) -> list[VersionRef]:
        """The numbers of all versions of this branch, oldest first; reads no manifest."""
        return [{"version": number} for number in _eider.version_numbers(self._native)]

    @property
    def branch(self) -> str | None:
        """The branch that is open; None: the main one."""
        return _eider.branch(self._native)

    @property
    def tags(self) -> Tags:
        """Names for versions: ``ds.tags.create("v1")``, ``ds.checkout_version("v1")``."""
        return Tags(self)

    @property
    def branches(self) -> Branches:
        """The branches: ``ds.branches.list()``, ``ds.branches.delete("trial")``."""
        return Branches(self)

    def create_branch(
        self, branch: str, reference: VersionLike | None = None, storage_options: dict[str, str] | None = None
    ) -> Self:
        """Begin a branch, and open it. Its versions go on from there; nothing that is written to it is seen on others.

        Data is not copied: the branch lies in ``tree/<branch>/`` of the dataset, and reads the files that it has from before in their place.

        Args:
            branch: Its name: letters, digits, ``.``, ``-``, ``_``, and ``/`` between parts.
            reference: Where it begins, as in ``checkout_version``; None: at this version.
            storage_options: Options of network stores; a local folder has none to heed.

        Raises:
            AlreadyExistsError, InvalidError (for the name), NotFoundError (for the reference).
        """
        storage_options_of("create_branch", storage_options)
        if not isinstance(branch, str):
            raise TypeError(f"the name of a branch is a str, got {type(branch).__name__}")
        return self._like(_eider.create_branch(self._native, branch, reference_of("create_branch", reference)))

    def shallow_clone(
        self,
        target_path: str | PathLike[str],
        reference: VersionLike | None,
        storage_options: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> Self:
        """Another dataset at ``target_path`` with the contents of a version. It reads the files of this one, and writes its own.

        This dataset does not know of it: tag the version, so that cleanup spares what the clone reads.

        Args:
            reference: As in ``checkout_version``; None: this version.
            kwargs: For opening the clone, as in ``LanceDataset``.
            storage_options: Options of network stores; a local folder has none to heed.
        """
        return self._clone("shallow_clone", target_path, reference, storage_options, kwargs, shallow=True)

    def deep_clone(
        self,
        target_path: str | PathLike[str],
        reference: VersionLike | None,
        storage_options: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> Self:
        """Another dataset at ``target_path`` with the contents of a version and copies of all its files; arguments as in ``shallow_clone``."""
        return self._clone("deep_clone", target_path, reference, storage_options, kwargs, shallow=False)

    def _clone(
        self,
        where: str,
        target_path: str | PathLike[str],
        reference: VersionLike | None,
        storage_options: dict[str, str] | None,
        kwargs: dict[str, Any],
        *,
        shallow: bool,
    ) -> Self:
        storage_options_of(where, storage_options)
        uri = uri_of(target_path)
        made = _eider.clone(self._native, uri, reference_of(where, reference), shallow)
        opens: Any = type(self)
        clone: Self = opens(uri, **kwargs) if kwargs else self._wrap(made)
        clone._storage_options = storage_options
        return clone

    def add_bases(self, new_bases: Iterable[DatasetBasePath], transaction_properties: dict[str, str] | None = None) -> Self:
        """Register more places for data files; writes use them when ``target_bases`` or ``target_all_bases`` say so.

        Args:
            new_bases: Places whose names and paths the dataset does not have yet. Ids are given by the dataset.
            transaction_properties: Recorded with the transaction.

        Returns:
            The dataset itself, at the new version.

        Raises:
            InvalidError: a path is relative, or a name or path is there already.
            ConflictError: another writer added the same name or path meanwhile.
        """
        self._native = self._native.add_bases(native_bases("add_bases", new_bases), dict(transaction_properties or {}))
        return self

    def base_paths(self) -> dict[int, DatasetBasePath]:
        """Other places where files of this version may lie, by id: those registered, and the sources of clones and branches."""
        return {
            base.id: DatasetBasePath(base.path, base.name, base.is_dataset_root, base.id)
            for base in _eider.base_paths(self._native)
        }

    @property
    def has_stable_row_ids(self) -> bool:
        """Whether rows keep their ids when they are moved."""
        return _eider.has_stable_row_ids(self._native)

    def cleanup_old_versions(
        self,
        older_than: timedelta | None = None,
        retain_versions: int | None = None,
        *,
        delete_unverified: bool = False,
        error_if_tagged_old_versions: bool = True,
        delete_rate_limit: int | None = None,
        versions: Sequence[int] | None = None,
        delete_concurrency: int | None = None,
    ) -> CleanupStats:
        """Remove old versions of this branch, and the files that no version needs any more.

        A version goes when every limit given allows it. This version, those after it, tagged ones, those that branches began at and
        read, and those open in this process stay. A shallow clone elsewhere is not known here: tag what it reads. What
        cannot be read stops it before anything is removed.

        Args:
            older_than: Younger versions stay. Two weeks when no limit is given.
            retain_versions: The newest so many stay.
            delete_unverified: Remove files that no version ever had even if they are younger than 7 days: only while nobody writes.
            error_if_tagged_old_versions: Raise InvalidError when a tag is all that keeps a version; False: keep it silently.
            delete_rate_limit: Most deletions in a second.
            versions: Only these may go.
            delete_concurrency: Accepted: local files are deleted one after the other.
        """
        where = "cleanup_old_versions"
        count_of(where, "delete_concurrency", delete_concurrency, least=1)
        removed = _eider.cleanup_old_versions(
            self._native,
            *_retention(where, older_than, retain_versions, versions, delete_unverified, error_if_tagged_old_versions),
            count_of(where, "delete_rate_limit", delete_rate_limit, least=1),
        )
        return stats_of(removed)

    def explain_cleanup_old_versions(
        self,
        older_than: timedelta | None = None,
        retain_versions: int | None = None,
        *,
        delete_unverified: bool = False,
        error_if_tagged_old_versions: bool = True,
        delete_rate_limit: int | None = None,
        versions: Sequence[int] | None = None,
        include_files: bool = False,
        max_files: int = 1000,
    ) -> CleanupExplanation:
        """What ``cleanup_old_versions`` would remove; arguments as there.

        Args:
            include_files: Name the files.
            max_files: So many at most.
        """
        where = "explain_cleanup_old_versions"
        count_of(where, "delete_rate_limit", delete_rate_limit, least=1)
        limit = count_of(where, "max_files", max_files, least=1) or 1
        explained = _eider.explain_cleanup(
            self._native,
            *_retention(where, older_than, retain_versions, versions, delete_unverified, error_if_tagged_old_versions),
        )
        return explanation_of(explained, self._native.location, bool(include_files), limit)
