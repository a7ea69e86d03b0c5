"""The Lance schema: Arrow fields with ids that name them for the life of a dataset."""

from __future__ import annotations

from ._eider import LanceField, LanceSchema

__all__ = ["LanceField", "LanceSchema"]
