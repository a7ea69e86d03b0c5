"""Transactions as messages of the format, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from . import _eider
from .arguments import text_of, texts_of
from .bases import DatasetBasePath
from .error import UnsupportedError
from .fragment_metadata import DataFile, FragmentMetadata
from .message import MessageReader, MessageWriter
from .schema import LanceSchema
from .transaction import LanceOperation, Transaction

__all__ = ["message_of", "transaction_of"]

_MODES = ("rewrite_rows", "rewrite_columns")


def _fragments(out: MessageWriter, number: int, fragments: Iterable[FragmentMetadata]) -> None:
    for fragment in fragments:
        out.message(number, fragment._message())


def _fragments_of(read: MessageReader, number: int) -> list[FragmentMetadata]:
    return [FragmentMetadata._of_message(message) for message in read.messages(number)]


def _schema(out: MessageWriter, number: int, schema: Any, *, metadata: int | None = None) -> None:
    native = schema if isinstance(schema, LanceSchema) else LanceSchema.from_pyarrow(schema)
    for field in _eider.field_messages(native):
        out.message(number, field)
    if metadata is not None:
        out.entries(metadata, _eider.metadata_of_schema(native))


def _schema_of(read: MessageReader, number: int, *, metadata: int | None = None) -> LanceSchema:
    return _eider.schema_of_messages(read.messages(number), {} if metadata is None else read.entries(metadata))


def _append(op: LanceOperation.Append, out: MessageWriter) -> None:
    _fragments(out, 1, op.fragments)


def _delete(op: LanceOperation.Delete, out: MessageWriter) -> None:
    _fragments(out, 1, op.updated_fragments)
    out.packed(2, op.deleted_fragment_ids)
    out.text(3, op.predicate)


def _overwrite(op: LanceOperation.Overwrite, out: MessageWriter) -> None:
    _fragments(out, 1, op.fragments)
    _schema(out, 2, op.new_schema, metadata=3)
    for base in op.initial_bases or []:
        part = MessageWriter()
        if base.name is not None:
            part.text(2, base.name)
        part.number(3, int(base.is_dataset_root))
        part.text(4, base.path)
        out.message(5, part.finish())


def _rewrite(op: LanceOperation.Rewrite, out: MessageWriter) -> None:
    if list(op.rewritten_indices or []):
        raise UnsupportedError("LanceOperation.Rewrite: rewritten_indices is not supported yet")
    for group in op.groups:
        part = MessageWriter()
        _fragments(part, 1, group.old_fragments)
        _fragments(part, 2, group.new_fragments)
        out.message(3, part.finish())


def _merge(op: LanceOperation.Merge, out: MessageWriter) -> None:
    _fragments(out, 1, op.fragments)
    _schema(out, 2, op.schema, metadata=3)
    out.number(4, int(op.preserves_nullability))


def _update(op: LanceOperation.Update, out: MessageWriter) -> None:
    out.packed(1, op.removed_fragment_ids)
    _fragments(out, 2, op.updated_fragments)
    _fragments(out, 3, op.new_fragments)
    out.packed(4, op.fields_modified)
    out.packed(6, op.fields_for_preserving_frag_bitmap)
    if op.update_mode not in ("", *_MODES):
        raise ValueError(f"LanceOperation.Update: update_mode must be 'rewrite_rows' or 'rewrite_columns', got {op.update_mode!r}")
    out.number(7, int(op.update_mode == "rewrite_columns"))
    if op._inserted_keys is not None:
        out.message(8, op._inserted_keys)
    for fragment, offsets in (op.updated_fragment_offsets or {}).items():
        entry = MessageWriter()
        entry.number(1, fragment)
        entry.message(2, offsets)
        out.message(10, entry.finish())


def _project(op: LanceOperation.Project, out: MessageWriter) -> None:
    _schema(out, 1, op.schema)
    out.number(2, int(op.preserves_nullability))


def _map(updates: LanceOperation.UpdateMap) -> bytes:
    out = MessageWriter()
    for key, value in updates.updates.items():
        entry = MessageWriter()
        entry.text(1, key)
        if value is not None:
            entry.message(2, text_of("transaction", value).encode())
        out.message(1, entry.finish())
    out.number(2, int(updates.replace))
    return out.finish()


def _config(op: LanceOperation.UpdateConfig, out: MessageWriter) -> None:
    for number, updates in ((6, op.config_updates), (7, op.table_metadata_updates), (8, op.schema_metadata_updates)):
        if updates is not None:
            out.message(number, _map(updates))
    for field_id, updates in (op.field_metadata_updates or {}).items():
        entry = MessageWriter()
        entry.number(1, field_id)
        entry.message(2, _map(updates))
        out.message(9, entry.finish())


def _replacement(op: LanceOperation.DataReplacement, out: MessageWriter) -> None:
    for group in op.replacements:
        part = MessageWriter()
        part.number(1, group.fragment_id)
        part.message(2, group.new_file._message())
        out.message(1, part.finish())


def _restore(op: LanceOperation.Restore, out: MessageWriter) -> None:
    out.number(1, op.version)


_WRITERS: dict[type, tuple[int, Callable[[Any, MessageWriter], None]]] = {
    LanceOperation.Append: (100, _append),
    LanceOperation.Delete: (101, _delete),
    LanceOperation.Overwrite: (102, _overwrite),
    LanceOperation.Rewrite: (104, _rewrite),
    LanceOperation.Merge: (105, _merge),
    LanceOperation.Restore: (106, _restore),
    LanceOperation.Update: (108, _update),
    LanceOperation.Project: (109, _project),
    LanceOperation.UpdateConfig: (110, _config),
    LanceOperation.DataReplacement: (111, _replacement),
}


def _read_overwrite(read: MessageReader) -> LanceOperation.Overwrite:
    bases = [MessageReader(base) for base in read.messages(5)]
    initial = [DatasetBasePath(b.text(4), b.text(2) if b.message(2) is not None else None, bool(b.number(3)), b.number(1)) for b in bases]
    return LanceOperation.Overwrite(_schema_of(read, 2, metadata=3), _fragments_of(read, 1), initial or None)


def _read_update(read: MessageReader) -> LanceOperation.Update:
    pairs = [MessageReader(entry) for entry in read.messages(10)]
    return LanceOperation.Update(
        read.packed(1),
        _fragments_of(read, 2),
        _fragments_of(read, 3),
        read.packed(4),
        read.packed(6),
        _MODES[min(read.number(7), 1)],
        {pair.number(1): pair.message(2) or b"" for pair in pairs} or None,
        read.message(8),
    )


def _read_rewrite(read: MessageReader) -> LanceOperation.BaseOperation:
    groups = [MessageReader(group) for group in read.messages(3)]
    return LanceOperation.Rewrite([LanceOperation.RewriteGroup(_fragments_of(g, 1), _fragments_of(g, 2)) for g in groups], [])


def _read_map(message: bytes | None) -> LanceOperation.UpdateMap | None:
    if message is None:
        return None
    read = MessageReader(message)
    entries = [MessageReader(entry) for entry in read.messages(1)]
    updates = {entry.text(1): None if entry.message(2) is None else entry.text(2) for entry in entries}
    return LanceOperation.UpdateMap(updates, bool(read.number(2)))


def _read_config(read: MessageReader) -> LanceOperation.UpdateConfig:
    pairs = [MessageReader(entry) for entry in read.messages(9)]
    fields = {pair.number(1): _read_map(pair.message(2)) or LanceOperation.UpdateMap({}) for pair in pairs}
    config, table, schema = (_read_map(read.message(number)) for number in (6, 7, 8))
    return LanceOperation.UpdateConfig(config, table, schema, fields or None)


def _read_replacement(read: MessageReader) -> LanceOperation.DataReplacement:
    groups = [MessageReader(group) for group in read.messages(1)]
    return LanceOperation.DataReplacement(
        [LanceOperation.DataReplacementGroup(g.number(1), DataFile._of_message(g.message(2) or b"")) for g in groups]
    )


_READERS: dict[int, Callable[[MessageReader], LanceOperation.BaseOperation]] = {
    100: lambda read: LanceOperation.Append(_fragments_of(read, 1)),
    101: lambda read: LanceOperation.Delete(_fragments_of(read, 1), read.packed(2), read.text(3)),
    102: _read_overwrite,
    105: lambda read: LanceOperation.Merge(_fragments_of(read, 1), _schema_of(read, 2, metadata=3), bool(read.number(4))),
    106: lambda read: LanceOperation.Restore(read.number(1)),
    108: _read_update,
    109: lambda read: LanceOperation.Project(_schema_of(read, 1), bool(read.number(2))),
    110: _read_config,
    111: _read_replacement,
}


def message_of(transaction: Transaction) -> bytes:
    """The transaction as a message."""
    operation = transaction.operation
    body = MessageWriter()
    if isinstance(operation, LanceOperation.Other):
        number, message = operation.number, operation.message
    elif type(operation) in _WRITERS:
        number, write = _WRITERS[type(operation)]
        write(operation, body)
        message = body.finish()
    else:
        raise UnsupportedError(f"commit: operation {type(operation).__name__}")
    out = MessageWriter()
    out.number(1, transaction.read_version)
    out.text(2, transaction.uuid)
    out.entries(4, {key: value.encode() for key, value in texts_of("transaction_properties", transaction.transaction_properties).items()})
    out.message(number, message)
    return out.finish()


def transaction_of(message: bytes) -> Transaction:
    """The transaction of a message. Operations without a class of their own keep their message."""
    read = MessageReader(message)
    number = next((number for number in read.numbers() if number >= 100), 0)
    body = read.message(number) or b""
    if number == 104 and not MessageReader(body).messages(4) and not MessageReader(body).messages(1):
        operation = _read_rewrite(MessageReader(body))
    elif number in _READERS:
        operation = _READERS[number](MessageReader(body))
    else:
        operation = LanceOperation.Other(number, body)
    properties = {key: value.decode(errors="replace") for key, value in read.entries(4).items()}
    return Transaction(read.number(1), operation, read.text(2), properties)
