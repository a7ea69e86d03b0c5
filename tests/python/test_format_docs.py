"""The worked examples of docs/format: the program above each hex block writes the file whose bytes it shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_DOCS = Path(__file__).resolve().parents[2] / "docs" / "format"
_EXAMPLE = re.compile(r"```python\n(.*?)```\n+```hex\n(.*?)```", re.DOTALL)
_EXAMPLES = [
    pytest.param(program, dump, id=f"{page.stem}-{number}")
    for page in sorted(_DOCS.glob("*.md"))
    for number, (program, dump) in enumerate(_EXAMPLE.findall(page.read_text()))
]


def test_there_are_examples() -> None:
    assert len(_EXAMPLES) >= 4


@pytest.mark.parametrize(("program", "dump"), _EXAMPLES)
def test_the_program_writes_these_bytes(program: str, dump: str, tmp_path: Path) -> None:
    path = tmp_path / "example.lance"
    exec(program, {"path": path})
    written = path.read_bytes()
    for line in dump.splitlines():
        place, _, text = line.partition(":")
        expected = bytes.fromhex(text)
        start = int(place, 0) + (len(written) if place.startswith("-") else 0)
        assert written[start : start + len(expected)].hex(" ") == expected.hex(" "), line


def test_links_lead_somewhere() -> None:
    for page in _DOCS.glob("*.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
