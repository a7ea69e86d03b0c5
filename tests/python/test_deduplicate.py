"""Deleting rows whose key another row has."""

import uuid

import pyarrow as pa
import pytest

import eider


@pytest.fixture
def repeated(write):
    return write(pa.table({"k": [1, 2, 1, None, 2, None, 3], "g": ["a", "a", "a", "b", "b", "b", None], "n": range(7)}), max_rows_per_file=3)


def numbers(ds):
    return ds.to_table(columns=["n"]).column(0).to_pylist()


def test_first_and_last(repeated, write):
    report = repeated.deduplicate("k")
    assert report == eider.DeduplicationReport(7, 2, 2, 2, [2, (1 << 32) | 1])
    assert numbers(repeated) == [0, 1, 3, 5, 6]
    assert repeated.version == 2
    again = repeated.checkout_version(1)
    again.restore()
    again.deduplicate(["k"], keep="last")
    assert numbers(again) == [2, 3, 4, 5, 6]


def test_a_dry_run_says_what_would_go(repeated):
    report = repeated.deduplicate("k", dry_run=True)
    assert repeated.version == 1
    assert repeated.take_rows(addresses=report.removed, columns=["n"]).column(0).to_pylist() == [2, 4]
    assert repeated.deduplicate("k", dry_run=True, max_listed=1).removed == [2]


def test_composite_keys_with_nulls(repeated):
    report = repeated.deduplicate(["k", "g"])
    assert (report.num_null_keys, report.num_removed_rows) == (3, 1)
    assert numbers(repeated) == [0, 1, 3, 4, 5, 6]
    assert repeated.deduplicate(["k", "g"]).num_removed_rows == 0
    assert repeated.version == 2


def test_uuids(write):
    keys = [uuid.uuid5(uuid.NAMESPACE_DNS, str(i % 5)).bytes for i in range(12)]
    ds = write(pa.table({"u": pa.array(keys, pa.uuid()), "n": range(12)}))
    assert ds.deduplicate("u").num_removed_rows == 7
    assert numbers(ds) == [0, 1, 2, 3, 4]


def test_pylance_sees_the_same(repeated):
    lance = pytest.importorskip("lance")
    repeated.deduplicate("k")
    other = lance.dataset(repeated.uri)
    assert other.to_table(columns=["n"]).column(0).to_pylist() == [0, 1, 3, 5, 6]
    assert "deduplicate" in other.read_transaction(2).operation.predicate


def test_what_cannot_be_is_refused(repeated):
    with pytest.raises(eider.InvalidError, match="keep"):
        repeated.deduplicate("k", keep="any")
    with pytest.raises(eider.NotFoundError, match="nosuch"):
        repeated.deduplicate("nosuch")
    with pytest.raises(eider.InvalidError, match="primary key"):
        repeated.deduplicate()
    with pytest.raises(TypeError):
        repeated.deduplicate(7)
    assert repeated.version == 1
