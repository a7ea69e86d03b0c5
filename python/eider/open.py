"""Opens datasets."""

from __future__ import annotations

from datetime import datetime
from os import PathLike
from typing import Any

from .arguments import IsolationName, refuse
from .dataset import LanceDataset
from .error import InvalidError
from .session import Session
from .versions import VersionLike, version_at

__all__ = ["dataset"]


def dataset(
    uri: str | PathLike[str] | None = None,
    version: VersionLike | None = None,
    asof: datetime | str | None = None,
    block_size: int | None = None,
    commit_lock: object = None,
    index_cache_size: int | None = None,
    storage_options: dict[str, str] | None = None,
    default_scan_options: dict[str, Any] | None = None,
    metadata_cache_size_bytes: int | None = None,
    index_cache_size_bytes: int | None = None,
    read_params: dict[str, Any] | None = None,
    session: Session | None = None,
    namespace_client: object = None,
    table_id: list[str] | None = None,
    base_store_params: dict[str, dict[str, str]] | None = None,
    isolation: IsolationName | None = None,
) -> LanceDataset:
    """Open a dataset.

    Args:
        uri: Path of the dataset's folder, a ``file://`` or a ``memory://`` URI.
        version: Version to open: a number, a tag, or ``(branch, number)``; None: the latest.
        asof: Open the version that was the latest at this time (a datetime, or ISO text; local time without a zone).
        isolation: ``"serializable"``: what is written through this dataset stands only while nobody changed a row since its version, and is
            not run again: what was read decided it (``docs/guide/transactions.md``).
        default_scan_options, session and the rest: As in ``LanceDataset``.

    Raises:
        NotFoundError: there is no dataset, or no such version.
    """
    if uri is None:
        refuse("dataset", namespace_client=namespace_client, table_id=table_id)
        raise InvalidError("dataset: uri is missing")
    if asof is not None and version is not None:
        raise InvalidError(f"dataset: version={version!r} and asof={asof!r} are given; one of them names a version")
    opened = LanceDataset(
        uri,
        version,
        block_size=block_size,
        index_cache_size=index_cache_size,
        commit_lock=commit_lock,
        storage_options=storage_options,
        default_scan_options=default_scan_options,
        metadata_cache_size_bytes=metadata_cache_size_bytes,
        index_cache_size_bytes=index_cache_size_bytes,
        read_params=read_params,
        session=session,
        namespace_client=namespace_client,
        table_id=table_id,
        base_store_params=base_store_params,
        isolation=isolation,
    )
    if asof is None:
        return opened
    return opened.checkout_version(version_at(opened.versions(), asof))
