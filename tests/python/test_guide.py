"""The guides' examples run from top to bottom, and the links of the README lead somewhere."""

import json
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]


def script_of(name):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "guide" / f"{name}.md").read_text(), re.S)
    assert blocks
    return "\n".join(blocks)


@pytest.mark.parametrize("name", ["python", "loader", "transactions", "distributed", "blobs", "files"])
def test_examples(name, tmp_path, monkeypatch):
    if name == "loader":
        pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    exec(compile(script_of(name), f"{name}.md", "exec"), {"__name__": "__main__"})


def test_examples_do_without_polars_and_duckdb(tmp_path):
    absent = "import sys; sys.modules['polars'] = sys.modules['duckdb'] = None\n"
    subprocess.run([sys.executable, "-c", absent + script_of("python")], cwd=tmp_path, check=True)


def test_fifteen_lines_of_the_readme_run(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    exec(compile(block, "README.md", "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("page", ["README.md", *(f"docs/guide/{page.name}" for page in (ROOT / "docs" / "guide").glob("*.md"))])
def test_links_lead_to_files(page):
    text = (ROOT / page).read_text()
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text) if not link.startswith("http")]
    missing = [link for link in links if not ((ROOT / page).parent / link).exists()]
    assert not missing


def test_the_readme_links_every_guide():
    text = (ROOT / "README.md").read_text()
    assert all(f"docs/guide/{page.name}" in text for page in (ROOT / "docs" / "guide").glob("*.md"))


def test_the_cpp_commands_of_the_readme_name_what_there_is():
    """That the example builds and runs is a test of the C++ build."""
    text = (ROOT / "README.md").read_text()
    presets = {preset["name"] for preset in json.loads((ROOT / "CMakePresets.json").read_text())["configurePresets"]}
    named = re.findall(r"cmake (?:--build )?--preset (\w+)", text)
    assert len(named) == 2
    assert presets.issuperset(named)
    assert all((ROOT / script).exists() for script in re.findall(r"^sh (\S+)", text, re.M))
