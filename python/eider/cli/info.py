"""``eider info``: what a dataset holds."""

from __future__ import annotations

import argparse
from typing import Any

from .. import FieldStatistics, LanceDataset, LanceField
from ..geo import crs_name
from .parse import add_dataset, add_verb, open_dataset
from .render import print_json, print_pairs, print_table, size_text

_EXAMPLES = """\
  eider info chips.lance
  eider info chips.lance --version 1 --json
"""


def add_parser(verbs: Any) -> None:
    parser = add_verb(verbs, "info", "show a dataset's version, rows, bytes, schema and metadata", _EXAMPLES)
    add_dataset(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    ds = open_dataset(args)
    facts = _facts(ds)
    if args.json:
        print_json(facts)
    else:
        _print(facts)
    return 0


def _facts(ds: LanceDataset) -> dict[str, Any]:
    fragments = ds.get_fragments()
    files = [file for fragment in fragments for file in fragment.data_files()]
    sizes = [file.file_size_bytes for file in files]
    taken = {field.id: field for field in ds.stats.data_stats().fields if field.num_values}
    created = next((v["timestamp"] for v in ds.versions() if v["version"] == ds.version), None)
    return {
        "uri": ds.uri,
        "version": ds.version,
        "latest_version": ds.latest_version,
        "committed": None if created is None else created.isoformat(sep=" ", timespec="seconds"),
        "file_version": ds.data_storage_version,
        "rows": ds.count_rows(),
        "deleted_rows": sum(f.num_deletions for f in fragments),
        "fragments": len(fragments),
        "data_files": len(files),
        "data_bytes": None if None in sizes else sum(s or 0 for s in sizes),
        "base_paths": [
            {"id": id, "path": base.path, "name": base.name, "data_files": sum(file.base_id == id for file in files)}
            for id, base in sorted(ds.base_paths().items())
        ],
        "columns": [_column(field, taken) for field in ds.lance_schema.fields()],
        "metadata": ds.metadata,
        "schema_metadata": {k: v for k, v in ds.schema_metadata.items() if k != "pandas"},
    }


def _column(field: LanceField, taken: dict[int, FieldStatistics]) -> dict[str, Any]:
    column: dict[str, Any] = {
        "id": field.id(),
        "name": field.name(),
        "type": field.logical_type,
        "nullable": field.nullable,
    }
    extension = field.metadata.get("ARROW:extension:name")
    if extension:
        column["extension"] = extension
    if "ARROW:extension:metadata" in field.metadata:
        column["extension_metadata"] = field.metadata["ARROW:extension:metadata"]
    if "geometry_types" in field.metadata:
        column["geometry_types"] = field.metadata["geometry_types"]
    if field.children():
        column["children"] = [_column(child, taken) for child in field.children()]
    size = taken.get(field.id())
    below = [child["size_bytes"] for child in column.get("children", []) if "size_bytes" in child]
    if size or below:
        column["size_bytes"] = (size.bytes_on_disk if size else 0) + sum(below)
    if size and size.bits_per_value is not None and not below:
        column["values"] = size.num_values
        column["bits_per_value"] = round(size.bits_per_value, 2)
    return column


def _print(facts: dict[str, Any]) -> None:
    size = facts["data_bytes"]
    latest = "" if facts["version"] == facts["latest_version"] else f" (latest: {facts['latest_version']})"
    deleted = f", {facts['deleted_rows']:,} deleted" if facts["deleted_rows"] else ""
    print_pairs(
        [
            ("dataset", facts["uri"]),
            ("version", f"{facts['version']}{latest}, committed {facts['committed']}"),
            ("rows", f"{facts['rows']:,}{deleted}"),
            (
                "data",
                f"{_counted(facts['fragments'], 'fragment')}, {_counted(facts['data_files'], 'file')}, "
                f"{'size not recorded' if size is None else size_text(size)}, format {facts['file_version']}",
            ),
            *((f"base {base['id']}", _base_text(base)) for base in facts["base_paths"]),
        ]
    )
    print()
    rows: list[list[str]] = []
    for column in facts["columns"]:
        _add_rows(column, 0, rows)
    header = ["id", "column", "type", "nullable", "bytes", "bits/value", "extension"]
    print_table(header, rows, [True, False, False, False, True, True, False])
    entries = {**facts["metadata"], **facts["schema_metadata"]}
    if entries:
        print()
        print_pairs([(key, " ".join(value.split())[:100]) for key, value in sorted(entries.items())])


def _base_text(base: dict[str, Any]) -> str:
    name = f" ({base['name']})" if base["name"] else ""
    return f"{base['path']}{name}, {_counted(base['data_files'], 'file')}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _add_rows(column: dict[str, Any], depth: int, rows: list[list[str]]) -> None:
    extension = column.get("extension", "")
    crs = crs_name(column.get("extension_metadata"))
    if crs:
        extension += f" ({crs})"
    rows.append(
        [
            str(column["id"]),
            "  " * depth + column["name"],
            column["type"],
            "yes" if column["nullable"] else "no",
            size_text(column["size_bytes"]) if "size_bytes" in column else "",
            f"{column['bits_per_value']:,.2f}" if "bits_per_value" in column else "",
            extension,
        ]
    )
    for child in column.get("children", []):
        _add_rows(child, depth + 1, rows)
