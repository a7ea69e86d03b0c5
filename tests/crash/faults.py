"""Runs operations in a child whose system calls can be made to fail."""

from __future__ import annotations

import errno
import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from typing import Any

REPOSITORY = pathlib.Path(__file__).parents[2]

#: Name, mode and errno of the shim.
MODES: dict[str, tuple[str, int]] = {
    "killed before": ("k", 0),
    "killed after": ("K", 0),
    "no space": ("e", errno.ENOSPC),
    "no space any more": ("f", errno.ENOSPC),
    "input/output error": ("e", errno.EIO),
    "input/output errors": ("f", errno.EIO),
    "short write": ("s", 0),
    "short write, then no space": ("S", errno.ENOSPC),
    "interrupted": ("e", errno.EINTR),
}


@functools.cache
def shim() -> str | None:
    """The preloaded library, compiled; None where there is no compiler."""
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None or sys.platform != "linux":
        return None
    library = pathlib.Path(tempfile.mkdtemp(prefix="eider-shim-")) / "shim.so"
    source = pathlib.Path(__file__).with_name("shim.c")
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl", "-lpthread"], check=True)
    return str(library)


class Victim:
    """The child. Each command runs in a fork of it."""

    def __init__(self, durability: str = "full") -> None:
        library = shim()
        assert library is not None
        environment = {**os.environ, "LD_PRELOAD": library, "EIDER_CPU_THREADS": "0", "EIDER_IO_THREADS": "0", "EIDER_DURABILITY": durability}
        self._child = subprocess.Popen([sys.executable, "-m", "tests.crash.victim"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       text=True, cwd=REPOSITORY, env=environment)

    def _ask(self, **command: Any) -> dict[str, Any]:
        assert self._child.stdin is not None and self._child.stdout is not None
        self._child.stdin.write(json.dumps(command) + "\n")
        self._child.stdin.flush()
        answer: dict[str, Any] = json.loads(self._child.stdout.readline())
        return answer

    def run(self, operation: str, uri: str, call: int = -1, mode: str = "k", code: int = 0) -> dict[str, Any]:
        return self._ask(operation=operation, uri=uri, call=call, mode=mode, code=code)

    def record(self, operations: list[str], uri: str, log: str) -> None:
        answer = self._ask(operations=operations, uri=uri, record=log)
        assert answer["outcome"] == "done", answer

    def close(self) -> None:
        assert self._child.stdin is not None
        self._child.stdin.close()
        self._child.wait(timeout=60)
