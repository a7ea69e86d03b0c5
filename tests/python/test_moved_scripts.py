"""What scripts written for the reference do that is neither a read nor a write of its own kind."""

import pickle

import pyarrow as pa
import pytest
from eider.fragment import RowDatasetVersionMeta, RowIdMeta

import eider
from eider.dataset import LANCE_COMMIT_MESSAGE_KEY

INT = pa.schema([("twice", pa.int64())])


def test_the_message_of_a_commit_is_a_property_of_its_transaction(write, table):
    assert write(table, commit_message="first").read_transaction(1).transaction_properties[LANCE_COMMIT_MESSAGE_KEY] == "first"


def test_the_path_of_a_data_file_can_be_called(ds):
    file = ds.get_fragments()[0].metadata.files[0]
    with pytest.warns(DeprecationWarning, match="DataFile.path is deprecated|use DataFile.path"):
        called = file.path()
    assert type(called) is str and called == file.path
    again = pickle.loads(pickle.dumps(file))
    assert again == file and repr(again.path) == repr(called)
    with pytest.warns(DeprecationWarning):
        assert again.path() == called


def test_switches_of_the_reader_are_taken_and_unknown_ones_are_named(ds):
    params = {"cache_repetition_index": False, "validate_on_decode": True}
    assert eider.dataset(ds.uri, read_params=params).count_rows() == 10
    with pytest.raises(eider.UnsupportedError, match="read_params has no key 'prefetch'; the keys are cache_repetition_index, validate_on_decode"):
        eider.dataset(ds.uri, read_params={"prefetch": True})
    with pytest.raises(TypeError, match="validate_on_decode must be a bool, got 'yes'"):
        eider.dataset(ds.uri, read_params={"validate_on_decode": "yes"})
    with pytest.raises(TypeError, match="read_params must be a dict"):
        eider.dataset(ds.uri, read_params=[True])


def test_the_environment_may_say_how_many_rows_a_batch_has(ds, monkeypatch):
    monkeypatch.setenv("LANCE_DEFAULT_BATCH_SIZE", "4")
    assert [batch.num_rows for batch in ds.to_batches()] == [4, 4, 2]
    assert [batch.num_rows for batch in ds.to_batches(batch_size=6)] == [6, 4]
    monkeypatch.setenv("LANCE_DEFAULT_BATCH_SIZE", "")
    assert [batch.num_rows for batch in ds.to_batches()] == [10]
    for wrong in ("0", "-1", "many", "1e3", " 5"):
        monkeypatch.setenv("LANCE_DEFAULT_BATCH_SIZE", wrong)
        with pytest.raises(eider.InvalidError, match=f"LANCE_DEFAULT_BATCH_SIZE='{wrong}': it must be a number of rows"):
            ds.to_batches()


def _batch(name, kind=pa.int64()):
    return lambda batch: pa.record_batch([batch["id"].cast(kind)], [name])


@pytest.mark.parametrize("way", ["add", "commit by parts", "fragment"])
@pytest.mark.parametrize(
    ("function", "why"),
    [
        (_batch("other"), r"it returned no columns named 'twice'[\s\S]*Expected:\ntwice: int64\nGot:\nother: int64"),
        (lambda batch: {"other": batch["id"]}, r"it returned columns \['other'\], without \['twice'\]"),
        (lambda batch: pa.record_batch([["x"] * batch.num_rows], ["twice"]), r"Expected:\ntwice: int64\nGot:\ntwice: string"),
        (lambda batch: {"twice": ["x"] * batch.num_rows}, r"Expected:\ntwice: int64"),
        (lambda batch: pa.record_batch([batch["id"]] * 2, ["twice"] * 2), "it returned 2 columns named 'twice'"),
    ],
)
def test_a_function_that_returns_other_columns_than_it_declares_is_told_both(ds, way, function, why):
    declared = eider.batch_udf(INT)(function)
    with pytest.raises(eider.InvalidError, match=f"Output schema of function does not match the expected schema: [\\s\\S]*{why}"):
        if way == "fragment":
            ds.get_fragments()[0].merge_columns(declared, ["id"])
        else:
            ds.add_columns(declared, ["id"], commit_every=1 if way == "commit by parts" else None)
    assert way == "commit by parts" or eider.dataset(ds.uri).version == 1


@pytest.mark.parametrize("of_fragment", [False, True])
def test_a_function_that_returns_other_columns_from_call_to_call_is_told_both(ds, of_fragment):
    calls = iter(range(100))

    def changing(batch):
        return pa.record_batch([batch["id"]], [f"x{next(calls)}"])

    target = ds.get_fragments()[0] if of_fragment else ds
    with pytest.raises(eider.InvalidError, match=r"does not match the expected schema[\s\S]*Expected:\nx0: int64\nGot:\nx1: int64"):
        target.add_columns(changing, ["id"], batch_size=3)


def test_columns_in_another_order_or_an_integer_of_another_width_fit(ds):
    schema = pa.schema([("a", pa.int64()), ("b", pa.int64())])
    ds.add_columns(eider.batch_udf(schema)(lambda b: pa.record_batch([b["id"].cast(pa.int32()), b["id"]], ["b", "a"])), ["id"])
    assert ds.to_table(["a", "b"]).to_pydict() == {"a": list(range(10)), "b": list(range(10))}


def test_a_checkpoint_file_is_not_for_one_fragment(ds, tmp_path):
    function = eider.batch_udf(pa.schema([("id", pa.int64())]), tmp_path / "checkpoint")(_batch("id"))
    with pytest.raises(eider.InvalidError, match="A checkpoint file cannot be used"):
        ds.get_fragments()[0].merge_columns(function, ["id"])
    assert not (tmp_path / "checkpoint").exists()


def test_columns_of_the_constant_null_are_metadata_alone(ds):
    ds.add_columns({"n": "CAST(NULL AS INT)", "v": "arrow_cast(NULL, 'FixedSizeList(32, Float32)')"})
    assert len(ds.get_fragments()[0].data_files()) == 1
    assert ds.schema.field("v").type == pa.list_(pa.float32(), 32)
    assert ds.to_table(["n", "v"]).to_pydict() == {"n": [None] * 10, "v": [None] * 10}


def test_updates_of_a_fragment_say_which_column_is_not_there_or_cannot_be_updated(ds):
    fragment, ids = ds.get_fragments()[0], pa.array([0], pa.uint64())
    with pytest.raises(eider.NotFoundError, match=r"column 'nmae' does not exist in the table: .*did you mean 'name'"):
        fragment.update_columns(pa.table({"_rowid": ids, "nmae": ["x"]}))
    with pytest.raises(eider.InvalidError, match="metadata column '_rowaddr' cannot be updated"):
        fragment.update_columns(pa.table({"_rowid": ids, "_rowaddr": ids}))
    with pytest.raises(eider.NotFoundError, match="the key '_rowid' does not exist in the data: no column '_rowid'; the columns are name"):
        fragment.update_columns(pa.table({"name": ["x"]}))


def test_row_ids_and_versions_go_through_dicts_and_json(write, table):
    metadata = write(table, enable_stable_row_ids=True).get_fragments()[0].metadata
    ids = metadata.row_id_meta
    assert RowIdMeta.from_json(ids.json()) == RowIdMeta.from_dict(ids.asdict()) == ids
    versions = RowDatasetVersionMeta(b"\x0a\x01")
    assert RowDatasetVersionMeta.from_json(versions.json()) == versions and versions.asdict() == {"inline": [10, 1]}


def test_a_schema_finds_fields_in_any_case_of_letters_and_the_primary_key():
    key = {"lance-schema:unenforced-primary-key:position": "%d"}
    fields = [
        pa.field("B", pa.int64(), nullable=False, metadata={k: v % 2 for k, v in key.items()}),
        pa.field("a", pa.int64(), nullable=False, metadata={k: v % 1 for k, v in key.items()}),
        pa.field("S", pa.struct([pa.field("x.Y", pa.int32())])),
    ]
    schema = eider.LanceSchema.from_pyarrow(pa.schema(fields))
    assert [field.name() for field in schema.unenforced_primary_key()] == ["a", "B"]
    found = {path: schema.field_case_insensitive(path) for path in ("b", "A", "a", "s.`X.y`", "z")}
    assert {path: field and field.id() for path, field in found.items()} == {"b": 0, "A": 1, "a": 1, "s.`X.y`": 3, "z": None}
    assert schema.field("b") is None


@pytest.mark.parametrize("make", [eider.write_dataset, eider.fragment.write_fragments, lambda data, uri: eider.LanceFragment.create(uri, data)])
def test_rows_without_columns_are_refused(make, tmp_path):
    rows = pa.table({"a": [1, 2]}).select([])
    assert rows.num_rows == 2
    with pytest.raises(eider.InvalidError, match="Cannot write with an empty schema: the data have rows .2 at first. and no columns"):
        make(rows, str(tmp_path / "t"))
    assert not any(tmp_path.rglob("*.lance"))
    assert eider.write_dataset(pa.table({}), str(tmp_path / "empty")).count_rows() == 0


def test_added_columns_of_another_length_say_which_way(ds):
    with pytest.raises(eider.InvalidError, match="Stream ended before producing values for all rows in dataset: after 4, and there are at least 10"):
        ds.add_columns(pa.table({"x": range(4)}))
    with pytest.raises(eider.InvalidError, match="Stream produced more values than expected for dataset: it has 10 rows"):
        ds.add_columns(pa.table({"x": range(11)}))
