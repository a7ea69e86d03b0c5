"""Manifests, schemas, fragments and transactions as text, for people who look for what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from . import _eider
from .arguments import count_of
from .bases import DatasetBasePath
from .debug_text import Call, Struct, Word, bytes_text, some, text_of
from .fragment import LanceFragment
from .fragment_metadata import DataFile, DeletionFile, FragmentMetadata, RowDatasetVersionMeta
from .message import MessageReader
from .schema import LanceField, LanceSchema
from .transaction import LanceOperation, Transaction

if TYPE_CHECKING:
    from .dataset import LanceDataset

__all__ = ["format_fragment", "format_manifest", "format_schema", "list_transactions"]

_FILE_TYPES = {"array": "Array", "bitmap": "Bitmap"}
_MODES = {"rewrite_rows": "RewriteRows", "rewrite_columns": "RewriteColumns"}
#: Operations that have no class.
_OTHERS = {
    103: "CreateIndex",
    104: "Rewrite",
    107: "ReserveFragments",
    112: "UpdateMemWalState",
    113: "Clone",
    114: "UpdateBases",
    115: "DataOverlay",
}
_KEY = "unenforced_primary_key_position"


def _encoding(logical_type: str) -> Word | None:
    if logical_type in ("struct", "null"):
        return None
    if logical_type in ("string", "binary", "large_string", "large_binary"):
        return Word("VarBinary")
    return Word("Dictionary" if logical_type.startswith("dict:") else "Plain")


def _field(field: LanceField, keys: Mapping[int, int]) -> Struct:
    return Struct(
        "Field",
        {
            "name": field.name(),
            "id": field.id(),
            "parent_id": field.parent_id,
            "logical_type": Call("LogicalType", field.logical_type),
            "metadata": field.metadata,
            "encoding": some(_encoding(field.logical_type)),
            "nullable": field.nullable,
            "children": [_field(child, keys) for child in field.children()],
            "dictionary": None,
            _KEY: some(keys.get(field.id())),
        },
    )


def _keys(schema: LanceSchema) -> dict[int, int]:
    """Positions of the fields of the primary key."""
    messages = [MessageReader(message) for message in _eider.field_messages(schema)]
    return {message.number(3): message.number(13) for message in messages if message.number(12)}


def _schema(schema: Any) -> Struct:
    native = schema if isinstance(schema, LanceSchema) else LanceSchema.from_pyarrow(schema)
    keys = _keys(native)
    return Struct("Schema", {"fields": [_field(field, keys) for field in native.fields()], "metadata": native.metadata})


def _data_file(file: DataFile) -> Struct:
    return Struct(
        "DataFile",
        {
            "path": file.path,
            "fields": file.fields,
            "column_indices": file.column_indices,
            "file_major_version": file.file_major_version,
            "file_minor_version": file.file_minor_version,
            "file_size_bytes": Call("CachedFileSize", file.file_size_bytes or 0),
            "base_id": some(file.base_id),
        },
    )


def _deletion_file(file: DeletionFile | None) -> Any:
    if file is None:
        return None
    fields = {
        "read_version": file.read_version,
        "id": file.id,
        "file_type": Word(_FILE_TYPES[file.file_type]),
        "num_deleted_rows": some(file.num_deleted_rows),
        "base_id": some(file.base_id),
    }
    return some(Struct("DeletionFile", fields))


def _inline(meta: Any) -> Any:
    if meta is None:
        return None
    return some(Call("Inline", meta.inline if isinstance(meta, RowDatasetVersionMeta) else Word(bytes_text(meta.inline))))


def _fragment(fragment: FragmentMetadata) -> Struct:
    return Struct(
        "Fragment",
        {
            "id": fragment.id,
            "files": [_data_file(file) for file in fragment.files],
            "overlays": fragment.overlays,
            "deletion_file": _deletion_file(fragment.deletion_file),
            "row_id_meta": _inline(fragment.row_id_meta),
            "physical_rows": some(fragment.physical_rows),
            "last_updated_at_version_meta": _inline(fragment.last_updated_at_version_meta),
            "created_at_version_meta": _inline(fragment.created_at_version_meta),
        },
    )


def _fragments(fragments: Iterable[FragmentMetadata]) -> list[Struct]:
    return [_fragment(fragment) for fragment in fragments]


def _base(base: DatasetBasePath) -> Struct:
    fields = {"id": base.id or 0, "name": some(base.name), "is_dataset_root": base.is_dataset_root, "path": base.path}
    return Struct("BasePath", fields)


def _base_of(message: bytes) -> Struct:
    read = MessageReader(message)
    name = read.text(2) if read.message(2) is not None else None
    return _base(DatasetBasePath(read.text(4), name, bool(read.number(3)), read.number(1)))


def _texts(entries: Mapping[str, bytes]) -> dict[str, str]:
    return {key: value.decode(errors="replace") for key, value in entries.items()}


def _writer(message: bytes | None) -> Any:
    if message is None:
        return None
    read = MessageReader(message)
    fields = {"library": read.text(1), "version": read.text(2)}
    optional = {"prerelease": _optional_text(read, 3), "build_metadata": _optional_text(read, 4)}
    return some(Struct("WriterVersion", {**fields, **optional}))


def _optional_text(read: MessageReader, number: int) -> Any:
    return some(read.text(number) if read.message(number) is not None else None)


def format_schema(dataset: LanceDataset) -> str:
    """The schema of a dataset, with the ids of its fields."""
    return text_of(_schema(dataset.lance_schema))


def format_manifest(dataset: LanceDataset) -> str:
    """The manifest of a version: what it says of schema, fragments, flags, config and base paths."""
    read = MessageReader(dataset._native.manifest_message())
    fragments = [FragmentMetadata._of_message(message) for message in dataset._native.fragment_messages()]
    stamp, storage = MessageReader(read.message(7) or b""), MessageReader(read.message(15) or b"")
    offsets = [0]
    for fragment in fragments:
        offsets.append(offsets[-1] + fragment.num_rows)
    section = read.optional(23) if read.optional(23) is not None else read.optional(21)
    fields = {
        "schema": _schema(dataset.lance_schema),
        "version": read.number(3),
        "branch": _optional_text(read, 20),
        "writer_version": _writer(read.message(13)),
        "fragments": _fragments(fragments),
        "version_aux_data": read.number(4),
        "index_section": some(read.optional(6)),
        "timestamp_nanos": stamp.number(1) * 10**9 + stamp.number(2),
        "tag": some(read.text(8) or None),
        "reader_feature_flags": read.number(9),
        "writer_feature_flags": read.number(10),
        "max_fragment_id": some(read.optional(11)),
        "transaction_file": some(read.text(12) or None),
        "transaction_section": some(section),
        "fragment_offsets": offsets,
        "next_row_id": read.number(14),
        "data_storage_format": Struct(
            "DataStorageFormat", {"file_format": storage.text(1), "version": Word(_version_word(storage.text(2)))}
        ),
        "config": _texts(read.entries(16)),
        "table_metadata": _texts(read.entries(19)),
        "base_paths": {base.number(1): _base_of(message) for message in read.messages(18) for base in [MessageReader(message)]},
    }
    return text_of(Struct("Manifest", fields))


def _version_word(version: str) -> str:
    return "V" + version.replace(".", "_") if version else "Legacy"


def format_fragment(fragment: LanceFragment | FragmentMetadata, dataset: LanceDataset) -> str:
    """A fragment, with the part of the dataset's schema that each of its data files holds."""
    meta = fragment.metadata if isinstance(fragment, LanceFragment) else fragment
    if not isinstance(meta, FragmentMetadata):
        raise TypeError(f"format_fragment: expected a LanceFragment or FragmentMetadata, got {type(fragment).__name__}")
    files, schema = [], dataset.lance_schema
    for file in meta.files:
        fields = {"path": file.path, "fields": file.fields, "column_indices": file.column_indices}
        held = _held(schema.fields(), set(file.fields), _keys(schema))
        versions = {"major_version": file.file_major_version, "minor_version": file.file_minor_version}
        part = Struct("Schema", {"fields": held, "metadata": schema.metadata})
        files.append(Struct("PrettyPrintableDataFile", {**fields, "schema": part, **versions}))
    rest = {"deletion_file": _deletion_file(meta.deletion_file), "physical_rows": some(meta.physical_rows)}
    return text_of(Struct("PrettyPrintableFragment", {"id": meta.id, "files": files, **rest}))


def _held(fields: Iterable[LanceField], ids: set[int], keys: Mapping[int, int]) -> list[Struct]:
    """The fields with these ids, and those above them."""
    out = []
    for field in fields:
        whole = _field(field, keys)
        children = _held(field.children(), ids, keys)
        if children or field.id() in ids:
            out.append(Struct("Field", {**whole.fields, "children": children}))
    return out


def _map(updates: LanceOperation.UpdateMap | None) -> Any:
    if updates is None:
        return None
    entries = [Struct("UpdateMapEntry", {"key": key, "value": some(value)}) for key, value in updates.updates.items()]
    return some(Struct("UpdateMap", {"update_entries": entries, "replace": updates.replace}))


def _update(op: LanceOperation.Update) -> dict[str, Any]:
    message = op._inserted_keys
    keys = None if message is None else Struct("KeyExistenceFilter", {"message_bytes": len(message)})
    return {
        "removed_fragment_ids": op.removed_fragment_ids,
        "updated_fragments": _fragments(op.updated_fragments),
        "new_fragments": _fragments(op.new_fragments),
        "fields_modified": op.fields_modified,
        "fields_for_preserving_frag_bitmap": op.fields_for_preserving_frag_bitmap,
        "update_mode": some(Word(_MODES[op.update_mode]) if op.update_mode else None),
        "inserted_rows_filter": some(keys),
        "updated_fragment_offsets": some(op.updated_fragment_offsets),
    }


def _config(op: LanceOperation.UpdateConfig) -> dict[str, Any]:
    names = ("config_updates", "table_metadata_updates", "schema_metadata_updates")
    fields = {field: _map(updates).value for field, updates in (op.field_metadata_updates or {}).items()}
    return {**{name: _map(getattr(op, name)) for name in names}, "field_metadata_updates": fields}


def _rewrite(op: LanceOperation.Rewrite) -> dict[str, Any]:
    groups = [{"old_fragments": _fragments(g.old_fragments), "new_fragments": _fragments(g.new_fragments)} for g in op.groups]
    return {"groups": [Struct("RewriteGroup", group) for group in groups], "rewritten_indices": list(op.rewritten_indices)}


def _replacement(op: LanceOperation.DataReplacement) -> dict[str, Any]:
    groups = [{"fragment_id": g.fragment_id, "new_file": _data_file(g.new_file)} for g in op.replacements]
    return {"replacements": [Struct("DataReplacementGroup", group) for group in groups]}


_WRITERS: dict[type, Callable[[Any], dict[str, Any]]] = {
    LanceOperation.Append: lambda op: {"fragments": _fragments(op.fragments)},
    LanceOperation.Delete: lambda op: {
        "updated_fragments": _fragments(op.updated_fragments),
        "deleted_fragment_ids": list(op.deleted_fragment_ids),
        "predicate": op.predicate,
    },
    LanceOperation.Overwrite: lambda op: {
        "fragments": _fragments(op.fragments),
        "schema": _schema(op.new_schema),
        "initial_bases": some(op.initial_bases and [_base(base) for base in op.initial_bases]),
    },
    LanceOperation.Merge: lambda op: {
        "fragments": _fragments(op.fragments),
        "schema": _schema(op.schema),
        "preserves_nullability": op.preserves_nullability,
    },
    LanceOperation.Project: lambda op: {"schema": _schema(op.schema), "preserves_nullability": op.preserves_nullability},
    LanceOperation.Restore: lambda op: {"version": op.version},
    LanceOperation.Update: _update,
    LanceOperation.UpdateConfig: _config,
    LanceOperation.Rewrite: _rewrite,
    LanceOperation.DataReplacement: _replacement,
}


def _other(op: LanceOperation.Other) -> Struct:
    read = MessageReader(op.message)
    fields: dict[str, Any] = {"message_bytes": len(op.message)}
    if op.number == 107:
        fields = {"num_fragments": read.number(1)}
    elif op.number == 113:
        fields = {"is_shallow": bool(read.number(1)), "ref_name": _optional_text(read, 2), "ref_version": read.number(3)}
        fields |= {"ref_path": read.text(4), "branch_name": _optional_text(read, 5)}
    elif op.number == 114:
        fields = {"new_bases": [_base_of(message) for message in read.messages(1)]}
    return Struct(_OTHERS.get(op.number, f"Operation{op.number}"), fields)


def _transaction(transaction: Transaction) -> str:
    op = transaction.operation
    operation = _other(op) if isinstance(op, LanceOperation.Other) else Struct(type(op).__name__, _WRITERS[type(op)](op))
    fields = {"read_version": transaction.read_version, "uuid": transaction.uuid, "operation": operation, "tag": None}
    return text_of(Struct("Transaction", {**fields, "transaction_properties": some(transaction.transaction_properties or None)}))


def list_transactions(dataset: LanceDataset, max_transactions: int = 10) -> list[str]:
    """The transactions that made this version and those before it, the latest first; without those that are not kept.

    Args:
        dataset: The version to begin at.
        max_transactions: So many at most.
    """
    most = count_of("list_transactions", "max_transactions", max_transactions) or 0
    return [_transaction(each) for each in dataset.get_transactions(most) if each is not None]
