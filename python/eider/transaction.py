"""Operations on a dataset as objects: what workers did, to be committed by one of them, or what a version was made by."""

from __future__ import annotations

import uuid
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .absent import Refusing
from .bases import DatasetBasePath
from .fragment_metadata import DataFile, FragmentMetadata
from .schema import LanceSchema

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["LanceOperation", "Transaction"]


def _require_fragments(fragments: Iterable[FragmentMetadata]) -> None:
    if not isinstance(fragments, list):
        raise TypeError(f"fragments must be list[FragmentMetadata], got {type(fragments)}")
    for fragment in fragments:
        if not isinstance(fragment, FragmentMetadata):
            raise TypeError(f"fragments must be list[FragmentMetadata], got {type(fragment)}")


class LanceOperation(Refusing):
    """The operations, one class each; ``LanceDataset.commit`` takes them."""

    class BaseOperation:
        """Base of the operations."""

    @dataclass
    class Overwrite(BaseOperation):
        """Replaces schema and rows, or makes a dataset, which may begin with base paths."""

        new_schema: LanceSchema | pa.Schema
        fragments: Iterable[FragmentMetadata]
        initial_bases: list[DatasetBasePath] | None = None

        def __post_init__(self) -> None:
            _require_fragments(self.fragments)

    @dataclass
    class Append(BaseOperation):
        """Adds the rows of new fragments."""

        fragments: Iterable[FragmentMetadata]

        def __post_init__(self) -> None:
            _require_fragments(self.fragments)

    @dataclass
    class Delete(BaseOperation):
        """Gives fragments new deletion files (``LanceFragment.delete``), and drops those of which nothing is left."""

        updated_fragments: Iterable[FragmentMetadata]
        deleted_fragment_ids: Iterable[int]
        predicate: str

        def __post_init__(self) -> None:
            _require_fragments(self.updated_fragments)

    @dataclass
    class Update(BaseOperation):
        """Moves rows to new fragments, or (``fields_modified``, as ``LanceFragment.update_columns`` gives it) replaces columns."""

        removed_fragment_ids: list[int] = field(default_factory=list)
        updated_fragments: list[FragmentMetadata] = field(default_factory=list)
        new_fragments: list[FragmentMetadata] = field(default_factory=list)
        fields_modified: list[int] = field(default_factory=list)
        fields_for_preserving_frag_bitmap: list[int] = field(default_factory=list)
        update_mode: str = ""
        updated_fragment_offsets: dict[int, bytes] | None = None
        _inserted_keys: bytes | None = field(default=None, repr=False, compare=False)  # the message, where a merge tells them

        def __post_init__(self) -> None:
            _require_fragments(self.updated_fragments)
            _require_fragments(self.new_fragments)

    @dataclass
    class Merge(BaseOperation):
        """Gives every fragment as it is with new columns, and the schema with them (``LanceFragment.merge_columns``)."""

        fragments: Iterable[FragmentMetadata]
        schema: LanceSchema | pa.Schema
        preserves_nullability: bool = False

        def __post_init__(self) -> None:
            if not isinstance(self.schema, LanceSchema):
                warnings.warn("Merge: a pyarrow schema is deprecated, give a LanceSchema", DeprecationWarning, stacklevel=3)
            _require_fragments(self.fragments)

    @dataclass
    class Restore(BaseOperation):
        """Makes an earlier version the latest."""

        version: int

    @dataclass
    class RewriteGroup:
        """Fragments, and those that take their place."""

        old_fragments: Iterable[FragmentMetadata]
        new_fragments: Iterable[FragmentMetadata]

    @dataclass
    class Rewrite(BaseOperation):
        """Puts fragments in the place of others that hold the same rows. ``rewritten_indices`` are not supported yet."""

        groups: Iterable[LanceOperation.RewriteGroup]
        rewritten_indices: Iterable[Any]

        def __post_init__(self) -> None:
            for group in self.groups:
                _require_fragments(group.old_fragments)
                _require_fragments(group.new_fragments)

    @dataclass
    class DataReplacementGroup:
        """A fragment, and the file that takes the place of its file of the same fields."""

        fragment_id: int
        new_file: DataFile

    @dataclass
    class DataReplacement(BaseOperation):
        """Replaces data files, or adds them for fields that no file of the fragment holds."""

        replacements: list[LanceOperation.DataReplacementGroup]

    @dataclass
    class Project(BaseOperation):
        """Renames, reorders and drops columns."""

        schema: LanceSchema
        preserves_nullability: bool = False

    @dataclass
    class UpdateMap:
        """Keys to set, or (None) to remove; ``replace`` removes all others."""

        updates: dict[str, str | None]
        replace: bool = False

    @dataclass
    class UpdateConfig(BaseOperation):
        """Changes config and metadata; that of fields by their ids."""

        config_updates: LanceOperation.UpdateMap | None = None
        table_metadata_updates: LanceOperation.UpdateMap | None = None
        schema_metadata_updates: LanceOperation.UpdateMap | None = None
        field_metadata_updates: dict[int, LanceOperation.UpdateMap] | None = None

    @dataclass
    class Other(BaseOperation):
        """An operation that has no class here: its number in the format, and its message."""

        number: int
        message: bytes


@dataclass
class Transaction:
    """An operation, and the version that it was made from."""

    read_version: int
    operation: LanceOperation.BaseOperation
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    transaction_properties: dict[str, str] | None = field(default_factory=dict)
