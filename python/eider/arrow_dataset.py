"""A dataset as a ``pyarrow.dataset.Dataset``: engines that know those push columns and filters into it."""

from __future__ import annotations

import sys
from functools import cache

__all__ = ["class_for_arrow"]


def class_for_arrow(own: type) -> type:
    """What ``__class__`` of an object of class ``own`` says: a class derived from pyarrow's too, where that is in use.

    ``isinstance`` believes it. Nothing is inherited in truth: the real class stays free of pyarrow, whose own code checks real types
    and refuses an object that it did not make.
    """
    return own if "pyarrow.dataset" not in sys.modules else _derived(own)


@cache
def _derived(own: type) -> type:
    import pyarrow.dataset

    return type(own.__name__, (own, pyarrow.dataset.Dataset), {"__module__": own.__module__, "__qualname__": own.__qualname__})
