"""``eider export``: a dataset becomes a Parquet file; geometries become GeoParquet 1.1."""

from __future__ import annotations

import argparse
import json
import os
from typing import Any

from ..error import AlreadyExistsError, UnsupportedError
from ..geo import geo_metadata, to_plain_wkb, with_schema
from .parse import add_dataset, add_verb, names, open_dataset, row_count
from .progress import Progress
from .render import print_json, size_text

_EXAMPLES = """\
  eider export chips.lance chips.parquet
  eider export chips.lance part.parquet --columns id,geometry --limit 1000
  eider export chips.lance old.parquet --version 1 --overwrite
  eider export chips.lance clear.parquet --branch relabelled --filter "cloud < 0.1"
"""


def add_parser(verbs: Any) -> None:
    parser = add_verb(verbs, "export", "write a dataset as a Parquet file (geometries: GeoParquet 1.1)", _EXAMPLES)
    add_dataset(parser)
    parser.add_argument("path", metavar="FILE", help="the .parquet file to write")
    parser.add_argument("--filter", metavar="SQL", help="rows to write (default: all)")
    parser.add_argument("--columns", type=names, metavar="A,B", help="columns to write (default: all)")
    parser.add_argument("--limit", type=row_count, metavar="N", help="rows to write (default: all)")
    parser.add_argument("--offset", type=row_count, metavar="N", help="rows to skip before them")
    parser.add_argument("--compression", default="zstd", help="Parquet compression (default: zstd)")
    parser.add_argument("--overwrite", action="store_true", help="replace FILE if it exists")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if not args.path.lower().endswith((".parquet", ".pq", ".geoparquet")):
        raise UnsupportedError(f"export writes Parquet only: {args.path} does not end in .parquet")
    if os.path.exists(args.path) and not args.overwrite:
        raise AlreadyExistsError(f"{args.path} exists; --overwrite replaces it")
    ds = open_dataset(args)
    scanner = ds.scanner(columns=args.columns, filter=args.filter, limit=args.limit, offset=args.offset)
    rows = _write(scanner, args.path, args.compression)
    size = os.path.getsize(args.path)
    if args.json:
        print_json({"path": args.path, "rows": rows, "bytes": size, "uri": ds.uri, "version": ds.version})
    else:
        print(f"{args.path}: {rows:,} rows, {size_text(size)}, from version {ds.version} of {ds.uri}")
    return 0


def _write(scanner: Any, path: str, compression: str) -> int:
    """Writes beside ``path`` and renames at the end: a failed export leaves nothing that looks like a result."""
    import pyarrow.parquet as pq

    schema = scanner.projected_schema
    geo = geo_metadata(schema)
    plain = to_plain_wkb(schema)
    if geo is not None:
        plain = plain.with_metadata({**(plain.metadata or {}), b"geo": json.dumps(geo).encode()})
    partial = f"{path}.{os.getpid()}.partial"
    rows = 0
    try:
        with (
            Progress("export", scanner.count_rows()) as progress,
            pq.ParquetWriter(partial, plain, compression=compression) as writer,
        ):
            for batch in scanner.to_batches():
                writer.write_batch(with_schema(batch, plain))
                rows += batch.num_rows
                progress.add(batch.num_rows)
        os.replace(partial, path)
    finally:
        if os.path.exists(partial):
            os.remove(partial)
    return rows
