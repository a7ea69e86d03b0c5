"""Golden files: every page layout and encoding of the reference engine, read and taken from."""

from __future__ import annotations

import pathlib
import random

import pyarrow.feather
import pytest

from tests.interop.compare import Expected

GOLDEN = sorted((pathlib.Path(__file__).parents[1] / "golden").glob("*/2.*/*.lance"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda p: f"{p.parents[1].name}-{p.parent.name}-{p.stem}")
def test_a_golden_file_reads_as_written(path, engine) -> None:
    table = pyarrow.feather.read_table(path.with_suffix(".arrow"))
    expected = Expected(table)
    reader = engine.file_reader(str(path))
    expected.check(reader.read_all().to_table(), "read_all")
    rng = random.Random(1)
    for count in (1, 2, 7, 40, 200):
        picks = sorted(rng.sample(range(table.num_rows), min(count, table.num_rows)))
        expected.take(picks).check(reader.take_rows(picks).to_table(), f"take_rows of {count}")
    for start in range(0, table.num_rows - 10, 97):
        expected.slice(start, 10).check(reader.read_range(start, 10).to_table(), f"read_range from {start}")
    assert reader.metadata().schema.equals(table.schema, check_metadata=True)


def test_golden_files_are_there() -> None:
    assert len(GOLDEN) >= 39
