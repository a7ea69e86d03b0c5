"""Eider: a native engine for the Lance format.

Names, arguments and results follow ``pylance``'s public API: ``import eider as lance`` works.

>>> import eider, pyarrow as pa
>>> ds = eider.write_dataset(pa.table({"x": [1, 2, 3]}), "x.lance")
>>> ds.take([2, 0]).column("x").to_pylist()
[3, 1]
"""

from __future__ import annotations

from . import error, file, fragment, schema, udf
from ._eider import __version__
from .absent import refuse_absent
from .dataset import LanceDataset
from .error import (
    AlreadyExistsError,
    CancelledError,
    CommitUnknownError,
    ConflictError,
    CorruptError,
    EiderError,
    InvalidError,
    IoError,
    NotFoundError,
    OutOfBudgetError,
    RetryableConflictError,
    UnsupportedError,
)
from .file import LanceFileReader, LanceFileWriter
from .fragment import FragmentMetadata, LanceFragment
from .open import dataset
from .scanner import LanceScanner, ScanStats
from .schema import LanceField, LanceSchema
from .session import Session
from .udf import BatchUDF, batch_udf
from .write import write_dataset

__all__ = [
    "AlreadyExistsError",
    "BatchUDF",
    "CancelledError",
    "CommitUnknownError",
    "ConflictError",
    "CorruptError",
    "EiderError",
    "FragmentMetadata",
    "InvalidError",
    "IoError",
    "LanceDataset",
    "LanceField",
    "LanceFileReader",
    "LanceFileWriter",
    "LanceFragment",
    "LanceScanner",
    "LanceSchema",
    "NotFoundError",
    "OutOfBudgetError",
    "RetryableConflictError",
    "ScanStats",
    "Session",
    "UnsupportedError",
    "__version__",
    "batch_udf",
    "dataset",
    "error",
    "file",
    "fragment",
    "schema",
    "udf",
    "write_dataset",
]


def __getattr__(name: str) -> object:
    raise refuse_absent("eider", name, "module")
