"""Random sequences of operations on one dataset, by us, by the reference or by both in turn, held against a plain model after every step."""

from __future__ import annotations

import os
import random
from collections import Counter
from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.interop.compare import Expected
from tests.interop.roundtrip import scratch

SEQUENCES = int(os.environ.get("EIDER_INTEROP_SEQUENCES", "200"))
STEPS = 20
KINDS = (pa.int64(), pa.string(), pa.list_(pa.int32()), pa.list_(pa.float32(), 4), pa.timestamp("us", "UTC"), pa.bool_(),
         pa.float64(), pa.large_binary(), pa.decimal128(20, 3), pa.struct([pa.field("a", pa.int16()), pa.field("b", pa.string())]))


def values(rng: random.Random, kind: pa.DataType, rows: int) -> pa.Array:
    def one():
        if rng.random() < 0.15:
            return None
        number = rng.randrange(1000)
        if pa.types.is_string(kind):
            return f"text {number}"
        if pa.types.is_large_binary(kind):
            return bytes([number % 256]) * (number % 300)
        if pa.types.is_fixed_size_list(kind):
            return [float(number + i) for i in range(4)]
        if pa.types.is_list(kind):
            return list(range(number % 5))
        if pa.types.is_struct(kind):
            return {"a": number, "b": None if number % 7 == 0 else str(number)}
        if pa.types.is_boolean(kind):
            return number % 2 == 0
        return number

    return pa.array([one() for _ in range(rows)], kind)


class Sequence:
    """The model: a table in memory, and the same operations on the dataset."""

    def __init__(self, engine, reference, seed: int, uri: str) -> None:
        self.engine, self.reference, self.uri = engine, reference, uri
        self.rng = random.Random(seed)
        self.log: list[str] = []
        self.next_column = 0
        self.model = self.fresh_table(self.rng.randrange(1, 200))
        self.history: dict[int, pa.Table] = {}
        self.stable = self.rng.random() < 0.3
        self.writers = ((engine,), (reference,), (engine, engine, reference))[seed % 3]
        self.bare: set[str] = set()  # columns of nulls that no file holds
        self.bare_at: dict[int, set[str]] = {}
        self.lineage: dict[int, tuple[int, int]] = {}  # by stable row id: versions that created and last updated it
        self.lineage_at: dict[int, dict[int, tuple[int, int]]] = {}
        self.branches: dict[str, pa.Table] = {}
        self.tags: dict[str, int] = {}
        self.changed: set[int] = set()  # row ids that the step updated

    def fresh_table(self, rows: int) -> pa.Table:
        columns = {f"c{self.new_number()}": values(self.rng, kind, rows) for kind in self.rng.sample(KINDS, self.rng.randint(1, 4))}
        return pa.table({"key": pa.array(range(rows), pa.int64()), **columns})

    def new_number(self) -> int:
        self.next_column += 1
        return self.next_column

    def writer(self):
        picked = self.rng.choice(self.writers)
        self.log[-1] += f" by {picked.name}"
        return picked

    def rows_like_model(self, rows: int) -> pa.Table:
        return pa.table({f.name: values(self.rng, f.type, rows) for f in self.model.schema}, self.model.schema)

    def step(self) -> None:
        name = self.rng.choice(("append", "append", "append_fewer", "add_column", "add_column", "add_sql", "add_nulls", "drop_column", "rename",
                                "cast", "delete", "update", "merge", "merge", "compact", "overwrite", "restore", "tag", "branch", "cleanup"))
        self.log.append(name)
        self.changed = set()
        getattr(self, name)()

    def append(self) -> None:
        extra = self.rows_like_model(self.rng.choice((0, 1, 5, 300)))
        if extra.num_rows == 0 and self.rng.random() < 0.8:
            extra = self.rows_like_model(2)
        self.writer().write_dataset(extra, self.uri, mode="append", max_rows_per_file=self.rng.choice((50, 10**6)))
        self.model = pa.concat_tables([self.model, extra])

    def append_fewer(self) -> None:
        """Only some columns, in another order: the others are filled with null. (The reference wants all of them.)"""
        if self.engine not in self.writers:
            return
        names = list(self.model.column_names)
        self.rng.shuffle(names)
        some = names[:self.rng.randint(1, len(names))]
        extra = self.rows_like_model(self.rng.randint(1, 20)).select(some)
        self.engine.write_dataset(extra, self.uri, mode="append")
        missing = [pa.nulls(extra.num_rows, f.type) if f.name not in some else extra[f.name] for f in self.model.schema]
        self.model = pa.concat_tables([self.model, pa.Table.from_arrays(missing, schema=self.model.schema)])

    def add_column(self) -> None:
        kind = self.rng.choice(KINDS[:-1])
        name = f"c{self.new_number()}"
        column = values(self.rng, kind, self.model.num_rows)
        extra = pa.table({name: column})
        how = self.rng.choice(("table", "stream", "function"))
        writer = self.writer()
        ds = writer.dataset(self.uri)
        if self.model.num_rows == 0:
            how = "table"
        if how == "function":
            self.log[-1] += " function"
            at = 0

            def compute(batch: pa.RecordBatch) -> pa.RecordBatch:
                nonlocal at
                part = column.slice(at, batch.num_rows)
                at += batch.num_rows
                return pa.record_batch([part], names=[name])

            udf = writer.module.batch_udf(output_schema=extra.schema)(compute)
            ds.add_columns(udf, read_columns=["key"] if "key" in self.model.column_names else None, batch_size=37)
        else:
            ds.add_columns(extra if how == "table" and writer is self.engine else extra.to_reader(max_chunksize=31))
        self.model = self.model.append_column(name, column)

    def add_sql(self) -> None:
        name = f"c{self.new_number()}"
        numbers = [f.name for f in self.model.schema if pa.types.is_int64(f.type)]
        if not numbers:
            return
        source = self.rng.choice(numbers)
        self.writer().dataset(self.uri).add_columns({name: f"{source} + 2"})
        self.model = self.model.append_column(name, pc.add(self.model[source], pa.scalar(2, self.model[source].type)))

    def add_nulls(self) -> None:
        name = f"c{self.new_number()}"
        self.writer().dataset(self.uri).add_columns(pa.field(name, pa.float32()))
        self.model = self.model.append_column(name, pa.nulls(self.model.num_rows, pa.float32()))
        self.bare.add(name)

    def leaves_a_fragment_bare(self, name: str) -> bool:
        """Whether a fragment, of an append of fewer columns, has files for this one alone: the reference's drop leaves it without any."""

        def ids(field) -> set[int]:
            return {field.id()}.union(*map(ids, field.children()))

        ds = self.reference.dataset(self.uri)
        left = set().union(*(ids(field) for field in ds.lance_schema.fields() if field.name() != name))
        return any(not any(left & {*file.fields} for file in fragment.data_files()) for fragment in ds.get_fragments())

    def drop_column(self) -> None:
        if self.model.num_columns < 2:
            return
        name = self.rng.choice(self.model.column_names)
        if {*self.model.column_names} - {name} <= self.bare:
            return  # the reference does not read fragments without files, its own neither
        if self.leaves_a_fragment_bare(name):
            return
        self.writer().dataset(self.uri).drop_columns([name])
        self.model = self.model.drop_columns([name])

    def delete(self) -> None:
        if self.model.num_rows == 0:
            return
        ds = self.reference.dataset(self.uri)
        addresses = ds.to_table(columns=[], with_row_id=True)["_rowid"].to_pylist()
        kill = {i for i in range(len(addresses)) if self.rng.random() < 0.2}
        if kill:
            self.writer().dataset(self.uri).delete(f"_rowid IN ({','.join(str(addresses[i]) for i in sorted(kill))})")
        keep = [i for i in range(len(addresses)) if i not in kill]
        self.model = self.model.take(pa.array(keep, pa.int64()))

    def update(self) -> None:
        if self.model.num_rows == 0 or "key" not in self.model.column_names:
            return
        ids = self.reference.dataset(self.uri).to_table(columns=[], with_row_id=True)["_rowid"].to_pylist()
        hit = [i for i in range(len(ids)) if self.rng.random() < 0.1]
        if not hit:
            return
        self.changed = {ids[i] for i in hit}
        self.writer().dataset(self.uri).update({"key": "key + 1000"}, where=f"_rowid IN ({','.join(map(str, sorted(self.changed)))})")
        moved = self.model.take(pa.array(hit, pa.int64()))
        at = moved.column_names.index("key")
        moved = moved.set_column(at, moved.schema.field(at), pc.add(moved["key"], 1000))
        rest = self.model.take(pa.array(sorted({*range(len(ids))} - {*hit}), pa.int64()))
        self.model = pa.concat_tables([rest, moved])

    def compact(self) -> None:
        self.writer().dataset(self.uri).optimize.compact_files()

    def overwrite(self) -> None:
        if self.rng.random() < 0.5:
            return
        self.model = self.fresh_table(self.rng.randrange(1, 100))
        self.writer().write_dataset(self.model, self.uri, mode="overwrite")

    def rename(self) -> None:
        at = self.rng.randrange(self.model.num_columns)
        old, new = self.model.column_names[at], f"c{self.new_number()}"
        self.writer().dataset(self.uri).alter_columns({"path": old, "name": new})
        self.model = self.model.rename_columns([new if name == old else name for name in self.model.column_names])
        self.bare = {new if name == old else name for name in self.bare}

    def cast(self) -> None:
        numbers = [f.name for f in self.model.schema if pa.types.is_int64(f.type) and f.name != "key"]
        if not numbers or self.bare:
            return
        name = self.rng.choice(numbers)
        self.writer().dataset(self.uri).alter_columns({"path": name, "data_type": pa.int32()})
        at = self.model.column_names.index(name)
        self.model = self.model.set_column(at, pa.field(name, pa.int32()), self.model[name].cast(pa.int32()))

    def merge(self) -> None:
        """Rows with keys that some rows have and others that none has; of several rows with one key all are updated."""
        if "key" not in self.model.column_names:
            return
        keys = [key for key in self.model["key"].to_pylist() if key is not None]
        some = {*self.rng.sample(keys, min(len(keys), 5))} | {10**6 + self.new_number() for _ in range(self.rng.randint(1, 3))}
        source = self.rows_like_model(len(some))
        source = source.set_column(source.column_names.index("key"), self.model.schema.field("key"), pa.array(sorted(some), pa.int64()))
        rows = {row["key"]: row for row in source.to_pylist()}
        before = self.reference.dataset(self.uri).to_table(columns=["key"], with_row_id=True).to_pylist()
        self.changed = {row["_rowid"] for row in before if row["key"] in rows}
        builder = self.writer().dataset(self.uri).merge_insert("key").when_matched_update_all().when_not_matched_insert_all()
        builder.execute(source)
        there = {row["key"] for row in before}
        expected = [rows.get(row["key"], row) for row in self.model.to_pylist()] + [row for key, row in rows.items() if key not in there]
        # Engines order what a merge writes each in its own way.
        found = self.reference.dataset(self.uri).to_table()
        assert Counter(map(repr, found.to_pylist())) == Counter(map(repr, expected)), " -> ".join(self.log)
        self.model = pa.Table.from_pylist(found.to_pylist(), self.model.schema)

    def restore(self) -> None:
        version = self.rng.choice(sorted(self.history))
        self.writer().dataset(self.uri, version=version).restore()
        self.model, self.bare, self.lineage = self.history[version], self.bare_at[version], self.lineage_at[version]

    def tag(self) -> None:
        name, version = f"t{self.new_number()}", self.rng.choice(sorted(self.history))
        self.writer().dataset(self.uri).tags.create(name, version)
        self.tags[name] = version

    def branch(self) -> None:
        name = f"b{self.new_number()}"
        branch = self.writer().dataset(self.uri).create_branch(name)
        if not self.model.num_rows or self.bare:
            self.branches[name] = self.model
            return
        branch.delete("true")
        self.branches[name] = self.model.slice(0, 0)

    def cleanup(self) -> None:
        self.writer().dataset(self.uri).cleanup_old_versions(older_than=timedelta(0), error_if_tagged_old_versions=False)
        left = {version["version"] for version in self.reference.dataset(self.uri).versions()}
        assert left == {version["version"] for version in self.engine.dataset(self.uri).versions()}, " -> ".join(self.log)
        assert max(self.history) in left and {*self.tags.values()} <= left, " -> ".join(self.log)
        self.history = {version: table for version, table in self.history.items() if version in left}

    def check(self) -> None:
        what = " -> ".join(self.log)
        expected = Expected(self.model)
        mine, theirs = self.engine.dataset(self.uri), self.reference.dataset(self.uri)
        expected.check(theirs.to_table(), f"reference after {what}")
        expected.check(mine.to_table(), f"{self.engine.name} after {what}")
        assert mine.count_rows() == self.model.num_rows, what
        assert mine.schema.equals(theirs.schema, check_metadata=True), f"{what}\n{mine.schema}\n{theirs.schema}"
        assert (mine.version, mine.latest_version) == (theirs.version, theirs.latest_version), what
        assert mine.max_field_id == theirs.max_field_id if hasattr(mine, "max_field_id") else True, what
        if self.model.num_rows:
            picks = [self.rng.randrange(self.model.num_rows) for _ in range(10)]
            expected.take(picks).check(mine.take(picks), f"{self.engine.name} take after {what}")
        if self.stable:
            self.check_lineage(mine, theirs, what)
        self.history[mine.version], self.bare_at[mine.version] = self.model, {*self.bare}
        self.lineage_at[mine.version] = self.lineage

    def check_lineage(self, mine, theirs, what: str) -> None:
        names = ["_rowid", "_row_created_at_version", "_row_last_updated_at_version"]
        found = mine.to_table(columns=names)
        assert found == theirs.to_table(columns=names), what
        now = {row[0]: row[1:] for row in zip(*(c.to_pylist() for c in found.columns))}
        assert len(now) == self.model.num_rows, what
        operation = self.log[-1].split()[0]
        for row, (created, updated) in now.items():
            before = self.lineage.get(row)
            if before is None:
                assert created == updated == mine.version and operation in ("create", "append", "append_fewer", "overwrite", "merge"), what
            elif (row in self.changed or operation in ("add_column", "add_sql", "cast")) and mine.version not in self.history:
                assert (created, updated) == (before[0], mine.version), what
            else:
                assert (created, updated) == before, what
        self.lineage = now

    def check_history(self) -> None:
        for version, table in self.history.items():
            Expected(table).check(self.engine.dataset(self.uri, version=version).to_table(), f"version {version} of {self.log}")
        for reader in (self.engine, self.reference):
            ds = reader.dataset(self.uri)
            assert {name: tag["version"] for name, tag in ds.tags.list().items()} == self.tags, self.log
            assert {*ds.branches.list()} == {*self.branches}, self.log
            for name, table in self.branches.items():
                Expected(table).check(ds.checkout_version((name, None)).to_table(), f"branch {name} of {self.log}")
            for name, version in self.tags.items():
                Expected(self.history[version]).check(ds.checkout_version(name).to_table(), f"tag {name} of {self.log}")


@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_operations_in_any_order(seed, engine, reference) -> None:
    if engine is reference:
        pytest.skip("the reference does not append fewer columns")
    with scratch() as folder:
        sequence = Sequence(engine, reference, seed, str(folder / "d.lance"))
        sequence.log.append("create")
        sequence.writer().write_dataset(sequence.model, sequence.uri, max_rows_per_file=sequence.rng.choice((30, 10**6)),
                                        data_storage_version=sequence.rng.choice(("2.1", "2.2")),
                                        enable_stable_row_ids=sequence.stable)
        sequence.check()
        for _ in range(STEPS):
            sequence.step()
            sequence.check()
        sequence.check_history()
