"""Arguments that several verbs share."""

from __future__ import annotations

import argparse
from typing import Any

from .. import LanceDataset, dataset
from ..error import InvalidError


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
    """``URI``, ``--version`` and ``--branch``."""
    parser.add_argument("uri", metavar="URI", help="path of the dataset")
    parser.add_argument("--version", type=version_or_tag, metavar="N|TAG", help="version to open, or a tag's (default: the latest)")
    parser.add_argument("--branch", metavar="NAME", help="branch to open (default: the main one)")


def open_dataset(args: argparse.Namespace) -> LanceDataset:
    """What the arguments of ``add_dataset`` name."""
    if args.branch is None:
        return dataset(args.uri, version=args.version)
    if isinstance(args.version, str):
        raise InvalidError(f"--branch {args.branch} with --version {args.version}: a tag names a branch itself")
    return dataset(args.uri, version=(args.branch, args.version))


def version_or_tag(text: str) -> int | str:
    """A number, else the name of a tag."""
    return int(text) if text.isascii() and text.isdigit() else text


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
