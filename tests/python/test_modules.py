"""Where code that was written for pylance looks for names."""

import importlib
import pickle
import sys
import traceback

import pytest

import eider
from eider.dataset import _ELSEWHERE


def test_the_module_of_datasets_has_what_pylances_has():
    lance = pytest.importorskip("lance")
    theirs = sys.modules[lance.LanceDataset.__module__]
    for names in _ELSEWHERE.values():
        for name in names:
            assert hasattr(theirs, name) and getattr(importlib.import_module("eider.dataset"), name) is not None
    from eider.dataset import LanceOperation, MergeInsertBuilder, Transaction, write_dataset

    assert (LanceOperation, MergeInsertBuilder) == (eider.LanceOperation, eider.MergeInsertBuilder)
    assert (Transaction, write_dataset) == (eider.Transaction, eider.write_dataset)
    with pytest.raises(ImportError, match="nothing_like_it"):
        from eider.dataset import nothing_like_it  # noqa: F401


def test_names_that_modules_share_are_the_same():
    module = importlib.import_module("eider.dataset")
    assert module.LANCE_COMMIT_MESSAGE_KEY == "__lance_commit_message"
    assert eider.fragment.BatchUDF is eider.BatchUDF and module.DataFile is eider.fragment.DataFile
    assert eider.fragment.DEFAULT_MAX_BYTES_PER_FILE == 90 * 1024**3
    assert issubclass(eider.fragment.NoopFragmentWriteProgress, eider.progress.FragmentWriteProgress)


@pytest.mark.parametrize("name", ["Clone", "CreateIndex", "DataOverlay", "RewrittenIndex"])
def test_operations_that_come_later_are_refused_by_name(name):
    with pytest.raises(eider.UnsupportedError, match=f"LanceOperation.{name}"):
        getattr(eider.LanceOperation, name)
    assert not hasattr(eider.LanceOperation, name)


@pytest.mark.parametrize("name", ["arrow", "otel", "tracing", "util"])
def test_modules_that_come_later_are_refused_by_name(name):
    with pytest.raises(eider.UnsupportedError, match=f"eider.{name}"):
        getattr(eider, name)


def test_conflicts_are_caught_by_pylances_name(write, table):
    from eider.commit import CommitConflictError

    assert issubclass(eider.RetryableConflictError, CommitConflictError)
    stale = write(table)
    eider.write_dataset(table, stale.uri, mode="overwrite")
    with pytest.raises(CommitConflictError):
        stale.delete("id = 1")


def test_an_unsupported_error_prints_and_travels_as_one():
    error = eider.UnsupportedError("not yet")
    copied = pickle.loads(pickle.dumps(error))
    assert type(copied) is type(error) and copied.args == error.args and isinstance(copied, OSError)
    assert "".join(traceback.format_exception_only(error)).strip() == "eider.error.UnsupportedError: not yet"
