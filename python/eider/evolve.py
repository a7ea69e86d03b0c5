"""What changes a dataset's description: its columns' names and types, and its key-value maps."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from . import _eider
from .arguments import DurabilityName, IsolationName, durability_of, entries_of, is_serializable, names_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["AlterColumn", "DatasetEvolution"]


class AlterColumn(TypedDict, total=False):
    """What ``alter_columns`` does to a column: ``path`` and at least one of the others."""

    path: str
    name: str | None
    nullable: bool | None
    data_type: pa.DataType | None


_Alteration = tuple[str, str | None, bool | None, Any]


def _alteration_of(alteration: Any) -> _Alteration:
    if not isinstance(alteration, Mapping):
        raise TypeError(f"alter_columns: an alteration is a dict, got {type(alteration).__name__}")
    if not isinstance(path := alteration.get("path"), str):
        raise ValueError("alter_columns: path is required, and must be a str")
    if unknown := sorted(set(alteration) - {"path", "name", "nullable", "data_type"}):
        raise ValueError(f"alter_columns: unknown key {unknown[0]!r}; the keys are path, name, nullable and data_type")
    name, nullable, data_type = (alteration.get(key) for key in ("name", "nullable", "data_type"))
    if name is None and nullable is None and data_type is None:
        raise ValueError(f"alter_columns: at least one of name, nullable or data_type must be given for {path!r}")
    if not isinstance(name, (str, type(None))):
        raise TypeError(f"alter_columns: name must be a str, got {type(name).__name__}")
    if not isinstance(nullable, (bool, type(None))):
        raise TypeError(f"alter_columns: nullable must be a bool, got {type(nullable).__name__}")
    return path, name, nullable, None if data_type is None else _schema_of(data_type)


def _schema_of(data_type: Any) -> Any:
    import pyarrow as pa

    if not isinstance(data_type, pa.DataType):
        raise TypeError(f"alter_columns: data_type must be a pyarrow.DataType, got {type(data_type).__name__}")
    return pa.schema([pa.field("cast", data_type)])


class DatasetEvolution:
    """The part of a dataset that changes its description."""

    _native: _eider.Dataset

    def alter_columns(
        self, *alterations: AlterColumn, durability: DurabilityName | None = None, isolation: IsolationName | None = None
    ) -> None:
        """Rename columns, allow or forbid nulls, and cast them. Paths are those before the call, so that names can be swapped.

        Args:
            alterations: Dicts with ``path`` (``"column"`` or ``"struct.field"``) and at least one of ``name``, ``nullable`` and
                ``data_type``. Names and nullability are metadata; a cast writes the column anew, into one more data file of each
                fragment, and drops its indices. Integers are cast to integers, floats to floats, strings to strings, binaries to
                binaries, dates and timestamps, times, durations and decimals each among themselves.
            durability: ``"full"`` or ``"none"``, as in ``write_dataset``.
            isolation: ``"snapshot"`` or ``"serializable"``: there is no difference, as no row that comes or changes
                stands beside a column that is cast or forbids nulls, and a rename reads the schema alone.

        Raises:
            NotFoundError: a path leads nowhere.
            InvalidError: the name is taken, nulls are there, the types are of different kinds, or a value does not fit.
            UnsupportedError: lists are cast, or fields below lists.
        """
        is_serializable(isolation)
        self._native = self._native.alter_columns([_alteration_of(each) for each in alterations], durability_of(durability))

    def update_metadata(self, values: dict[str, str | None], *, replace: bool = False) -> dict[str, str]:
        """Set keys of the table's metadata, remove those whose value is None, and return what it is then.

        Args:
            values: What to set and to remove.
            replace: Remove every other key.

        Raises:
            ConflictError: another writer changed the same keys meanwhile.
        """
        self._native = self._native.update_config(table_metadata=entries_of("update_metadata", values), replace=bool(replace))
        return self._native.table_metadata()

    def update_config(self, values: dict[str, str | None], *, replace: bool = False) -> dict[str, str]:
        """Set keys of the table's configuration, remove those whose value is None, and return what it is then.

        Arguments and errors as of ``update_metadata``.
        """
        self._native = self._native.update_config(config=entries_of("update_config", values), replace=bool(replace))
        return self._native.config()

    def delete_config_keys(self, keys: list[str]) -> None:
        """Remove keys of the table's configuration. Those that are not there are no error."""
        self._native = self._native.update_config(config=dict.fromkeys(names_of("delete_config_keys", keys)))

    def update_schema_metadata(self, values: dict[str, str | None], *, replace: bool = False) -> dict[str, str]:
        """Set keys of the schema's metadata, remove those whose value is None, and return what it is then.

        Arguments and errors as of ``update_metadata``; two writers of schema metadata always conflict.
        """
        self._native = self._native.update_config(schema_metadata=entries_of("update_schema_metadata", values), replace=bool(replace))
        return self._native.lance_schema.metadata

    def update_field_metadata(self, field_updates: dict[str, dict[str, str | None]], *, replace: bool = False) -> None:
        """Set keys of fields' metadata, and remove those whose value is None.

        Args:
            field_updates: By path of the field (``"column"``, ``"struct.field"``), what to set and to remove.
            replace: Remove every other key of these fields.

        Raises:
            NotFoundError: a field is not there.
            InvalidError: the primary key of a table, which such metadata sets, would change.
            ConflictError: another writer changed metadata of the same field meanwhile.
        """
        where = "update_field_metadata"
        if not isinstance(field_updates, Mapping) or any(not isinstance(path, str) for path in field_updates):
            raise TypeError(f"{where}: field_updates must be a dict with paths of fields")
        fields = {path: entries_of(where, values) for path, values in field_updates.items()}
        self._native = self._native.update_config(field_metadata=fields, replace=bool(replace))

    def replace_schema_metadata(self, new_metadata: dict[str, str]) -> None:
        """Deprecated: ``update_schema_metadata(new_metadata, replace=True)``."""
        _warn("replace_schema_metadata", "update_schema_metadata(..., replace=True)")
        self.update_schema_metadata({**new_metadata}, replace=True)

    def replace_field_metadata(self, field_name: str, new_metadata: dict[str, str]) -> None:
        """Deprecated: ``update_field_metadata({field_name: new_metadata}, replace=True)``."""
        _warn("replace_field_metadata", "update_field_metadata(..., replace=True)")
        self.update_field_metadata({field_name: {**new_metadata}}, replace=True)


def _warn(name: str, instead: str) -> None:
    warnings.warn(f"{name} is deprecated; call {instead}", DeprecationWarning, stacklevel=3)
