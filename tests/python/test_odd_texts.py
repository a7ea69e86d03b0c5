"""What the engine says of odd texts, and great numbers in them."""

import decimal

import numpy as np
import pyarrow as pa
import pytest

import eider

GREAT = 2**64 - 1


@pytest.fixture(scope="module")
def ds(tmp_path_factory) -> eider.LanceDataset:
    table = pa.table({"rn": pa.array([1, 2, 3], pa.int64()), "u": pa.array([1, GREAT, 2**63], pa.uint64())})
    return eider.write_dataset(table, tmp_path_factory.mktemp("texts") / "t.lance")


def rows(ds: eider.LanceDataset, filter: str) -> list[int]:
    return ds.to_table(columns=["rn"], filter=filter)["rn"].to_pylist()


def test_errors_are_short_whatever_the_text(ds):
    for filter in (
        "rn = 1e999" + "9" * 900_000,
        "`" * 100_000,
        "'a' ~ '" + "(" * 100_000 + "'",
        "rn = " + "x" * 100_000,
    ):
        with pytest.raises((eider.InvalidError, eider.NotFoundError)) as caught:
            ds.count_rows(filter)
        assert len(str(caught.value)) < 4000, filter[:20]
    with pytest.raises(eider.InvalidError, match=r"U\+0000"):
        ds.count_rows("rn \0= 1")


def test_bits_of_great_numbers(ds):
    assert rows(ds, "u & 1 = 1") == [1, 2]
    assert rows(ds, "u >> 63 = 1") == [2, 3]


def test_the_day_is_a_word(ds):
    assert (
        ds.to_table(columns={"rn": "rn", "d": "current_date", "t": "CURRENT_TIMESTAMP"}).schema.field("d").type
        == pa.date32()
    )
    assert rows(ds, "current_date > date '2024-01-01' AND rn = 1") == [1]


def test_decimals_of_76_digits_meet_columns(tmp_path):
    great = decimal.Decimal("12345678901234567890123456789012345678901234567890.25")
    table = pa.table(
        {
            "w": pa.array([decimal.Decimal("2.50"), great, great.copy_negate(), None], pa.decimal256(60, 2)),
            "d": pa.array([decimal.Decimal("2.50"), decimal.Decimal(1), decimal.Decimal(1), None], pa.decimal128(8, 2)),
            "rn": [2, 3, 4, 5],
        }
    )
    own = eider.write_dataset(table, tmp_path / "w.lance")
    expected = {
        "d < w": [3],
        "w > rn": [2, 3],
        "w * 2 > 0": [2, 3],
        "w + d > 0": [2, 3],
        "-w > 0": [4],
        "abs(w) > 3": [3, 4],
        "w = d": [2],
    }
    assert {filter: own.to_table(filter=filter)["rn"].to_pylist() for filter in expected} == expected
    found = own.to_table(columns={"s": "w + d", "m": "- w"})
    assert found["s"].to_pylist() == [
        decimal.Decimal("5.00"),
        decimal.Decimal("12345678901234567890123456789012345678901234567891.25"),
        decimal.Decimal("-12345678901234567890123456789012345678901234567889.25"),
        None,
    ]
    assert found["m"].to_pylist()[1] == great.copy_negate()
    with pytest.raises(eider.InvalidError, match="more than 38 digits"):
        own.to_table(filter="w / 3 > 0")


def test_deleted_rows_pass_filters(tmp_path):
    own = eider.write_dataset(pa.table({"rn": range(100)}), tmp_path / "d.lance", max_rows_per_file=40)
    own.delete("rn % 10 = 3")
    options = {"include_deleted_rows": True, "with_row_id": True, "columns": ["rn"]}
    assert own.to_table(filter="rn = 3", **options).to_pydict() == {"rn": [3], "_rowid": [None]}
    found = own.to_table(filter="rn >= 50 AND rn < 55", **options)
    assert found["rn"].to_pylist() == [50, 51, 52, 53, 54]
    assert found["_rowid"].is_null().to_pylist() == [False, False, False, True, False]
    assert own.scanner(filter="rn % 10 = 3", **options).count_rows() == 10
    assert own.to_table(filter="rn < 5", order_by=["rn"], **options).to_pydict()["rn"] == [0, 1, 2, 3, 4]
    assert own.to_table(filter="rn % 2 = 1", limit=3, offset=1, **options)["rn"].to_pylist() == [3, 5, 7]


def test_describing_halves(tmp_path):
    own = eider.write_dataset(
        pa.table({"h": pa.array([np.float16(v) for v in (0.0, -0.0, 1.5, -2.0)] + [None], pa.float16())}),
        tmp_path / "h.lance",
    )
    column = own.describe()["h"]
    assert (column.num_distinct, float(column.min), float(column.max), column.mean) == (3, -2.0, 1.5, -0.125)
