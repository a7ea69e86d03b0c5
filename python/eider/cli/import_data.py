"""``eider import``: Parquet, GeoParquet and CSV files become a dataset, in bounded memory."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .. import LanceDataset, NotFoundError, UnsupportedError, dataset, write_dataset
from ..tabular_file import Source, open_file
from .parse import add_verb, key_value
from .progress import Progress
from .render import print_json, size_text

if TYPE_CHECKING:
    import pyarrow as pa

_EXAMPLES = """\
  eider import gold.parquet chips.lance
  eider import gold.parquet chips.lance --property snapshot=7 --property lake=meta.ducklake
  eider import part-*.parquet all.lance --mode append
  eider import points.csv points.lance --mode overwrite --json
"""


def add_parser(verbs: Any) -> None:
    parser = add_verb(verbs, "import", "write Parquet, GeoParquet or CSV files as a dataset", _EXAMPLES)
    parser.add_argument("sources", nargs="+", metavar="FILE", help="files of one schema: .parquet or .csv")
    parser.add_argument("uri", metavar="URI", help="path of the dataset to write")
    parser.add_argument("--mode", choices=("create", "append", "overwrite"), default="create", help="default: create")
    parser.add_argument(
        "--property",
        type=key_value,
        action="append",
        default=[],
        metavar="K=V",
        help="record K=V in the table's metadata",
    )
    parser.add_argument("--format", choices=("parquet", "csv"), help="default: from the file's name")
    parser.add_argument("--data-storage-version", metavar="V", help="file version, 2.0, 2.1 or 2.2 (default: 2.2)")
    parser.add_argument("--max-rows-per-file", type=int, default=1024 * 1024, metavar="N", help="default: 1048576")
    parser.add_argument("--durability", choices=("full", "none"), help="default: full")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    sources = [open_file(path, args.format) for path in args.sources]
    schema = sources[0][0]
    origin = {"source": ", ".join(os.path.abspath(path) for path in args.sources), **dict(args.property)}
    exists = args.mode != "create" and _exists(args.uri)
    if exists and args.mode == "append" and args.property:
        raise UnsupportedError("--property needs a new table: an append keeps the metadata that the table has")
    if exists and args.mode == "overwrite":  # a new schema, whose metadata says where it is from
        schema = schema.with_metadata({**(schema.metadata or {}), **origin})
    with Progress("import", sum(rows for _, rows, _ in sources)) as progress:
        ds = write_dataset(
            _batches(sources, schema, progress),
            args.uri,
            schema,
            args.mode,
            max_rows_per_file=args.max_rows_per_file,
            data_storage_version=args.data_storage_version,
            table_metadata=None if exists else origin,
            transaction_properties=origin,
            durability=args.durability,
        )
        seconds = progress.seconds
    _report(ds, args, seconds)
    return 0


def _batches(sources: list[Source], schema: pa.Schema, progress: Progress) -> Iterator[pa.RecordBatch]:
    for other, _, batches in sources:
        if not other.equals(schema):
            raise ValueError(f"the files differ in schema: {other.names} and {schema.names}")
        for batch in batches:
            yield batch
            progress.add(batch.num_rows)


def _exists(uri: str) -> bool:
    try:
        dataset(uri)
    except NotFoundError:
        return False
    return True


def _report(ds: LanceDataset, args: argparse.Namespace, seconds: float) -> None:
    size = sum(file.file_size_bytes or 0 for fragment in ds.get_fragments() for file in fragment.data_files())
    rows = ds.count_rows()
    if args.json:
        facts = {"uri": ds.uri, "version": ds.version, "rows": rows, "data_bytes": size, "seconds": round(seconds, 3)}
        print_json({**facts, "metadata": {**ds.metadata, **ds.schema_metadata}})
        return
    print(
        f"{ds.uri}: version {ds.version}, {rows:,} rows, {len(ds.schema)} columns, {size_text(size)}, {seconds:.2f} s"
    )
