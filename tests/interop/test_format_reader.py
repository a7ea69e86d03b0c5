"""docs/format suffices to read what both engines write: the reader in tests/interop/format was written from it alone."""

from __future__ import annotations

import decimal
import math
import pathlib

import numpy as np
import pyarrow as pa
import pytest

from tests.interop.format.old import read_file, read_legacy_table
from tests.interop.format.table import LanceFile, read_table
from tests.interop.generators import Case

ROWS = 3000
GOLDEN = sorted((pathlib.Path(__file__).parents[1] / "golden").glob("pylance-*/2.[012]/*.lance"))
NUMBERS = np.random.default_rng(1)


def plain(scalar: pa.Scalar):
    """A value as the reader gives it."""
    kind = scalar.type
    if not scalar.is_valid:
        return None
    if isinstance(kind, pa.BaseExtensionType):
        return plain(scalar.value)
    if pa.types.is_map(kind):
        return [(plain(item["key"]), plain(item["value"])) for item in scalar.values]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return [plain(item) for item in scalar.values]
    if pa.types.is_struct(kind):
        return {kind.field(i).name: plain(scalar[i]) for i in range(kind.num_fields)}
    if pa.types.is_dictionary(kind):
        return plain(scalar.value)
    if pa.types.is_temporal(kind):
        return scalar.value
    return scalar.as_py()


def same(a, b) -> bool:
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(v, b[k]) for k, v in a.items())
    if isinstance(a, float) and math.isnan(a):
        return isinstance(b, float) and math.isnan(b)
    return a == b and (a is None) == (b is None) and isinstance(a, decimal.Decimal) == isinstance(b, decimal.Decimal)


def check(read: dict[str, list], table: pa.Table, what: str = "") -> None:
    assert list(read) == table.column_names
    for name in read:
        expected = [plain(v) for v in table[name]]
        assert len(read[name]) == len(expected), (what, name, len(read[name]), len(expected))
        for row, (mine, theirs) in enumerate(zip(read[name], expected)):
            assert same(mine, theirs), (what, name, table[name].type, row, mine, theirs)


def write(writer: str, path: pathlib.Path, batches, schema: pa.Schema, version: str) -> None:
    if writer == "eider":
        from eider.file import LanceFileWriter
    else:
        from lance.file import LanceFileWriter
    with LanceFileWriter(str(path), schema, version=version) as file:
        for batch in batches:
            file.write_batch(batch)


def some(values, nulls: int = 7) -> pa.Array:
    return pa.array([None if nulls and i % nulls == 3 else v for i, v in enumerate(values)])


def lists(values, depth: int) -> pa.Array:
    rows = [None if i % 11 == 2 else values[3 * i:3 * i + i % 4] for i in range(len(values) // 4)]
    for _ in range(depth - 1):
        rows = [None if i % 13 == 5 else rows[2 * i:2 * i + i % 3] for i in range(len(rows) // 3)]
    return pa.array(rows, pa.list_(pa.array(values).type) if depth == 1 else pa.list_(pa.list_(pa.array(values).type)))


def repeated(n: int) -> list[int]:
    return np.repeat(NUMBERS.integers(0, 1 << 30, n), ROWS // n).tolist()


WORDS = [f"somateria mollissima {i * 7919 % 1000} dives for mussels" for i in range(ROWS)]
STRUCT = pa.struct([("q", pa.int32()), ("s", pa.string())])
COLUMNS = {
    "flat": (pa.array(NUMBERS.integers(-(1 << 62), 1 << 62, ROWS)), {}),
    "bitpacked": (some(NUMBERS.integers(0, 1000, ROWS).tolist()), {}),
    "bitpacked_16": (pa.array(NUMBERS.integers(0, 99, ROWS), pa.uint16()), {}),
    "bools": (some((NUMBERS.integers(0, 2, ROWS) > 0).tolist()), {}),
    "runs": (pa.array(repeated(100), pa.int32()), {}),
    "variable": (some([f"v{i * 31}" for i in range(ROWS)]), {"compression": "none"}),
    "fsst": (some(WORDS), {"compression": "fsst"}),
    "fsst_wide": (some([w * 8 for w in WORDS]), {"compression": "fsst"}),
    "dictionary": (some([f"word {i % 17}" for i in range(ROWS)]), {}),
    "dictionary_64": (some([float(i % 17) for i in range(ROWS)]), {}),
    "dictionary_array": (pa.array([f"word {i % 17}" for i in range(ROWS)]).dictionary_encode(), {}),
    "split": (pa.array(NUMBERS.random(ROWS).astype("f4")), {"compression": "lz4", "bss": "on"}),
    "zstd": (some(WORDS), {"compression": "zstd"}),
    "zstd_wide": (some([w * 900 for w in WORDS[:40]] * 20), {"compression": "zstd"}),
    "full_zip": (some(NUMBERS.integers(0, 1000, ROWS).tolist()), {"structural-encoding": "fullzip"}),
    "full_zip_lists": (lists(WORDS, 2), {"structural-encoding": "fullzip"}),
    "vectors": (pa.array([[1.0, None, float(i)] if i % 5 else None for i in range(ROWS)], pa.list_(pa.float32(), 3)), {}),
    "wide_vectors": (pa.array([[float(i)] * 99 + [None] if i % 5 else None for i in range(50)], pa.list_(pa.float32(), 100)), {}),
    "bit_vectors": (pa.array([[True, None, i % 2 == 0] if i % 5 else None for i in range(ROWS)], pa.list_(pa.bool_(), 3)), {}),
    "packed": (pa.array([{"x": i, "y": i / 2} for i in range(ROWS)], pa.struct([("x", pa.int32()), ("y", pa.float64())])),
               {"packed": "true"}),
    "lists": (lists(list(range(ROWS)), 1), {}),
    "nested_lists": (lists(list(range(ROWS)), 2), {}),
    "structs": (pa.array([None if i % 9 == 1 else {"q": i if i % 4 else None, "s": f"{i}"} for i in range(ROWS)], STRUCT), {}),
    "list_of_structs": (pa.array([None if i % 9 == 1 else [{"q": i, "s": None}, None][:i % 3] for i in range(ROWS)], pa.list_(STRUCT)), {}),
    "all_null": (pa.nulls(ROWS, pa.int64()), {}),
    "null_lists": (pa.array([None, []] * (ROWS // 2), pa.list_(pa.int32())), {}),
    "nothing": (pa.nulls(ROWS), {}),
    "decimals": (pa.array([decimal.Decimal(i - 7) / 100 for i in range(ROWS)], pa.decimal128(20, 2)), {}),
    "no_rows": (pa.array([], pa.int32()), {}),
}
COLUMNS_2_2 = {
    "constant": (some([7] * ROWS), {}),
    "constant_text": (some(["the same"] * ROWS), {}),
    "constant_in_lists": (lists([5] * ROWS, 1), {}),
    "map": (pa.array([None if i % 7 == 1 else [(f"k{k}", i if k else None) for k in range(i % 3)] for i in range(ROWS)],
                     pa.map_(pa.string(), pa.int32())), {}),
    "packed_variable": (pa.array([None if i % 7 == 1 else {"x": i, "s": f"row {i}", "v": [1.0, float(i)]} for i in range(ROWS)],
                                 pa.struct([("x", pa.int32()), ("s", pa.string()), ("v", pa.list_(pa.float32(), 2))])), {"packed": "true"}),
    "struct_vectors": (pa.array([None if i % 7 == 1 else [{"q": i, "s": "a"}, None] for i in range(ROWS)], pa.list_(STRUCT, 2)), {}),
}


@pytest.mark.parametrize("version", ["2.1", "2.2"])
@pytest.mark.parametrize("writer", ["eider", "reference"])
@pytest.mark.parametrize("name", [*COLUMNS, *COLUMNS_2_2])
def test_a_column_of_each_layout_reads(name: str, writer: str, version: str, tmp_path: pathlib.Path) -> None:
    if name in COLUMNS_2_2 and version == "2.1" and not name.startswith("constant"):
        pytest.skip("2.1 has no such columns")
    array, asks = {**COLUMNS, **COLUMNS_2_2}[name]
    schema = pa.schema([pa.field("a", array.type, metadata={f"lance-encoding:{k}": v for k, v in asks.items()})])
    table = pa.table([array], schema)
    path = tmp_path / "a.lance"
    write(writer, path, table.to_batches(), schema, version)
    check(LanceFile(path.read_bytes()).read(), table)


@pytest.mark.parametrize("writer", ["eider", "reference"])
@pytest.mark.parametrize("seed", range(25))
def test_generated_files_read(seed: int, writer: str, tmp_path: pathlib.Path) -> None:
    case = Case(70_000 + seed)
    path = tmp_path / "a.lance"
    write(writer, path, case.batches, case.schema, case.version)
    check(LanceFile(path.read_bytes()).read(), case.table, case.describe())


@pytest.mark.parametrize("version", ["2.1", "2.2"])
@pytest.mark.parametrize("writer", ["eider", "lance"])
def test_blobs_lie_where_their_column_says(writer: str, version: str, tmp_path: pathlib.Path) -> None:
    engine = pytest.importorskip(writer)
    values = [b"abc", None, b"", b"x" * 5000]
    field = pa.field("a", pa.large_binary(), metadata={"lance-encoding:blob": "true"})
    engine.write_dataset(pa.table([pa.array(values, pa.large_binary())], pa.schema([field])), str(tmp_path / "t"), data_storage_version=version)
    file = LanceFile(next((tmp_path / "t" / "data").glob("*.lance")).read_bytes())
    places = file.read()["a"]
    if version == "2.2":
        assert {p["kind"] for p in places if p} == {0}
        places = [p and (p["position"], p["size"]) for p in places]
    assert [p and file.span(*p) for p in places] == values


@pytest.mark.parametrize("naming", [True, False])
@pytest.mark.parametrize("writer", ["eider", "lance"])
def test_a_table_with_deletions_and_added_columns_reads(writer: str, naming: bool, tmp_path: pathlib.Path) -> None:
    engine, lance = pytest.importorskip(writer), pytest.importorskip("lance")
    table = pa.table({"id": range(20_000), "name": [f"name {i}" for i in range(20_000)]})
    uri = str(tmp_path / "table.lance")
    lance.write_dataset(table.slice(0, 0), uri, enable_v2_manifest_paths=naming)
    engine.write_dataset(table, uri, max_rows_per_file=12_000, mode="append")
    reference = lance.dataset(uri)
    reference.delete("id % 1000 = 7")
    reference.delete("id >= 1000 and id < 8000")  # more rows than an Arrow file takes
    live = reference.to_table()
    engine.dataset(uri).add_columns(pa.table({"twice": [2 * i.as_py() for i in live["id"]]}).to_reader())
    engine.write_dataset(table.slice(0, 10).append_column("twice", [range(0, 20, 2)]), uri, mode="append")
    expected = lance.dataset(uri).to_table()
    assert expected.num_rows == live.num_rows + 10
    assert {p.suffix for p in (tmp_path / "table.lance" / "_deletions").iterdir()} == {".arrow", ".bin"}
    check(read_table(tmp_path / "table.lance"), expected)


COLUMNS_2_0 = [name for name in COLUMNS if name not in ("structs", "list_of_structs", "fsst", "fsst_wide", "zstd_wide", "nothing")]


@pytest.mark.parametrize("writer", ["eider", "reference"])
@pytest.mark.parametrize("name", COLUMNS_2_0)
def test_a_column_of_2_0_reads(name: str, writer: str, tmp_path: pathlib.Path) -> None:
    array, asks = COLUMNS[name]
    if "packed" in asks and writer == "eider":
        pytest.skip("eider writes no packed structs into 2.0")
    columns, metadata = [array], {f"lance-encoding:{k}": v for k, v in asks.items() if k == "packed"}
    fields = [pa.field("a", array.type, metadata=metadata)]
    if not metadata and not pa.types.is_dictionary(array.type):
        items = pa.array([[v] * (i % 3) for i, v in enumerate(array.to_pylist())], pa.list_(array.type))
        columns.append(pa.StructArray.from_arrays([array, items], ["x", "y"]))
        fields.append(pa.field("b", columns[1].type))
    schema = pa.schema(fields)
    table = pa.table(columns, schema)
    path = tmp_path / "a.lance"
    write(writer, path, table.to_batches(), schema, "2.0")
    check(read_file(path.read_bytes()), table)


# This reader knows neither the packed structs of 2.0 nor the vectors of release 7 that are all null and stored without a byte.
BEYOND = {("2.0", "packed"), ("2.1", "null_vectors")}


@pytest.mark.parametrize("path", [p for p in GOLDEN if (p.parent.name, p.stem) not in BEYOND],
                         ids=lambda p: "-".join(p.with_suffix("").parts[-3:]))
def test_files_of_releases_read(path: pathlib.Path) -> None:
    read = read_file(path.read_bytes()) if "2.0" in path.parts else LanceFile(path.read_bytes()).read()
    check(read, pa.ipc.open_file(path.with_suffix(".arrow")).read_all())


def test_a_table_of_0_1_reads(tmp_path: pathlib.Path) -> None:
    lance = pytest.importorskip("lance")
    rows = range(2500)
    table = pa.table({
        "id": pa.array(rows, pa.int32()), "flag": [i % 3 == 0 for i in rows], "text": [f"row {i}" if i % 4 else None for i in rows],
        "tags": [list(range(i % 3)) for i in rows], "word": pa.array([f"word {i % 5}" for i in rows]).dictionary_encode(),
        "box": [{"x": i / 2, "names": [f"{i}"] * (i % 2)} for i in rows],
        "vector": pa.array([[float(i), 0.5] for i in rows], pa.list_(pa.float32(), 2)), "nothing": pa.nulls(2500),
    })
    lance.write_dataset(table, tmp_path / "t.lance", data_storage_version="0.1", max_rows_per_file=1500)
    check(read_legacy_table(tmp_path / "t.lance"), table)


def test_a_table_with_a_replaced_column_reads(tmp_path: pathlib.Path) -> None:
    lance = pytest.importorskip("lance")
    uri = tmp_path / "t.lance"
    table = lance.write_dataset(pa.table({"id": range(50), "v": [0] * 50, "w": ["a"] * 50}), uri)
    table.merge_insert("id").when_matched_update_all().write_mode("rewrite_columns").execute(pa.table({"id": [3, 4], "v": [7, 8]}))
    check(read_table(uri), lance.dataset(uri).to_table())
