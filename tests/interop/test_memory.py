"""A session's limit holds: work on a table ten times larger stays within it plus 64 MB of anonymous memory.

Mapped file pages do not count, nor do arrays handed to the caller. Each operation runs in its own process.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

from tests.interop.memory_child import OF_TEXTS, different, one_batch, repeated

REPOSITORY = pathlib.Path(__file__).parents[2]
MB = 1 << 20
LIMIT = int(os.environ.get("EIDER_MEMORY_TEST_MB", "32")) * MB
TOTAL = 10 * LIMIT
SLACK = 64 * MB


@pytest.fixture(scope="module")
def big(tmp_path_factory, engine, reference) -> str:
    if engine.name != "eider":
        pytest.skip("the limit is eider's")
    uri = str(tmp_path_factory.mktemp("memory") / "big.lance")
    reference.write_dataset(repeated(one_batch(), TOTAL), uri, max_rows_per_file=100_000)
    return uri


def run(operation: str, uri: str, limit: int = LIMIT, kind: str = "mixed", threads: int | None = None) -> dict:
    env = os.environ if threads is None else {**os.environ, "EIDER_CPU_THREADS": str(threads)}
    child = subprocess.run([sys.executable, "-m", "tests.interop.memory_child", operation, uri, str(limit), str(TOTAL), kind],
                           capture_output=True, text=True, cwd=REPOSITORY, env=env)
    assert child.returncode == 0, f"{operation}: {child.stderr[-3000:]}"
    return json.loads(child.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "operation",
    ["scan", "scan_slowly", "filter", "filter_late", "aggregate", "describe", "sort_texts", "load", "load_in_order", "add_columns", "add_function"],
)
def test_work_on_a_big_table_stays_within_the_limit(operation, big) -> None:
    if operation.startswith("load"):
        pytest.importorskip("torch")
    result = run(operation, big)
    assert result["rows"] > 0
    assert result["rise"] <= LIMIT + SLACK, f"{operation}: {result['rise'] / MB:.0f} MB above the start, limit {LIMIT / MB:.0f} + 64"


@pytest.fixture(scope="module")
def of_categories(tmp_path_factory, engine) -> str:
    """Fragments with a dictionary each that takes a quarter of the limit, and few rows."""
    if engine.name != "eider":
        pytest.skip("the limit is eider's")

    def batches() -> Iterator[pa.RecordBatch]:
        for i in range(TOTAL // (LIMIT // 4)):
            text = np.random.default_rng(i).bytes(LIMIT // 8).hex()
            values = pa.array([text[at : at + 512] for at in range(0, len(text), 512)])
            keys = pa.array(np.arange(20_000, dtype=np.int32) % len(values))
            yield pa.record_batch({"a": pa.DictionaryArray.from_arrays(keys, values), "b": pa.array(np.arange(20_000))})

    uri = str(tmp_path_factory.mktemp("memory") / "categories.lance")
    import eider

    eider.write_dataset(batches(), uri, schema=next(batches()).schema, max_rows_per_file=20_000)
    return uri


@pytest.mark.parametrize("operation", ["scan", "scan_slowly", "scan_untouched"])
def test_dictionaries_of_fragments_are_not_held_together(operation, of_categories) -> None:
    result = run(operation, of_categories)
    assert result["rows"] > 0
    assert result["rise"] <= LIMIT + SLACK, f"{operation}: {result['rise'] / MB:.0f} MB above the start, limit {LIMIT / MB:.0f} + 64"


@pytest.fixture(scope="module")
def shuffled(tmp_path_factory, engine) -> tuple[str, int]:
    """Rows that all differ, in no order, ten times the limit in Arrow."""
    if engine.name != "eider":
        pytest.skip("the limit is eider's")
    import eider

    uri = str(tmp_path_factory.mktemp("memory") / "shuffled.lance")
    npr, rows = np.random.default_rng(9), TOTAL // 48 // 100_000 * 100_000

    def batches() -> Iterator[pa.RecordBatch]:
        for first in range(0, rows, 100_000):
            keys = (np.arange(first, first + 100_000) * 0x9E3779B1) % (1 << 32)
            yield pa.record_batch({"key": keys, "text": pa.array([f"{key:032x}" for key in keys.tolist()]), "score": npr.random(100_000)})

    schema = next(batches()).schema
    eider.write_dataset(pa.RecordBatchReader.from_batches(schema, batches()), uri, max_rows_per_file=500_000)
    return uri, rows


@pytest.mark.parametrize("operation", ["distinct", "distinct_rows", "sort", "sort_texts"])
def test_sorts_and_distinct_rows_of_a_big_table_stay_within_the_limit(operation, shuffled) -> None:
    uri, rows = shuffled
    result = run(operation, uri, LIMIT // 2 if operation == "distinct" else LIMIT)
    assert result["rows"] == rows
    assert result["rise"] <= LIMIT + SLACK, f"{operation}: {result['rise'] / MB:.0f} MB above the start, limit {LIMIT / MB:.0f} + 64"


@pytest.mark.parametrize("operation", ["import", "import_small_files"])
def test_an_import_from_a_stream_stays_within_the_limit(operation, tmp_path, engine, reference) -> None:
    if engine.name != "eider":
        pytest.skip("the limit is eider's")
    uri = str(tmp_path / "new.lance")
    result = run(operation, uri)
    assert result["rise"] <= LIMIT + SLACK, f"{operation}: {result['rise'] / MB:.0f} MB above the start, limit {LIMIT / MB:.0f} + 64"
    assert reference.dataset(uri).count_rows() >= result["rows"]


@pytest.fixture(scope="module", params=["megabyte", "narrow"])
def of_a_width(request, tmp_path_factory, engine, reference) -> tuple[str, str]:
    if engine.name != "eider":
        pytest.skip("the limit is eider's")
    uri = str(tmp_path_factory.mktemp("memory") / f"{request.param}.lance")
    reference.write_dataset(repeated(one_batch(request.param), TOTAL), uri)
    return request.param, uri


@pytest.mark.parametrize("operation", ["scan_untouched", "take", "load"])
def test_rows_of_a_megabyte_and_of_eight_bytes_need_no_options(operation, of_a_width) -> None:
    if operation == "load":
        pytest.importorskip("torch")
    kind, uri = of_a_width
    result = run(operation, uri, 4 * LIMIT, kind)
    assert result["rows"] > 0
    assert result["rise"] <= 4 * LIMIT + SLACK, f"{operation}: {result['rise'] / MB:.0f} MB above the start, limit {4 * LIMIT / MB:.0f} + 64"


@pytest.fixture(scope="module", params=["long texts", "texts", "different texts"])
def of_texts(request, tmp_path_factory, engine, reference) -> tuple[str, str, int]:
    """Texts of 1 MB, or of 1,500 bytes: those that repeat lie in dictionaries, others one by one."""
    if engine.name != "eider":
        pytest.skip("the limit is eider's")
    uri, batch = str(tmp_path_factory.mktemp("memory") / "texts.lance"), one_batch(request.param)
    reference.write_dataset(different(request.param, TOTAL) if request.param == "different texts" else repeated(batch, TOTAL), uri)
    return request.param, uri, (TOTAL // batch.nbytes + 1) * batch.num_rows


@pytest.mark.parametrize("operation", OF_TEXTS)
def test_long_texts_stay_within_the_limit_whatever_reads_them(operation, of_texts) -> None:
    kind, uri, rows = of_texts
    result = run(operation, uri, LIMIT, kind, threads=2)
    assert result["rows"] == rows
    assert result["rise"] <= LIMIT + SLACK, f"{operation}: {result['rise'] / MB:.0f} MB above the start, limit {LIMIT / MB:.0f} + 64"


@pytest.mark.parametrize("limit", [LIMIT // 2, LIMIT])
@pytest.mark.parametrize("operation", ["order", "order of texts"])
def test_long_texts_stay_within_a_small_limit_on_many_threads(operation, limit, of_texts) -> None:
    kind, uri, rows = of_texts
    result = run(operation, uri, limit, kind, threads=16)
    assert result["rows"] == rows
    assert result["rise"] <= limit + SLACK, f"{operation}: {result['rise'] / MB:.0f} MB above the start, limit {limit / MB:.0f} + 64"


def test_the_limit_comes_from_the_environment() -> None:
    code = "import eider; print(eider.Session().memory_limit)"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                           env={**os.environ, "EIDER_MEMORY_LIMIT": str(48 * MB)})
    assert child.returncode == 0, child.stderr
    assert int(child.stdout) == 48 * MB
