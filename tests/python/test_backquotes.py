"""Columns whose names hold backquotes and dots."""

from __future__ import annotations

import pathlib

import pyarrow as pa
import pytest
from eider.projection import quote_path, split_path

import eider


@pytest.mark.parametrize("segments", [["a"], ["a`b"], ["`a`"], ["s", "x.`y"], ["``", "."]])
def test_a_path_splits_into_what_it_was_made_of(segments: list[str]) -> None:
    assert split_path(quote_path(segments)) == segments


def test_reads_and_filters_a_column_with_a_backquote(tmp_path: pathlib.Path) -> None:
    table = pa.table({"a`b": [1, 2, 3], "`d`": [4, 5, 6], "s": [{"x.`y": i} for i in (7, 8, 9)]})
    dataset = eider.write_dataset(table, tmp_path / "t")
    assert dataset.to_table(columns=["a`b"], filter="`a``b` > 1").to_pydict() == {"a`b": [2, 3]}
    assert dataset.to_table(columns=["`d`"], filter="```d``` = 5").to_pydict() == {"`d`": [5]}
    assert dataset.to_table(columns=["s.`x.``y`"], filter="s.`x.``y` = 8").column(0).to_pylist() == [8]
