"""``eider verify``: is everything there, and as it was written?"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from ..verify import Finding, VerifyReport, verify
from .parse import add_verb
from .render import print_json, size_text

_EXAMPLES = """\
  eider verify chips.lance
  eider verify chips.lance --metadata --newest
  eider verify chips.lance --repair --dry-run
"""


def add_parser(verbs: Any) -> None:
    parser = add_verb(verbs, "verify", "look for damage; exit code 1 when there is some", _EXAMPLES)
    parser.add_argument("uri", metavar="URI", help="path of the dataset")
    parser.add_argument("--newest", action="store_true", help="look at the newest version of each branch only")
    parser.add_argument("--metadata", action="store_true", help="do not read pages and blobs")
    parser.add_argument(
        "--repair",
        action="store_true",
        help="set torn manifests aside, and remove files older than 7 days that no version names; others may write",
    )
    parser.add_argument("--dry-run", action="store_true", help="with --repair: only say what it would do")
    parser.add_argument(
        "--force", action="store_true", help="with --repair: manifests younger than 10 minutes too; only while nobody writes"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    report = verify(
        args.uri,
        all_versions=not args.newest,
        read_data=not args.metadata,
        repair=args.repair,
        dry_run=args.dry_run,
        force=args.force,
    )
    if args.json:
        print_json({**asdict(report), "ok": report.ok})
    else:
        _print(report)
    return 0 if report.ok else 1


def _print(report: VerifyReport) -> None:
    for finding in report.findings:
        if finding.is_damage or finding.kind in ("unknown", "torn manifest"):
            print(_line(finding))
    for step in report.repairs:
        verb = (
            ("set aside" if step.new_path else "removed")
            if step.done
            else ("would set aside" if step.new_path else "would remove")
        )
        print(f"{verb} {step.path} ({size_text(step.size_bytes)})")
    print(
        f"{report.versions:,} versions, {report.fragments:,} fragments, {report.files:,} data files, {report.pages:,} pages"
        f"{f', {report.blobs:,} blobs' if report.blobs else ''}; {size_text(report.bytes_read)} read"
    )
    if report.files_without_checksums:
        print(f"{report.files_without_checksums:,} data files have no checksums: they decode, which says less")
    if report.manifests_without_checksums or report.deletion_files_without_checksums:
        print(
            f"{report.manifests_without_checksums:,} manifests and {report.deletion_files_without_checksums:,} deletion files "
            "have no checksums: they were held against the rest of the table"
        )
    if report.orphans:
        print(f"{report.orphans:,} files ({size_text(report.orphan_bytes)}) that no version names")
    print("no damage" if report.ok else f"{report.damages:,} damaged")


def _line(finding: Finding) -> str:
    where = finding.path
    if finding.column is not None:
        where += f", column '{finding.column}'"
    if finding.page is not None:
        where += f", page {finding.page}"
    version = f" (version {finding.version})" if finding.version is not None else ""
    return f"{finding.kind}: {where}{version}: {finding.message}"
