"""Commits of what workers did, and the transactions of versions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from os import PathLike
from typing import TYPE_CHECKING, Any, TypedDict

from . import _eider
from .arguments import (
    DurabilityName,
    IsolationName,
    count_of,
    durability_of,
    is_serializable,
    refuse,
    storage_options_of,
    uri_of,
    version_of,
)
from .error import UnsupportedError
from .transaction import LanceOperation, Transaction
from .transaction_message import message_of, transaction_of

if TYPE_CHECKING:
    from .dataset import LanceDataset

__all__ = ["LANCE_COMMIT_MESSAGE_KEY", "BulkCommitResult", "DatasetCommits"]

#: Of ``transaction_properties``, what ``commit_message`` becomes.
LANCE_COMMIT_MESSAGE_KEY = "__lance_commit_message"
_TIMEOUT = timedelta(minutes=30)


class BulkCommitResult(TypedDict):
    """What ``commit_batch`` answers."""

    dataset: LanceDataset
    merged: Transaction


def _target_of(base: Any) -> tuple[str, Any, bool]:
    """Where to commit, the session, and whether the transaction is a serializable one."""
    if isinstance(base, DatasetCommits):
        return base._native.location, base._native.session(), base._native.is_serializable
    return uri_of(base), None, False


def commit_prepared(uri: str, transaction: Transaction, *, must_create: bool) -> LanceDataset:
    """Commit; with ``must_create``, only where there is no dataset yet. Raises AlreadyExistsError where there is one."""
    return _commit(uri, transaction, None, False, 20, None, None, must_create)


def _commit(
    base: Any,
    transaction: Transaction,
    v2_paths: bool | None,
    detached: bool | None,
    max_retries: int,
    stable_row_ids: bool | None,
    durability: DurabilityName | None,
    must_create: bool = False,
    isolation: IsolationName | None = None,
    storage_options: dict[str, str] | None = None,
) -> LanceDataset:
    from .dataset import LanceDataset

    uri, session, serializable = _target_of(base)
    native = _eider.commit_transaction(
        uri,
        message_of(transaction),
        max_retries=min(count_of("commit", "max_retries", max_retries) or 0, 2**31),
        detached=bool(detached),
        enable_v2_manifest_paths=v2_paths is not False,
        enable_stable_row_ids=bool(stable_row_ids),
        durability=durability_of(durability),
        session=session,
        unchanged=serializable or is_serializable(isolation),
        must_create=must_create,
        through=base._native if isinstance(base, LanceDataset) else None,
    )
    made = LanceDataset._wrap(native.serializable() if serializable else native)
    made._keep_options(base._storage_options if isinstance(base, LanceDataset) and storage_options is None else storage_options)
    return made


class DatasetCommits:
    """The part of a dataset that commits what others prepared, and tells how versions were made."""

    _native: _eider.Dataset

    @staticmethod
    def commit(
        base_uri: str | PathLike[str] | LanceDataset,
        operation: LanceOperation.BaseOperation | Transaction,
        read_version: int | None = None,
        commit_lock: object = None,
        storage_options: dict[str, str] | None = None,
        enable_v2_manifest_paths: bool | None = None,
        detached: bool | None = False,
        max_retries: int = 20,
        *,
        commit_message: str | None = None,
        enable_stable_row_ids: bool | None = None,
        namespace_client: object = None,
        table_id: list[str] | None = None,
        namespace_client_managed_versioning: bool = False,
        base_store_params: dict[str, dict[str, str]] | None = None,
        commit_timeout: timedelta | None = _TIMEOUT,
        durability: DurabilityName | None = None,
        isolation: IsolationName | None = None,
    ) -> LanceDataset:
        """Commit an operation whose data files workers have written, and return the dataset at the new version.

        Args:
            base_uri: The dataset, or where it is; an ``Overwrite`` makes it where there is none. To a dataset opened with
                ``isolation="serializable"`` nothing is committed when others changed rows since ``read_version``.
            operation: What was done, one of ``LanceOperation``, or a ``Transaction``, which names the version it was made from.
            read_version: The version that the operation was made from. Not needed for ``Overwrite`` and ``Restore``.
            detached: Make a version beside the line, which only its number finds. It may follow a detached one, which nothing else may:
                every change through a dataset at a detached version is refused.
            max_retries: Attempts while other writers are faster.
            commit_message: Recorded with the transaction; of a ``Transaction``, its properties hold it.
            enable_v2_manifest_paths, enable_stable_row_ids: Of a dataset that the commit makes.
            durability: ``"full"`` or ``"none"``, as in ``write_dataset``.
            isolation: ``"serializable"``: nothing is committed when others changed rows since ``read_version``, as with a dataset
                that was opened so.
            commit_timeout: Not observed: an attempt takes milliseconds, and ``max_retries`` bounds them.
            storage_options: Options of network stores; a local folder has none to heed.
            commit_lock, namespace_client, table_id, namespace_client_managed_versioning, base_store_params: Not
                supported yet.

        Raises:
            InvalidError: the operation does not fit the dataset.
            NotFoundError: there is no dataset or version of that name.
            ConflictError, RetryableConflictError: other writers were in the way.
        """
        refuse(
            "commit",
            commit_lock=commit_lock,
            namespace_client=namespace_client,
            table_id=table_id,
            namespace_client_managed_versioning=namespace_client_managed_versioning,
            base_store_params=base_store_params,
        )
        storage_options_of("commit", storage_options)
        if isinstance(operation, Transaction):
            if commit_message is not None:
                raise ValueError("commit: a Transaction holds its message in its properties; commit_message goes with operations")
            transaction = operation
        elif isinstance(operation, LanceOperation.BaseOperation):
            if read_version is None and not isinstance(operation, (LanceOperation.Overwrite, LanceOperation.Restore)):
                raise ValueError("read_version is required for all operations except Overwrite and Restore")
            properties = {} if commit_message is None else {LANCE_COMMIT_MESSAGE_KEY: commit_message}
            transaction = Transaction(version_of("commit", "read_version", read_version) or 0, operation, transaction_properties=properties)
        else:
            raise TypeError(f"operation must be a LanceOperation.BaseOperation or Transaction, got {type(operation)}")
        return _commit(base_uri, transaction, enable_v2_manifest_paths, detached, max_retries, enable_stable_row_ids, durability, isolation=isolation, storage_options=storage_options)

    @staticmethod
    def commit_batch(
        dest: str | PathLike[str] | LanceDataset,
        transactions: Sequence[Transaction],
        commit_lock: object = None,
        storage_options: dict[str, str] | None = None,
        enable_v2_manifest_paths: bool | None = None,
        detached: bool | None = False,
        max_retries: int = 20,
        base_store_params: dict[str, dict[str, str]] | None = None,
        commit_timeout: timedelta | None = _TIMEOUT,
    ) -> BulkCommitResult:
        """Commit several appends as one version; arguments as of ``commit``.

        Returns:
            ``{"dataset": LanceDataset, "merged": Transaction}``
        """
        storage_options_of("commit_batch", storage_options)
        refuse("commit_batch", commit_lock=commit_lock, base_store_params=base_store_params)
        given = list(transactions)
        if not given:
            raise ValueError("commit_batch: there are no transactions")
        fragments = []
        for transaction in given:
            if not isinstance(transaction, Transaction):
                raise TypeError(f"commit_batch: expected a Transaction, got {type(transaction).__name__}")
            if not isinstance(transaction.operation, LanceOperation.Append):
                raise UnsupportedError(f"commit_batch: only appends are committed together, got {type(transaction.operation).__name__}")
            fragments += list(transaction.operation.fragments)
        merged = Transaction(min(t.read_version for t in given), LanceOperation.Append(fragments))
        dataset = _commit(dest, merged, enable_v2_manifest_paths, detached, max_retries, None, None, storage_options=storage_options)
        return {"dataset": dataset, "merged": merged}

    def read_transaction(self, version: int) -> Transaction | None:
        """The transaction that made ``version``; None where it is not kept. Raises NotFoundError when there is no such version."""
        message = self._native.read_transaction(version)
        return None if message is None else transaction_of(message)

    def get_transactions(self, recent_transactions: int = 10) -> list[Transaction | None]:
        """The transactions that made this version and those before it, the latest first."""
        count = count_of("get_transactions", "recent_transactions", recent_transactions) or 0
        versions = [info.version for info in self._native.versions() if info.version <= self._native.version]
        return [self.read_transaction(version) for version in versions[::-1][:count]]
