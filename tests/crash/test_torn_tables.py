"""The reference never syncs: a loss of power may tear its newest manifest. We open the table, and it does after our next commit."""

from __future__ import annotations

import pathlib

import lance
import pytest

import eider
from tests.crash.operations import rows


@pytest.mark.parametrize("naming", ["V1", "V2"])
def test_tables_that_the_reference_tore_open(naming: str, tmp_path: pathlib.Path) -> None:
    for number, tear in enumerate((lambda b: b"", lambda b: bytes(len(b)), lambda b: b[: len(b) // 2], lambda b: b[:-1])):
        uri = tmp_path / f"{number}.lance"
        for count in range(3):
            lance.write_dataset(rows(10 * count, 10), str(uri), mode="append" if count else "create", enable_v2_manifest_paths=naming == "V2")
        newest = max((uri / "_versions").glob("*.manifest"), key=lambda p: p.stat().st_mtime_ns)
        newest.write_bytes(tear(newest.read_bytes()))
        with pytest.warns(eider.TornVersionWarning, match="version 3"):
            ds = eider.dataset(str(uri))
        assert (ds.version, ds.count_rows()) == (2, 20)
        assert [version["version"] for version in ds.versions()] == [1, 2]
        with pytest.raises(eider.CorruptError, match="newest usable version is 2"):
            eider.dataset(str(uri), version=3)
        with pytest.warns(eider.TornVersionWarning):
            assert ds.insert(rows(100, 5)) is None
        assert ds.version == 4
        assert lance.dataset(str(uri)).count_rows() == 25
        assert lance.write_dataset(rows(200, 5), str(uri), mode="append").version == 5
        assert eider.dataset(str(uri)).count_rows() == 30
        report = eider.verify(str(uri))
        assert [(f.kind, f.version) for f in report.findings if f.is_damage] == [("torn manifest", 3)]
