"""Structs and lists of structs whose children lie in several data files, which may disagree about what is null."""

from __future__ import annotations

import random

import lance
import pyarrow as pa
import pytest

import eider

PAIR = pa.struct([("a", pa.int64()), ("b", pa.int64())])
TREE = pa.struct([
    ("a", pa.int64()),
    ("t", pa.struct([("x", pa.string()), ("y", pa.list_(pa.int64()))])),
    ("v", pa.list_(pa.float32(), 2)),
    ("w", pa.string()),
])
PAIRS = pa.list_(pa.struct([("p", pa.int64()), ("q", pa.int64())]))
LISTS = [[{"p": 1, "q": 2}], [], None, [None, {"p": 3, "q": 4}, {"p": None, "q": None}]]
FILTERS = ["s is null", "s is not null", "s.a = 1", "s.a is null", "s.a is not null", "s is null or s.a = 1", "s is not null and s.a is null",
           "s.t is null", "s.t is not null", "s.t.x = 'u'", "s.t.x is null", "s.w is null", "s.v is null", "s is not null and s.t is null"]
COLUMNS = [None, ["s"], ["id", "s.a"], ["s.t"], ["s.t.x", "s.w"], ["s.v"], ["s.t.y", "s"]]


def value(rng: random.Random, kind: pa.DataType):
    if rng.random() < 0.3:
        return None
    if pa.types.is_struct(kind):
        return {field.name: value(rng, field.type) for field in kind}
    if pa.types.is_fixed_size_list(kind):
        return [float(rng.randrange(4)) for _ in range(kind.list_size)]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return [value(rng, kind.value_type) for _ in range(rng.randrange(3))]
    return rng.choice("uvw") if pa.types.is_string(kind) else rng.randrange(3)


def part_of(rng: random.Random, kind: pa.StructType) -> pa.StructType:
    """Some of the children, at any depth."""
    kept = rng.sample(list(kind), rng.randint(1, kind.num_fields))
    return pa.struct([field.with_type(part_of(rng, field.type)) if pa.types.is_struct(field.type) else field for field in kept])


def column(rng: random.Random, kind: pa.DataType, length: int) -> pa.Array:
    chance = rng.choice([0.0, 0.3, 1.0])
    values = [None if rng.random() < chance else value(rng, kind) for _ in range(length)]
    return pa.array(values, kind)


def check(uri: str, rng: random.Random) -> None:
    ours, theirs = eider.dataset(uri), lance.dataset(uri)
    for columns in COLUMNS:
        assert ours.to_table(columns=columns).to_pylist() == theirs.to_table(columns=columns).to_pylist(), columns
    for text in FILTERS:
        expected = theirs.to_table(filter=text).to_pylist()
        assert ours.to_table(filter=text).to_pylist() == expected, text
        assert ours.count_rows(text) == len(expected), text
        columns = rng.choice(COLUMNS)
        found = ours.to_table(filter=text, columns=columns, late_materialization=rng.random() < 0.5).to_pylist()
        assert found == theirs.to_table(filter=text, columns=columns).to_pylist(), (text, columns)
    rows = ours.count_rows()
    picked = [rng.randrange(rows) for _ in range(12)] if rows else []
    for columns in (None, ["s.a", "id"]):
        assert ours.take(picked, columns=columns).to_pylist() == theirs.take(picked, columns=columns).to_pylist(), picked
    ordered = ours.to_table(order_by=["s.a", "id"]).to_pylist()
    assert ordered == theirs.scanner(order_by=["s.a", "id"]).to_table().to_pylist()


def change(uri: str, rng: random.Random, kind: pa.StructType, step: int, version: str) -> None:
    """Some change that leaves children of `s` in files of their own."""
    ours, theirs = eider.dataset(uri), lance.dataset(uri)
    what = rng.choice(["ours", "theirs", "ours", "theirs", "rows", "delete"] + ["add"] * (version >= "2.2"))
    if what == "delete":
        rng.choice([ours, theirs]).delete(f"id % 13 = {rng.randrange(13)}")
    elif what == "add":
        schema = pa.schema([("s", pa.struct([(f"new{step}", rng.choice([pa.int64(), pa.string()]))]))])
        new = column(rng, schema[0].type, theirs.count_rows())
        theirs.add_columns(pa.RecordBatchReader.from_batches(schema, [pa.record_batch([new], schema=schema)]))
    else:
        ids = rng.sample(range(80), rng.choice([3, 40, 80]))
        part = part_of(rng, kind)
        while part.num_fields == kind.num_fields:
            part = part_of(rng, kind)
        source = pa.table({"id": ids, "s": column(rng, part, len(ids))})
        merge = (theirs if what == "theirs" else ours).merge_insert("id").when_matched_update_all()
        (merge.write_mode("rewrite_columns") if what == "ours" else merge).execute(source)


@pytest.mark.parametrize("seed", range(24))
def test_both_engines_read_the_same_structs(seed, tmp_path) -> None:
    rng = random.Random(seed)
    uri = str(tmp_path / "t.lance")
    version = rng.choice(["2.1", "2.2"])
    rows = pa.table({"id": range(80), "s": column(rng, TREE, 80)})
    rng.choice([eider, lance]).write_dataset(rows, uri, max_rows_per_file=rng.choice([25, 80]), enable_stable_row_ids=rng.random() < 0.5,
                                             data_storage_version=version)
    for step in range(4):
        change(uri, rng, TREE, step, version)
        check(uri, rng)
    before = lance.dataset(uri).to_table().to_pylist()
    eider.dataset(uri).optimize.compact_files(target_rows_per_fragment=1000)
    assert lance.dataset(uri).to_table().to_pylist() == before
    check(uri, rng)
    lance.dataset(uri).validate()


def test_a_struct_is_null_where_every_file_says_so(tmp_path) -> None:
    uri = str(tmp_path / "t.lance")
    eider.write_dataset(pa.table({"id": range(1, 4), "s": pa.array([None, {"a": 2, "b": 2}, None], PAIR)}), uri)
    source = pa.table({"id": [1, 2], "s": pa.array([{"a": 10}, None], pa.struct([("a", pa.int64())]))})
    eider.dataset(uri).merge_insert("id").when_matched_update_all().write_mode("rewrite_columns").execute(source)
    expected = [{"a": 10, "b": None}, {"a": None, "b": 2}, None]
    for engine in (eider, lance):
        ds = engine.dataset(uri)
        assert ds.to_table()["s"].to_pylist() == expected, engine.__name__
        assert ds.take([0, 1, 2], columns=["s.a"])["s"].to_pylist() == [{"a": 10}, {"a": None}, None], engine.__name__
        assert ds.take([0, 1, 2], columns=["s.b"])["s"].to_pylist() == [{"b": None}, {"b": 2}, None], engine.__name__
    ds = eider.dataset(uri)
    assert [ds.count_rows(text) for text in ("s is null", "s is not null", "s.a = 10", "s.b is null")] == [1, 2, 1, 2]
    ds.delete("id = 3")
    ds.optimize.compact_files()
    assert [len(fragment.data_files()) for fragment in ds.get_fragments()] == [1]
    assert ds.to_table()["s"].to_pylist() == lance.dataset(uri).to_table()["s"].to_pylist() == expected[:2]


def test_a_map_says_of_the_struct_around_it_that_it_is_not_null(tmp_path) -> None:
    uri = str(tmp_path / "t.lance")
    kind = pa.struct([("a", pa.int64()), ("m", pa.map_(pa.string(), pa.int64()))])
    rows = pa.array([None, {"a": 2, "m": [("k", None)]}, None], kind)
    eider.write_dataset(pa.table({"id": range(1, 4), "s": rows}), uri, data_storage_version="2.2")
    source = pa.table({"id": [1], "s": pa.array([{"m": [("k", None)]}], pa.struct([kind[1]]))})
    eider.dataset(uri).merge_insert("id").when_matched_update_all().write_mode("rewrite_columns").execute(source)
    for engine in (eider, lance):
        assert engine.dataset(uri).take([0, 1, 2], columns=["s.a"])["s"].to_pylist() == [{"a": None}, {"a": 2}, None], engine.__name__
        assert [row and row["m"] for row in engine.dataset(uri).to_table()["s"].to_pylist()] == [[("k", None)], [("k", None)], None]


DEEP = pa.struct([("x", pa.list_(pa.list_(pa.struct([("p", pa.int64()), ("q", pa.struct([("y", PAIRS)]))])))), ("z", pa.int64())])

CONDITIONS = [
    ("l is null", lambda _, row: row is None),
    ("l is not null", lambda _, row: row is not None),
    ("id % 7 = 3", lambda i, _: i % 7 == 3),
]


@pytest.mark.parametrize(("kind", "path"), [
    (PAIRS, "l.item.p"),
    (PAIRS, "l.item.q"),
    (pa.large_list(PAIRS), "l.item.item.p"),
    (DEEP, "l.x.item.item.p"),
    (DEEP, "l.x.item.item.q.y.item.p"),
    (DEEP, "l.z"),
])
@pytest.mark.parametrize("version", ["2.1", "2.2"])
def test_lists_of_structs_in_several_files(kind, path, version, tmp_path) -> None:
    rng = random.Random(path)
    uri = str(tmp_path / "t.lance")
    values = pa.array((LISTS if kind == PAIRS else []) + [value(rng, kind) for _ in range(300)], kind)
    before = pa.table({"id": range(len(values)), "l": values})
    lance.write_dataset(before, uri, max_rows_per_file=100, data_storage_version=version)
    lance.dataset(uri).alter_columns({"path": path, "data_type": pa.int32()})
    ours, theirs = eider.dataset(uri), lance.dataset(uri)
    assert all(len(fragment.data_files()) == 2 for fragment in theirs.get_fragments())
    for compacted in (False, True):
        ids = ours.to_table(columns=["id"])["id"].to_pylist()
        expected = values.take(pa.array(ids)).to_pylist()
        assert ours.to_table()["l"].to_pylist() == expected
        assert ours.to_table(batch_size=7)["l"].to_pylist() == expected
        for text, passes in CONDITIONS:
            assert ours.to_table(filter=text)["l"].to_pylist() == [row for i, row in zip(ids, expected, strict=True) if passes(i, row)], text
        if compacted or not pa.types.is_large_list(kind):  # of large lists pylance cannot read what it writes here
            assert theirs.to_table()["l"].to_pylist() == expected
        picked = [rng.randrange(len(ids)) for _ in range(20)]
        assert ours.take(picked)["l"].to_pylist() == [expected[i] for i in picked]
        if not compacted:
            ours.delete("id % 5 = 0")
            ours.optimize.compact_files()
            ours, theirs = eider.dataset(uri), lance.dataset(uri)


def add_to_items(uri: str, new: list) -> None:
    schema = pa.schema([("l", pa.list_(pa.struct([("r", pa.int64())])))])
    batch = pa.record_batch([pa.array(new, schema[0].type)], schema=schema)
    lance.dataset(uri).add_columns(pa.RecordBatchReader.from_batches(schema, [batch]))


@pytest.mark.parametrize("new", [[[{"r": 1}], [], None, [None, {"r": 3}, {"r": 4}]], [[None], [], None, [{"r": 5}, None, None]], [None] * 4])
def test_children_added_to_the_items_of_lists(new, tmp_path) -> None:
    uri = str(tmp_path / "t.lance")
    lance.write_dataset(pa.table({"id": range(4), "l": pa.array(LISTS, PAIRS)}), uri)
    add_to_items(uri, new)
    assert eider.dataset(uri).to_table().to_pylist() == lance.dataset(uri).to_table().to_pylist()
    assert eider.dataset(uri).take([3, 0]).to_pylist() == lance.dataset(uri).take([3, 0]).to_pylist()


def test_lists_of_other_lengths_are_refused_with_their_place(tmp_path) -> None:
    uri = str(tmp_path / "t.lance")
    lance.write_dataset(pa.table({"id": range(4), "l": pa.array(LISTS, PAIRS)}), uri)
    add_to_items(uri, [[{"r": 1}], [], None, [{"r": 2}]])
    with pytest.raises(eider.EiderError, match=r"fragment 0, .*column 'l': list 3 of 4 has 3 items in one data file, 1 in another") as caught:
        eider.dataset(uri).to_table()
    assert caught.value.kind == "corrupt"


def test_of_version_2_0_such_lists_are_refused(tmp_path) -> None:
    uri = str(tmp_path / "t.lance")
    lance.write_dataset(pa.table({"id": [1], "l": pa.array([[{"p": 1, "q": 2}]], PAIRS)}), uri, data_storage_version="2.0")
    lance.dataset(uri).alter_columns({"path": "l.item.p", "data_type": pa.int32()})
    with pytest.raises(eider.EiderError, match=r"column 'l': a list.struct whose children lie in 2 data files of version 2.0 of fragment 0"):
        eider.dataset(uri).to_table()


def test_fixed_size_lists_of_structs_in_several_files(tmp_path) -> None:
    uri = str(tmp_path / "t.lance")
    values = [[{"p": 1, "q": 2}, None], None, [None, {"p": None, "q": 4}]]
    lance.write_dataset(pa.table({"l": pa.array(values, pa.list_(PAIRS.value_type, 2))}), uri, data_storage_version="2.2")
    lance.dataset(uri).alter_columns({"path": "l.item.p", "data_type": pa.int32()})  # pylance cannot read what it writes here
    assert eider.dataset(uri).to_table()["l"].to_pylist() == values
    assert eider.dataset(uri).take([2, 0, 1])["l"].to_pylist() == [values[2], values[0], None]
