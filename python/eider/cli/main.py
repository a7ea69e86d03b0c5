"""Parses the command line and runs one verb.

Exit codes: 0 done, 1 the work failed (one line on stderr says why) or ``verify`` found damage, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from .. import __version__
from . import describe, export, file_inspect, head, import_data, info, verify, versions

_VERBS = (info, describe, head, import_data, export, versions, verify, file_inspect)

_EXAMPLES = """\
examples:
  eider import gold.parquet chips.lance --property snapshot=7
  eider info chips.lance
  eider describe chips.lance
  eider head chips.lance -n 5 --columns id,geometry
  eider export chips.lance back.parquet
  eider versions chips.lance --json
  eider verify chips.lance
  eider file inspect chips.lance/data/*.lance
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="eider",
        description="Look into Lance datasets, and bring data in and out.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"eider {__version__}")
    verbs = parser.add_subparsers(title="verbs", dest="verb", metavar="VERB", required=True)
    for verb in _VERBS:
        verb.add_parser(verbs)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``eider`` with these arguments (None: those of the process) and return its exit code."""
    args = _parser().parse_args(argv)
    try:
        code: int = args.run(args)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("eider: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (OSError, ValueError, TypeError, MemoryError, NotImplementedError, ImportError) as error:
        print(f"eider: error: {' '.join(str(error).split()) or type(error).__name__}", file=sys.stderr)
        return 1
