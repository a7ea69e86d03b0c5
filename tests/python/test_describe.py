"""Descriptions of columns, and how notebooks show a dataset."""

import datetime
import decimal
import json
import re

import numpy as np
import pyarrow as pa
import pytest
from eider.cli.main import main

import eider


@pytest.fixture
def ds_mixed(write):
    rng = np.random.default_rng(8)
    rows = 50_000
    return write(
        pa.table(
            {
                "id": np.arange(rows),
                "kind": pa.array(
                    rng.choice(["oak", "ash", "elm"], rows, p=[0.6, 0.3, 0.1]), mask=rng.random(rows) < 0.2
                ),
                "score": pa.array(rng.normal(size=rows)),
                "flag": rng.random(rows) < 0.25,
                "box": pa.array(
                    [
                        None if i % 10 == 0 else {"x": i % 7, "day": datetime.date(2020, 1, 1 + i % 20)}
                        for i in range(rows)
                    ]
                ),
                "tags": pa.array([["a"] * (i % 3) + [None] * (i % 2) for i in range(rows)], pa.list_(pa.string())),
                "vector": pa.FixedSizeListArray.from_arrays(pa.array(rng.random(rows * 4, np.float32)), 4),
                "raw": pa.array([None if i % 4 == 0 else b"x" * (i % 11) for i in range(rows)], pa.binary()),
                "price": pa.array([decimal.Decimal(i % 100).scaleb(-2) for i in range(rows)], pa.decimal128(8, 2)),
                "code": pa.array([str(i % 5) for i in range(rows)]).dictionary_encode(),
                "none": pa.nulls(rows, pa.int16()),
            }
        ),
        max_rows_per_file=20_000,
    )


def test_counts_extremes_and_frequent_values(ds_mixed):
    table, found = ds_mixed.to_table(), ds_mixed.describe()
    assert found.num_rows == 50_000
    assert [c.path for c in found] == [
        "id",
        "kind",
        "score",
        "flag",
        "box.x",
        "box.day",
        "tags.item",
        "vector",
        "raw",
        "price",
        "code",
        "none",
    ]
    kinds = table["kind"].to_pylist()
    assert found["kind"].num_nulls == kinds.count(None)
    assert found["kind"].top == [(k, kinds.count(k)) for k in ("oak", "ash", "elm")]
    assert (found["kind"].min, found["kind"].max, found["kind"].num_distinct, found["kind"].is_estimate) == (
        "ash",
        "oak",
        3,
        False,
    )
    assert (found["id"].min, found["id"].max, found["id"].mean) == (0, 49_999, 24_999.5)
    assert found["id"].is_estimate
    assert abs(found["id"].num_distinct - 50_000) < 1500
    assert found["id"].top == []
    assert found["score"].mean == pytest.approx(np.mean(table["score"].to_numpy()), rel=1e-12)
    assert found["flag"].mean == pytest.approx(np.mean(table["flag"].to_numpy()))
    assert found["box.x"].num_nulls == 5000
    assert found["box.x"].num_distinct == 7
    assert found["box.day"].max == datetime.date(2020, 1, 20)
    assert found["tags.item"].num_nulls == 25_000
    assert found["tags.item"].top == [("a", table["tags"].to_pylist().__str__().count("'a'"))]
    assert found["price"].max == decimal.Decimal("0.99")
    assert found["price"].mean == pytest.approx(0.495)
    assert found["code"].num_distinct == 5
    assert (found["none"].num_nulls, found["none"].num_distinct, found["none"].min, found["none"].top) == (
        50_000,
        0,
        None,
        [],
    )


def test_fields_of_structs_are_named_by_their_paths(ds_mixed, capsys):
    found = ds_mixed.describe(columns=["box.x", "id", "box"])
    assert [column.path for column in found] == ["box.x", "id", "box.x", "box.day"]
    assert found["box.x"] == ds_mixed.describe()["box.x"]
    assert main(["describe", ds_mixed.uri, "--columns", "box.day"]) == 0 and "box.day" in capsys.readouterr().out
    with pytest.raises(eider.NotFoundError, match="no column 'box.z'; those of 'box' are box.x, box.day"):
        ds_mixed.describe(columns=["box.z"])
    with pytest.raises(eider.NotFoundError, match="no column 'bok.x'"):
        ds_mixed.describe(columns=["bok.x"])


def test_vectors_and_binary_are_not_looked_into(ds_mixed):
    found = ds_mixed.describe(["vector", "raw"])
    assert (found["vector"].num_values, found["vector"].num_distinct, found["vector"].min, found["vector"].lengths) == (
        50_000,
        None,
        None,
        None,
    )
    assert found["raw"].num_nulls == 12_500
    assert (found["raw"].lengths.min, found["raw"].lengths.max) == (0, 10)
    assert found["vector"].size_bytes >= 50_000 * 16
    with pytest.raises(KeyError):
        found["id"]


def test_blobs_are_described_by_their_descriptors(write):
    from eider import blob_array, blob_field

    table = pa.table({"b": blob_array([b"x" * i for i in range(100)])}, schema=pa.schema([blob_field("b")]))
    found = write(table).describe()
    assert (found["b"].lengths.max, found["b"].num_distinct) == (99, None)


def test_frequent_values_among_many(write):
    rng = np.random.default_rng(2)
    values = rng.integers(0, 10**9, 400_000)
    values[rng.random(400_000) < 0.3] = 7
    found = write(pa.table({"x": values})).describe()["x"]
    assert found.is_estimate
    assert found.top[0][0] == 7
    assert found.top[0][1] == pytest.approx(120_000, rel=0.1)
    assert found.num_distinct == pytest.approx(len(np.unique(values)), rel=0.03)


def test_deleted_rows_and_no_rows(tmp_path, write):
    lance = pytest.importorskip("lance")
    eider.write_dataset(pa.table({"x": range(100)}), tmp_path / "d.lance")
    lance.dataset(str(tmp_path / "d.lance")).delete("x >= 60")
    found = eider.dataset(tmp_path / "d.lance").describe()
    assert (found.num_rows, found["x"].max, found["x"].num_distinct) == (60, 59, 60)
    empty = write(pa.table({"x": pa.array([], pa.int8()), "s": pa.array([], pa.string())})).describe()
    assert (empty["x"].num_values, empty["x"].min, empty["x"].mean, empty["s"].num_distinct) == (0, None, None, 0)


def test_odd_names_and_unknown_ones(write):
    found = write(pa.table({"s": [{"a.b": 1, "c d": 2}]})).describe()
    assert [c.max for c in found] == [1, 2]
    with pytest.raises(eider.NotFoundError, match="no column 'y'"):
        write(pa.table({"x": [1]})).describe(["y"])
    with pytest.raises(TypeError):
        write(pa.table({"x": [1]})).describe("x")


def test_prints_and_shows(ds_mixed):
    text = str(ds_mixed.describe(["kind", "id"]))
    assert text.startswith("50,000 rows")
    assert "oak (" in text
    assert re.search(r"~\d\d,\d\d\d", text)
    assert "<table>" in ds_mixed.describe(["id"])._repr_html_()


def test_command_line(ds_mixed, capsys):
    assert main(["describe", ds_mixed.uri, "--columns", "kind,box"]) == 0
    out = capsys.readouterr().out
    assert "50,000 rows" in out
    assert "box.day" in out
    assert main(["describe", ds_mixed.uri, "--json", "--columns", "price"]) == 0
    assert json.loads(capsys.readouterr().out)["columns"][0]["max"] == "0.99"
    assert main(["describe", ds_mixed.uri, "--columns", "nope"]) == 1


def test_notebooks_show_escaped_text_and_small_images(write):
    png = b"\x89PNG\r\n\x1a\n" + b"\0" * 100
    table = pa.table(
        {
            "<b>name": ["<script>alert(1)</script>", "a & b", None],
            "image": pa.array([png, b"\xff\xd8\xff" + b"\0" * 100_000, b"plain"], pa.binary()),
            "list": [list(range(100)), [], None],
            "at": pa.array([1, 2, 3], pa.timestamp("ns")),
        }
    )
    shown = write(table)._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert "&lt;b&gt;name" in shown
    assert shown.count("<img") == 1
    assert "data:image/png;base64," in shown
    assert "100,003 bytes" in shown
    assert "… 100 items]" in shown
    assert "<i>null</i>" in shown


def test_notebooks_read_a_few_rows_only(write):
    ds = write(pa.table({"x": pa.array(["a" * 50] * 200_000)}))
    assert len(ds._repr_html_()) < 2000
    assert "200,000 rows" in ds._repr_html_()


def test_dates_and_spans_that_python_cannot_hold_are_numbers(tmp_path) -> None:
    table = pa.table({"day": pa.array([10**9, None], pa.int32()).cast(pa.date32()), "span": pa.array([2**62, None], pa.duration("s")),
                      "days": pa.array([[10**9] * 9, None], pa.list_(pa.int32())).cast(pa.list_(pa.date32()))})
    ds = eider.write_dataset(table, str(tmp_path / "t.lance"))
    assert "1000000000" in repr(ds.describe())
    shown = ds._repr_html_()
    assert "1000000000" in shown and str(2**62) in shown
