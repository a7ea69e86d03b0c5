"""What a manifest records of a fragment, as it goes between workers and the one who commits: objects, JSON, messages."""

from __future__ import annotations

import json
import warnings
from dataclasses import asdict, dataclass, field
from typing import Any

from .error import InvalidError, UnsupportedError
from .message import MessageReader, MessageWriter

__all__ = ["DataFile", "DeletionFile", "FragmentMetadata", "RowDatasetVersionMeta", "RowIdMeta"]

_FILE_TYPES = ("array", "bitmap")
_SUFFIXES = {"array": "arrow", "bitmap": "bin"}


class _Path(str):
    """A path that code for versions in which it was a method may call."""

    __slots__ = ()

    def __call__(self) -> str:
        warnings.warn("DataFile.path() is deprecated, use DataFile.path instead", DeprecationWarning, stacklevel=2)
        return str(self)


@dataclass
class DataFile:
    """One data file of a fragment.

    ``fields[i]`` is the id of the field that column ``column_indices[i]`` of the file holds; -2: no longer valid. ``path`` is below
    ``data/``. ``file_size_bytes`` is None when it was not recorded.
    """

    path: str
    fields: list[int]
    column_indices: list[int] = field(default_factory=list)
    file_major_version: int = 0
    file_minor_version: int = 0
    file_size_bytes: int | None = None
    base_id: int | None = None

    def __post_init__(self) -> None:
        self.path = _Path(self.path)

    def field_ids(self) -> list[int]:
        """Ids of the fields that the file holds."""
        return self.fields

    def _message(self) -> bytes:
        out = MessageWriter()
        out.text(1, self.path)
        out.packed(2, self.fields)
        out.packed(3, self.column_indices or [])
        out.number(4, self.file_major_version)
        out.number(5, self.file_minor_version)
        out.number(6, self.file_size_bytes or 0)
        out.optional(7, self.base_id)
        return out.finish()

    @staticmethod
    def _of_message(data: bytes) -> DataFile:
        read = MessageReader(data)
        return DataFile(read.text(1), read.packed(2), read.packed(3), read.number(4), read.number(5), read.number(6) or None, read.optional(7))


@dataclass
class DeletionFile:
    """Where a fragment's deleted rows are written. ``file_type`` is ``"array"`` or ``"bitmap"``."""

    read_version: int
    id: int
    file_type: str
    num_deleted_rows: int
    base_id: int | None = None

    def __post_init__(self) -> None:
        if self.file_type not in _FILE_TYPES:
            raise InvalidError(f"DeletionFile: file_type must be 'array' or 'bitmap', got {self.file_type!r}")

    def asdict(self) -> dict[str, Any]:
        """The file as a dict of what JSON knows."""
        return asdict(self)

    def json(self) -> str:
        """The file as JSON text."""
        return json.dumps(self.asdict())

    @staticmethod
    def from_json(text: str) -> DeletionFile:
        """The file that ``json`` gave."""
        return DeletionFile(**json.loads(text))

    def path(self, fragment_id: int, base_uri: str | None = None) -> str:
        """Path below ``base_uri``, or below the dataset's root."""
        name = f"_deletions/{fragment_id}-{self.read_version}-{self.id}.{_SUFFIXES[self.file_type]}"
        return name if base_uri is None else f"{base_uri.rstrip('/')}/{name}"

    def _message(self) -> bytes:
        out = MessageWriter()
        out.number(1, _FILE_TYPES.index(self.file_type))
        out.number(2, self.read_version)
        out.number(3, self.id)
        out.number(4, self.num_deleted_rows)
        out.optional(7, self.base_id)
        return out.finish()

    @staticmethod
    def _of_message(data: bytes) -> DeletionFile:
        read = MessageReader(data)
        kind = _FILE_TYPES[min(read.number(1), 1)]
        return DeletionFile(read.number(2), read.number(3), kind, read.number(4), read.optional(7))


@dataclass(frozen=True)
class RowIdMeta:
    """The stable row ids of a fragment, as the manifest holds them."""

    inline: bytes

    def asdict(self) -> dict[str, list[int]]:
        """The ids as a dict of what JSON knows."""
        return {"Inline": list(self.inline)}

    def json(self) -> str:
        """The ids as JSON text."""
        return json.dumps(self.asdict())

    @staticmethod
    def from_dict(ids: dict[str, list[int]]) -> RowIdMeta:
        """The ids that ``asdict`` gave."""
        return RowIdMeta(_inline("row_id_meta", ids))

    @staticmethod
    def from_json(text: str) -> RowIdMeta:
        """The ids that ``json`` gave."""
        return RowIdMeta.from_dict(json.loads(text))


@dataclass(frozen=True)
class RowDatasetVersionMeta:
    """The versions that created or last changed the rows of a fragment, as the manifest holds them."""

    inline: bytes

    def asdict(self) -> dict[str, list[int]]:
        """The versions as a dict of what JSON knows."""
        return {"inline": list(self.inline)}

    def json(self) -> str:
        """The versions as JSON text."""
        return json.dumps(self.asdict())

    @staticmethod
    def from_json(text: str) -> RowDatasetVersionMeta:
        """The versions that ``json`` gave."""
        return RowDatasetVersionMeta(_inline("version_meta", json.loads(text)))


def _inline(what: str, value: dict[str, list[int]]) -> bytes:
    numbers = value.get("Inline", value.get("inline"))
    if numbers is None:
        raise UnsupportedError(f"FragmentMetadata: {what} in a file of its own: {value!r:.80}")
    return bytes(numbers)


@dataclass
class FragmentMetadata:
    """What the manifest records of a fragment. It pickles, and goes through JSON, in the reference's shape.

    The id of a fragment that is not committed yet is 0, whatever it is committed as.
    """

    id: int
    files: list[DataFile]
    physical_rows: int
    deletion_file: DeletionFile | None = None
    row_id_meta: RowIdMeta | None = None
    created_at_version_meta: RowDatasetVersionMeta | None = None
    last_updated_at_version_meta: RowDatasetVersionMeta | None = None
    overlays: list[Any] = field(default_factory=list)

    @property
    def num_deletions(self) -> int:
        """Number of deleted rows."""
        return 0 if self.deletion_file is None else self.deletion_file.num_deleted_rows

    @property
    def num_rows(self) -> int:
        """Number of live rows."""
        return self.physical_rows - self.num_deletions

    def data_files(self) -> list[DataFile]:
        """The data files; together they hold every column."""
        return self.files

    def to_json(self) -> dict[str, Any]:
        """A dict that ``json.dumps`` takes."""
        versions = (self.created_at_version_meta, self.last_updated_at_version_meta)
        created, updated = (None if meta is None else json.loads(meta.json()) for meta in versions)
        return {
            "id": self.id,
            "files": [asdict(file) for file in self.files],
            "overlays": self.overlays,
            "physical_rows": self.physical_rows,
            "deletion_file": None if self.deletion_file is None else self.deletion_file.asdict(),
            "row_id_meta": None if self.row_id_meta is None else self.row_id_meta.asdict(),
            "created_at_version_meta": created,
            "last_updated_at_version_meta": updated,
        }

    @staticmethod
    def from_json(json_data: str) -> FragmentMetadata:
        """The fragment of the JSON text of ``to_json``."""
        given = json.loads(json_data)
        if given.get("overlays"):
            raise UnsupportedError("FragmentMetadata: data overlay files")
        deletions, ids = given.get("deletion_file"), given.get("row_id_meta")
        versions = [given.get(f"{which}_version_meta") for which in ("created_at", "last_updated_at")]
        created, updated = (None if meta is None else RowDatasetVersionMeta(_inline("version_meta", meta)) for meta in versions)
        return FragmentMetadata(
            given["id"],
            [DataFile(**file) for file in given["files"]],
            given["physical_rows"],
            None if deletions is None else DeletionFile(**deletions),
            None if ids is None else RowIdMeta.from_dict(ids),
            created,
            updated,
        )

    def _message(self) -> bytes:
        if self.overlays:
            raise UnsupportedError("FragmentMetadata: data overlay files")
        out = MessageWriter()
        out.number(1, self.id)
        for file in self.files:
            out.message(2, file._message())
        if self.deletion_file is not None:
            out.message(3, self.deletion_file._message())
        out.number(4, self.physical_rows)
        for number, meta in ((5, self.row_id_meta), (7, self.last_updated_at_version_meta), (9, self.created_at_version_meta)):
            if meta is not None:
                out.message(number, meta.inline)
        return out.finish()

    @staticmethod
    def _of_message(data: bytes) -> FragmentMetadata:
        read = MessageReader(data)
        if outside := sorted({6, 8, 10, 11} & {*read.numbers()}):
            raise UnsupportedError(f"fragment {read.number(1)}: overlays, or row ids in files of their own (field {outside[0]})")
        deletions, ids = read.message(3), read.message(5)
        updated, created = (None if meta is None else RowDatasetVersionMeta(meta) for meta in (read.message(7), read.message(9)))
        return FragmentMetadata(
            read.number(1),
            [DataFile._of_message(file) for file in read.messages(2)],
            read.number(4),
            None if deletions is None else DeletionFile._of_message(deletions),
            None if ids is None else RowIdMeta(ids),
            created,
            updated,
        )
