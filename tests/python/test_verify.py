"""Damage is found and named, and repair does what is safe."""

import json
import os
import pathlib
import time
from collections.abc import Callable

import pyarrow as pa
import pytest
from eider.cli.main import main

import eider


def newest_manifest(uri: str) -> pathlib.Path:
    return min(pathlib.Path(uri, "_versions").glob("*.manifest"))


def test_a_whole_dataset_is_whole(ds: eider.LanceDataset, uri: str) -> None:
    ds.delete("id = 3")
    ds.tags.create("now")
    ds.create_branch("side")
    report = eider.verify(uri)
    assert report.ok, report.findings
    assert (report.versions, report.files, report.damages, report.orphans) == (3, 1, 0, 0)
    assert report.pages >= 4 and report.bytes_read > 0
    assert eider.verify(uri, all_versions=False, read_data=False).bytes_read == 0


def test_a_planted_flip_is_named(ds: eider.LanceDataset, uri: str) -> None:
    (path,) = pathlib.Path(uri, "data").iterdir()
    page = eider.file.LanceFileReader(str(path)).metadata().columns[0].pages[0]
    buffer = page.buffers[-1]
    data = bytearray(path.read_bytes())
    data[buffer.position] ^= 4
    path.write_bytes(data)
    (found,) = eider.verify(uri).findings
    assert (found.kind, found.path, found.column, found.page, found.version) == (
        "checksum",
        f"data/{path.name}",
        "id",
        0,
        1,
    )
    assert "checksum" in found.message and found.is_damage


def test_blobs_are_read_too(uri: str) -> None:
    table = pa.table({"b": eider.blob_array([b"x" * 200_000, b"small", None])})
    eider.write_dataset(table, uri)
    assert eider.verify(uri).blobs == 2
    (side_car,) = pathlib.Path(uri, "data").glob("*/*.blob")
    data = bytearray(side_car.read_bytes())
    data[150_000] ^= 1
    side_car.write_bytes(data)
    report = eider.verify(uri)
    assert [f.kind for f in report.findings] == ["checksum"] and side_car.name in report.findings[0].message
    side_car.unlink()
    assert [f.kind for f in eider.verify(uri).findings] == ["missing file"]


@pytest.mark.parametrize("torn", [b"", bytes(500), b"LANC"], ids=["empty", "zero", "short"])
@pytest.mark.parametrize("v2", [True, False], ids=["V2", "V1"])
def test_a_torn_version_is_passed_over(torn: bytes, v2: bool, uri: str) -> None:
    eider.write_dataset(pa.table({"x": [1]}), uri, enable_v2_manifest_paths=v2)
    ds = eider.write_dataset(pa.table({"x": [2]}), uri, mode="append")
    newest = newest_manifest(uri) if v2 else pathlib.Path(uri, "_versions", "2.manifest")
    newest.write_bytes(torn)
    with pytest.warns(eider.TornVersionWarning, match="version 2") as caught:
        fallen = eider.dataset(uri)
    assert pathlib.Path(caught[0].filename) == pathlib.Path(__file__)
    assert fallen.version == 1 and fallen.latest_version == 1
    assert [v["version"] for v in fallen.versions()] == [1]
    with pytest.raises(eider.CorruptError, match="newest usable version is 1"):
        eider.dataset(uri, version=2)
    with pytest.warns(eider.TornVersionWarning):
        ds = eider.write_dataset(pa.table({"x": [3]}), uri, mode="append")
    assert ds.version == 3
    assert eider.dataset(uri).to_table()["x"].to_pylist() == [1, 3]


def test_repair_sets_torn_manifests_aside_and_removes_old_orphans(
    ds: eider.LanceDataset, uri: str, capsys: pytest.CaptureFixture[str]
) -> None:
    eider.write_dataset(ds.to_table(), uri, mode="append")
    torn = newest_manifest(uri)
    torn.write_bytes(b"")
    young, old = pathlib.Path(uri, "data", "young.lance"), pathlib.Path(uri, "data", "old.lance")
    for path in (young, old):
        path.write_bytes(b"left")
    week = time.time() - 8 * 86_400
    os.utime(old, (week, week))
    assert main(["verify", uri, "--repair", "--dry-run"]) == 1
    printed = capsys.readouterr().out
    assert "its writer may be at work" in printed and "would set aside" not in printed
    os.utime(torn, (week, week))
    assert main(["verify", uri, "--repair", "--dry-run"]) == 1
    printed = capsys.readouterr().out
    assert f"would set aside _versions/{torn.name}" in printed and "would remove data/old.lance" in printed
    assert torn.exists() and old.exists()
    assert main(["verify", uri, "--repair", "--json"]) == 1
    steps = json.loads(capsys.readouterr().out)["repairs"]
    assert {step["path"] for step in steps} == {f"_versions/{torn.name}", "data/old.lance"} and all(
        step["done"] for step in steps
    )
    assert torn.with_name(torn.name + ".torn").read_bytes() == b"" and eider.dataset(uri).version == 2
    assert eider.dataset(uri).to_table() == eider.dataset(uri, version=1).to_table()
    assert young.exists() and not old.exists()
    assert main(["verify", uri]) == 0
    assert "no damage" in capsys.readouterr().out


def test_a_young_torn_manifest_is_repaired_by_force(ds: eider.LanceDataset, uri: str) -> None:
    for name in ("18446744073709551613.manifest", "18446744073709551612.manifest"):
        pathlib.Path(uri, "_versions", name).write_bytes(b"\0" * 99)
    assert eider.verify(uri, repair=True).repairs == []
    steps = eider.verify(uri, repair=True, force=True).repairs
    assert [step.done for step in steps] == [True, True]
    assert [version["version"] for version in eider.dataset(uri).versions()] == [1, 2, 3]
    assert eider.verify(uri).ok and eider.dataset(uri).to_table() == ds.to_table()
    with pytest.raises(eider.InvalidError, match="force"):
        eider.verify(uri, force=True)


@pytest.mark.parametrize("kind", ["_versions/*.manifest", "_deletions/*.bin"])
def test_a_changed_byte_of_small_files_is_found_and_refused(kind: str, ds: eider.LanceDataset, uri: str) -> None:
    ds.delete("id = 3")
    report = eider.verify(uri)
    assert report.manifests_without_checksums == report.deletion_files_without_checksums == 0
    path = min(pathlib.Path(uri).glob(kind))
    whole = path.read_bytes()
    for at in range(len(whole) // 3, 0, -3):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 2]) + whole[at + 1 :])
        found = [finding.path for finding in eider.verify(uri, read_data=False).findings if finding.is_damage]
        assert f"{path.parent.name}/{path.name}" in found, at
    with pytest.raises(eider.CorruptError, match="checksum"):
        eider.dataset(uri).to_table()


def test_what_is_not_there_is_an_error(uri: str, write: Callable[..., eider.LanceDataset]) -> None:
    with pytest.raises(eider.NotFoundError):
        eider.verify(uri)
    with pytest.raises(eider.InvalidError, match="dry_run"):
        eider.verify(write({"x": [1]}).uri, dry_run=True)


@pytest.mark.parametrize("read_data", [False, True])
def test_references_whose_bytes_are_no_text_are_reported(read_data: bool, ds: eider.LanceDataset, uri: str) -> None:
    ds.tags.create("a", 1)
    ds.tags.create("whole", 1)
    ds.create_branch("b")
    paths = ["_refs/branches/b.json", "_refs/tags/a.json"]
    for path in paths:
        raw = bytearray(pathlib.Path(uri, path).read_bytes())
        raw[3] = 0xA0
        pathlib.Path(uri, path).write_bytes(raw)
    report = eider.verify(uri, read_data=read_data)
    assert [(found.kind, found.path) for found in report.findings if found.is_damage] == [("reference", path) for path in paths]
    assert all("\\xa0" in found.message for found in report.findings if found.is_damage)
    assert report.damages == 2
    with pytest.raises(eider.CorruptError, match="'_refs/tags/a.json'"):
        eider.dataset(uri, version="a")
