"""Updating rows: new values where a condition holds, everything else as it was."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import eider


@pytest.fixture
def ds(tmp_path) -> eider.LanceDataset:
    table = pa.table({
        "a": range(100),
        "s": [None if i % 10 == 0 else f"row {i}" for i in range(100)],
        "list": [[i] * (i % 3) for i in range(100)],
    })
    return eider.write_dataset(table, str(tmp_path / "t.lance"), max_rows_per_file=30)


def rows(ds: eider.LanceDataset) -> dict[int, tuple]:
    return {row["a"]: (row["s"], row["list"]) for row in ds.to_table().to_pylist()}


def test_columns_are_set_where_the_condition_holds(ds) -> None:
    before = rows(ds)
    assert ds.update({"s": "concat(s, '!')", "a": "a + 1000"}, where="a >= 95 AND s IS NOT NULL") == {"num_rows_updated": 5}
    after = rows(ds)
    assert len(after) == 100
    for a, value in before.items():
        assert after[a + 1000 if a >= 95 else a] == ((f"{value[0]}!", value[1]) if a >= 95 else value)
    assert ds.version == ds.latest_version == 2
    assert rows(ds.checkout_version(1)) == before


def test_parameters_and_pyarrow_expressions(ds) -> None:
    assert ds.update({"s": "$text"}, where="a = $key", params={"text": "it's", "key": 7}) == {"num_rows_updated": 1}
    assert rows(ds)[7][0] == "it's"
    assert ds.update({"s": "NULL"}, where=pc.field("a") < 5) == {"num_rows_updated": 5}
    assert all(rows(ds)[a][0] is None for a in range(5))
    assert ds.update({"s": "'all'"}) == {"num_rows_updated": 100}
    assert {value[0] for value in rows(ds).values()} == {"all"}


def test_nothing_to_update_makes_no_version(ds) -> None:
    assert ds.update({"a": "1"}, where="a > 1000") == {"num_rows_updated": 0}
    assert ds.version == ds.latest_version == 1


def test_blobs_and_json_come_along(tmp_path) -> None:
    blobs = [bytes([i]) * 1000 * i for i in range(6)]
    schema = pa.schema([pa.field("a", pa.int64()), pa.field("b", pa.large_binary(), metadata={"lance-encoding:blob": "true"}),
                        pa.field("j", pa.json_())])
    table = pa.table([pa.array(range(6)), pa.array([*blobs[:5], None], pa.large_binary()),
                      pa.array([f'{{"k":{i}}}' for i in range(6)], pa.json_())], schema=schema)
    ds = eider.write_dataset(table, str(tmp_path / "t.lance"))
    assert ds.update({"a": "a + 10", "j": """'{"new": true}'"""}, where="a >= 4") == {"num_rows_updated": 2}
    table = ds.to_table(columns=["a", "j"])
    assert table["a"].to_pylist() == [0, 1, 2, 3, 14, 15]
    assert table["j"].to_pylist()[3:] == ['{"k":3}', '{"new":true}', '{"new":true}']
    assert [data for _, data in ds.read_blobs("b", indices=range(6))] == [*blobs[:5], None]


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda ds: ds.update({}), eider.InvalidError, "no columns"),
    (lambda ds: ds.update({"nosuch": "1"}), eider.InvalidError, "nosuch"),
    (lambda ds: ds.update({"_rowid": "1"}), eider.InvalidError, "_rowid"),
    (lambda ds: ds.update({"a": "nosuch"}), eider.InvalidError, "nosuch"),
    (lambda ds: ds.update({"a": "'x'"}), eider.InvalidError, "'x'"),
    (lambda ds: ds.update({"a": ""}), eider.InvalidError, "expected an expression"),
    (lambda ds: ds.update({"a": "1"}, where="a"), eider.InvalidError, "boolean"),
    (lambda ds: ds.update({"a": 5}), TypeError, "int"),
    (lambda ds: ds.update({"a": None}), TypeError, "NULL"),
    (lambda ds: ds.update({5: "1"}), TypeError, "int"),
    (lambda ds: ds.update([("a", "1")]), TypeError, "list"),
    (lambda ds: ds.update({"a": "1"}, data_storage_version="2.0"), eider.UnsupportedError, "data_storage_version"),
    (lambda ds: ds.update({"list": "1"}), eider.InvalidError, "list"),
])
def test_odd_arguments_are_named_and_change_nothing(call, error, message, ds) -> None:
    with pytest.raises(error, match=message):
        call(ds)
    assert ds.latest_version == 1


def test_expressions_see_the_bytes_of_blobs(tmp_path) -> None:
    schema = pa.schema([pa.field("n", pa.int64()), pa.field("b", pa.large_binary(), metadata={"lance-encoding:blob": "true"})])
    for version in ("2.1", "2.2"):
        table = pa.table([pa.array([0, 0, 0]), pa.array([b"abc", b"", None], pa.large_binary())], schema=schema)
        ds = eider.write_dataset(table, str(tmp_path / f"{version}.lance"), data_storage_version=version)
        assert ds.update({"n": "octet_length(b)", "b": "b"}) == {"num_rows_updated": 3}
        assert ds.to_table(columns=["n"])["n"].to_pylist() == [3, 0, None]
        assert [data for _, data in ds.read_blobs("b", indices=range(3))] == [b"abc", b"", None]


def test_external_blobs_are_not_copied_in_silence(tmp_path) -> None:
    (tmp_path / "x.bin").write_bytes(b"x" * 100)
    blobs = eider.blob_array([(tmp_path / "x.bin").as_uri(), b"own"])
    schema = pa.schema([pa.field("n", pa.int64()), eider.blob_field("b")])
    table = pa.table([pa.array([1, 2]), blobs], schema=schema)
    ds = eider.write_dataset(table, str(tmp_path / "t.lance"), max_rows_per_file=1, allow_external_blob_outside_bases=True)
    for change in (lambda: ds.update({"n": "n + 1"}), ds.optimize.compact_files):
        with pytest.raises(eider.UnsupportedError, match="external"):
            change()
    assert ds.delete("n = 1") == {"num_deleted_rows": 1}
    assert ds.update({"n": "n + 1"}) == {"num_rows_updated": 1}


@pytest.mark.parametrize("many", [pa.list_, pa.large_list])
def test_lists_are_set_in_columns_of_fixed_size(many, tmp_path) -> None:
    table = pa.table({
        "id": [1, 2, 3],
        "e": pa.array([[1, 2], [3, 4], None], pa.list_(pa.float32(), 2)),
        "l": pa.array([[5, 6], None, [7]], many(pa.int64())),
    })
    ds = eider.write_dataset(table, tmp_path / "t")
    ds.update({"e": "[5.5, 6.5]"}, where="id = 3")
    ds.update({"e": "l"}, where="id < 3")
    found = dict(zip(*ds.to_table(columns=["id", "e"]).to_pydict().values(), strict=True))
    assert found == {1: [5, 6], 2: None, 3: [5.5, 6.5]}
    assert ds.schema.field("e").type == pa.list_(pa.float32(), 2)
    for text in ("l", "[8.0]", "[8.0, 9.0, 10.0]"):
        with pytest.raises(eider.InvalidError, match=r"a list of \d items has no value as fixed_size_list<item: float>\[2\]"):
            ds.update({"e": text}, where="id = 3")
