"""The child that changes tables and is made to fail: python -m tests.crash.victim, with the shim preloaded.

Reads one JSON command a line, and runs each in a fork of its own: {"operation", "uri", "call", "mode", "code"}, or {"record": path,
"uri", "operations"}. Answers with one JSON line: how it ended ("done", an error, or "killed"), how many calls it made, whether the
fault came.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import tempfile
from typing import Any

from tests.crash.operations import OPERATIONS, make

SHIM = ctypes.CDLL(None)
SHIM.shim_arm.argtypes = [ctypes.c_char_p, ctypes.c_long, ctypes.c_int, ctypes.c_int]
SHIM.shim_disarm.restype = ctypes.c_long


def change(command: dict[str, Any]) -> dict[str, Any]:
    SHIM.shim_arm(command["uri"].encode(), command["call"], ord(command["mode"]), command["code"])
    try:
        OPERATIONS[command["operation"]].run(command["uri"])
        outcome = "done"
    except Exception as error:
        outcome = f"{type(error).__name__}: {error}"
    return {"outcome": outcome, "calls": SHIM.shim_disarm(), "fired": bool(SHIM.shim_fired())}


def record(command: dict[str, Any]) -> dict[str, Any]:
    """Runs operations one after the other, and marks each return in the record."""
    log = os.open(command["record"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    watched = os.path.dirname(command["uri"]).encode()
    SHIM.shim_record(watched, log)
    for number, name in enumerate(command["operations"]):
        OPERATIONS[name].run(command["uri"])
        SHIM.shim_mark(str(number).encode())
        SHIM.shim_disarm()
        yielded = OPERATIONS[name].state(command["uri"])
        SHIM.shim_record(watched, log)
        SHIM.shim_mark(("state " + json.dumps(yielded)).encode())
    SHIM.shim_disarm()
    return {"outcome": "done"}


def import_all() -> None:
    """What is imported on first use is there before the forks, each of which would do it again."""
    with tempfile.TemporaryDirectory() as folder:
        make(os.path.join(folder, "t.lance"))


def main() -> None:
    import_all()
    for line in sys.stdin:
        command = json.loads(line)
        receive, send = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(receive)
            answer = (record if "record" in command else change)(command)
            os.write(send, json.dumps(answer).encode())
            os._exit(0)
        os.close(send)
        answer = b"".join(iter(lambda: os.read(receive, 1 << 16), b""))
        os.close(receive)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            answer = json.dumps({"outcome": "killed", "fired": True}).encode()
        elif status != 0 or not answer:
            answer = json.dumps({"outcome": f"died with status {status}", "fired": True}).encode()
        print(answer.decode(), flush=True)


if __name__ == "__main__":
    main()
