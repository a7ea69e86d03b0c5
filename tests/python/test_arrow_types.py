"""The Arrow types of bfloat16 and of images."""

import io
import pickle
import subprocess
import sys

import eider.arrow
import numpy as np
import pyarrow as pa
import pytest
from eider.arrow import (
    BFloat16,
    BFloat16Array,
    BFloat16Type,
    EncodedImageArray,
    EncodedImageType,
    FixedShapeImageTensorArray,
    FixedShapeImageTensorType,
    ImageArray,
    ImageURIArray,
    ImageURIType,
    bfloat16_array,
    cast,
)

import eider


def upper_half(bits):
    """The nearest bfloat16 by its definition: of the two around a float32, the nearer, or the even one of equals."""
    below, rest = divmod(bits, 1 << 16)
    return below + (rest > 0x8000 or (rest == 0x8000 and below % 2 == 1))


def test_numbers_are_rounded_to_the_nearest_and_print_in_full():
    assert [repr(BFloat16(x)) for x in (1.1, 3, -0.0, 1e38, 1 / 3, 1.00390625, 1.01171875, float("nan"))] == [
        "1.1015625", "3", "-0", "99692100000000000000000000000000000000", "0.33398438", "1", "1.015625", "NaN",
    ]  # fmt: skip
    bits = np.random.default_rng(0).integers(0, 1 << 32, 5000, dtype=np.uint32)
    floats = bits.view(np.float32)
    finite = np.isfinite(floats)
    stored = np.frombuffer(bfloat16_array(floats).storage.buffers()[1], np.uint16)
    assert stored[finite].tolist() == [upper_half(int(b)) for b in bits[finite]]
    outside = bfloat16_array([float("nan"), float("inf"), -3.4e38])
    assert outside.storage.to_pylist() == [b"\xc0\x7f", b"\x80\x7f", b"\x80\xff"]
    hidden = np.array([0x7F800001], np.uint32).view(np.float32)  # a NaN whose upper half is that of infinity
    assert np.isnan(bfloat16_array(hidden)[0].as_py().as_float())


def test_numbers_compare_travel_and_come_from_bytes():
    one = BFloat16.from_bytes(b"\x80\x3f")
    assert one == BFloat16(1.0) < BFloat16(2.0) and one != 1.0 and BFloat16(float("nan")) != BFloat16(float("nan"))
    assert pickle.loads(pickle.dumps(one)) == one and hash(one) == hash(BFloat16(1))
    with pytest.raises(ValueError, match="expected 2 bytes, got 3"):
        BFloat16.from_bytes(b"abc")
    with pytest.raises(TypeError):
        assert one < 2.0
    with pytest.raises(TypeError, match="not str"):
        BFloat16("1")


def test_arrays_hold_nulls_slices_and_scalars():
    array = bfloat16_array([1.1, None, 2])
    assert isinstance(array, BFloat16Array) and array.type == BFloat16Type() and array.type.storage_type == pa.binary(2)
    assert [None if x is None else x.as_float() for x in array.to_pylist()] == [1.1015625, None, 2.0]
    assert array[0] == BFloat16(1.1) and array[0] == array[:1][0] and array[0] != 1.1 and array[1].as_py() is None
    assert str(array) == "[\n  1.1015625,\n  None,\n  2\n]" and "eider.arrow.BFloat16Array" in repr(array)
    assert array[1:].equals(bfloat16_array([None, 2.0])) and pickle.loads(pickle.dumps(array)).equals(array)
    assert bfloat16_array(pa.array([1, None])).equals(bfloat16_array((1.0, None))) and len(bfloat16_array([])) == 0
    for wrong in (["a"], 3, "12", [[1.0]]):
        with pytest.raises(TypeError, match="bfloat16_array"):
            bfloat16_array(wrong)
    with pytest.raises(ValueError, match=r"\(1, 1\)"):
        bfloat16_array(np.ones((1, 1)))


def test_arrays_and_numpy_share_memory():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    numbers = np.array([1, 2, 3, 4], ml_dtypes.bfloat16)
    array = BFloat16Array.from_numpy(numbers)
    assert array.buffers()[1].address == numbers.ctypes.data
    assert array[2:].to_numpy().tolist() == [3, 4] and not array.to_numpy().flags.writeable
    assert BFloat16Array.from_numpy(numbers[::2]).to_numpy(zero_copy_only=False, writable=True).flags.writeable
    assert array[0] == numbers[0] and array[0] != numbers[1]


def test_what_is_no_array_of_bfloat16_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    with pytest.raises(ImportError, match="BFloat16Array.to_numpy needs the package 'ml_dtypes'"):
        bfloat16_array([1.0]).to_numpy()
    with pytest.raises(ValueError, match="null values"):
        bfloat16_array([None]).to_numpy()
    with pytest.raises(ValueError, match="float64"):
        BFloat16Array.from_numpy(np.zeros(1))


@pytest.mark.parametrize("to", [pa.float16(), pa.float32(), pa.float64(), "float32"], ids=str)
def test_casts_between_floats_and_bfloat16(to):
    array = bfloat16_array([0.5, 1.1, None, -2])
    floats = cast(array, to)
    assert floats.type == (pa.float32() if to == "float32" else to)
    assert floats.to_pylist() == [0.5, 1.1015625, None, -2.0] and floats.null_count == 1
    assert cast(array[1:], to).equals(floats[1:])
    for target in (BFloat16Type(), "bfloat16", "bf16"):
        assert cast(floats, target).equals(array)
        assert cast(pa.chunked_array([floats[:1], floats[1:]]), target).equals(array)
    with pytest.raises(ValueError, match="got: int32"):
        cast(array, pa.int32())
    with pytest.raises(ValueError, match="got: int64"):
        cast(pa.array([1]), "bf16")


def test_casts_of_lists_keep_nulls_and_slices():
    lists = pa.array([[1.0, 2.0], None, [3.0, None]], pa.list_(pa.float32(), 2))
    vectors = cast(lists, pa.list_(BFloat16Type(), 2))
    assert vectors.type == pa.list_(BFloat16Type(), 2) and cast(vectors, lists.type).equals(lists)
    assert cast(vectors[1:], pa.list_(pa.float64(), 2)).to_pylist() == [None, [3.0, None]]
    assert cast(lists, pa.list_(pa.float64(), 2)).to_pylist() == lists.to_pylist()
    with pytest.raises(ValueError, match=r"same size, got: .*\[2\] to .*\[3\]"):
        cast(lists, pa.list_(BFloat16Type(), 3))
    assert cast(pa.array([1.5]), pa.int32(), safe=False).to_pylist() == [1]


def test_pandas_columns_of_bfloat16():
    pd = pytest.importorskip("pandas")
    frame = pa.table({"x": bfloat16_array([1.1, None, 2])}).to_pandas()
    column = frame["x"]
    assert column.dtype == "lance.bfloat16" and column.isna().tolist() == [False, True, False]
    assert column[2] == BFloat16(2) and column.iloc[[2, 0]].tolist() == [BFloat16(2), BFloat16(1.1)]
    assert column.astype("float32").tolist()[::2] == [1.1015625, 2.0] and column.fillna(0.5)[1] == BFloat16(0.5)
    assert pd.concat([column.dropna(), column])[2].tolist() == [BFloat16(2)] * 2
    assert column.reindex([2, 7]).isna().tolist() == [False, True] and column.array[-1] == BFloat16(2)
    assert pa.Table.from_pandas(frame)["x"].combine_chunks().equals(bfloat16_array([1.1, None, 2]))
    assert pd.Series([1.0, None], dtype="lance.bfloat16").array.data.equals(bfloat16_array([1, None]))
    kept = column.copy()
    column.array[0] = 5.0
    assert column.array[0] == BFloat16(5) and kept[0] == BFloat16(1.1)


def images():
    return np.arange(2 * 4 * 3 * 3, dtype=np.uint8).reshape(2, 4, 3, 3)


def png(pixels):
    file = io.BytesIO()
    pytest.importorskip("PIL.Image").fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_images_from_uris_to_pixels_and_back(tmp_path):
    for i, pixels in enumerate(images()):
        (tmp_path / f"{i}.png").write_bytes(png(pixels))
    uris = ImageURIArray.from_uris([str(tmp_path / "0.png"), None, tmp_path / "1.png"])
    assert uris.type == ImageURIType() and uris[1].as_py() is None
    encoded = uris.read_uris(pa.large_binary())
    assert encoded.type == EncodedImageType(pa.large_binary())
    assert encoded.storage.is_null().to_pylist() == [False, True, False]
    tensors = encoded.to_tensor()
    assert tensors.type == FixedShapeImageTensorType(pa.uint8(), (4, 3, 3)) and tensors[1].as_py() is None
    assert (tensors.filter(tensors.is_valid()).to_numpy() == images()).all()
    assert (tensors[2:].to_numpy() == images()[1:]).all()
    again = tensors.to_encoded()
    assert again.storage.is_null().to_pylist() == [False, True, False] and again.to_tensor().equals(tensors)
    with pytest.raises(ValueError, match="1 of 3 images are null"):
        tensors.to_numpy()
    with pytest.raises(FileNotFoundError):
        ImageURIArray.from_uris([tmp_path / "none.png"]).read_uris()
    with pytest.warns(RuntimeWarning, match="http://127.0.0.1:1/x is null"):
        assert ImageURIArray.from_uris(["http://127.0.0.1:1/x"]).read_uris()[0].as_py() is None


def test_images_of_two_shapes_and_decoders_of_the_caller(monkeypatch):
    encoded = ImageArray.from_array(pa.array([png(images()[0]), png(images()[0][:2])]))
    with pytest.raises(ValueError, match=r"image 1 has the shape \(2, 3, 3\), the first \(4, 3, 3\)"):
        encoded.to_tensor()
    with pytest.raises(ValueError, match="no image tells the shape"):
        encoded[:0].to_tensor()
    with pytest.raises(ValueError, match="made 1 of 2 images"):
        encoded.to_tensor(lambda binary: images()[:1])
    tensors = encoded.to_tensor(lambda binary: pa.FixedShapeTensorArray.from_numpy_ndarray(images()))
    assert (tensors.to_numpy() == images()).all()
    assert tensors.to_encoded(lambda pixels: [b"x"] * len(pixels)).to_pylist() == [b"x", b"x"]
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ValueError, match="to_tensor needs Pillow .* or the argument decoder"):
        encoded.to_tensor()
    with pytest.raises(ValueError, match="to_encoded needs Pillow .* or the argument encoder"):
        tensors.to_encoded()


def test_arrays_of_images_from_what_there_is():
    tensors = ImageArray.from_array(pa.FixedShapeTensorArray.from_numpy_ndarray(images()))
    assert isinstance(tensors, FixedShapeImageTensorArray) and (tensors.to_numpy() == images()).all()
    assert ImageArray.from_array(tensors) is tensors
    assert isinstance(ImageArray.from_array(pa.array([b"x"])), EncodedImageArray)
    assert ImageArray.from_array(pa.array(["x"], pa.large_string())).type == ImageURIType(pa.large_string())
    assert ImageArray.from_array(["x"]).to_pylist() == ["x"]
    permuted = pa.fixed_shape_tensor(pa.int8(), [2, 3], permutation=[1, 0])
    with pytest.raises(ValueError, match="permuted"):
        ImageArray.from_array(pa.array([[0] * 6], pa.list_(pa.int8(), 6)).cast(permuted))
    with pytest.raises(TypeError, match="int"):
        ImageArray.from_array(3)
    with pytest.raises(TypeError, match="int"):
        ImageURIArray.from_uris(3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ImageURIType(pa.binary()), "a string type, not binary"),
        (lambda: EncodedImageType(pa.string()), "a binary type, not string"),
        (lambda: FixedShapeImageTensorType(pa.uint8(), ()), r"not \(\)"),
        (lambda: FixedShapeImageTensorType(pa.uint8(), (-1, 2)), r"not \(-1, 2\)"),
        (lambda: BFloat16Type.__arrow_ext_deserialize__(pa.binary(3), b""), r"stored as fixed_size_binary\[3\]"),
    ],
)
def test_other_storage_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "metadata",
    [b"", b"{", b"[]", b"{}", b'{"shape": 3}', b'{"shape": [2, -2]}', b'{"shape": ["4"]}', b'{"shape": [5]}'],
)
def test_stored_metadata_without_a_fitting_shape_is_an_error(metadata, tmp_path):
    storage = pa.array([[1, 2, 3, 4]], pa.list_(pa.uint8(), 4))
    marks = {"ARROW:extension:name": "lance.arrow.fixed_shape_image_tensor", "ARROW:extension:metadata": metadata}
    table = pa.table([storage], schema=pa.schema([pa.field("t", storage.type, metadata=marks)]))
    with pytest.raises(ValueError, match="lance.arrow.fixed_shape_image_tensor"):
        eider.write_dataset(table, tmp_path / "t.lance").to_table()


def test_the_package_does_without_until_they_are_used():
    code = (
        "import sys, eider; assert 'pyarrow' not in sys.modules and 'eider.arrow' not in sys.modules\n"
        "eider.arrow.bfloat16_array([1.0]); assert eider.arrow is sys.modules['eider.arrow']\n"
        "assert not {'pandas', 'PIL', 'torch', 'ml_dtypes'} & {*sys.modules}, 'only when used'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert all(hasattr(eider.arrow, name) for name in eider.arrow.__all__)
    with pytest.raises(AttributeError, match="nothing_like_it"):
        _ = eider.arrow.nothing_like_it
