"""Text of nested values, one to a line, in the shape that the reference's debug output has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Call", "Struct", "Word", "bytes_text", "some", "text_of"]

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}


@dataclass(frozen=True)
class Word:
    """A name that stands for itself."""

    name: str


@dataclass(frozen=True)
class Call:
    """A name around one value."""

    name: str
    value: Any


@dataclass(frozen=True)
class Struct:
    """A name around named values."""

    name: str
    fields: Mapping[str, Any]


def some(value: Any) -> Any:
    """A value that could be missing."""
    return None if value is None else Call("Some", value)


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    return character if character.isprintable() else f"\\u{{{ord(character):x}}}"


def _quoted(text: str) -> str:
    return '"' + "".join(map(_escaped, text)) + '"'


def bytes_text(data: bytes) -> str:
    """Bytes in one line: ASCII as it is, the rest in hexadecimal."""
    return 'b"' + "".join(_ESCAPES.get(chr(byte), chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}") for byte in data) + '"'


def _block(begin: str, lines: list[str], end: str) -> str:
    if not lines:
        return begin + end
    inner = "".join(f"{line},\n" for line in lines)
    indented = "".join(f"    {line}\n" if line else "\n" for line in inner.splitlines())
    return f"{begin}\n{indented}{end}"


def text_of(value: Any) -> str:
    """The text of ``None``, a bool, a number, a str, bytes, a list, a dict, or one of the classes here."""
    if value is None:
        return "None"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Word):
        return value.name
    if isinstance(value, Call):
        return _block(f"{value.name}(", [text_of(value.value)], ")")
    if isinstance(value, Struct):
        lines = [f"{name}: {text_of(each)}" for name, each in value.fields.items()]
        return _block(f"{value.name} {{", lines, "}") if lines else value.name
    if isinstance(value, Mapping):
        return _block("{", [f"{text_of(name)}: {text_of(each)}" for name, each in value.items()], "}")
    if isinstance(value, (list, tuple, bytes)):
        return _block("[", [text_of(each) for each in value], "]")
    return str(value)
