"""The guide's examples run from top to bottom."""

import pathlib
import re

GUIDE = pathlib.Path(__file__).parents[2] / "docs" / "guide" / "python.md"


def test_examples(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.S)
    assert len(blocks) > 8
    exec(compile("\n".join(blocks), str(GUIDE), "exec"), {})
