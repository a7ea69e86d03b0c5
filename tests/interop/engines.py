"""The two engines of an interop test: the reference (`lance`) and the one under test.

EIDER_INTEROP_ENGINE names the module under test, `eider` by default. With `lance` the suite checks itself: the reference against
the reference, which is how a new generator or comparison is tried before it judges anything.
"""

from __future__ import annotations

import importlib
import os
import types

import lance
import lance.file

UNDER_TEST = os.environ.get("EIDER_INTEROP_ENGINE", "eider")


class Engine:
    """`dataset`, `write_dataset`, `file_reader`, `file_writer` of a module that speaks pylance's API."""

    def __init__(self, module: types.ModuleType) -> None:
        self.name = module.__name__
        self.module = module
        self.dataset = module.dataset
        self.write_dataset = module.write_dataset
        files = importlib.import_module(module.__name__ + ".file")
        self.file_reader = files.LanceFileReader
        self.file_writer = files.LanceFileWriter


REFERENCE = Engine(lance)


def under_test() -> Engine:
    return REFERENCE if UNDER_TEST == "lance" else Engine(importlib.import_module(UNDER_TEST))
