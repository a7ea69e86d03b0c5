"""What a dataset is: where, which version, its schema and metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _eider
from .bitmap import Bitmap
from .schema import LanceSchema
from .session import Session
from .stats import LanceStats

if TYPE_CHECKING:
    import pyarrow as pa

    from .scanner import LanceScanner

__all__ = ["DatasetFacts"]


class DatasetFacts:
    """The part of a dataset that tells what it is."""

    _native: _eider.Dataset
    _defaults: dict[str, Any]

    def scanner(self, *args: Any, **kwargs: Any) -> LanceScanner:
        """The scan of a dataset."""
        raise NotImplementedError

    @property
    def uri(self) -> str:
        """Where the dataset is, as it was opened."""
        return self._native.uri

    @property
    def version(self) -> int:
        """Number of this version."""
        return self._native.version

    @property
    def latest_version(self) -> int:
        """Number of the latest version now."""
        return self._native.latest_version()

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema, with extension types and metadata: of the scans, where the dataset has default options for them."""
        import pyarrow as pa

        from . import blob  # noqa: F401  registers the type of blob columns

        return self.scanner().projected_schema if self._defaults else pa.schema(self._native.schema)

    @property
    def lance_schema(self) -> LanceSchema:
        """Schema with field ids."""
        return self._native.lance_schema

    @property
    def max_field_id(self) -> int:
        """The largest field id that the schema or any data file of this version names; -1 without columns."""
        listed = [max(f.field_ids, default=-1) for fragment in self._native.fragments() for f in fragment.files]
        return max([self._native.lance_schema.max_field_id, *listed])

    def fragment_ids(self) -> Bitmap:
        """Ids of the fragments of this version."""
        return Bitmap(fragment.id for fragment in self._native.fragments())

    @property
    def schema_metadata(self) -> dict[str, str]:
        """Key-value metadata of the schema."""
        return self._native.lance_schema.metadata

    @property
    def metadata(self) -> dict[str, str]:
        """Key-value metadata of the table."""
        return self._native.table_metadata()

    def config(self) -> dict[str, str]:
        """Key-value configuration of the table."""
        return self._native.config()

    @property
    def data_storage_version(self) -> str:
        """File version of the data, e.g. ``"2.2"``."""
        return self._native.data_storage_version

    def session(self) -> Session:
        """The session in use."""
        return Session._wrap(self._native.session())

    @property
    def stats(self) -> LanceStats:
        """Statistics: counts of fragments and rows, bytes per field."""
        return LanceStats(self._native)
