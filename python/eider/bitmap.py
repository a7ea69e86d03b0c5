"""Sets of ids below 2**32."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableSet
from operator import index
from typing import Any

__all__ = ["Bitmap"]

_MOST = 2**32 - 1


class Bitmap(MutableSet[int]):
    """A set of integers from 0 to 2**32 - 1, in ascending order.

    It compares with, and its operators take, any iterable of integers, whatever the order and repeats of that. A copy shares nothing
    with the original; like a ``set`` it cannot be hashed.

    >>> Bitmap([3, 1, 1]) | [2]
    Bitmap({1, 2, 3})
    """

    __slots__ = ("_values",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        self._values: set[int] = set()
        if values is not None:
            self.update(values)

    @classmethod
    def _from_iterable(cls, it: Iterable[Any]) -> Bitmap:  # type: ignore[override]
        return cls(it)

    def __contains__(self, value: object) -> bool:
        return value in self._values

    def __iter__(self) -> Iterator[int]:
        return iter(sorted(self._values))

    def __len__(self) -> int:
        return len(self._values)

    def add(self, value: int) -> None:
        """Add an integer. Raises OverflowError outside 0 to 2**32 - 1."""
        number = index(value.as_py() if hasattr(value, "as_py") else value)
        if not 0 <= number <= _MOST:
            raise OverflowError(f"Bitmap: {number} is not between 0 and {_MOST}")
        self._values.add(number)

    def discard(self, value: int) -> None:
        """Remove an integer if it is there."""
        self._values.discard(value)

    def pop(self) -> int:
        """Remove the smallest integer and return it. Raises KeyError when there is none."""
        if not self._values:
            raise KeyError("pop from an empty Bitmap")
        smallest = min(self._values)
        self._values.remove(smallest)
        return smallest

    def clear(self) -> None:
        """Remove all."""
        self._values.clear()

    def update(self, values: Iterable[Any]) -> None:
        """Add all of ``values``."""
        for value in values:
            self.add(value)

    def copy(self) -> Bitmap:
        """The same integers in another set."""
        return Bitmap(self._values)

    def union(self, other: Iterable[int]) -> Bitmap:
        """What is in this one or in ``other``."""
        return Bitmap(self._values.union(other))

    def intersection(self, other: Iterable[int]) -> Bitmap:
        """What is in both."""
        return Bitmap(self._values.intersection(other))

    def difference(self, other: Iterable[int]) -> Bitmap:
        """What is in this one and not in ``other``."""
        return Bitmap(self._values.difference(other))

    def symmetric_difference(self, other: Iterable[int]) -> Bitmap:
        """What is in one of both."""
        return Bitmap(self._values.symmetric_difference(other))

    def issubset(self, other: Iterable[int]) -> bool:
        """Whether ``other`` has all of this one."""
        return self._values.issubset(other)

    def issuperset(self, other: Iterable[int]) -> bool:
        """Whether this one has all of ``other``."""
        return self._values.issuperset(other)

    def isdisjoint(self, other: Iterable[Any]) -> bool:
        """Whether both have nothing in common."""
        return self._values.isdisjoint(other)

    def __eq__(self, other: object) -> bool:
        return self._values == set(other) if isinstance(other, Iterable) else NotImplemented

    def __le__(self, other: Iterable[Any]) -> bool:
        return self._values <= set(other)

    def __lt__(self, other: Iterable[Any]) -> bool:
        return self._values < set(other)

    def __ge__(self, other: Iterable[Any]) -> bool:
        return self._values >= set(other)

    def __gt__(self, other: Iterable[Any]) -> bool:
        return self._values > set(other)

    def __reduce__(self) -> tuple[type, tuple[list[int]]]:
        return Bitmap, (list(self),)

    def __repr__(self) -> str:
        return f"Bitmap({{{', '.join(map(str, self))}}})"
