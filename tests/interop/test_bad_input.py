"""Bad input: each is one clear exception naming what is wrong, and the dataset stays readable at its last version."""

from __future__ import annotations

import pathlib
import struct
import subprocess
import sys
import textwrap

import pyarrow as pa
import pytest

from tests.interop.hostile import newest_manifest
from tests.interop.tables import small_table

REPOSITORY = pathlib.Path(__file__).parents[2]


# ---------------------------------------------------------------------------------------------------------- manifests

def varint(value: int) -> bytes:
    out = bytearray()
    while True:
        out.append((value & 0x7F) | (0x80 if value > 0x7F else 0))
        value >>= 7
        if not value:
            return bytes(out)


def patch_manifest(uri: str, extra: bytes) -> None:
    """Appends protobuf fields to the newest manifest: the last value of a scalar field wins."""
    path = newest_manifest(pathlib.Path(uri))
    data = path.read_bytes()
    position = struct.unpack("<q", data[-16:-8])[0]
    length = struct.unpack("<I", data[position:position + 4])[0]
    message = data[position + 4:position + 4 + length] + extra
    path.unlink()
    path.write_bytes(data[:position] + struct.pack("<I", len(message)) + message + struct.pack("<q", position) + data[-8:])


def test_an_unknown_reader_flag_is_refused(dataset, engine, errors) -> None:
    patch_manifest(dataset, b"\x48" + varint(1 << 20))
    with pytest.raises(errors.UnsupportedError, match="1048576"):
        engine.dataset(dataset)


def test_an_unknown_writer_flag_reads_but_does_not_write(dataset, engine, errors) -> None:
    patch_manifest(dataset, b"\x50" + varint(1 << 20))
    assert engine.dataset(dataset).count_rows() == 100
    with pytest.raises(errors.UnsupportedError, match="1048576"):
        engine.write_dataset(small_table(), dataset, mode="append")
    assert engine.dataset(dataset).version == 1


def test_unknown_manifest_fields_survive_a_commit(dataset, engine, errors) -> None:
    marker = b"kept by those who do not know it"
    patch_manifest(dataset, varint(900 << 3 | 2) + varint(len(marker)) + marker)
    engine.write_dataset(small_table(), dataset, mode="append")
    assert marker in newest_manifest(pathlib.Path(dataset)).read_bytes()


@pytest.mark.parametrize("content", [b"", b"\0" * 200, b"LANC", b"x" * 4000], ids=["empty", "zeros", "magic only", "noise"])
def test_a_broken_newest_manifest_is_refused(content, dataset, engine, errors) -> None:
    path = newest_manifest(pathlib.Path(dataset))
    path.unlink()
    path.write_bytes(content)
    with pytest.raises(errors.CorruptError, match="manifest"):
        engine.dataset(dataset)


def test_older_versions_stay_readable_beside_a_broken_newest_manifest(dataset, engine, errors) -> None:
    engine.write_dataset(small_table(), dataset, mode="append")
    path = newest_manifest(pathlib.Path(dataset))
    path.unlink()
    path.write_bytes(b"\0" * 300)
    assert engine.dataset(dataset, version=1).to_table().equals(small_table())


# ------------------------------------------------------------------------------------------------- arguments and files

def both_raise(engine, reference, errors, action, kind: str, match: str) -> None:
    """Ours raises `kind` with `match` in it, and whoever catches what the reference raises catches ours."""
    with pytest.raises(BaseException) as theirs:  # its panics do not derive from Exception
        action(reference)
    with pytest.raises(getattr(errors, kind), match=match) as ours:
        action(engine)
    base = next((t for t in (KeyError, IndexError, ValueError, OSError) if isinstance(theirs.value, t)), None)
    if base in (ValueError, OSError):
        assert isinstance(ours.value, base), f"the reference raises {type(theirs.value).__name__}: {theirs.value}"


def test_a_missing_column_is_named(dataset, engine, reference, errors) -> None:
    both_raise(engine, reference, errors, lambda e: e.dataset(dataset).to_table(columns=["id", "nope"]), "EiderError",
               "nope")
    both_raise(engine, reference, errors, lambda e: e.dataset(dataset).take([1], columns=["nope"]), "EiderError", "nope")


@pytest.mark.parametrize("index", [100, 10**12])
def test_an_index_out_of_range_is_named(index, dataset, engine, reference, errors) -> None:
    with pytest.raises(errors.InvalidError, match=str(index)):
        engine.dataset(dataset).take([0, index])


def test_a_negative_index_is_refused(dataset, engine, errors) -> None:
    with pytest.raises((errors.InvalidError, ValueError, OverflowError, TypeError), match="-1|negative"):
        engine.dataset(dataset).take([-1])


def test_a_path_that_is_no_dataset_is_named(tmp_path, engine, reference, errors) -> None:
    both_raise(engine, reference, errors, lambda e: e.dataset(str(tmp_path / "nothing.lance")), "NotFoundError", "nothing.lance")
    (tmp_path / "folder").mkdir()
    both_raise(engine, reference, errors, lambda e: e.dataset(str(tmp_path / "folder")), "NotFoundError", "folder")
    (tmp_path / "file.txt").write_text("no dataset")
    both_raise(engine, reference, errors, lambda e: e.dataset(str(tmp_path / "file.txt")), "EiderError", "file.txt")


def test_a_missing_version_is_named(dataset, engine, reference, errors) -> None:
    both_raise(engine, reference, errors, lambda e: e.dataset(dataset, version=77), "NotFoundError", "77")
    both_raise(engine, reference, errors, lambda e: e.dataset(dataset).checkout_version(77), "NotFoundError", "77")


def test_creating_over_a_dataset_is_refused(dataset, engine, reference, errors) -> None:
    both_raise(engine, reference, errors, lambda e: e.write_dataset(small_table(), dataset), "AlreadyExistsError", "d.lance")


@pytest.mark.parametrize("table, match", [
    (pa.table({"id": ["text"], "name": ["a"], "v": pa.nulls(1, pa.list_(pa.float32(), 2))}), "id"),
    (pa.table({"id": [1], "name": ["a"], "v": pa.nulls(1, pa.list_(pa.float32(), 2)), "surplus": [1]}), "surplus"),
    (pa.table({"other": [1]}), "other"),
], ids=["type", "surplus column", "other columns"])
def test_a_wrong_schema_on_append_is_named(table, match, dataset, engine, reference, errors) -> None:
    both_raise(engine, reference, errors, lambda e: e.write_dataset(table, dataset, mode="append"), "EiderError", match)
    assert engine.dataset(dataset).version == 1
    assert engine.dataset(dataset).count_rows() == 100


def test_an_append_may_lack_nullable_columns_and_order_them_differently(dataset, engine, reference) -> None:
    engine.write_dataset(pa.table({"name": ["new"], "id": pa.array([7], pa.int64())}), dataset, mode="append")
    row = reference.dataset(dataset).to_table(offset=100).to_pylist()
    assert row == [{"id": 7, "name": "new", "v": None}]


def test_an_append_may_not_lack_a_required_column(tmp_path, engine, errors) -> None:
    uri = str(tmp_path / "d.lance")
    schema = pa.schema([pa.field("a", pa.int32(), False), pa.field("b", pa.int32())])
    engine.write_dataset(pa.table({"a": [1], "b": [2]}, schema), uri)
    with pytest.raises(errors.InvalidError, match="a"):
        engine.write_dataset(pa.table({"b": pa.array([2], pa.int32())}), uri, mode="append")


def test_nulls_in_a_required_column_are_refused(tmp_path, engine, errors) -> None:
    schema = pa.schema([pa.field("strict", pa.int32(), False)])
    table = pa.Table.from_arrays([pa.array([1, None], pa.int32())], schema=schema)
    with pytest.raises(errors.InvalidError, match="strict"):
        engine.write_dataset(table, str(tmp_path / "d.lance"))


@pytest.mark.parametrize("rows", [99, 101])
def test_added_columns_must_have_as_many_rows(rows, dataset, engine, errors) -> None:
    with pytest.raises(errors.InvalidError, match="99 rows|100"):
        engine.dataset(dataset).add_columns(pa.table({"extra": range(rows)}))
    assert engine.dataset(dataset).version == 1
    assert engine.dataset(dataset).to_table().equals(small_table())


def test_adding_an_existing_column_is_refused(dataset, engine, errors) -> None:
    with pytest.raises(errors.EiderError, match="name"):
        engine.dataset(dataset).add_columns(pa.table({"name": ["x"] * 100}))


@pytest.mark.parametrize("kind", [pa.dense_union([pa.field("a", pa.int32())]), pa.month_day_nano_interval(), pa.decimal32(5, 2),
                                  pa.run_end_encoded(pa.int32(), pa.int64()), pa.list_view(pa.int32())], ids=str)
def test_a_type_that_the_format_lacks_is_named(kind, tmp_path, engine, errors) -> None:
    schema = pa.schema([pa.field("odd", kind)])
    with pytest.raises(errors.UnsupportedError, match="odd|union|interval|decimal|run-end|list view"):
        engine.write_dataset(pa.RecordBatchReader.from_batches(schema, iter([])), str(tmp_path / "d.lance"))
    assert not (tmp_path / "d.lance" / "_versions").exists()


@pytest.mark.parametrize("arguments", [{"nearest": {"column": "v", "q": [1.0, 2.0], "k": 1}}, {"full_text_query": "duck"}],
                         ids=lambda a: next(iter(a)))
def test_an_argument_that_comes_later_is_named(arguments, dataset, engine, errors) -> None:
    with pytest.raises(errors.UnsupportedError, match=next(iter(arguments))):
        engine.dataset(dataset).to_table(**arguments)


@pytest.mark.parametrize("uri", ["s3://bucket/d.lance", "gs://bucket/d.lance", "az://c/d.lance", "hdfs://h/d.lance"])
def test_a_scheme_that_comes_later_is_named(uri, engine, errors) -> None:
    with pytest.raises(errors.UnsupportedError, match=uri.split(":")[0]):
        engine.dataset(uri)
    with pytest.raises(errors.UnsupportedError, match=uri.split(":")[0]):
        engine.write_dataset(small_table(), uri)


def test_a_missing_data_file_is_named(dataset, engine, errors) -> None:
    victim = min((pathlib.Path(dataset) / "data").iterdir())
    victim.unlink()
    ds = engine.dataset(dataset)
    assert ds.count_rows() == 100
    with pytest.raises(errors.EiderError, match=victim.name):
        ds.to_table()


def test_a_damaged_deletion_file_is_named(dataset, engine, reference, errors) -> None:
    reference.dataset(dataset).delete("id = 5")
    victim = next((pathlib.Path(dataset) / "_deletions").iterdir())
    data = victim.read_bytes()
    victim.unlink()
    victim.write_bytes(data[:len(data) // 2])
    with pytest.raises(errors.CorruptError, match=victim.name):
        engine.dataset(dataset).to_table()


@pytest.mark.parametrize("codec", [None, "lz4", "zstd"])
@pytest.mark.parametrize("deleted", [1, 2000])
def test_a_deletion_file_with_compressed_buffers_is_read(codec, deleted, tmp_path, engine, reference) -> None:
    uri = str(tmp_path / "d.lance")
    reference.write_dataset(small_table(50_000), uri)
    reference.dataset(uri).delete(f"id % {50_000 // deleted} = 0")
    victim = next((pathlib.Path(uri) / "_deletions").glob("*.arrow"))
    offsets = pa.ipc.open_file(victim.read_bytes()).read_all()
    with pa.ipc.new_file(str(victim), offsets.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as writer:
        writer.write_table(offsets)
    wanted = [i for i in range(50_000) if i % (50_000 // deleted) != 0]
    assert engine.dataset(uri).to_table(columns=["id"])["id"].to_pylist() == wanted


# ------------------------------------------------------------------------------------------------------ file versions

def test_what_is_not_known_of_version_2_3_is_named_and_its_tables_described(tmp_path, engine, reference, errors) -> None:
    uri = str(tmp_path / "d.lance")
    reference.write_dataset(small_table(), uri, data_storage_version="2.3", max_rows_per_file=40)
    reference.dataset(uri).delete("id < 10")
    theirs, mine = reference.dataset(uri), engine.dataset(uri)
    assert [v["version"] for v in mine.versions()] == [1, 2]
    assert mine.count_rows() == 90
    assert mine.schema.equals(theirs.schema, check_metadata=True)
    assert [f.fragment_id for f in mine.get_fragments()] == [f.fragment_id for f in theirs.get_fragments()]
    for columns in (["id"], ["id", "v"]):
        assert mine.to_table(columns=columns).to_pylist() == theirs.to_table(columns=columns).to_pylist()
        assert mine.take([7, 80, 7], columns=columns).to_pylist() == theirs.take([7, 80, 7], columns=columns).to_pylist()
    for read in (lambda: mine.to_table(columns=["name"]), lambda: mine.take([50]), lambda: mine.to_table()):
        with pytest.raises(errors.UnsupportedError, match=r"column 'name'.*2\.3.*offsets as (range|delta)"):
            read()
    with pytest.raises(errors.UnsupportedError, match=r"2\.3"):
        engine.write_dataset(small_table(), uri, mode="append")


@pytest.mark.parametrize("version", ["legacy", "2.3", "7.1"])
def test_writing_another_file_version_is_refused(version, tmp_path, engine, errors) -> None:
    with pytest.raises((errors.UnsupportedError, errors.InvalidError), match=version.replace("legacy", "0.1|legacy").replace(".", r"\.")):
        engine.write_dataset(small_table(), str(tmp_path / "d.lance"), data_storage_version=version)


# ------------------------------------------------------------------------------------------------------------ full disk

WRITE_UNTIL_FULL = textwrap.dedent("""
    import importlib, resource, sys
    import numpy as np, pyarrow as pa
    engine = importlib.import_module(sys.argv[1])
    uri, limit, what = sys.argv[2], int(sys.argv[3]), sys.argv[4]
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    big = pa.table({"id": np.random.default_rng(0).integers(0, 2**60, 400_000)})
    try:
        if what == "append":
            engine.write_dataset(big, uri, mode="append")
        elif what == "overwrite":
            engine.write_dataset(big, uri, mode="overwrite")
        else:
            engine.dataset(uri).add_columns(pa.table({"more": np.random.default_rng(1).random(1000)}))
    except Exception as error:
        print(type(error).__mro__[0].__name__, isinstance(error, OSError), str(error).replace(chr(10), " "))
        sys.exit(7)
""")


@pytest.mark.parametrize("what", ["append", "overwrite", "add_columns"])
@pytest.mark.parametrize("limit", [1, 100, 700, 4096], ids=lambda n: f"limit {n}")
def test_a_file_size_limit_leaves_the_last_version(what, limit, tmp_path, engine, errors) -> None:
    uri = str(tmp_path / "d.lance")
    before = pa.table({"id": pa.array(range(1000), pa.int64())})
    engine.write_dataset(before, uri)
    child = subprocess.run([sys.executable, "-c", WRITE_UNTIL_FULL, engine.name, uri, str(limit), what], capture_output=True,
                           text=True, cwd=REPOSITORY)
    assert child.returncode == 7, f"exit {child.returncode}: {child.stdout[-500:]} {child.stderr[-1500:]}"
    assert child.stdout.split()[1] == "True", child.stdout
    assert "EFBIG" in child.stdout or "too large" in child.stdout.lower(), child.stdout
    check_last_version(engine, uri, before)


def check_last_version(engine, uri: str, before: pa.Table) -> None:
    ds = engine.dataset(uri)
    assert ds.version == 1
    assert ds.to_table().equals(before)
    engine.write_dataset(before, uri, mode="append")
    assert engine.dataset(uri).count_rows() == 2 * before.num_rows


def test_a_full_disk_leaves_the_last_version(tmp_path, engine, errors) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("mounting a small tmpfs needs root")
    try:
        uri = str(disk / "d.lance")
        before = pa.table({"id": pa.array(range(1000), pa.int64())})
        engine.write_dataset(before, uri)
        child = subprocess.run([sys.executable, "-c", WRITE_UNTIL_FULL, engine.name, uri, "0", "append"], capture_output=True,
                               text=True, cwd=REPOSITORY)
        assert child.returncode == 7, f"exit {child.returncode}: {child.stdout[-500:]} {child.stderr[-1500:]}"
        assert "space" in child.stdout.lower(), child.stdout
        check_last_version(engine, uri, before)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


def test_a_failed_stream_leaves_the_last_version(tmp_path, engine) -> None:
    uri = str(tmp_path / "d.lance")
    before = small_table()
    engine.write_dataset(before, uri)

    def batches():
        yield from before.to_batches(max_chunksize=10)
        raise ZeroDivisionError("the producer broke")

    with pytest.raises(Exception, match="the producer broke"):
        engine.write_dataset(pa.RecordBatchReader.from_batches(before.schema, batches()), uri, mode="append")
    assert engine.dataset(uri).version == 1
    assert engine.dataset(uri).to_table().equals(before)
