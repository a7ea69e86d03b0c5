"""The checks of one generated case. Each raises AssertionError with the case's description when an answer differs.

`reads`     the reference writes (fragments, appends, deletions), the engine under test reads.
`writes`    the engine under test writes (create, append, added columns), the reference reads, changes, and the engine reads again.
`files`     the same with single files, small pages included.
"""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import tempfile
import uuid

import pyarrow as pa

from tests.interop.compare import Expected
from tests.interop.engines import REFERENCE, Engine
from tests.interop.generators import Case, has_struct
from tests.interop.known import (
    reference_cannot_add,
    reference_cannot_read,
    reference_cannot_take,
    reference_cannot_write,
    reference_read_error,
)

TAKES = ("sorted", "random", "edges", "duplicates")


class Skip(Exception):
    """The case meets a known defect of the reference; the text says which."""


@contextlib.contextmanager
def scratch():
    base = "/dev/shm" if pathlib.Path("/dev/shm").is_dir() else None
    folder = tempfile.mkdtemp(prefix="eider-interop-", dir=base)
    try:
        yield pathlib.Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def nested_paths(schema: pa.Schema) -> list[str]:
    """Paths of children of top-level structs whose names need no quoting."""
    plain = lambda name: name.isidentifier() and name.isascii()
    return [f"{f.name}.{c.name}" for f in schema if pa.types.is_struct(f.type) and plain(f.name)
            for c in (f.type.field(i) for i in range(f.type.num_fields)) if plain(c.name)]


def check_schema(mine, reference, what: str) -> None:
    assert mine.equals(reference, check_metadata=True), (
        f"{what}: schema differs\n--- engine under test\n{mine.to_string(show_field_metadata=True)}"
        f"\n--- reference\n{reference.to_string(show_field_metadata=True)}")


def check_dataset(engine: Engine, uri: str, expected: Expected, case: Case, what: str, schema: pa.Schema | None = None) -> None:
    """Every kind of read of a dataset that should hold `expected`."""
    ds = engine.dataset(uri)
    if schema is not None:
        check_schema(ds.schema, schema, what)
    assert ds.count_rows() == expected.rows, f"{what}: count_rows {ds.count_rows()}, expected {expected.rows}"
    expected.check(ds.to_table(), f"{what}: to_table")
    for how in TAKES:
        indices = case.indices(expected.rows, how)
        if indices and not (engine is REFERENCE and reference_cannot_take(case)):
            expected.take(indices).check(ds.take(indices), f"{what}: take {how} {indices[:8]}")
    rows = expected.rows
    for offset, limit in ((0, 1), (rows // 3, 10), (rows // 2, rows), (max(0, rows - 1), 5), (1023, 2), (0, 1024)):
        got = ds.to_table(offset=offset, limit=limit)
        expected.slice(min(offset, rows), limit).check(got, f"{what}: offset {offset} limit {limit}")
    if rows:
        expected.slice(0, 5).check(ds.head(5), f"{what}: head")
    check_projection(ds, expected, case, what)


def check_projection(ds, expected: Expected, case: Case, what: str) -> None:
    names = list(expected.names)
    case.rng.shuffle(names)
    some = names[:case.rng.randint(1, len(names))]
    expected.project(some).check(ds.to_table(columns=some), f"{what}: columns {some}")
    collected = list(ds.to_batches(columns=some[:1], batch_size=case.rng.choice((1, 7, 100, 1024))) if expected.rows < 3000
                     else ds.to_batches(columns=some[:1], batch_size=1000))
    assert sum(b.num_rows for b in collected) == expected.rows, f"{what}: to_batches lost rows"
    if collected:
        expected.project(some[:1]).check(pa.Table.from_batches(collected), f"{what}: to_batches {some[:1]}")


def check_nested_projection(engine: Engine, uri: str, what: str) -> None:
    """A child path gives what the reference gives for it."""
    theirs, mine = REFERENCE.dataset(uri), engine.dataset(uri)
    for path in nested_paths(theirs.schema)[:3]:
        wanted = theirs.to_table(columns=[path])
        Expected(wanted).check(mine.to_table(columns=[path]), f"{what}: columns ['{path}']")
        if wanted.num_rows:
            picks = [wanted.num_rows - 1, 0, 0]
            Expected(theirs.take(picks, columns=[path])).check(mine.take(picks, columns=[path]), f"{what}: take of ['{path}']")


def known_skip(reason: str | None) -> None:
    if reason:
        raise Skip(reason)


@contextlib.contextmanager
def known_read_errors():
    """Around reads by the reference: its compaction, too, writes files that it cannot read."""
    try:
        yield
    except pa.ArrowInvalid as error:
        known_skip(reference_read_error(error))
        raise


def delete_some(uri: str, case: Case, expected: Expected) -> Expected:
    """Deletes by row address through the reference, which writes array or bitmap files by their share."""
    ds = REFERENCE.dataset(uri)
    share = case.rng.choice((0.02, 0.3, 0.9))
    kill = {i for i in range(expected.rows) if case.rng.random() < share}
    if case.rng.random() < 0.2 and expected.rows:
        kill |= set(range(min(expected.rows, case.fragment_rows)))  # a whole fragment
    if not kill or expected.rows > 20_000:
        return expected
    addresses = ds.to_table(columns=[], with_row_id=True)["_rowid"].to_pylist()
    wanted = ",".join(str(addresses[i]) for i in sorted(kill))
    ds.delete(f"_rowid IN ({wanted})")
    return expected.take([i for i in range(expected.rows) if i not in kill])


def write_by_reference(case: Case, uri: str) -> None:
    """One write with `fragment_rows` rows a file; structs are appended batch by batch, because the reference's writer fails on
    the slices that it cuts itself ("null_bit_buffer size too small")."""
    options = {"data_storage_version": case.version, "enable_stable_row_ids": case.rng.random() < 0.2,
                   "enable_v2_manifest_paths": case.rng.random() < 0.9}
    if not any(has_struct(field.type) for field in case.schema):
        REFERENCE.write_dataset(case.reader(), uri, schema=case.schema, max_rows_per_file=case.fragment_rows, **options)
        return
    REFERENCE.write_dataset(pa.Table.from_batches(case.batches[:1], case.schema), uri, **options)
    for batch in case.batches[1:]:
        REFERENCE.write_dataset(pa.Table.from_batches([batch], case.schema), uri, mode="append")


def reads(engine: Engine, seed: int) -> None:
    case = Case(seed)
    known_skip(reference_cannot_write(case) or reference_cannot_read(case))
    with scratch() as folder:
        uri = str(folder / "d.lance")
        write_by_reference(case, uri)
        expected = Expected(case.table)
        if case.rng.random() < 0.3 and not any(has_struct(f.type) for f in case.schema):
            REFERENCE.write_dataset(case.table, uri, mode="append", max_rows_per_file=case.fragment_rows)
            expected = Expected(pa.concat_tables([case.table, case.table]))
        if case.rng.random() < 0.4:
            expected = delete_some(uri, case, expected)
        what = f"{engine.name} reads what the reference wrote ({case.describe()})"
        theirs = REFERENCE.dataset(uri)
        check_dataset(engine, uri, expected, case, what, theirs.schema)
        mine = engine.dataset(uri)
        assert [v["version"] for v in mine.versions()] == [v["version"] for v in theirs.versions()], f"{what}: versions"
        assert len(mine.get_fragments()) == len(theirs.get_fragments()), f"{what}: fragments"
        if mine.version > 1:
            first, wanted = mine.checkout_version(1).count_rows(), theirs.checkout_version(1).count_rows()
            assert first == wanted, f"{what}: version 1 has {first} rows, expected {wanted}"
        check_nested_projection(engine, uri, what)


def writes(engine: Engine, seed: int) -> None:
    case = Case(seed, reference_writes=engine is REFERENCE)
    known_skip(reference_cannot_read(case))
    what = f"the reference reads what {engine.name} wrote ({case.describe()})"
    with scratch() as folder:
        uri = str(folder / "d.lance")
        if engine is REFERENCE:
            write_by_reference(case, uri)
        else:
            engine.write_dataset(case.reader(), uri, max_rows_per_file=case.fragment_rows, data_storage_version=case.version)
        table = case.table
        if case.rng.random() < 0.4 and engine is not REFERENCE:
            engine.write_dataset(case.reader(), uri, mode="append", max_rows_per_file=case.fragment_rows)
            table = pa.concat_tables([table, table])
        if case.rng.random() < 0.4 and table.num_rows:
            table = add_column(engine, uri, case, table, folder)
        expected = Expected(table)
        with known_read_errors():
            check_dataset(REFERENCE, uri, expected, case, what)
        check_written_schema(case, uri, folder, what)
        back = f"{engine.name} reads back"
        check_dataset(engine, uri, expected, case, f"{back} ({case.describe()})", REFERENCE.dataset(uri).schema)
        with known_read_errors():
            change_by_reference(engine, uri, case, expected)
            check_nested_projection(engine, uri, back)


def check_written_schema(case: Case, uri: str, folder: pathlib.Path, what: str) -> None:
    """The schema read back equals that of the same (empty) table written by the reference."""
    if reference_cannot_write(case):
        return
    model = str(folder / "model.lance")
    REFERENCE.write_dataset(case.schema.empty_table(), model, data_storage_version=case.version)
    wanted = REFERENCE.dataset(model).schema
    got = REFERENCE.dataset(uri).schema
    check_schema(pa.schema(list(got)[:len(wanted)], got.metadata), wanted, what)


def add_column(engine: Engine, uri: str, case: Case, table: pa.Table, folder: pathlib.Path) -> pa.Table:
    """Adds the columns of another case, cut or repeated to fit, as a table or as a stream; existing files stay as they are."""
    before = {p.name: p.read_bytes() for p in (folder / "d.lance" / "data").iterdir()} if table.num_rows < 5000 else {}
    other = Case(case.seed + 10**9, reference_writes=False)
    if other.version != case.version or reference_cannot_read(other) or other.rows == 0:
        return table
    if engine is REFERENCE and reference_cannot_add(other.schema):
        return table
    picks = [i % other.rows for i in range(table.num_rows)]
    names = [f"added {name}" for name in other.schema.names]
    try:
        extra = other.table.take(picks)
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid, IndexError):
        return table
    if "fixed_size_list<item: fixed_size_list" in str(other.schema):
        return table  # pyarrow's take is wrong on nested fixed-size lists
    extra = pa.Table.from_arrays(extra.columns, schema=pa.schema(
        [f.with_name(n).with_nullable(True) for f, n in zip(other.schema, names)]))
    stream = case.rng.random() < 0.5
    ds = engine.dataset(uri)
    ds.add_columns(pa.RecordBatchReader.from_batches(extra.schema, extra.to_batches(max_chunksize=777)) if stream else extra)
    for name, data in before.items():
        assert (folder / "d.lance" / "data" / name).read_bytes() == data, f"add_columns changed data file {name}"
    return pa.Table.from_arrays([*table.columns, *extra.columns], schema=pa.schema([*table.schema, *extra.schema],
                                                                                table.schema.metadata))


def change_by_reference(engine: Engine, uri: str, case: Case, expected: Expected) -> None:
    """The reference filters, deletes, compacts and adds a column to what we wrote; then we read again."""
    what = f"after changes by the reference ({case.describe()})"
    theirs = REFERENCE.dataset(uri)
    if expected.rows and expected.rows <= 20_000:
        middle = theirs.to_table(columns=[], with_row_id=True)["_rowid"][expected.rows // 2].as_py()
        expected.take([expected.rows // 2]).check(theirs.to_table(filter=f"_rowid = {middle}"), f"{what}: filter by row id")
    expected = delete_some(uri, case, expected)
    if case.rng.random() < 0.5 and not reference_cannot_write(case):
        REFERENCE.dataset(uri).optimize.compact_files()
    if case.rng.random() < 0.5:
        REFERENCE.dataset(uri).add_columns({"ref_added": "1 + 1"})
        two = pa.array([2] * expected.rows, pa.int64())
        expected.names = [*expected.names, "ref_added"]
        expected.columns = {**expected.columns, "ref_added": two}
    check_dataset(engine, uri, expected, case, what, REFERENCE.dataset(uri).schema)


def read_file(engine: Engine, path: str, expected: Expected, case: Case, what: str) -> None:
    reader = engine.file_reader(path)
    assert reader.num_rows() == expected.rows if callable(reader.num_rows) else reader.num_rows == expected.rows, what
    batch = case.rng.choice((1, 100, 1024, 8192)) if expected.rows < 500 else 1024
    expected.check(reader.read_all(batch_size=batch).to_table(), f"{what}: read_all")
    rows = expected.rows
    for start, count in ((0, rows), (rows // 3, rows // 4), (max(0, rows - 1), 1), (1023, 3), (0, 1)):
        if 0 < count <= rows - start:
            expected.slice(start, count).check(reader.read_range(start, count).to_table(), f"{what}: read_range {start} {count}")
    if not (engine is REFERENCE and reference_cannot_take(case)):
        # The reference's file reader wants its indices ascending.
        indices = sorted(set(case.indices(rows, "sorted") + case.indices(rows, "edges")))
        if indices:
            expected.take(indices).check(reader.take_rows(indices).to_table(), f"{what}: take_rows {indices[:8]}")
    some = [case.rng.choice(expected.names)]
    projected = engine.file_reader(path, columns=some)
    expected.project(some).check(projected.read_all().to_table(), f"{what}: columns {some}")


def files(engine: Engine, seed: int) -> None:
    case = Case(seed, reference_writes=seed % 2 == 0 or engine is REFERENCE)
    known_skip(reference_cannot_read(case) or (reference_cannot_write(case) if seed % 2 == 0 else None))
    writer_engine = REFERENCE if seed % 2 == 0 else engine
    pages = {} if case.rng.random() < 0.5 else {"data_cache_bytes": case.rng.choice((1, 4096, 65536))}
    if case.rng.random() < 0.3:
        pages["max_page_bytes"] = case.rng.choice((4096, 100_000))
    what = f"a file written by {writer_engine.name} with {pages} ({case.describe()})"
    with scratch() as folder:
        path = str(folder / f"{uuid.UUID(int=seed)}.lance")
        with writer_engine.file_writer(path, case.schema, version=case.version, **pages) as writer:
            for batch in case.batches:
                writer.write_batch(batch)
        expected = Expected(case.table)
        for reader_engine in (engine, REFERENCE) if writer_engine is not REFERENCE else (engine,):
            try:
                read_file(reader_engine, path, expected, case, f"{reader_engine.name} reads {what}")
            except Exception as error:
                known_skip(reference_read_error(error) if reader_engine is REFERENCE else None)
                raise
        mine, theirs = engine.file_reader(path).metadata().schema, REFERENCE.file_reader(path).metadata().schema
        check_schema(mine, theirs, what)


DIRECTIONS = {"reads": reads, "writes": writes, "files": files}
