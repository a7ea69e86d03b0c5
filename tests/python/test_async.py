"""Batches for asyncio, and polars frames."""

import asyncio
import sys

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import eider


def test_all_batches_in_order(write):
    ds = write(pa.table({"x": np.arange(50_000)}), max_rows_per_file=20_000)

    async def read():
        return [batch async for batch in ds.scanner(filter="x % 2 = 0", batch_size=1000).to_async_batches()]

    assert pa.Table.from_batches(asyncio.run(read())).column("x").to_pylist() == list(range(0, 50_000, 2))


def test_the_event_loop_runs_meanwhile(write):
    ds = write(pa.table({"x": np.arange(10_000)}))

    async def read():
        counts = []

        async def one():
            counts.append(sum([batch.num_rows async for batch in ds.scanner().to_async_batches()]))

        await asyncio.gather(*(one() for _ in range(5)))
        return counts

    assert asyncio.run(read()) == [10_000] * 5


def test_errors_reach_the_loop(ds):
    async def read(filter):
        return [batch async for batch in ds.scanner(filter=filter).to_async_batches()]

    with pytest.raises(eider.InvalidError, match="by zero"):
        asyncio.run(read("1 / (id - 3) > 0"))
    with pytest.raises(eider.InvalidError, match="no column 'nme'"):
        asyncio.run(read("nme = 1"))


@pytest.mark.parametrize("how", ["break", "cancel"])
def test_leaving_early_frees_tasks_and_memory(write, how):
    uri = write(pa.table({"x": np.arange(3_000_000), "t": ["some text"] * 3_000_000})).uri
    session = eider.Session(memory_limit=256 << 20, cpu_threads=2)
    ds = eider.dataset(uri, session=session)
    ds.scanner(limit=1).to_table()
    before = session.memory_used

    async def some():
        batches = ds.scanner(filter="regexp_like(t, 'e.*t') OR x < 10", batch_size=100).to_async_batches()
        async for batch in batches:
            assert batch.num_rows == 100
            break
        await batches.aclose()

    async def none_pass():
        async for _ in ds.scanner(filter="regexp_like(t, '(a|b|s)+o.*q')").to_async_batches():
            raise AssertionError("no row passes")

    async def cancelled():
        task = asyncio.create_task(none_pass())
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(some() if how == "break" else cancelled())
    assert session.memory_used <= before + (1 << 20)
    assert ds.count_rows("x < 5") == 5


def test_a_cancelled_reader_ends(ds):
    reader = ds.scanner()._plan.open()
    reader.cancel()
    assert next(reader, None) is None


def test_scan_callback_comes_at_the_end(ds):
    calls = []

    async def read():
        return [batch async for batch in ds.scanner(scan_stats_callback=calls.append).to_async_batches()]

    assert asyncio.run(read())
    assert len(calls) == 1


def test_polars(ds):
    frame = ds.to_polars(columns=["id", "name"], filter="id < 3")
    assert isinstance(frame, pl.DataFrame)
    assert frame.to_dict(as_series=False) == {"id": [0, 1, 2], "name": ["row 0", "row 1", "row 2"]}
    assert ds.scanner(limit=2).to_polars().height == 2


def test_without_polars_the_error_names_it(ds, monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ImportError, match="needs the package 'polars'"):
        ds.to_polars()
