"""Where the reference engine (pylance 14.0.2) is wrong, our behaviour is pinned here, next to a note of what it does.

Its negative cases run in child processes: some abort.
"""

from __future__ import annotations

import pathlib
import subprocess
import sys
import textwrap

import numpy as np
import pyarrow as pa
import pytest

from tests.interop.compare import Expected

REPOSITORY = pathlib.Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def only_eider(engine) -> None:
    if engine.name != "eider":
        pytest.skip("pins eider's behaviour")


def round_trip(engine, reference, table: pa.Table, uri: str, version: str) -> None:
    engine.write_dataset(table, uri, data_storage_version=version)
    expected = Expected(table)
    expected.check(engine.dataset(uri).to_table(), f"eider, {version}")
    expected.check(reference.dataset(uri).to_table(), f"reference, {version}")
    picks = [table.num_rows - 1, 0, table.num_rows // 2]
    expected.take(picks).check(engine.dataset(uri).take(picks), f"eider take, {version}")


@pytest.mark.parametrize("version", ["2.1", "2.2"])
def test_dictionaries_that_outgrow_their_key_type(version, engine, reference, tmp_path) -> None:
    """The reference writes batches whose int8 dictionaries together hold more than 127 values, and cannot read them back."""
    kind = pa.dictionary(pa.int8(), pa.string())
    batches = [pa.record_batch({"d": pa.DictionaryArray.from_arrays(pa.array(range(100), pa.int8()),
                                                                    [f"{part} {i}" for i in range(100)])}) for part in "abc"]
    uri = str(tmp_path / "d.lance")
    table = pa.Table.from_batches(batches)
    assert table.schema.field("d").type == kind
    try:
        engine.write_dataset(table, uri, data_storage_version=version)
    except engine.module.EiderError as error:
        assert "d" in str(error) and ("int8" in str(error) or "127" in str(error) or "dictionary" in str(error))
        assert not (tmp_path / "d.lance" / "_versions").exists()
        return
    Expected(table).check(engine.dataset(uri).to_table(), "eider")
    Expected(table).check(reference.dataset(uri).to_table(), "reference")


@pytest.mark.parametrize("version", ["2.1", "2.2"])
def test_sliced_structs_in_structs(version, engine, reference, tmp_path) -> None:
    """The reference panics when it is given a sliced struct<struct> with nulls."""
    rows = [None if i % 5 == 0 else {"a": None if i % 3 == 0 else {"b": i, "c": None if i % 7 == 0 else str(i)}} for i in range(1000)]
    array = pa.array(rows).slice(3, 900)
    round_trip(engine, reference, pa.table({"s": array}), str(tmp_path / "d.lance"), version)


@pytest.mark.parametrize("version", ["2.1", "2.2"])
def test_binary_of_no_bytes(version, engine, reference, tmp_path) -> None:
    """The reference writes fixed_size_binary(0) in 2.1 and cannot read it back. We write it readably, or refuse it by name."""
    table = pa.table({"empty": pa.array([b"", None, b""], pa.binary(0)), "id": [1, 2, 3]})
    uri = str(tmp_path / "d.lance")
    try:
        engine.write_dataset(table, uri, data_storage_version=version)
    except engine.module.UnsupportedError as error:
        assert "empty" in str(error)
        return
    Expected(table).check(engine.dataset(uri).to_table(), "eider")


def test_fixed_size_lists_of_structs(engine, reference, tmp_path) -> None:
    """The reference cannot read fixed_size_list<struct> of 2.2 beside another column."""
    child = pa.StructArray.from_arrays([pa.array(range(60)), pa.array([None if i % 4 == 0 else str(i) for i in range(60)])], ["a", "b"])
    table = pa.table({"pairs": pa.FixedSizeListArray.from_arrays(child, 2), "id": range(30)})
    uri = str(tmp_path / "d.lance")
    reference.write_dataset(table, uri, data_storage_version="2.2")
    Expected(table).check(engine.dataset(uri).to_table(), "eider reads the reference's")
    try:
        round_trip(engine, reference, table.select(["pairs"]), str(tmp_path / "own.lance"), "2.2")
    except engine.module.UnsupportedError as error:
        assert "pairs" in str(error)


@pytest.mark.parametrize("version", ["2.1", "2.2"])
def test_packed_structs(version, engine, reference, tmp_path) -> None:
    """Packed structs are read as plain ones, one child alone too (the reference cannot read one child)."""
    kind = pa.struct([pa.field("a", pa.int32(), False), pa.field("b", pa.float64(), False)])
    field = pa.field("p", kind, metadata={"lance-encoding:packed": "true"})
    array = pa.array([None if i % 9 == 0 else {"a": i, "b": i / 2} for i in range(500)], kind)
    table = pa.Table.from_arrays([array], schema=pa.schema([field]))
    uri = str(tmp_path / "d.lance")
    reference.write_dataset(table, uri, data_storage_version=version)
    try:
        got = engine.dataset(uri).to_table()
    except engine.module.UnsupportedError as error:
        assert "packed" in str(error).lower()
        return
    Expected(table).check(got, "eider")
    one = engine.dataset(uri).to_table(columns=["p.a"])
    assert one.column(0).to_pylist() == [None if i % 9 == 0 else i for i in range(500)]


def test_empty_structs(engine, reference, tmp_path) -> None:
    """Legal at the top level without nulls."""
    table = pa.table({"nothing": pa.array([{}] * 10, pa.struct([])), "id": range(10)})
    uri = str(tmp_path / "d.lance")
    reference.write_dataset(table, uri)
    assert engine.dataset(uri).to_table().to_pylist() == table.to_pylist()


def test_negative_zero_and_nan_payloads_survive(engine, reference, tmp_path) -> None:
    bits = np.array([0x8000000000000000, 0x7FF8000000000001, 0xFFF0000000000000, 0x7FF0000000000001], np.uint64)
    for name, values in (("mixed", bits), ("constant", np.repeat(bits[:1], 5000)), ("few", np.tile(bits, 2000))):
        table = pa.table({"f": pa.array(values.view(np.float64))})
        round_trip(engine, reference, table, str(tmp_path / f"{name}.lance"), "2.2")


CHILD = textwrap.dedent("""
    import importlib, sys
    import pyarrow as pa
    engine = importlib.import_module(sys.argv[1])
    reader = importlib.import_module(sys.argv[1] + ".file").LanceFileReader(sys.argv[2])
    print(reader.take_rows([0, 2]).to_table().to_pylist())
""")


def test_taking_from_lists_of_empty_structs_does_not_end_the_process(reference, engine, tmp_path) -> None:
    """`take_rows` of the reference's file reader panics on list<struct<>>."""
    path = str(tmp_path / "f.lance")
    table = pa.table({"l": pa.array([[{}], [], [{}, {}]], pa.list_(pa.struct([])))})
    try:
        with reference.file_writer(path, table.schema) as writer:
            writer.write_batch(table)
    except BaseException:
        pytest.skip("the reference does not write it")
    child = subprocess.run([sys.executable, "-c", CHILD, engine.name, path], capture_output=True, text=True, cwd=REPOSITORY)
    assert child.returncode in (0, 1) and "EiderError" not in child.stdout, child.stderr[-500:]
    if child.returncode == 1:
        assert "eider.error" in child.stderr, child.stderr[-1500:]


@pytest.mark.parametrize("dimension", [1, 2, 9])
@pytest.mark.parametrize("version", ["2.1", "2.2"])
def test_lists_of_null_booleans(version, dimension, engine, reference, tmp_path) -> None:
    """Not wrong, but odd: the reference stores the validity of such items, and of the items nothing."""
    table = pa.table({"x": pa.array([[None] * dimension] * 25, pa.list_(pa.bool_(), dimension))})
    reference.write_dataset(table, str(tmp_path / "theirs"), data_storage_version=version)
    Expected(table).check(engine.dataset(str(tmp_path / "theirs")).to_table(), f"eider reads, {version}")
    round_trip(engine, reference, table, str(tmp_path / "ours"), version)
