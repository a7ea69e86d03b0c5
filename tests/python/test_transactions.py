"""Work in parts: fragments that workers write and change, and the commits of what they did."""

import dataclasses
import json
import pathlib
import pickle
import random

import lance
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from eider.fragment import DataFile, DeletionFile, FragmentMetadata, RowIdMeta, write_fragments
from eider.message import MessageReader, MessageWriter
from eider.transaction_message import message_of, transaction_of

import eider
from eider import LanceDataset, LanceFragment, LanceOperation, Transaction

#: A portable Roaring bitmap: its cookie, one container, of key 0 with one value, at byte 16, the value.
ROARING_OF_1 = bytes.fromhex("3a300000 01000000 0000 0000 10000000 0100")


@pytest.fixture
def parts(write, table):
    return write(table, max_rows_per_file=4)


def ids(ds):
    return ds.to_table()["id"].to_pylist()


def test_workers_write_and_one_commits(tmp_path, table):
    uri = str(tmp_path / "new.lance")
    fragments = [LanceFragment.create(uri, table.slice(0, 5)), *write_fragments(table.slice(5), uri, max_rows_per_file=3)]
    assert [f.physical_rows for f in fragments] == [5, 3, 2]
    assert [f.id for f in fragments] == [0, 0, 0]
    with pytest.raises(eider.NotFoundError):
        eider.dataset(uri)
    sent = [FragmentMetadata.from_json(json.dumps(f.to_json())) for f in fragments]
    assert sent == fragments == pickle.loads(pickle.dumps(fragments))
    ds = LanceDataset.commit(uri, LanceOperation.Overwrite(table.schema, sent), commit_message="made in parts")
    assert ds.version == 1
    assert ds.to_table() == table
    assert ds.read_transaction(1).transaction_properties == {"__lance_commit_message": "made in parts"}
    more = LanceDataset.commit(ds, LanceOperation.Append(write_fragments(table, ds)), read_version=1)
    assert (more.version, more.count_rows(), [f.fragment_id for f in more.get_fragments()]) == (2, 20, [0, 1, 2, 3])


def test_transactions_of_write_fragments(tmp_path, parts, table):
    made = write_fragments(table, parts, return_transaction=True)
    assert isinstance(made.operation, LanceOperation.Append)
    assert (made.read_version, LanceDataset.commit(parts, made).count_rows()) == (1, 20)
    over = pickle.loads(pickle.dumps(write_fragments(table.slice(0, 2), parts, mode="overwrite", return_transaction=True)))
    assert isinstance(over.operation, LanceOperation.Overwrite)
    assert LanceDataset.commit(parts.uri, over).to_table() == table.slice(0, 2)
    new = write_fragments(table, tmp_path / "x.lance", mode="create", return_transaction=True)
    assert (new.read_version, LanceDataset.commit(tmp_path / "x.lance", new, enable_stable_row_ids=True).count_rows()) == (0, 10)
    assert write_fragments(table.slice(0, 0), parts) == []
    with pytest.raises(eider.InvalidError):
        LanceFragment.create(parts.uri, table.slice(0, 0))
    with pytest.raises(eider.InvalidError):
        write_fragments(pa.table({"other": [1]}), parts)
    with pytest.raises(eider.AlreadyExistsError):
        write_fragments(table, parts, mode="create")


def test_deletes_by_fragment(parts):
    updated, gone = [], []
    for fragment in parts.get_fragments():
        left = fragment.delete("id > 2 AND id != 5")
        if left is None:
            gone.append(fragment.fragment_id)
        else:
            updated.append(left)
    assert (gone, [f.num_deletions for f in updated]) == ([2], [1, 3])
    ds = LanceDataset.commit(parts.uri, LanceOperation.Delete(updated, gone, "id > 2"), read_version=1)
    assert ids(ds) == [0, 1, 2, 5]
    assert ids(parts) == list(range(10))
    assert parts.get_fragments()[0].delete("false") == parts.get_fragments()[0].metadata
    assert ds.get_fragments()[0].delete_rows([1, 3]).num_deletions == 2
    assert ds.get_fragments()[0].delete_rows([0, 1, 2]) is None
    with pytest.raises(eider.InvalidError, match="4"):
        ds.get_fragments()[0].delete_rows([4])


@pytest.mark.parametrize(
    "values",
    [
        lambda f: {"twice": "id * 2"},
        lambda f: lambda batch: pa.record_batch({"twice": pc.multiply(batch["id"], 2)}),
        lambda f: pa.table({"twice": [2 * i for i in f.to_table()["id"].to_pylist()]}),
    ],
    ids=["sql", "function", "data"],
)
def test_columns_by_fragment(parts, values):
    parts.delete("id = 5")
    made = [f.merge_columns(values(f)) for f in parts.get_fragments()]
    merge = LanceOperation.Merge([fragment for fragment, _ in made], made[0][1])
    ds = LanceDataset.commit(parts, merge, read_version=2)
    assert ds.to_table()["twice"].to_pylist() == [2 * i for i in range(10) if i != 5]
    assert all(len(f.data_files()) == 2 for f in ds.get_fragments())


def test_columns_replaced_by_fragment(parts):
    new = pa.table({"key": [1, 4, 9, 77], "name": ["one", None, "nine", "none"]})
    made = [f.update_columns(new, "id", "key", with_offsets=True) for f in parts.get_fragments()]
    assert [made[0][1], made[0][2]] == [[1], ROARING_OF_1]
    operation = LanceOperation.Update(updated_fragments=[f for f, _, _ in made], fields_modified=made[0][1], update_mode="rewrite_columns")
    ds = LanceDataset.commit(parts.uri, operation, read_version=1)
    wanted = parts.to_table()["name"].to_pylist()
    wanted[1], wanted[4], wanted[9] = "one", None, "nine"
    assert ds.to_table()["name"].to_pylist() == wanted
    assert ds.to_table(columns=["id", "vector"]) == parts.to_table(columns=["id", "vector"])
    row = pa.table({"_rowid": pa.array([2], pa.uint64()), "name": ["by row"]})
    fragment, fields = ds.get_fragments()[0].update_columns(row)
    again = LanceDataset.commit(ds, LanceOperation.Update(updated_fragments=[fragment], fields_modified=fields), read_version=2)
    assert again.to_table()["name"].to_pylist()[2] == "by row"
    with pytest.raises(eider.NotFoundError, match="other"):
        parts.get_fragments()[0].update_columns(pa.table({"id": [1], "other": [2]}), "id")


@pytest.mark.parametrize("limit", [2 << 20, 256 << 20])
def test_a_join_through_files_brings_what_one_in_memory_does(limit, tmp_path):
    rng = random.Random(5)
    keys = rng.sample(range(40_000), 20_000)
    right = pa.table({"k": pa.array([*keys, None, keys[0]], pa.int32()), "text": [f"{k}" * (k % 40) for k in [*keys, 1, 2]],
                      "v": pa.array([[float(k), -1.0] for k in [*keys, 1, 2]], pa.list_(pa.float32(), 2))})
    left = pa.table({"id": pa.array([None if i % 1000 == 7 else i % 30_000 for i in range(60_000)], pa.int64())})
    ds = eider.write_dataset(left, tmp_path / "t.lance", max_rows_per_file=25_000)
    ds.delete("id % 10 = 3")
    limited = eider.dataset(ds.uri, session=eider.Session(memory_limit=limit))
    limited.merge(right.to_reader(max_chunksize=1000), "id", "k")
    first = {k: (f"{k}" * (k % 40), [float(k), -1.0]) for k in keys}
    for row in limited.to_table().to_pylist():
        assert (row["text"], row["v"]) == first.get(row["id"], (None, None))
    new = pa.table({"id": pa.array(keys[:5000], pa.int64()), "text": [f"new {k}" for k in keys[:5000]]})
    made = [f.update_columns(new, "id") for f in limited.get_fragments()]
    update = LanceOperation.Update(updated_fragments=[f for f, _ in made], fields_modified=made[0][1], update_mode="rewrite_columns")
    after = LanceDataset.commit(limited, update, read_version=limited.version)
    changed = set(keys[:5000])
    for row in after.to_table(columns=["id", "text"]).to_pylist():
        assert row["text"] == (f"new {row['id']}" if row["id"] in changed else first.get(row["id"], (None,))[0])


def test_merge_is_a_left_join(parts):
    parts.delete("id = 3")
    parts.merge(pa.table({"key": [9, 1, None, 1, 50], "note": ["nine", "one", "null", "again", "no"]}), "id", "key")
    assert parts.to_table()["note"].to_pylist() == [None, "one", *[None] * 6, "nine"]
    parts.merge(pa.table({"name": parts.to_table()["name"].slice(0, 1), "s": [{"a": 1}]}), "name")
    assert parts.to_table()["s"].to_pylist()[0] == {"a": 1}
    for data, key, error in (
        (pa.table({"id": [1], "name": ["x"]}), "id", eider.InvalidError),
        (pa.table({"id": [1]}), "id", eider.InvalidError),
        (pa.table({"key": [1], "y": [1]}), "id", eider.NotFoundError),
        (pa.table({"id": [[1]], "y": [1]}), "id", eider.InvalidError),
    ):
        with pytest.raises(error):
            parts.merge(data, key)
    fragments = [f.merge(pa.table({"id": [0, 8], "z": [1.5, 2.5]}), "id") for f in parts.get_fragments()]
    ds = LanceDataset.commit(parts, LanceOperation.Merge([f for f, _ in fragments], fragments[0][1]), read_version=parts.version)
    assert ds.to_table()["z"].to_pylist() == [1.5, *[None] * 6, 2.5, None]


def test_data_files_are_replaced(parts, tmp_path):
    fragment = parts.get_fragments()[0]
    other, schema = fragment.merge_columns({"n": "id + 1"})
    ds = LanceDataset.commit(parts, LanceOperation.Merge([other, *[f.metadata for f in parts.get_fragments()[1:]]], schema), read_version=1)
    assert ds.to_table()["n"].to_pylist() == [1, 2, 3, 4, *[None] * 6]
    replacement = fragment.merge_columns({"n": "id + 100"})[0].files[-1]
    groups = [LanceOperation.DataReplacementGroup(0, replacement)]
    late = parts.get_fragments()[1].merge_columns({"n": "id + 200"})[0].files[-1]
    groups.append(LanceOperation.DataReplacementGroup(1, late))
    ds = LanceDataset.commit(ds, LanceOperation.DataReplacement(groups), read_version=2)
    assert ds.to_table()["n"].to_pylist() == [100, 101, 102, 103, 204, 205, 206, 207, None, None]
    bad = DataFile(late.path, [0, 99], [0, 1], 2, 2)
    for groups in ([LanceOperation.DataReplacementGroup(77, late)], [LanceOperation.DataReplacementGroup(0, bad)]):
        with pytest.raises(eider.InvalidError):
            LanceDataset.commit(ds, LanceOperation.DataReplacement(groups), read_version=3)


def test_projects_and_configs(parts):
    renamed = eider.LanceSchema.from_pyarrow(pa.schema([pa.field("key", pa.int64())]))
    ds = LanceDataset.commit(parts.uri, LanceOperation.Project(renamed), read_version=1)
    assert ds.schema.names == ["key"]
    change = LanceOperation.UpdateConfig(
        LanceOperation.UpdateMap({"a": "1"}), field_metadata_updates={0: LanceOperation.UpdateMap({"k": "v"})}
    )
    ds = LanceDataset.commit(ds, change, read_version=2)
    assert (ds.config(), ds.schema.field("key").metadata) == ({"a": "1"}, {b"k": b"v"})
    assert ds.read_transaction(3).operation == change


def test_detached_commits(parts, table):
    append = LanceOperation.Append(write_fragments(table, parts))
    beside = LanceDataset.commit(parts, append, read_version=1, detached=True)
    assert beside.version >> 63 == 1
    assert beside.count_rows() == 20
    assert eider.dataset(parts.uri).version == 1
    assert parts.latest_version == 1
    assert eider.dataset(parts.uri, version=beside.version).count_rows() == 20


def test_commit_batch(parts, table):
    transactions = [write_fragments(table, parts, return_transaction=True) for _ in range(3)]
    parts.update_config({"a": "b"})
    result = LanceDataset.commit_batch(parts.uri, transactions)
    assert (result["dataset"].version, result["dataset"].count_rows()) == (3, 40)
    assert len(result["merged"].operation.fragments) == 3
    with pytest.raises(eider.UnsupportedError):
        LanceDataset.commit_batch(parts.uri, [Transaction(1, LanceOperation.Restore(1))])


def test_transactions_are_kept(parts, table):
    parts.insert(table, commit_message="more")
    parts.delete("id = 1")
    parts.update({"id": "id + 1"}, "id = 2")
    parts.drop_columns(["name"])
    parts.optimize.compact_files()
    kinds = [type(t.operation).__name__ for t in parts.get_transactions()]
    assert kinds == ["Rewrite", "Project", "Update", "Delete", "Append", "Overwrite"]
    assert [t.read_version for t in parts.get_transactions(2)] == [5, 4]
    assert parts.read_transaction(3).operation.predicate == "id = 1"
    for transaction in parts.get_transactions():
        assert transaction_of(message_of(transaction)).operation.__class__ is transaction.operation.__class__
    with pytest.raises(eider.NotFoundError):
        parts.read_transaction(99)


def test_commits_that_do_not_fit(tmp_path, parts, table):
    fragments = write_fragments(table, parts)
    with pytest.raises(ValueError, match="read_version"):
        LanceDataset.commit(parts, LanceOperation.Append(fragments))
    with pytest.raises(TypeError):
        LanceDataset.commit(parts, 3, read_version=1)
    with pytest.raises(TypeError):
        LanceOperation.Append(["x"])
    with pytest.raises(ValueError, match="commit_message"):
        LanceDataset.commit(parts, Transaction(1, LanceOperation.Append(fragments)), commit_message="x")
    with pytest.raises(eider.NotFoundError):
        LanceDataset.commit(tmp_path / "none.lance", LanceOperation.Append(fragments), read_version=1)
    with pytest.raises(eider.NotFoundError):
        LanceDataset.commit(parts, LanceOperation.Append(fragments), read_version=99)
    for bad in (
        LanceOperation.Append([FragmentMetadata(0, [], 5)]),
        LanceOperation.Append([FragmentMetadata(0, fragments[0].files, 0)]),
        LanceOperation.Append([FragmentMetadata(0, fragments[0].files, 10, DeletionFile(1, 1, "array", 1))]),
        LanceOperation.Delete([], [77], "x"),
        LanceOperation.Merge(fragments, parts.lance_schema),
    ):
        with pytest.raises(eider.InvalidError):
            LanceDataset.commit(parts, bad, read_version=1)
    parts.delete("id = 0")
    left = parts.checkout_version(1).get_fragments()[0].delete("id = 1")
    with pytest.raises(eider.RetryableConflictError):
        LanceDataset.commit(parts, LanceOperation.Delete([left], [], "id = 1"), read_version=1)
    assert ids(eider.dataset(parts.uri)) == list(range(1, 10))


def test_fragments_validate(parts):
    fragment = parts.get_fragments()[0]
    fragment.validate()
    assert fragment.physical_schema == parts.schema
    path = pathlib.Path(parts.uri, "data", fragment.metadata.files[0].path)
    data = bytearray(path.read_bytes())
    data[: len(data) // 2] = bytes(255 - byte for byte in data[: len(data) // 2])
    path.write_bytes(data)
    with pytest.raises(eider.CorruptError):
        eider.dataset(parts.uri, session=eider.Session()).get_fragments()[0].validate()


def test_stable_row_ids_go_through_json(write, table):
    ds = write(table, enable_stable_row_ids=True)
    fragment = ds.get_fragments()[0].metadata
    assert isinstance(fragment.row_id_meta, RowIdMeta)
    assert FragmentMetadata.from_json(json.dumps(fragment.to_json())) == fragment
    made, schema = ds.get_fragments()[0].merge_columns({"n": "id"})
    after = LanceDataset.commit(ds, LanceOperation.Merge([made], schema), read_version=1)
    assert after.to_table(with_row_id=True)["_rowid"].to_pylist() == list(range(10))


@pytest.mark.parametrize("data", [b"\x08", b"\x0a\x05ab", b"\x0b", b"\xff" * 11])
def test_messages_that_are_torn(data):
    with pytest.raises(eider.CorruptError):
        MessageReader(data)


def test_messages_keep_numbers():
    out = MessageWriter()
    out.packed(1, [0, -2, 5, 2**31 - 1])
    out.number(2, 2**64 - 1)
    out.entries(3, {"a": b"", "": b"x"})
    read = MessageReader(out.finish())
    assert read.packed(1) == [0, -2, 5, 2**31 - 1]
    assert read.number(2) == 2**64 - 1
    assert read.entries(3) == {"a": b"", "": b"x"}


def test_an_append_beside_a_cast_is_run_again(tmp_path):
    """Its file has the column as it was, which no reader would find under the new one."""
    uri = tmp_path / "t"
    eider.write_dataset(pa.table({"a": [1, 2]}), uri)
    late = write_fragments(pa.table({"a": [7]}), uri)

    def batches():
        yield pa.record_batch({"a": pa.array([7])})
        eider.dataset(uri).alter_columns({"path": "a", "data_type": pa.int32()})

    with pytest.raises(eider.RetryableConflictError):
        eider.write_dataset(pa.RecordBatchReader.from_batches(pa.schema({"a": pa.int64()}), batches()), uri, mode="append")
    with pytest.raises(eider.RetryableConflictError):
        LanceDataset.commit(uri, LanceOperation.Append(late), read_version=1)
    assert eider.dataset(uri).to_table()["a"].to_pylist() == [1, 2]


def detached_version(uri, of=1):
    append = LanceOperation.Append(write_fragments(pa.table({"a": [9]}), uri))
    return LanceDataset.commit(uri, append, read_version=of, detached=True).version


CHANGES = {
    "update": lambda ds: ds.update({"a": "a + 1"}),
    "update of no row": lambda ds: ds.update({"a": "a + 1"}, where="a = 1000"),
    "delete": lambda ds: ds.delete("a = 9"),
    "truncate": lambda ds: ds.truncate_table(),
    "merge_insert": lambda ds: ds.merge_insert("a").when_not_matched_insert_all().execute(pa.table({"a": [10]})),
    "deduplicate": lambda ds: ds.deduplicate(["a"]),
    "insert": lambda ds: ds.insert(pa.table({"a": [10]})),
    "append": lambda ds: eider.write_dataset(pa.table({"a": [10]}), ds, mode="append"),
    "overwrite": lambda ds: eider.write_dataset(pa.table({"a": [10]}), ds, mode="overwrite"),
    "add_columns": lambda ds: ds.add_columns({"b": "a"}),
    "merge": lambda ds: ds.merge(pa.table({"a": [9], "b": [1]}), "a"),
    "alter_columns": lambda ds: ds.alter_columns({"path": "a", "name": "b"}),
    "drop_columns": lambda ds: ds.drop_columns(["a"]),
    "update_config": lambda ds: ds.update_config({"a": "b"}),
    "compact_files": lambda ds: ds.optimize.compact_files(),
    "commit": lambda ds: LanceDataset.commit(ds, LanceOperation.Append(write_fragments(pa.table({"a": [1]}), ds)), read_version=ds.version),
}


@pytest.mark.parametrize("isolation", [None, "serializable"])
@pytest.mark.parametrize("change", CHANGES)
def test_changes_of_a_detached_version_are_refused(change, isolation, tmp_path):
    uri = tmp_path / "t"
    eider.write_dataset(pa.table({"a": [1]}), uri)
    beside = eider.dataset(uri, version=detached_version(uri), isolation=isolation)
    manifests = sorted((uri / "_versions").iterdir())
    with pytest.raises(eider.UnsupportedError, match=f"version {beside.version} is detached.*detached=True"):
        CHANGES[change](beside)
    assert sorted((uri / "_versions").iterdir()) == manifests
    assert beside.version >> 63 == 1 and beside.to_table()["a"].to_pylist() == [1, 9]


def test_a_detached_version_follows_another_and_is_restored(tmp_path):
    uri = tmp_path / "t"
    eider.write_dataset(pa.table({"a": [1]}), uri)
    second = detached_version(uri, of=detached_version(uri))
    assert eider.dataset(uri).version == 1
    assert eider.dataset(uri, version=second).to_table()["a"].to_pylist() == [1, 9, 9]
    assert lance.dataset(uri, version=second).to_table()["a"].to_pylist() == [1, 9, 9]
    with pytest.raises(eider.InvalidError, match="read_version must be below"):
        LanceDataset.commit(uri, LanceOperation.Append([]), read_version=2**64, detached=True)
    restored = eider.dataset(uri, version=second)
    restored.restore()
    assert (restored.version, restored.count_rows(), lance.dataset(uri).count_rows()) == (2, 3, 3)


def test_metadata_that_contradict_themselves_are_refused(parts):
    (first, *rest) = [fragment.metadata for fragment in parts.get_fragments()]
    new = dataclasses.replace(first, id=0)
    for path in ("", "..", "../../x.lance", "/etc/passwd", "a\0b"):
        file = dataclasses.replace(first.files[0], path=path)
        with pytest.raises(eider.InvalidError):
            LanceDataset.commit(parts.uri, LanceOperation.Append([dataclasses.replace(new, files=[file])]), read_version=1)
    file = dataclasses.replace(first.files[0], column_indices=[0])
    with pytest.raises(eider.InvalidError, match="column indices"):
        LanceDataset.commit(parts.uri, LanceOperation.Append([dataclasses.replace(new, files=[file])]), read_version=1)
    group = LanceOperation.RewriteGroup([first, *rest], [dataclasses.replace(new)])
    with pytest.raises(eider.InvalidError, match="became"):
        LanceDataset.commit(parts.uri, LanceOperation.Rewrite([group], []), read_version=1)
    assert eider.dataset(parts.uri).version == 1
