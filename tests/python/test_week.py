"""examples/week_of_a_table, with fewer rows and columns."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "week_of_a_table"


def test_the_week_goes_by(tmp_path):
    command = [sys.executable, str(EXAMPLE / "week.py"), "--out", str(tmp_path / "out"), "--rows", "1500", "--fragments", "5"]
    result = subprocess.run([*command, "--features", "12", "--blob-bytes", "300"], capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    for claim in (
        "the feed wrote no more than the changed columns of the fragments that it touched",
        "every key is there once",
        "time travel to Monday reads Monday's rows",
        "the branch wrote the new column alone",
    ):
        assert claim in result.stdout


@pytest.mark.parametrize("source", ["wordnet", "made up"])
def test_nouns_have_what_rows_are_made_of(monkeypatch, tmp_path, source):
    monkeypatch.syspath_prepend(str(EXAMPLE))
    import nouns

    if source == "made up":
        monkeypatch.setattr(nouns, "SOURCE", tmp_path / "none")
    elif not nouns.SOURCE.exists():
        pytest.skip("Debian's package wordnet-base is not installed")
    found = nouns.read_nouns(300)
    table = nouns.table_of(found[:200], found)
    assert (table.num_rows, table.num_columns) == (200, 50)
    assert len(set(table["key"].to_pylist())) == 200
    assert all(table["caption"].to_pylist())
    assert sum(table["num_tags"].to_pylist()) > 100
    if source == "wordnet":
        assert table.slice(3, 1).select(["caption", "words"]).to_pylist()[0]["words"] == ["thing"]
        assert table["tags"].to_pylist()[3] == ["physical entity"]
