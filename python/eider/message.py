"""Messages of the table format (protobuf) as lists of numbered fields: enough to spell and to read transactions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .arguments import text_of
from .error import CorruptError

__all__ = ["MessageReader", "MessageWriter"]

_MASK = (1 << 64) - 1


def _varint(value: int) -> bytes:
    out = bytearray()
    value &= _MASK
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


class MessageWriter:
    """Fields are written in the order of the calls; numbers that are 0 and texts that are empty are left out, as proto3 does."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def message(self, number: int, message: bytes) -> None:
        """A field of bytes, a message or a text that is there even when it is empty."""
        self._parts += (_varint(number << 3 | 2), _varint(len(message)), message)

    def number(self, number: int, value: int) -> None:
        """An integer, signed or not."""
        if value:
            self._parts += (_varint(number << 3), _varint(value))

    def optional(self, number: int, value: int | None) -> None:
        """An integer that is written when it is there, 0 too."""
        if value is not None:
            self._parts += (_varint(number << 3), _varint(value))

    def text(self, number: int, value: str) -> None:
        """A text."""
        if value:
            self.message(number, text_of("transaction", value).encode())

    def packed(self, number: int, values: Iterable[int]) -> None:
        """A list of integers."""
        body = b"".join(_varint(value) for value in values)
        if body:
            self.message(number, body)

    def entries(self, number: int, entries: Mapping[str, bytes]) -> None:
        """A map of texts to bytes, or to texts that were encoded."""
        for key, value in entries.items():
            entry = MessageWriter()
            entry.text(1, key)
            entry.message(2, value)
            self.message(number, entry.finish())

    def finish(self) -> bytes:
        """The message."""
        return b"".join(self._parts)


class MessageReader:
    """The fields of a message. The last of several wins where one is asked for."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._fields: dict[int, list[int | bytes]] = {}
        at = 0
        while at < len(data):
            tag, at = self._varint(at)
            value, at = self._value(tag & 7, at)
            self._fields.setdefault(tag >> 3, []).append(value)

    def _varint(self, at: int) -> tuple[int, int]:
        value = shift = 0
        while at < len(self._data) and shift < 64:
            byte = self._data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & _MASK, at
            shift += 7
        raise CorruptError(f"message: a number at byte {at} does not end")

    def _value(self, kind: int, at: int) -> tuple[int | bytes, int]:
        if kind == 0:
            return self._varint(at)
        if kind == 2:
            size, at = self._varint(at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise CorruptError(f"message: a field of kind {kind} at byte {at}")
        if size > len(self._data) - at:
            raise CorruptError(f"message: a field of {size} bytes at byte {at} of {len(self._data)}")
        return self._data[at : at + size], at + size

    def numbers(self) -> list[int]:
        """The fields that are there."""
        return list(self._fields)

    def messages(self, number: int) -> list[bytes]:
        """Every value of a field of bytes."""
        return [value for value in self._fields.get(number, []) if isinstance(value, bytes)]

    def message(self, number: int) -> bytes | None:
        """The value of a field of bytes, or None."""
        found = self.messages(number)
        return found[-1] if found else None

    def text(self, number: int) -> str:
        """A text, empty where there is none."""
        return (self.message(number) or b"").decode(errors="replace")

    def optional(self, number: int) -> int | None:
        """An integer, or None."""
        found = [value for value in self._fields.get(number, []) if isinstance(value, int)]
        return found[-1] if found else None

    def number(self, number: int) -> int:
        """An integer, 0 where there is none."""
        return self.optional(number) or 0

    def packed(self, number: int) -> list[int]:
        """A list of integers; those of 64 bits with the highest one set are negative."""
        return [value - (1 << 64) if value >> 63 else value for value in self._integers(number)]

    def _integers(self, number: int) -> Iterator[int]:
        for value in self._fields.get(number, []):
            if isinstance(value, int):
                yield value
                continue
            part, at = MessageReader(b""), 0
            part._data = value
            while at < len(value):
                found, at = part._varint(at)
                yield found

    def entries(self, number: int) -> dict[str, bytes]:
        """A map of texts to bytes."""
        pairs = [MessageReader(entry) for entry in self.messages(number)]
        return {pair.text(1): pair.message(2) or b"" for pair in pairs}
