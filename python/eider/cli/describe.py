"""``eider describe``: what the columns of a dataset hold."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from .parse import add_dataset, add_verb, names, open_dataset
from .render import print_json, print_table

_EXAMPLES = """\
  eider describe chips.lance
  eider describe chips.lance --columns id,box --json
"""


def add_parser(verbs: Any) -> None:
    parser = add_verb(
        verbs, "describe", "show nulls, distinct values, extremes and frequent values of each column", _EXAMPLES
    )
    add_dataset(parser)
    parser.add_argument("--columns", type=names, metavar="A,B", help="describe these columns only")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    description = open_dataset(args).describe(args.columns)
    if args.json:
        print_json(asdict(description))
        return 0
    print(f"{description.num_rows:,} rows")
    header, rows = description.table()
    print_table(header, rows, [name in ("nulls", "distinct", "min", "max", "mean", "bytes") for name in header])
    return 0
