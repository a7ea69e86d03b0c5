"""What a loss of power leaves of a folder, from a record of the calls that changed it.

A file's bytes are safe once it was synced, an entry of a folder once the folder was. Everything else may be lost, kept or torn, each
on its own.
"""

from __future__ import annotations

import os
import pathlib
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

#: What becomes of what was not synced: bytes, and entries of folders.
CHOICES = ("all lost", "all kept", "names kept, bytes lost", "names kept, bytes zero", "names kept, half of the bytes", "bytes kept, names lost",
           "any of these")


@dataclass(frozen=True)
class Call:
    operation: str
    file: int
    offset: int
    a: bytes
    b: bytes


def read_record(path: pathlib.Path) -> Iterator[Call]:
    data = path.read_bytes()
    at = 0
    while at < len(data):
        operation, file, offset, a_length, b_length = struct.unpack_from("<cIQII", data, at)
        at += struct.calcsize("<cIQII")
        yield Call(operation.decode(), file, offset, data[at : at + a_length], data[at + a_length : at + a_length + b_length])
        at += a_length + b_length


@dataclass
class File:
    now: bytearray = field(default_factory=bytearray)
    safe: bytes = b""

    def after(self, choice: str, rng: random.Random) -> bytes:
        if choice == "any of these":
            choice = rng.choice(CHOICES[:-2])
        if choice in ("all lost", "names kept, bytes lost"):
            return self.safe
        if choice == "names kept, bytes zero":
            return self.safe + bytes(len(self.now) - len(self.safe))
        if choice == "names kept, half of the bytes":
            return bytes(self.now[: max(len(self.safe), len(self.now) // 2)])
        return bytes(self.now)


class Disk:
    """Folders are dicts of names to files (by number) or folders (None), as they are now and as they are safe."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.files: dict[int, File] = {}
        self.now: dict[str, dict[str, int | None]] = {os.path.dirname(root): {}}
        self.safe: dict[str, dict[str, int | None]] = {os.path.dirname(root): {}}

    def apply(self, call: Call) -> None:
        path = call.a.decode() if call.operation != "w" else ""
        match call.operation:
            case "c":
                self.files[call.file] = File()
                self._entry(path, call.file)
            case "t":
                self.files[call.file] = File()
            case "o":
                folder, name = os.path.split(path)
                file = self.now[folder][name]
                assert file is not None, "a folder is not written to"
                self.files[call.file] = self.files[file]
            case "w":
                now = self.files[call.file].now
                assert call.offset <= len(now), "written in order"
                now[call.offset : call.offset + len(call.a)] = call.a
            case "s":
                self.files[call.file].safe = bytes(self.files[call.file].now)
            case "d":
                self.safe[path] = dict(self.now[path])
            case "L":
                self._entry(path, call.file)
            case "l" | "r":
                folder, name = os.path.split(path)
                file = self.now[folder][name]
                self._entry(call.b.decode(), file)
                if call.operation == "r":
                    del self.now[folder][name]
            case "u" | "R":
                folder, name = os.path.split(path)
                del self.now[folder][name]
            case "m":
                self._entry(path, None)
                self.now[path] = {}
                self.safe[path] = {}
            case _:
                raise AssertionError(f"unknown call {call.operation!r}")

    def _entry(self, path: str, file: int | None) -> None:
        folder, name = os.path.split(path)
        self.now[folder][name] = file

    def leave(self, choice: str, seed: int, target: pathlib.Path) -> None:
        """Writes what is left below ``root`` to ``target``."""
        rng = random.Random(seed)
        self._leave(os.path.dirname(self.root), choice, rng, target.parent)

    def _leave(self, folder: str, choice: str, rng: random.Random, target: pathlib.Path) -> None:
        for name, file in self._entries(folder, choice, rng).items():
            if file is None:
                (target / name).mkdir(exist_ok=True)
                self._leave(f"{folder}/{name}", choice, rng, target / name)
            else:
                (target / name).write_bytes(self.files[file].after(choice, rng))

    def _entries(self, folder: str, choice: str, rng: random.Random) -> dict[str, int | None]:
        now, safe = self.now.get(folder, {}), self.safe.get(folder, {})
        if choice in ("all lost", "bytes kept, names lost"):
            return safe
        if choice != "any of these":
            return now
        left: dict[str, int | None] = {}
        for name in {**safe, **now}:
            source = rng.choice((now, safe)) if now.get(name, 0) != safe.get(name, 0) or (name in now) != (name in safe) else now
            if name in source:
                left[name] = source[name]
        return left
