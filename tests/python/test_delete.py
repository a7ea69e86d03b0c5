"""Deleting rows: what passes goes, everything else stays, and nothing is written for nothing."""

from __future__ import annotations

import datetime
import pickle

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import eider


@pytest.fixture
def ds(tmp_path) -> eider.LanceDataset:
    table = pa.table({"a": range(100), "s": [None if i % 10 == 0 else f"row {i}" for i in range(100)]})
    return eider.write_dataset(table, str(tmp_path / "t.lance"), max_rows_per_file=30)


def left(ds: eider.LanceDataset) -> list[int]:
    return ds.to_table(columns=["a"])["a"].to_pylist()


def test_rows_go_by_sql_by_parameters_and_by_expressions(ds) -> None:
    assert ds.delete("a >= 95") == {"num_deleted_rows": 5}
    assert ds.delete("s IN ($1, $2)", params=["row 3", "row 4"]) == {"num_deleted_rows": 2}
    assert ds.delete("a = $least", params={"least": 1}) == {"num_deleted_rows": 1}
    assert ds.delete(pc.field("a") == 2) == {"num_deleted_rows": 1}
    assert left(ds) == [0, *range(5, 95)]
    assert ds.version == ds.latest_version == 5
    assert ds.count_rows() == 91 and ds.count_rows("a < 10") == 6
    assert ds.checkout_version(1).count_rows() == 100
    assert left(pickle.loads(pickle.dumps(ds))) == left(ds)


def test_what_is_null_stays(ds) -> None:
    assert ds.delete("s LIKE 'row %'") == {"num_deleted_rows": 90}
    assert left(ds) == list(range(0, 100, 10))
    assert ds.delete("s IS NULL")["num_deleted_rows"] == 10
    assert left(ds) == [] and ds.schema.names == ["a", "s"] and ds.get_fragments() == []


def test_nothing_to_delete_makes_no_version(ds) -> None:
    assert ds.delete("a > 1000") == {"num_deleted_rows": 0}
    assert ds.delete("false") == {"num_deleted_rows": 0}
    assert ds.version == ds.latest_version == 1


def test_truncate_keeps_columns_and_versions(ds) -> None:
    assert ds.truncate_table() is None
    assert (ds.count_rows(), ds.version, ds.schema.names) == (0, 2, ["a", "s"])
    ds.insert(pa.table({"a": [7], "s": ["x"]}))
    assert left(ds) == [7] and [f.fragment_id for f in ds.get_fragments()] == [4]
    assert ds.checkout_version(1).count_rows() == 100


def test_a_stale_handle_runs_again_on_the_newest_version(ds) -> None:
    other = eider.dataset(ds.uri)
    other.delete("a < 10")
    assert ds.delete("a < 15") == {"num_deleted_rows": 5}
    assert left(ds) == list(range(15, 100))
    other.delete("a = 20")
    with pytest.raises(eider.RetryableConflictError):
        ds.delete("a IN (20, 21)", conflict_retries=0)
    with pytest.raises(eider.RetryableConflictError):
        ds.delete("a IN (20, 21)", retry_timeout=datetime.timedelta(0))
    assert ds.delete("a IN (20, 21)", conflict_retries=2**40) == {"num_deleted_rows": 1}


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda ds: ds.delete(""), eider.InvalidError, "expected an expression"),
    (lambda ds: ds.delete("a"), eider.InvalidError, "boolean"),
    (lambda ds: ds.delete("nosuch = 1"), eider.InvalidError, "nosuch"),
    (lambda ds: ds.delete("a = 1; DROP"), eider.InvalidError, "';'"),
    (lambda ds: ds.delete("10 / (a - 5) > 1"), eider.InvalidError, "zero"),
    (lambda ds: ds.delete(None), TypeError, "truncate_table"),
    (lambda ds: ds.delete(5), TypeError, "int"),
    (lambda ds: ds.delete("a = $1"), eider.InvalidError, r"\$1"),
    (lambda ds: ds.delete("a = 1", conflict_retries=-1), eider.InvalidError, "-1"),
    (lambda ds: ds.delete("a = 1", retry_timeout="soon"), TypeError, "str"),
    (lambda ds: ds.delete("a = 1", retry_timeout=-1), eider.InvalidError, "-1"),
    (lambda ds: ds.delete("a = 1", durability="half"), eider.InvalidError, "half"),
])
def test_odd_arguments_are_named_and_delete_nothing(call, error, message, ds) -> None:
    with pytest.raises(error, match=message):
        call(ds)
    assert ds.latest_version == 1 and ds.count_rows() == 100


def test_stable_row_ids_stay_with_their_rows(tmp_path) -> None:
    ds = eider.write_dataset(pa.table({"a": range(50)}), str(tmp_path / "t.lance"), max_rows_per_file=20, enable_stable_row_ids=True)
    ds.delete("a % 2 = 0 OR a >= 40")
    table = ds.to_table(with_row_id=True)
    assert table["_rowid"].to_pylist() == table["a"].to_pylist() == list(range(1, 40, 2))
