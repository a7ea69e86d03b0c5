"""Other processes, many threads, the interpreter's lock, Ctrl-C, imports."""

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

import eider


def total(ds):
    return sum(ds.to_table(columns=["id"]).column("id").to_pylist())


def test_pickle(ds, table, uri):
    eider.write_dataset(table, uri, mode="append")
    copy = pickle.loads(pickle.dumps(ds))
    assert copy.version == 1
    assert copy.to_table() == table
    fragment = pickle.loads(pickle.dumps(ds.get_fragments()[0]))
    assert fragment.to_table() == table


def test_pickle_of_a_relative_path(table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = pickle.dumps(eider.write_dataset(table, "rel.lance"))
    monkeypatch.chdir("/")
    assert pickle.loads(data).count_rows() == 10


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes(ds, method):
    assert total(ds) == 45  # the parent has threads by now
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(total, [ds, *ds.get_fragments(), ds]) == [45, 45, 45]


def test_threads(ds, table):
    def work(i):
        if i % 3 == 0:
            return ds.to_table() == table
        if i % 3 == 1:
            return ds.take([i % 10]).column("id").to_pylist() == [i % 10]
        return eider.dataset(ds.uri).count_rows() == 10

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(200)))


def test_a_batch_reader_belongs_to_one_thread(write):
    ds = write(pa.table({"x": list(range(100_000))}))
    batches = ds.to_batches(batch_size=10)
    seen = []

    def drain():
        try:
            for batch in batches:
                seen.append(batch.num_rows)
        except (ValueError, eider.InvalidError):
            pass

    threads = [threading.Thread(target=drain) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(seen) <= 100_000


def test_other_threads_run_during_a_write(tmp_path):
    ticks = []
    done = threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.001)

    data = pa.table({"x": pa.array(range(2_000_000), pa.int64()), "s": pa.array([str(i) for i in range(2_000_000)])})
    thread = threading.Thread(target=tick)
    thread.start()
    start = time.monotonic()
    eider.write_dataset(data, tmp_path / "big.lance", durability="none")
    end = time.monotonic()
    done.set()
    thread.join()
    assert len([t for t in ticks if start <= t <= end]) >= (end - start) / 0.02


CTRL_C = """
import pyarrow as pa, eider, sys
def batches():
    batch = pa.record_batch({"x": pa.array(range(10000), pa.int64())})
    print("started", flush=True)
    while True:
        yield batch
try:
    eider.write_dataset(batches(), sys.argv[1], schema=pa.schema([("x", pa.int64())]), durability="none")
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_ctrl_c_stops_a_write(tmp_path):
    target = tmp_path / "endless.lance"
    process = subprocess.Popen([sys.executable, "-c", CTRL_C, str(target)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "started\n"
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert out == "interrupted\n"
    with pytest.raises(eider.NotFoundError):
        eider.dataset(target)


CTRL_C_SCAN = """
import eider, sys
ds = eider.dataset(sys.argv[1])
ds.to_table()  # whatever is imported on the first use: an interrupted import is another matter
print("started", flush=True)
try:
    while True:
        ds.to_table()
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_ctrl_c_stops_a_scan(write):
    ds = write(pa.table({"x": pa.array(range(1_000_000), pa.int64())}), durability="none")
    process = subprocess.Popen([sys.executable, "-c", CTRL_C_SCAN, ds.uri], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "started\n"
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert out == "interrupted\n"


CTRL_C_FILTER = """
import eider, sys
ds = eider.dataset(sys.argv[1])
ds.count_rows("levenshtein(t, 'warm') > 9")
print("started", flush=True)
try:
    ds.count_rows("levenshtein(t, reverse(t)) > 5")
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_ctrl_c_stops_a_filter_on_every_thread(write):
    """The filter takes hours of processor time, most of it on threads that no signal reaches."""
    texts = pa.array(["abcdefghij" * 900 + str(i) for i in range(3_000)])
    ds = write(pa.table({"t": texts}), durability="none")
    process = subprocess.Popen([sys.executable, "-c", CTRL_C_FILTER, ds.uri], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "started\n"
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate()
    assert out == "interrupted\n"


def test_import_needs_no_arrow_library():
    code = (
        "import sys, eider; heavy = {'pyarrow', 'pandas', 'numpy', 'polars', 'torch'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


NO_PYARROW = """
import sys
sys.modules["pyarrow"] = None  # any import of it fails
import eider, polars as pl
ds = eider.write_dataset(pl.DataFrame({"a": [1, 2, 3], "b": ["x", "y", None]}), sys.argv[1])
assert ds.count_rows() == 3
frame = pl.DataFrame(ds)
assert frame.to_dict(as_series=False) == {"a": [1, 2, 3], "b": ["x", "y", None]}, frame
assert pl.DataFrame(ds.scanner(columns=["b"], limit=1)).shape == (1, 1)
try:
    ds.to_table()
except ImportError:
    print("ok")
"""


def test_work_without_pyarrow(tmp_path):
    command = [sys.executable, "-c", NO_PYARROW, str(tmp_path / "p.lance")]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, "POLARS_MAX_THREADS": "1"}
    )
    assert done.stdout == "ok\n"


def test_as_lance():
    code = "import eider as lance; assert lance.LanceDataset and lance.file.LanceFileReader and callable(lance.dataset)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_scan_begun_before_a_fork_ends_with_an_error_in_the_child(tmp_path):
    uri = tmp_path / "forked.lance"
    ds = eider.write_dataset(pa.table({"x": range(1_000_000)}), uri, max_rows_per_file=50_000)
    batches = iter(ds.to_batches())
    first = next(batches)
    if (child := os.fork()) == 0:
        try:
            list(batches)
        except eider.InvalidError:
            del batches  # must not wait for threads that are not there
            os._exit(0)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert first.num_rows + sum(batch.num_rows for batch in batches) == 1_000_000


def test_a_fork_beside_busy_threads_leaves_a_child_that_works(tmp_path):
    uri = tmp_path / "busy.lance"
    ds = eider.write_dataset(pa.table({"x": range(200_000)}), uri, max_rows_per_file=20_000)
    stop = threading.Event()

    def read():
        while not stop.is_set():
            eider.dataset(uri).count_rows("x % 3 = 0")
            ds.to_table(order_by=["x"])

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(30):
            if (child := os.fork()) == 0:
                fine = ds.count_rows("x >= 5") == 199_995 and len(ds.take([7, 150_000])) == 2 and eider.dataset(uri).count_rows() == 200_000
                os._exit(0 if fine else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_dataset_stays_where_it_was_opened(table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ds = eider.write_dataset(table, "rel.lance")
    assert ds.uri == "rel.lance"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert pickle.loads(pickle.dumps(ds)).to_table() == table
    ds.insert(table)
    assert ds.count_rows() == 20
    assert not list(elsewhere.iterdir())
