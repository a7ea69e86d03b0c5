"""``eider file inspect``: columns, pages and encodings of single Lance files."""

from __future__ import annotations

import argparse
from typing import Any

from ..file import LanceFileReader, inspect
from .parse import add_verb
from .render import print_json

_EXAMPLES = """\
  eider file inspect chips.lance/data/0a1b.lance
  eider file inspect chips.lance/data/*.lance --json
"""


def add_parser(verbs: Any) -> None:
    group = verbs.add_parser("file", help="look into single Lance files")
    parts = group.add_subparsers(title="verbs", dest="part", metavar="VERB", required=True)
    parser = add_verb(parts, "inspect", "show columns, pages, encodings and bytes of a file", _EXAMPLES)
    parser.add_argument("paths", nargs="+", metavar="PATH", help="Lance files")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if args.json:
        found = [{**inspect(p), "path": p} for p in args.paths]
        print_json(found[0] if len(found) == 1 else found)
        return 0
    for index, path in enumerate(args.paths):
        if index:
            print()
        print(LanceFileReader(path).describe().rstrip())
    return 0
