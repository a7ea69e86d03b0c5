"""Several writers, and writers that are killed: no acknowledged row is lost and every version reads."""

from __future__ import annotations

import os
import pathlib
import random
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

REPOSITORY = pathlib.Path(__file__).parents[2]

APPENDER = textwrap.dedent("""
    import importlib, sys, time
    import pyarrow as pa
    engine = importlib.import_module(sys.argv[1])
    uri, first, count = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    for number in range(first, first + count):
        for attempt in range(100):
            try:
                engine.write_dataset(pa.table({"id": pa.array([number] * 3, pa.int64())}), uri, mode="append")
                break
            except Exception as error:
                if "onflict" not in str(error) + type(error).__name__:
                    raise
        print(number, flush=True)
""")


def appender(engine_name: str, uri: str, first: int, count: int) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", APPENDER, engine_name, uri, str(first), str(count)], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, cwd=REPOSITORY)


@pytest.mark.parametrize("writers", [("engine", "engine", "engine"), ("engine", "reference", "engine")], ids=["ours", "mixed"])
def test_concurrent_appends_lose_nothing(writers, tmp_path, engine, reference) -> None:
    uri = str(tmp_path / "d.lance")
    engine.write_dataset(pa.table({"id": pa.array([], pa.int64())}), uri)
    names = [engine.name if who == "engine" else reference.name for who in writers]
    children = [appender(name, uri, 1000 * i, 20) for i, name in enumerate(names)]
    for child in children:
        _, errors = child.communicate(timeout=120)
        assert child.returncode == 0, errors[-2000:]
    wanted = sorted(1000 * i + k for i in range(len(writers)) for k in range(20) for _ in range(3))
    for reader in (engine, reference):
        ds = reader.dataset(uri)
        assert sorted(ds.to_table()["id"].to_pylist()) == wanted
        assert len(ds.versions()) == 1 + 20 * len(writers)


def test_a_killed_writer_leaves_a_readable_dataset(tmp_path, engine, reference) -> None:
    uri = str(tmp_path / "d.lance")
    engine.write_dataset(pa.table({"id": pa.array([], pa.int64())}), uri)
    rng, acknowledged, first = random.Random(4), set(), 0
    for _ in range(12):
        child = appender(engine.name, uri, first, 1000)
        line = child.stdout.readline()  # the start of Python takes most of the time
        time.sleep(rng.random() * 0.05)
        os.kill(child.pid, signal.SIGKILL)
        rest, _ = child.communicate()
        acknowledged |= {int(word) for word in (line + rest).split()}
        first += 1000
        for reader in (engine, reference):
            ids = reader.dataset(uri).to_table()["id"].to_pylist()
            assert acknowledged <= set(ids), f"lost {sorted(acknowledged - set(ids))[:5]}"
            assert all(ids.count(i) == 3 for i in set(ids)), "a torn append"


def test_readers_in_many_threads_agree(tmp_path, engine) -> None:
    uri = str(tmp_path / "d.lance")
    table = pa.table({"id": range(20_000), "text": [f"row {i}" for i in range(20_000)],
                      "list": [list(range(i % 4)) for i in range(20_000)]})
    engine.write_dataset(table, uri, max_rows_per_file=3000)
    ds = engine.dataset(uri)

    def work(seed: int) -> bool:
        rng = random.Random(seed)
        for _ in range(20):
            picks = [rng.randrange(20_000) for _ in range(50)]
            assert ds.take(picks).equals(table.take(picks))
            start = rng.randrange(19_000)
            assert ds.to_table(offset=start, limit=700).equals(table.slice(start, 700))
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(16)))


def test_a_reader_keeps_its_version_while_others_write(tmp_path, engine, reference) -> None:
    uri = str(tmp_path / "d.lance")
    engine.write_dataset(pa.table({"id": range(100)}), uri)
    old = engine.dataset(uri)
    reference.write_dataset(pa.table({"id": range(100, 150)}), uri, mode="append")
    reference.dataset(uri).delete("id < 30")
    assert old.count_rows() == 100
    assert old.to_table()["id"].to_pylist() == list(range(100))
    assert engine.dataset(uri).to_table()["id"].to_pylist() == list(range(30, 150))


def changes(engine, uri: str) -> dict:
    """What another writer commits in the middle of an append, and what the table then holds."""
    return {
        "add": (lambda: engine.dataset(uri).add_columns(pa.table({"c": [7, 8]})), {"a": [1, 2, 9], "b": [3, 4, 9], "c": [7, 8, None]}),
        "add nulls": (lambda: engine.dataset(uri).add_columns(pa.field("c", pa.int64())),
                      {"a": [1, 2, 9], "b": [3, 4, 9], "c": [None, None, None]}),
        "drop": (lambda: engine.dataset(uri).drop_columns(["b"]), {"a": [1, 2, 9]}),
        "append": (lambda: engine.dataset(uri).insert(pa.table({"a": [5], "b": [6]})), {"a": [1, 2, 5, 9], "b": [3, 4, 6, 9]}),
    }


@pytest.mark.parametrize("other", ["engine", "reference"])
@pytest.mark.parametrize("change", ["add", "add nulls", "drop", "append"])
def test_an_append_stands_beside_a_change_of_columns(change, other, tmp_path, engine, reference) -> None:
    uri = str(tmp_path / "d.lance")
    engine.write_dataset(pa.table({"a": [1, 2], "b": [3, 4]}), uri)
    act, wanted = changes({"engine": engine, "reference": reference}[other], uri)[change]
    row = pa.record_batch({"a": [9], "b": [9]})

    def rows():
        yield row
        act()

    engine.write_dataset(pa.RecordBatchReader.from_batches(row.schema, rows()), uri, mode="append")
    for reader in (engine, reference):
        assert reader.dataset(uri).to_table().to_pydict() == wanted


def test_an_append_does_not_stand_beside_a_new_required_column(tmp_path, engine) -> None:
    uri = str(tmp_path / "d.lance")
    engine.write_dataset(pa.table({"a": [1, 2]}), uri)
    row = pa.record_batch({"a": [9]})
    required = pa.table({"c": [7, 8]}, schema=pa.schema([pa.field("c", pa.int64(), nullable=False)]))

    def rows():
        yield row
        engine.dataset(uri).add_columns(required)

    with pytest.raises(Exception, match="run it again") as caught:
        engine.write_dataset(pa.RecordBatchReader.from_batches(row.schema, rows()), uri, mode="append")
    assert type(caught.value).__name__ == "RetryableConflictError"
    assert engine.dataset(uri).to_table().to_pydict() == {"a": [1, 2], "c": [7, 8]}
