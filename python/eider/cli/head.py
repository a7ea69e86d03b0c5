"""``eider head``: the first rows of a dataset."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ..geo import is_geometry
from .parse import add_dataset, add_verb, names, open_dataset, row_count
from .render import print_json, print_table, short

if TYPE_CHECKING:
    import pyarrow as pa

_EXAMPLES = """\
  eider head chips.lance
  eider head chips.lance -n 3 --columns id,bbox.xmin
  eider head chips.lance -n 100 --offset 5000 --json
  eider head chips.lance --filter "cloud < 0.1" --version training-2026
"""


def add_parser(verbs: Any) -> None:
    parser = add_verb(verbs, "head", "show the first rows", _EXAMPLES)
    add_dataset(parser)
    parser.add_argument("-n", "--rows", type=row_count, default=10, metavar="N", help="rows to show (default: 10)")
    parser.add_argument("--offset", type=row_count, default=0, metavar="N", help="rows to skip before them")
    parser.add_argument("--filter", metavar="SQL", help="rows to show (default: all)")
    parser.add_argument("--columns", type=names, metavar="A,B", help="columns to show (default: all)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    ds = open_dataset(args)
    table = ds.to_table(columns=args.columns, filter=args.filter, limit=args.rows, offset=args.offset)
    if args.json:
        print_json(table.to_pylist())
        return 0
    columns = [_cells(table.column(i), table.schema.field(i)) for i in range(table.num_columns)]
    rows = [list(row) for row in zip(*columns)]
    left_out = print_table(table.column_names, rows, [_is_number(field.type) for field in table.schema])
    print(f"\n{table.num_rows} of {ds.count_rows(args.filter):,} rows{' that pass' if args.filter else ''}")
    if left_out:
        print(f"{left_out} of {table.num_columns} columns left out; --columns A,B chooses, --json shows all")
    return 0


def _cells(column: pa.ChunkedArray, field: pa.Field) -> list[str]:
    shape = getattr(field.type, "shape", None)
    if shape is not None:  # a tensor: its shape says more than its first numbers
        text = f"{field.type.value_type}{list(shape)}"
        return ["null" if value is None else text for value in column.is_valid().to_pylist()]
    geometry = is_geometry(field)
    return [short(value, geometry) for value in column.to_pylist()]


def _is_number(type_: pa.DataType) -> bool:
    from pyarrow import types

    return bool(types.is_integer(type_) or types.is_floating(type_) or types.is_decimal(type_))
