"""The Lance schema: Arrow fields with ids that name them for the life of a dataset."""

from __future__ import annotations

import copyreg

from . import _eider
from ._eider import LanceField, LanceSchema
from .schema_json import json_to_schema, schema_to_json

__all__ = ["LanceField", "LanceSchema", "json_to_schema", "schema_to_json"]


def _schema_of(fields: list[bytes], metadata: dict[str, bytes]) -> LanceSchema:
    return _eider.schema_of_messages(fields, metadata)


def _reduced(schema: LanceSchema) -> tuple[object, tuple[list[bytes], dict[str, bytes]]]:
    return _schema_of, (_eider.field_messages(schema), _eider.metadata_of_schema(schema))


copyreg.pickle(LanceSchema, _reduced)  # type: ignore[arg-type]
