"""A session's limit holds for changes: of a table ten times larger, every row is touched. See test_memory for what counts."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pyarrow as pa
import pytest

from tests.interop import test_memory
from tests.interop.memory_changes import BATCH, OF_WIDE_ROWS, OPERATIONS, other_side
from tests.interop.test_memory import MB, REPOSITORY, SLACK

LIMIT = test_memory.LIMIT // 2  # many joins of many parts take their time
ROWS = 10 * LIMIT // 48 // BATCH * BATCH
NARROW, WIDE = 32, 400
WIDE_ROWS = 10 * LIMIT // (WIDE + 16) // BATCH * BATCH


def made(tmp_path_factory, engine, rows: int, width: int, files: int) -> str:
    if engine.name != "eider":
        pytest.skip("the limit is eider's")
    import eider

    uri = str(tmp_path_factory.mktemp("changes") / "table.lance")
    eider.write_dataset(other_side(rows, width), uri, max_rows_per_file=rows // files, durability="none")
    return uri


@pytest.fixture(scope="module")
def big(tmp_path_factory, engine) -> str:
    return made(tmp_path_factory, engine, ROWS, NARROW, 8)


@pytest.fixture(scope="module")
def wide(tmp_path_factory, engine) -> str:
    return made(tmp_path_factory, engine, WIDE_ROWS, WIDE, 1)


def changed(operation: str, table: str, uri: str, width: int) -> dict[str, int]:
    shutil.copytree(table, uri)
    command = [sys.executable, "-m", "tests.interop.memory_changes", operation, uri, str(LIMIT), str(width)]
    child = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY)
    assert child.returncode == 0, f"{operation}: {child.stderr[-3000:]}"
    result = json.loads(child.stdout.splitlines()[-1])
    assert result["rise"] <= LIMIT + SLACK, f"{operation}: {result['rise'] / MB:.0f} MB above the start, limit {LIMIT / MB:.0f} + 64"
    return result


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_change_of_a_big_table_stays_within_the_limit(operation, big, tmp_path, reference) -> None:
    uri = str(tmp_path / "t.lance")
    result = changed(operation, big, uri, NARROW)
    after = reference.dataset(uri)
    assert after.count_rows() == result["after"] == (result["rows"] if operation != "delete" else after.count_rows("key % 3 != 0"))
    if operation == "merge":
        some = after.take(list(range(0, ROWS, ROWS // 50)))
        assert some["new_score"] == pa.chunked_array([some["key"].combine_chunks().cast(pa.float64())])


@pytest.mark.parametrize("operation", OF_WIDE_ROWS)
def test_a_merge_of_wide_rows_into_one_fragment_stays_within_the_limit(operation, wide, tmp_path, reference) -> None:
    uri = str(tmp_path / "t.lance")
    result = changed(operation, wide, uri, WIDE)
    after = reference.dataset(uri)
    assert after.count_rows() == result["rows"] == WIDE_ROWS
    assert after.count_rows("cast(text as bigint) = key") == WIDE_ROWS
