"""Arguments that several verbs share."""

from __future__ import annotations

import argparse
from typing import Any


def add_verb(verbs: Any, name: str, summary: str, examples: str) -> argparse.ArgumentParser:
    """A sub-parser with its examples and ``--json``."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog="examples:\n" + examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def add_dataset(parser: argparse.ArgumentParser) -> None:
    """``URI`` and ``--version``."""
    parser.add_argument("uri", metavar="URI", help="path of the dataset")
    parser.add_argument("--version", type=int, metavar="N", help="version to open (default: the latest)")


def names(text: str) -> list[str]:
    """``a,b,c`` as a list."""
    return [name.strip() for name in text.split(",") if name.strip()]


def key_value(text: str) -> tuple[str, str]:
    """``k=v`` as a pair."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"expected key=value, got {text!r}")
    return key, value


def row_count(text: str) -> int:
    """A number of rows, at least 0."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"must not be negative, got {number}")
    return number
