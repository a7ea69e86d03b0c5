"""Blob columns that Eider writes: the reference engine reads them, and finds what it would have written."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import eider

lance = pytest.importorskip("lance")

SIZES = [3, None, 0, 100, 65536, 65537, 200_000, 5_000_000, 4_194_304, 4_194_305, 0, None, 1]


def payloads() -> list[bytes | None]:
    rng = np.random.default_rng(2)
    return [None if size is None else rng.integers(0, 256, size, np.uint8).tobytes() for size in SIZES]


def v1_field(name="b", nullable=True, **metadata) -> pa.Field:
    return pa.field(name, pa.large_binary(), nullable, metadata={"lance-encoding:blob": "true", **metadata})


def v1_table(values=None) -> pa.Table:
    values = payloads() if values is None else values
    schema = pa.schema([pa.field("i", pa.int64()), v1_field()])
    return pa.table([pa.array(range(len(values))), pa.array(values, pa.large_binary())], schema=schema)


def v2_table(values=None, package=eider, **limits) -> pa.Table:
    values = payloads() if values is None else values
    schema = pa.schema([pa.field("i", pa.int64()), package.blob_field("b", **limits)])
    return pa.table([pa.array(range(len(values))), package.blob_array(values)], schema=schema)


def check(uri, column="b", expected=None) -> None:
    """Both engines see the same descriptors and the same bytes, through every door."""
    expected = payloads() if expected is None else expected
    theirs, ours = lance.dataset(uri), eider.dataset(uri)
    theirs.validate()
    assert ours.schema == theirs.schema
    assert ours.to_table() == theirs.to_table()
    binary = theirs.scanner(blob_handling="all_binary").to_table()
    assert ours.to_table(blob_handling="all_binary") == binary
    if "." not in column:
        assert binary.column(column).to_pylist() == expected
    rows = [*range(len(expected)), 0, len(expected) - 1]
    for dataset in (theirs, ours):
        blobs = dataset.take_blobs(column, indices=rows)
        blobs = blobs if len(blobs) == len(rows) else None  # some releases leave nulls out
        if blobs is not None:
            assert [blob and blob.read() for blob in blobs] == [expected[row] for row in rows]
        live = [row for row in range(len(expected)) if expected[row] is not None]
        for row, blob in zip(live, dataset.take_blobs(column, indices=live), strict=True):
            assert blob.size() == len(expected[row])
            blob.seek(blob.size() // 2)
            assert blob.read(10) == expected[row][blob.size() // 2 :][:10]


def side_cars(uri) -> list[tuple[str, int]]:
    return sorted((path.name, path.stat().st_size) for path in Path(uri).rglob("*.blob"))


def written_alike(table, tmp_path, **options) -> str:
    """The uri of ours, whose descriptors and side-cars are those of the reference."""
    ours, theirs = str(tmp_path / "ours"), str(tmp_path / "theirs")
    eider.write_dataset(table, ours, **options)
    lance.write_dataset(table, theirs, **options)
    assert eider.dataset(ours).schema.equals(lance.dataset(theirs).schema, check_metadata=True)
    assert side_cars(ours) == side_cars(theirs)
    return ours


FORMS = {"v1": (v1_table, "2.1"), "v2": (v2_table, "2.2"), "v1 as v2": (v1_table, "2.2")}


@pytest.fixture(params=FORMS)
def form(request):
    return FORMS[request.param]


def test_descriptors_are_those_that_the_reference_writes(form, tmp_path):
    make, version = form
    uri = written_alike(make(), tmp_path, data_storage_version=version)
    check(uri)
    # Where the values of one column lie does not depend on the engine.
    alone = make().select(["b"])
    uri = written_alike(alone, tmp_path / "alone", data_storage_version=version)
    assert eider.dataset(uri).to_table() == lance.dataset(str(tmp_path / "alone" / "theirs")).to_table()


def test_a_stream_of_slices_arrives_whole(form, tmp_path):
    make, version = form
    table = make()
    batches = [table.slice(first, 2).combine_chunks().to_batches()[0] for first in range(0, len(SIZES), 2)]
    uri = str(tmp_path / "d")
    eider.write_dataset(pa.RecordBatchReader.from_batches(table.schema, batches), uri, data_storage_version=version)
    check(uri)
    small = eider.Session(memory_limit=16 << 20)
    uri = str(tmp_path / "small")
    eider.write_dataset(table, uri, data_storage_version=version, session=small, max_rows_per_file=4)
    assert len(eider.dataset(uri).get_fragments()) == 4
    check(uri)


def test_either_engine_appends_to_the_other(form, tmp_path):
    make, version = form
    table = make()
    uri = str(tmp_path / "d")
    eider.write_dataset(table.slice(0, 3), uri, data_storage_version=version)
    lance.write_dataset(table.slice(3, 4), uri, mode="append")
    eider.write_dataset(table.slice(7), uri, mode="append")
    check(uri)
    lance.dataset(uri).optimize.compact_files(target_rows_per_fragment=100)
    check(uri)


def test_appended_values_may_come_in_any_shape_of_blob(tmp_path):
    values = [b"one", None, b"x" * 70_000]
    for first in (v1_table, v2_table):
        uri = str(tmp_path / first.__name__)
        eider.write_dataset(first(values), uri)
        eider.write_dataset(v1_table(values), uri, mode="append")
        eider.write_dataset(v2_table(values), uri, mode="append")
        eider.write_dataset(v1_table(values).select(["i"]), uri, mode="append")
        check(uri, expected=values * 3 + [None] * 3)
        with pytest.raises(eider.InvalidError, match="column 'b': the table has type .*blob"):
            eider.write_dataset(pa.table({"b": pa.array([b"x"], pa.large_binary())}), uri, mode="append")
    uri = str(tmp_path / "2.1")
    eider.write_dataset(v1_table(values), uri, data_storage_version="2.1")
    plain = v1_table(values).cast(pa.schema([("i", pa.int64()), ("b", pa.large_binary())]))
    eider.write_dataset(plain, uri, mode="append")
    check(uri, expected=values * 2)


def test_columns_of_blobs_are_added(form, tmp_path):
    make, version = form
    table = make()
    uri = str(tmp_path / "d")
    eider.write_dataset(table.select(["i"]), uri, data_storage_version=version, max_rows_per_file=5)
    eider.dataset(uri).add_columns(table.select(["b"]))
    check(uri)


def test_columns_added_beside_deleted_rows_keep_their_places(form, tmp_path):
    make, version = form
    table = make()
    uri = str(tmp_path / "d")
    eider.write_dataset(table.select(["i"]), uri, data_storage_version=version, max_rows_per_file=5)
    lance.dataset(uri).delete("i = 1 or i = 7 or i >= 10")
    kept = [0, 2, 3, 4, 5, 6, 8, 9]
    eider.dataset(uri).add_columns(table.select(["b"]).take(kept))
    check(uri, expected=[payloads()[row] for row in kept])
    required = pa.schema([table.schema.field("b").with_name("c").with_nullable(False)])
    full = make([b"a" * row for row in kept]).select(["b"]).rename_columns(["c"]).cast(required)
    eider.dataset(uri).add_columns(full)
    check(uri, column="c", expected=[b"a" * row for row in kept])


def test_blobs_lie_in_structs_and_in_lists(tmp_path):
    values = [b"abc", None, b"", b"z" * 100_000, b"hidden", b"q"]
    mask = pa.array([False, False, False, False, True, False])
    expected = [None if hidden else value for value, hidden in zip(values, mask.to_pylist(), strict=True)]
    for version, field, array in (
        ("2.1", v1_field(), pa.array(values, pa.large_binary())),
        ("2.2", v1_field(), pa.array(values, pa.large_binary())),
        ("2.2", eider.blob_field("b"), eider.blob_array(values)),
    ):
        fields = [field, pa.field("n", pa.int32())]
        inner = pa.StructArray.from_arrays([array, pa.array(range(6), pa.int32())], fields=fields, mask=mask)
        table = pa.table([inner, pa.array(range(6))], names=["s", "i"])
        uri = str(tmp_path / f"{version}-{field.type.id}")
        eider.write_dataset(table.slice(1), uri, data_storage_version=version)
        eider.write_dataset(table, uri, mode="append")
        ours, theirs = eider.dataset(uri), lance.dataset(uri)
        assert ours.to_table() == theirs.to_table()
        assert [blob and blob.read() for blob in ours.take_blobs("s.b", indices=range(11))] == expected[1:] + expected
    item = eider.blob_field("item")
    lists = pa.ListArray.from_arrays(
        pa.array([0, 2, 2, 5, 6], pa.int32()), eider.blob_array(values), type=pa.list_(item)
    )
    table = pa.table({"l": lists.slice(1)})
    uri = str(tmp_path / "lists")
    eider.write_dataset(table, uri)
    assert eider.dataset(uri).to_table() == lance.dataset(uri).to_table()
    sizes = [[None if x is None else x["size"] for x in row] for row in lance.dataset(uri).to_table()["l"].to_pylist()]
    assert sizes == [[], [0, 100_000, 6], [1]]


def test_fields_choose_their_limits_and_columns_share_numbers(tmp_path):
    values = [b"a" * 11, b"b" * 11, b"c" * 11, b"d" * 30, b"e" * 9, None]
    schema = pa.schema(
        [
            eider.blob_field("b", inline_size_threshold=10, dedicated_size_threshold=20, pack_file_size_threshold=25),
            eider.blob_field("c", inline_size_threshold=10, dedicated_size_threshold=20),
        ]
    )
    table = pa.table([eider.blob_array(values), eider.blob_array(values)], schema=schema)
    for i, options in enumerate(({}, {"max_rows_per_file": 2}, {"blob_pack_file_size_threshold": 12})):
        uri = written_alike(table, tmp_path / str(i), **options)
        theirs = lance.dataset(str(tmp_path / str(i) / "theirs")).to_table()
        assert eider.dataset(uri).to_table() == theirs
        check(uri, expected=values)
        check(uri, column="c", expected=values)


def test_external_objects_are_kept_by_reference_or_read_in(tmp_path):
    target = tmp_path / "object.bin"
    target.write_bytes(bytes(range(256)))
    name = target.as_uri()
    values = [name, eider.Blob.from_uri(name, 10, 20), None, b"own"]
    bytes_of = [bytes(range(256)), bytes(range(10, 30)), None, b"own"]
    referring, reading = str(tmp_path / "referring"), str(tmp_path / "reading")
    eider.write_dataset(v2_table(values), referring, allow_external_blob_outside_bases=True)
    eider.write_dataset(v2_table(values), reading, external_blob_mode="ingest")
    check(referring, expected=bytes_of)
    check(reading, expected=bytes_of)
    rows = eider.dataset(referring).to_table()["b"].to_pylist()
    assert rows[1] == {"kind": 3, "position": 10, "size": 20, "blob_id": 0, "blob_uri": name}
    target.unlink()
    assert eider.dataset(reading).read_blobs("b", indices=[1])[0][1] == bytes(range(10, 30))
    with pytest.raises(eider.NotFoundError):
        eider.write_dataset(v2_table(values), tmp_path / "gone", external_blob_mode="ingest")
    assert not list((tmp_path / "gone").rglob("*.lance"))


def raw(**row) -> pa.Table:
    storage = eider.blob_array([]).type
    array = pa.ExtensionArray.from_storage(storage, pa.array([row], storage.storage_type))
    return pa.table([array], schema=pa.schema([eider.blob_field("b")]))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"data": b"x", "uri": "file:///a"}, "has data and a uri"),
        ({}, "has neither data nor a uri"),
        ({"data": b"x", "position": 1, "size": 1}, "has position and size, but no uri"),
        ({"uri": "file:///a", "size": 1}, "one of position and size without the other"),
        ({"uri": "file:///a", "position": 1, "size": 0}, "is a range of no bytes"),
        ({"uri": ""}, "blob of uri '': it is not absolute"),
        ({"uri": "/a/b"}, "blob of uri '/a/b': it is not absolute"),
    ],
)
def test_a_value_that_means_nothing_is_refused_and_leaves_nothing(row, message, tmp_path):
    good = v2_table([b"x" * 100_000, b"y" * 5_000_000]).select(["b"])
    stream = pa.RecordBatchReader.from_batches(good.schema, [*good.to_batches(), *raw(**row).to_batches()])
    with pytest.raises(eider.InvalidError, match=message):
        eider.write_dataset(stream, tmp_path / "d", allow_external_blob_outside_bases=True)
    assert not [path for path in (tmp_path / "d").rglob("*") if path.is_file()]


def test_what_a_version_or_a_place_cannot_hold_is_refused_by_name(tmp_path):
    uri = str(tmp_path / "d")
    with pytest.raises(eider.UnsupportedError, match="column 'b': extension lance.blob.v2 needs files of version 2.2"):
        eider.write_dataset(v2_table([b"x"]), uri, data_storage_version="2.1")
    with pytest.raises(eider.UnsupportedError, match="column 'b': extension lance.blob.v2 needs files of version 2.2"):
        eider.write_dataset(v2_table([b"x"]), uri, data_storage_version="2.0")
    with pytest.raises(eider.InvalidError, match="blob of uri 'file:///a': it lies outside the dataset"):
        eider.write_dataset(v2_table(["file:///a"]), uri)
    for options in (
        {"external_blob_mode": "x"},
        {"external_blob_mode": "ingest", "allow_external_blob_outside_bases": True},
    ):
        with pytest.raises(eider.InvalidError, match=next(iter(options)) if len(options) == 1 else "keeps no URIs"):
            eider.write_dataset(v2_table([b"x"]), uri, **options)
    lists = pa.array([[b"x"]], pa.large_list(v1_field("item")))
    with pytest.raises(eider.UnsupportedError, match="field 'l.item': blobs of form v1 inside lists"):
        eider.write_dataset(pa.table({"l": lists}), uri, data_storage_version="2.1")
    wrong = eider.blob_field("b").with_metadata({"lance-encoding:blob-inline-size-threshold": "many"})
    with pytest.raises(
        eider.InvalidError, match="field 'b': metadata .*inline-size-threshold = 'many' is not a number"
    ):
        eider.write_dataset(pa.table([eider.blob_array([b"x"])], schema=pa.schema([wrong])), uri)
    required = pa.schema([v1_field(nullable=False)])
    with pytest.raises(eider.InvalidError, match="column 'b' is not nullable"):
        eider.write_dataset(
            pa.table([pa.array([None], pa.large_binary())], schema=required), uri, data_storage_version="2.1"
        )
    assert not os.path.exists(uri) or not list(Path(uri).rglob("*.lance"))


@pytest.mark.parametrize("version", ["2.1", "2.2"])
def test_single_files_hold_blobs_of_form_v1(version, tmp_path):
    from lance.file import LanceFileReader

    path = str(tmp_path / "x.lance")
    with eider.file.LanceFileWriter(path, version=version) as writer:
        for first in (0, 5):
            writer.write_batch(v1_table().slice(first, 5))
        writer.write_batch(v1_table().slice(10))
    assert LanceFileReader(path).read_all().to_table() == v1_table().cast(LanceFileReader(path).metadata().schema)
    assert eider.file.LanceFileReader(path).read_all().to_table()["b"].to_pylist() == payloads()
    if version == "2.2":
        with pytest.raises(eider.UnsupportedError, match="field 'b': blobs of form v2 outside a dataset"):
            eider.file.LanceFileWriter(str(tmp_path / "y.lance"), v2_table([b"x"]).schema)


@pytest.mark.parametrize("mode", [{"external_blob_mode": "ingest"}, {"allow_external_blob_outside_bases": True}])
def test_uris_of_files_are_decoded(mode, tmp_path):
    path = tmp_path / "a b%41#.bin"
    path.write_bytes(b"hello")
    ds = eider.write_dataset(v2_table([path.as_uri()]), tmp_path / "d", **mode)
    assert ds.take_blobs("b", indices=[0])[0].read() == b"hello"
    theirs = lance.dataset(str(tmp_path / "d")).take_blobs("b", indices=[0])[0]
    with theirs as file:
        assert file.read() == b"hello"


@pytest.mark.parametrize("size", [1000, 200_000])
def test_scans_of_values_keep_to_the_memory_limit(tmp_path, size):
    values = [bytes([i]) * size for i in range(100)]
    eider.write_dataset(v2_table(values), tmp_path / "t")
    session = eider.Session(memory_limit=16 << 20)
    batches = list(eider.dataset(tmp_path / "t", session=session).to_batches(blob_handling="all_binary"))
    assert [value for batch in batches for value in batch["b"].to_pylist()] == values
    # A first look at a few rows says how wide they are; from then on batches are of what fits the limit.
    rows = [batch.num_rows for batch in batches]
    assert rows[0] <= 16
    assert len(rows) <= 4 if size == 1000 else max(rows) * size <= 4 << 20
