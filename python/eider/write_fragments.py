"""Writes data files for a commit that another makes."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

from . import _eider
from .arguments import count_of, file_version_of, hint_of, refuse, storage_options_of, uri_of
from .bases import DatasetBasePath, native_bases, target_names
from .error import InvalidError
from .fragment_metadata import FragmentMetadata
from .ingest import ReaderLike, open_reader
from .progress import ProgressLike, observer_of
from .session import Session, native_session
from .transaction import LanceOperation, Transaction
from .transaction_message import transaction_of

if TYPE_CHECKING:
    import pyarrow as pa

    from .dataset import LanceDataset

__all__ = ["DEFAULT_MAX_BYTES_PER_FILE", "create_fragment", "write_fragments"]

_MODES = {"create": _eider.WriteMode.CREATE, "append": _eider.WriteMode.APPEND, "overwrite": _eider.WriteMode.OVERWRITE}
DEFAULT_MAX_BYTES_PER_FILE = 90 * 1024**3


def _write(where: str, data: Any, uri: str, schema: Any, mode: str, version: str | None, session: Any, **limits: Any) -> Transaction:
    if mode not in _MODES:
        raise InvalidError(f"{where}: mode must be 'create', 'append' or 'overwrite', got {mode!r}")
    reader = open_reader(data, schema)
    return transaction_of(_eider.write_uncommitted(reader, uri, _MODES[mode], file_version_of(version), session=session, **limits))


def _fragments(transaction: Transaction) -> list[FragmentMetadata]:
    operation = transaction.operation
    assert isinstance(operation, (LanceOperation.Append, LanceOperation.Overwrite))
    return list(operation.fragments)


def write_fragments(
    data: ReaderLike,
    dataset_uri: str | PathLike[str] | LanceDataset,
    schema: pa.Schema | None = None,
    *,
    return_transaction: bool = False,
    mode: str = "append",
    max_rows_per_file: int = 1024 * 1024,
    max_rows_per_group: int | None = 1024,
    max_bytes_per_file: int = DEFAULT_MAX_BYTES_PER_FILE,
    data_cache_bytes: int | None = None,
    max_page_bytes: int | None = None,
    progress: ProgressLike | None = None,
    data_storage_version: str | None = None,
    use_legacy_format: bool | None = None,
    storage_options: dict[str, str] | None = None,
    enable_stable_row_ids: bool = False,
    target_bases: list[str] | None = None,
    target_all_bases: bool | None = None,
    initial_bases: list[DatasetBasePath] | None = None,
    base_store_params: dict[str, dict[str, str]] | None = None,
    external_blob_mode: str = "reference",
    allow_external_blob_outside_bases: bool = False,
    namespace_client: object = None,
    table_id: list[str] | None = None,
    session: Session | None = None,
) -> list[FragmentMetadata] | Transaction:
    """Write data files for fragments of a dataset, without a commit; arguments as of ``write_dataset``.

    ``LanceDataset.commit`` with ``LanceOperation.Append`` (or ``Overwrite``) adds the fragments. Until then the files are orphans.

    Args:
        data: What to write.
        dataset_uri: The dataset, or where it is or will be.
        schema: Schema to cast the data to.
        return_transaction: Return a ``Transaction`` for ``LanceDataset.commit`` instead of the fragments.
        progress: As in ``write_dataset``.
        initial_bases, target_bases, target_all_bases: As in ``write_dataset``. A dataset that these fragments are to make needs the same
            ``initial_bases`` in its ``LanceOperation.Overwrite``: return the transaction.
        mode: ``"append"``: the data must fit the schema of the dataset, if there is one. ``"create"`` and ``"overwrite"``: fields get
            new ids.
        enable_stable_row_ids: Means nothing here: the commit gives row ids where the dataset has them.

    Returns:
        The fragments, whose ids are 0 until the commit gives them others; none for no rows.
    """
    from .dataset import LanceDataset

    storage_options_of("write_fragments", storage_options)
    refuse(
        "write_fragments",
        use_legacy_format=use_legacy_format,
        base_store_params=base_store_params,
        external_blob_mode=None if external_blob_mode == "reference" else external_blob_mode,
        allow_external_blob_outside_bases=allow_external_blob_outside_bases,
        namespace_client=namespace_client,
        table_id=table_id,
    )
    is_open = isinstance(dataset_uri, LanceDataset)
    uri = dataset_uri._native.location if isinstance(dataset_uri, LanceDataset) else uri_of(dataset_uri)
    shared = dataset_uri._native.session() if isinstance(dataset_uri, LanceDataset) and is_open and session is None else native_session(session)
    hint_of("write_fragments", "data_cache_bytes", data_cache_bytes)
    limits: dict[str, Any] = {
        "max_rows_per_file": count_of("write_fragments", "max_rows_per_file", max_rows_per_file, least=1) or 1,
        "max_bytes_per_file": count_of("write_fragments", "max_bytes_per_file", max_bytes_per_file, least=1) or 1,
    }
    limits |= {
        "initial_bases": native_bases("write_fragments", initial_bases),
        "target_bases": target_names("write_fragments", target_bases),
        "target_all_bases": target_all_bases,
        "progress": observer_of("write_fragments", progress),
    }
    if max_page_bytes is not None:
        limits["max_page_bytes"] = count_of("write_fragments", "max_page_bytes", max_page_bytes, least=1) or 1
    transaction = _write("write_fragments", data, uri, schema, mode, data_storage_version, shared, **limits)
    return transaction if return_transaction else _fragments(transaction)


def create_fragment(
    dataset_uri: str | PathLike[str],
    data: ReaderLike,
    fragment_id: int | None = None,
    schema: pa.Schema | None = None,
    max_rows_per_group: int | None = 1024,
    progress: ProgressLike | None = None,
    mode: str = "append",
    *,
    data_storage_version: str | None = None,
    use_legacy_format: bool | None = None,
    storage_options: dict[str, str] | None = None,
    namespace_client: object = None,
    table_id: list[str] | None = None,
    session: Session | None = None,
) -> FragmentMetadata:
    """Write data as one fragment of a dataset, without a commit; see ``write_fragments``. Raises InvalidError for no rows."""
    storage_options_of("LanceFragment.create", storage_options)
    refuse(
        "LanceFragment.create",
        use_legacy_format=use_legacy_format,
        namespace_client=namespace_client,
        table_id=table_id,
    )
    observer = observer_of("LanceFragment.create", progress)
    limits: dict[str, Any] = {"max_rows_per_file": 2**32 - 1, "max_bytes_per_file": 2**62, "progress": observer}
    uri = uri_of(dataset_uri)
    transaction = _write("LanceFragment.create", data, uri, schema, mode, data_storage_version, native_session(session), **limits)
    fragments = _fragments(transaction)
    if len(fragments) != 1:
        raise InvalidError(f"LanceFragment.create: the data make {len(fragments)} fragments; one needs at least a row and at most 2**32 - 1")
    fragments[0].id = fragment_id or 0
    return fragments[0]
