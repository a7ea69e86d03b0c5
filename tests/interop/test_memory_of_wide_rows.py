"""A session's limit holds where rows that are computed or joined are far wider than those that are read. See test_memory for what counts."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from tests.interop.memory_wide import KEYS, OPERATIONS, ROWS, WIDE, WIDER, table
from tests.interop.test_memory import MB, REPOSITORY, SLACK

LIMIT = 16 * MB


@pytest.fixture(scope="module")
def narrow(tmp_path_factory, engine) -> str:
    if engine.name != "eider":
        pytest.skip("the limit is eider's")
    import eider

    uri = str(tmp_path_factory.mktemp("wide") / "narrow.lance")
    eider.write_dataset(table(), uri, max_rows_per_file=ROWS // 3, durability="none")
    return uri


@pytest.mark.parametrize("operation", OPERATIONS)
def test_wide_rows_made_of_narrow_ones_stay_within_the_limit(operation, narrow, tmp_path, reference) -> None:
    uri = str(tmp_path / "t.lance")
    shutil.copytree(narrow, uri)
    child = subprocess.run([sys.executable, "-m", "tests.interop.memory_wide", operation, uri, str(LIMIT)], capture_output=True, text=True, cwd=REPOSITORY)
    assert child.returncode == 0, f"{operation}: {child.stderr[-3000:]}"
    result = json.loads(child.stdout.splitlines()[-1])
    assert result["answer"] == OPERATIONS[operation][1]
    assert result["rise"] <= LIMIT + SLACK, f"{operation}: {result['rise'] / MB:.0f} MB above the start, limit {LIMIT / MB:.0f} + 64"
    after = reference.dataset(uri)
    wide = {"update": ("s", WIDE, ROWS), "update some": ("s", WIDE, ROWS - 5), "add columns": ("x", WIDE, ROWS), "merge": ("t", WIDER, ROWS // KEYS),
            "merge_insert": ("s", WIDER, ROWS // KEYS), "merge_insert of columns": ("s", WIDER, ROWS // KEYS)}
    if operation in wide:
        column, width, rows = wide[operation]
        assert after.count_rows(f"length({column}) = {width}") == rows


def test_no_batch_of_computed_texts_is_too_large(narrow, engine) -> None:
    import eider

    whole = eider.dataset(narrow).to_batches(columns={"x": f"repeat(s, {10 * WIDE})"})
    first = next(iter(whole))
    assert 0 < first.num_rows < ROWS and first.nbytes >= 8 * 10 * WIDE
