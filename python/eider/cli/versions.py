"""``eider versions``: the history of a dataset."""

from __future__ import annotations

import argparse
from typing import Any

from .. import dataset
from .parse import add_verb
from .render import print_json, print_table, size_text

_EXAMPLES = """\
  eider versions chips.lance
  eider versions chips.lance --json
"""


def add_parser(verbs: Any) -> None:
    parser = add_verb(verbs, "versions", "list the versions, oldest first", _EXAMPLES)
    parser.add_argument("uri", metavar="URI", help="path of the dataset")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    found = dataset(args.uri).versions()
    if args.json:
        print_json(found)
        return 0
    rows = [
        [
            str(v["version"]),
            v["timestamp"].isoformat(sep=" ", timespec="seconds"),
            _count(v["metadata"].get("total_rows")),
            _count(v["metadata"].get("total_fragments")),
            _size(v["metadata"].get("total_files_size")),
        ]
        for v in found
    ]
    print_table(["version", "committed", "rows", "fragments", "size"], rows, [True, False, True, True, True])
    return 0


def _count(text: str | None) -> str:
    return f"{int(text):,}" if text is not None and text.isdigit() else ""


def _size(text: str | None) -> str:
    return size_text(int(text)) if text is not None and text.isdigit() else ""
