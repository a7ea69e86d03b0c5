"""Input that lies: one clear error each, and the dataset stays as it was."""

import ctypes
import struct
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest

import eider


class LyingArray:
    """A producer whose buffers were changed behind Arrow's back."""

    def __init__(self, array: pa.Array, index: int, data: bytes) -> None:
        buffer = array.buffers()[index]
        ctypes.memmove(buffer.address, data, len(data))
        self._batch = pa.record_batch({"x": array})

    def __arrow_c_schema__(self):
        return self._batch.schema.__arrow_c_schema__()

    def __arrow_c_array__(self, requested_schema=None):
        return self._batch.__arrow_c_array__()


OFFSETS = [(0, 2**30, 4, 6), (0, -(2**30), 4, 6), (0, 5, 2, 6)]


@pytest.mark.parametrize("offsets", OFFSETS)
def test_offsets_that_lie(uri, offsets):
    strings, lists = pa.array(["ab", "cd", "ef"]), pa.array([[1, 2], [3, 4], [5, 6]], pa.list_(pa.int32()))
    for array in (strings, lists):
        lying = LyingArray(array, 1, struct.pack("<4i", *offsets))
        with pytest.raises(eider.InvalidError, match="offset"):
            eider.write_dataset(eider._eider.RecordBatchReader.from_iterator([lying], lying), uri)
    with pytest.raises(eider.NotFoundError):
        eider.dataset(uri)


def test_views_that_lie(uri):
    for view in (struct.pack("<i4sii", 20, b"abcd", 7, 0), struct.pack("<i4sii", 20, b"abcd", 0, 2**30)):
        lying = LyingArray(pa.array(["a string of 20 bytes"], pa.string_view()), 1, view)
        with pytest.raises(eider.InvalidError, match="does not hold them"):
            eider.write_dataset(eider._eider.RecordBatchReader.from_iterator([lying], lying), uri)


@pytest.mark.parametrize(
    "field",
    [
        pa.field("m", pa.int32(), metadata={b"\xff\xfe": b"x"}),
        pa.field("m", pa.struct([pa.field("a", pa.int32(), metadata={b"\xff": b""})])),
        pa.field("m", pa.int32(), metadata={b"ARROW:extension:name": b"\xff\xfe"}),
    ],
)
def test_text_that_is_not_utf8(ds, uri, field):
    with pytest.raises(eider.InvalidError, match="not UTF-8"):
        ds.add_columns(field)
    schema = pa.schema([field], metadata={})
    with pytest.raises(eider.InvalidError, match="not UTF-8"):
        eider.write_dataset(pa.table([pa.nulls(3, field.type)], schema=schema), uri, mode="overwrite")
    assert eider.dataset(uri).version == 1
    assert eider.dataset(uri).count_rows() == 10


def test_schema_metadata_that_is_not_utf8(uri):
    with pytest.raises(eider.InvalidError, match="not UTF-8"):
        eider.write_dataset(pa.table({"a": [1]}).replace_schema_metadata({b"\xff": b"x"}), uri)


def test_nesting_too_deep(ds, uri):
    kind = pa.int8()
    for _ in range(100):
        kind = pa.struct([("a", kind)])
    with pytest.raises(eider.UnsupportedError, match="deep"):
        ds.add_columns(pa.field("deep", kind))
    assert eider.dataset(uri).version == 1


def test_positions_without_a_shape(ds):
    for positions in (np.datetime64("2020"), np.array(3), b"ab", 5, None):
        with pytest.raises((TypeError, eider.InvalidError)):
            ds.take(positions)


def test_no_version_at_all(ds):
    with pytest.raises(eider.InvalidError):
        ds.checkout_version(None)


def test_loader_of_many_threads(write):
    torch = pytest.importorskip("eider.torch")
    loader = torch.Loader(write(pa.table({"x": np.arange(2000)})), batch_size=5)

    def read(_: int) -> None:
        for i in range(100):
            try:
                loader._native.next() if i % 10 else loader._native.start(0)
            except eider.InvalidError as error:
                assert "two threads" in str(error)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(read, range(4)))


def test_loader_states_that_lie(write):
    torch = pytest.importorskip("eider.torch")
    loader = torch.Loader(write(pa.table({"x": np.arange(100)})), batch_size=5)
    state = loader.state_dict()
    for name, value in (("position", "x"), ("position", -1), ("position", None), ("epoch", "x"), ("version", None), ("epoch", -1)):
        with pytest.raises(eider.InvalidError, match=name):
            loader.load_state_dict({**state, name: value})
    with pytest.raises(TypeError):
        loader.load_state_dict(None)
    assert len(list(loader)) == 20


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2"])
@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
def test_strings_that_are_not_utf8(tmp_path, version, kind):
    binary = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary(), pa.string_view(): pa.binary_view()}[kind]
    values = pa.array([b"ok", "\u20ac".encode(), None, b"\xff\xfe" * 10, b"\xed\xa0\x80"], binary)
    strings = pa.Array.from_buffers(kind, len(values), values.buffers())
    path = str(tmp_path / "t.lance")
    with pytest.raises(eider.InvalidError, match="column 's': the string of row 3 of the batch is not UTF-8"):
        eider.write_dataset(pa.table({"s": strings}), path, data_storage_version=version)
    eider.write_dataset(pa.table({"s": strings[:3]}), path, data_storage_version=version)
    assert eider.dataset(path).to_table()["s"].to_pylist() == ["ok", "\u20ac", None]
