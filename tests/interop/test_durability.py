"""A commit is durable when it returns: the system calls of a child process are recorded by strace.

Everything the new version needs (data files, transaction, manifest, and the folders that name them) is synced before the manifest
takes its final name, and that name is synced before the call returns. `durability="none"` syncs nothing. The C++ side has the same
test over a recording store, which needs no strace.
"""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess
import sys
import textwrap

import pytest

REPOSITORY = pathlib.Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")

COMMIT = textwrap.dedent("""
    import importlib, os, sys
    import pyarrow as pa
    engine = importlib.import_module(sys.argv[1])
    uri, what, durability = sys.argv[2], sys.argv[3], sys.argv[4]
    options = {"durability": durability} if durability else {}
    table = pa.table({"id": range(1000)})
    if what in ("create", "append", "overwrite"):
        engine.write_dataset(table, uri, mode=what, **options)
    else:
        engine.dataset(uri).add_columns(pa.table({"more": [0.5] * 1000}), **options)
    os.path.exists("/the-call-has-returned")
""")
CALL = re.compile(r"^(?:\[pid +\d+\] |\d+ +)?(\w+)\((.*)\) += (-?\d+)")


def can_trace() -> bool:
    return subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode == 0


def trace(tmp_path: pathlib.Path, engine_name: str, uri: str, what: str, durability: str = "", env: dict | None = None) -> list[str]:
    """The traced calls of the child, in order, up to the return of the commit."""
    log = tmp_path / "strace.txt"
    child = subprocess.run(["strace", "-f", "-y", "-s", "400", "-e",
                            "trace=fsync,fdatasync,sync_file_range,syncfs,rename,renameat,renameat2,link,linkat,openat,stat,"
                            "newfstatat,statx,access,faccessat,faccessat2",
                            "-o", str(log), sys.executable, "-c", COMMIT, engine_name, uri, what, durability],
                           capture_output=True, text=True, cwd=REPOSITORY, env=env)
    assert child.returncode == 0, child.stderr[-2000:]
    lines = log.read_text(errors="replace").splitlines()
    end = next((i for i, line in enumerate(lines) if "/the-call-has-returned" in line), len(lines))
    return [line for line in lines[:end] if uri in line or str(pathlib.Path(uri).parent) in line]


def synced(lines: list[str]) -> list[str]:
    """Paths given to fsync or fdatasync that succeeded (strace -y shows them as fd<path>)."""
    paths = []
    for line in lines:
        match = re.search(r"\b(?:fsync|fdatasync)\(\d+<([^>]*)>", line)
        if match and "= -1" not in line:
            paths.append(match.group(1).removesuffix(" (deleted)"))
    return paths


def final_names(lines: list[str], paths: list[str]) -> set[str]:
    """The names that synced files ended up with: staged files are linked or renamed afterwards, unnamed ones (O_TMPFILE) are linked
    by their descriptor."""
    names = set(paths)
    synced_descriptors: set[str] = set()
    for line in lines:
        if sync := re.search(r"\b(?:fsync|fdatasync)\((\d+)<", line):
            synced_descriptors.add(sync.group(1))
        match = re.search(r"\b(?:rename|link)\w*\((.*)\) += 0", line)
        quoted = re.findall(r'"([^"]*)"', match.group(1)) if match else []
        if len(quoted) < 2:
            continue
        descriptor = re.fullmatch(r"/proc/self/fd/(\d+)", quoted[0])
        staged = descriptor.group(1) in synced_descriptors if descriptor else any(p.endswith(quoted[0].lstrip("/")) for p in paths)
        if staged:
            folders = re.findall(r"\d+<([^>]*)>", match.group(1))
            names.add(quoted[1] if quoted[1].startswith("/") or not folders else f"{folders[-1]}/{quoted[1]}")
    return names


def publishing(lines: list[str]) -> int:
    """Where the new manifest takes its final name: the last link, rename or exclusive create of a .manifest."""
    found = [i for i, line in enumerate(lines)
             if (re.search(r"\b(rename\w*|link\w*)\(", line) and ".manifest" in line and "= 0" in line)
             or ("openat(" in line and re.search(r'/_versions/\d+\.manifest"', line) and "O_EXCL" in line and "= -1" not in line)]
    assert found, "no call gives the manifest its name:\n" + "\n".join(lines[-40:])
    return found[-1]


@pytest.fixture
def uri(tmp_path, engine) -> str:
    if engine.name != "eider":
        pytest.skip("the reference never syncs")
    if not can_trace():
        pytest.skip("strace may not trace here")
    (tmp_path / "place").mkdir()
    return str(tmp_path / "place" / "d.lance")


@pytest.mark.parametrize("what", ["create", "append", "overwrite", "add_columns"])
def test_everything_is_synced_before_a_version_is_published(what, uri, tmp_path, engine) -> None:
    import pyarrow as pa

    root = pathlib.Path(uri)
    if what != "create":
        engine.write_dataset(pa.table({"id": range(1000)}), uri)
    before = {p for p in root.rglob("*") if p.is_file()}
    lines = trace(tmp_path, engine.name, uri, what)
    at = publishing(lines)
    early, late = synced(lines[:at]), synced(lines[at:])
    new = {p for p in root.rglob("*") if p.is_file()} - before
    data = [p for p in new if p.parent.name == "data"]
    transactions = [p for p in new if p.parent.name == "_transactions"]
    assert data and all(str(p) in final_names(lines, early) for p in data), f"data files {data}: {early}"
    assert all(str(p) in final_names(lines, early) for p in transactions), f"transactions {transactions}: {early}"
    assert any("_versions" in path or path.endswith(".manifest") for path in early), f"the manifest's bytes are not synced: {early}"
    folders = early + late
    for folder in [root / "data", *([root / "_transactions"] if transactions else [])]:
        assert str(folder) in early, f"folder {folder.name} is not synced before the commit: {early}"
    assert str(root / "_versions") in late, f"_versions is not synced after the manifest took its name: {late}"
    if what == "create":
        assert str(root) in folders, f"the new root is not synced: {folders}"
        assert str(root.parent) in folders, f"the folder that names the root is not synced: {folders}"


@pytest.mark.parametrize("what", ["create", "append", "add_columns"])
def test_no_durability_means_no_syncs(what, uri, tmp_path, engine) -> None:
    import pyarrow as pa

    if what != "create":
        engine.write_dataset(pa.table({"id": range(1000)}), uri, durability="none")
    assert synced(trace(tmp_path, engine.name, uri, what, "none")) == []


def test_the_environment_gives_the_default(uri, tmp_path, engine) -> None:
    import os

    assert synced(trace(tmp_path, engine.name, uri, "create", env={**os.environ, "EIDER_DURABILITY": "none"})) == []
    shutil.rmtree(uri)
    assert synced(trace(tmp_path, engine.name, uri, "create", env={**os.environ, "EIDER_DURABILITY": "full"}))


def test_an_unknown_durability_is_refused(tmp_path, engine) -> None:
    import pyarrow as pa

    if engine.name != "eider":
        pytest.skip("an argument of eider")
    with pytest.raises(ValueError, match="perhaps"):
        engine.write_dataset(pa.table({"id": [1]}), str(tmp_path / "d.lance"), durability="perhaps")
