"""Eider: a native engine for the Lance format.

Names, arguments and results follow ``pylance``'s public API: ``import eider as lance`` works.

>>> import eider, pyarrow as pa
>>> ds = eider.write_dataset(pa.table({"x": [1, 2, 3]}), "x.lance")
>>> ds.take([2, 0]).column("x").to_pylist()
[3, 1]
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from . import error, file, fragment, schema, udf
from ._eider import __version__
from .absent import refuse_absent
from .backfill import FragmentCoverage
from .bases import DatasetBasePath
from .blob_file import BlobFile
from .changes import DeduplicationReport
from .cleanup import CleanupCandidateFile, CleanupExplanation, CleanupReferencedBranch, CleanupStats
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
    TornVersionWarning,
    UnsupportedError,
)
from .file import LanceFileReader, LanceFileWriter
from .fragment import FragmentMetadata, LanceFragment
from .io_stats import bytes_read_counter, iops_counter
from .merge_insert import MergeInsertBuilder
from .open import dataset
from .scanner import ColumnOrdering, LanceScanner, ScanStatistics, ScanStats
from .schema import LanceField, LanceSchema, json_to_schema, schema_to_json
from .session import Session
from .stats import DataStatistics, FieldStatistics
from .transaction import LanceOperation, Transaction
from .udf import BatchUDF, batch_udf
from .verify import Finding, RepairStep, VerifyReport, verify
from .write import write_dataset

if TYPE_CHECKING:
    from . import arrow
    from .blob import Blob, BlobArray, BlobColumn, blob_array, blob_field

__all__ = [
    "AlreadyExistsError",
    "BatchUDF",
    "Blob",
    "BlobArray",
    "BlobColumn",
    "BlobFile",
    "CancelledError",
    "CleanupCandidateFile",
    "CleanupExplanation",
    "CleanupReferencedBranch",
    "CleanupStats",
    "ColumnOrdering",
    "CommitUnknownError",
    "ConflictError",
    "CorruptError",
    "DataStatistics",
    "DatasetBasePath",
    "DeduplicationReport",
    "EiderError",
    "FieldStatistics",
    "Finding",
    "FragmentCoverage",
    "FragmentMetadata",
    "InvalidError",
    "IoError",
    "LanceDataset",
    "LanceField",
    "LanceFileReader",
    "LanceFileWriter",
    "LanceFragment",
    "LanceOperation",
    "LanceScanner",
    "LanceSchema",
    "MergeInsertBuilder",
    "NotFoundError",
    "OutOfBudgetError",
    "RepairStep",
    "RetryableConflictError",
    "ScanStatistics",
    "ScanStats",
    "Session",
    "TornVersionWarning",
    "Transaction",
    "UnsupportedError",
    "VerifyReport",
    "__version__",
    "arrow",
    "batch_udf",
    "blob_array",
    "blob_field",
    "bytes_read_counter",
    "dataset",
    "error",
    "file",
    "fragment",
    "iops_counter",
    "json_to_schema",
    "progress",
    "schema",
    "schema_to_json",
    "udf",
    "verify",
    "write_dataset",
]


#: Imported when somebody looks: types for Arrow need pyarrow.
_MODULES = ("arrow", "bitmap", "debug")


def __getattr__(name: str) -> object:
    if name in ("Blob", "BlobArray", "BlobColumn", "blob_array", "blob_field"):
        from . import blob

        return getattr(blob, name)
    if name in _MODULES:
        return import_module(f"eider.{name}")
    raise refuse_absent("eider", name, "module")
