"""Writes fuzz/corpus/<target>/ anew, from small files of the reference engine: python -m fuzz.make_corpus

Targets that take whole files get them as they are: data files (the golden ones, where small), manifests, transactions, deletion
files, and the row id sequences that lie inside manifests. Files are named after their content, so that a rerun is a small change.
"""

from __future__ import annotations

import decimal
import hashlib
import pathlib
import shutil
import struct
import tempfile
from collections.abc import Iterator

import lance
import pyarrow as pa
from lance.file import LanceFileReader

HERE = pathlib.Path(__file__).parent
GOLDEN = HERE.parent / "tests" / "golden"
LARGEST = 12_000


def varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Length-delimited fields of a protobuf message; the others are passed over."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            _, at = varint(data, at)
        elif key & 7 == 1:
            at += 8
        elif key & 7 == 5:
            at += 4
        else:
            length, at = varint(data, at)
            yield key >> 3, data[at:at + length]
            at += length


def manifest_message(data: bytes) -> bytes:
    position = struct.unpack("<q", data[-16:-8])[0]
    length = struct.unpack("<I", data[position:position + 4])[0]
    return data[position + 4:position + 4 + length]


def schema_message(data: bytes) -> bytes:
    """Field 1 of global buffer 0."""
    first = struct.unpack("<Q", data[-24:-16])[0]
    position, size = struct.unpack("<QQ", data[first:first + 16])
    return next(value for number, value in fields(data[position:position + size]) if number == 1)


def of_fragments(manifest: bytes, wanted: set[int]) -> Iterator[bytes]:
    """The wanted fields of each fragment, which is field 2 of the manifest."""
    for number, fragment in fields(manifest_message(manifest)):
        if number == 2:
            yield from (value for inner, value in fields(fragment) if inner in wanted)


def make_tables(folder: pathlib.Path) -> None:
    """Datasets whose manifests, transactions and deletion files differ in kind."""
    table = pa.table({"id": pa.array(range(300), pa.int64()), "text": [f"t{i}" for i in range(300)],
                      "list": [[{"x": i}] * (i % 3) for i in range(300)]},
                     metadata={"k": "v"})
    plain = lance.write_dataset(table, folder / "plain.lance", max_rows_per_file=100, commit_message="first")
    plain.delete("id % 7 = 0")
    plain.tags.create("tag", 1)
    plain.tags.replace_metadata("tag", {"key": "value"})
    plain.create_branch("team/branch", 1).create_branch("inner")
    plain.add_columns({"twice": "id * 2"})
    plain.drop_columns(["text"])
    plain.update_config({"a": "b"})
    plain.create_scalar_index("id", "BTREE")
    plain.optimize.compact_files()
    plain.restore()
    stable = lance.write_dataset(table, folder / "stable.lance", max_rows_per_file=60, enable_stable_row_ids=True,
                                 enable_v2_manifest_paths=False)
    stable.delete("id IN (3, 5, 64, 250)")
    stable.update({"text": "'new'"}, where="id % 5 = 1")
    stable.merge_insert("id").when_matched_update_all().when_not_matched_insert_all().execute(table.slice(290))
    stable.optimize.compact_files()
    many = lance.write_dataset(pa.table({"x": range(12_000)}), folder / "many.lance")
    many.delete("x % 2 = 0")  # above 5000 deletions: a bitmap file
    lance.write_dataset(table.slice(0, 10), folder / "old.lance", data_storage_version="legacy")
    lance.write_dataset(table.slice(0, 10), folder / "v20.lance", data_storage_version="2.0")


def save(target: str, data: bytes, suffix: str = "") -> None:
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / (hashlib.sha1(data).hexdigest()[:12] + suffix)).write_bytes(data)


def make_seeds(folder: pathlib.Path) -> None:
    """Seeds of zone maps, each with the type and the rows that its target reads first."""
    from lance.indices import IndexConfig

    rows = 300

    def column(values: list, kind: pa.DataType) -> pa.Array:
        return pa.array([None if 100 <= i < 200 else value for i, value in enumerate(values)], kind)

    texts = [f"{i:05d}" + "é" * (i % 20) for i in range(rows)]
    table = pa.table({
        "text": column(texts, pa.string()), "large": column(texts, pa.large_string()), "bytes": column([t.encode() for t in texts], pa.binary()),
        "whole": column(list(range(rows)), pa.int64()), "float": column([float("nan") if i % 9 == 0 else i / 4 for i in range(rows)], pa.float64()),
        "date": column(list(range(rows)), pa.date32()), "decimal": column([decimal.Decimal(i) / 100 for i in range(rows)], pa.decimal128(12, 2)),
        "huge": column([decimal.Decimal(i) for i in range(rows)], pa.decimal256(60, 0)),
    })
    dataset = lance.write_dataset(table, folder / "seeded.lance")
    for name in table.column_names:
        dataset.create_scalar_index(name, IndexConfig(index_type="zonemap", parameters={"rows_per_zone": 100, "use_seeds": True}))
    written = set((folder / "seeded.lance" / "data").iterdir())
    lance.write_dataset(table, folder / "seeded.lance", mode="append")
    path = (set((folder / "seeded.lance" / "data").iterdir()) - written).pop()
    data = path.read_bytes()
    table_at = struct.unpack("<Q", data[-24:-16])[0]
    metadata = LanceFileReader(str(path)).metadata().schema.metadata
    for kind, name in enumerate(table.column_names):
        buffer = int(metadata[f"lance.seed.{name}".encode()].split(b":")[0])
        position, size = struct.unpack("<QQ", data[table_at + 16 * buffer:table_at + 16 * buffer + 16])
        save("zone_seeds", bytes([kind, rows // 100]) + data[position:position + size], f"-{name}")
        save("ipc_file", data[position:position + size], f"-{name}")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        make_tables(root)
        targets = ("manifest", "transaction", "row_id_sequence", "row_versions", "ipc_file", "deletion_file", "portable_roaring", "file_reader", "field_proto", "ref_file", "zone_seeds")
        for target in targets:
            shutil.rmtree(HERE / "corpus" / target, ignore_errors=True)
        for path in sorted(root.rglob("*")):
            if path.suffix == ".manifest":
                save("manifest", path.read_bytes())
                for sequence in of_fragments(path.read_bytes(), {5}):
                    save("row_id_sequence", sequence)
                for versions in of_fragments(path.read_bytes(), {7, 9}):
                    save("row_versions", versions)
            elif path.suffix == ".txn":
                save("transaction", path.read_bytes())
            elif path.suffix == ".json" and "_refs" in path.parts:
                save("ref_file", path.read_bytes())
            elif path.parent.name == "_deletions":
                save("deletion_file", bytes([path.suffix == ".bin"]) + path.read_bytes())  # the target's first byte: the kind
                save("ipc_file" if path.suffix == ".arrow" else "portable_roaring", path.read_bytes())
            elif path.parent.name == "data" and "old.lance" in path.parts:
                save("file_reader", path.read_bytes(), "-0.1")
        make_seeds(root)
    for path in sorted(GOLDEN.glob("pylance-14.*/2.*/*.lance")):
        if path.stat().st_size <= LARGEST:
            save("file_reader", path.read_bytes(), f"-{path.stem}-{path.parent.name}")
            save("field_proto", schema_message(path.read_bytes()))


if __name__ == "__main__":
    main()
