"""Writes datasets."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

from . import _eider
from .arguments import (
    DurabilityName,
    IsolationName,
    column_options_of,
    count_of,
    durability_of,
    file_version_of,
    hint_of,
    is_compact,
    is_serializable,
    refuse,
    storage_options_of,
    text_of,
    texts_of,
    uri_of,
)
from .bases import DatasetBasePath, native_bases, target_names
from .cleanup import AutoCleanupConfig, auto_cleanup_entries
from .commits import LANCE_COMMIT_MESSAGE_KEY
from .dataset import LanceDataset
from .error import AlreadyExistsError, InvalidError, NotFoundError
from .ingest import ReaderLike, open_reader
from .progress import ProgressLike, observer_of
from .session import Session, native_session
from .versions import warn_of_torn_versions

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["write_dataset"]

_MODES = {
    "create": _eider.WriteMode.CREATE,
    "append": _eider.WriteMode.APPEND,
    "overwrite": _eider.WriteMode.OVERWRITE,
}


def _external_blobs(mode: str, allow_outside: bool) -> _eider.ExternalBlobs:
    if mode == "ingest":
        if allow_outside:
            raise InvalidError('allow_external_blob_outside_bases: external_blob_mode="ingest" keeps no URIs')
        return _eider.ExternalBlobs.INGEST
    if mode != "reference":
        raise InvalidError(f"external_blob_mode must be 'reference' or 'ingest', got {mode!r}")
    return _eider.ExternalBlobs.REFERENCE if allow_outside else _eider.ExternalBlobs.REFUSE


def _config_of_new(target: str, mode: str, session: Any, options: AutoCleanupConfig | None) -> dict[str, str]:
    """What ``auto_cleanup_options`` set where the dataset is made; one that exists keeps its own."""
    if options is None:
        return {}
    entries = auto_cleanup_entries(options)
    if mode == "create":
        return entries
    try:
        config = _eider.open_dataset(target, None, session).config()
    except NotFoundError:
        return entries
    if differ := {key: value for key, value in entries.items() if config.get(key) != value}:
        warnings.warn(
            f"write_dataset: auto_cleanup_options are for a new dataset; this one keeps its configuration, without {differ}: "
            "optimize.enable_auto_cleanup() changes it",
            UserWarning,
            stacklevel=3,
        )
    return {}


def write_dataset(
    data_obj: ReaderLike,
    uri: str | PathLike[str] | LanceDataset | None = None,
    schema: pa.Schema | None = None,
    mode: str = "create",
    *,
    max_rows_per_file: int = 1024 * 1024,
    max_rows_per_group: int = 1024,
    max_bytes_per_file: int = 90 * 1024**3,
    data_cache_bytes: int | None = None,
    max_page_bytes: int | None = None,
    commit_lock: object = None,
    progress: ProgressLike | None = None,
    storage_options: dict[str, str] | None = None,
    data_storage_version: str | None = None,
    use_legacy_format: bool | None = None,
    enable_v2_manifest_paths: bool = True,
    enable_stable_row_ids: bool = False,
    auto_cleanup_options: AutoCleanupConfig | None = None,
    commit_message: str | None = None,
    transaction_properties: dict[str, str] | None = None,
    initial_bases: list[DatasetBasePath] | None = None,
    target_bases: list[str] | None = None,
    target_all_bases: bool | None = None,
    base_store_params: dict[str, dict[str, str]] | None = None,
    external_blob_mode: Literal["reference", "ingest"] = "reference",
    allow_external_blob_outside_bases: bool = False,
    blob_pack_file_size_threshold: int | None = None,
    namespace_client: object = None,
    table_id: list[str] | None = None,
    session: Session | None = None,
    durability: DurabilityName | None = None,
    checksums: bool = True,
    table_metadata: dict[str, str] | None = None,
    profile: Literal["fast", "compact"] = "fast",
    column_options: Mapping[str, Mapping[str, object]] | None = None,
    isolation: IsolationName | None = None,
) -> LanceDataset:
    """Write data as a new dataset, or as a new version of one, and return it.

    Args:
        data_obj: pyarrow Table, RecordBatch, RecordBatchReader, Dataset or Scanner; polars or pandas frames; a DuckDB
            relation; a list of dicts or a dict of lists; an iterator of batches; anything with ``__arrow_c_stream__`` or
            ``__arrow_c_array__``. A stream is written as it comes: memory stays within the session's limit.
        uri: Path of the dataset's folder, a ``file://`` or ``memory://`` URI, or a LanceDataset (whose session is used).
        schema: Schema to cast the data to; the column names must be the same.
        mode: ``"create"`` (the dataset must not exist; at a ``memory://`` URI it is made anew, and who has the old one open keeps that),
            ``"append"`` or ``"overwrite"``. Appended data may lack nullable
            columns (they become null) and may order columns differently.
        max_rows_per_file, max_bytes_per_file: When to begin the next fragment.
        max_rows_per_group: Shapes files of version 0.1 only, which are not written.
        data_storage_version: ``"2.2"``, ``"2.1"`` or ``"2.0"``; None or ``"stable"``: 2.2 for a new dataset, the dataset's own when
            appending.
        enable_v2_manifest_paths: Name manifests so that the latest sorts first.
        enable_stable_row_ids: Give rows ids that survive compaction.
        commit_message, transaction_properties: Recorded with the transaction.
        session: Session whose memory and threads to use.
        durability: ``"full"`` syncs data, transaction and manifest before returning; ``"none"`` leaves it to the
            operating system; None: the environment variable EIDER_DURABILITY, else full.
        checksums: Keep checksums and page statistics in the new data files; other engines ignore them.
        external_blob_mode: What becomes of blobs given as URIs: ``"reference"`` keeps the URI, ``"ingest"`` reads and stores the bytes.
        allow_external_blob_outside_bases: Allow references: the objects lie outside the dataset, which then cannot vouch for them.
        blob_pack_file_size_threshold: Bytes of a file that blobs share at most, whatever their fields ask for.
        table_metadata: Key-value metadata of the table, set when it is created. Refused for a dataset that exists.
        max_page_bytes: Largest page, in bytes of its rows before they are encoded.
        profile: ``"fast"`` puts random access first; ``"compact"`` puts size first: Zstandard in larger chunks, dictionaries
            and byte-stream-split where they pay.
        column_options: By column (``"name"``, ``"struct.child"``, ``"list.item"``): ``profile`` and the keys of
            ``lance-encoding:*`` without their prefix, such as ``{"name": {"compression": "zstd", "compression-level": 9}}``.
            They win over the field's metadata and are not stored with the schema.
        isolation: ``"serializable"``, with a LanceDataset as the target (which may have been opened so): the write stands only while nobody
            changed a row since that dataset's version, from which the rows were derived. A path alone was not read from.
        auto_cleanup_options: ``{"interval": 20, "older_than_seconds": 1209600}``: after every 20th commit by any engine, versions older
            than two weeks are cleaned up. Set when the dataset is created; one that exists keeps its own, with a UserWarning where they differ.
        initial_bases: Places besides the dataset's own folder that a new dataset begins with; ``LanceDataset.add_bases`` adds more.
        target_bases: Where the new data files go, one after the other in turn: names or paths of base paths that the dataset has (or
            begins with), or its own ``uri``. Deletion files and files of added columns lie in its own folders.
        target_all_bases: All base paths in turn; True: and the dataset's own folder, first.
        progress: Is told of each data file: ``begin(fragment)`` and ``complete(fragment)`` of an ``eider.progress.FragmentWriteProgress``
            (the second with the rows and the size of the file), or a function that is called with each fragment that is whole.
        data_cache_bytes: A hint, taken without effect: the memory limit of the session rules.
        storage_options: Options of network stores; a local folder has none to heed.
        commit_lock, use_legacy_format, base_store_params, namespace_client, table_id: Not supported yet.

    Raises:
        AlreadyExistsError: the dataset exists and the mode is ``"create"``.
        InvalidError: the data does not fit the schema of the dataset.
        ConflictError, RetryableConflictError: other writers were in the way.
        UnsupportedError: a type or an argument comes in a later version.
    """
    storage_options_of("write_dataset", storage_options)
    refuse(
        "write_dataset",
        commit_lock=commit_lock,
        use_legacy_format=use_legacy_format,
        base_store_params=base_store_params,
        namespace_client=namespace_client,
        table_id=table_id,
    )
    hint_of("write_dataset", "data_cache_bytes", data_cache_bytes)
    if uri is None:
        raise InvalidError("write_dataset: uri is missing")
    mode = mode.lower() if isinstance(mode, str) else mode
    if mode not in _MODES:
        raise InvalidError(f"mode must be 'create', 'append' or 'overwrite', got {mode!r}")
    target = uri._native.location if isinstance(uri, LanceDataset) else uri_of(uri)
    shared = uri._native.session() if isinstance(uri, LanceDataset) and session is None else native_session(session)
    properties = texts_of("write_dataset: transaction_properties", transaction_properties)
    if commit_message is not None:
        properties[LANCE_COMMIT_MESSAGE_KEY] = text_of("write_dataset: commit_message", commit_message)
    limits: dict[str, Any] = {
        "max_rows_per_file": count_of("write_dataset", "max_rows_per_file", max_rows_per_file, least=1),
        "max_bytes_per_file": count_of("write_dataset", "max_bytes_per_file", max_bytes_per_file, least=1),
    }
    if max_page_bytes is not None:
        limits["max_page_bytes"] = count_of("write_dataset", "max_page_bytes", max_page_bytes, least=1)
    serializable = is_serializable(isolation)
    unchanged_since = None
    if isinstance(uri, LanceDataset) and mode != "create" and (serializable or uri._native.is_serializable or uri.version >> 63):
        unchanged_since = uri.version
    # Rows for a table that another one replaced are not for that one.
    means = max(uri.version, uri._appended_to) if isinstance(uri, LanceDataset) and uri.version >> 63 == 0 else None
    try:
        native = _eider.write_dataset(
            open_reader(data_obj, schema),
            target,
            _MODES[mode],
            "" if mode == "append" and data_storage_version == "stable" else file_version_of(data_storage_version),
            **limits,
            checksums=bool(checksums),
            enable_v2_manifest_paths=enable_v2_manifest_paths,
            enable_stable_row_ids=enable_stable_row_ids,
            transaction_properties=properties,
            table_metadata=texts_of("write_dataset: table_metadata", table_metadata),
            config=_config_of_new(target, mode, shared, auto_cleanup_options),
            external_blobs=_external_blobs(external_blob_mode, allow_external_blob_outside_bases),
            blob_pack_file_bytes=count_of(
                "write_dataset", "blob_pack_file_size_threshold", blob_pack_file_size_threshold, least=1
            )
            or 0,
            compact=is_compact(profile),
            column_options=column_options_of(column_options),
            durability=durability_of(durability),
            session=shared,
            unchanged_since=unchanged_since,
            not_overwritten_since=means,
            initial_bases=native_bases("write_dataset", initial_bases),
            target_bases=target_names("write_dataset", target_bases),
            target_all_bases=target_all_bases,
            progress=observer_of("write_dataset", progress),
            through=uri._native if isinstance(uri, LanceDataset) else None,
        )
    except AlreadyExistsError as error:
        hint = 'mode="overwrite" (command line: --mode overwrite) replaces it, "append" adds to it'
        raise AlreadyExistsError(f"{error}; {hint}") from None
    if isinstance(uri, LanceDataset):
        uri._appended_to = native.version
    warn_of_torn_versions(native, stacklevel=2)
    made = LanceDataset._wrap(native.serializable() if isinstance(uri, LanceDataset) and uri._native.is_serializable else native)
    made._keep_options(uri._storage_options if isinstance(uri, LanceDataset) and storage_options is None else storage_options)
    return made
