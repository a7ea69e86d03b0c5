"""Columns and metadata changed by one engine, read and changed further by the other."""

from __future__ import annotations

import pathlib
from datetime import timedelta

import pyarrow as pa
import pytest

from tests.interop.roundtrip import scratch

ROWS = 60


def table() -> pa.Table:
    boxes = [None if i % 7 == 3 else {"u": i, "v": None if i % 5 == 0 else f"v{i}"} for i in range(ROWS)]
    return pa.table({
        "x": pa.array([None if i % 11 == 0 else i for i in range(ROWS)], pa.int32()),
        "name": [f"name {i}" for i in range(ROWS)],
        "box": pa.array(boxes, pa.struct([("u", pa.int64()), ("v", pa.string())])),
        "n": pa.array(range(ROWS), pa.int64()),
    })


@pytest.fixture(params=["engine first", "reference first"])
def pair(request, engine, reference):
    return (engine, reference) if request.param == "engine first" else (reference, engine)


@pytest.fixture(params=["2.1", "2.2"])
def uri(request, pair):
    with scratch() as folder:
        uri = str(folder / "d.lance")
        pair[1].write_dataset(table(), uri, max_rows_per_file=25, data_storage_version=request.param)
        yield uri


def same(pair, uri) -> pa.Table:
    """What both engines read."""
    one, two = (each.dataset(uri) for each in pair)
    assert one.schema.equals(two.schema, check_metadata=True), f"{one.schema}\n{two.schema}"
    assert one.to_table().equals(two.to_table())
    assert one.count_rows("x > 5") == two.count_rows("x > 5")
    assert (one.version, one.max_field_id, one.config(), one.metadata) == (two.version, two.max_field_id, two.config(), two.metadata)
    return one.to_table()


def test_columns_by_sql(pair, uri):
    first, second = (each.dataset(uri) for each in pair)
    first.add_columns({"twice": "x * 2", "loud": "upper(name)", "u": "box.u"})
    found = same(pair, uri)
    assert found["twice"].to_pylist() == [None if v is None else 2 * v for v in found["x"].to_pylist()]
    pair[1].dataset(uri).delete("x < 10")
    pair[0].dataset(uri).add_columns({"more": "100 / x"})
    pair[1].dataset(uri).add_columns({"most": "more + twice"})
    assert same(pair, uri).num_rows == ROWS - 9


def test_alterations(pair, uri):
    first = pair[0].dataset(uri)
    first.alter_columns({"path": "x", "data_type": pa.int64()}, {"path": "name", "name": "label"})
    same(pair, uri)
    pair[1].dataset(uri).alter_columns({"path": "box.u", "data_type": pa.int16()})
    same(pair, uri)
    pair[0].dataset(uri).alter_columns({"path": "box.v", "data_type": pa.large_string()})
    pair[0].dataset(uri).alter_columns({"path": "n", "nullable": False})
    found = same(pair, uri)
    assert found["x"].to_pylist() == table()["x"].to_pylist()
    assert found["box"].to_pylist() == table()["box"].to_pylist()
    pair[1].write_dataset(found, uri, mode="append")
    pair[1].dataset(uri).update({"x": "x + 1"}, "n = 3")
    pair[0].dataset(uri).drop_columns(["box.u"])
    pair[0].dataset(uri).optimize.compact_files()
    assert same(pair, uri).num_rows == 2 * ROWS


def test_transactions_of_alterations_say_the_same(engine, reference, uri, pair):
    def operations(which, change):
        ds = which.dataset(uri)
        change(ds)
        made = reference.dataset(uri).read_transaction(ds.version).operation
        return type(made).__name__, made.preserves_nullability

    swaps = [("int64", False), ("int32", False)]
    for kind, _ in swaps:
        cast = {"path": "x", "data_type": getattr(pa, kind)()}
        mine = operations(pair[0], lambda ds, cast=cast: ds.alter_columns(cast))
        assert mine == operations(pair[1], lambda ds, cast=cast: ds.alter_columns(cast))
    for change in ({"path": "n", "name": "m"}, {"path": "m", "nullable": False}, {"path": "m", "name": "n", "nullable": True}):
        made = operations(pair[0], lambda ds, change=change: ds.alter_columns(change))
        assert made == ("Project", change.get("nullable") is not False)


def test_metadata(pair, uri):
    for each, other in (pair, pair[::-1]):
        ds = each.dataset(uri)
        ds.update_config({f"{each.name}.key": "1", "shared": each.name})
        ds.update_metadata({each.name: "2"})
        ds.update_schema_metadata({each.name: "3"})
        ds.update_field_metadata({"x": {each.name: "4"}, "box.u": {"last": each.name}})
        same(pair, uri)
        other.dataset(uri).delete_config_keys(["shared"])
    found = same(pair, uri)
    assert found.schema.field("x").metadata == {pair[0].name.encode(): b"4", pair[1].name.encode(): b"4"}
    assert pair[0].dataset(uri).update_metadata({"only": "1"}, replace=True) == {"only": "1"}
    same(pair, uri)


CONFIGS = {
    "config": lambda ds, key: ds.update_config({key: "1"}),
    "table": lambda ds, key: ds.update_metadata({key: "1"}),
    "schema": lambda ds, key: ds.update_schema_metadata({key: "1"}),
    "field": lambda ds, key: ds.update_field_metadata({"x" if key == "a" else "n": {"k": "1"}}),
}
CHANGES = {
    "append": lambda each, uri: each.write_dataset(table(), uri, mode="append"),
    "delete": lambda each, uri: each.dataset(uri).delete("n < 3"),
    "overwrite": lambda each, uri: each.write_dataset(table(), uri, mode="overwrite"),
    "rename": lambda each, uri: each.dataset(uri).alter_columns({"path": "name", "name": "label"}),
}


def outcome(act) -> str:
    try:
        act()
    except OSError as error:
        return "conflict" if "onflict" in type(error).__name__ or "Incompatible transaction" in str(error) else repr(error)
    return "fine"


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("keys", ["aa", "ab"])
def test_concurrent_updates_of_config_end_alike_whoever_comes_second(pair, uri, name, keys):
    stale = pair[0].dataset(uri)
    CONFIGS[name](pair[1].dataset(uri), keys[0])
    found = outcome(lambda: CONFIGS[name](stale, keys[1]))
    assert found == ("conflict" if keys == "aa" or name == "schema" else "fine")
    same(pair, uri)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", CONFIGS)
def test_updates_of_config_after_other_changes(pair, uri, name, change):
    stale = pair[0].dataset(uri)
    CHANGES[change](pair[1], uri)
    found = outcome(lambda: CONFIGS[name](stale, "a"))
    assert found == ("conflict" if change == "overwrite" and name in ("schema", "field") else "fine")
    same(pair, uri)


def files_of(ds) -> list[list[list[int]]]:
    return [[list(file.fields) for file in fragment.metadata.files] for fragment in ds.get_fragments()]


def update_first_fragment(engine, ds) -> None:
    fragment, modified = ds.get_fragments()[0].update_columns(pa.table({"id": [2], "w": pa.array([7], pa.int64())}), left_on="id")
    operation = engine.module.LanceOperation.Update(updated_fragments=[fragment], fields_modified=modified)
    engine.module.LanceDataset.commit(ds, operation, read_version=ds.version)


#: What is done to the column that has a file of its own, and the files that are left.
REPLACED = {
    "cast": (lambda engine, ds: ds.alter_columns({"path": "w", "data_type": pa.int32()}), [[[0], [2]]]),
    "dropped": (lambda engine, ds: ds.drop_columns(["w"]), [[[0]]]),
    "updated": (update_first_fragment, [[[0], [1]]]),
}


@pytest.mark.parametrize("change", REPLACED)
def test_files_without_a_field_that_lives_leave_the_fragment(pair, change, reference):
    with scratch() as folder:
        uri = str(folder / "d.lance")
        pair[0].write_dataset(pa.table({"id": [1, 2]}), uri)
        pair[0].dataset(uri).add_columns({"w": "id * 2"})
        act, left = REPLACED[change]
        act(pair[0], pair[0].dataset(uri))
        assert files_of(pair[0].dataset(uri)) == files_of(pair[1].dataset(uri)) == left
        reference.dataset(uri).validate()
        for each in pair:
            assert each.dataset(uri, version=2).to_table().to_pydict() == {"id": [1, 2], "w": [2, 4]}


def test_files_without_a_field_that_lives_are_cleaned_up(engine, reference):
    with scratch() as folder:
        uri = str(folder / "d.lance")
        engine.write_dataset(pa.table({"id": [1, 2], "x": [3, 4]}), uri)
        ds = engine.dataset(uri)
        ds.add_columns({"w": "id * 2"})
        for value in (7, 8):
            rows = pa.table({"id": [2], "w": [value]})
            ds.merge_insert("id").when_matched_update_all().write_mode("rewrite_columns").execute(rows)
        ds.alter_columns({"path": "w", "data_type": pa.int32()})
        assert files_of(ds) == [[[0, 1], [3]]]
        assert engine.dataset(uri, version=2).to_table()["w"].to_pylist() == [2, 4]
        reference.dataset(uri).validate()
        ds.cleanup_old_versions(older_than=timedelta(0), delete_unverified=True)
        assert len(list(pathlib.Path(uri, "data").iterdir())) == 2
        assert reference.dataset(uri).to_table().to_pydict() == {"id": [1, 2], "x": [3, 4], "w": [2, 8]}


def test_a_fragment_keeps_a_file(engine, reference):
    with scratch() as folder:
        uri = str(folder / "d.lance")
        ds = engine.write_dataset(pa.table({"id": [1, 2]}), uri)
        ds.add_columns(pa.schema([pa.field("n", pa.int64())]))
        ds.drop_columns(["id"])
        assert files_of(ds) == [[[0]]]
        assert engine.module.verify(uri).findings == []
        assert reference.dataset(uri).to_table().to_pydict() == ds.to_table().to_pydict() == {"n": [None, None]}
        ds.insert(pa.table({"n": [3]}))
        ds.update({"n": "5"}, where="n is null")
        assert sorted(reference.dataset(uri).to_table()["n"].to_pylist()) == [3, 5, 5]


def test_null_fields_are_added_to_structs(pair):
    with scratch() as folder:
        uri = str(folder / "d.lance")
        pair[0].write_dataset(table(), uri, max_rows_per_file=25, data_storage_version="2.2")
        deep = pa.struct([("q", pa.int32())])
        pair[0].dataset(uri).add_columns(pa.schema([pa.field("box", pa.struct([("c", pa.int64()), ("deep", deep)]))]))
        boxes = same(pair, uri)["box"].to_pylist()
        assert boxes == [box and {**box, "c": None, "deep": None} for box in table()["box"].to_pylist()]
        assert pair[1].dataset(uri).max_field_id == 8
        new = pa.table({"box": pa.array([{"u": 1, "v": "x", "c": 5, "deep": {"q": 6}}], pair[0].dataset(uri).schema.field("box").type)})
        pair[1].write_dataset(new, uri, mode="append")
        pair[0].dataset(uri).update({"n": "n + 1"}, where="n = 7")
        pair[1].dataset(uri).optimize.compact_files()
        assert same(pair, uri).num_rows == ROWS + 1
        pair[0].dataset(uri).drop_columns(["box.c"])
        same(pair, uri)
        with pytest.raises(ValueError if pair[0].name == "eider" else OSError, match="exist|of this name"):
            pair[0].dataset(uri).add_columns(pa.schema([pa.field("box", pa.struct([("u", pa.int64())]))]))
