"""Columns of bfloat16 and of images, both ways with the reference engine, whichever package registers their types.

Each case has a process of its own, as pyarrow keeps one registry for a process.
"""

import subprocess
import sys

import pytest

pytest.importorskip("lance")

VERSIONS = ["2.0", "2.1", "2.2"]

WRITE = """
import sys, numpy as np, pyarrow as pa, {engine} as engine, {types}.arrow as types
numbers = types.bfloat16_array([1.1, None, 2, float("nan"), -3e38, 0.0])
wrap = pa.ExtensionArray.from_storage
table = pa.table({{
    "number": numbers,
    "vector": pa.FixedSizeListArray.from_arrays(types.bfloat16_array([float(i) / 3 for i in range(24)]), 4),
    "gaps": pa.FixedSizeListArray.from_arrays(types.bfloat16_array([float(i) for i in range(12)]), 2,
                                              mask=pa.array([False, True, False, False, True, False])),
    "uri": types.ImageURIArray.from_uris(["a", "b", "", "d", "e", "f"]),
    "large_uri": wrap(types.ImageURIType(pa.large_string()), pa.array(["a", None] * 3, pa.large_string())),
    "encoded": wrap(types.EncodedImageType(), pa.array([b"a", None, b""] * 2)),
    "large_encoded": wrap(types.EncodedImageType(pa.large_binary()), pa.array([b"a", b"b"] * 3, pa.large_binary())),
    "tensor": types.ImageArray.from_array(
        pa.FixedShapeTensorArray.from_numpy_ndarray(np.arange(72, dtype=np.uint8).reshape(6, 2, 2, 3))),
}})
for version in {versions}:
    engine.write_dataset(table, sys.argv[1] + "/" + version, data_storage_version=version)
"""

READ = """
import sys
{imports}
import eider, lance, numpy as np, pyarrow as pa

def plain(array):
    if hasattr(array, "storage"):
        return array.storage
    if pa.types.is_fixed_size_list(array.type) and hasattr(array.values, "storage"):
        return pa.FixedSizeListArray.from_arrays(array.values.storage, array.type.list_size, mask=array.is_null())
    return array

def check(table, owner):
    kinds = [table.schema.field(name).type for name in table.schema.names]
    kinds[1:3] = [kind.value_type for kind in kinds[1:3]]
    if owner is None:
        assert not any(isinstance(kind, pa.ExtensionType) for kind in kinds), kinds
    else:
        assert all(type(kind).__module__.split(".")[0] == owner for kind in kinds), kinds
        assert list(kinds[-1].shape) == [2, 2, 3]
    columns = {{name: plain(table[name].combine_chunks()) for name in table.column_names}}
    assert columns["large_uri"].type == pa.large_string() and columns["large_encoded"].type == pa.large_binary()
    assert columns["uri"].type == pa.string() and columns["encoded"].type == pa.binary()
    columns = {{name: column.to_pylist() for name, column in columns.items()}}
    third = [bytes(2), b"\\xab\\x3e", b"\\x2b\\x3f", b"\\x80\\x3f"]
    assert columns["number"] == [b"\\x8d\\x3f", None, b"\\0\\x40", b"\\xc0\\x7f", b"\\x62\\xff", bytes(2)]
    assert columns["vector"][0] == third and columns["gaps"][1] is None and columns["gaps"][5][0] == b"\\x20\\x41"
    assert columns["uri"] == ["a", "b", "", "d", "e", "f"]
    assert columns["large_uri"] == ["a", None] * 3
    assert columns["encoded"] == [b"a", None, b""] * 2
    assert columns["large_encoded"] == [b"a", b"b"] * 3
    assert sum(columns["tensor"], []) == list(range(72))
    return columns

for version in {versions}:
    tables = [engine.dataset(sys.argv[1] + "/" + version).to_table() for engine in (eider, lance)]
    assert tables[0].schema.equals(tables[1].schema, check_metadata=True), (tables[0].schema, tables[1].schema)
    assert check(tables[0], {owner!r}) == check(tables[1], {owner!r})
    schema = eider.dataset(sys.argv[1] + "/" + version).lance_schema
    assert schema.field("vector").logical_type == "fixed_size_list:lance.bfloat16:4"
"""

#: What is imported, in order, and the package whose types are then read.
IMPORTS = {
    "neither": ("", None),
    "ours": ("import eider.arrow", "eider"),
    "theirs": ("import lance.arrow", "lance"),
    "ours, then theirs": ("import eider.arrow, lance.arrow", "lance"),
    "theirs, then ours": ("import lance.arrow, eider.arrow", "lance"),
}


def run(code, *arguments):
    done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


WRITERS = [(engine, types) for engine in ("eider", "lance") for types in ("eider", "lance")]


@pytest.fixture(scope="module", params=WRITERS, ids="{0[0]} of {0[1]}".format)
def written(request, tmp_path_factory):
    engine, types = request.param
    path = tmp_path_factory.mktemp("types")
    run(WRITE.format(engine=engine, types=types, versions=VERSIONS), path)
    return path


@pytest.mark.parametrize("order", IMPORTS)
def test_both_engines_read_the_same_types_and_values(written, order):
    imports, owner = IMPORTS[order]
    run(READ.format(imports=imports, owner=owner, versions=VERSIONS), written)


def test_names_numbers_and_metadata_are_the_references():
    run("""
import eider.arrow as ours, lance.arrow as theirs, numpy as np, pyarrow as pa
assert {*theirs.__all__} <= {*ours.__all__}
own = [n for n in dir(theirs) if n[0] != "_" and "lance" in str(getattr(getattr(theirs, n), "__module__", ""))]
assert len(own) > 9 and not [n for n in own if not hasattr(ours, n)]
floats = np.frombuffer(np.random.default_rng(7).bytes(40000), np.float32)
near = np.random.default_rng(8).standard_normal(10000)
wide = np.concatenate([floats.astype(np.float64), near, [1e39, 1e-46, 0, -0.0]])
assert ours.bfloat16_array(wide).storage.equals(theirs.bfloat16_array(wide.tolist()).storage)
for x in [1.1, 1e38, 1e39, 1e-40, -0.0, 0.1, 1 / 3, float("nan"), float("-inf"), 16777216, 65504]:
    mine, its = ours.BFloat16(x), theirs.BFloat16(x)
    assert repr(mine) == repr(its) and str(mine.as_float()) == str(its.as_float())
    assert str(ours.bfloat16_array([x])) == str(theirs.bfloat16_array([x]))
for make in (lambda m: m.BFloat16Type(), lambda m: m.ImageURIType(), lambda m: m.EncodedImageType(pa.large_binary()),
             lambda m: m.FixedShapeImageTensorType(pa.float32(), (2, 3)),
             lambda m: m.FixedShapeImageTensorType(pa.int8(), [4])):
    a, b = make(ours), make(theirs)
    assert (str(a), repr(a), a.extension_name, a.storage_type) == (str(b), repr(b), b.extension_name, b.storage_type)
    assert a.__arrow_ext_serialize__() == b.__arrow_ext_serialize__()
""")


def test_arrays_of_either_package_go_into_functions_of_ours():
    run("""
import eider.arrow as ours
early = ours.bfloat16_array([1.5, None])
import lance.arrow as theirs, numpy as np, pyarrow as pa
late = theirs.bfloat16_array([1.5, None])
for array in (early, late, ours.bfloat16_array([1.5, None])):
    assert ours.cast(array, pa.float32()).to_pylist() == [1.5, None]
    assert array[0] == array[0] if array is not late else True
    assert pa.table({"x": array}).to_pandas()["x"].isna().tolist() == [False, True]
assert early[0] == late[0] and early.storage.equals(late.storage)
uris = theirs.ImageURIArray.from_uris(["a"])
assert ours.ImageArray.from_array(uris) is uris
""")


@pytest.mark.parametrize("types", ["eider", "lance"])
def test_casts_and_numpy_arrays_are_the_references(types):
    pytest.importorskip("ml_dtypes")
    run(f"""
import {types}.arrow as types, numpy as np, pyarrow as pa
from ml_dtypes import bfloat16
floats = np.random.default_rng(7).standard_normal(1000)
bits = lambda array: np.frombuffer(array.storage.buffers()[1], np.uint16).tolist()
wanted = floats.astype(bfloat16)
for kind in ("float32", "float64"):
    some = floats.astype(kind)
    assert bits(types.cast(pa.array(some), "bf16")) == some.astype(bfloat16).view(np.uint16).tolist()
array = types.BFloat16Array.from_numpy(wanted)
assert array.to_numpy().dtype == bfloat16 and (array.to_numpy() == wanted).all()
assert types.cast(array, pa.float64()).equals(pa.array(wanted.astype(np.float64))) and array[0] == wanted[0]
lists = pa.FixedSizeListArray.from_arrays(pa.array(floats), 4)
assert bits(types.cast(lists, pa.list_(types.BFloat16Type(), 4)).values) == bits(array)
assert types.PandasBFloat16Array.from_numpy(wanted)[3] == types.BFloat16.from_bytes(wanted[3].tobytes())
""")
