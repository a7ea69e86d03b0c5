"""What a script may do with either engine, and see the same."""

import importlib

import lance
import pyarrow as pa
import pytest

import eider

ENGINES = pytest.mark.parametrize("engine", [eider, lance])
TABLE = pa.table({"a": pa.array([1, 2, 3], pa.int64())})


@ENGINES
def test_a_table_in_memory_is_made_anew(engine):
    old = engine.write_dataset(TABLE, "memory://both")
    new = engine.write_dataset(TABLE.slice(1), "memory://both")
    assert (old.count_rows(), new.count_rows(), new.version) == (3, 2, 1)
    assert engine.write_dataset(TABLE, old, mode="append").count_rows() == 6
    with pytest.raises(OSError, match="already exists"):
        engine.write_dataset(TABLE, old)


@ENGINES
@pytest.mark.parametrize("metadata", [{b"k": b"\xff"}, {b"\xff": b"v"}])
def test_metadata_that_is_no_text_is_a_value_error(engine, metadata, tmp_path):
    for schema in (TABLE.schema.with_metadata(metadata), pa.schema([TABLE.schema.field(0).with_metadata(metadata)])):
        with pytest.raises(ValueError, match=r"(?i)utf-?8"):
            engine.write_dataset(TABLE.cast(schema), str(tmp_path / "t"))


@ENGINES
def test_columns_that_a_take_names_twice(engine, tmp_path):
    dataset = engine.write_dataset(TABLE, str(tmp_path / "t"))
    assert dataset.take([1], columns=["_rowid", "a", "_rowid", "a"]).column_names == ["_rowid", "a", "_rowid"]
    for name in ("a", "_rowid"):
        with pytest.raises(ValueError, match="(?i)duplicate column name"):
            dataset.to_table(columns=[name, name])


@ENGINES
@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2"])
def test_a_column_of_nulls_by_sql_is_metadata(engine, version, tmp_path):
    uri = str(tmp_path / "t")
    dataset = engine.write_dataset(TABLE, uri, data_storage_version=version)
    dataset.add_columns({"n": "CAST(NULL AS INT)"})
    assert len(dataset.get_fragments()[0].metadata.files) == 1
    dataset.add_columns({"v": "arrow_cast(NULL, 'FixedSizeList(2, Float32)')"})
    for reader in (eider, lance):
        table = reader.dataset(uri).to_table()
        assert table.schema.field("v").type == pa.list_(pa.float32(), 2)
        assert table.to_pydict() == {"a": [1, 2, 3], "n": [None] * 3, "v": [None] * 3}


@ENGINES
def test_names_and_files(engine, tmp_path):
    dataset = engine.write_dataset(TABLE, str(tmp_path / "t"), data_storage_version="2.0", commit_message="why")
    key = importlib.import_module(f"{engine.__name__}.dataset").LANCE_COMMIT_MESSAGE_KEY
    assert dataset.read_transaction(1).transaction_properties[key] == "why"
    file = dataset.get_fragments()[0].metadata.files[0]
    with pytest.warns(DeprecationWarning, match="use DataFile.path instead"):
        path = file.path()
    reader = importlib.import_module(f"{engine.__name__}.file").LanceFileReader(str(tmp_path / "t" / "data" / path))
    assert (reader.metadata().major_version, reader.metadata().minor_version) == (0, 3)


@ENGINES
def test_a_function_that_returns_other_columns(engine, tmp_path):
    dataset = engine.write_dataset(TABLE, str(tmp_path / "t"))
    function = engine.batch_udf(output_schema=pa.schema({"b": pa.int64()}))(lambda batch: pa.record_batch([batch["a"]], ["c"]))
    with pytest.raises(Exception, match="Output schema of function does not match the expected schema"):
        dataset.add_columns(function, read_columns=["a"])
    kept = engine.batch_udf(output_schema=pa.schema({"b": pa.int64()}), checkpoint_file=str(tmp_path / "c"))(lambda batch: batch)
    with pytest.raises(ValueError, match="A checkpoint file cannot be used"):
        dataset.get_fragments()[0].merge_columns(kept, columns=["a"])


@ENGINES
def test_options_of_cleanup_are_for_new_tables(engine, tmp_path):
    uri = str(tmp_path / "t")
    engine.write_dataset(TABLE, uri)
    options = {"interval": 5, "older_than_seconds": 60}
    if engine is eider:
        with pytest.warns(UserWarning, match="for a new dataset"):
            dataset = engine.write_dataset(TABLE, uri, mode="append", auto_cleanup_options=options)
    else:
        dataset = engine.write_dataset(TABLE, uri, mode="append", auto_cleanup_options=options)
    assert dataset.config() == {}
